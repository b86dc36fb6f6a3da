"""Edits that keep the writer's own layout: words put in and taken out, steps added to and cut from a `&&` chain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rewriter.change import Edit
from rewriter.facts import Run
from rewriter.syntax.shell import Script, Statement, Word
from rewriter.syntax.tree import Dockerfile, Instruction, Logical
from rewriter.syntax.vocabulary import Call

# Longer single lines are continued on a new line when a step is added.
_WIDTH = 100
_COMPOUND = frozenset(("if", "loop", "case", "group", "subshell"))


def after(text: Logical, end: int, insertion: str) -> Edit:
    """Insert right behind the character before offset `end` of `text`."""
    at = text.source_end(end)
    return Edit(at, at, insertion)


def word_after(run: Run, word: Word, insertion: str) -> Edit:
    """Insert the word `insertion` behind `word`."""
    return after(run.text, word.end, f" {insertion}")


def option_after(file: Dockerfile, run: Run, word: Word, *options: str) -> Edit:
    """Insert `options` behind `word`: one a line where the options of the command are written so."""
    source, at = file.source, run.text.source_end(word.end)
    line = source.line(at)
    before, rest = source.line_text(line)[: source.column(run.text.source(word.start)) - 1], source.text[at:]
    own = word.raw.startswith("-") and not before.strip()
    following = source.line_text(line + 1) if rest.lstrip(" \t")[:1] == file.escape else ""
    indent = _indent(following) if following.lstrip().startswith("-") else before if own else None
    joint = " " if indent is None else f" {file.escape}{source.newline}{indent}"
    return Edit(at, at, "".join(f"{joint}{option}" for option in options))


def replace_word(run: Run, word: Word, text: str) -> Edit:
    """Put `text` in the place of `word`."""
    span = run.span(word.start, word.end)
    return Edit(span.start, span.end, text)


def cut(file: Dockerfile, instruction: Instruction, text: Logical, start: int, end: int) -> tuple[Edit, ...] | None:
    """Take out the characters from `start` to `end` of `text`, and the lines that are left empty by it.

    Returns None where a comment would be lost, or where the first line would lose everything but its keyword.
    """
    source = file.source
    if not text.text[end:].strip() and not instruction.heredocs:
        while start > 0 and text.text[start - 1] in " \t":
            start -= 1
        if start == 0:
            return None
        begin, stop = text.source_end(start), instruction.head.end
        if any(begin < comment.start < stop for comment in instruction.comments):
            return None
        return (Edit(begin, stop, ""),)
    edits = []
    for line_start, line_end in _lines(text, start, end):
        begin, stop = text.source(line_start), text.source_end(line_end)
        number = source.line(begin)
        first = source.line_starts[number - 1]
        following = source.line_starts[number] if number < len(source.line_starts) else len(source.text)
        before, behind = source.text[first:begin], source.text[stop:following]
        if not before.strip() and not behind.strip().removesuffix(file.escape).strip():
            edits.append(Edit(first, following, ""))
        else:
            if not behind.strip():
                begin -= len(before) - len(before.rstrip(" \t"))
            elif behind[:1] in (" ", "\t") and (not before or before[-1] in " \t"):
                stop += len(behind) - len(behind.lstrip(" \t"))
            edits.append(Edit(begin, stop, ""))
    return tuple(edits)


def _lines(text: Logical, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of the range that lie on one physical line each."""
    bounds = [start, *(offset for offset, _ in text.pieces if start < offset < end), end]
    parts = [line for begin, stop in pairwise(bounds) for line in _split_lines(text.text, begin, stop)]
    # The indentation of a line stays with what is left of it.
    trimmed = ((stop - len(text.text[begin:stop].lstrip(" \t")), stop) for begin, stop in parts)
    return [(begin, stop) for begin, stop in trimmed if text.text[begin:stop].strip()]


def _split_lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    parts = []
    while (newline := text.find("\n", start, end)) >= 0:
        parts.append((start, newline))
        start = newline + 1
    return [*parts, (start, end)]


def cut_words(file: Dockerfile, run: Run, *words: Word) -> tuple[Edit, ...] | None:
    """Take `words` out of their command; None where that would lose a comment."""
    edits: list[Edit] = []
    for word in words:
        found = cut(file, run.instruction, run.text, word.start, word.end)
        if found is None:
            return None
        edits += found
    return tuple(edits)


