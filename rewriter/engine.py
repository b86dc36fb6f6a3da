"""Runs a chain of transforms to its fixed point, through the gate.

The chain is handed in. After each transform that changed something the text is read afresh, so that nothing is stale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rewriter import gate, second_reader
from rewriter.beside import Beside
from rewriter.change import Change, Declined, Evidence, Finding, Level, Outcome, Report, Span, Taken, apply
from rewriter.facts import Facts
from rewriter.ignores import read_ignores
from rewriter.image import Unknown
from rewriter.project.context import MANIFEST_LIMIT, Project
from rewriter.result import Candidate, Options, Rewrite
from rewriter.source import Source, Unreadable
from rewriter.syntax.heredocs import opens_none
from rewriter.syntax.reader import INSTRUCTIONS, read
from rewriter.syntax.tree import Dockerfile, Instruction

Found = Change | Declined | Report
Find = Callable[[Dockerfile, Facts], Iterable[Found]]
# More passes than the longest chain of transforms that feed one another; a cycle ends here and is refused.
_PASSES = 12
_LINE = re.compile(r"(?<=\bline )\d+\b")


class Transform(Protocol):
    """What the engine needs of a transform: a name for the user, the function that finds its changes, and whether it
    may have to do with a text (in lower case) at all."""

    @property
    def name(self) -> str: ...
    @property
    def find(self) -> Find: ...
    def concerns(self, text: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Made:
    transform: str
    change: Change
    span: Span


class _Course:
    """The way of one file through the chain: its current text, and how to find the user's own lines again."""

    def __init__(self, facts: Facts, second: bool) -> None:
        self.facts = facts
        self.first = facts.file.source
        self.first_project = facts.project
        self.ignores = self.first_ignores = read_ignores(facts.file)
        self.second = second
        self.steps: list[gate.Moves] = []
        self.made: list[_Made] = []
        self.refused: set[tuple[str, Span]] = set()
        self.dropped: dict[str, Finding] = {}
        self.open: list[Finding] = []
        self.used: set[tuple[int, str]] = set()

    def original(self, span: Span) -> Span:
        """The place in the file as it was of `span` in the current text."""
        start, end = span.start, span.end
        for moves in reversed(self.steps):
            start, end = moves.back(start), moves.back(max(end - 1, start)) + (end > start)
        return Span(start, max(start, end))

    def told(self, found: Found) -> Found:
        """`found` as the user is told it: lines are those of the file as it was, and no evidence comes twice."""
        match found:
            case Change(message=message, evidence=evidence):
                return replace(
                    found, message=self._words(message), evidence=tuple(dict.fromkeys(map(self._fact, evidence)))
                )
            case Declined(reason=reason):
                return replace(found, reason=self._words(reason))
            case Report(message=message):
                return replace(found, message=self._words(message))

    def _fact(self, evidence: Evidence) -> Evidence:
        if evidence.file is not None or evidence.line is None:
            return evidence
        return replace(evidence, line=self._line(evidence.line))

    def _words(self, text: str) -> str:
        return _LINE.sub(lambda match: str(self._line(int(match[0]))), text)

    def _line(self, line: int) -> int:
        """The line in the file as it was of `line` (1-based) in the current text."""
        starts = self.facts.file.source.line_starts
        if not self.steps or not 0 < line <= len(starts):
            return line
        return self.first.line(self.original(Span(starts[line - 1], starts[line - 1])).start)


def run(source: Source, chain: Sequence[Transform], project: Project, options: Options) -> Rewrite:
    """Return the rewrite of `source` by `chain`. Raises `Unreadable` for a file that Docker could not build either."""
    file = read(source)
    _reject(file)
    second = second_reader.agrees(file)
    course = _Course(Facts(file, options, project), second)
    level = options.level if second else Level.SAFE
    notes = tuple(_unread(course.facts))
    if not second:
        notes += ("a second reader sees other instructions in this file: only safe changes are made",)
    for _ in range(_PASSES):
        course.open.clear()
        # A list, not a generator: every transform has its turn in every pass.
        changed = [_settle(transform, course, level) for transform in chain if options.wants(transform.name)]
        if not any(changed):
            return _result(source, course, chain, notes)
    cycle = Finding(
        "chain", Outcome.DROPPED, "the changes do not come to an end; the file is left as it is", Span(0, 0)
    )
    return Rewrite(source, source, (cycle,), notes)


def _unread(facts: Facts) -> Iterator[str]:
    """Name the bases whose shell is not known, so that the RUN steps on them are not read."""
    for image in facts.images:
        if image.parent is not None or not isinstance(image.start.shell, Unknown) or facts.shown_system(image):
            continue
        if any(instruction.keyword == "RUN" for instruction in image.stage.body):
            line, name = image.stage.start.first_line, image.base.name
            yield f"line {line}: {name} is not known, and its RUN steps are left alone: say what it is like in [bases]"


