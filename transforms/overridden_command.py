"""A CMD, ENTRYPOINT, HEALTHCHECK or label that a later one overrides.

What: removes a CMD, ENTRYPOINT or HEALTHCHECK where a later one of the same stage replaces it, a pair of LABEL whose
key the same stage sets again, and `--platform=$TARGETPLATFORM`, which is what FROM does without it.

Why: Docker uses the last one only and warns of the others. They look as if they did something.

Before:

    FROM --platform=$TARGETPLATFORM node:20
    LABEL version=1
    CMD npm start
    LABEL version=2
    CMD ["node", "server.js"]

After:

    FROM node:20
    LABEL version=2
    CMD ["node", "server.js"]

Level: safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Change, Declined, Edit
from rewriter.facts import Facts
from rewriter.steps.edits import cut, drop_instruction
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.words import BadWord, expand, word_spans

_ONCE = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK"))
_TARGET = re.compile(r"\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})\Z")
_TARGET_OR = re.compile(r"\$\{TARGETPLATFORM:?-[^{}]*\}\Z")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each setting that has no effect."""
    for stage in file.stages:
        if stage.start.flags:
            yield from _platform(file, facts, stage.start)
        last: dict[str, Instruction] = {}
        labels = []
        for instruction in stage.body:
            if instruction.keyword in _ONCE:
                if instruction.keyword in last:
                    yield _dead(file, last[instruction.keyword], instruction)
                last[instruction.keyword] = instruction
            elif instruction.keyword == "LABEL":
                labels.append(instruction)
        if labels:
            yield from _labels(file, labels)


def _dead(file: Dockerfile, instruction: Instruction, later: Instruction) -> Change:
    message = f"{instruction.keyword} has no effect: the one in line {later.first_line} overrides it"
    return Change(message, drop_instruction(file, instruction), instruction.span)


def _platform(file: Dockerfile, facts: Facts, start: Instruction) -> Iterator[Change | Declined]:
    for flag in start.flags:
        value = flag.value or ""
        plain = _TARGET.match(value)
        if flag.name != "platform" or not (plain or _TARGET_OR.match(value)):
            continue
        given = [argument for argument in file.global_args if re.match(r"TARGETPLATFORM\b", argument.value)]
        if any("=" in argument.value for argument in given):
            yield Declined(
                "ARG TARGETPLATFORM of this file may name another platform than the one that is built", flag.span
            )
            continue
        text = file.source.text
        end = flag.span.end
        while text[end] in " \t":
            end += 1
        message = f"--platform={value} is what FROM does without it"
        # Builders other than BuildKit may leave the variable empty, and take the default behind it.
        proven = not given and (plain is not None or facts.buildkit)
        yield Change(message, (Edit(flag.span.start, end, ""),), flag.span, proven=proven)


def _labels(file: Dockerfile, labels: list[Instruction]) -> Iterator[Change | Declined]:
    """Changes for the pairs whose key is set again later; `labels` are all LABELs of one stage."""
    seen: dict[str, int] = {}
    for instruction in reversed(labels):
        pairs = _pairs(instruction, file.escape)
        dead: dict[int, str] = {}
        for number, (*_, key) in reversed([*enumerate(pairs)]):
            if key in seen:
                dead[number] = key
            elif key is not None:
                seen[key] = instruction.first_line
        if not dead:
            continue
        if len(dead) == len(pairs):
            edits: tuple[Edit, ...] | None = drop_instruction(file, instruction)
        else:
            edits = _without(file, instruction, sorted(dead), pairs)
        names = " and ".join(sorted(set(dead.values())))
        if edits is None:
            yield Declined(f"a comment stands beside the label {names}, which is set again below", instruction.span)
            continue
        lines = " and ".join(str(line) for line in sorted({seen[key] for key in dead.values()}))
        yield Change(f"the label {names} has no effect here: line {lines} sets it again", edits, instruction.span)


def _pairs(instruction: Instruction, escape: str) -> list[tuple[int, int, str | None]]:
    """Start, end and key of each pair of a LABEL; no key where a variable decides it."""
    text = instruction.value
    found: list[tuple[int, int, str | None]] = []
    for start, end in word_spans(text, escape):
        key, equals, _ = text[start:end].partition("=")
        if not equals and not found:
            return [(0, len(text), _key(text.split(None, 1)[0], escape))]
        found.append((start, end, _key(key, escape)))
    return found


def _key(word: str, escape: str) -> str | None:
    try:
        return None if "$" in word else expand(word, lambda _: None, escape)
    except BadWord:
        return None


def _without(
    file: Dockerfile, instruction: Instruction, dead: list[int], pairs: list[tuple[int, int, str | None]]
) -> tuple[Edit, ...] | None:
    """Take the pairs with the numbers `dead` out of a LABEL; None where a comment would be lost."""
    text, source = instruction.arguments, file.source
    edits: list[Edit] = []
    for first, last in _runs(dead):
        start, end = pairs[first][0], pairs[last][1]
        begin = text.source(start)
        if first == 0 and source.line(begin) == instruction.first_line:
            stop = text.source(pairs[last + 1][0])
            if any(begin < comment.start < stop for comment in instruction.comments):
                return None
            edits.append(Edit(begin, stop, ""))
            continue
        found = cut(file, instruction, text, start, end)
        if found is None:
            return None
        edits += found
    return tuple(edits)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """The first and the last of each group of consecutive `numbers`, which rise."""
    groups: list[tuple[int, int]] = []
    for number in numbers:
        if groups and groups[-1][1] == number - 1:
            groups[-1] = (groups[-1][0], number)
        else:
            groups.append((number, number))
    return groups
