"""A Python project in a folder of its own, which an install builds: what the build reads, and what it writes there."""

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from rewriter import knowledge
from rewriter.project import manifests
from rewriter.project.python.reading import Reading, Unknowable, escapes

_FILES = 5_000
_LITERAL = r"^{0}[ \t]*(?::[ \t]*\w+[ \t]*)?=[ \t]*[\"'][^\"'\n]*[\"'][ \t]*(?:#.*)?$"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_BUILDERS = frozenset(
    ("setuptools", "wheel", "flit-core", "hatchling", "poetry-core", "poetry", "pdm-backend", "uv-build", "pip")
)
_SETUPTOOLS = "setuptools.build_meta"
_OWN_BUILD = re.compile(r"(?:lib|bdist|temp|__editable__)\b.*\Z", re.ASCII)


def project_folder(reading: Reading, name: str, where: str) -> None:
    """The project in the folder `name` is built as `where` says: raises `Unknowable` where the build may read more
    than that folder, and where the folder is the project itself."""
    path = reading.view.path(name)
    if any(f"{inner}/".startswith(f"{path.rstrip('/')}/") for inner in _roots(reading)):
        again = "every change of its source repeats it"
        advice = "list the dependencies in a file of their own and install them first"
        raise Unknowable(f"{where} builds the project itself from its source, so {again}: {advice}")
    _walk(reading, path)
    text = posixpath.join(path, "pyproject.toml")
    data = manifests.toml(reading.view, text) if reading.view.kind(text) == "file" else {}
    if not data and reading.view.kind(posixpath.join(path, "setup.py")) != "file":
        raise Unknowable(f"{reading.where(name)} has neither a pyproject.toml nor a setup.py")
    backend = _backend(reading, data, text)
    leaves = knowledge.table("python_tools")["backends"][backend]["leaves"]
    if backend.startswith(_SETUPTOOLS):
        _setuptools(reading, path, data)
    if backend == "hatchling.build":
        _ignore_file(reading, path)
    if backend in ("hatchling.build", "poetry.core.masonry.api"):
        for folder in (path, *reading.above(path)):
            if reading.view.kind(posixpath.join(folder, ".git")):
                raise Unknowable(f"{where} builds {reading.where(name)}, which depends on .git; leave .git out")
    reading.read(name.rstrip("/") + "/")
    for leaf in leaves:
        reading.leave(posixpath.normpath(posixpath.join(posixpath.relpath(path, reading.view.folder), leaf)))
    proof = "pyproject.toml" if data else "setup.py"
    reading.fact("is built from its own folder alone", posixpath.join(path, proof))


def _roots(reading: Reading) -> Iterator[str]:
    yield reading.view.folder
    yield from (place.target for place in reading.view.places if place.source == ".")


def _walk(reading: Reading, path: str) -> None:
    """Raise `Unknowable` where a link may lead out of the folder, or where it is too large to be looked through."""
    seen, folders = 0, [path]
    while folders:
        folder = folders.pop()
        for entry in reading.view.names(folder):
            inner = posixpath.join(folder, entry)
            file = reading.view.file(inner)
            seen += 1
            if seen > _FILES:
                raise Unknowable(f"{reading.where(path)} holds too many files to be looked through")
            if file is None or reading.view.project.linked(file):
                raise Unknowable(f"{file or inner} is a symbolic link")
            if reading.view.kind(inner) == "folder":
                folders.append(inner)


def _backend(reading: Reading, data: dict[str, Any], file: str) -> str:
    """The build backend, if it is one that stays in its folder."""
    where = reading.where(file)
    system = data.get("build-system", {})
    backend = system.get("build-backend", f"{_SETUPTOOLS}:__legacy__") if isinstance(system, dict) else None
    table = knowledge.table("python_tools")["backends"].get(backend) if isinstance(backend, str) else None
    if not isinstance(backend, str) or table is None or "backend-path" in system:
        raise Unknowable(f"{where} is built by {backend}, and what that reads is not known")
    requires = system.get("requires", [])
    for requirement in requires if isinstance(requires, list) else [None]:
        match = _NAME.match(requirement) if isinstance(requirement, str) else None
        if match is None or re.sub(r"[-_.]+", "-", match[0]).lower() not in _BUILDERS:
            raise Unknowable(f"{where} needs {requirement} to be built, and what that reads is not known")
    tools = data.get("tool", {})
    tool = tools.get(table["tool"], {}) if isinstance(tools, dict) else {}
    for key in table["plugin"]:
        found: Any = tool
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found:
            raise Unknowable(f"{where} sets {table['tool']}.{key}, and what its build reads is not known")
    sources = (
        tools.get("uv", {}).get("sources") if isinstance(tools, dict) and isinstance(tools.get("uv"), dict) else None
    )
    if sources:
        raise Unknowable(f"{where} has sources of its own in [tool.uv.sources]")
    hatch = table["tool"] == "hatch"  # whose patterns start at the folder with a slash
    for text in (*_strings(data.get("project")), *(t.lstrip("/") if hatch else t for t in _strings(tool))):
        if escapes(text) or "file:" in text or "{root" in text:
            raise Unknowable(f"{where} names {text[:80]}, which may lie outside of its folder")
    if _paths(tool.get("dependencies") if isinstance(tool, dict) else None):
        raise Unknowable(f"{where} depends on a folder of its own")
    return backend


