"""Two lists of steps side by side: which step after a rewrite is which one before it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rewriter.layers import Layer

# The part of their words that two steps must share to be the same one, edited.
_ALIKE = 0.4
# Steps of one keyword in one stage that are compared with one another; more than that are nobody's Dockerfile.
_COMPARED = 200
_APART = re.compile(r"[\s=\"/]+")
_SAME_KEYWORD = {"ADD": "COPY", "MAINTAINER": "LABEL"}


@dataclass(frozen=True, slots=True)
class Row:
    """One step: as it was, as it is, or both. `moved` is -1 where it went up, 1 where it went down, else 0."""

    before: Layer | None
    after: Layer | None
    moved: int = 0

    @property
    def layer(self) -> Layer:
        """The step as it is or, where it is gone, as it was."""
        found = self.after or self.before
        assert found is not None
        return found


def align(before: Sequence[Layer], after: Sequence[Layer]) -> list[Row]:
    """The steps in the order of `after`; those that are gone follow what stood above them."""
    origin = dict(_pairs(before, after))
    staying = _longest_rise([origin[at] for at in range(len(after)) if at in origin])
    old_order = sorted(staying)
    new_order = sorted(new for new, old in origin.items() if old in staying)
    behind: dict[int, list[Row]] = defaultdict(list)
    anchor, places = -1, {old: new for new, old in origin.items()}
    for old, layer in enumerate(before):
        if old not in places:
            behind[anchor].append(Row(layer, None))
        elif old in staying:
            anchor = places[old]
    rows = behind[-1]
    for at, layer in enumerate(after):
        previous = origin.get(at)
        if previous is None:
            rows.append(Row(None, layer))
        else:
            # Up or down is seen from the steps that stay: how many of them are above it now, and were before.
            shift = bisect_left(new_order, at) - bisect_left(old_order, previous)
            rows.append(Row(before[previous], layer, 0 if previous in staying else -1 if shift < 0 else 1))
        rows += behind.get(at, [])
    return rows


def _pairs(before: Sequence[Layer], after: Sequence[Layer]) -> Iterator[tuple[int, int]]:
    """The steps that are the same: places in `after` with places in `before`. Equal texts first, then alike ones."""
    stages = {len({layer.stage for layer in layers}) for layers in (before, after)}
    open_before: dict[object, list[int]] = defaultdict(list)
    for at, layer in enumerate(before):
        open_before[_key(layer, len(stages) == 1), layer.text].append(at)
    left: list[int] = []
    for at, layer in enumerate(after):
        same = open_before.get((_key(layer, len(stages) == 1), layer.text))
        if same:
            yield at, same.pop(0)
        else:
            left.append(at)
    rest: dict[object, list[int]] = defaultdict(list)
    for old in sorted(old for places in open_before.values() for old in places):
        rest[_key(before[old], len(stages) == 1)].append(old)
    news: dict[object, list[int]] = defaultdict(list)
    for at in left:
        news[_key(after[at], len(stages) == 1)].append(at)
    for key, places in news.items():
        scored = sorted(
            (-_alike(before[old].text, after[new].text), abs(old - new), new, old)
            for new in places[:_COMPARED]
            for old in rest[key][:_COMPARED]
        )
        taken: set[tuple[str, int]] = set()
        for score, _, new, old in scored:
            if -score >= _ALIKE and ("new", new) not in taken and ("old", old) not in taken:
                taken |= {("new", new), ("old", old)}
                yield new, old


def _key(layer: Layer, by_stage: bool) -> tuple[str, int]:
    keyword = layer.text.partition(" ")[0]
    return _SAME_KEYWORD.get(keyword, keyword), layer.stage if by_stage else 0


def _alike(one: str, other: str) -> float:
    """How much of the shorter step is in the longer one; more, the nearer they are in length. A stage has one FROM."""
    if one.startswith("FROM "):
        return 1.0
    first, second = _words(one), _words(other)
    common = sum((first & second).values())
    few, many = sorted((sum(first.values()), sum(second.values())))
    return 0.7 * common / few + 0.3 * common / many if few else float(one == other)


@lru_cache(maxsize=1024)
def _words(text: str) -> Counter[str]:
    return Counter(_APART.split(text.lower())[1:])


def _longest_rise(numbers: Sequence[int]) -> frozenset[int]:
    """A longest part of `numbers` (all different) that rises: the steps that keep their order."""
    ends: list[int] = []  # by length: the lowest number that a rise of that length ends with
    previous: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(ends, number)
        previous[number] = ends[at - 1] if at else None
        ends[at : at + 1] = [number]
    found: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = previous[last]
    return frozenset(found)
