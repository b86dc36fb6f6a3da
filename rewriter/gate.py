"""The checks that every rewrite must pass before anyone sees it (DESIGN.md rule 9)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from rewriter import second_reader
from rewriter.change import Change, Edit, Span
from rewriter.facts import Facts
from rewriter.image import IMAGE_PARTS, RUN_SEES, StageImage, State, Unknown, Value
from rewriter.order.excluding import lost_source
from rewriter.project.context import Project
from rewriter.source import BOM, Source, Unreadable
from rewriter.syntax.reader import read
from rewriter.syntax.tree import Dockerfile, Instruction

# What a RUN sees of its base image, if the stage does not set it itself.
_OF_BASES = ("env", "open_env", "workdir", "user")


@dataclass(frozen=True)
class Passed:
    """The rewritten file, and the facts about it."""

    file: Dockerfile
    facts: Facts


def check(before: Facts, text: str, changes: Sequence[Change], project: Project, *, second: bool) -> Passed | str:
    """Return the rewritten file, or why it must not be seen.

    `project` is the context behind the changes; `second` says whether the second reader agreed on the file before:
    only then has it a veto.
    """
    try:
        file = read(Source(text))
    except Unreadable as error:
        return f"the result does not parse: {error}"
    after = Facts(file, before.options, project)
    edits = [edit for change in changes for edit in change.edits]
    declared = frozenset(part for change in changes for part in change.declares)
    moves = Moves(edits)
    problem = (
        _lines(before.file, file)
        or _comments(before.file, file)
        or _shell_comments(before, after)
        or _untouched(before.file, file, moves)
        or (None if not second or second_reader.agrees(file) else "the second reader disagrees with the result")
        or _scripts(before, after, moves)
        or _images(before, after, moves, declared)
        or _sources(before, after)
    )
    return problem or Passed(file, after)


class Moves:
    """Where the characters of a text are after edits, and which are touched by them. Edits must not overlap."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self.edits = sorted(edits, key=lambda edit: (edit.start, edit.end))
        self._ends = [edit.end for edit in self.edits]
        self._insertions = {edit.start for edit in self.edits if edit.start == edit.end}
        self._words = {(edit.start, edit.end): edit.text.upper() for edit in self.edits}
        # How far the characters behind each edit move, and where each edit's text begins in the result.
        self._shifts = list(accumulate((len(e.text) - (e.end - e.start) for e in self.edits), initial=0))
        self._begins = [edit.start + shift for edit, shift in zip(self.edits, self._shifts, strict=False)]

    def touches(self, start: int, end: int) -> bool:
        """Whether an edit replaces any of the characters from `start` to `end`, or inserts between them."""
        for edit in self.edits[bisect_right(self._ends, start) :]:
            if edit.start >= end:
                return False
            if edit.end > edit.start or edit.start > start:
                return True
        return False

    def recases(self, span: Span, word: str) -> bool:
        """Whether an edit puts `word`, in whatever case, in the place of `span`."""
        return self._words.get((span.start, span.end)) == word

    def extends(self, end: int) -> bool:
        """Whether an edit inserts right at `end`, and so lengthens what ends there."""
        return end in self._insertions

    def forward(self, offset: int) -> int:
        """Where the untouched character at `offset` is afterwards."""
        return offset + self._shifts[bisect_right(self._ends, offset)]

    def back(self, offset: int) -> int:
        """Where the character at `offset` of the result was before; for new text, the place that it replaced."""
        at = bisect_right(self._begins, offset) - 1
        if at < 0:
            return offset
        edit = self.edits[at]
        if offset < self._begins[at] + len(edit.text):
            return edit.start
        return offset - self._shifts[at + 1]


def _lines(before: Dockerfile, after: Dockerfile) -> str | None:
    old, new = before.source.text, after.source.text
    if old.startswith(BOM) != new.startswith(BOM):
        return "the byte order mark changed"
    if before.directives != after.directives:
        return "a parser directive changed"
    crlf, lf = old.count("\r\n"), old.count("\n")
    if crlf in (0, lf) and new.count("\r\n") != (new.count("\n") if crlf else 0):
        return "the newline style changed"
    if old.endswith("\n") != new.endswith("\n"):
        return "the final newline changed"
    return None


