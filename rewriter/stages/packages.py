"""Divides a distribution's packages into those that only building needs and those that a program needs, too.

A `-dev` package is replaced by the shared libraries that it is for (Debian Policy 8.4: it depends on them); which they
are is read from Debian's own indices (`rewriter.knowledge.apt_packages`), and for Ubuntu and Alpine from lists in
`dev_packages.toml`. What is not known to be for building alone stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.image import StageImage
from rewriter.knowledge import apt_packages
from rewriter.knowledge.base_table import facts_of
from rewriter.knowledge.bases import Base

Divide = Callable[[str], "tuple[str, ...] | None"]
"""What a package comes to at run time: () nothing, itself, its libraries; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Division:
    """`build` are packages that nothing needs at run time, `runtime` the names to install there: those that stay as
    they are, and libraries in place of -dev packages. `kept` are those of `runtime` that are for building by their
    names, and stay because it is not known what they come to. `compilers` are those of `runtime` that come with a
    compiler: only programs that use what is special to it need them (OpenMP in C and C++, Fortran).
    """

    build: tuple[str, ...]
    runtime: tuple[str, ...]
    kept: tuple[str, ...]
    compilers: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def divide(names: Sequence[str], image: StageImage) -> Division:
    """Divide `names`, operands of the package manager as they are written, on the system of `image`.

    Where the base's release is open, a library is only named if the name is valid in each release that its tag may
    come to.
    """
    comes_to = _divider(image.base)
    build: list[str] = []
    runtime: list[str] = []
    kept: list[str] = []
    brought: list[str] = []
    facts: list[str] = []
    for word in names:
        name, pin, _ = word.partition("=")
        needed = comes_to(name)
        if needed is None or (needed and pin):
            runtime.append(word)
            kept += [word] if needed is None or needed != (name,) else []
            continue
        runtime += [word] if needed == (name,) else needed
        if needed == (name,):
            continue
        build.append(word)
        if name in _tools(_system(image.base)):
            brought += needed
        elif needed:
            facts.append(f"what {name} builds needs {' '.join(needed)}")
        else:
            facts.append(f"what {name} builds needs no package that the base lacks")
    compilers = [name for name in brought if name not in names]
    evidence = tuple(Evidence(fact) for fact in _once(facts))
    return Division(_once(build), _once(runtime), _once(kept), _once(compilers), evidence)


def brings_more(names: Sequence[str], image: StageImage) -> bool:
    """Whether a plain `apt-get install` of `names` installs packages that they merely recommend, as far as is known."""
    releases = _releases(image.base) if image.base.distribution == "debian" else ()
    dropped = [apt_packages.dropped_without_recommends(release, names) for release in releases]
    return not dropped or any(found is None or found.packages or found.unknown for found in dropped)


def _once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


@cache
def _tools(system: str) -> Mapping[str, tuple[str, ...]]:
    """The build tools of `system`, each with the libraries that what it builds may need."""
    data = knowledge.table("dev_packages")[system]
    older: dict[str, Any] = knowledge.table("build_tools")["apk" if system == "alpine" else "apt"]
    found = {name: tuple(libraries) for name, libraries in older.items()}
    found |= {name: () for name in data["tools"] if name not in found}
    return found | {name: tuple(libraries) for name, libraries in data.get("libraries", {}).items()}


def _system(base: Base) -> str:
    return "alpine" if base.distribution == "alpine" else "debian"


def _divider(base: Base) -> Divide:
    """How packages are divided on `base`."""
    listed = knowledge.table("dev_packages")
    match base.distribution:
        case "debian":
            return partial(_divided, base, partial(_common, releases=_releases(base)))
        case "ubuntu":
            ubuntu = listed["ubuntu"]
            known = base.release in ubuntu["releases"]
            return partial(_divided, base, partial(_listed, {**ubuntu["all"], **ubuntu[base.release]} if known else {}))
        case "alpine":
            known = base.release is None or _number(base.release) >= _number(listed["alpine"]["since"])
            return partial(_divided, base, partial(_listed, listed["alpine"]["dev"] if known else {}))
        case _:
            return lambda name: None if name.endswith("-dev") else (name,)


