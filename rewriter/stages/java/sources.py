"""What the sources of a Java program show: whether it needs a compiler, starts programs, reads files by its folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of, xml
from rewriter.project.needs import View

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SOURCES = (".java", ".kt", ".groovy", ".scala", ".clj")
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_SETTINGS = (".properties", ".yml", ".yaml", ".xml")
_TESTS = re.compile(r"(^|/)(src/(test|it|integration-?test)|buildSrc|\.gradle|\.mvn|node_modules)/", re.IGNORECASE)
# A setting that names a file by its place below the working directory.
_BY_FOLDER = re.compile(r"(?m)[=:\s\"'>](?:file:|optional:file:|jdbc:\w+:(?:file:)?)?\.{1,2}/|[=:\s\"'>]file:[\w]")
_DEEP = 10  # parents of a POM
_MANY = 1500  # sources; a service has some hundreds at most


@dataclass(frozen=True, slots=True)
class Sources:
    """What was found, each the first of its kind: the use of a compiler or of the JDK's own interfaces (`compiler`), a
    program that is started (`programs`), a file named by its place below the working directory (`relative`). `whole`
    says that there are sources, and that all were looked at."""

    whole: bool
    compiler: Evidence | None = None
    programs: Evidence | None = None
    relative: Evidence | None = None


def sources(view: View, folders: Sequence[str] = ()) -> Sources:
    """Look through the sources of the project, which lies in `folders`, and its build files. Never raises."""
    project = view.project
    if project.root is None:
        return Sources(False)
    try:
        files = [file for file in project.files() if file.endswith((*_SOURCES, *_SETTINGS, *_BUILDS))]
    except Unfit:
        return Sources(False)
    files = [file for file in files if not _TESTS.search(file)]
    if len(files) > _MANY or not any(file.endswith(_SOURCES) for file in files):
        return Sources(False)
    known = knowledge.table("java_runtime")["sources"]
    patterns = {kind: _any(known[kind]) for kind in ("compiler", "programs")}
    places = _any([*known["places"], *(f"{folder}/" for folder in folders)])
    patterns["relative"] = re.compile(rf"\b(?:{_any(known['opens']).pattern})\(\"(?!/)|{places.pattern}")
    found: dict[str, Evidence] = {}
    for file in files:
        try:
            text = project.text(file)
        except Unfit:
            return Sources(False)
        for kind in patterns if file.endswith(_SOURCES) else ("compiler",) if file.endswith(_BUILDS) else ():
            if kind not in found and (match := patterns[kind].search(text)):
                found[kind] = Evidence(match[0], text.count("\n", 0, match.start()) + 1, file)
        if "relative" not in found and "/resources/" in file and (match := _BY_FOLDER.search(text)):
            found["relative"] = Evidence(match[0].strip(), text.count("\n", 0, match.start()) + 1, file)
    return Sources(True, found.get("compiler"), found.get("programs"), found.get("relative"))


def whole_jar(view: View, folder: str) -> Evidence | None:
    """The evidence that the build in `folder` makes a jar that holds all that the program needs. Never raises."""
    known = knowledge.table("java_runtime")["whole_jars"]
    inner = view.into(folder)
    try:
        if inner.kind("pom.xml") == "file":
            return _of_maven(inner, known["maven"])
        for name in ("build.gradle", "build.gradle.kts"):
            if inner.kind(name) == "file":
                return next(_of_gradle(inner, name, known["gradle"]), None)
    except Unfit:
        return None
    return None


def _of_maven(view: View, plugins: list[str]) -> Evidence | None:
    root, text = xml(view, "pom.xml"), view.text("pom.xml")
    build = root.find("build/plugins")
    for plugin in build if build is not None else ():
        name = (plugin.findtext("artifactId") or "").strip()
        if name not in plugins:
            continue
        if name == "maven-assembly-plugin" and not any(
            (element.text or "").strip() == "jar-with-dependencies" for element in plugin.iter("descriptorRef")
        ):
            continue
        bound = {(element.text or "").strip() for element in plugin.iter("goal")}
        if name == "spring-boot-maven-plugin" and "repackage" not in bound and not _of_spring(view, root):
            continue
        if name == "spring-boot-maven-plugin" and any((e.text or "").strip() == "true" for e in plugin.iter("skip")):
            continue
        line = line_of(text, rf"<artifactId>\s*{re.escape(name)}\s*<")
        return view.evidence(f"{name} puts the dependencies into the jar", "pom.xml", line)
    return None


def _of_spring(view: View, root: Element) -> bool:
    """Whether one of the parents of a POM is Spring Boot's, which binds `repackage` to the phase `package`."""
    for _ in range(_DEEP):
        if (root.findtext("parent/artifactId") or "").strip() == "spring-boot-starter-parent":
            return True
        above = (root.findtext("parent/relativePath") or "../pom.xml").strip()
        view = view.into(posixpath.dirname(above) or ".")
        if root.find("parent") is None or not above.endswith("pom.xml") or view.kind("pom.xml") != "file":
            return False
        root = xml(view, "pom.xml")
    return False


def _of_gradle(view: View, name: str, plugins: list[str]) -> Iterator[Evidence]:
    text = view.text(name)
    for plugin in plugins:
        pattern = rf"(?m)^[^/\n]{{0,99}}?(?:id|plugin)\b[^\n/]{{0,99}}?['\"]{re.escape(plugin)}['\"]"
        if line := line_of(text, pattern):
            yield view.evidence(f"{plugin} puts the dependencies into the jar", name, line)


def _any(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)))
