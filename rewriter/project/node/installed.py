"""Which packages an install brings, by what the lock file says: those of npm, yarn and pnpm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object, line_of, yaml
from rewriter.project.needs import View

_NPM = ("npm-shrinkwrap.json", "package-lock.json")
_YARN_KEY = re.compile(r'"([^"]+)"|([^\s",:][^\s",]*)')
_NAME = re.compile(r"/?((?:@[^/@]+/)?[^/@(]+)@")
_GIT = re.compile(r"git\+|git:|github:|.*\.git#|https://codeload\.github\.com/")
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Package:
    """One package, all its versions together. `scripts` says whether it runs a script on install, None where the lock
    file does not say so. `asks` are the names of what it depends on, `peers` of what it expects to be there beside it.
    `dev` says that only packages for development need it."""

    dev: bool
    scripts: bool | None = None
    asks: frozenset[str] = frozenset()
    peers: frozenset[str] = frozenset()
    git: bool = False


@dataclass(frozen=True, slots=True)
class Installed:
    """The packages that the lock file `file` names, by their names; `direct` are those that package.json asks for, and
    whether as one for development. `peers` says whether the lock file says which packages expect which others."""

    view: View
    file: str
    packages: Mapping[str, Package]
    direct: Mapping[str, bool] = field(default_factory=dict)
    peers: bool = True

    def where(self, name: str) -> str:
        """The lock file and the line in it of the package `name`."""
        text = self.view.text(self.file)
        line = line_of(text, rf'^\s*["/]?(?:node_modules/)?{re.escape(name)}["@:]')
        file = self.view.file(self.file) or self.file
        return f"{file}:{line}" if line else file

    @property
    def left_out(self) -> frozenset[str]:
        """The names of the packages that are for development alone."""
        return frozenset(name for name, package in self.packages.items() if package.dev)


def installed(view: View) -> Installed:
    """What an install in the folder of `view` brings. Raises `Unfit` where there is no lock file that says so.

    Sources: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json,
    https://classic.yarnpkg.com/en/docs/yarn-lock, https://github.com/pnpm/spec/tree/master/lockfile
    """
    data = json_object(view, "package.json")
    direct = dict.fromkeys(_object(data.get("devDependencies")), True)
    direct |= {name: False for key in ("dependencies", "optionalDependencies") for name in _object(data.get(key))}
    if npm := next((name for name in _NPM if view.kind(name)), None):
        lock = json_object(view, npm)
        newer = isinstance(lock.get("packages"), dict)
        return Installed(view, npm, _merged(_npm(lock) if newer else _npm_1(lock.get("dependencies"))), direct, newer)
    if view.kind("yarn.lock"):
        text = view.text("yarn.lock")
        berry = "__metadata:" in text
        return Installed(view, "yarn.lock", _marked(_berry(view) if berry else _yarn(text), data), direct, berry)
    if view.kind("pnpm-lock.yaml"):
        return Installed(view, "pnpm-lock.yaml", _pnpm(view), direct)
    raise Unfit(view.file("package.json") or "package.json", "has no lock file beside it that says what is installed")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _merged(found: Iterable[tuple[str, Package]]) -> dict[str, Package]:
    packages: dict[str, Package] = {}
    for name, package in found:
        other = packages.get(name)
        packages[name] = (
            package
            if other is None
            else Package(
                package.dev and other.dev,
                package.scripts or other.scripts if package.scripts is not None else other.scripts,
                package.asks | other.asks,
                package.peers | other.peers,
                package.git or other.git,
            )
        )
    return packages


def _npm(lock: Mapping[str, Any]) -> Iterator[tuple[str, Package]]:
    for path, entry in _object(lock.get("packages")).items():
        if not path or not isinstance(entry, dict) or entry.get("link"):
            continue
        systems = entry.get("os")
        if isinstance(systems, list) and systems and "linux" not in systems and not str(systems[0]).startswith("!"):
            continue
        asks = frozenset((*_object(entry.get("dependencies")), *_object(entry.get("optionalDependencies"))))
        dev = bool(entry.get("dev"))  # what is `devOptional` stays for those to whom it is optional
        peers = frozenset(_object(entry.get("peerDependencies")))
        git = bool(_GIT.match(str(entry.get("resolved"))))
        name = str(entry.get("name") or path.rpartition("node_modules/")[2])
        yield name, Package(dev, bool(entry.get("hasInstallScript")), asks, peers, git)


def _npm_1(value: Any, depth: int = 0) -> Iterator[tuple[str, Package]]:
    for name, entry in _object(value).items():
        if isinstance(entry, dict) and depth < _DEEPEST:
            asks = frozenset(_object(entry.get("requires")))
            yield name, Package(bool(entry.get("dev")), None, asks, git=bool(_GIT.match(str(entry.get("version")))))
            yield from _npm_1(entry.get("dependencies"), depth + 1)


@dataclass
class _Block:
    """One entry of yarn.lock: the patterns that it is for, and those that it asks for."""

    keys: list[str]
    asks: list[str] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    resolved: str = ""


def _yarn(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    inside = False
    for line in text.splitlines():
        if line.endswith(":") and line[:1] not in (" ", "#"):
            blocks.append(_Block([quoted or plain for quoted, plain in _YARN_KEY.findall(line[:-1])]))
        elif blocks and line.startswith("    ") and inside:
            name, _, spec = line.strip().partition('" ' if line.strip().startswith('"') else " ")
            blocks[-1].asks.append(f"{name.strip(chr(34))}@{spec.strip().strip(chr(34))}")
        elif blocks and line.startswith("  resolved "):
            blocks[-1].resolved = line.split(" ", 3)[-1].strip('"')
        inside = line.strip() in ("dependencies:", "optionalDependencies:") or (inside and line.startswith("    "))
    return blocks


def _berry(view: View) -> list[_Block]:
    blocks: list[_Block] = []
    for key, entry in _object(yaml(view, "yarn.lock")).items():
        if key == "__metadata" or not isinstance(entry, dict) or "@workspace:" in key:
            continue
        asks = [f"{name}@{spec}" for name, spec in _object(entry.get("dependencies")).items()]
        keys = [part.strip() for part in key.split(",")]
        blocks.append(
            _Block(keys, asks, list(_object(entry.get("peerDependencies"))), str(entry.get("resolution", "")))
        )
    return blocks


def _marked(blocks: list[_Block], data: Mapping[str, Any]) -> dict[str, Package]:
    """The packages of yarn.lock; which of them are for development alone is followed from package.json."""
    by_key = {key.replace("@npm:", "@"): block for block in blocks for key in block.keys}
    wanted = [
        f"{name}@{spec}"
        for kind in ("dependencies", "optionalDependencies")
        for name, spec in _object(data.get(kind)).items()
    ]
    seen: set[int] = set()
    while wanted:
        block = by_key.get(wanted.pop().replace("@npm:", "@"))
        if block is not None and id(block) not in seen:
            seen.add(id(block))
            wanted += block.asks
    return _merged(
        (
            match[1],
            Package(
                id(block) not in seen,
                None,
                frozenset(found[1] for ask in block.asks if (found := _NAME.match(ask))),
                frozenset(block.peers),
                bool(_GIT.match(block.resolved)),
            ),
        )
        for block in blocks
        if block.keys and (match := _NAME.match(block.keys[0]))
    )


def _pnpm(view: View) -> dict[str, Package]:
    lock = _object(yaml(view, "pnpm-lock.yaml"))
    importers = _object(lock.get("importers"))
    root = _object(importers.get(".")) if importers else lock
    listed, snapshots = _object(lock.get("packages")), _object(lock.get("snapshots"))
    if not str(lock.get("lockfileVersion", "")).startswith(("6", "9")) or len(importers) > 1:
        raise Unfit(view.file("pnpm-lock.yaml") or "pnpm-lock.yaml", "is of a version or kind that is not read here")
    about = {key.lstrip("/"): _object(entry) for key, entry in (snapshots or listed).items()}
    wanted = [
        _pinned(name, _object(entry).get("version"))
        for kind in ("dependencies", "optionalDependencies")
        for name, entry in _object(root.get(kind)).items()
    ]
    seen: set[str] = set()
    while wanted:
        key = wanted.pop()
        if key in about and key not in seen:
            seen.add(key)
            wanted += [_pinned(name, version) for name, version in _needed(about[key])]
    found: dict[str, Package] = {}
    for key, entry in about.items():
        match = _NAME.match(key)
        plain = key.partition("(")[0]
        more = _object(listed.get(plain) or listed.get(f"/{plain}") or listed.get(f"/{key}"))
        if match:
            asks = frozenset(name for name, _ in _needed(entry))
            scripts = bool(more.get("requiresBuild")) if not snapshots else None
            peers = frozenset(_object(more.get("peerDependencies")))
            package = Package(key not in seen, scripts, asks, peers, "repo" in _object(more.get("resolution")))
            other = found.get(match[1])
            found[match[1]] = _merged([("", other), ("", package)])[""] if other else package
    return found


def _needed(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for kind in ("dependencies", "optionalDependencies"):
        yield from _object(entry.get(kind)).items()


def _pinned(name: str, version: Any) -> str:
    text = str(version)
    return text.lstrip("/") if _NAME.match(text) and not text[:1].isdigit() else f"{name}@{text}"
