"""Makes one RUN of several that follow one another, in the layout of the first; comments between them stay in place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rewriter.change import Edit, Span
from rewriter.facts import Run
from rewriter.steps.downloads import ends_in
from rewriter.steps.edits import no_append
from rewriter.syntax.shell import Statement, Word
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call, call

_WIDTH = 100
_INDENT = "    "
_DEEP = 12
_PACKAGE = re.compile(r"[a-zA-Z0-9][\w.+-]*(?::[a-z0-9-]+)?(?:[=/][\w.+:~*${}-]+)?\Z", re.ASCII)
# What holds for the rest of a shell, and so for a step that becomes a part of this one.
_LEAKS = frozenset(
    (
        *("export", "declare", "typeset", "readonly", "local", "unset", "alias", "unalias", "shopt", "umask", "ulimit"),
        *("source", ".", "eval", "trap", "exit", "return", "read", "pushd", "popd", "exec", "hash", "wait", "enable"),
    )
)
_QUIET_SET = re.compile(r"-[exv]+\Z")
# What other tools read in the line above a RUN, and would not find inside it.
_TOOL = re.compile(r"#\s*(hadolint|shellcheck|checkov|trivy|nosemgrep|kics|dockerslim|tally|check)\b")


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """One step of a `&&` chain, with the RUN that it stands in."""

    run: Run
    step: Statement

    @property
    def start(self) -> int:
        return self.run.text.source(self.step.start)

    @property
    def end(self) -> int:
        return self.run.text.source_end(self.step.end)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Pieces that end up as one command; `words` are its own words and then its packages where it is written anew."""

    pieces: tuple[Piece, ...]
    words: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def start(self) -> int:
        return self.pieces[0].start

    @property
    def end(self) -> int:
        return self.pieces[-1].end


def steps(run: Run) -> tuple[Piece, ...]:
    """The steps of a RUN that is a `&&` chain; none where it is anything else."""
    return tuple(Piece(run, step) for step in run.chain or ())


def no_merge(file: Dockerfile, first: Run, second: Run) -> str | None:
    """Why the RUN `second`, which follows `first`, cannot become a part of it; None where it can.

    Both must be nothing but `a && b`: then `first && second` runs and fails as the two steps did. What the shell of
    `first` leaves behind (`cd`, variables, options) is for the caller to judge.
    """
    for run in (first, second):
        if run.chain is None:
            return "a step joins its commands by other means than &&"
        if run.instruction.heredocs:
            return "a step is a here-document"
        if run.script.comments:
            return "a step holds a comment of the shell"
        if reason := no_append(run.script):
            return reason
        end = run.text.source_end(len(run.text.text.rstrip()))
        if file.source.text[end : run.instruction.span.end].strip():
            return "a step trails off into comments"
    flags = [[(flag.name, flag.value) for flag in run.instruction.flags] for run in (first, second)]
    if flags[0] != flags[1]:
        return "the steps have different flags"
    if any(
        _TOOL.match(file.text(c)) for c in _comments(file, first.instruction.span.end, second.instruction.span.start)
    ):
        return "a comment between the steps is meant for the second one"
    return None


def leaks(run: Run, following: Run, *, last: bool) -> str | None:
    """What the shell of `run` would leave behind for `following`, once that is a part of it, as a reason; None where
    there is nothing. `last` says that nothing else becomes a part of it behind `following`."""
    line = f"line {run.instruction.first_line}"
    for statement in run.script.root.walk():
        if statement.kind in ("assign", "function"):
            return f"{line} sets variables or functions, which the next step would see"
    for found in run.calls:
        quiet = found.program == "set" and all(_QUIET_SET.match(word.raw) for word in found.statement.words[1:])
        if found.program in _LEAKS or found.statement.words[0].raw == "exec" or (found.program == "set" and not quiet):
            return f"{line} calls {found.head.raw}, which would hold for the next step too"
    start = following.plain_calls[0] if following.plain_calls else None
    chain = following.chain or ()
    absolute = start is not None and start.statement is chain[0] and start.program == "cd"
    if absolute and start is not None and start.operands and start.operands[0].raw.startswith("/"):
        return None
    here = run.state.workdir
    named = [word.raw[:1] for each in following.calls for word in each.operands if each.program == "rm"]
    if last and set(named) == {"/"} and all(each.program == "rm" for each in following.calls):
        return None
    if any(each.program == "cd" for each in run.calls) and ends_in(run) != here:
        return f"{line} changes the folder by cd: use absolute paths, or WORKDIR"
    return None


def merge(file: Dockerfile, pieces: Sequence[Piece], *, join_lists: bool) -> tuple[Edit, ...]:
    """Make one RUN of `pieces`, steps of RUNs that follow one another; steps that are not among them are left out.

    The first piece must be the first step of its RUN. With `join_lists`, `apt-get install` commands that meet become
    one where their options are the same, with one package a line, sorted.
    """
    units = _units(file, pieces) if join_lists else [_Unit((piece,)) for piece in pieces]
    layout = _Layout(file, pieces)
    edits: list[Edit] = []
    for before, unit in zip([None, *units], units, strict=False):
        if before is not None and (edit := layout.junction(before, unit)):
            edits.append(edit)
        if unit.packages:
            edits.append(Edit(unit.start, unit.end, layout.listed(unit)))
    return tuple(edits)


