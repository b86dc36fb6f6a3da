"""What installed packages of PyPI need of the system; the facts are in `python_native.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from packaging.version import InvalidVersion, Version

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.stages.python.packages import Installed, Package

_LISTS = ("pure", "wheels", "built", "installed", "build", "compiles")


@dataclass(frozen=True, slots=True)
class Native:
    """What packages need that a full image has and its slim variant lacks: `libraries` and `tools` by their Debian
    names, each with what shows it. `unknown` are packages that no list has, `compiling` those that compile while they
    run, `built` those that may be built from source."""

    libraries: dict[str, Evidence]
    unknown: tuple[Package, ...]
    compiling: tuple[Package, ...]
    built: tuple[Package, ...]


def native(installed: Installed, python: str | None) -> Native:
    """What the packages of `installed` need, on the version `python` of it (None where that is open)."""
    data = knowledge.table("python_native")
    libraries: dict[str, Evidence] = {}
    unknown: list[Package] = []
    built: list[Package] = []
    for package in installed.packages.values():
        name = package.name
        if package.wheel is None and _listed_wheel(package, python):
            package = replace(package, wheel=True)
        entry = data["libraries"].get(name)
        needed = list(_libraries(package, entry or {}))
        sources = entry is not None and bool(needed or entry.get("source"))
        if package.wheel is not True and (
            sources
            or name in _names("installed")
            or name in _names("built")
            or (name in _names("wheels") and package.pinned)
        ):
            built.append(package)
        needed += data["tools"].get(name, ())
        for library in needed:
            libraries.setdefault(library, package.evidence)
        if entry is None and not _known(name) and package.wheel is not True:
            unknown.append(package)
    compiling = [package for package in installed.packages.values() if package.name in _compiling()]
    return Native(libraries, tuple(unknown), tuple(compiling), tuple(built))


def _libraries(package: Package, entry: dict[str, list[str]]) -> Iterator[str]:
    if package.extras & set(entry.get("extras", ())):
        return
    yield from entry.get("always", ())
    # A wheel has the library in it; which version has one for which Python is only known from a lock file.
    if package.pinned and package.wheel is not True:
        yield from entry.get("source", ())


def _listed_wheel(package: Package, python: str | None) -> bool:
    """Whether the list has a wheel for this Python of the version that is installed: the newest one that may be."""
    since = knowledge.table("python_native")["since"].get(package.name, {}).get(python)
    if since is None:
        return False
    try:
        exact = package.version is not None and Version(package.version) >= Version(since)
    except InvalidVersion:
        return False
    return exact or (package.allowed is not None and package.allowed.contains(since))


@lru_cache(maxsize=8)
def _names(key: str) -> frozenset[str]:
    value = knowledge.table("python_native")[key]
    return frozenset((value if isinstance(value, str) else value["names"]).split())


@lru_cache(maxsize=1)
def _compiling() -> frozenset[str]:
    return _names("compiles")


def _known(name: str) -> bool:
    tools = knowledge.table("python_native")["tools"]
    return name in tools or any(
        name in _names(key) for key in ("pure", "wheels", "built", "installed", "build", "compiles")
    )


def only_builds(packages: Sequence[Package]) -> bool:
    """Whether all `packages` are tools that install others."""
    return all(package.name in _names("build") for package in packages)


def marks(installed: Installed) -> Iterator[tuple[Package, Sequence[str]]]:
    """Packages that compile where the program calls them so, each with the words that do it."""
    for name, words in knowledge.table("python_native")["compiles"]["marks"].items():
        if name in installed.packages:
            yield installed.packages[name], words
