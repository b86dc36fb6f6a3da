"""The package.json files of a project: the root's, its workspaces', and the folders and archives it depends on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object, line_of
from rewriter.project.needs import View

# Keys of package.json that hold dependencies; those of the second row are objects in objects.
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "resolutions")
_LOCAL = re.compile(r"(?:file|link|portal):|\.{1,2}(?:/|\Z)|~?/")
_ARCHIVE = re.compile(r"(?!.*://).*\.(?:tgz|tar\.gz|tar)\Z")
_PATCH = re.compile(r"#(?:~/|\./)?([^#:&?]+?)(?:::.*)?\Z")
# Larger than the workspaces of large monorepos, small enough to be walked in a moment.
_FOLDERS = 4000
_DEEPEST = 40


@dataclass
class Found:
    """What is found of an install on the way, as in `Needs` and without repetitions; names are relative to
    `view.folder`."""

    view: View
    reads: dict[str, None] = field(default_factory=dict)
    leaves: dict[str, None] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)

    def read(self, *names: str) -> None:
        """Add files, and folders (which end in `/`)."""
        for name in names:
            self.reads[posixpath.normpath(name) + "/" * name.endswith("/")] = None

    def read_if_there(self, folder: str, names: Sequence[str]) -> None:
        """Add those of `names` that the command can see in `folder`."""
        for name in names:
            path = posixpath.join(folder, name)
            if self.view.kind(path) == ("folder" if name.endswith("/") else "file"):
                self.read(path)

    def fact(self, fact: str, name: str, line: int | None = None) -> None:
        self.evidence.append(self.view.evidence(fact, name, line))


@dataclass(frozen=True)
class Package:
    """The package.json in `folder`, relative to `view.folder`."""

    view: View
    folder: str
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.path("package.json")

    def path(self, name: str) -> str:
        """`name`, as the package writes it, relative to `view.folder`."""
        return posixpath.normpath(posixpath.join(self.folder, name))

    def line(self, key: str, below: str = "") -> int | None:
        """The line of `key`, in the object `below` where that is given."""
        text = self.view.text(self.name)
        start = text.find(f'"{below}"') if below else 0
        found = line_of(text[max(start, 0) :], rf'"{re.escape(key)}"\s*:')
        return found and found + text.count("\n", 0, max(start, 0))

    def strings(self, *keys: str) -> dict[str, str]:
        """The object at `keys` in package.json, as far as its values are strings; empty where there is none."""
        found: Any = self.data
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        pairs = found.items() if isinstance(found, dict) else ()
        return {key: value for key, value in pairs if isinstance(value, str)}

    @property
    def scripts(self) -> dict[str, str]:
        return self.strings("scripts")

    def dependencies(self) -> Iterator[tuple[str, str, str]]:
        """The key, the name and what is asked for of each dependency."""
        for key in _DEPENDENCIES:
            for name, wanted in self.strings(key).items():
                yield key, name, wanted
        for keys in (("overrides",), ("pnpm", "overrides")):
            found: Any = self.data
            for key in keys:
                found = found.get(key) if isinstance(found, dict) else None
            for name, wanted in _nested(found):
                yield "overrides", name, wanted

    def stop(self, reason: str, key: str, below: str = "") -> Unfit:
        """The refusal that names the line of `key`."""
        line = self.line(key, below)
        file = self.view.file(self.name) or self.name
        return Unfit(f"{file}:{line}" if line else file, reason)


def _nested(value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, wanted in value.items():
            if isinstance(wanted, str):
                yield name, wanted
            else:
                yield from _nested(wanted, depth + 1)


def package(view: View, folder: str) -> Package:
    """The package.json in `folder`. Raises `Unfit` where there is none that can be read."""
    return Package(view, folder, json_object(view, posixpath.normpath(posixpath.join(folder, "package.json"))))


def patterns(root: Package) -> list[str]:
    """The patterns of the `workspaces` of npm, yarn and bun: a list, or an object with `packages`.

    Source: https://docs.npmjs.com/cli/v11/configuring-npm/package-json#workspaces
    """
    found = root.data.get("workspaces")
    found = found.get("packages") if isinstance(found, dict) else found
    return [pattern for pattern in found if isinstance(pattern, str)] if isinstance(found, list) else []


def members(root: Package, wanted: Sequence[str], file: str) -> list[Package]:
    """The workspaces that the patterns `wanted` (of `file`) match. Raises `Unfit` for one that is not understood."""
    budget = [_FOLDERS]
    found: dict[str, None] = {}
    for pattern in wanted:
        bare = pattern.removeprefix("!").removeprefix("./").strip("/")
        parts = tuple(part for part in bare.split("/") if part not in ("", "."))
        if ".." in parts or set("{}()[]\\+@!").intersection(re.sub(r"(\A|/)@", "", bare)):
            raise Unfit(root.view.file(file) or file, f"has a workspace pattern that is not understood: {pattern}")
        matched = dict.fromkeys(_matches(root, ".", parts, budget, file))
        found = {name: None for name in found if name not in matched} if pattern[:1] == "!" else found | matched
    folders = [name for name in found if name != "." and root.view.kind(root.path(f"{name}/package.json")) == "file"]
    return [package(root.view, root.path(name)) for name in folders]


def _matches(root: Package, base: str, parts: tuple[str, ...], budget: list[int], file: str) -> Iterator[str]:
    """The folders, relative to the root, that the parts of a pattern match below `base`."""
    budget[0] -= 1
    if budget[0] < 0:
        raise Unfit(root.view.file(file) or file, "has workspace patterns that match too many folders")
    if not parts:
        yield base
        return
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _matches(root, base, rest, budget, file)
    elif not set("*?").intersection(head):
        inner = posixpath.normpath(posixpath.join(base, head))
        if root.view.kind(root.path(inner)) == "folder":
            yield from _matches(root, inner, rest, budget, file)
        return
    for name in root.view.names(root.path(base)):
        inner = posixpath.normpath(posixpath.join(base, name))
        if name == "node_modules" or name.startswith(".") or root.view.kind(root.path(inner)) != "folder":
            continue
        if head == "**":
            yield from _matches(root, inner, parts, budget, file)
        elif fnmatchcase(name, head):
            yield from _matches(root, inner, rest, budget, file)


def read_local(found: Found, packages: list[Package], manager: str) -> None:
    """Add the folders, archives and patches of the project that `packages` depend on; a folder's own package joins
    `packages`. Raises `Unfit` for one that is not there, and for one around the project itself.

    Sources: https://docs.npmjs.com/cli/v11/configuring-npm/package-json#local-paths, https://yarnpkg.com/protocols
    """
    known = {each.folder for each in packages}
    for each in packages:
        for key, name, wanted in each.dependencies():
            if wanted.startswith("exec:"):
                raise each.stop(f"runs a script of the project for {name}", name, key)
            if wanted.startswith("patch:"):
                _patch(found, packages[0], each, key, name, wanted)
            elif _LOCAL.match(wanted) or _ARCHIVE.match(wanted):
                folder = _local(found, packages[0], each, key, name, wanted)
                if folder and folder not in known:
                    known.add(folder)
                    packages.append(package(found.view, folder))
    for each in packages[1:]:
        _programs(each, manager)


def _local(found: Found, root: Package, each: Package, key: str, name: str, wanted: str) -> str | None:
    bare = re.sub(r"\A(?:file|link|portal):(?://)?", "", wanted).partition("::")[0].partition("#")[0]
    # An override is relative to the root, wherever it applies.
    path = (root if key in ("resolutions", "overrides") else each).path(bare)
    kind = found.view.kind(path)
    if bare.startswith(("/", "~")) or kind is None:
        raise each.stop(f"depends on {wanted}, which no copy brings from the context", name, key)
    if kind == "file":
        found.read(path)
        return None
    if f"{root.path('.')}/".startswith(f"{path}/") or path == "." or set(path.split("/")) <= {".."}:
        raise each.stop(f"depends on {wanted}, the folder around the project itself", name, key)
    if found.view.kind(posixpath.join(path, "package.json")) is None and wanted.startswith("link:"):
        return None  # only a link to the folder is made
    found.read(f"{path}/")
    found.fact(f"depends on {wanted}", each.name, each.line(name, key))
    return path


def _patch(found: Found, root: Package, each: Package, key: str, name: str, wanted: str) -> None:
    match = _PATCH.search(wanted)
    path = match and (each if "#./" in wanted else root).path(match[1])
    if wanted.endswith("#builtin") or "#optional!builtin" in wanted or "#~builtin" in wanted:
        return
    if path is None or found.view.kind(path) != "file":
        raise each.stop(f"patches {name} with a file that no copy brings from the context", name, key)
    found.read(f"{posixpath.dirname(path)}/" if posixpath.dirname(path) else path)


def _programs(each: Package, manager: str) -> None:
    """Raise `Unfit` where a workspace or local folder has programs that are there when the packages are installed.

    Every manager links a program only if its file exists, and makes the file executable (tried with npm 8 and 11,
    yarn 1, pnpm 8 and 10, bun 1.3): with the manifests alone there is no link, and a later copy takes the mode away.
    """
    programs = each.data.get("bin")
    files = programs.values() if isinstance(programs, dict) else [programs]
    for file in files:
        if isinstance(file, str) and each.view.kind(each.path(file)) == "file":
            raise each.stop(f"names the program {file}, which {manager} links into node_modules", "bin")
    if each.strings("directories").get("bin"):
        raise each.stop(f"names a folder of programs, which {manager} links into node_modules", "directories")
