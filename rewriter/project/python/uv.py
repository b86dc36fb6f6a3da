"""What uv needs of the project.

Source: https://docs.astral.sh/uv/reference/cli/, https://docs.astral.sh/uv/guides/integration/docker/; what the
commands open was seen with strace and uv 0.13.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from rewriter.project import manifests
from rewriter.project.needs import Needs
from rewriter.project.python.command import ahead
from rewriter.project.python.environments import check_surroundings, environments
from rewriter.project.python.local import project_folder
from rewriter.project.python.options import given, surrounding
from rewriter.project.python.pip import install
from rewriter.project.python.reading import Reading, Unknowable, word_text

# Variables that name files or folders: https://docs.astral.sh/uv/reference/environment/
_PATHS = frozenset(
    (
        "UV_CONFIG_FILE",
        "UV_PROJECT",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "UV_OVERRIDE",
        "UV_EXCLUDE",
        "UV_ENV_FILE",
    )
)
_APART = frozenset(
    (
        *("tool update-shell", "cache clean", "cache prune", "cache dir", "self update", "pip list", "pip freeze"),
        *("pip show", "pip check", "pip tree", "python list"),
    )
)


def needs(reading: Reading) -> Needs | None:
    """What a uv command needs; None for `uv run` and others that are not an installation. Raises `Unknowable`."""
    call = reading.call
    match call.subcommand:
        case "sync":
            return _sync(reading)
        case "pip install" | "pip sync":
            return _pip(reading)
        case "venv":
            check_surroundings(reading)
            options = _options(reading, "uv")
            _configuration(reading)
            _versions(reading)
            place = word_text(call.operands[0], reading) if call.operands else ".venv"
            return install(reading, "uv pip", (place,), options)
        case "add" | "remove" | "lock":
            raise Unknowable(f"{reading.title} changes pyproject.toml and uv.lock")
        case "tool install":
            reading.read_any(".python-version", ".python-versions")
            words = [word_text(word, reading) for word in call.operands]
            return install(reading, "uv pip", (), list(given(reading, "uv")), words)
        case "python install":
            if call.operands:
                return Needs(reads=())
            _versions(reading)
            return reading.needs()
        case subcommand if subcommand in _APART or call.has("--version", "-V"):
            return Needs(reads=())
    return None


def _options(reading: Reading, tool: str) -> list[tuple[str, str]]:
    for name in _PATHS.intersection(reading.env):
        raise Unknowable(f"{name} leads uv to other files")
    return [*given(reading, tool), *surrounding(reading, tool, "UV_")]


def _configuration(reading: Reading) -> None:
    """uv takes its settings from the nearest uv.toml or pyproject.toml.

    Source: https://docs.astral.sh/uv/concepts/configuration-files/
    """
    for folder in (".", *reading.above()):
        for name in ("pyproject.toml", "uv.toml"):
            file = posixpath.normpath(posixpath.join(folder, name))
            if reading.view.kind(file) == "file":
                tables = manifests.toml(reading.view, file)
                tool = tables.get("tool", {}) if name == "pyproject.toml" else {"uv": tables}
                settings = tool.get("uv", {}) if isinstance(tool, dict) else {}
                if isinstance(settings, dict):
                    _own_files(reading, settings, file)
                reading.read(file)
                if settings:
                    reading.fact("holds settings of uv", file)


def _own_files(reading: Reading, settings: dict[str, Any], file: str) -> None:
    inner = settings.get("pip", {})
    for table in (settings, inner if isinstance(inner, dict) else {}):
        indexes = table.get("index", [])
        urls = [index.get("url") for index in indexes if isinstance(index, dict)] if isinstance(indexes, list) else []
        links = table.get("find-links", [])
        for url in (*urls, *(links if isinstance(links, list) else [links]), table.get("index-url")):
            if isinstance(url, str) and "://" not in url.replace("file://", ""):
                raise Unknowable(f"{reading.where(file)} looks for packages in {url}")
    if "cache-dir" in settings:
        reading.write(str(settings["cache-dir"]))


def _versions(reading: Reading) -> None:
    for folder in (".", *reading.above()):
        reading.read_any(posixpath.join(folder, ".python-version"), posixpath.join(folder, ".python-versions"))


def _pip(reading: Reading) -> Needs:
    call = reading.call
    check_surroundings(reading)
    options = _options(reading, "uv pip")
    _configuration(reading)
    words = [word_text(word, reading) for word in call.operands]
    if call.subcommand == "pip sync":
        options += [("requirements", word) for word in words]
        words = []
    places = environments(reading)
    away = call.has("--system", "--target", "-t", "--prefix", "-p", "--python") or reading.flag("UV_SYSTEM_PYTHON")
    if not away and "VIRTUAL_ENV" not in reading.env:
        places = (*places, ".venv", *(posixpath.join(folder, ".venv") for folder in reading.above()))
    return install(reading, "uv pip", tuple(dict.fromkeys(map(reading.view.path, places))), options, words)


def _sync(reading: Reading) -> Needs:
    call = reading.call
    view = reading.view
    check_surroundings(reading)
    options = _options(reading, "uv")
    for folder in reading.above():
        above = posixpath.join(folder, "pyproject.toml")
        if view.kind(above) == "file" and "workspace" in _uv(manifests.toml(view, above)):
            raise Unknowable(f"{reading.where(above)} has a workspace that this project may be a member of")
    data = manifests.toml(view, "pyproject.toml")
    _configuration(reading)
    reading.read("pyproject.toml")
    lock = manifests.toml(view, "uv.lock") if view.kind("uv.lock") == "file" else None
    if lock is None:
        raise Unknowable(f"{reading.where('pyproject.toml')} has no uv.lock that is copied beside it: commit one")
    reading.read("uv.lock")
    members = list(_members(reading, data))
    for member in members:
        reading.read(posixpath.join(member, "pyproject.toml"))
    _versions(reading)
    dynamic = [
        name for name in (".", *members) if _dynamic(manifests.toml(view, posixpath.join(name, "pyproject.toml")))
    ]
    if dynamic and not call.has("--frozen") and not reading.flag("UV_FROZEN"):
        where = reading.where(posixpath.join(dynamic[0], "pyproject.toml"))
        raise Unknowable(f"{where} leaves its dependencies to the build, so that uv builds it to check uv.lock")
    root, others = _sources(reading, lock, members)
    place = reading.env.get("UV_PROJECT_ENVIRONMENT", ".venv")
    if place is None or call.has("--active"):
        raise Unknowable("it is not known which environment uv sync writes to")
    reading.fact("pins what is installed", "uv.lock")
    for kind, value in options:
        if kind == "writes":
            reading.write(value)
        elif kind == "links" and "://" not in value:
            raise Unknowable(f"uv looks for packages in {value}")
    reading.write(place)
    if others and not call.has("--no-install-workspace"):
        return reading.needs(
            ahead(call, "--no-install-workspace"), "uv sync still builds the projects of the workspace"
        )
    if root and not call.has("--no-install-project", "--no-install-workspace"):
        return reading.needs(ahead(call, "--no-install-project"), "uv sync still installs the project itself")
    return reading.needs()


def _uv(data: dict[str, Any]) -> dict[str, Any]:
    tool = data.get("tool")
    settings = tool.get("uv") if isinstance(tool, dict) else None
    return settings if isinstance(settings, dict) else {}


def _dynamic(data: dict[str, Any]) -> bool:
    project = data.get("project")
    if project is None and "workspace" in _uv(data):
        return False
    dynamic = project.get("dynamic", []) if isinstance(project, dict) else ["dependencies"]
    return isinstance(dynamic, list) and bool({"dependencies", "optional-dependencies"}.intersection(map(str, dynamic)))


def _members(reading: Reading, data: dict[str, Any]) -> Iterator[str]:
    """The folders of the workspace's members: https://docs.astral.sh/uv/concepts/projects/workspaces/"""
    workspace = _uv(data).get("workspace", {})
    patterns = workspace.get("members", []) if isinstance(workspace, dict) else []
    excluded = workspace.get("exclude", []) if isinstance(workspace, dict) else []
    where = reading.where("pyproject.toml")
    for pattern in patterns if isinstance(patterns, list) else ():
        folder, name = posixpath.split(posixpath.normpath(str(pattern)))
        if set("*?[{") & set(folder) or set("[{") & set(name) or "**" in name or folder.startswith((".", "/")):
            raise Unknowable(f"{where} has workspace members {pattern}, which cannot be listed")
        for entry in reading.view.names(folder or "."):
            member = posixpath.join(folder, entry)
            found = reading.view.kind(posixpath.join(member, "pyproject.toml")) == "file"
            if (
                found
                and fnmatchcase(entry, name)
                and not any(fnmatchcase(member, str(e).rstrip("/")) for e in excluded)
            ):
                yield member


