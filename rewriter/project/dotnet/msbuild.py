"""MSBuild projects: what a restore reads of them.

A restore evaluates each project: the file itself, `Directory.Build.props` and `.targets` and
`Directory.Packages.props` of the nearest folder above that has one, what they import, and the projects they refer to
(https://learn.microsoft.com/visualstudio/msbuild/customize-by-directory,
https://learn.microsoft.com/nuget/consume-packages/central-package-management). Targets do not run, but for those that
hook themselves into the restore; globs over sources find nothing and need nothing. NuGet reads each NuGet.config from
the project's folder upwards (https://learn.microsoft.com/nuget/consume-packages/configuring-nuget-behavior), and
`packages.lock.json`. It writes `obj/` beside each project.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewriter import knowledge
from rewriter.project.folders import inside, nearest, upwards
from rewriter.project.manifests import line_of, xml
from rewriter.project.needs import Obstacle, View

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MANY = 1000  # files; a large solution has some hundreds
_PROJECT = re.compile(r"(?i)\.(cs|fs|vb)proj\Z")
_BESIDE = ("Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "Directory.Build.rsp")
_NUGET = ("NuGet.Config", "NuGet.config", "nuget.config")
# Where the SDK and the packages are: nothing of the project.
_ELSEWHERE = re.compile(r"\$\((MSBuild(Extensions|Tools|Bin)Path\d*|NuGetPackageRoot|UserProfile|HOME|Pkg\w+)\)")
_HOOKS = re.compile(r"(?i)restore|collect|package|framework|implicit|_check|prune|\$\(|@\(")
_OVERRIDES = re.compile(r"(?i)\A_?(restore|generate\w*restore|getrestore|collect\w+(references|downloads|versions))")
_ABOVE = re.compile(
    r"\$\(\[MSBuild\]::GetPathOfFileAbove\(\s*'?([\w.]+)'?\s*,\s*'?(\$\(MSBuildThisFileDirectory\)[./\\]*)'?\s*\)\)"
)
_FUNCTION = re.compile(r"\$\(\[([\w.]+)\]::(\w+)")
_EXISTS = re.compile(r"(?i)exists\s*\(\s*'([^']*)'\s*\)")
_SOLUTION = re.compile(r'(?m)^[ \t]*Project\("\{([0-9A-Fa-f-]+)\}"\) *= *"[^"\n]*", *"([^"\n]+)"')
_SOLUTION_FOLDER = "2150E333-8FDC-42A3-9474-1A3956D46DE8"


class Unknown(Exception):
    """What stands against knowing what is read."""


@dataclass(eq=False)
class Restore:
    """All that one restore reads, as absolute paths: `shared` files, and `projects` in the order they are met."""

    projects: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    configuration: str | None = None

    def add(self, path: str) -> bool:
        if path in self.shared:
            return False
        if len(self.shared) > _MANY:
            raise Unknown(f"{path} and its like are more than {_MANY} files")
        self.shared.append(path)
        return True


def read(view: View, start: str) -> Restore | Obstacle:
    """What `dotnet restore` reads for the project or solution at `start`. Raises `Unfit` for a broken file."""
    found = Restore()
    path = view.path(start)
    try:
        waiting = [path]
        if path.endswith((".sln", ".slnx")):
            found.add(path)
            waiting = list(_solution(view, path, found))
        configs(view, posixpath.dirname(path), found)
        while waiting:
            project = waiting.pop(0)
            if project in found.projects:
                continue
            if not _PROJECT.search(project):
                raise Unknown(f"{view.file(path)} includes {posixpath.basename(project)}, whose restore is not known")
            if view.file(project) is None:
                raise Unknown(f"{project} does not come from the context")
            if len(found.projects) > _MANY:
                raise Unknown(f"{view.file(path)} has more than {_MANY} projects")
            found.projects.append(project)
            waiting += _project(view, project, found)
    except Unknown as error:
        return Obstacle(str(error))
    return found


def _solution(view: View, path: str, found: Restore) -> Iterator[str]:
    folder = posixpath.dirname(path)
    name = posixpath.basename(path)
    for custom in (f"before.{name}.targets", f"after.{name}.targets"):
        if view.kind(posixpath.join(folder, custom)) is not None:
            raise Unknown(f"{custom} may read anything while {name} is restored")
    for shared in ("Directory.Solution.props", "Directory.Solution.targets"):
        if above := nearest(view, folder, shared):
            list(_evaluated(view, above, path, found, set()))
    if name.endswith(".slnx"):
        names = [element.get("Path", "") for element in xml(view, path).iter("Project")]
    else:
        entries = _SOLUTION.findall(view.text(path))
        names = [name for kind, name in entries if kind.upper() != _SOLUTION_FOLDER]
    for entry in names:
        project = posixpath.normpath(posixpath.join(folder, entry.replace("\\", "/")))
        if view.kind(project) != "file":
            raise Unknown(_at(view, path, f"lists {entry}, which is not in the image", re.escape(entry)))
        yield project


def _project(view: View, project: str, found: Restore) -> Iterator[str]:
    """Add all that the evaluation of `project` reads; the projects that it refers to."""
    folder = posixpath.dirname(project)
    configs(view, folder, found)
    if view.kind(lock := posixpath.join(folder, "packages.lock.json")) == "file":
        found.add(lock)
    files = [project]
    for name in _BESIDE:
        if above := nearest(view, folder, name):
            found.add(above)
            files += [above] if not name.endswith(".rsp") else []
    if view.kind(user := f"{project}.user") == "file":
        found.add(user)
        files.append(user)
    seen: set[str] = set()
    for file in files:
        yield from _evaluated(view, file, project, found, seen)


def _evaluated(view: View, file: str, project: str, found: Restore, seen: set[str]) -> Iterator[str]:
    """Go through one file that MSBuild evaluates for `project`, and through its imports; `seen` it has been before."""
    if file in seen:
        return
    seen.add(file)
    if file != project:
        found.add(file)
    text = view.text(file)
    folder = posixpath.dirname(file)
    for element in _outside_targets(xml(view, file)):
        values = [*element.attrib.values(), element.text or ""]
        _checked(view, file, element, values)
        for value in values:
            if "$(configuration)" in value.lower() and found.configuration is None:
                line = line_of(text, r"(?i)\$\(configuration\)")
                found.configuration = f"{view.file(file)}:{line}"
        # The condition of a target is asked when the target is about to run.
        condition = element.get("Condition", "") if element.tag != "Target" else ""
        if condition.lower().count("exists") != len(wishes := _EXISTS.findall(condition)):
            raise Unknown(_at(view, file, f"depends on {condition}, which is not known", re.escape(condition)))
        for wish in wishes:
            path = _resolved(view, file, project, folder, wish)
            match view.kind(path) if path else None:
                case "file":
                    found.add(path)
                case "folder":
                    raise Unknown(_at(view, file, f"depends on the folder {wish}", re.escape(wish)))
        if element.tag == "Import" and not element.get("Sdk"):
            wish = element.get("Project", "")
            path = _resolved(view, file, project, folder, wish)
            if path and view.kind(path) == "file":
                yield from _evaluated(view, path, project, found, seen)
            elif path and not element.get("Condition"):
                raise Unknown(_at(view, file, f"imports {wish}, which is not in the image", re.escape(wish)))
        if element.tag == "ProjectReference":
            for wish in filter(None, (part.strip() for part in element.get("Include", "").split(";"))):
                path = _resolved(view, file, project, posixpath.dirname(project), wish)
                if not path or view.kind(path) != "file":
                    raise Unknown(_at(view, file, f"refers to {wish}, which is not in the image", re.escape(wish)))
                yield path


def _outside_targets(root: Element) -> Iterator[Element]:
    """All elements in order, but for what is inside of targets: that runs later."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        if element.tag != "Target":
            waiting += [child for child in reversed(element) if isinstance(child.tag, str)]