def cut_step(
    file: Dockerfile, run: Run, parent: Statement, index: int, last: int | None = None
) -> tuple[Edit, ...] | None:
    """Take member `index` (or the members up to `last`) out of the list `parent` (a `&&` list or a sequence), with the
    operator that joins it.

    Returns None where nothing would be left, or a comment would be lost.
    """
    last = index if last is None else last
    operators = parent.operators
    first_step, last_step = parent.children[index], parent.children[last]
    if len(parent.children) <= last - index + 1:
        return None
    previous = operators[index - 1] if index else None
    following = operators[last] if last < len(operators) else None
    if previous is None and last + 1 < len(parent.children):
        # What follows moves up to the place of the first step.
        begin, stop = run.text.source(first_step.start), run.text.source(parent.children[last + 1].start)
        if not any(begin < comment.start < stop for comment in run.instruction.comments):
            return (Edit(begin, stop, ""),)

    def same_line(a: int, b: int) -> bool:
        line = file.source.line
        return line(run.text.source(a)) == line(run.text.source(b))

    if previous and (following is None or same_line(previous.start, first_step.start)):
        start, end = previous.start, last_step.end
    elif following:
        start, end = first_step.start, following.end
    else:
        start, end = first_step.start, last_step.end
    return cut(file, run.instruction, run.text, start, end)


def cut_commands(file: Dockerfile, run: Run, gone: Sequence[Statement]) -> tuple[Edit, ...] | None:
    """Take the members `gone` out of the lists that they stand in, with the operators that join them.

    Returns None where one of them is more than a member of a `&&` or `;` list, or `cut_step` cannot take it out.
    """
    edits: list[Edit] = []
    for parent in run.script.root.walk():
        indexes = [index for index, child in enumerate(parent.children) if child in gone]
        if indexes and any(operator.text not in ("&&", ";", "\n") for operator in parent.operators):
            return None
        if indexes and parent.kind not in ("list", "sequence"):
            return None
        while indexes:
            first = last = indexes.pop(0)
            while indexes and indexes[0] == last + 1:
                last = indexes.pop(0)
            cut = cut_step(file, run, parent, first, last)
            if cut is None:
                return None
            edits += cut
    return tuple(edits)


def cut_instruction(file: Dockerfile, instruction: Instruction) -> tuple[Edit, ...] | None:
    """Take out a whole instruction with its lines; None where comments inside it would be lost."""
    return None if instruction.comments else drop_instruction(file, instruction)


def drop_instruction(file: Dockerfile, instruction: Instruction) -> tuple[Edit, ...]:
    """Take out a whole instruction with its lines. Comments inside it stay; of two blank lines around it, one goes."""
    source, starts = file.source, file.source.line_starts
    bounds = [*starts, len(source.text)]
    kept = {source.line(comment.start) for comment in instruction.comments}
    first, last = instruction.first_line, instruction.last_line
    if not kept and last + 1 < len(bounds) and first > 1:
        blank_before, blank_behind = not source.line_text(first - 1).strip(), not source.line_text(last + 1).strip()
        last += blank_before and blank_behind
    edits: list[Edit] = []
    for number in range(first, last + 1):
        if number in kept:
            continue
        start, end = bounds[number - 1], bounds[number]
        if edits and edits[-1].end == start:
            edits[-1] = Edit(edits[-1].start, end, "")
        else:
            edits.append(Edit(instruction.span.start if start == 0 else start, end, ""))
    if edits and edits[-1].end == len(source.text):
        # The file ends as it did: with a newline or without, and not with the blank lines that stood above.
        start = len(source.text[: edits[-1].start].rstrip("\r\n"))
        start += len(source.newline) if source.text.endswith("\n") else 0
        edits[-1] = Edit(min(start, edits[-1].start), edits[-1].end, "")
    return tuple(edits)


