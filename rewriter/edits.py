"""Edits that keep the writer's own layout: words put in and taken out, steps added to and cut from a `&&` chain."""

from __future__ import annotations

from rewriter.change import Edit
from rewriter.facts import Run
from rewriter.syntax.shell import Script, Statement, Word
from rewriter.syntax.tree import Dockerfile, Instruction, Logical

# Longer single lines are continued on a new line when a step is added.
_WIDTH = 100


def after(text: Logical, end: int, insertion: str) -> Edit:
    """Insert right behind the character before offset `end` of `text`."""
    at = text.source_end(end)
    return Edit(at, at, insertion)


def word_after(run: Run, word: Word, insertion: str) -> Edit:
    """Insert the word `insertion` behind `word`."""
    return after(run.text, word.end, f" {insertion}")


def replace_word(run: Run, word: Word, text: str) -> Edit:
    """Put `text` in the place of `word`."""
    span = run.span(word.start, word.end)
    return Edit(span.start, span.end, text)


def cut(file: Dockerfile, instruction: Instruction, text: Logical, start: int, end: int) -> tuple[Edit, ...] | None:
    """Take out the characters from `start` to `end` of `text`, and the lines that are left empty by it.

    Returns None where a comment would be lost, or where the first line would lose everything but its keyword.
    """
    source = file.source
    if not text.text[end:].strip():
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
            if behind[:1] in (" ", "\t") and (not before or before[-1] in " \t"):
                stop += len(behind) - len(behind.lstrip(" \t"))
                if source.text[stop : stop + 1] == file.escape and before.strip():
                    stop -= 1
            edits.append(Edit(begin, stop, ""))
    return tuple(edits)


def _lines(text: Logical, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of the range that lie on one physical line each."""
    bounds = [start, *(offset for offset, _ in text.pieces if start < offset < end), end]
    parts = []
    for begin, stop in zip(bounds, bounds[1:], strict=False):
        for line in _split_lines(text.text, begin, stop):
            parts.append(line)
    return [(begin, stop) for begin, stop in parts if text.text[begin:stop].strip()]


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


def cut_step(file: Dockerfile, run: Run, parent: Statement, index: int) -> tuple[Edit, ...] | None:
    """Take member `index` out of the list `parent` (a `&&` list or a sequence), with the operator that joins it.

    Returns None where nothing would be left, or a comment would be lost.
    """
    step, operators = parent.children[index], parent.operators
    if len(parent.children) < 2:
        return None
    previous = operators[index - 1] if index else None
    following = operators[index] if index < len(operators) else None

    def same_line(a: int, b: int) -> bool:
        line = file.source.line
        return line(run.text.source(a)) == line(run.text.source(b))

    if previous and (following is None or same_line(previous.start, step.start)):
        start, end = previous.start, step.end
    elif following:
        start, end = step.start, following.end
    else:
        start, end = step.start, step.end
    return cut(file, run.instruction, run.text, start, end)


def cut_instruction(file: Dockerfile, instruction: Instruction) -> tuple[Edit, ...] | None:
    """Take out a whole instruction with its lines; None where comments inside it would be lost."""
    if instruction.comments:
        return None
    starts = file.source.line_starts
    first = starts[instruction.first_line - 1]
    end = starts[instruction.last_line] if instruction.last_line < len(starts) else len(file.source.text)
    return (Edit(max(first, 1 if first == 0 and file.source.text.startswith("\ufeff") else first), end, ""),)


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


def append_step(file: Dockerfile, run: Run, command: str) -> Edit | None:
    """Add `&& command` behind the last step of a RUN, in its own layout; None where `no_append` has a reason."""
    if no_append(run.script):
        return None
    text = run.text.text.rstrip()
    at = run.text.source_end(len(text))
    if run.instruction.heredocs:
        return Edit(at, at, f" && {command}")
    source = file.source
    # An instruction that trails off into continued comments has no end of its own to add to.
    if source.text[at : run.instruction.span.end].strip():
        return None
    first, last = run.instruction.first_line, source.line(at)
    newline = f" {file.escape}{source.newline}"
    if first == last:
        line = source.line_text(first)
        if len(line) + len(command) + 4 <= _WIDTH:
            return Edit(at, at, f" && {command}")
        return Edit(at, at, f"{newline}    && {command}")
    lines = [source.line_text(number) for number in range(first + 1, last + 1)]
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    leading = next((line for line in reversed(lines) if line.lstrip().startswith("&&")), None)
    if leading is not None:
        operator = leading[leading.index("&&") + 2 :]
        gap = operator[: len(operator) - len(operator.lstrip())] or " "
        return Edit(at, at, f"{newline}{_indent(leading)}&&{gap}{command}")
    bodies = [line.rstrip().removesuffix(file.escape).rstrip() for line in (source.line_text(first), *lines)]
    if any(body.endswith("&&") for body in bodies):
        start = source.line(run.text.source(_last_step(run.script).start))
        indent = _indent(source.line_text(start)) if start > first else _indent(lines[0])
        return Edit(at, at, f" &&{newline}{indent}{command}")
    indent = min((_indent(line) for line in lines), key=len) or "    "
    return Edit(at, at, f"{newline}{indent}&& {command}")


def _last_step(script: Script) -> Statement:
    last = script.root.children[-1]
    return last.children[-1] if last.kind == "list" else last


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
