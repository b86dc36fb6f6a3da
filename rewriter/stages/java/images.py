"""Which image has the same Java without its compiler. The images are data: `rewriter/knowledge/java_runtime.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.knowledge.base_table import SAME_IMAGE, VARIABLE, split


@dataclass(frozen=True, slots=True)
class Jre:
    """An image of the same major version `major` of Java; `same` says that it is the same vendor's build."""

    reference: str
    major: str
    same: bool


@lru_cache(maxsize=256)
def jre(reference: str) -> Jre | None:
    """The image with the Java of the image `reference` and without its compiler; None where there is none, where
    `reference` is one already, and where it does not say which Java it holds (an odd tag, a digest)."""
    name, tag = split(reference)
    if VARIABLE in tag or "@" in reference:
        return None
    image = SAME_IMAGE.sub("", name)
    for entry in _images():
        if entry["name"] == image and (match := re.fullmatch(entry["tag"], tag)):
            found = {group: value or "" for group, value in match.groupdict().items()}
            mirror = name[: len(name) - len(image)]
            return Jre(mirror + entry["runtime"].format(**found), found["major"], not entry.get("other", False))
    return None


@lru_cache(maxsize=256)
def major(reference: str) -> str | None:
    """The major version of the Java in an image that has no compiler; None for any other image."""
    name, tag = split(reference)
    found = next((e for e in _images() if _name(e) == SAME_IMAGE.sub("", name)), None)
    words = re.split(r"[-_]", tag)
    if found is None or "@" in reference or not any(word.startswith(("jre", "headful", "headless")) for word in words):
        return None
    number = re.match(r"(?:open-)?(\d+)", tag)
    return number[1] if number else None


def distroless(version: str) -> str | None:
    """The image without a shell that has Java of the major version `version`."""
    found: dict[str, str] = knowledge.table("java_runtime")["distroless"]["images"]
    return found.get(version)


def tools(name: str) -> frozenset[str]:
    """The programs of a group: `jdk`, `builders` or `beside`."""
    return frozenset(knowledge.table("java_runtime")["tools"][name].split())


def programs(reference: str) -> frozenset[str]:
    """Which programs the image `reference`, one without the compiler, has beside those of every system."""
    image = SAME_IMAGE.sub("", reference)
    known: list[list[str]] = knowledge.table("java_runtime")["programs"]["has"]
    return next(frozenset(has.split()) for pattern, has in known if fnmatchcase(image, pattern))


def _images() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = knowledge.table("java_runtime")["images"]
    return found


def _name(entry: dict[str, Any]) -> str:
    return str(entry["runtime"].partition(":")[0])
