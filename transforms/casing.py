"""Keywords in upper and in lower case in one file, and names of stages with capitals.

What: writes keywords the way most of the file writes them (a file in lower case stays so), `AS` like its `FROM`, the
names of stages in lower case with all their uses, and the protocol of `EXPOSE` in lower case.

Why: Docker warns of each. A stage whose name has capitals is found by `COPY --from`, but not by `FROM`.

Before:

    FROM golang:1.22 as Build
    run go build -o /app .
    FROM debian:12
    COPY --from=Build /app /app
    EXPOSE 80/TCP

After:

    FROM golang:1.22 AS build
    RUN go build -o /app .
    FROM debian:12
    COPY --from=build /app /app
    EXPOSE 80/tcp

Level: safe; names of stages: standard unless the builder is known to take them in either case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Change, Declined, Edit, Span
from rewriter.facts import Facts
from rewriter.syntax.tree import Dockerfile, Instruction, Stage

_WORD = re.compile(r"\S+")
_MOUNT_FROM = re.compile(r"(?<![^=,\"'])from=([^,\"']+)")
_PROTOCOL = re.compile(r"/(tcp|udp|sctp)(?![\w/])", re.IGNORECASE)
# BuildKit, the classic builder and kaniko fold the case of stage names; buildah compares them as they are written.
# Source: BuildKit's instructions/parse.go and dockerfile2llb/convert.go, imagebuilder's Stages.ByTarget, kaniko's
# ResolveCrossStageCommands.
_FOLDING = frozenset(("buildkit", "classic", "kaniko"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each keyword, stage name and protocol in the wrong case."""
    lower = _mostly_lower(file)
    case = str.lower if lower else str.upper
    words = "lower" if lower else "upper"
    for instruction in file.instructions:
        written = file.text(instruction.keyword_span)
        if written != case(written):
            edit = Edit(instruction.keyword_span.start, instruction.keyword_span.end, case(written))
            yield Change(f"{written} among keywords in {words} case", (edit,), instruction.keyword_span)
        if instruction.keyword == "EXPOSE" and not instruction.value.islower() and "/" in instruction.value:
            yield from _protocols(instruction)
    for stage in file.stages:
        if stage.name is None:
            continue
        keyword, name = [_span(stage.start, match) for match in _WORD.finditer(stage.start.value)][1:]
        written = file.text(keyword)
        if written != case(written):
            edit = Edit(keyword.start, keyword.end, case(written))
            yield Change(f"{written} in another case than FROM", (edit,), keyword)
        written = file.text(name)
        if written != written.lower():
            yield _stage(file, facts, stage, name)


def _mostly_lower(file: Dockerfile) -> bool:
    """Whether more keywords are in lower than in upper case, counted as BuildKit does: without ARGs before FROM."""
    lower = upper = 0
    for stage in file.stages:
        for instruction in stage.instructions:
            written = file.text(instruction.keyword_span)
            lower += written.islower()
            upper += written.isupper()
    return lower > upper


def _span(instruction: Instruction, match: re.Match[str]) -> Span:
    return instruction.arguments.span(match.start(), match.end())


def _protocols(instruction: Instruction) -> Iterator[Change]:
    for match in _PROTOCOL.finditer(instruction.value):
        if match[0] != match[0].lower():
            span = _span(instruction, match)
            message = f"the protocol {match[1]} in upper case"
            yield Change(message, (Edit(span.start, span.end, match[0].lower()),), span)


def _stage(file: Dockerfile, facts: Facts, stage: Stage, name: Span) -> Change | Declined:
    written = file.text(name)
    builder = facts.options.builder
    if builder == "buildah":
        return Declined("buildah tells stage names apart by case, and a build may name this one with --target", name)
    others = [other for other in file.stages if other.name == stage.name and other is not stage]
    if others:
        return Declined(f"two stages are named {stage.name}; give each a name of its own", name)
    default = re.compile(rf"=[\"']?{re.escape(written)}[\"']?(?:\s|$)", re.IGNORECASE)
    if any(default.search(argument.value) for argument in file.global_args):
        return Declined(f"an ARG before FROM names {stage.name}, perhaps this stage", name)
    edits = [Edit(name.start, name.end, written.lower())]
    mounts = False
    for later in file.instructions:
        if later.span.start <= stage.start.span.start:
            continue
        uses = [*_uses(file, later, written)]
        mounts |= bool(uses) and later.keyword == "RUN"
        edits += [Edit(use.start, use.end, written.lower()) for use in uses]
    proven = builder in _FOLDING or (builder == "auto" and facts.buildkit)
    declares = frozenset(("mounts",)) if mounts else frozenset[str]()
    return Change(f"the stage name {written} has capitals", tuple(edits), name, proven=proven, declares=declares)


def _uses(file: Dockerfile, instruction: Instruction, name: str) -> Iterator[Span]:
    """The places where `instruction` names the stage `name`, in whatever case but the lower one."""
    found: list[Span] = []
    if instruction.keyword == "FROM" and (match := _WORD.match(instruction.value)):
        found.append(_span(instruction, match))
    for flag in instruction.flags:
        text = file.text(flag.span)
        if instruction.keyword == "COPY" and flag.name == "from" and flag.value:
            start = flag.span.start + text.find(flag.value, text.find("="))
            found.append(Span(start, start + len(flag.value)))
        elif instruction.keyword == "RUN" and flag.name == "mount":
            start = flag.span.start
            found += [Span(start + match.start(1), start + match.end(1)) for match in _MOUNT_FROM.finditer(text)]
    for span in found:
        used = file.text(span)
        if used.lower() == name.lower() and used != used.lower():
            yield span