def no_append(script: Script) -> str | None:
    """Why no step can be added behind `script`; None where one can.

    `list && step` runs the step only where the script succeeded, and keeps the script's own exit status.
    """
    if not script.root.children:
        return "the step is empty"
    if len(script.root.operators) >= len(script.root.children):
        return "the step ends with an operator"
    last = script.root.children[-1]
    if script.comments and script.comments[-1][0] >= last.end:
        return "the step ends with a comment"
    while last.kind == "list":
        last = last.children[-1]
    if last.kind == "function":
        return "the step ends with a function"
    if last.kind == "command" and last.words and last.words[0].raw in ("exit", "exec", "return"):
        return f"the step ends with {last.words[0].raw}"
    return None


def exits_on_error(run: Run) -> bool:
    """Whether the step ends under `set -e`, by its SHELL or by a `set` of its own that surely runs."""
    shell = run.state.shell if isinstance(run.state.shell, tuple) else ()
    on = _errexit(shell[1:], False)
    for call in run.plain_calls:
        if call.program == "set":
            on = _errexit([word.raw for word in call.statement.words[1:]], on)
    return on


def _errexit(words: Sequence[str], on: bool) -> bool:
    """What `words`, options of a shell or of `set`, make of `on`."""
    for option, word in pairwise(("", *words)):
        if word == "errexit" and option[:1] in ("-", "+"):
            on = option[0] == "-"
        elif word[:1] in ("-", "+") and word[1:2] != "-" and "e" in word:
            on = word[0] == "-"
    return on


def _joiner(run: Run, unit: Statement) -> str:
    """What to put between `unit`, at the end of the script, and a step behind it, so that a failure still ends the RUN.

    Under `set -e` that is `;` behind a compound command: left of `&&`, `set -e` does not hold inside it.
    Source: https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html
    """
    while unit.kind in ("list", "sequence"):
        unit = unit.children[-1]
    compound = any(child.kind in _COMPOUND for child in unit.walk())
    return ";" if compound and exits_on_error(run) else "&&"


def append_step(file: Dockerfile, run: Run, command: str) -> Edit | None:
    """Add `&& command` behind the last step of a RUN, in its own layout; None where `no_append` has a reason."""
    if no_append(run.script):
        return None
    text = run.text.text.rstrip()
    at = run.text.source_end(len(text))
    joiner = _joiner(run, run.script.root)
    here = "; " if joiner == ";" else " && "
    if run.instruction.heredocs:
        return Edit(at, at, f"{here}{command}")
    source = file.source
    # An instruction that trails off into continued comments has no end of its own to add to.
    if source.text[at : run.instruction.span.end].strip():
        return None
    first, last = run.instruction.first_line, source.line(at)
    newline = f" {file.escape}{source.newline}"
    if first == last:
        line = source.line_text(first)
        if len(line) + len(command) + 4 <= _WIDTH:
            return Edit(at, at, f"{here}{command}")
        return Edit(at, at, f";{newline}    {command}" if joiner == ";" else f"{newline}    && {command}")
    lines = [source.line_text(number) for number in range(first + 1, last + 1)]
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    bodies = [line.rstrip().removesuffix(file.escape).rstrip() for line in (source.line_text(first), *lines)]
    # A `&&` alone on its line stands behind what it joins, and leads nothing.
    leading = next(
        (body for body in reversed(bodies[1:]) if body.lstrip().startswith("&&") and body.strip() != "&&"), None
    )
    start = source.line(run.text.source(_last_step(run.script).start))
    indent = _indent(source.line_text(start)) if start > first else _indent(lines[0])
    if joiner == ";":
        return Edit(at, at, f";{newline}{indent}{command}")
    if leading is not None:
        operator = leading[leading.index("&&") + 2 :]
        gap = operator[: len(operator) - len(operator.lstrip())] or " "
        return Edit(at, at, f"{newline}{_indent(leading)}&&{gap}{command}")
    if any(body.endswith("&&") for body in bodies):
        return Edit(at, at, f" &&{newline}{indent}{command}")
    indent = min((_indent(line) for line in lines), key=len) or "    "
    return Edit(at, at, f"{newline}{indent}&& {command}")


