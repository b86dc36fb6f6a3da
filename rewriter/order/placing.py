"""Where a new setting of the image goes, in the writer's layout: whole instructions that stand by themselves."""

from __future__ import annotations

from itertools import takewhile

from rewriter.change import Edit
from rewriter.image import StageImage
from rewriter.order.moves import unfinished
from rewriter.syntax.tree import Dockerfile, Instruction

# What stands at the head of a stage before its first work: where a person looks for settings of the whole stage.
_HEAD = frozenset(("ARG", "LABEL", "MAINTAINER", "ENV", "SHELL", "WORKDIR", "USER", "STOPSIGNAL", "EXPOSE", "VOLUME"))
_NAMES = frozenset(("ARG", "LABEL", "MAINTAINER"))
_WORK = frozenset(("RUN", "COPY", "ADD"))


def spelled(file: Dockerfile, keyword: str) -> str:
    """`keyword` in the case in which most instructions of the file are."""
    lower = sum(file.text(each.keyword_span).islower() for each in file.instructions)
    return keyword.lower() if 2 * lower > len(file.instructions) else keyword


def at_head(file: Dockerfile, image: StageImage, text: str, beside: str = "") -> Edit | None:
    """Put the instruction `text` beside the last ENV of the stage that names `beside`; without one at the head of the
    stage: behind the last ENV there, else behind FROM and the names and arguments that follow it. None where that line
    has no end."""
    head = list(takewhile(lambda each: each.keyword in _HEAD, image.stage.body))
    settings = [each for each in head if each.keyword == "ENV"]
    named = [each for each in image.stage.body if each.keyword == "ENV" and beside and beside in each.value]
    names = list(takewhile(lambda each: each.keyword in _NAMES, head))
    return behind(file, (named or settings or names or [image.stage.start])[-1], text)


def below_work(file: Dockerfile, image: StageImage, text: str) -> Edit | None:
    """Put the instruction `text` below all that the stage runs and copies, behind an ENV there if there is one."""
    anchor = image.stage.start
    for instruction in image.stage.body:
        if instruction.keyword in _WORK:
            anchor = instruction
    settings = [each for each in image.stage.body if each.span.start > anchor.span.start]
    if anchor is image.stage.start:
        return at_head(file, image, text)
    return behind(file, next((each for each in settings if each.keyword == "ENV"), anchor), text)


def above_start(file: Dockerfile, image: StageImage, text: str) -> Edit | None:
    """Put the instruction `text` behind what stands above the stage's ENTRYPOINT and CMD."""
    body = image.stage.body
    first = next((at for at, each in enumerate(body) if each.keyword in ("ENTRYPOINT", "CMD")), len(body))
    return behind(file, body[first - 1] if first else image.stage.start, text)


def behind(file: Dockerfile, anchor: Instruction, text: str) -> Edit | None:
    """Put the lines `text` behind `anchor`; where a blank line follows an instruction of another kind, one stands
    between the two as well."""
    if unfinished(file, anchor):
        return None
    source, at = file.source, anchor.span.end
    following = source.line_text(anchor.last_line + 1) if anchor.last_line < len(source.line_starts) else "."
    same = text.split(" ", 1)[0].upper() == anchor.keyword
    apart = not following.strip() and not same
    return Edit(at, at, source.newline * (1 + apart) + text)
