"""The patterns of `.dockerignore` as small automata: what a pattern matches, and how the languages of two compare.

Source: https://github.com/moby/patternmatcher (v0.6), which turns each pattern into a comparison with a text, a prefix
or a suffix, or into a Go regular expression; the oddities below are its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

# A regular expression with more unbounded parts than these could take too long on a hostile path.
_LOOPS = 2
# What two patterns that are compared may hold, and the pairs of states that are looked at before it is given up.
_ATOMS = 150
_COMPARED_LOOPS = 8
_PAIRS = 800
# Transitions that a pattern keeps.
_KEPT = 20_000


class BadPattern(ValueError):
    """A pattern that Docker refuses, or reads in a way that nobody means by it."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One part of a pattern: a set of characters (all but `ranges`, where negated), once or any number of times.

    One with `skip` takes no character: the way goes on behind it, or behind as many parts, itself the first of them.
    """

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False
    loop: bool = False
    skip: int = 0

    def takes(self, point: int) -> bool:
        return any(low <= point <= high for low, high in self.ranges) is not self.negated

    @property
    def regex(self) -> str:
        match self.ranges, self.negated:
            case (), True:
                one = "."
            case ((low, high),), False if low == high:
                one = re.escape(chr(low))
            case _:
                inner = "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in self.ranges)
                one = f"[{'^' if self.negated else ''}{inner}]"
        return f"{one}*" if self.loop else one


_SLASH = ((ord("/"), ord("/")),)
_STAR = Atom(_SLASH, negated=True, loop=True)
_MARK = Atom(_SLASH, negated=True)
_ALL = Atom((), negated=True, loop=True)
_DEEP = (Atom((), skip=3), _ALL, Atom(_SLASH))


@dataclass(frozen=True)
class Glob:
    """A pattern that is compared with a whole path."""

    atoms: tuple[Atom, ...]

    @cached_property
    def literal(self) -> str | None:
        """The one path that matches, where there is only one."""
        if any(atom.loop or atom.negated or [low for low, high in atom.ranges if low != high] for atom in self.atoms):
            return None
        return self.shortest if all(len(atom.ranges) == 1 for atom in self.atoms) else None

    @cached_property
    def shortest(self) -> str:
        """A path that matches with as little as there can be for each wildcard (it may have empty names)."""
        needed, at = [], 0
        while at < len(self.atoms):
            atom = self.atoms[at]
            if not atom.skip and not atom.loop:
                needed.append(next(chr(c) for c in (97, *(low for low, _ in atom.ranges), 1, 2) if atom.takes(c)))
            at += atom.skip or 1
        return "".join(needed)

    @cached_property
    def loops(self) -> int:
        return sum(atom.loop for atom in self.atoms)

    @cached_property
    def regex(self) -> str | None:
        """The same as a regular expression; None where that could be slow."""
        if self.loops > _LOOPS:
            return None
        parts = [atom.regex for atom in self.atoms]
        for index, atom in enumerate(self.atoms):
            if atom.skip:
                parts[index] = "(?:"
                parts[index + atom.skip - 1] += ")?"
        return "".join(parts)

    @cached_property
    def _moves(self) -> dict[tuple[int, str], int]:
        return {}

    @cached_property
    def start(self) -> int:
        """The states before the first character, one bit for each."""
        return self._closed(1)

    def accepts(self, states: int) -> bool:
        return bool(states >> len(self.atoms) & 1)

    def step(self, states: int, char: str) -> int:
        """The states after `char`."""
        if (known := self._moves.get((states, char))) is not None:
            return known
        point, after = ord(char), 0
        for index, atom in enumerate(self.atoms):
            if states >> index & 1 and atom.takes(point):
                after |= 1 << (index if atom.loop else index + 1)
        if len(self._moves) > _KEPT:
            self._moves.clear()
        self._moves[states, char] = after = self._closed(after)
        return after

    def matches(self, path: str) -> bool:
        """Whether the whole of `path` matches, in time that grows with its length alone."""
        states = self.start
        for char in path:
            states = self.step(states, char)
            if not states:
                return False
        return self.accepts(states)

    def _closed(self, states: int) -> int:
        for index, atom in enumerate(self.atoms):
            if states >> index & 1:
                states |= (1 << index + 1) * (atom.loop or atom.skip > 0) | (1 << index + atom.skip)
        return states

    @property
    def points(self) -> set[int]:
        """Where the code points begin that this pattern tells from those before them."""
        return {point for atom in self.atoms for low, high in atom.ranges for point in (low, high + 1)}


def read(pattern: str) -> Glob:
    """The cleaned `pattern` (no `!`, no leading `/`). Raises `BadPattern`."""
    atoms: list[Atom] = []
    kind: Literal["text", "prefix", "suffix", "expression"] = "text"
    at = 0
    while at < len(pattern):
        first, char = at == 0, pattern[at]
        at += 1
        if pattern.startswith("**", at - 1):
            at += 2 if pattern.startswith("/", at + 1) else 1
            if at >= len(pattern):
                kind = "prefix" if kind == "text" else "expression"
                atoms.append(_ALL)
            else:
                kind = "expression"
                atoms += _DEEP
            kind = "suffix" if first else kind
            continue
        match char:
            case "*" | "?":
                kind = "expression"
                atoms.append(_STAR if char == "*" else _MARK)
            case "\\":
                kind = "expression"
                char, at = _escaped(pattern, at)
                atoms.append(_only(char))
            case "[":
                kind = "expression"
                atom, at = _class(pattern, at)
                atoms.append(atom)
            case "]":
                kind = "expression"
                atoms.append(_only(char))
            case _:
                atoms.append(_only(char))
    if kind == "suffix" and atoms[0].skip and not pattern.startswith("**/"):
        atoms[:3] = [_ALL]  # `**` with nothing but a text behind it: the path ends with that text
    return Glob(tuple(atoms))


def below(glob: Glob) -> Glob:
    """What `glob` matches and all that lies below it."""
    return Glob((*glob.atoms, Atom((), skip=3), Atom(_SLASH), _ALL))


def includes(wide: Glob, narrow: Glob) -> bool:
    """Whether every path that `narrow` matches is matched by `wide`. False where that would take too long to tell."""
    return _comparable(wide, narrow) and all(
        wide.accepts(left) or not narrow.accepts(right) for left, right in _together(wide, narrow)
    )


def meets(one: Glob, other: Glob) -> bool:
    """Whether a path can match both. True where that would take too long to tell."""
    return not _comparable(one, other) or any(
        one.accepts(left) and other.accepts(right) for left, right in _together(one, other)
    )


def above(glob: Glob, other: Glob) -> bool:
    """Whether a path that `glob` matches can be a folder on the way to one that `other` matches."""
    return meets(Glob((*glob.atoms, Atom(_SLASH), _ALL)), other)


def _comparable(*pair: Glob) -> bool:
    return all(len(glob.atoms) <= _ATOMS and glob.loops <= _COMPARED_LOOPS for glob in pair)


def _together(one: Glob, other: Glob) -> Iterator[tuple[int, int]]:
    """The states of both after each path there can be, once each; all states at once where there are too many."""
    letters = [chr(point) for point in {1, *one.points, *other.points} if 0 < point < 0x110000 and point != ord("\n")]
    # A path has no empty names: whether the last character was a slash is part of the state.
    first = (one.start, other.start, True)
    seen, todo = {first}, [first]
    while todo:
        left, right, slash = todo.pop()
        if not slash:
            yield left, right
        for letter in letters:
            if letter == "/" and slash:
                continue
            after = (one.step(left, letter), other.step(right, letter), letter == "/")
            if after[1] and after not in seen:
                seen.add(after)
                todo.append(after)
        if len(seen) > _PAIRS:
            # One that is not included, and one that is shared: the answers for what is not known.
            yield 0, 1 << len(other.atoms)
            yield 1 << len(one.atoms), 1 << len(other.atoms)
            return


def _only(char: str) -> Atom:
    return Atom(((ord(char), ord(char)),))


def _escaped(pattern: str, at: int) -> tuple[str, int]:
    r"""The character behind a `\`. Before a letter, Docker sees a class of its expressions (`\d`), or an error."""
    char = pattern[at : at + 1]
    if not char or char.isalnum() or not char.isascii():
        raise BadPattern(f"`\\{char}` is no escape")
    return char, at + 1


def _class(pattern: str, at: int) -> tuple[Atom, int]:
    """The `[…]` that begins before `at`, and where it ends. `*`, `?` and `[` inside of one confuse Docker."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[tuple[int, int]] = []
    while not (ranges and pattern.startswith("]", at)):
        low, at = _member(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _member(pattern, at + 1)
        if low > high:
            raise BadPattern("a range in `[…]` runs backwards")
        ranges.append((ord(low), ord(high)))
    return Atom(tuple(ranges), negated=negated), at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    match pattern[at : at + 1]:
        case "\\":
            return _escaped(pattern, at + 1)
        case "" | "-" | "]" | "*" | "?" | "[" as char:
            raise BadPattern(f"`{char}` cannot stand there in `[…]`" if char else "`[` is not closed")
        case char:
            return char, at + 1
