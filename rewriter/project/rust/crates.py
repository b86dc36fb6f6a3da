"""The packages that cargo loads from a manifest: workspace members, path dependencies, and what is above them.

Source: https://doc.rust-lang.org/cargo/reference/manifest.html and
https://doc.rust-lang.org/cargo/reference/workspaces.html
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from rewriter.project.fetches import Unclear
from rewriter.project.folders import upwards
from rewriter.project.manifests import toml
from rewriter.project.needs import View

# The folder that each kind of target has its files in.
_FOLDERS = {"bin": "src/bin", "example": "examples", "test": "tests", "bench": "benches"}
_DEPENDENCIES = ("dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies")
_GLOB = frozenset("*?[")


@dataclass
class Crates:
    """What cargo loads, all paths absolute: `manifests` by path, in the order in which they are found, and the folder
    `root` of the workspace, where Cargo.lock lies. `targets` are source files that must be there, though empty, since
    cargo refuses a manifest whose targets it does not find."""

    view: View
    root: str
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    _read: dict[str, dict[str, Any]] = field(default_factory=dict)

    def load(self, path: str) -> dict[str, Any]:
        """The manifest at `path`."""
        if path not in self._read:
            self._read[path] = toml(self.view, path)
        return self._read[path]


def crates(view: View, manifest: str) -> Crates:
    """All that cargo loads for the Cargo.toml `manifest` (absolute). Raises `Unclear` and `Unfit`."""
    found = Crates(view, posixpath.dirname(manifest))
    waiting = [(manifest, "")]
    while waiting:
        path, says = waiting.pop(0)
        if path in found.manifests:
            continue
        if view.kind(path) != "file":
            raise Unclear(f"{says}, which is not copied with its Cargo.toml" if says else f"{path} is not copied")
        data = found.manifests[path] = found.load(path)
        folder = posixpath.dirname(path)
        if "package" in data or "project" in data:
            found.targets += _targets(view, folder, data)
        waiting += [(above, "") for above in _above(view, folder)]
        waiting += _members(view, path, data)
        waiting += _by_path(found, path, data)
    found.root = _root(view, posixpath.dirname(manifest), found)
    return found


def table(value: Any) -> dict[str, Any]:
    """`value` where it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def _above(view: View, folder: str) -> list[str]:
    """The manifests above `folder`: cargo looks through them for the workspace."""
    paths = (posixpath.join(above, "Cargo.toml") for above in upwards(posixpath.dirname(folder)))
    return [path for path in paths if folder != "/" and view.kind(path) == "file"]


def _root(view: View, folder: str, found: Crates) -> str:
    """The folder of the workspace that the package in `folder` belongs to; `folder` itself where it has none."""
    own = found.manifests[posixpath.join(folder, "Cargo.toml")]
    if "workspace" in own:
        return folder
    if isinstance(pointed := table(own.get("package")).get("workspace"), str):
        return posixpath.normpath(posixpath.join(folder, pointed))
    for path in _above(view, folder):
        above = posixpath.dirname(path)
        if "workspace" in found.manifests[path] and not _excluded(found.manifests[path], above, folder):
            return above
    return folder


def _excluded(data: dict[str, Any], root: str, folder: str) -> bool:
    workspace = table(data["workspace"])

    def among(key: str) -> bool:
        names = [posixpath.normpath(posixpath.join(root, name)) for name in _strings(workspace.get(key))]
        return any(f"{folder}/".startswith(f"{name}/") for name in names)

    return among("exclude") and not among("members")


