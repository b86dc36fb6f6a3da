"""Which variants there are of a base image: the slim one of the same version, and the one on Alpine Linux."""

from __future__ import annotations

import re

from rewriter import knowledge
from rewriter.knowledge import apt_packages
from rewriter.knowledge.base_table import SAME_IMAGE
from rewriter.knowledge.bases import Base
from rewriter.syntax.vocabulary import Call

# `-buster` and what came after; the slim variants of older releases were not made for every image.
_SUITES = "stretch|buster|bullseye|bookworm|trixie|forky"
_TAG = re.compile(rf"(?P<v>\d[\w.]*|\$\{{\w*VER\w*\}}|\$\w*VER\w*)?(?:(?:^|-)(?P<s>{_SUITES}))?\Z", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")


def slim(reference: str) -> str | None:
    """The slim variant of the image `reference`, of the same version and release; None where there is none, where it
    is one already, and where the tag does not say which version it is (a digest, an odd word).

    A variable in the tag is taken for a version where its name says so: see `is_version` for its default.
    """
    return _variant("slim", reference)


def alpine(reference: str) -> str | None:
    """The variant on Alpine Linux of the same version; None as for `slim`."""
    return _variant("alpine", reference)


def plain(reference: str) -> str:
    """The image that `reference` is the slim variant of, or the one on Alpine Linux; itself where it is none."""
    name, tag = _parted(reference)
    for variant in ("slim", "alpine"):
        rest = "-".join(word for word in tag.split("-") if word != variant)
        for candidate in (rest, "latest"):
            if candidate and candidate != tag and _variant(variant, f"{name}:{candidate}") == reference:
                return f"{name}:{candidate}"
    return reference


def _parted(reference: str) -> tuple[str, str]:
    """The name and the tag of an image."""
    at = reference.find(":", reference.rfind("/") + 1)
    return (reference, "latest") if at < 0 else (reference[:at], reference[at + 1 :])


def _variant(variant: str, reference: str) -> str | None:
    """The image that the table `variant` has for `reference`."""
    if "@" in reference:
        return None
    name, tag = _parted(reference)
    entry = knowledge.table(variant).get(SAME_IMAGE.sub("", name))
    if entry is None:
        return None
    if tag == "latest":
        return f"{name}:{latest}" if (latest := entry.get("latest", variant)) else None
    if tag in entry.get("words", ()):
        return f"{name}:{tag}-{variant}"
    kind = next((f"-{kind}" for kind in entry.get("kinds", ()) if f"-{kind}-" in f"{tag}-"), "")
    match = _TAG.match(tag.replace(kind, "", 1))
    if not match or not (match["v"] or match["s"]):
        return None
    version, suite = match["v"], match["s"]
    if version and version[0] != "$" and _number(version) < _number(entry["since"]):
        return None
    if suite is None:
        return f"{name}:{entry['versions'].format(v=version, k=kind)}"
    if "suites" not in entry:
        return None
    return f"{name}:{entry['suites'].format(v=version or '', s=suite, k=kind).lstrip('-')}"


def is_version(default: str) -> bool:
    """Whether `default`, of a variable in a tag, is a version and nothing more."""
    return re.fullmatch(r"v?\d+(\.\d+)*", default.strip("\"'")) is not None


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, _NUMBERS.findall(version)))


def brings(program: str, base: Base) -> str | None:
    """The package of Debian that brings `program`, where `base` lacks it in a release that its tag may come to; None
    where it is there, or comes with no package that is known."""
    package = knowledge.table("step_tools")["bringing"].get(program)
    if package is None or base.distribution != "debian" or base.has(program) or base.has(package):
        return None
    known = apt_packages.releases()
    releases = known[-2:] if base.release is None else (base.release,)
    return None if all(each in known and apt_packages.in_base(each, package) for each in releases) else str(package)


def unpackers(call: Call) -> tuple[str, ...]:
    """The programs that `call`, a `tar`, runs for what is compressed. Source: tar(1)"""
    if call.program != "tar":
        return ()
    words = [word.raw for word in call.statement.words[1:]]
    letters = "".join(
        word.lstrip("-")
        for at, word in enumerate(words)
        if re.fullmatch(r"-?[A-Za-z]+", word) and (at == 0 or word[0] == "-")
    )
    found = []
    for tool, letter, endings in (("xz", "J", (".xz", ".txz")), ("bzip2", "j", (".bz2", ".tbz", ".tbz2"))):
        if letter in letters or any(word.strip("\"'").endswith(endings) for word in words):
            found.append(tool)
    return tuple(found)
