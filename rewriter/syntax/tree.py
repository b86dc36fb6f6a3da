"""The lossless tree: spans over one immutable source.

The leaves follow one another without overlap, and only newlines and indentation lie between them, so that printing
is the identity.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rewriter.change import Span
from rewriter.source import Source


@dataclass(frozen=True)
class Logical:
    """Text as Docker joins it from several lines, with the way back to the file.

    `pieces` are (offset in `text`, offset in the source) pairs in rising order; each piece reaches to the next one.
    """

    text: str
    pieces: tuple[tuple[int, int], ...]

    @cached_property
    def _offsets(self) -> list[int]:
        return [offset for offset, _ in self.pieces]

    def source(self, offset: int) -> int:
        """The source offset of the character at `offset`; behind the last character where `offset` is the length."""
        if len(self.pieces) == 1:
            return self.pieces[0][1] + offset
        at = max(bisect_right(self._offsets, offset) - 1, 0)
        logical, source = self.pieces[at]
        return source + offset - logical

    def source_end(self, offset: int) -> int:
        """The source offset right behind the character before `offset`: where a range that ends there ends."""
        return self.source(offset - 1) + 1 if offset else self.source(0)

    def span(self, start: int, end: int) -> Span:
        """The source span of the characters from `start` to `end`."""
        begin = self.source(start)
        return Span(begin, self.source_end(end) if end > start else begin)

    def cut(self, start: int, end: int) -> Logical:
        """The part from `start` to `end`."""
        pieces = [(0, self.source(start))]
        at = bisect_right(self._offsets, start) - 1 if len(self.pieces) > 1 else 0
        for offset, source in self.pieces[at + 1 :]:
            if offset >= end:
                break
            if offset > start:
                pieces.append((offset - start, source))
        return Logical(self.text[start:end], tuple(pieces))


@dataclass(frozen=True, slots=True)
class Flag:
    """A builder flag: `--name` or `--name=value`; `value` has its quotes removed."""

    name: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Heredoc:
    """One here-document. `body` spans its lines, `terminator` the closing line without its newline.

    `expand` is False where the name is quoted; `chomp` is True for `<<-`, which drops leading tabs.
    """

    name: str
    expand: bool
    chomp: bool
    descriptor: int
    body: Span
    terminator: Span


@dataclass(frozen=True)
class Instruction:
    """One instruction. `span` runs from its first character to its last, heredocs included, the newline not.

    `keyword` is in upper case. `arguments` is what follows keyword and flags, joined. `json` holds the strings of the
    exec form, else None. `comments` and `blanks` are the lines between continued lines that Docker drops.
    """

    keyword: str
    keyword_span: Span
    span: Span
    first_line: int
    last_line: int
    flags: tuple[Flag, ...]
    arguments: Logical
    json: tuple[str, ...] | None
    heredocs: tuple[Heredoc, ...] = ()
    child: Instruction | None = None
    comments: tuple[Span, ...] = ()
    blanks: tuple[Span, ...] = ()

    @property
    def value(self) -> str:
        return self.arguments.text

    @property
    def head(self) -> Span:
        """The instruction without the bodies of its heredocs: the lines that Docker joins into one."""
        return Span(self.span.start, self.heredocs[0].body.start if self.heredocs else self.span.end)

    def flag(self, name: str) -> str | None:
        """The value of the last flag `--name`, "" where it has none, None where there is no such flag."""
        return next((flag.value or "" for flag in reversed(self.flags) if flag.name == name), None)

    @property
    def mounts(self) -> tuple[dict[str, str], ...]:
        """The options of each `--mount`, in order; those with more than one name by the longest.

        Source: https://docs.docker.com/reference/dockerfile/#run---mount
        """
        return tuple(dict(map(_option, value.split(","))) for value in self.flag_values("mount"))

    def flag_values(self, name: str) -> tuple[str, ...]:
        """The values of all flags `--name`, in order."""
        return tuple(flag.value or "" for flag in self.flags if flag.name == name)


_ALIASES = {"dst": "target", "destination": "target", "src": "source", "ro": "readonly"}


def _option(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    name = name.strip().lower()
    return _ALIASES.get(name, name), value.strip().strip("\"'")


@dataclass(frozen=True, slots=True)
class Trivia:
    """A line that is no instruction: a directive, a comment, or a blank line. `span` ends before the newline."""

    kind: Literal["directive", "comment", "blank"]
    span: Span


@dataclass(frozen=True)
class Stage:
    """A FROM and what follows it. `name` is in lower case, None where the stage has none."""

    index: int
    name: str | None
    start: Instruction
    body: tuple[Instruction, ...]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return (self.start, *self.body)


@dataclass(frozen=True)
class Dockerfile:
    """A file that was read. `directives` are lower-case names with their values."""

    source: Source
    escape: str
    directives: dict[str, str]
    items: tuple[Trivia | Instruction, ...]

    def text(self, span: Span) -> str:
        """The characters of `span`."""
        return self.source.text[span.start : span.end]

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        return tuple(item for item in self.items if isinstance(item, Instruction))

    @cached_property
    def global_args(self) -> tuple[Instruction, ...]:
        """The ARGs before the first FROM."""
        first = self.stages[0].start if self.stages else None
        return tuple(i for i in self.instructions if first is None or i.span.start < first.span.start)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        starts = [at for at, item in enumerate(self.instructions) if item.keyword == "FROM"]
        stages = []
        for index, (start, end) in enumerate(zip(starts, [*starts, len(self.instructions)][1:], strict=True)):
            words = self.instructions[start].value.split()
            name = words[2].lower() if len(words) == 3 and words[1].lower() == "as" else None
            stages.append(Stage(index, name, self.instructions[start], self.instructions[start + 1 : end]))
        return tuple(stages)

    @cached_property
    def comments(self) -> tuple[Span, ...]:
        """All comments that Docker drops, at their place: between instructions and inside them, without newlines."""
        found: list[Span] = []
        for item in self.items:
            if isinstance(item, Instruction):
                found += item.comments
            elif item.kind == "comment":
                found.append(item.span)
        return tuple(found)

    def leaves(self) -> Iterator[Span]:
        """The spans of all lines' content in order; between two of them is nothing but white space."""
        for item in self.items:
            if isinstance(item, Trivia):
                yield item.span
                continue
            at = item.span.start
            for inner in sorted([item.keyword_span, *item.comments, *item.blanks], key=lambda span: span.start):
                if inner.start > at:
                    yield Span(at, inner.start)
                yield inner
                at = inner.end
            if item.span.end > at:
                yield Span(at, item.span.end)
