"""What one install of npm, yarn, pnpm or bun reads and leaves: manifests, lock files, settings, patches, scripts.

Sources: https://docs.npmjs.com/cli/v11/commands/npm-install, https://classic.yarnpkg.com/en/docs/cli/install,
https://yarnpkg.com/cli/install, https://pnpm.io/cli/install, https://bun.sh/docs/cli/install
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Any

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.manifests import yaml
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.node.manifests import Found, Package, members, package, patterns, read_local
from rewriter.project.node.scripts import read_packages, read_scripts
from rewriter.project.node.settings import Settings, read_settings, yarn_program
from rewriter.syntax.vocabulary import Call

_LOCKS: dict[str, tuple[str, ...]] = {
    # npm 7 and later look at a yarn.lock, too: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
    "npm": ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock"),
    "yarn": ("yarn.lock",),
    "berry": ("yarn.lock",),
    "pnpm": ("pnpm-lock.yaml",),
    "bun": ("bun.lock", "bun.lockb"),
}
_SETTINGS: dict[str, tuple[str, ...]] = {
    "npm": (".npmrc",),
    "yarn": (".npmrc", ".yarnrc"),
    "berry": (".yarnrc.yml",),
    "pnpm": (".npmrc", "pnpm-workspace.yaml"),
    "bun": ("bunfig.toml", ".npmrc"),
}
# Settings that are looked for in every folder above, too.
_ABOVE = {"yarn": (".yarnrc", ".npmrc"), "berry": (".yarnrc.yml",), "pnpm": ("pnpm-workspace.yaml",)}
_OF_BERRY = ("--immutable", "--immutable-cache", "--check-cache", "--inline-builds", "--mode", "--refresh-lockfile")
_BRINGS_BERRY = re.compile(r"(?:yarn@(?:berry|stable|canary|\W?[2-9])|berry\Z)")
# What yarn 2 and later leave. Source: https://yarnpkg.com/getting-started/qa#which-files-should-be-gitignored
_YARN_LEAVES = (".yarn/cache", ".yarn/unplugged", ".yarn/install-state.gz", ".yarn/build-state.yml")
_PNP_LEAVES = (".pnp.cjs", ".pnp.loader.mjs", ".pnp.js")
_READS_MORE = re.compile(r"require\(\s*[\"'`]\.|\bfrom\s+[\"'`]\.|import\(|readFile|__dirname")


def install(call: Call, view: View, *, fetches: bool) -> Answer:
    """The needs of the install `call`; with `fetches` it is pnpm's download of what the lock file names.

    Raises `Unfit` for a file of the project that is in the way.
    """
    options = knowledge.table("node_installs")["options"][call.program]
    folder, quiet = ".", False
    for option in call.options:
        if option.name in options["folder"]:
            if not option.value or set(option.value) & set("$`*?~"):
                return Obstacle(f"the folder behind {option.name} is not known")
            folder = posixpath.normpath(option.value)
        elif option.name in options["quiet"]:
            quiet = option.value != "false"
        elif option.name == "--mode" and option.value in ("skip-build", "update-lockfile"):
            quiet = option.value == "skip-build"
        elif option.name not in options["harmless"]:
            return Obstacle(f"what {option.name} makes {call.program} read is not known")
    found = Found(view)
    if fetches:
        return _fetch(found, folder)
    manager = "berry" if call.program == "yarn" and is_berry(view, folder, call) else call.program
    settings = read_settings(found, folder, _SETTINGS[manager])
    _alone(found, folder, manager)
    packages = _packages(found, folder, manager)
    ci = call.subcommand in knowledge.table("node_installs")["commands"]["ci"]
    lock = _locks(found, folder, manager, settings, needed=ci or manager != "npm")
    if not ci:
        _installed(view, folder)
    if manager in ("yarn", "berry"):
        _yarn(found, folder, settings)
    read_local(found, packages, manager)
    if manager in ("pnpm", "bun"):
        _patches(found, packages[0])
    if quiet or (manager == "npm" and settings.quiet):
        found.fact("no scripts run on this install", packages[0].name)
    else:
        if not (manager == "berry" and settings.own_alone):
            read_packages(found, packages, lock)
        read_scripts(found, packages, manager)
    leaves = _leaves(manager, settings, deep=len(packages) > 1)
    inside = [posixpath.normpath(posixpath.join(folder, pattern)) for pattern in leaves]
    return Needs(_ordered(found, folder), (*inside, *found.leaves), tuple(dict.fromkeys(found.evidence)))


def is_berry(view: View, folder: str, call: Call) -> bool:
    """Whether the yarn of `call` is yarn 2 or later. Raises `Unfit` where the files speak of both."""
    lock, manifest, settings = (
        posixpath.normpath(posixpath.join(folder, name)) for name in ("yarn.lock", "package.json", ".yarnrc.yml")
    )
    text = view.text(lock) if view.kind(lock) else ""
    asked = package(view, folder).data.get("packageManager") if view.kind(manifest) else None
    named = re.match(r"yarn@(\d+)", asked) if isinstance(asked, str) else None
    brought = any(
        _BRINGS_BERRY.match(word.raw) or (earlier.program == "yarn" and earlier.subcommand == "set")
        for earlier in view.before
        for word in earlier.statement.words
    )
    asks = call.has(*_OF_BERRY) or (named is not None and named[1] not in ("0", "1"))
    newer = asks or brought or view.kind(settings) is not None or "\n__metadata:" in text
    if newer and "# yarn lockfile v1" in text:
        raise Unfit(view.file(lock) or lock, "is one of yarn 1, while other files speak of a later yarn")
    return newer


def _leaves(manager: str, settings: Settings, *, deep: bool) -> tuple[str, ...]:
    """What stays in the project's folder; `deep` where workspaces and local folders have a node_modules each."""
    modules = "**/node_modules" if deep else "node_modules"
    linker = settings.value("nodeLinker")
    if manager == "pnpm":
        return (modules, ".pnp.cjs") if linker == "pnp" else (modules,)
    if manager != "berry":
        return (modules,)
    # Plug'n'Play is the default: https://yarnpkg.com/configuration/yarnrc#nodeLinker
    return (modules, *_YARN_LEAVES) if linker in ("node-modules", "pnpm") else (*_PNP_LEAVES, *_YARN_LEAVES)


