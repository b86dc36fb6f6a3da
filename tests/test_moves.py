"""Whole instructions on their way through a file: comments, blank lines, newlines and here-documents."""

from __future__ import annotations

import pytest

from rewriter.change import apply
from rewriter.order.moves import move
from rewriter.source import Source
from rewriter.syntax.reader import read


def moved(text: str, *places: int, before: int | None = None, behind: int | None = None) -> str | None:
    """`text` with the instructions at `places` (counted from 0) moved."""
    file = read(Source(text))
    steps = file.instructions
    edits = move(
        file,
        [steps[place] for place in places],
        before=None if before is None else steps[before],
        behind=None if behind is None else steps[behind],
    )
    return None if edits is None else apply(text, edits)


def test_with_the_comments_directly_above() -> None:
    text = "FROM a\n# files\nCOPY . .\n\n# not this\n\n# tools\n# of the trade\nRUN x \\\n  # why\n  y\nCMD z\n"
    assert moved(text, 2, before=1) == (
        "FROM a\n# tools\n# of the trade\nRUN x \\\n  # why\n  y\n\n# files\nCOPY . .\n\n# not this\n\nCMD z\n"
    )


def test_comments_inside_the_instruction_above_stay_there() -> None:
    text = "FROM a\nCOPY . .\nRUN x \\\n# inside\n  y\nRUN z\n"
    assert moved(text, 3, before=1) == "FROM a\nRUN z\nCOPY . .\nRUN x \\\n# inside\n  y\n"


def test_blank_lines_stay_between() -> None:
    text = "FROM a\n\nCOPY . .\n\nRUN x\n\nRUN y\n"
    assert moved(text, 2, before=1) == "FROM a\n\nRUN x\n\nCOPY . .\n\nRUN y\n"
    assert moved(text.replace(".\n\n", ".\n"), 2, before=1) == "FROM a\n\nRUN x\nCOPY . .\n\nRUN y\n"
    assert moved("FROM a\nARG B\n\nRUN x\n\nCMD y\n", 1, before=3) == "FROM a\n\nRUN x\n\nARG B\n\nCMD y\n"


def test_several_that_stand_together() -> None:
    text = "FROM a\nCOPY . .\nRUN x\n\n# y\nRUN y\nRUN z\n"
    assert moved(text, 2, 3, before=1) == "FROM a\nRUN x\n\n# y\nRUN y\nCOPY . .\nRUN z\n"


def test_several_that_stand_apart() -> None:
    text = "FROM a\nCOPY . .\nRUN x\nRUN y\nRUN z\n"
    assert moved(text, 2, 4, before=1) == "FROM a\nRUN x\nRUN z\nCOPY . .\nRUN y\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["\n", ""])
def test_newlines_stay_as_they_are(newline: str, last: str) -> None:
    text = ("FROM a\nCOPY . .\n\nRUN x" + last).replace("\n", newline)
    assert moved(text, 2, before=1) == ("FROM a\nRUN x\n\nCOPY . ." + last).replace("\n", newline)
    assert moved(text, 1, behind=2) == ("FROM a\n\nRUN x\nCOPY . ." + last).replace("\n", newline)


def test_here_documents_move_as_a_whole() -> None:
    text = "FROM a\nCOPY . .\nRUN <<EOF\n# not a comment\nx \\\n\nEOF\nCMD y\n"
    assert moved(text, 2, before=1) == "FROM a\nRUN <<EOF\n# not a comment\nx \\\n\nEOF\nCOPY . .\nCMD y\n"
    assert moved(text, 1, behind=2) == "FROM a\nRUN <<EOF\n# not a comment\nx \\\n\nEOF\nCOPY . .\nCMD y\n"


def test_behind_another() -> None:
    assert moved("FROM a\nARG B\nRUN x\n\nCMD y\n", 1, behind=2) == "FROM a\nRUN x\nARG B\n\nCMD y\n"


@pytest.mark.parametrize("end", [" \\", " \\\n", " \\\n# trailing\n", " \\\n\n"])
def test_an_open_end_stays_where_it_is(end: str) -> None:
    text = f"FROM a\nCOPY . .\nRUN x{end}"
    assert moved(text, 2, before=1) is None
    assert moved(text, 1, behind=2) is None


def test_nothing_moves_to_itself() -> None:
    text = "FROM a\nRUN x\nRUN y\n"
    assert moved(text, before=1) is None
    assert moved(text, 1, before=1) is None
    assert moved(text, 1) is None
