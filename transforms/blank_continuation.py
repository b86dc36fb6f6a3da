r"""A blank line inside a continued instruction.

What: removes blank lines between the continued lines of one instruction; comments stay.

Why: Docker skips such a line today, warns of it, and says that it will refuse it one day.

Before:

    FROM debian:12
    RUN apt-get update \

        && apt-get install -y curl

After:

    FROM debian:12
    RUN apt-get update \
        && apt-get install -y curl

Level: safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Change, Declined, Edit, Span
from rewriter.facts import Facts
from rewriter.syntax.reader import INSTRUCTIONS
from rewriter.syntax.tree import Dockerfile, Instruction


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each instruction with blank lines in it."""
    del facts
    for instruction in file.instructions:
        if not instruction.blanks:
            continue
        swallowed = _swallowed(file, instruction)
        if swallowed is not None:
            keyword = file.text(swallowed).split()[0]
            reason = f"{keyword} is read as a part of {instruction.keyword}; end the line above the blank one instead"
            yield Declined(reason, swallowed)
            continue
        message = f"a blank line inside {instruction.keyword}, which Docker will refuse one day"
        edits = tuple(_without(file, blank) for blank in instruction.blanks)
        yield Change(message, edits, instruction.span)


def _swallowed(file: Dockerfile, instruction: Instruction) -> Span | None:
    """A line behind a blank one that looks like an instruction: the blank line was meant to end the one above."""
    source = file.source
    lines = {source.line(blank.start) for blank in instruction.blanks}
    starts = [*source.line_starts, len(source.text)]
    for number in range(instruction.first_line + 1, instruction.last_line + 1):
        words = source.line_text(number).split(None, 1)
        if number - 1 in lines and len(words) == 2 and words[0] in INSTRUCTIONS:
            return Span(starts[number - 1], starts[number])
        if words and words[0].startswith("#") and number - 1 in lines:
            lines.add(number)
    return None


def _without(file: Dockerfile, blank: Span) -> Edit:
    """Take out the line of `blank` with the newline in front of it, so that the file ends as before."""
    return Edit(len(file.source.text[: blank.start].removesuffix("\n").removesuffix("\r")), blank.end, "")
