"""Which transforms to leave out of a rewrite that does not hold, in few builds.

Delta debugging over the chain: the changes of the first half of the transforms are tried alone, and so on, until one
transform is found with which they fail and without which they pass; that is log2(n) trials for n transforms. Then all
but that one are tried, and the search goes on where they fail, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from rewriter.verify.model import LeftOut


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a rewrite does not hold: the fields of `rewriter.verify.model.LeftOut`."""

    step: str
    line: int | None
    message: str


# Tries the changes of these transforms alone; None where they hold.
Only = Callable[[Collection[str]], Failure | None]
# Tries the rewrite without these transforms: whose changes it has then, in the order of the chain, and its failure.
Without = Callable[[Collection[str]], tuple[Sequence[str], Failure | None]]


def left_out(changed: Sequence[str], failure: Failure, only: Only, without: Without) -> tuple[LeftOut, ...]:
    """Return the transforms to leave out, so that the rest holds (or nothing is left).

    `changed` are the transforms whose changes the failing rewrite has, in the order of the chain; `failure` is its own.
    """
    found: list[LeftOut] = []
    rest: tuple[Sequence[str], Failure | None] = changed, failure
    while rest[1] is not None and rest[0]:
        name, why = _culprit(rest[0], rest[1], only)
        found.append(LeftOut(name, why.step, why.line, why.message))
        rest = without([each.transform for each in found])
    return tuple(found)


def _culprit(changed: Sequence[str], failure: Failure, only: Only) -> tuple[str, Failure]:
    """The transform whose changes make those of all before it fail, and how they fail."""
    passes, fails = 0, len(changed)
    while fails - passes > 1:
        middle = (passes + fails) // 2
        if why := only(changed[:middle]):
            fails, failure = middle, why
        else:
            passes = middle
    return changed[fails - 1], failure
