"""The settings files of npm, yarn, pnpm and bun: what they make an install read, and whether it runs scripts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of, toml, yaml
from rewriter.project.node.manifests import Found

_SECRET = re.compile(r"(?:_?auth(?:_?token|ident)?|_password|\btoken|\bpassword)\Z", re.IGNORECASE)
_CREDENTIALS = re.compile(r"://[^/@:$\s]+:[^/@$\s]+@")
# Where these lie outside of the project they are no matter.
_CACHES = ("cache", "cacheFolder", "storeDir", "globalFolder", "prefix", "globalDir", "globalBinDir")
_TRUE = ("true", "1")
_DEEPEST = 40


@dataclass
class Settings:
    """What the settings files in the project's folder say: `values` by the name of the setting in camel case."""

    values: dict[str, Any] = field(default_factory=dict)

    @property
    def quiet(self) -> bool:
        """Whether npm runs no script."""
        return self.values.get("ignoreScripts") in _TRUE

    @property
    def own_alone(self) -> bool:
        """Whether yarn 2 and later run no scripts but those of the project and its workspaces."""
        return self.values.get("enableScripts") in ("false", False)

    def value(self, name: str) -> str:
        found = self.values.get(name)
        return found if isinstance(found, str) else ""


def read_settings(found: Found, folder: str, names: tuple[str, ...]) -> Settings:
    """Add those of the settings files `names` that lie in `folder`, and what they name. Raises `Unfit` for one that
    holds a secret, and for settings that move what is read or written."""
    settings = Settings()
    for name in names:
        path = posixpath.normpath(posixpath.join(folder, name))
        if found.view.kind(path) != "file":
            continue
        found.read(path)
        for key, value in _pairs(found, path):
            _judge(found, folder, path, key, value)
            settings.values |= _kept(key, value)
    settings.values |= _environment(found)
    for key in settings.values:
        if key in knowledge.table("node_installs")["settings"]["refuse"]:
            raise Unfit(f"the setting {key}", "moves what an install reads or writes")
    return settings


def _environment(found: Found) -> dict[str, Any]:
    """The settings that variables make. Sources: https://docs.npmjs.com/cli/v11/using-npm/config#environment-variables,
    https://yarnpkg.com/configuration/yarnrc"""
    pairs: dict[str, Any] = {}
    for name, value in found.view.env.items():
        if match := re.match(r"(?i:npm_config|yarn|pnpm_config)_(\w+)\Z", name):
            pairs |= _kept(match[1].lower(), value)
        if name == "NODE_OPTIONS" and re.search(
            r"(?<!\S)(?:-r|--(?:require|import|(?:experimental-)?loader))\b", value
        ):
            raise Unfit("NODE_OPTIONS", "makes node load a file of its own")
    return pairs


def _kept(key: str, value: Any) -> dict[str, Any]:
    name = _camel(key)
    return {} if name in _CACHES and str(value).startswith(("/", "~", "$")) else {name: value}


def _pairs(found: Found, path: str) -> Iterator[tuple[str, Any]]:
    """The settings in the file `path`, those inside of others with their own names."""
    if path.endswith(".toml"):
        install = toml(found.view, path).get("install")
        yield from _flat(install if isinstance(install, dict) else {})
    elif path.endswith((".yml", ".yaml")):
        data = yaml(found.view, path)
        if isinstance(data, dict):
            yield from _flat(data)
        elif data is not None:
            raise Unfit(found.view.file(path) or path, "holds no settings")
    else:
        separator = None if path.endswith(".yarnrc") else "="
        for line in found.view.text(path).splitlines():
            if line.strip() and not line.lstrip().startswith(("#", ";", "[")):
                key, *rest = line.strip().split(separator, 1)
                yield key.strip(" \t\"'"), rest[0].strip(" \t\"'") if rest else "true"


def _flat(data: Mapping[Any, Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            if str(key) in ("overrides", "catalog", "catalogs", "packageExtensions", "patchedDependencies", "packages"):
                continue
            yield from _flat(value, depth + 1)
        else:
            yield str(key), value


def _judge(found: Found, folder: str, path: str, key: str, value: Any) -> None:
    file = found.view.file(path) or path
    name = re.escape(key.rpartition(":")[2])
    line = line_of(found.view.text(path), rf"^[^#;\n]*{name}")
    where = f"{file}:{line}" if line else file
    if not isinstance(value, str):
        return
    told = _SECRET.search(key) and value and not value.startswith("$") and value.lower() not in ("true", "false")
    if told or _CREDENTIALS.search(value):
        raise Unfit(where, "holds a secret, which would become a layer of its own: mount it (RUN --mount=type=secret)")
    if _camel(key) in knowledge.table("node_installs")["settings"]["files"] and not value.startswith(("/", "$")):
        target = posixpath.normpath(posixpath.join(folder, value))
        if found.view.kind(target) != "file":
            raise Unfit(where, f"names {value}, which no copy brings from the context")
        found.read(target)
    elif _camel(key) != "yarnPath" and value.startswith(("./", "../", "~")):
        raise Unfit(where, f"sets {key} to {value}, and what is read or written there is not known")


def _camel(key: str) -> str:
    """`ignore-scripts`, `--install.ignore-scripts` and `ignore_scripts` as `ignoreScripts`."""
    head, *rest = re.split(r"[-_]", key.rpartition(".")[2].removeprefix("--"))
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def yarn_program(found: Found, folder: str, settings: Settings) -> None:
    """Add the yarn and the plugins that the project brings along. Raises `Unfit` where they are not there.

    Source: https://yarnpkg.com/configuration/yarnrc#yarnPath
    """
    paths = [settings.values.get("yarnPath"), *_plugins(settings.values.get("plugins"))]
    for path in paths:
        if not isinstance(path, str) or not path:
            continue
        target = posixpath.normpath(posixpath.join(folder, path))
        if found.view.kind(target) != "file":
            raise Unfit(found.view.file(target) or target, "is the yarn of the project, and no copy brings it")
        above = posixpath.dirname(target)
        found.read(f"{above}/" if posixpath.basename(posixpath.dirname(above)) == ".yarn" else target)


def _plugins(value: Any) -> list[str]:
    found = (
        [entry.get("path") if isinstance(entry, dict) else entry for entry in value] if isinstance(value, list) else []
    )
    return [entry if isinstance(entry, str) else "" for entry in found]
