"""Whether a Go program needs cgo: its own sources say it, and the list of the modules that it is built of.

Source: https://pkg.go.dev/cmd/cgo
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.fetches import Unclear
from rewriter.project.go.modules import Modules, modules_of
from rewriter.project.go.sources import Sources, sources
from rewriter.project.needs import View
from rewriter.within import is_within

# From here on go.mod lists every module that the build needs: https://go.dev/ref/mod#graph-pruning
_PRUNED = (1, 17)


@dataclass(frozen=True)
class Program:
    """What a module is built of. `pure` is True where nothing of it needs cgo, False where something does, None where
    `reason` says why that is not known. `libraries` are the Debian packages, by release, that it loads shared libraries
    from beyond the C library; None where they are not known. `modules` are the paths of all modules, `known` says
    that all of them are in the table.
    """

    sources: Sources
    root: str
    pure: bool | None
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    libraries: Mapping[str, tuple[str, ...]] | None = field(default_factory=dict)
    modules: frozenset[str] = frozenset()
    known: bool = True


def program(view: View) -> Program:
    """What the module is built of that the go command finds from the folder of `view`. Raises `Unfit` and `Unclear`."""
    modules = modules_of(view, view.env)
    root = modules.work or modules.main[0] if modules else view.folder
    found = sources(view, root, *(modules.manifests if modules else ()))
    if not found.files:
        raise Unfit(view.file(root) or root, "holds no Go file that is copied into the image")
    paths = frozenset(_modules(modules)) if modules else frozenset()
    if modules is None and (foreign := _foreign(found)):
        reason = f"{min(foreign)} is not among the modules of a go.mod"
        return Program(found, root, None, reason, modules=foreign, known=False)
    known = all(map(_known, paths))
    own = next((path for path, file in found.files.items() if _cgo(file.imports)), None)
    if own:
        links = any(file.links for file in found.files.values())
        fact = found.fact(own, 1, "imports C: the program needs cgo")
        return Program(found, root, False, "", (fact,), None if links else {}, paths, known)
    if plugin := found.importing("plugin"):
        return Program(found, root, False, "", (plugin,), {}, paths, known)
    if needed := {path: entry for path in sorted(paths) if (entry := _needing(path))}:
        libraries: dict[str, tuple[str, ...]] | None = {}
        for entry in needed.values():
            libraries = None if entry.get("unknown") or libraries is None else _merged(libraries, entry)
        facts = tuple(_asks(modules, path, "is built by cgo") for path in needed) if modules else ()
        return Program(found, root, False, "", facts, libraries, paths, known)
    file = "go.mod" if modules is None else posixpath.join(modules.main[0], "go.mod")
    if found.vendored:
        if any(_cgo(each.imports) for each in found.vendored.values()):
            return Program(found, root, None, "a module in vendor/ imports C", (), {}, paths, known)
        fact = view.evidence("none of its files, nor of those in vendor/, imports C", file)
        return Program(found, root, True, "", (fact,), {}, paths, known)
    if unknown := [path for path in sorted(paths) if not _known(path)]:
        reason = f"whether {unknown[0]} needs cgo is not known"
        return Program(found, root, None, reason, (), {}, paths, False)
    says = "no file of the project imports C" + (", and none of its modules needs cgo" if paths else "")
    there = modules is not None and view.kind(file) == "file"
    return Program(found, root, True, "", (view.evidence(says, file) if there else Evidence(says),), {}, paths)


def is_known(path: str) -> bool:
    """Whether the module `path` is in the table of those without cgo."""
    return _known(path)


def _modules(modules: Modules) -> Iterator[str]:
    """The paths of all modules that the build may take something from."""
    if all(manifest.go >= _PRUNED for manifest in modules.manifests.values()):
        yield from (modules.fetched_for(required)[0] for required in modules.required())
        return
    for file in modules.sums():
        for line in modules.view.text(file).split("\n"):
            words = line.split()
            if len(words) == 3 and not words[1].endswith("/go.mod"):
                yield words[0]


def _asks(modules: Modules, wanted: str, fact: str) -> Evidence:
    for (path, _), (file, line) in modules.required().items():
        if path == wanted:
            return modules.view.evidence(f"{path} {fact}", file, line)
    return Evidence(f"{wanted} {fact}")


def _foreign(found: Sources) -> frozenset[str]:
    """The imports of a project without go.mod that are not the standard library's, nor vendored."""
    imports = (text.value for file in found.files.values() for text in file.imports)
    return frozenset(path for path in imports if "." in path.partition("/")[0] and not found.vendored)


def _cgo(imports: tuple[Any, ...]) -> bool:
    return any(text.value == "C" for text in imports)


def _merged(libraries: dict[str, tuple[str, ...]], entry: Mapping[str, Any]) -> dict[str, tuple[str, ...]] | None:
    given = entry.get("libraries")
    if not given:
        return libraries
    return {release: (*libraries.get(release, ()), package) for release, package in given.items()}


@lru_cache(maxsize=4096)
def _known(path: str) -> bool:
    return any(is_within(path, beginning) for beginning in knowledge.table("go_modules")["pure"]["modules"])


def _needing(path: str) -> Mapping[str, Any] | None:
    """The entry of a module that needs cgo; None for any other."""
    entries = knowledge.table("go_modules")["cgo"]
    return next((entry for name, entry in entries.items() if is_within(path, name)), None)


__all__ = ["Program", "Unclear", "is_known", "program"]