def _comments(before: Dockerfile, after: Dockerfile) -> str | None:
    lost = Counter(map(before.text, before.comments)) - Counter(map(after.text, after.comments))
    return f"a comment was lost: {next(iter(lost))}" if lost else None


def _shell_comments(before: Facts, after: Facts) -> str | None:
    """Comments behind a command (`make # twice`) are the shell's: for Docker they are part of the step."""
    old, new = (
        Counter(run.script.text[slice(*comment)] for run in facts.runs for comment in run.script.comments)
        for facts in (before, after)
    )
    return f"a comment was lost: {next(iter(old - new))}" if old - new else None


def _untouched(before: Dockerfile, after: Dockerfile, moves: Moves) -> str | None:
    there = {i.span.start: after.text(i.span) for i in after.instructions}
    for instruction in before.instructions:
        span = instruction.span
        touched = moves.touches(span.start, span.end) or moves.extends(span.end)
        if not touched and there.get(moves.forward(span.start)) != before.text(span):
            return f"line {instruction.first_line} changed, which no edit names"
    return None


def _sources(before: Facts, after: Facts) -> str | None:
    """No source that a COPY or a mount names may become hidden by what the changes add to the ignore file."""
    if before.project is after.project:
        return None
    return lost_source(before.file, before.project, after.project)


def _survivors(
    before: Facts, after: Facts, moves: Moves
) -> tuple[list[tuple[Instruction, Instruction]], list[Instruction]]:
    """The RUNs whose keyword no edit touched, with what they became; and those that are gone."""
    there = {i.span.start: i for i in after.file.instructions if i.keyword == "RUN"}
    pairs, gone = [], []
    for old in before.file.instructions:
        if old.keyword != "RUN":
            continue
        new = None
        if not moves.touches(old.keyword_span.start, old.keyword_span.end) or moves.recases(old.keyword_span, "RUN"):
            new = there.get(moves.forward(old.keyword_span.start))
        if new is None:
            gone.append(old)
        else:
            pairs.append((old, new))
    return pairs, gone


def _scripts(before: Facts, after: Facts, moves: Moves) -> str | None:
    for old, new in _survivors(before, after, moves)[0]:
        if before.run(old) is not None and after.run(new) is None:
            return f"the command of line {old.first_line} no longer parses"
    return None


def _images(before: Facts, after: Facts, moves: Moves, declared: frozenset[str]) -> str | None:
    if "stages" in declared:
        return _divided(before, after, declared)
    if len(before.images) != len(after.images):
        return "the number of stages changed"
    rebased = "base" in declared
    for old, new in zip(before.images, after.images, strict=True):
        if (old.base.reference, old.parent) != (new.base.reference, new.parent):
            problem = (
                _ends_otherwise(old, new, declared)
                if rebased and old.parent is None
                else "grow from another base image"
            )
            if problem:
                return f"stage {old.stage.index} would {problem}"
            continue
        for part in IMAGE_PARTS:
            if part not in declared and getattr(old.final, part) != getattr(new.final, part):
                return f"stage {old.stage.index} would end with another {part}"
    pairs, gone = _survivors(before, after, moves)
    sees_before, sees_after = _contexts(before, rebased), _contexts(after, rebased)
    for old_run, new_run in pairs:
        seen = sees_before[old_run.span.start]
        if seen != sees_after[new_run.span.start] and not declared.intersection((*RUN_SEES, "mounts")):
            return f"the step of line {old_run.first_line} would run in another environment"
    paired = {new_run.span.start for _, new_run in pairs}
    added = [run for run in after.file.instructions if run.keyword == "RUN" and run.span.start not in paired]
    for old_run in gone:
        text = before.file.text(old_run.span)
        moved = [sees_after[run.span.start] for run in added if after.file.text(run.span) == text]
        seen, around = sees_before[old_run.span.start], moved or list(sees_after.values())
        if seen not in around and not declared.intersection((*RUN_SEES, "steps")):
            verb = "moved" if moved else "merged"
            return f"the step of line {old_run.first_line} would be {verb} into another environment"
    return None


