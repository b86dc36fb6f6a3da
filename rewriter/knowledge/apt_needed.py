"""Whether what `--no-install-recommends` leaves out would be missed; the facts are in `apt_needed.toml`.

Three answers: to keep a package by naming it changes nothing, and so is right wherever a program may want it; a
package may go where there is a reason why no program in a container uses it; all else is doubtful.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any

from rewriter.knowledge import table
from rewriter.knowledge.apt_packages import Dropped, dropped_without_recommends

_WILD = re.compile(r"[*?[]")
KINDS = ("keep", "doubtful", "unneeded")
"""The tables of the data; the first one that speaks of a package decides."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the packages that are dropped; each is in one of the three, in the order of `Dropped`."""

    add: tuple[str, ...]
    """To be named beside the list, so that they stay installed."""
    unneeded: tuple[str, ...]
    """Known not to be needed by a program in a container."""
    doubtful: tuple[str, ...]
    """Not known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the data, whose head explains the fields; an empty `beside` stands for any list."""

    packages: tuple[str, ...]
    beside: tuple[str, ...]
    reason: str
    carried: bool

    def applies(self, requested: tuple[str, ...], direct: bool) -> bool:
        """Whether it speaks of a package that comes with `requested` (plain names), recommended itself or not."""
        if not (direct or self.carried):
            return False
        return not self.beside or _any_matches(requested, self.beside)


@cache
def _patterns(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """The plain names among `patterns`; the others, each behind the letters that it begins with."""
    plain = frozenset(pattern for pattern in patterns if not _WILD.search(pattern))
    return plain, tuple((_WILD.split(pattern, maxsplit=1)[0], pattern) for pattern in patterns if pattern not in plain)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    plain, wild = _patterns(patterns)
    # Compiling a pattern takes longer than all the rest, and the first letters rule nearly all of them out.
    return name in plain or any(name.startswith(head) and fnmatchcase(name, pattern) for head, pattern in wild)


@lru_cache(maxsize=65536)
def _any_matches(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(_matches(name, patterns) for name in names)


@cache
def entries() -> dict[str, tuple[Entry, ...]]:
    """Return the data: `keep`, `doubtful` and `unneeded`, in the order of the file."""
    return {kind: tuple(_entry(fields) for fields in found) for kind, found in table("apt_needed").items()}


def _entry(fields: dict[str, Any]) -> Entry:
    return Entry(
        tuple(fields["packages"]), tuple(fields.get("beside", ())), fields["reason"], fields.get("carried", False)
    )


@cache
def _about(package: str) -> tuple[tuple[str, Entry], ...]:
    return tuple((kind, e) for kind in KINDS for e in entries()[kind] if _matches(package, e.packages))


@lru_cache(maxsize=1024)  # asked for each package of a list
def _plain_names(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(re.split("[=/:]", word)[0] for word in words)


def known(package: str, requested: Sequence[str], direct: bool = True) -> tuple[str, str] | None:
    """Return what is known of `package` where `requested` is installed: `keep`, `doubtful` or `unneeded`, and why.

    `direct` is whether a package that stays recommends it, not one that is dropped itself.
    """
    names = _plain_names(tuple(requested))
    return next(((kind, entry.reason) for kind, entry in _about(package) if entry.applies(names, direct)), None)


def judge(requested: Sequence[str], dropped: Dropped) -> Verdict:
    """Return what becomes of `dropped`, the packages left out of an installation of `requested`.

    A package that only serves dropped ones needs no entry: it goes with them where all of them are known not to be
    needed, unless an entry says that programs from elsewhere use it as well.
    """
    kinds = {p: (known(p, requested, p in dropped.recommended) or ("", ""))[0] for p in dropped.packages}
    doubtful = {p for p, kind in kinds.items() if kind == "doubtful" or (not kind and p in dropped.recommended)}
    if doubtful:
        doubtful.update(package for package, kind in kinds.items() if not kind)
    return Verdict(
        add=tuple(package for package, kind in kinds.items() if kind == "keep"),
        unneeded=tuple(p for p, kind in kinds.items() if kind != "keep" and p not in doubtful),
        doubtful=tuple(package for package in kinds if package in doubtful),
    )


def advise(release: str, requested: Sequence[str], present: Collection[str] = ()) -> tuple[Dropped, Verdict] | None:
    """Return what is dropped once the packages to keep are named, and the verdict with all that are to be named.

    What is named brings its own dependencies and has recommendations of its own, so this asks until nothing is added.
    The arguments, and None, are those of `dropped_without_recommends`.
    """
    added: list[str] = []
    while (dropped := dropped_without_recommends(release, [*requested, *added], present)) is not None:
        verdict = judge([*requested, *added], dropped)
        if not verdict.add:
            return dropped, Verdict(tuple(added), verdict.unneeded, verdict.doubtful)
        # Named first is what something recommends: it may bring the others along.
        direct = [package for package in verdict.add if package in dropped.recommended]
        added += direct or verdict.add
    return None