def _divided(base: Base, dev: Divide, name: str) -> tuple[str, ...] | None:
    table = knowledge.table("dev_packages")
    system = _system(base)
    tools, data, python = _tools(system), table[system], table["python"]
    own_python = base.reference.partition("@")[0].partition(":")[0].rpartition("/")[2] == "python"
    if own_python and re.fullmatch(python["superfluous"], name):
        return ()
    if name in tools:
        return tools[name]
    for pattern, libraries in data.get("library_patterns", {}).items():
        if re.fullmatch(pattern, name):
            return tuple(libraries)
    if any(re.fullmatch(pattern, name) for pattern in data.get("tool_patterns", ())):
        return ()
    if not name.endswith("-dev") and name not in data.get("divided", ()):
        return (name,)
    needed = dev(name)
    if needed is None or not own_python:
        return needed
    return tuple(library for library in needed if library not in python["present"])


def _listed(libraries: Mapping[str, Sequence[str]], name: str) -> tuple[str, ...] | None:
    found = libraries.get(name)
    return None if found is None else tuple(found)


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release))


def _releases(base: Base) -> tuple[str, ...]:
    """The releases of Debian that `base` may be; () where one of them has no table.

    The plain tags of versions that are still supported move from one release to the next; what an old tag stands on,
    where the table of bases does not say it, is not known.
    """
    known = apt_packages.releases()
    if base.release is None:
        return known[-2:] if _supported(base) else ()
    return (base.release,) if base.release in known else ()


def _supported(base: Base) -> bool:
    oldest = (facts_of(base.reference) or {}).get("supported")
    return base.version is None or oldest is None or _number(base.version) >= _number(oldest)


@cache
def _common(name: str, releases: tuple[str, ...]) -> tuple[str, ...] | None:
    """The libraries behind the -dev package `name`, by names that are right in all `releases`.

    They are what it depends on directly, the libraries behind tools and, where there are none, behind the -dev
    packages among these. The library of its own name stands in front, also where another one depends on it.
    """
    data = knowledge.table("dev_packages")["debian"]
    if not name.startswith("lib") and name not in data["divided"]:
        return None
    found = {release: _libraries(name, release) for release in releases}
    for chosen in found.values():
        if chosen is None:
            return None
        if all(_covers(release, chosen, needed) for release, needed in found.items()):
            stem = re.escape(re.sub(r"-(multi)?dev$", "", name))
            own = re.compile(rf"{stem}(?:-?\d+[a-z]?(?:-\d+)?)?(?:t64)?")
            brought = sorted(apt_packages.requires(next(iter(releases)), chosen), key=len)
            for main in (other for other in brought if own.fullmatch(other) and other not in chosen):
                if all(_covers(release, (main,), ()) for release in releases):
                    return (main, *chosen)
            return chosen
    return None


def _covers(release: str, names: Collection[str], needed: Collection[str] | None) -> bool:
    """Whether `names` can all be installed in `release`, and bring all of `needed`."""
    if needed is None:
        return False
    installed = [apt_packages.installed_name(release, name) for name in names]
    if any(name is None for name in installed):
        return False
    brought = apt_packages.requires(release, tuple(name for name in installed if name))
    return all(name in brought or apt_packages.in_base(release, name) for name in needed)


@cache
def _libraries(name: str, release: str) -> tuple[str, ...] | None:
    """The packages that what is built with the -dev package `name` may need in `release`, without those that another
    one of them depends on; None where it is not known."""
    found = _behind(name, release, set())
    if found is None:
        return None
    return tuple(
        one
        for one in found
        if not any(other != one and one in apt_packages.requires(release, (other,)) for other in found)
    )


def _behind(name: str, release: str, seen: set[str]) -> tuple[str, ...] | None:
    """The libraries that `name`, a -dev package or a tool among its dependencies, depends on."""
    clauses = apt_packages.depends(release, name)
    if clauses is None:
        return None
    seen.add(name)
    data = knowledge.table("dev_packages")["debian"]
    tools = _tools("debian")
    found: list[str] = []
    development: list[str] = []
    for first in (clause[0] for clause in clauses):
        if first in seen or first in tools or first in data["beside"]:
            continue
        if any(re.fullmatch(pattern, first) for pattern in data["tool_patterns"]):
            continue
        if re.search(rf"(?:{data['behind']})$", first) or first in data["behind_names"]:
            if re.search(r"dev(-compat)?$", first):
                development.append(first)
            else:
                found += (one for one in _behind(first, release, seen) or () if one.startswith("lib"))
        else:
            found.append(first)
    if not found:
        for first in development:
            found += _behind(first, release, seen) or ()
    return tuple(dict.fromkeys(found))
