"""Which files of the context are the program that an image runs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.project.needs import Place
from rewriter.steps.final_view import copied_stage, places
from rewriter.users.code import tables


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the program: where it lies in the context and, where that is known, in the image."""

    file: str
    place: str | None


def sources(facts: Facts, image: StageImage, language: str, started: Sequence[str]) -> list[Source]:
    """The files of the program in `language`. Those that only tests, documentation and builds load are left out, but
    for what `started`, the words of the start command, name. Raises `Unfit`.

    A compiled program is what its own stages hold; of any other, what those hold is taken where it comes from a build.
    """
    entry = tables()["languages"][language]
    skip, names = _skip(), {posixpath.basename(word) for word in started}
    own = places(facts, image)
    built = [place for each in closure(facts, image) for place in places(facts, each)]
    made = any(facts.project.kind(place.source) is None for place in own)
    found: dict[str, Source] = {}
    for path in facts.project.files():
        if not path.endswith(tuple(entry["extensions"])) or facts.project.linked(path):
            continue
        if skip.search(path) and posixpath.basename(path) not in names:
            continue
        if not entry.get("compiled") and (at := place_of(own, path)):
            found[path] = Source(path, None if path.endswith((".ts", ".tsx", ".mts", ".cts")) else at)
        elif (entry.get("compiled") or made or not own) and place_of(built, path):
            found[path] = Source(path, None)
    return list(found.values())


@lru_cache(maxsize=1)
def _skip() -> re.Pattern[str]:
    return re.compile(tables()["sources"]["skip"])


def place_of(there: Sequence[Place], path: str) -> str | None:
    """Where the file `path` of the context lies in the image."""
    for place in reversed(there):
        source = posixpath.normpath(place.source)
        if path == source:
            return place.target
        if source == "." or path.startswith(f"{source}/"):
            return posixpath.join(place.target, path if source == "." else path[len(source) + 1 :])
    return None


def closure(facts: Facts, image: StageImage) -> list[StageImage]:
    """The stage, those that it grows from, and those that it copies from, in turn."""
    found: dict[int, StageImage] = {}
    todo = [image]
    while todo:
        each = todo.pop()
        if each.stage.index in found:
            continue
        found[each.stage.index] = each
        if each.parent is not None:
            todo.append(facts.images[each.parent])
        todo += [other for i in each.stage.body if i.keyword == "COPY" and (other := copied_stage(facts, i))]
    return list(found.values())


def compiled(facts: Facts, image: StageImage) -> list[str]:
    """The languages of which there are sources, whose programs are files that run by themselves."""
    native = [name for name, entry in tables()["languages"].items() if entry.get("native")]
    return [name for name in native if sources(facts, image, name, ())]