def _sources(reading: Reading, lock: dict[str, Any], members: list[str]) -> tuple[bool, list[str]]:
    """Whether uv.lock holds the project as a package to build, and which members of the workspace are such."""
    root, others = False, []
    packages = lock.get("package", [])
    where = reading.where("uv.lock")
    for package in packages if isinstance(packages, list) else ():
        source = package.get("source", {}) if isinstance(package, dict) else {}
        for kind, value in source.items() if isinstance(source, dict) else ():
            if kind not in ("editable", "directory", "virtual", "path") and not (
                kind == "registry" and "://" not in str(value)
            ):
                continue
            name = posixpath.normpath(str(value))
            if kind == "virtual" and (name == "." or name in members):
                continue
            if kind == "virtual":
                reading.read(posixpath.join(name, "pyproject.toml"))
            elif name == ".":
                root = True
            elif name in members:
                others.append(name)
            elif kind == "registry":
                reading.read(f"{name}/")
            elif kind == "path":
                if reading.view.kind(name) != "file":
                    raise Unknowable(f"{where} names {name}, which is not among the files of the project")
                reading.read(name)
            elif reading.view.kind(name) != "folder":
                raise Unknowable(f"{where} names {name}, which is not among the files of the project")
            else:
                project_folder(reading, name, where)
    return root, others