def _ordered(found: Found, folder: str) -> tuple[str, ...]:
    """What is read: the project's package.json and its lock files first."""
    locks = {name for names in _LOCKS.values() for name in names}

    def rank(name: str) -> int:
        inner = posixpath.relpath(name, folder)
        return 0 if inner in ("package.json", "package*.json") else 1 if inner in locks else 2

    return tuple(sorted(found.reads, key=rank))


def _alone(found: Found, folder: str, manager: str) -> None:
    """Raise `Unfit` where a folder above makes the project a workspace of another, or has settings for it; add the
    package.json above that tells corepack which yarn or pnpm to run.

    Source: https://github.com/nodejs/corepack#when-authoring-packages
    """
    view, above = found.view, found.view.path(folder)
    named = manager in ("npm", "bun") or "packageManager" in package(view, folder).data
    while above != "/":
        above = posixpath.dirname(above)
        for name in _ABOVE.get(manager, ()):
            if view.kind(path := posixpath.join(above, name)):
                raise Unfit(view.file(path) or name, f"lies above the project, and {manager} reads it")
        path = posixpath.join(above, "package.json")
        if not view.kind(path):
            continue
        other = package(view, above)
        if patterns(other):
            raise Unfit(view.file(path) or path, "has workspaces, and the install may be that of the whole")
        if not named and "packageManager" in other.data:
            named = True
            found.read(path)


def _installed(view: View, folder: str) -> None:
    """Raise `Unfit` where packages lie in the context that may belong to the project: an install builds upon them."""
    modules = posixpath.normpath(posixpath.join(folder, "node_modules"))
    above = view.file(modules) if view.kind(modules) else None
    if above is None:
        return
    while above:
        above = posixpath.dirname(above)
        rules = (view.project.head(posixpath.join(above, ".gitignore"), 1_000_000) or b"").decode("utf-8", "replace")
        if re.search(r"(?m)^(?:\*\*|\.)?/?(?:\*\*/)?node_modules/?\*{0,2}\s*$", rules):
            return
    file = view.file(modules) or modules
    raise Unfit(file, "is copied into the image, and may be part of the project: leave it out by .dockerignore")


def _packages(found: Found, folder: str, manager: str) -> list[Package]:
    """The package.json of the project, then those of its workspaces; all are read."""
    root = package(found.view, folder)
    found.read(root.name)
    file, wanted = root.name, patterns(root)
    if manager == "pnpm":
        file = root.path("pnpm-workspace.yaml")
        data = _workspace(root)
        listed = data.get("packages")
        wanted = [pattern for pattern in listed if isinstance(pattern, str)] if isinstance(listed, list) else []
        for name, replacement in _object(data.get("overrides")).items():
            if re.match(r"(?:file|link|portal):|\.", str(replacement)):
                raise Unfit(found.view.file(file) or file, f"puts {replacement} in the place of {name}")
    packages = [root, *members(root, wanted, file)]
    for each in packages[1:]:
        found.read(each.name)
        if manager == "pnpm":
            found.read_if_there(each.folder, (".npmrc", "pnpm-lock.yaml"))
    if len(packages) > 1:
        found.fact(f"has {len(packages) - 1} workspaces, whose package.json are read", file)
    for each in packages if manager == "pnpm" else ():
        for name, about in _object(each.data.get("dependenciesMeta")).items():
            if isinstance(about, dict) and about.get("injected"):
                raise each.stop(f"has all of {name} copied into node_modules", name, "dependenciesMeta")
    return packages