def insert_behind(file: Dockerfile, run: Run, parent: Statement, index: int, command: str) -> Edit | str:
    """Add `&& command` right behind member `index` of `parent`, in the step's own layout; else the reason why not.

    In a `;` list under `set -e` it is `; command`: a failure left of `&&` would no longer end the step.
    """
    member = parent.children[index]
    if run.text.text[member.end :].strip() == "":
        return append_step(file, run, command) or no_append(run.script) or "the step trails off into comments"
    at, source = run.text.source_end(member.end), file.source
    following = parent.children[index + 1] if index + 1 < len(parent.children) else None
    here = source.line(at)
    operator = parent.operators[index] if index < len(parent.operators) else None
    joined = operator is not None and operator.text == "&&"
    semicolon = not joined and exits_on_error(run)
    if run.instruction.heredocs or following is None or source.line(run.text.source(following.start)) == here:
        return Edit(at, at, f"; {command}" if semicolon else f" && {command}")
    newline = f" {file.escape}{source.newline}"
    if operator and joined and source.line(run.text.source(operator.start)) > here:
        line = source.line_text(source.line(run.text.source(operator.start)))
        rest = line[line.index("&&") + 2 :]
        gap = rest[: len(rest) - len(rest.lstrip())] or " "
        return Edit(at, at, f"{newline}{_indent(line)}&&{gap}{command}")
    start = run.text.source(
        member.start if source.line(run.text.source(member.start)) > run.instruction.first_line else following.start
    )
    indent = _indent(source.line_text(source.line(start)))
    return Edit(at, at, f"{';' if semicolon else ' &&'}{newline}{indent}{command}")


def insert_ahead(file: Dockerfile, run: Run, member: Statement, command: str) -> Edit | None:
    """Put `command &&` in front of `member`, a top-level statement or a member of a `&&` list, in the step's layout.

    Where the step runs on behind `member` and only `set -e` ends it, that is `command;`: a failure left of `&&` would
    no longer end the step. None where neither is right: `member` ends a list, and its own failure ends the step.
    """
    root = run.script.root
    unit = next((child for child in root.children if child.start <= member.start < child.end), root)
    apart = unit is not root.children[-1] and exits_on_error(run)
    if apart and unit is not member and member is not unit.children[0]:
        return None if member is unit.children[-1] else _ahead(file, run, member, command, "&&")
    return _ahead(file, run, member, command, ";" if apart else "&&")


def _ahead(file: Dockerfile, run: Run, member: Statement, command: str, joiner: str) -> Edit:
    at, source = run.text.source(member.start), file.source
    number = source.line(at)
    before = source.line_text(number)[: source.column(at) - 1]
    operator = before.strip()
    behind = f"{command};" if joiner == ";" else f"{command} &&"
    if run.instruction.heredocs or number == run.instruction.first_line or operator not in ("", "&&"):
        return Edit(at, at, f"{behind} ")
    newline = f"{file.escape}{source.newline}{before}"
    return Edit(at, at, f"{command} {newline}" if operator else f"{behind} {newline}")


def _last_step(script: Script) -> Statement:
    last = script.root.children[-1]
    return last.children[-1] if last.kind == "list" else last


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def add_operands(file: Dockerfile, run: Run, call: Call, names: Sequence[str]) -> tuple[Edit, ...]:
    """Add the words `names` to the operands of `call`: one a line where the list is written so, in its order if it is
    sorted, else at its end."""
    source, operands = file.source, call.operands
    places = [source.line(run.text.source(word.start)) for word in operands]
    own_lines = len(set(places)) == len(places)
    raws = [word.raw for word in operands]
    ordered = raws == sorted(raws)
    edits: dict[int, Edit] = {}
    for name in sorted(names):
        later = next((word for word in operands if word.raw > name), None) if ordered else None
        if later is not None:
            at = run.text.source(later.start)
            line = source.line_text(source.line(at))
            column = source.column(at) - 1
            alone = own_lines and not line[:column].strip()
            text = f"{name} {file.escape}{source.newline}{line[:column]}" if alone else f"{name} "
        else:
            at = run.text.source_end(operands[-1].end)
            line = source.line_text(source.line(at))
            alone = own_lines and not line[: source.column(run.text.source(operands[-1].start)) - 1].strip()
            text = f" {file.escape}{source.newline}{_indent(line)}{name}" if alone else f" {name}"
        edits[at] = Edit(at, at, (edits[at].text if at in edits else "") + text)
    return tuple(edits.values())
