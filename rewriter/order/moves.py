"""Edits that move whole instructions, with the comments directly above them, to another place in their file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rewriter.change import Edit
from rewriter.syntax.tree import Dockerfile, Instruction, Trivia


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines: those of instructions that stand together, their comments, and the blank lines between them."""

    start: int
    end: int


def move(
    file: Dockerfile,
    instructions: Sequence[Instruction],
    *,
    before: Instruction | None = None,
    behind: Instruction | None = None,
) -> tuple[Edit, ...] | None:
    """Move `instructions`, in their order, above the instruction `before` and its comments, or below `behind`.

    A blank line that stood between what is moved and what it passes stays between the two. None where the text of an
    instruction is not complete in its own lines, so that it would run into the next one.
    """
    moved = sorted(instructions, key=lambda instruction: instruction.span.start)
    target = before or behind
    if not moved or target is None or target in moved or any(unfinished(file, each) for each in (*moved, target)):
        return None
    source = file.source
    blocks = _blocks(file, moved)
    text = "".join(_closed(file, block) for block in blocks)
    at = block_start(file, target) if before else _end(file, target)
    newline = source.newline
    if behind is not None:
        text = newline + text if _blank_above(file, blocks[0].start) else text
    elif at < blocks[0].start:
        text += newline if _blank_above(file, blocks[0].start) else ""
    elif _blank_above(file, at) and _blank_below(file, blocks[-1].end):
        text += newline
    if at == len(source.text) and not source.text.endswith("\n"):
        text = newline + text.removesuffix(newline)
    edits = [_gone(file, block) for block in blocks]
    if any(edit.start < at < edit.end for edit in edits):
        return None
    return (*edits, Edit(at, at, text))


def block_start(file: Dockerfile, instruction: Instruction) -> int:
    """Where the lines of an instruction begin, with the comments directly above it: no blank line is between."""
    comments = {
        file.source.line(item.span.start) for item in file.items if isinstance(item, Trivia) and item.kind == "comment"
    }
    number = instruction.first_line
    while number - 1 in comments:
        number -= 1
    return file.source.line_starts[number - 1]


def unfinished(file: Dockerfile, instruction: Instruction) -> bool:
    """Whether the instruction ends in a line that Docker continues or drops."""
    last = file.source.line_text(instruction.last_line).strip()
    if instruction.heredocs:
        return False
    return last.endswith(file.escape) or last.startswith("#") or not last


def _blocks(file: Dockerfile, instructions: Sequence[Instruction]) -> list[_Block]:
    blocks: list[_Block] = []
    for instruction in instructions:
        block = _Block(block_start(file, instruction), _end(file, instruction))
        if blocks and not file.source.text[blocks[-1].end : block.start].strip():
            blocks[-1] = _Block(blocks[-1].start, block.end)
        else:
            blocks.append(block)
    return blocks


def _end(file: Dockerfile, instruction: Instruction) -> int:
    """Where the line behind an instruction begins."""
    starts = file.source.line_starts
    return starts[instruction.last_line] if instruction.last_line < len(starts) else len(file.source.text)


def _closed(file: Dockerfile, block: _Block) -> str:
    text = file.source.text[block.start : block.end]
    return text if text.endswith("\n") else text + file.source.newline


def _blank_above(file: Dockerfile, at: int) -> bool:
    number = file.source.line(at) - 1
    return number > 0 and not file.source.line_text(number).strip()


def _blank_below(file: Dockerfile, at: int) -> bool:
    """Whether the line that begins at `at` is blank; the end of the file is none."""
    return at < len(file.source.text) and not file.source.line_text(file.source.line(at)).strip()


def _gone(file: Dockerfile, block: _Block) -> Edit:
    """Take a block out; of the blank lines around it one goes, and the file ends as it did."""
    source = file.source
    if not source.text[block.end :].strip():
        start = len(source.text[: block.start].rstrip("\r\n"))
        start += len(source.newline) if source.text.endswith("\n") else 0
        return Edit(min(start, block.start), len(source.text), "")
    end = block.end
    if _blank_above(file, block.start) and _blank_below(file, end):
        end = source.line_starts[source.line(end)]
    return Edit(block.start, end, "")
