"""Which packages of PyPI the steps of a stage install, and what the project's files show about each."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from rewriter.change import Evidence
from rewriter.project import manifests
from rewriter.project.context import Unfit
from rewriter.project.needs import View
from rewriter.project.python.options import given, surrounding
from rewriter.project.python.reading import Reading, Unknowable, word_text
from rewriter.project.python.requirements import Requirements
from rewriter.stages.kit import Command, Shown
from rewriter.steps.context_copies import view_of

_EXTRAS = re.compile(r"\A\s*([\w.-]+)\s*\[([^\]]*)\]")
_PLACE = re.compile(r"(.+):(\d+)\Z")
_MANYLINUX = re.compile(r"-(?P<python>[^-]+)-(?P<abi>[^-]+)-manylinux[^/-]*x86_64\.whl\Z")


@dataclass(frozen=True, slots=True)
class Package:
    """One package: `name` as PyPI normalizes it, and where it stands. `pinned` says that it may be an older version
    than the newest, `version` which one where that is told, `allowed` which ones may be installed. `wheel` says what a
    lock file shows: True that there is one for this Python on Linux, False that there is none, None nothing."""

    name: str
    evidence: Evidence
    extras: frozenset[str] = frozenset()
    pinned: bool = False
    wheel: bool | None = None
    version: str | None = None
    allowed: SpecifierSet | None = None


@dataclass
class Installed:
    """What is installed: `packages` by name; `open` says why there may be others, "" where all are known."""

    packages: dict[str, Package] = field(default_factory=dict)
    open: str = ""

    def add(self, package: Package) -> None:
        known = self.packages.get(package.name)
        if known is None or (known.wheel is None and package.wheel is not None) or package.extras > known.extras:
            self.packages[package.name] = package


def normalized(name: str) -> str:
    """`name` as PyPI has it: https://peps.python.org/pep-0503/#normalized-names"""
    return re.sub(r"[-_.]+", "-", name).lower()


def python_version(shown: Shown) -> str | None:
    """The version of Python that the stage's image has, as `3.12`; None where its tag leaves that open."""
    parts = (shown.image.base.version or "").split(".")
    return ".".join(parts[:2]) if len(parts) > 1 else None


def installed(commands: Sequence[Command], shown: Shown) -> Installed:
    """The packages that `commands`, which install, install by name or by the files of the project."""
    found = Installed()
    for command in commands:
        try:
            _command(command, shown, found)
        except (Unknowable, Unfit) as error:
            found.open = found.open or str(error)
    return found


def _command(command: Command, shown: Shown, found: Installed) -> None:
    call, run = command.call, command.run
    if command.folder is None:
        raise Unknowable(f"it is not known in which folder line {run.instruction.first_line} runs {call.program}")
    before = tuple(other for other in run.calls if other.statement.start < call.statement.start)
    view = view_of(shown.facts, run, command.folder, before)
    line = run.instruction.first_line
    match call.program, call.subcommand:
        case ("pip", "install"):
            _requirements(Reading(call, view), "pip", line, found)
        case ("uv", "pip install" | "pip sync"):
            _requirements(Reading(call, view), "uv pip", line, found)
        case ("uv", "sync"):
            _locked(view, "uv.lock", found, python_version(shown))
        case ("poetry", "install" | "sync"):
            _locked(view, "poetry.lock", found, python_version(shown))
        case ("pipenv", "install" | "sync") if not call.operands:
            _pipfile(view, found)


def _requirements(reading: Reading, tool: str, line: int, found: Installed) -> None:
    prefix = "PIP_" if tool == "pip" else "UV_"
    collector = _Collector(reading, tool, line, found)
    for kind, value in (*given(reading, tool), *surrounding(reading, tool, prefix)):
        if kind in ("requirements", "editable"):
            collector.take(kind, value, f"line {line}")
    for word in reading.call.operands:
        text = word_text(word, reading)
        if reading.call.subcommand == "pip sync":
            collector.take("requirements", text, f"line {line}")
        else:
            collector.requirement(text, f"line {line}")


class _Collector(Requirements):
    """Notes each requirement that it reads."""

    def __init__(self, reading: Reading, tool: str, line: int, found: Installed) -> None:
        super().__init__(reading, tool, ())
        self.line = line
        self.found = found

    def requirement(self, text: str, where: str, *, editable: bool = False) -> bool:  # noqa: ARG002
        place = _PLACE.match(where)
        evidence = (
            Evidence(f"installs {text.strip()}", int(place[2]), place[1])
            if place
            else Evidence(f"installs {text.strip()}", self.line)
        )
        try:
            self.found.add(_package(Requirement(text), evidence))
        except InvalidRequirement:
            self._other(text, where)
        return False

    def _other(self, text: str, where: str) -> None:
        path = re.sub(r"\[[^\[\]]*\]\Z", "", text.strip())
        view = self.reading.view
        if any(view.kind(posixpath.join(path, name)) == "file" for name in ("pyproject.toml", "setup.py")):
            _project(view.into(path), self.found)
        else:
            self.found.open = self.found.open or f"{where} installs {text}, which no list has"


def _package(requirement: Requirement, evidence: Evidence) -> Package:
    pinned = any(each.operator in ("==", "===", "<", "<=", "~=") for each in requirement.specifier)
    exact = [each.version for each in requirement.specifier if each.operator == "==" and "*" not in each.version]
    name, extras = normalized(requirement.name), frozenset(requirement.extras)
    return Package(
        name,
        evidence,
        extras,
        pinned or bool(requirement.url),
        None,
        exact[0] if exact else None,
        requirement.specifier,
    )


