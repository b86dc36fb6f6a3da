"""What the project files of a .NET program show: which framework it needs, and how it is published."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.context import Project, Unfit
from rewriter.project.manifests import line_of, xml
from rewriter.project.needs import Place, View

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PROJECT = (".csproj", ".fsproj", ".vbproj")
_SOURCES = (".cs", ".fs", ".vb")
_SHARED = ("Directory.Build.props", "Directory.Build.targets")
_MANY = 1500
_TRUE = "true"


@dataclass(frozen=True, slots=True)
class Published:
    """The project that is published: `console` is the evidence that it needs nothing of ASP.NET Core, `invariant` that
    it does without data about languages, `alone` that it brings the runtime along."""

    file: str
    console: Evidence | None
    invariant: Evidence | None
    alone: Evidence | None


def published(project: Project, name: str) -> Published | None:
    """The project that makes the assembly `name`; None where that is not known. Never raises."""
    try:
        files = [file for file in project.files() if file.endswith(_PROJECT)] if project.root is not None else []
        if len(files) > _MANY:
            return None
        return _published(project, [file for file in files if _assembly(project, file) == name])
    except Unfit:
        return None


def _published(project: Project, files: list[str]) -> Published | None:
    if len(files) != 1:
        return None
    view = View(project, (Place(".", "/"),), "/")
    file = files[0]
    root = xml(view, file)
    return Published(
        file,
        _console(view, file),
        _property(view, file, root, "InvariantGlobalization"),
        _property(view, file, root, "SelfContained") or _property(view, file, root, "PublishAot"),
    )


def _assembly(project: Project, file: str) -> str:
    """The name of the assembly that a project makes."""
    view = View(project, (Place(".", "/"),), "/")
    named = next(iter(_texts(xml(view, file), "AssemblyName")), "")
    return named if named and "$" not in named else posixpath.splitext(posixpath.basename(file))[0]


def _texts(root: Element, tag: str) -> Iterator[str]:
    return ((element.text or "").strip() for element in root.iter(tag))


def _property(view: View, file: str, root: Element, name: str) -> Evidence | None:
    if _TRUE not in (text.lower() for text in _texts(root, name)):
        return None
    return Evidence(f"sets {name}", line_of(view.text(file), f"<{name}>"), file)


def _console(view: View, start: str) -> Evidence | None:
    """The evidence that neither the project nor any that it refers to needs ASP.NET Core."""
    plain: list[str] = knowledge.table("dotnet_runtime")["packages"]["plain"]
    waiting, seen = [start], set[str]()
    if any(posixpath.basename(file) in _SHARED for file in view.project.files()):
        return None
    while waiting:
        file = waiting.pop()
        if file in seen or len(seen) > _MANY:
            continue
        seen.add(file)
        if view.kind(file) != "file":
            return None
        root = xml(view, file)
        if root.get("Sdk") not in ("Microsoft.NET.Sdk", "Microsoft.NET.Sdk.Worker"):
            return None
        if any(True for tag in ("FrameworkReference", "Import") for _ in root.iter(tag)):
            return None
        for package in root.iter("PackageReference"):
            name = package.get("Include", "")
            if "AspNetCore" in name or not any(name == each or name.startswith(f"{each}.") for each in plain):
                return None
        for other in root.iter("ProjectReference"):
            path = posixpath.join(posixpath.dirname(file), other.get("Include", "").replace("\\", "/"))
            waiting.append(posixpath.normpath(path))
    line = line_of(view.text(start), "<Project")
    return Evidence("needs nothing of ASP.NET Core", line, start)


@dataclass(frozen=True, slots=True)
class Sources:
    """What was found in the sources: the use of the SDK, a program that is started (`programs`), a file that is opened
    by its place (`relative`). `whole` says that all were looked at."""

    whole: bool
    sdk: Evidence | None = None
    programs: Evidence | None = None
    relative: Evidence | None = None


def sources(project: Project) -> Sources:
    """Look through the sources of the project. Never raises."""
    known = knowledge.table("dotnet_runtime")["sources"]
    patterns = {kind: re.compile("|".join(map(re.escape, known[kind]))) for kind in ("sdk", "programs", "places")}
    patterns["places"] = re.compile(rf"\b(?:{'|'.join(known['opens'])})\([@$]?\"(?!/)|{patterns['places'].pattern}")
    found: dict[str, Evidence] = {}
    try:
        files = [file for file in project.files() if file.endswith((*_SOURCES, *_PROJECT))] if project.root else []
        if not files or len(files) > _MANY:
            return Sources(False)
        for file in files:
            text = project.text(file)
            for kind, pattern in patterns.items():
                if kind not in found and "test" not in file.lower() and (match := pattern.search(text)):
                    found[kind] = Evidence(match[0], text.count("\n", 0, match.start()) + 1, file)
    except Unfit:
        return Sources(False)
    return Sources(True, found.get("sdk"), found.get("programs"), found.get("places"))