def _divided(before: Facts, after: Facts, declared: frozenset[str]) -> str | None:
    """What differs, beside what the bases bring, where the last stage was divided into one that builds and one that
    runs; the stages in front of it must be as they were."""
    if len(after.images) != len(before.images) + 1:
        return "the last stage was not divided in two"
    *others, old = before.images
    *same, build, new = after.images
    for image, other in zip(others, same, strict=True):
        if before.file.text(_whole(image)) != after.file.text(_whole(other)):
            return f"stage {image.stage.index} changed"
    if build.base.reference != old.base.reference:
        return "the build stage would grow from another base image"
    if problem := _ends_otherwise(old, new, declared):
        return f"the image would {problem}"
    return _repeated(before, after, old, (build, new))


def _ends_otherwise(old: StageImage, new: StageImage, declared: frozenset[str]) -> str | None:
    """What the file sets in `old` and no longer in `new`, which grows from another base: None where both end with the
    same. What neither base says stays open."""
    for part in IMAGE_PARTS:
        was, now = getattr(old.final, part), getattr(new.final, part)
        if part in declared or was == now:
            continue
        if part == "env":
            lost = [name for name, value in old.final.env.items() if not _kept(name, value, old, new)]
            if lost:
                return f"no longer set {lost[0]}"
        elif part != "open_env" and (was != getattr(old.start, part) or not isinstance(now, Unknown)):
            return f"end with another {part}"
    return None


def _kept(name: str, value: Value, old: StageImage, new: StageImage) -> bool:
    """Whether a variable of the divided stage that the file sets is set to the same again; of the search path, what the
    file adds to that of the base image."""
    from_base, now = old.start.env.get(name), new.final.env.get(name)
    if value in (from_base, now):
        return True
    if name != "PATH" or not all(isinstance(each, str) for each in (value, from_base, now)):
        return False
    added = [entry for entry in str(value).split(":") if entry not in str(from_base).split(":")]
    return set(added) <= set(str(now).split(":"))


def _changed(start: State, state: State, part: str) -> object:
    """The setting `part` of `state`; None where it is still that of the base image, whose `start` it was."""
    value = getattr(state, part)
    return None if value == getattr(start, part) else value


def _whole(image: StageImage) -> Span:
    return Span(image.stage.start.span.start, image.stage.instructions[-1].span.end)


def _repeated(before: Facts, after: Facts, old: StageImage, halves: tuple[StageImage, StageImage]) -> str | None:
    """Which RUN of the divided stage is in neither half, or sees other settings of the file there."""
    for state, instruction in zip(old.before, old.stage.body, strict=True):
        if instruction.keyword != "RUN":
            continue
        text = before.file.text(instruction.span)
        found = False
        for half in halves:
            for there, other in zip(half.before, half.stage.body, strict=True):
                if other.keyword == "RUN" and after.file.text(other.span) == text:
                    found = True
                    own = {name: value for name, value in state.env.items() if old.start.env.get(name) != value}
                    lost = [name for name in own if name not in there.env and name != "PATH"]
                    if lost or any(
                        _changed(old.start, state, part) != _changed(half.start, there, part)
                        for part in ("workdir", "user")
                    ):
                        return f"the step of line {instruction.first_line} would run in another environment"
        if not found:
            return f"the step of line {instruction.first_line} would be in neither stage"
    return None


def _contexts(facts: Facts, rebased: bool) -> dict[int, object]:
    """By the start of each RUN: stage, and everything around it that its command can see; where a stage is `rebased`,
    without what comes from its base."""
    contexts: dict[int, object] = {}
    for image in facts.images:
        for state, instruction in zip(image.before, image.stage.body, strict=True):
            if instruction.keyword == "RUN":
                flags = tuple((flag.name, flag.value) for flag in instruction.flags)
                seen = [getattr(state, part) for part in RUN_SEES if not (rebased and part in _OF_BASES)]
                if rebased:
                    seen += [_changed(image.start, state, part) for part in ("workdir", "user")]
                    own = image.start.env
                    seen.append({name: value for name, value in state.env.items() if own.get(name) != value})
                contexts[instruction.span.start] = (image.stage.index, flags, seen)
    return contexts