def _strings(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _members(view: View, path: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The manifests of the members of a workspace, and of the root that a package names; each with who says so."""
    folder, file = posixpath.dirname(path), view.file(path)
    if isinstance(pointed := table(data.get("package")).get("workspace"), str):
        root = posixpath.normpath(posixpath.join(folder, pointed))
        yield posixpath.join(root, "Cargo.toml"), f"{file} belongs to the workspace {pointed}"
    for pattern in _strings(table(data.get("workspace")).get("members")):
        if not _GLOB.intersection(pattern):
            member = posixpath.normpath(posixpath.join(folder, pattern, "Cargo.toml"))
            yield member, f"{file} has the member {pattern}"
            continue
        if "**" in pattern:
            raise Unclear(f"{file} finds its members by {pattern}")
        for member in _expanded(view, folder, posixpath.normpath(pattern).split("/")):
            manifest = posixpath.join(member, "Cargo.toml")
            if view.kind(manifest) == "file" and not _excluded(data, folder, member):
                yield manifest, ""


def _expanded(view: View, folder: str, parts: list[str]) -> Iterator[str]:
    """The folders that a pattern, taken apart, stands for in `folder`."""
    if not parts:
        yield folder
        return
    if _GLOB.intersection(parts[0]):
        names = [name for name in view.names(folder) if fnmatchcase(name, parts[0])]
    else:
        names = [parts[0]]
    for name in names:
        inner = posixpath.normpath(posixpath.join(folder, name))
        if view.kind(inner) == "folder":
            yield from _expanded(view, inner, parts[1:])


def _by_path(found: Crates, path: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The manifests that the one at `path` refers to by a path, each with who says so."""
    folder, file = posixpath.dirname(path), found.view.file(path)
    of_targets = [table(each) for each in table(data.get("target")).values()]
    dependencies = [table(each.get(key)) for each in (data, *of_targets) for key in _DEPENDENCIES]
    patches = [table(each) for each in table(data.get("patch")).values()]
    for name, value in [
        item for each in (*dependencies, *patches, table(data.get("replace"))) for item in each.items()
    ]:
        entry, base = table(value), folder
        if entry.get("workspace") is True:
            base, entry = _inherited(found, path, data, name)
        if isinstance(entry.get("path"), str):
            manifest = posixpath.normpath(posixpath.join(base, entry["path"], "Cargo.toml"))
            yield manifest, f"{file} depends on {name} in {entry['path']}"


def _inherited(found: Crates, path: str, data: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    """What the workspace of the manifest at `path` says of the dependency `name`, with the workspace's folder."""
    folder = posixpath.dirname(path)
    candidates = [path, *_above(found.view, folder)]
    if isinstance(pointed := table(data.get("package")).get("workspace"), str):
        candidates.insert(1, posixpath.normpath(posixpath.join(folder, pointed, "Cargo.toml")))
    for candidate in candidates:
        shared = table(table(found.load(candidate).get("workspace")).get("dependencies"))
        if name in shared:
            return posixpath.dirname(candidate), table(shared[name])
    return folder, {}


def _targets(view: View, folder: str, data: dict[str, Any]) -> Iterator[str]:
    """The files without which cargo refuses the manifest of the package in `folder`.

    Source: https://doc.rust-lang.org/cargo/reference/cargo-targets.html#target-auto-discovery; a target that names its
    path need not be there.
    """
    package = table(data.get("package")) or table(data.get("project"))
    name = str(package.get("name", ""))
    listed = {kind: [table(each) for each in _tables(data.get(kind))] for kind in _FOLDERS}
    needed: list[list[str]] = []
    if "lib" in data and "path" not in table(data["lib"]):
        needed.append(["src/lib.rs", f"src/{table(data['lib']).get('name', name)}.rs"])
    for kind, targets in listed.items():
        needed += [_places(kind, str(each.get("name", "")), name) for each in targets if "path" not in each]
    if "lib" not in data and not listed["bin"]:
        libs = ["src/lib.rs"] if package.get("autolib") is not False else []
        bins = ["src/main.rs", *_found_bins(view, folder)] if package.get("autobins") is not False else []
        needed.append([*libs, *bins, "src/lib.rs"])
    started = package.get("default-run")
    if isinstance(started, str) and all(each.get("name") != started for each in listed["bin"]):
        needed.append(_places("bin", started, name))
    if "links" in package and "build" not in package:
        needed.append(["build.rs"])
    for candidates in needed:
        paths = [posixpath.join(folder, each) for each in candidates]
        found = next((path for path in paths if view.kind(path) == "file"), None)
        if found is None:
            file = view.file(posixpath.join(folder, "Cargo.toml"))
            raise Unclear(f"{file} has a target whose file ({candidates[0]}) is not copied")
        yield found


def _tables(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _places(kind: str, name: str, package: str) -> list[str]:
    """Where cargo looks for the target `name`, that of the edition 2015 included."""
    base = _FOLDERS[kind]
    places = [f"{base}/{name}.rs", f"{base}/{name}/main.rs"]
    if kind == "bin":
        places = (["src/main.rs"] if name == package else []) + places + [f"src/{name}.rs", "src/bin/main.rs"]
    return places


def _found_bins(view: View, folder: str) -> list[str]:
    entries = view.names(posixpath.join(folder, "src/bin"))
    return [f"src/bin/{entry}" if entry.endswith(".rs") else f"src/bin/{entry}/main.rs" for entry in entries]