def joins(file: Dockerfile, pieces: Sequence[Piece]) -> bool:
    """Whether `merge` would join lists of packages."""
    return any(unit.packages for unit in _units(file, pieces))


def _units(file: Dockerfile, pieces: Sequence[Piece]) -> list[_Unit]:
    units: list[_Unit] = []
    for piece in pieces:
        last = units[-1] if units else None
        if last is not None and last.pieces[-1].run is not piece.run:
            first, second = _list_of(last.pieces[0]), _list_of(piece)
            if first and second and _same(first, second) and not _comments(file, last.start, piece.end):
                names = last.packages or tuple(word.raw for word in first.operands)
                packages = tuple(sorted({*names, *(word.raw for word in second.operands)}))
                units[-1] = _Unit((*last.pieces, piece), _own_words(first), packages)
                continue
        units.append(_Unit((piece,)))
    return units


def _list_of(piece: Piece) -> Call | None:
    """The command of `piece` where it is `apt-get install` with nothing but plain names of packages."""
    found = call(piece.step)
    if found is None or found.program != "apt-get" or found.subcommand != "install" or found.statement.redirects:
        return None
    plain = all(_PACKAGE.match(word.raw) and not word.raw.endswith("-") for word in found.operands)
    return found if found.operands and plain else None


def _same(first: Call, second: Call) -> bool:
    def around(found: Call) -> tuple[object, ...]:
        options = sorted((option.name, option.value or "") for option in found.options)
        words: tuple[Word, ...] = (*found.statement.assignments, *found.wrappers, found.head)
        return options, [word.raw for word in words]

    return around(first) == around(second)


def _own_words(found: Call) -> tuple[str, ...]:
    """All words of the command but its packages."""
    packages = {word.start for word in found.operands}
    words = (*found.statement.assignments, *found.statement.words)
    return tuple(word.raw for word in words if word.start not in packages)


def _comments(file: Dockerfile, start: int, end: int) -> list[Span]:
    return [comment for comment in file.comments if start <= comment.start < end]


class _Layout:
    """How the writer lays out a chain over several lines."""

    def __init__(self, file: Dockerfile, pieces: Sequence[Piece]) -> None:
        self.file = file
        self.first = pieces[0].run
        self.newline = f"{file.escape}{file.source.newline}"
        runs = list(dict.fromkeys(piece.run.instruction for piece in pieces))
        lines = [
            (number > run.first_line, file.source.line_text(number).rstrip())
            for run in runs
            for number in range(run.first_line, run.last_line + 1)
        ]
        code = [(inner, line) for inner, line in lines if line and not line.lstrip().startswith("#")]
        leading = [line for inner, line in code if inner and line.lstrip().startswith("&&")]
        trailing = [line for _, line in code if line.removesuffix(file.escape).rstrip().endswith("&&")]
        self.trailing = bool(trailing) and not leading
        following = [line for inner, line in code if inner]
        indent = _indent(leading[0]) if leading else min(map(_indent, following), key=len, default="")
        # Lines that stand below the command's first word are no indentation to take over.
        self.indent = indent if 0 < len(indent.expandtabs()) <= _DEEP else _INDENT
        self.list_indent = next((_indent(line) for line in following if not line.lstrip().startswith("&&")), "")

    def junction(self, before: _Unit, unit: _Unit) -> Edit | None:
        """What joins two commands; None where they are joined in the file already."""
        source = self.file.source
        first, second = before.pieces[-1], unit.pieces[0]
        chain = first.run.chain or ()
        together = first.run is second.run and chain.index(second.step) == chain.index(first.step) + 1
        one_line = source.line(first.end) == source.line(second.start)
        if together and not (before.packages and one_line):
            return None
        start, last = (before.end, "") if before.packages else (before.end - 1, source.text[before.end - 1])
        comments = _comments(self.file, before.end, unit.start)
        if not comments and not before.packages and self._fits(first, unit):
            return Edit(start, unit.start, f"{last} && ")
        lines = "".join(
            source.text[source.line_starts[source.line(c.start) - 1] : c.end] + source.newline for c in comments
        )
        if self.trailing:
            return Edit(start, unit.start, f"{last} && {self.newline}{lines}{self.indent}")
        return Edit(start, unit.start, f"{last} {self.newline}{lines}{self.indent}&& ")

    def _fits(self, first: Piece, unit: _Unit) -> bool:
        """Whether a command may follow on the first line of the RUN."""
        source = self.file.source
        number = source.line(first.end)
        if number != self.first.instruction.first_line:
            return False
        before = source.column(first.end) - 1
        line = source.line_text(source.line(unit.start))
        behind = len(" ".join(unit.words)) if unit.packages else len(line) - source.column(unit.start) + 1
        return before + len(" && ") + behind <= _WIDTH

    def listed(self, unit: _Unit) -> str:
        """The command `unit` with one package a line."""
        source = self.file.source
        own = source.line(unit.start) == unit.pieces[0].run.instruction.first_line
        indent = self.list_indent or (self.indent if own else self.indent + _INDENT)
        return f" {self.newline}{indent}".join((" ".join(unit.words), *unit.packages))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
