"""The search for the transforms to leave out: all culprits, no other, in few trials."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from rewriter.verify.leaving_out import Failure, left_out


class Trials:
    """A rewrite that fails where the changes of all `culprits` of one group are in it; it counts what is tried."""

    def __init__(self, names: Sequence[str], groups: Collection[frozenset[str]]) -> None:
        self.names = names
        self.groups = groups
        self.count = 0

    def failure(self, names: Collection[str]) -> Failure | None:
        there = [group for group in self.groups if group <= set(names)]
        return Failure("RUN true", 1, " ".join(sorted(there[0]))) if there else None

    def only(self, names: Collection[str]) -> Failure | None:
        self.count += 1
        return self.failure(names)

    def without(self, names: Collection[str]) -> tuple[Sequence[str], Failure | None]:
        self.count += 1
        rest = [name for name in self.names if name not in names]
        return rest, self.failure(rest)

    def left_out(self) -> list[str]:
        failure = self.failure(self.names)
        assert failure is not None
        return [each.transform for each in left_out(self.names, failure, self.only, self.without)]


def _names(count: int) -> list[str]:
    return [f"t{number}" for number in range(count)]


@given(st.integers(1, 40), st.data())
def test_one_culprit_is_found_in_few_trials(count: int, data: st.DataObject) -> None:
    names = _names(count)
    culprit = data.draw(st.sampled_from(names))
    trials = Trials(names, [frozenset({culprit})])
    assert trials.left_out() == [culprit]
    assert trials.count <= ceil(log2(count)) + 1


@given(st.integers(2, 20), st.data())
def test_nothing_that_fails_is_left_in(count: int, data: st.DataObject) -> None:
    names = _names(count)
    groups = data.draw(st.lists(st.frozensets(st.sampled_from(names), min_size=1, max_size=3), min_size=1, max_size=3))
    trials = Trials(names, groups)
    out = trials.left_out()
    assert trials.failure([name for name in names if name not in out]) is None
    assert all(any(name in group for group in groups) for name in out)


def test_of_two_that_fail_together_one_stays() -> None:
    trials = Trials(_names(8), [frozenset({"t2", "t5"})])
    assert trials.left_out() == ["t5"]


def test_the_message_is_that_of_the_culprit() -> None:
    trials = Trials(_names(4), [frozenset({"t1"}), frozenset({"t3"})])
    failure = trials.failure(trials.names)
    assert failure is not None
    found = left_out(trials.names, failure, trials.only, trials.without)
    assert [(each.transform, each.message) for each in found] == [("t1", "t1"), ("t3", "t3")]