def _checked(view: View, file: str, element: Element, values: list[str]) -> None:
    """Raise `Unknown` for an element that makes the restore read what is not known."""
    known = knowledge.table("dotnet")
    for value in values:
        for kind, function in _FUNCTION.findall(_ABOVE.sub("", value)):
            if kind not in known["functions"]["classes"] or function in known["functions"]["files"]:
                raise Unknown(_at(view, file, f"calls [{kind}]::{function}", rf"\[{re.escape(kind)}\]::{function}"))
    sdks = element.get("Sdk") if element.tag in ("Project", "Import") else None
    sdks = element.get("Name") if element.tag == "Sdk" else sdks
    for sdk in (sdks or "").split(";"):
        if sdk and sdk.strip().partition("/")[0] not in known["sdks"]["names"]:
            raise Unknown(_at(view, file, f"uses the SDK {sdk}, whose restore is not known", re.escape(sdk)))
    if element.tag == "Project" and element.get("InitialTargets"):
        raise Unknown(_at(view, file, "has InitialTargets, which run at a restore", "InitialTargets"))
    sdk_style = element.get("Sdk") or any(child.tag == "Sdk" or child.get("Sdk") for child in element)
    if element.tag == "Project" and file.endswith("proj") and not sdk_style:
        raise Unknown(_at(view, file, "names no SDK, so NuGet's restore of it is not known", "<Project"))
    if element.tag == "Target":
        hooks = " ".join(element.get(name, "") for name in ("Name", "BeforeTargets", "AfterTargets"))
        if _HOOKS.search(hooks):
            raise Unknown(
                _at(view, file, f"has the target {element.get('Name')}, which may run at a restore", "<Target")
            )
    if element.tag in known["properties"]["names"]:
        raise Unknown(_at(view, file, f"sets {element.tag}, which moves what is restored", f"<{element.tag}"))