def _workspace(root: Package) -> dict[Any, Any]:
    file = root.path("pnpm-workspace.yaml")
    return _object(yaml(root.view, file)) if root.view.kind(file) else {}


def _object(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _locks(found: Found, folder: str, manager: str, settings: Settings, *, needed: bool) -> str:
    """Add the lock files; their text. Raises `Unfit` where none can be read, and one has to be there.

    npm alone can be given one tomorrow without a change to the COPY: a pattern takes it along.
    """
    view = found.view
    paths = [posixpath.normpath(posixpath.join(folder, name)) for name in _LOCKS[manager]]
    there = [path for path in paths if view.kind(path)]
    own = [path for path in there if manager != "npm" or not path.endswith("yarn.lock")]
    if own:
        found.read(*there)
        found.fact("says which packages are installed", own[0])
        return "\n".join(view.text(path) for path in there if not path.endswith(".lockb"))
    if needed:
        hidden = next((file for path in paths if (file := view.file(path)) and view.project.hides(file)), None)
        if hidden:
            raise Unfit(hidden, "is left out by .dockerignore, so that the install does without it")
        raise Unfit(view.file(paths[0]) or paths[0], "is not there: once it is, the install has to read it")
    manifest = posixpath.normpath(posixpath.join(folder, "package.json"))
    found.read(*there)
    if settings.values.get("packageLock") not in ("false", False):
        found.reads.pop(manifest, None)
        found.read(posixpath.join(posixpath.dirname(manifest), "package*.json"))
    found.fact("says which packages are installed; there is no lock file", manifest)
    return ""


def _yarn(found: Found, folder: str, settings: Settings) -> None:
    """Add what yarn reads besides; raises `Unfit` for zero-installs.

    Sources: https://yarnpkg.com/features/caching#zero-installs, https://yarnpkg.com/configuration/yarnrc
    """
    for name in (".yarn/cache", ".yarn/unplugged", *_PNP_LEAVES):
        path = posixpath.normpath(posixpath.join(folder, name))
        if found.view.kind(path):
            raise Unfit(found.view.file(path) or path, "is copied into the image, and the install reads and writes it")
    found.read_if_there(folder, (".env.yarn",))
    yarn_program(found, folder, settings)


def _patches(found: Found, root: Package) -> None:
    """Add the patches that pnpm and bun apply, and pnpm's hooks.

    Sources: https://pnpm.io/cli/patch, https://pnpm.io/pnpmfile, https://bun.sh/docs/install/patch
    """
    listed: Sequence[Any] = (
        *root.strings("patchedDependencies").values(),
        *root.strings("pnpm", "patchedDependencies").values(),
        *_object(_workspace(root).get("patchedDependencies")).values(),
    )
    for path in listed:
        target = root.path(str(path))
        if found.view.kind(target) != "file":
            raise Unfit(found.view.file(target) or target, "patches a package, and no copy brings it from the context")
        above = posixpath.dirname(target)
        found.read(target if (above or ".") == root.path(".") else f"{above}/")
    for name in (".pnpmfile.cjs", ".pnpmfile.mjs", "pnpmfile.js"):
        path = root.path(name)
        if found.view.kind(path):
            if _READS_MORE.search(found.view.text(path)):
                raise Unfit(found.view.file(path) or name, "runs on install, and reads other files")
            found.read(path)


def _fetch(found: Found, folder: str) -> Answer:
    """pnpm's download into its store; of package.json it reads at most which pnpm is wanted, and the patches.

    Source: https://pnpm.io/cli/fetch
    """
    lock = posixpath.normpath(posixpath.join(folder, "pnpm-lock.yaml"))
    found.view.text(lock)
    found.read_if_there(folder, ("package.json",))
    found.read(lock)
    read_settings(found, folder, _SETTINGS["pnpm"])
    if found.view.kind(posixpath.join(folder, "package.json")):
        _patches(found, package(found.view, folder))
    found.fact("says which packages are fetched", lock)
    leaves = posixpath.normpath(posixpath.join(folder, "node_modules"))
    return Needs(tuple(found.reads), (leaves,), tuple(found.evidence))