def _reject(file: Dockerfile) -> None:
    above: Instruction | None = None
    for instruction in file.instructions:
        if instruction.keyword not in INSTRUCTIONS:
            opened = above is not None and opens_none(above)
            why = f": Docker knows no heredoc in {above.keyword}, line {above.first_line}" if above and opened else ""
            raise Unreadable(f"unknown instruction {instruction.keyword[:40]}{why}", instruction.first_line)
        above = instruction
    if not file.stages:
        raise Unreadable("the file has no FROM")
    for instruction in file.global_args:
        if instruction.keyword != "ARG":
            raise Unreadable(f"{instruction.keyword} before the first FROM", instruction.first_line)


def _settle(transform: Transform, course: _Course, level: Level) -> bool:
    """Let one transform look at the text until it has nothing left to change, so that what stands behind it in the
    chain sees its whole result; True where it changed something."""
    found = len(course.open)
    for turn in range(_PASSES):
        del course.open[found:]
        if not _pass(transform, course, level):
            return turn > 0
    return True


def _pass(transform: Transform, course: _Course, level: Level) -> bool:
    """Let one transform look at the current text; True where it changed it."""
    facts = course.facts
    if transform.name in course.dropped or not transform.concerns(facts.file.source.lower):
        return False
    picked: list[Change] = []
    taken = Taken()
    for found in map(course.told, transform.find(facts.file, facts)):
        if _ignored(transform.name, found, course):
            continue
        match found:
            case Change():
                if found.level > level or (found.excludes and not course.facts.options.beside):
                    course.open.append(_finding(transform.name, Outcome.OFFERED, found, course))
                elif taken.take(found.edits):
                    picked.append(found)
            case Declined(reason, at):
                course.open.append(Finding(transform.name, Outcome.DECLINED, reason, course.original(at)))
            case Report(message, at):
                course.open.append(Finding(transform.name, Outcome.REPORTED, message, course.original(at)))
    picked = [change for change in picked if _accepted(transform.name, change, course)]
    return bool(picked) and _make(transform.name, picked, course)


def _make(name: str, changes: list[Change], course: _Course) -> bool:
    text = apply(course.facts.file.source.text, [edit for change in changes for edit in change.edits])
    patterns = tuple(dict.fromkeys(pattern for change in changes for pattern in change.excludes))
    project = course.facts.project.excluding(patterns) if patterns else course.facts.project
    passed = gate.check(course.facts, text, changes, project, second=course.second)
    if isinstance(passed, str):
        at = course.original(changes[0].at)
        course.dropped[name] = Finding(name, Outcome.DROPPED, passed, at, changes[0].level)
        return False
    course.made += [_Made(name, change, course.original(change.at)) for change in changes]
    course.steps.append(gate.Moves(edit for change in changes for edit in change.edits))
    course.facts = passed.facts
    course.ignores = read_ignores(passed.file)
    return True


def _accepted(name: str, change: Change, course: _Course) -> bool:
    accept = course.facts.options.accept
    if accept is None:
        return True
    key = (name, course.original(change.at))
    if key not in course.refused:
        before = course.facts.file.source.text
        if accept(Candidate(name, change, before, apply(before, change.edits))):
            return True
        course.refused.add(key)
    course.open.append(_finding(name, Outcome.OFFERED, change, course))
    return False


def _ignored(name: str, found: Found, course: _Course) -> bool:
    spans = [found.at, *(Span(e.start, e.end) for e in found.edits)] if isinstance(found, Change) else [found.at]
    blocking = course.ignores.blocking(name, spans)
    course.used.update((course.original(ignore.comment).start, name) for ignore in blocking)
    return bool(blocking)


def _finding(name: str, outcome: Outcome, change: Change, course: _Course) -> Finding:
    return Finding(name, outcome, change.message, course.original(change.at), change.level, change.evidence)


def _result(source: Source, course: _Course, chain: Sequence[Transform], notes: tuple[str, ...]) -> Rewrite:
    findings = [
        Finding(
            made.transform, Outcome.CHANGED, made.change.message, made.span, made.change.level, made.change.evidence
        )
        for made in course.made
    ]
    findings += [*course.dropped.values(), *course.open]
    names = [transform.name for transform in chain]
    wanted = [name for name in names if course.facts.options.wants(name)]
    findings += course.first_ignores.idle(course.used, names, wanted)
    findings.sort(key=lambda finding: finding.span.start)
    return Rewrite(source, course.facts.file.source, tuple(findings), notes, _others(course))


def _others(course: _Course) -> tuple[Beside, ...]:
    """The files beside the Dockerfile that the changes completed."""
    project, path = course.facts.project, course.first_project.ignore_file
    if project is course.first_project:
        return ()
    before = course.first_project.head(path, MANIFEST_LIMIT)
    after = project.head(path, MANIFEST_LIMIT)
    return (Beside(path, None if before is None else Source.decode(before), Source.decode(after or b"")),)
