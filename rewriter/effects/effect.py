"""What a step does to the rest of the image, and when two such effects meet."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache, lru_cache

from rewriter import knowledge

# Links that Linux distributions have between their own folders. On a system without one of them, two folders are taken
# for one, which only makes more steps meet.
# Sources: https://wiki.debian.org/UsrMerge, https://wiki.archlinux.org/title/Arch_filesystem_hierarchy,
# https://fedoraproject.org/wiki/Changes/Unify_bin_and_sbin, the package base-files (`/var/run`, `/var/lock`).
_LINKS = (
    ("/bin", "/usr/bin"),
    ("/sbin", "/usr/bin"),
    ("/usr/sbin", "/usr/bin"),
    ("/usr/local/sbin", "/usr/local/bin"),
    ("/lib", "/usr/lib"),
    ("/lib32", "/usr/lib"),
    ("/lib64", "/usr/lib"),
    ("/libx32", "/usr/lib"),
    ("/usr/lib32", "/usr/lib"),
    ("/usr/lib64", "/usr/lib"),
    ("/usr/libx32", "/usr/lib"),
    ("/usr/tmp", "/var/tmp"),
    ("/usr/local/man", "/usr/local/share/man"),
    ("/usr/lib/ssl/certs", "/etc/ssl/certs"),
    ("/var/run", "/run"),
    ("/var/lock", "/run/lock"),
    ("/var/spool/mail", "/var/mail"),
)
# Folders that every image with a shell has. Source: Filesystem Hierarchy Standard 3.0, and the packages base-files
# (Debian), alpine-baselayout (Alpine) and filesystem (Red Hat).
STANDARD = frozenset(
    (
        *("/", "/dev", "/etc", "/home", "/mnt", "/opt", "/proc", "/root", "/run", "/srv", "/sys", "/tmp", "/usr"),
        *("/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/share", "/usr/share"),
        *("/var", "/var/cache", "/var/lib", "/var/log", "/var/tmp"),
    )
)
# In `asks`: any variable but those that only say where the image comes from; in `runs` and `provides`: any command.
ANY = "*"
# In `asks`: any variable at all.
ALL = "**"
ROOT_MADE = "root"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step depends on, and what it changes. Paths are absolute and canonical.

    `reads`     files and folders, each with all below it, whose contents, attributes or absence it depends on
    `writes`    the same, created, changed or deleted
    `needs`     folders that must be there (with those above them) for it to succeed
    `makes`     folders that it creates where they are missing, and how: owner and mode
    `marks`     files and folders whose own owner or mode it sets, while what lies below them stays
    `asks`      variables of the environment that it reads; `LC_*` are all that begin so
    `sets`      variables that it sets
    `uses`      settings of the image that it depends on: `workdir`, `user`, `shell`
    `changes`   settings of the image that it changes: these and `cmd`, `label x` …
    `runs`      commands that it looks for in the search path
    `provides`  names of files that it puts where commands are looked for
    `unknown`   why it reads and writes everything; "" where it does not
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    makes: frozenset[tuple[str, str]] = frozenset()
    marks: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    provides: frozenset[str] = frozenset()
    unknown: str = ""

    def __or__(self, other: Effect) -> Effect:
        """The effect of both steps, one behind the other."""
        parts = {name: getattr(self, name) | getattr(other, name) for name in _SETS}
        return Effect(**parts, unknown=self.unknown or other.unknown)


_SETS = tuple(field.name for field in fields(Effect) if field.name != "unknown")
NOTHING = Effect()


def everything(reason: str) -> Effect:
    """The effect of a step of which nothing is known, but for `reason`, which says why."""
    root, any_ = frozenset("/"), frozenset((ANY,))
    uses = frozenset(("workdir", "user", "shell"))
    return Effect(root, root, asks=frozenset((ALL,)), uses=uses, runs=any_, provides=any_, unknown=reason)


def canonical(path: str) -> str:
    """The absolute `path` without `.`, `..`, doubled slashes and the links that distributions have."""
    path = "/" + posixpath.normpath(path).lstrip("/")
    for _ in _LINKS:
        found = next((link for link in _LINKS if path == link[0] or path.startswith(f"{link[0]}/")), None)
        if found is None:
            break
        path = found[1] + path[len(found[0]) :]
    return path


@lru_cache(maxsize=16384)
def covered(path: str) -> frozenset[str]:
    """`path` itself, and what the distributions' links below it lead to."""
    below = f"{path}/"
    return frozenset((path, *(target for link, target in _LINKS if link.startswith(below))))


