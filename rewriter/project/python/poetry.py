"""What poetry needs of the project.

Source: https://python-poetry.org/docs/cli/, https://python-poetry.org/docs/configuration/; what the commands open was
seen with strace and poetry 2.5, and its manager of environments was read.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from rewriter.project import manifests
from rewriter.project.needs import Needs
from rewriter.project.python.command import ahead
from rewriter.project.python.environments import check_surroundings
from rewriter.project.python.local import project_folder
from rewriter.project.python.options import given
from rewriter.project.python.reading import Reading, Unknowable

# Plugins that install as poetry does: https://python-poetry.org/docs/plugins/
_PLUGINS = frozenset(("poetry-plugin-export", "poetry-plugin-bundle", "poetry-plugin-shell", "poetry-plugin-up"))
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_APART = frozenset(
    (
        "about",
        "config",
        "show",
        "help",
        "list",
        "cache clear",
        "cache list",
        "self show",
        "env info",
        "env list",
        "env use",
        "check",
    )
)


def needs(reading: Reading) -> Needs | None:
    """What a poetry command needs; None for `poetry run` and others that install nothing. Raises `Unknowable`."""
    call = reading.call
    match call.subcommand:
        case "install" | "sync":
            return _install(reading)
        case "add" | "remove" | "update" | "lock" | "init":
            raise Unknowable(f"{reading.title} changes pyproject.toml or poetry.lock")
        case "config":
            if call.has("--local"):
                raise Unknowable("poetry config --local changes poetry.toml")
            return Needs(reads=())
        case "self add" | "self update":
            return Needs(reads=()) if all("/" not in word.raw and word.value for word in call.operands) else None
        case subcommand if subcommand in _APART or (not subcommand and call.has("--version", "-V")):
            return Needs(reads=())
    return None


def _install(reading: Reading) -> Needs:
    call = reading.call
    view = reading.view
    check_surroundings(reading)
    if call.has("--only-root"):
        raise Unknowable("poetry install --only-root installs the project itself")
    for _ in given(reading, "poetry"):
        raise Unknowable(f"an option of {reading.title} names files")
    data = manifests.toml(view, "pyproject.toml")
    tool = data.get("tool", {})
    poetry = tool.get("poetry", {}) if isinstance(tool, dict) else None
    if not isinstance(poetry, dict):
        raise Unknowable(f"{reading.where('pyproject.toml')} has no [tool.poetry] table")
    reading.read("pyproject.toml")
    if view.kind("poetry.lock") != "file":
        where = reading.where("pyproject.toml")
        raise Unknowable(f"{where} has no poetry.lock that is copied beside it: commit one")
    reading.read("poetry.lock")
    reading.read_any("poetry.toml")
    _plugins(reading, poetry, tool)
    reading.fact("pins what is installed", "poetry.lock")
    _sources(reading, manifests.toml(view, "poetry.lock"))
    _environment(reading)
    if poetry.get("package-mode", True) is False:
        reading.fact("installs no project of its own", "pyproject.toml", _line(reading, "package-mode"))
        return reading.needs()
    if call.has("--no-root"):
        return reading.needs()
    return reading.needs(ahead(call, "--no-root"), "poetry install still installs the project itself")


def _line(reading: Reading, key: str) -> int | None:
    return manifests.line_of(reading.view.text("pyproject.toml"), rf"^[ \t]*{key}\b")


def _plugins(reading: Reading, poetry: dict[str, Any], tool: dict[str, Any]) -> None:
    """Raise `Unknowable` where a plugin may read more of the project."""
    where = reading.where("pyproject.toml")
    if "poetry-dynamic-versioning" in tool or "poetry-monorepo" in tool:
        raise Unknowable(f"{where} sets a plugin of poetry that reads more of the project")
    required = poetry.get("requires-plugins", {})
    for name in required if isinstance(required, dict) else ():
        if name not in _PLUGINS:
            raise Unknowable(f"{where} requires {name}, and what that plugin reads is not known")
        reading.leave(".poetry")
    for call in reading.view.before:
        added = (
            [word.raw for word in call.operands] if (call.program, call.subcommand) == ("poetry", "self add") else []
        )
        if call.program in ("pip", "pipx", "uv"):
            added += [word.raw for word in call.statement.words if word.raw.strip("\"'").startswith("poetry-")]
        for word in added:
            match = _NAME.match(word.strip("\"'"))
            if match is None or match[0] not in (*_PLUGINS, "poetry", "poetry-core"):
                raise Unknowable(f"{word} is installed, and what that plugin of poetry reads is not known")
    if reading.view.names(".poetry"):
        raise Unknowable(f"{reading.where('.poetry')} holds plugins of poetry")


def _sources(reading: Reading, lock: dict[str, Any]) -> None:
    where = reading.where("poetry.lock")
    packages = lock.get("package", [])
    for package in packages if isinstance(packages, list) else ():
        source = package.get("source", {}) if isinstance(package, dict) else {}
        kind, path = (source.get("type"), str(source.get("url", ""))) if isinstance(source, dict) else (None, "")
        if kind == "git" and package.get("develop"):
            raise Unknowable(f"{where} keeps the sources of {package.get('name')} in a folder src")
        if kind not in ("directory", "file") or (kind == "directory" and reading.call.has("--no-directory")):
            continue
        path = posixpath.normpath(path)
        if reading.view.kind(path) is None:
            raise Unknowable(f"{where} names {path}, which is not among the files of the project")
        if kind == "file":
            reading.read(path)
        else:
            project_folder(reading, path, where)


def _environment(reading: Reading) -> None:
    """Find out where poetry installs to. A folder .venv is taken where it is there, unless that is turned off."""
    inside = _setting(reading, "in-project")
    if (active := reading.env.get("VIRTUAL_ENV")) is not None:
        reading.write(active)
    elif "VIRTUAL_ENV" in reading.env:
        raise Unknowable("the value of VIRTUAL_ENV is not known")
    if inside is False:
        return
    create = _setting(reading, "create")
    if inside is not True and reading.view.kind(".venv") is not None:
        raise Unknowable(
            f"{reading.where('.venv')} is copied into the image, and poetry would use it: leave it out of the context"
        )
    if create is not False or inside is True:
        reading.write(".venv")
    for name in ("POETRY_VIRTUALENVS_PATH", "POETRY_CACHE_DIR", "POETRY_HOME"):
        if name in reading.env:
            path = reading.env[name]
            if path is None or "{" in path:
                raise Unknowable(f"the value of {name} is not known")
            reading.write(path)


def _setting(reading: Reading, name: str) -> bool | None:
    """The setting virtualenvs.`name`; None where it is not set, or not known.

    Source for the order: https://python-poetry.org/docs/configuration/
    """
    variable = f"POETRY_VIRTUALENVS_{name.upper().replace('-', '_')}"
    if variable in reading.env:
        return reading.flag(variable)
    if reading.view.kind("poetry.toml") == "file":
        table = manifests.toml(reading.view, "poetry.toml").get("virtualenvs", {})
        value = table.get(name) if isinstance(table, dict) else None
        if isinstance(value, bool):
            return value
    for call in reversed(reading.view.before):
        words = [word.value for word in call.operands]
        if call.program == "poetry" and call.subcommand == "config" and words[:1] == [f"virtualenvs.{name}"]:
            if call.has("--unset") or len(words) != 2:
                return None
            return {"true": True, "1": True, "false": False, "0": False}.get((words[1] or "").lower())
    return None
