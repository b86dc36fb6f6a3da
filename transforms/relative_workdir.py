"""A relative WORKDIR whose folder is known.

What: writes the absolute path that a relative WORKDIR leads to, where the WORKDIR before it is known.

Why: a relative path means another folder as soon as a line above it, or the base image, changes; Docker warns of it.

Before:

    FROM debian:12
    WORKDIR srv
    WORKDIR app/web

After:

    FROM debian:12
    WORKDIR /srv
    WORKDIR /srv/app/web

Level: safe.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Change, Declined, Edit, Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage, State, Unknown
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.words import BadWord, UnknownValue, expand

_PLAIN = re.compile(r"[\w.+@/-]+\Z")
_PATH = re.compile(r"(['\"]?)(~?(?:[\w.+@/-]|\$\w+|\$\{\w+\})+|~)\1\Z")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each relative WORKDIR that can be resolved."""
    if not any(i.keyword == "WORKDIR" and not i.value.startswith("/") for i in file.instructions):
        return
    for image in facts.images:
        for instruction, state in zip(image.stage.body, image.before, strict=True):
            if instruction.keyword == "WORKDIR" and not instruction.value.startswith("/"):
                yield from _resolved(file, facts, instruction, image, state)


def _resolved(
    file: Dockerfile, facts: Facts, instruction: Instruction, image: StageImage, state: State
) -> Iterator[Change | Declined]:
    text = instruction.value
    if image.base.os == "windows" or not _PATH.match(text):
        return
    try:
        target = expand(text, state.lookup, file.escape)
    except (UnknownValue, BadWord):
        return
    at = instruction.span
    if not target or target.startswith("/") or re.match(r"[A-Za-z]:", target):
        return
    if target.startswith("~"):
        yield Declined("WORKDIR knows no ~: this makes a folder of that name; write the path of the home folder", at)
    elif isinstance(state.workdir, Unknown) or _triggered(facts, image):
        reason = f"the WORKDIR of the base image {image.base.name} is not known; write the path from / on"
        yield Declined(reason, at)
    elif (path := _absolute(state.workdir, text)) is None:
        leads_to = posixpath.normpath(posixpath.join(state.workdir, target))
        yield Declined(f"it leads to {leads_to}; write that path", at)
    else:
        span = instruction.arguments.span(0, len(text))
        message = f"WORKDIR {text} depends on the WORKDIR before it, {state.workdir}"
        evidence = (_source(facts, image, instruction),)
        yield Change(message, (Edit(span.start, span.end, path),), at, evidence=evidence)


def _absolute(workdir: str, text: str) -> str | None:
    """`text`, as it is written, behind `workdir`; None where that cannot be written with its variables."""
    if not _PLAIN.match(workdir):
        return None
    quote = text[0] if text[0] in "\"'" else ""
    inner = text.strip("\"'")
    if {".", ".."}.intersection(inner.split("/")):
        joined = None if "$" in inner else posixpath.normpath(posixpath.join(workdir, inner))
    else:
        joined = posixpath.join(workdir, inner)
    return joined and f"{quote}{joined}{quote}"


def _triggered(facts: Facts, image: StageImage) -> bool:
    """Whether a trigger of the base, or of a stage below, may set another WORKDIR behind FROM."""
    if image.base.onbuild:
        return True
    _, *below = facts.lineage(image)
    return any("WORKDIR" in trigger.upper() for lower in below for trigger in lower.final.onbuild)


def _source(facts: Facts, image: StageImage, instruction: Instruction) -> Evidence:
    """Where the WORKDIR in front of `instruction` comes from."""
    for below in facts.lineage(image):
        for other in reversed(below.stage.body):
            if other.keyword == "WORKDIR" and other.span.start < instruction.span.start:
                return facts.line(other, f"WORKDIR {other.value}")
        image = below
    return facts.line(image.stage.start, f"{image.base.name} starts in {image.start.workdir}")