@lru_cache(maxsize=16384)
def above(path: str) -> frozenset[str]:
    """`path` and all folders above it."""
    found = {"/"}
    while path not in found:
        found.add(path)
        path = posixpath.dirname(path)
    return frozenset(found)


def meets(paths: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one of `paths` lies at, above or below one of `others`. Links are followed, see `canonical`."""
    return meeting(frozenset(map(canonical, paths)), frozenset(map(canonical, others))) is not None


def meeting(paths: frozenset[str], others: frozenset[str]) -> str | None:
    """Where the canonical `paths` meet `others`: the lower one of two that do, the first in order of the names."""
    below = [path for path in paths if not above(path).isdisjoint(others)]
    below += [other for other in others if not above(other).isdisjoint(paths)]
    return min(below, default=None)


def clash(first: Effect, second: Effect, there: frozenset[str] = STANDARD) -> str | None:
    """What stands between two steps that are to change places, as a sentence about `it` (the second step) and
    `the other` (the first one); None where nothing does. `there` are folders that surely exist before both."""
    return _settings(first, second) or _files(first, second, there) or _commands(first, second)


def _settings(first: Effect, second: Effect) -> str | None:
    for one, other in ((first, second), (second, first)):
        if both := one.changes & other.changes:
            return f"both set the {min(both).upper()}"
        if both := one.changes & other.uses:
            return f"one depends on the {min(both).upper()} that the other sets"
        if name := next((name for name in sorted(one.sets) if _asked(name, other.asks)), None):
            return f"one may read the variable {name}, which the other sets"
    if both := first.sets & second.sets:
        return f"both set {min(both)}"
    return None


def _asked(name: str, asks: frozenset[str]) -> bool:
    if name in asks or ALL in asks:
        return True
    if ANY in asks and name not in _provenance():
        return True
    return any(pattern.endswith("*") and len(pattern) > 1 and name.startswith(pattern[:-1]) for pattern in asks)


@cache
def _provenance() -> frozenset[str]:
    """Variables that only tell where an image comes from: package managers and their scripts do not act on them."""
    named = frozenset(knowledge.table("provenance")["names"])
    return named - frozenset(knowledge.table("effects")["provenance"]["read"].split())


def _files(first: Effect, second: Effect, there: frozenset[str]) -> str | None:
    if path := meeting(first.writes, second.writes):
        return f"both write {_named(path)}"
    for one, other in ((first, second), (second, first)):
        if path := meeting(one.writes, other.reads):
            return f"one reads {_named(path)}, which the other writes"
        if path := _node(one, other, there):
            return f"one depends on the folder {path}, which the other makes, changes or removes"
    made = {(path, how) for folder, how in first.makes for path in above(folder) - there}
    for folder, how in second.makes:
        for path in above(folder) - there:
            if any(path == mine and how != other_way for mine, other_way in made):
                return f"both make the folder {path}, and each in its own way"
    if both := first.marks & second.marks:
        return f"both set the owner or the mode of {min(both)}"
    return None


def _node(one: Effect, other: Effect, there: frozenset[str]) -> str | None:
    """A path that `one` makes, marks or removes, and on which `other` depends."""
    made = {path for folder, _ in one.makes for path in above(folder) - there}
    needed = {path for need in other.needs for path in above(need)}
    touched = other.reads | other.writes
    found = [path for path in made | one.marks if path in needed or not above(path).isdisjoint(touched)]
    if one.marks:
        found += one.marks.intersection(path for folder, _ in other.makes for path in above(folder) - there)
    if one.writes:
        found += (path for path in other.needs if not above(path).isdisjoint(one.writes))
    return min(found, default=None)


def _commands(first: Effect, second: Effect) -> str | None:
    for one, other in ((first, second), (second, first)):
        if one.provides and other.runs and (ANY in one.provides or ANY in other.runs or one.provides & other.runs):
            return "one may put a command into the search path that the other runs"
    return None


def _named(path: str) -> str:
    return "the whole file system" if path == "/" else path
