"""Whether a lock file holds all that package.json asks for, so that a strict install takes it as it is."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object, yaml
from rewriter.project.needs import View
from rewriter.project.node.manifests import Found, package, patterns
from rewriter.project.node.settings import read_settings

_KINDS = ("dependencies", "optionalDependencies", "devDependencies", "peerDependencies")
# Keys of package.json that put other packages in the place of those that are asked for.
_REPLACES = ("overrides", "resolutions", "bundleDependencies", "bundledDependencies", "pnpm")
_YARN_KEY = re.compile(r'"([^"]+)"|([^\s",:][^\s",]*)')


def npm(view: View, *, legacy: bool) -> str:
    """The name of npm's lock file, in the folder of `view`. `legacy`: peer dependencies are left alone.

    Raises `Unfit` where `npm ci` could refuse it: it compares the lock file with the tree that `npm install` would
    make. Sources: https://docs.npmjs.com/cli/v11/commands/npm-ci, https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
    """
    name = next((n for n in ("npm-shrinkwrap.json", "package-lock.json") if view.kind(n)), "package-lock.json")
    settings = read_settings(Found(view), ".", (".npmrc",))
    if settings.values.get("packageLock") == "false" or settings.values.get("shrinkwrap") == "false":
        raise Unfit(_file(view, ".npmrc"), "says that npm takes no lock file")
    legacy = legacy or settings.values.get("legacyPeerDeps") == "true"
    data = json_object(view, name)
    if data.get("lockfileVersion") not in (2, 3):
        raise Unfit(_file(view, name), "was written by npm 6 or older, which does not say all that npm ci compares")
    wanted, entries = _plain_manifest(view), _objects(data.get("packages"))
    root = entries.get("", {})
    for kind in _KINDS:
        if _asked(wanted, kind) != _asked(root, kind):
            raise Unfit(_file(view, name), f"is older than package.json: their {kind} differ")
    for path, entry in entries.items():
        if entry.get("link") or (path and not path.startswith("node_modules/")):
            raise Unfit(_file(view, name), f"has a package that lies in the project: {path}")
        for dependency, spec, needed in () if entry.get("inBundle") else _edges(path, entry, legacy):
            found = _resolved(entries, path, dependency)
            if (found is None and needed) or (found is not None and not _satisfies(entries[found], spec)):
                reason = f"holds no {dependency} {spec} for {path or 'package.json'}"
                raise Unfit(_file(view, name), f"{reason}, so that npm ci would refuse it")
    return name


def yarn(view: View) -> str:
    """The name of yarn 1's lock file. Raises `Unfit` where a pattern is not in it: then `--frozen-lockfile` fails.

    Source: https://classic.yarnpkg.com/en/docs/cli/install#toc-yarn-install-frozen-lockfile
    """
    text = view.text("yarn.lock")
    if "# yarn lockfile v1" not in text:
        raise Unfit(_file(view, "yarn.lock"), "is not one of yarn 1")
    held, wanted = _yarn_patterns(text)
    manifest = _plain_manifest(view)
    for kind in _KINDS[:3]:
        wanted |= {f"{name}@{spec}": None for name, spec in _asked(manifest, kind).items()}
    missing = next((pattern for pattern in wanted if pattern not in held), None)
    if missing:
        raise Unfit(_file(view, "yarn.lock"), f"holds no {missing}")
    return "yarn.lock"


def pnpm(view: View) -> str:
    """The name of pnpm's lock file. Raises `Unfit` where pnpm would not install it as it is.

    Sources: https://pnpm.io/cli/install#--frozen-lockfile, https://github.com/pnpm/spec/tree/master/lockfile
    """
    name, file = "pnpm-lock.yaml", _file(view, "pnpm-lock.yaml")
    data, manifest = yaml(view, name), _plain_manifest(view)
    for other in ("pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs", ".pnpmfile.mjs"):
        if view.kind(other):
            raise Unfit(_file(view, other), "may change what pnpm compares the lock file with")
    version = str(data.get("lockfileVersion")) if isinstance(data, dict) else ""
    asked = str(manifest.get("packageManager", ""))
    if not re.match({"9.0": r"pnpm@(?:9|10)\.", "6.0": r"pnpm@8\."}.get(version, r"\Z."), asked):
        raise Unfit(
            file, "is of a version of which it is not known that the pnpm of package.json (packageManager) has it"
        )
    importer = _objects(data.get("importers")).get(".", {})
    for kind in _KINDS[:3]:
        held = {key: entry.get("specifier") for key, entry in _objects(importer.get(kind)).items()}
        if held != _asked(manifest, kind):
            raise Unfit(file, f"is older than package.json: their {kind} differ")
    return name


def _plain_manifest(view: View) -> Mapping[str, Any]:
    """package.json, if it asks for packages from a registry alone."""
    root = package(view, ".")
    for key in _REPLACES:
        if root.data.get(key):
            raise root.stop(f"has {key}, and what the lock file then has to hold is not known", key)
    if patterns(root):
        raise root.stop("has workspaces: whether the lock file fits them all is not known", "workspaces")
    for key, name, wanted in root.dependencies():
        if set(wanted) & set("/:") and not wanted.startswith("npm:"):
            raise root.stop(f"asks for {name} by an address", name, key)
    return root.data


def _file(view: View, name: str) -> str:
    return view.file(name) or name


def _objects(value: Any) -> dict[str, dict[str, Any]]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(key): entry for key, entry in pairs if isinstance(entry, dict)}


def _asked(manifest: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = manifest.get(kind)
    optional = manifest.get("optionalDependencies")
    # What is optional as well counts as optional: https://docs.npmjs.com/cli/v11/configuring-npm/package-json
    gone = optional if kind == "dependencies" and isinstance(optional, dict) else {}
    return {key: wanted for key, wanted in found.items() if key not in gone} if isinstance(found, dict) else {}


def _edges(path: str, entry: Mapping[str, Any], legacy: bool) -> Iterator[tuple[str, str, bool]]:
    """Name, range, and whether it has to be there, of what an entry of package-lock.json depends on."""
    for kind in _KINDS:
        if (kind == "devDependencies" and path) or (kind == "peerDependencies" and legacy):
            continue
        about = _objects(entry.get("peerDependenciesMeta")) if kind == "peerDependencies" else {}
        for name, spec in _asked(entry, kind).items():
            yield name, str(spec), not about.get(name, {}).get("optional")


def _resolved(entries: Mapping[str, Any], path: str, name: str) -> str | None:
    """Where node finds the package `name` for the one at `path`."""
    while True:
        found = f"{path}/node_modules/{name}".lstrip("/")
        if found in entries:
            return found
        if not path:
            return None
        path = path.rpartition("node_modules/")[0].rstrip("/")


def _satisfies(entry: Mapping[str, Any], spec: str) -> bool:
    import nodesemver

    spec = spec.rpartition("@")[2] if spec.startswith("npm:") else spec
    version = entry.get("version")
    if not isinstance(version, str) or len(spec) > 200 or len(version) > 100 or set(spec) & set("/:"):
        return False
    if spec.strip() in ("", "*"):
        return True
    logging.getLogger("nodesemver").setLevel(logging.ERROR)
    try:
        return bool(nodesemver.satisfies(version, spec, loose=True))
    except (ValueError, IndexError, TypeError, AttributeError):
        return False


def _yarn_patterns(text: str) -> tuple[set[str], dict[str, None]]:
    """The patterns that a lock file of yarn 1 holds, and those that its packages ask for."""
    held: set[str] = set()
    wanted: dict[str, None] = {}
    inside = False
    for line in text.splitlines():
        if line.endswith(":") and line[:1] not in (" ", "#"):
            held |= {quoted or plain for quoted, plain in _YARN_KEY.findall(line[:-1])}
        elif line.startswith("    ") and inside:
            name, _, spec = line.strip().partition('" ' if line.strip().startswith('"') else " ")
            wanted[f"{name.strip(chr(34))}@{spec.strip().strip(chr(34))}"] = None
        inside = line.strip() in ("dependencies:", "optionalDependencies:") or (inside and line.startswith("    "))
    return held, wanted