def _resolved(view: View, file: str, project: str, base: str, wish: str) -> str:
    """The absolute path that `wish` stands for in `file`; empty for one that is none of the project's."""
    if _ELSEWHERE.match(wish.strip()):
        return ""
    if above := _ABOVE.fullmatch(wish.strip()):
        start = above[2].replace("\\", "/").replace("$(MSBuildThisFileDirectory)", posixpath.dirname(file) + "/")
        return nearest(view, posixpath.normpath(start), above[1]) or ""
    path = wish.strip().replace("\\", "/")
    for name, value in (
        ("MSBuildThisFileDirectory", posixpath.dirname(file) + "/"),
        ("MSBuildProjectDirectory", posixpath.dirname(project)),
        ("ProjectDir", posixpath.dirname(project) + "/"),
        ("MSBuildProjectName", posixpath.splitext(posixpath.basename(project))[0]),
    ):
        path = path.replace(f"$({name})", value)
    if re.search(r"[$@%*?]", path):
        raise Unknown(_at(view, file, f"names {wish}, which is not known", re.escape(wish)))
    return posixpath.normpath(posixpath.join(base, path)).replace("//", "/", 1)


def configs(view: View, folder: str, found: Restore) -> None:
    """Add each NuGet.config from `folder` upwards, and the folders that it names as sources."""
    for above in upwards(folder):
        names = [name for name in _NUGET if view.kind(posixpath.join(above, name)) == "file"]
        for path in (posixpath.join(above, name) for name in names):
            config(view, path, found)


def config(view: View, path: str, found: Restore) -> None:
    """Add the NuGet.config at `path`. Raises `Unknown` where it holds a secret, or a path that is not known."""
    if not found.add(path):
        return
    root = xml(view, path)
    for credentials in root.iter("packageSourceCredentials"):
        for entry in credentials.iter("add"):
            if entry.get("key", "").lower().endswith("password") and not re.fullmatch(r"%\w+%", entry.get("value", "")):
                raise Unknown(_at(view, path, "holds a password, which a further COPY would spread", "(?i)password"))
    for section in ("packageSources", "fallbackPackageFolders"):
        for entry in (entry for found_section in root.iter(section) for entry in found_section.iter("add")):
            source(view, posixpath.dirname(path), entry.get("value", ""), view.file(path) or path, found)
    for entry in (entry for section in root.iter("config") for entry in section.iter("add")):
        if entry.get("key", "").lower() in ("globalpackagesfolder", "repositorypath"):
            value = entry.get("value", "").replace("\\", "/")
            if "%" in value:
                raise Unknown(_at(view, path, f"keeps packages in {value}, which is not known", re.escape(value)))
            found.packages.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), value)))


def source(view: View, folder: str, value: str, where: str, found: Restore) -> None:
    """Add the package source `value`, where it is a folder of the project."""
    if re.match(r"(?i)https?://", value):
        return
    path = posixpath.normpath(posixpath.join(folder, value.replace("\\", "/")))
    if not value or re.search(r"[%$*]|://", value):
        raise Unknown(f"{where} names the package source {value}, which is not known")
    if not inside(view, path):
        return
    if view.kind(path) != "folder" or (view.folder + "/").startswith(path.rstrip("/") + "/"):
        raise Unknown(f"{where} names the package source {value}, which is no folder of its own in the context")
    found.add(path + "/")


def _at(view: View, file: str, reason: str, pattern: str) -> str:
    name = view.file(file) or file
    line = line_of(view.text(file), pattern)
    return f"{name}:{line} {reason}" if line else f"{name} {reason}"