def _project(view: View, found: Installed) -> None:
    """The dependencies of the project itself, in its pyproject.toml or setup.py."""
    data = manifests.toml(view, "pyproject.toml") if view.kind("pyproject.toml") == "file" else {}
    project = data.get("project")
    if not isinstance(project, dict) and view.kind("setup.py") == "file":
        for line, text in _install_requires(view):
            _require(text, "setup.py", line, view, found)
        return
    dynamic = project.get("dynamic", []) if isinstance(project, dict) else ["dependencies"]
    if not isinstance(project, dict) or not isinstance(dynamic, list) or "dependencies" in dynamic:
        raise Unknowable(f"{view.file('.') or '.'} does not list its dependencies in a pyproject.toml")
    extras = project.get("optional-dependencies", {})
    lists = [project.get("dependencies", []), *(extras.values() if isinstance(extras, dict) else ())]
    for entry in (entry for entries in lists if isinstance(entries, list) for entry in entries):
        _require(str(entry), "pyproject.toml", None, view, found)


def _require(text: str, name: str, line: int | None, view: View, found: Installed) -> None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise Unknowable(f"{view.file(name)} lists {text}, which is no requirement") from None
    found.add(_package(requirement, view.evidence(f"requires {text}", name, line)))


def _install_requires(view: View) -> Iterator[tuple[int, str]]:
    """The requirements that a setup.py lists as plain strings, each with its line.

    Source: https://setuptools.pypa.io/en/latest/userguide/dependency_management.html
    """
    import libcst as cst
    from libcst import matchers

    module = manifests.python(view, "setup.py")
    calls = matchers.findall(
        module, matchers.Call(func=matchers.Name("setup") | matchers.Attribute(attr=matchers.Name("setup")))
    )
    arguments = [arg for call in calls if isinstance(call, cst.Call) for arg in call.args if arg.keyword]
    values = [arg.value for arg in arguments if arg.keyword and arg.keyword.value == "install_requires"]
    if len(calls) != 1 or len(values) > 1 or (not values and view.kind("setup.cfg") == "file"):
        raise Unknowable(f"{view.file('setup.py')} does not list its dependencies plainly")
    text = view.text("setup.py")
    for value in values:
        elements = value.elements if isinstance(value, cst.List | cst.Tuple) else ()
        if not elements or not all(isinstance(each.value, cst.SimpleString) for each in elements):
            raise Unknowable(f"{view.file('setup.py')} does not list its dependencies plainly")
        for each in elements:
            if isinstance(each.value, cst.SimpleString):
                requirement = str(each.value.evaluated_value)
                yield manifests.line_of(text, re.escape(each.value.value)) or 1, requirement


def _locked(view: View, name: str, found: Installed, python: str | None) -> None:
    """The packages of a uv.lock or a poetry.lock, with the files that there are of each."""
    lock, text = manifests.toml(view, name), view.text(name)
    lines = {match[1]: text.count("\n", 0, match.start()) + 1 for match in re.finditer(r'^name = "(.+)"$', text, re.M)}
    for package in _tables(lock.get("package")):
        own = str(package.get("name", ""))
        source = package.get("source")
        kind = source if isinstance(source, dict) else {}
        if {"editable", "virtual", "directory"} & kind.keys():
            continue
        files = [str(file.get("url") or file.get("file") or "") for file in _tables(package.get("wheels"))]
        files += [str(file.get("file") or "") for file in _tables(package.get("files"))]
        wheel = _has_wheel(files, python) if files or "sdist" in package else None
        evidence = view.evidence(f"locks {own}", name, lines.get(own))
        found.add(Package(normalized(own), evidence, frozenset(), True, wheel, str(package.get("version", "")) or None))


def _tables(value: object) -> Iterator[dict[str, Any]]:
    yield from (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _has_wheel(files: Sequence[str], python: str | None) -> bool:
    """Whether one of `files` is a wheel for the version `python` on Linux.

    Source: https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
    """
    if any(file.endswith("-none-any.whl") for file in files):
        return True
    found = [match for file in files if (match := _MANYLINUX.search(file))]
    tag = f"cp{python.replace('.', '')}" if python else ""
    return any(match["abi"] in ("abi3", "none") or tag in match["python"].split(".") for match in found if tag)


def _pipfile(view: View, found: Installed) -> None:
    packages = manifests.json_object(view, "Pipfile.lock").get("default")
    for name, entry in packages.items() if isinstance(packages, dict) else ():
        if isinstance(entry, dict) and not {"path", "file", "editable"} & entry.keys():
            extras, version = entry.get("extras"), str(entry.get("version", ""))
            line = manifests.line_of(view.text("Pipfile.lock"), rf'^\s*"{re.escape(name)}":')
            found.add(
                Package(
                    normalized(name),
                    view.evidence(f"locks {name}", "Pipfile.lock", line),
                    frozenset(map(str, extras)) if isinstance(extras, list) else frozenset(),
                    True,
                    None,
                    version.removeprefix("==") if version.startswith("==") else None,
                )
            )
        else:
            raise Unknowable(f"{view.file('Pipfile.lock')} names {name}, which is no package of an index")