def _paths(dependencies: object) -> bool:
    values = dependencies.values() if isinstance(dependencies, dict) else ()
    return any(isinstance(value, dict) and "path" in value for value in values)


def _strings(value: object) -> Iterator[str]:
    todo = [value]
    while todo:
        match todo.pop():
            case str() as text:
                yield text
            case list() | tuple() as items:
                todo += items
            case dict() as table:
                todo += [*table, *table.values()]


def _setuptools(reading: Reading, path: str, data: dict[str, Any]) -> None:
    """Raise `Unknowable` where setuptools may run code that reads more than the folder."""
    script = posixpath.join(path, "setup.py")
    if reading.view.kind(script) == "file":
        module = manifests.python(reading.view, script)
        from rewriter.project.python.setup import surprise  # it imports libcst, which takes a while

        if found := surprise(module):
            line, reason = found
            raise Unknowable(f"{reading.where(script, line)} {reason}, and what that reads is not known")
    if reading.view.kind(posixpath.join(path, "setup.cfg")) == "file":
        _configuration(reading, path, posixpath.join(path, "setup.cfg"))
    tools = data.get("tool")
    tool = tools.get("setuptools", {}) if isinstance(tools, dict) else {}
    dynamic = tool.get("dynamic", {}) if isinstance(tool, dict) else {}
    for value in dynamic.values() if isinstance(dynamic, dict) else ():
        if isinstance(value, dict) and "attr" in value:
            _attribute(reading, path, str(value["attr"]), posixpath.join(path, "pyproject.toml"))
    build = posixpath.join(path, "build")
    for entry in reading.view.names(build):
        if not _OWN_BUILD.match(entry):
            raise Unknowable(f"{reading.where(build)} holds files, and the build of {reading.where(path)} writes there")


def _configuration(reading: Reading, path: str, file: str) -> None:
    parser = configparser.RawConfigParser(strict=False)
    where = reading.where(file)
    try:
        parser.read_string(reading.view.text(file))
    except configparser.Error:
        raise Unknowable(f"{where} cannot be read") from None
    for section in ("metadata", "options", *(s for s in parser.sections() if s.startswith("options."))):
        for key, value in parser.items(section) if parser.has_section(section) else ():
            if key in ("cmdclass", "setup_requires", "ext_modules"):
                raise Unknowable(f"{where} sets {key}, and what its build reads is not known")
            for part in re.split(r"[\s,]+", value):
                if escapes(part) or part.startswith("file:/") or "@file:" in part:
                    raise Unknowable(f"{where} names {part[:80]}, which may lie outside of its folder")
            if value.strip().startswith("attr:"):
                _attribute(reading, path, value.partition("attr:")[2].strip(), file)


def _attribute(reading: Reading, path: str, attribute: str, file: str) -> None:
    """setuptools reads a plain text that a module assigns; for anything else it imports the module.

    Source: https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html#dynamic-metadata
    """
    module, _, name = attribute.rpartition(".")
    folders = [posixpath.join(path, base, module.replace(".", "/")) for base in ("", "src")]
    for candidate in [f for folder in folders for f in (f"{folder}.py", f"{folder}/__init__.py")]:
        if name.isidentifier() and reading.view.kind(candidate) == "file":
            if re.search(_LITERAL.format(name), reading.view.text(candidate), re.MULTILINE):
                return
            break
    raise Unknowable(f"{reading.where(file)} takes {attribute} from a module, which runs it")


def _ignore_file(reading: Reading, path: str) -> None:
    """hatchling takes the nearest .gitignore, of the folders above, too.

    Source: https://hatch.pypa.io/latest/config/build/#vcs
    """
    for folder in (path, *reading.above(path)):
        for name in (".gitignore", ".hgignore"):
            file = posixpath.join(folder, name)
            if reading.view.kind(file) == "file":
                reading.read(file)
        if reading.view.kind(posixpath.join(folder, ".gitignore")) == "file":
            return
