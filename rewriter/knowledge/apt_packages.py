"""Which packages an `apt-get install` would no longer bring with `--no-install-recommends`.

The data are `apt_packages/<release>.json`, made by `build_apt_table.py` from Debian's own package indices: for each
package its Installed-Size and what it depends on and recommends. Here they are followed as apt follows them (apt's
manual pages: the first alternative that can be had, unless another one is installed or about to be). Conflicts are
not followed. A table holds no foreign architecture, and of Debian's packages only those that may be asked for in a
Dockerfile, so names can be unknown.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from rewriter.knowledge import FOLDER

Clause = tuple[int, ...]
"""The packages of which one is wanted, in the order in which apt tries them."""

_TABLES = FOLDER / "apt_packages"
_DEBIAN = {"8": "jessie", "9": "stretch", "10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie"}
_NATIVE = ("amd64", "any", "native")
_UBUNTU = {
    "14.04": "trusty",
    "16.04": "xenial",
    "18.04": "bionic",
    "18.10": "cosmic",
    "19.04": "disco",
    "19.10": "eoan",
    "20.04": "focal",
    "20.10": "groovy",
    "21.04": "hirsute",
    "21.10": "impish",
    "22.04": "jammy",
    "22.10": "kinetic",
    "23.04": "lunar",
    "23.10": "mantic",
    "24.04": "noble",
    "24.10": "oracular",
    "25.04": "plucky",
    "25.10": "questing",
}
# An Ubuntu release is a copy of Debian unstable, so the next Debian release is the one that it resembles most. Debian
# releases without a table (they are no longer on the mirrors) are represented by the next one that has one.
_NEAREST = {
    **dict.fromkeys(("jessie", "stretch", "buster", "bullseye"), "bullseye"),
    **dict.fromkeys(("bookworm",), "bookworm"),
    **dict.fromkeys(("trixie",), "trixie"),
    **dict.fromkeys(("trusty", "xenial", "bionic", "cosmic", "disco", "eoan", "focal", "groovy"), "bullseye"),
    **dict.fromkeys(("hirsute", "impish", "jammy", "kinetic", "lunar"), "bookworm"),
    **dict.fromkeys(("mantic", "noble", "oracular", "plucky", "questing"), "trixie"),
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """What `--no-install-recommends` leaves out."""

    packages: tuple[str, ...]
    """Recommended packages that would no longer be installed, with what only they need; the largest first."""
    size: int
    """Their Installed-Size together, in kB of 1,024 bytes, as Debian gives it."""
    unknown: tuple[str, ...]
    """Requested names that the table does not know; with any, `packages` is a lower bound."""
    recommended: frozenset[str]
    """Those of `packages` that a package which stays recommends itself; the others only serve these."""


@dataclass(frozen=True, slots=True)
class Table:
    """The packages of one release; one is meant by its place in `names` and `lines` (`size depends recommends`)."""

    date: str
    base: frozenset[str]
    virtual: Mapping[str, str]
    index: str
    """The names, with a blank on both sides of each: few are ever looked up, so that a search beats a dictionary."""
    names: Sequence[str]
    lines: Sequence[str]
    found: dict[str, int | None] = field(default_factory=dict, compare=False)
    read: dict[int, tuple[Sequence[Clause], Sequence[Clause]]] = field(default_factory=dict, compare=False)

    def name(self, place: int) -> str:
        """The name of the package at `place`."""
        return self.names[place]

    def size(self, place: int) -> int:
        """The Installed-Size of the package at `place`, in kB."""
        return int(self.lines[place].split(" ", 1)[0])

    def clauses(self, place: int) -> tuple[Sequence[Clause], Sequence[Clause]]:
        """What the package at `place` depends on and recommends, beyond the base set."""
        if place not in self.read:
            _, depends, recommends = self.lines[place].split(" ")
            self.read[place] = _clauses(depends), _clauses(recommends)
        return self.read[place]

    def find(self, name: str) -> int | None:
        """The place of the package `name`, or of the only one that provides it."""
        if name not in self.found:
            at = self.index.find(f" {self.virtual.get(name, name)} ")
            self.found[name] = None if at < 0 else self.index.count(" ", 0, at)
        return self.found[name]


def _clauses(text: str) -> list[Clause]:
    return [tuple(map(int, clause.split("|"))) for clause in text.split(",")] if text else []


def read_table(text: str) -> Table:
    """Return the table that the JSON `text` holds; see `build_apt_table.encode`."""
    data = json.loads(text)
    names: str = data["names"]
    lines = data["packages"].split("\n")
    return Table(data["date"], frozenset(data["base"]), data["virtual"], f" {names} ", names.split(" "), lines)


@cache
def _table(release: str) -> Table:
    return read_table((_TABLES / f"{release}.json").read_text("utf-8"))


@cache
def releases() -> tuple[str, ...]:
    """Return the codenames of the Debian releases that there are tables for, the oldest first."""
    there = {file.name.removesuffix(".json") for file in _TABLES.iterdir()}
    return tuple(name for name in _DEBIAN.values() if name in there)


def table_date(release: str) -> str:
    """Return the date of the index that the table of `release` was made from (`2026-07-11`). Raises KeyError."""
    if release not in releases():
        raise KeyError(release)
    return _table(release).date


def codename(distribution: str, release: str) -> str | None:
    """Return the codename of a release of Debian or Ubuntu given by it or by its number (`12`, `12.5`, `22.04`)."""
    name = release.lower()
    match distribution.lower():
        case "debian":
            name = _DEBIAN.get(name.split(".")[0], name)
            return name if name in _DEBIAN.values() else None
        case "ubuntu":
            name = _UBUNTU.get(".".join(name.split(".")[:2]), name)
            return name if name in _UBUNTU.values() else None
        case _:
            return None


def has(release: str, name: str) -> bool:
    """Return whether the Debian release has a package of that name. Raises KeyError where there is no table for it."""
    if release not in releases():
        raise KeyError(release)
    table = _table(release)
    return name in table.base or f" {name} " in table.index


def nearest_release(distribution: str, release: str | None) -> str | None:
    """Return the Debian release with a table that resembles `release` of Debian or Ubuntu most.

    `release` is a codename or a number. The answer is exact where it equals `codename(distribution, release)`, else an
    approximation. None for another distribution, for a release that is not known, and for `stable`, `rolling` and
    other names that move.
    """
    name = codename(distribution, release) if release else None
    nearest = _NEAREST.get(name) if name else None
    return nearest if nearest in releases() else None


@lru_cache(maxsize=4096)
def best_release(requested: tuple[str, ...], nearest: str) -> str:
    """Return the release whose table knows most of the operands `requested`; `nearest` where it knows as many."""

    def unknown(release: str) -> int:
        table = _table(release)
        return sum(
            name is not None and table.find(name) is None for name in (package_name(n, table) for n in requested)
        )

    if unknown(nearest) == 0:
        return nearest
    return min((nearest, *reversed(releases())), key=unknown)


def dropped_without_recommends(release: str, requested: Sequence[str], present: Collection[str] = ()) -> Dropped | None:
    """Return what `--no-install-recommends` would leave out of `apt-get install` with the operands `requested`.

    `release` is the codename of a Debian release; None where there is no table for it. `present` are the names of
    packages that were installed before; what they depend on is there too, and their own recommendations are not
    followed again. A minimal Debian image (debootstrap's variant minbase) is taken for granted.
    """
    return dropped(_table(release), requested, present) if release in releases() else None


@lru_cache(maxsize=1024)
def brings(release: str, requested: tuple[str, ...]) -> frozenset[str] | None:
    """Return the packages that `apt-get install` with the operands `requested` installs, recommended ones included.

    None where the table of `release` does not know one of them. Raises KeyError where there is no such table.
    """
    if release not in releases():
        raise KeyError(release)
    table = _table(release)
    names = [package_name(word, table) for word in requested]
    places = [table.find(name) for name in names if name is not None and name not in table.base]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return None
    return frozenset(map(table.name, _closure(table, known, frozenset(), recommends=True)))


def installed_name(release: str, name: str) -> str | None:
    """Return the package that `apt-get install name` installs in the Debian release; None where there is none.

    Where the index has only `<name>t64`, that package provides `name` on all 64-bit architectures. Source:
    https://wiki.debian.org/ReleaseGoals/64bit-time. Raises KeyError where there is no table for the release.
    """
    if release not in releases():
        raise KeyError(release)
    table = _table(release)
    for known in (name, f"{name}t64"):
        if known in table.base:
            return known
        if (place := table.find(known)) is not None:
            return table.name(place)
    return None


def in_base(release: str, name: str) -> bool:
    """Return whether a minimal Debian image of the release has the package. Raises KeyError without a table."""
    if release not in releases():
        raise KeyError(release)
    return name in _table(release).base


def depends(release: str, name: str) -> tuple[tuple[str, ...], ...] | None:
    """Return what the package `name` depends on beyond a minimal image, as lists of alternatives, without what one of
    these depends on itself. None where the table does not know it. Raises KeyError where there is no table."""
    if release not in releases():
        raise KeyError(release)
    table = _table(release)
    place = table.find(name)
    if place is None:
        return () if name in table.base else None
    return tuple(tuple(map(table.name, clause)) for clause in table.clauses(place)[0])


@lru_cache(maxsize=4096)
def requires(release: str, names: tuple[str, ...]) -> frozenset[str]:
    """Return the packages `names` and all that they depend on, beyond a minimal image; unknown names are left out.

    Raises KeyError where there is no table for the release.
    """
    if release not in releases():
        raise KeyError(release)
    table = _table(release)
    places = [place for name in names if (place := table.find(name)) is not None]
    return frozenset(map(table.name, _closure(table, places, frozenset(), recommends=False)))


def dropped(table: Table, requested: Iterable[str], present: Iterable[str] = ()) -> Dropped:
    """Return the same as `dropped_without_recommends`, from a table at hand."""
    start: list[int] = []
    unknown: list[str] = []
    for word in requested:
        name = package_name(word, table)
        place = None if name is None else table.find(name)
        if place is not None:
            start.append(place)
        elif name is not None and name not in table.base:
            unknown.append(word)
    before = [p for name in present if (p := table.find(package_name(name, table) or "")) is not None]
    there = _closure(table, before, frozenset(), recommends=False)
    kept = _closure(table, start, there, recommends=False)
    lost = _closure(table, start, there, recommends=True) - kept
    direct = lost.intersection(place for p in kept for clause in table.clauses(p)[1] for place in clause)
    sizes = sorted((-table.size(place), table.name(place)) for place in lost)
    return Dropped(
        packages=tuple(name for _, name in sizes),
        size=-sum(size for size, _ in sizes),
        unknown=tuple(dict.fromkeys(unknown)),
        recommended=frozenset(table.name(place) for place in direct),
    )


def package_name(word: str, table: Table) -> str | None:
    """Return the package that an operand of `apt-get install` means, as apt-get(8) reads it; None for a removal.

    `name=version`, `name/release`, `name:amd64` and `name+` are all `name`, and `name-` removes it. What is no plain
    name (a file, a pattern, a variable, a package of a foreign architecture) comes back as it stands.
    """
    match = re.fullmatch(r"([a-z0-9][a-z0-9+.-]*)(?::([a-z0-9]+))?(?:[=/].*)?", word)
    if match is None or match[2] not in (None, *_NATIVE):
        return word
    name: str = match[1]
    if name in table.base or table.find(name) is not None or name[-1] not in "+-":
        return name
    return None if name[-1] == "-" else name[:-1]


def _closure(table: Table, start: Iterable[int], there: Collection[int], *, recommends: bool) -> set[int]:
    """`start` and what apt adds to it: first what must be there, then where it can choose, then what is recommended."""
    found = {place for place in start if place not in there}
    todo = list(found)
    choices: deque[Clause] = deque()
    weak: deque[Clause] = deque()
    while todo or choices or weak:
        if todo:
            depends, recommended = table.clauses(todo.pop())
            choices += (clause for clause in depends if len(clause) > 1)
            wanted = [clause[0] for clause in depends if len(clause) == 1]
            if recommends:
                weak += recommended
        else:
            clause = choices.popleft() if choices else weak.popleft()
            wanted = [] if any(place in found or place in there for place in clause) else [clause[0]]
        for place in wanted:
            if place not in found and place not in there:
                found.add(place)
                todo.append(place)
    return found
