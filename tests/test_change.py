"""Edits: applying them, keeping them apart, and finding the way back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rewriter.change import Alters, Edit, Evidence, Level, Taken, apply, level_of
from rewriter.gate import Moves

TEXT = "abcdefghij"
EDITS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 3), st.sampled_from(["", "X", "YZ"])).map(
        lambda parts: Edit(parts[0], min(10, parts[0] + parts[1]), parts[2])
    ),
    max_size=5,
)


def kept_apart(edits: list[Edit]) -> list[Edit]:
    taken = Taken()
    return [edit for edit in edits if taken.take((edit,))]


def slowly_free(edit: Edit, others: list[Edit]) -> bool:
    """The definition: no shared character, no insertion inside, no second edit of the same empty place."""
    for other in others:
        if (edit.start, edit.end) == (other.start, other.end):
            return False
        if edit.start < other.end and other.start < edit.end:
            return False
    return True


@settings(max_examples=400, deadline=None, derandomize=True)
@given(EDITS)
def test_taken_places(edits: list[Edit]) -> None:
    expected: list[Edit] = []
    for edit in edits:
        if slowly_free(edit, expected):
            expected.append(edit)
    assert kept_apart(edits) == expected


@settings(max_examples=400, deadline=None, derandomize=True)
@given(EDITS)
def test_moves_know_the_way(edits: list[Edit]) -> None:
    apart = kept_apart(edits)
    result, moves = apply(TEXT, apart), Moves(apart)
    replaced = {at for edit in apart for at in range(edit.start, edit.end)}
    for at in range(len(TEXT)):
        assert moves.touches(at, at + 1) == (at in replaced)
        if at not in replaced:
            assert result[moves.forward(at)] == TEXT[at]
            assert moves.back(moves.forward(at)) == at
    for start in range(9):
        inside = any(e.start == e.end and start < e.start < start + 2 for e in apart)
        assert moves.touches(start, start + 2) == (inside or bool({start, start + 1} & replaced))


def test_all_or_none() -> None:
    taken = Taken()
    assert taken.take((Edit(0, 2, ""), Edit(4, 4, "x")))
    assert not taken.take((Edit(6, 7, ""), Edit(1, 3, "")))
    assert taken.take((Edit(6, 7, ""),))


def test_levels_follow_from_what_is_altered_and_proven() -> None:
    assert level_of(Alters.KEPT, proven=True) is Level.SAFE
    assert level_of(Alters.KEPT, proven=False) is Level.STANDARD
    assert level_of(Alters.FILES, proven=True) is Level.STANDARD
    assert level_of(Alters.USER, proven=False) is Level.AGGRESSIVE
    assert [Level.parse(level.label) for level in Level] == list(Level)


def test_evidence_says_where() -> None:
    assert str(Evidence("a", 3)) == "line 3: a"
    assert str(Evidence("a", 3, "package.json")) == "package.json:3: a"
    assert str(Evidence("a")) == "a"
