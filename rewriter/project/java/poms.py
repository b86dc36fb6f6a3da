"""Maven's POMs: what one run of Maven reads of the project before any goal runs.

What Maven reads: the POM, its parents along `relativePath` (`../pom.xml` where none is given), the modules of the
reactor, `.mvn/` (https://maven.apache.org/ref/3.9.9/maven-model/maven.html,
https://maven.apache.org/configure.html), jars of the scope `system`, repositories in folders
(https://maven.apache.org/guides/introduction/introduction-to-dependency-mechanism.html#system-dependencies).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.folders import inside, written
from rewriter.project.manifests import line_of, xml
from rewriter.project.needs import Obstacle, View

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MANY = 1000  # POMs; a real reactor has some hundreds at most
_DEEP = 100  # elements inside each other; configuration of plugins has some ten
_BASE = re.compile(r"\$\{(?:project\.|pom\.)?basedir\}|\$\{project\.baseUri\}")
_TOP = re.compile(
    r"\$\{(?:maven\.multiModuleProjectDirectory|session\.executionRootDirectory|session\.rootDirectory)\}"
)


@dataclass(frozen=True, eq=False)
class Pom:
    """One POM: its absolute path, and each element with the tags on the way to it (`project/build/plugins/plugin`)."""

    path: str
    elements: tuple[tuple[str, Element], ...]

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    def at(self, *endings: str, managed: bool = False) -> Iterator[Element]:
        """The elements whose way ends in one of `endings`; with `managed` also those that others take over."""
        for way, element in self.elements:
            if way.endswith(endings) and "/configuration" not in way and (managed or "Management" not in way):
                yield element

    def has(self, *endings: str) -> bool:
        return next(self.at(*endings), None) is not None


@dataclass(eq=False)
class Poms:
    """All POMs of one run: `reactor` are built, `above` are parents outside of it. `extra` are further paths read."""

    reactor: dict[str, Pom] = field(default_factory=dict)
    above: dict[str, Pom] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)

    @property
    def all(self) -> tuple[Pom, ...]:
        return (*self.reactor.values(), *self.above.values())


def text(element: Element, name: str) -> str:
    """The text of the child `name`; empty where there is none."""
    return (element.findtext(name) or "").strip()


def read(view: View, start: str) -> Poms | Obstacle:
    """The POMs that Maven reads when it is told to build the one at `start`. Raises `Unfit` for a broken one."""
    found = Poms()
    waiting = [view.path(start)]
    while waiting:
        path = waiting.pop(0)
        if path in found.reactor:
            continue
        if len(found.reactor) + len(found.above) > _MANY:
            return Obstacle(f"{view.file(start)} has more than {_MANY} modules")
        pom = found.reactor[path] = _pom(view, path)
        if (reason := _parents(view, pom, found)) is not None:
            return reason
        for module in pom.at("modules/module", "subprojects/subproject"):
            name = (module.text or "").strip()
            if "$" in name:
                return _obstacle(view, pom, f"names the module {name}, which is not known", re.escape(name))
            inner = posixpath.normpath(posixpath.join(pom.folder, name))
            inner = posixpath.join(inner, "pom.xml") if view.kind(inner) == "folder" else inner
            if view.kind(inner) == "file":
                waiting.append(inner)
            elif view.file(inner) is not None:
                return Obstacle(f".dockerignore leaves out {view.file(inner)}")
    for pom in found.all:
        if (reason := _reads_more(view, pom, found)) is not None:
            return reason
    return found


def _pom(view: View, path: str) -> Pom:
    def walk(element: Element) -> Iterator[tuple[str, Element]]:
        waiting = [("project", element)]
        while waiting:
            way, found = waiting.pop()
            if way.count("/") > _DEEP:
                raise Unfit(view.file(path) or path, "is nested too deeply")
            yield way, found
            waiting += [(f"{way}/{child.tag}", child) for child in reversed(found) if isinstance(child.tag, str)]

    return Pom(path, tuple(walk(xml(view, path))))


def _parents(view: View, pom: Pom, found: Poms) -> Obstacle | None:
    """Read the parents of `pom` that lie in the project; Maven looks at `../pom.xml` where the POM says nothing."""
    while (parent := next(pom.at("project/parent"), None)) is not None:
        relative = parent.findtext("relativePath", "../pom.xml").strip()
        if "$" in relative:
            return _obstacle(view, pom, f"has its parent at {relative}, which is not known", r"<relativePath>")
        path = posixpath.normpath(posixpath.join(pom.folder, relative))
        if relative and view.kind(path) == "folder":
            path = posixpath.join(path, "pom.xml")
        if not relative or path in found.above or path in found.reactor or view.kind(path) != "file":
            return None
        pom = found.above[path] = _pom(view, path)
        if len(found.above) > _MANY:
            return Obstacle(f"{view.file(path)} has too many parents")
    return None


def extension(name: str) -> bool:
    """Whether the extension `groupId:artifactId` is known to read nothing beside the POMs and `.mvn/`."""
    return name in knowledge.table("maven")["extensions"]["names"]


def coordinates(element: Element) -> str:
    """`groupId:artifactId` of a plugin, an extension or a dependency."""
    return f"{text(element, 'groupId') or 'org.apache.maven.plugins'}:{text(element, 'artifactId')}"


def _reads_more(view: View, pom: Pom, found: Poms) -> Obstacle | None:
    """Add to `found` what `pom` makes Maven read beside the POMs; an obstacle where that is not known."""
    for condition in pom.at("activation/file/exists", "activation/file/missing"):
        name = (condition.text or "").strip()
        return _obstacle(view, pom, f"has a profile that depends on the file {name}", re.escape(name))
    loaded = [*pom.at("build/extensions/extension", managed=True)]
    loaded += [plugin for plugin in pom.at("plugins/plugin", managed=True) if text(plugin, "extensions") == "true"]
    for name in map(coordinates, loaded):
        if not extension(name):
            line = rf">\s*{re.escape(name.partition(':')[2])}\s*<"
            return _obstacle(view, pom, f"loads the extension {name}, and what that reads is not known", line)
    jars = [(element.text or "").strip() for element in pom.at("dependency/systemPath", managed=True)]
    urls = [(element.text or "").strip() for element in pom.at("repository/url", "pluginRepository/url")]
    for wish in (*jars, *filter(None, map(_folder, urls))):
        if (reason := _local(view, pom, found, wish, required=wish in jars)) is not None:
            return reason
    return None


def _local(view: View, pom: Pom, found: Poms, wish: str, *, required: bool) -> Obstacle | None:
    """Add what lies at `wish`, a path of `pom` that its heirs take as theirs."""
    if wish.startswith(("${java.home}", "${env.JAVA_HOME}")):
        return None
    top = next(iter(found.reactor.values())).folder
    for base in sorted({other.folder for other in found.reactor.values()} | {pom.folder}):
        path = wish
        for pattern, folder in ((_BASE, base), (_TOP, top)):
            path = pattern.sub(folder.replace("\\", r"\\"), path)
        if "$" in path:
            return _obstacle(view, pom, f"reads {wish}, which is not known", re.escape(wish))
        path = posixpath.normpath(posixpath.join(base, path)).replace("//", "/", 1)
        kind = view.kind(path)
        if kind is None and required and inside(view, path):
            return _obstacle(view, pom, f"needs {written(view, path)}, which is not in the context", r"<systemPath>")
        if kind == "folder" and (path == "/" or view.path(".").startswith(path)):
            return _obstacle(view, pom, "has a folder of sources as its repository", r"<url>")
        if kind is not None:
            found.extra.append(path + "/" if kind == "folder" else path)
    return None


def _folder(url: str) -> str:
    """The folder that the URL of a repository names; empty for one that is fetched from elsewhere."""
    if url.lower().startswith("file:"):
        rest = url[5:]
        return rest.lstrip("/") if rest.lstrip("/").startswith("$") else "/" + rest.lstrip("/")
    return "" if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", url) else url


def _obstacle(view: View, pom: Pom, reason: str, pattern: str) -> Obstacle:
    name = view.file(pom.path) or pom.path
    line = line_of(view.text(pom.path), pattern)
    return Obstacle(f"{name}:{line} {reason}" if line else f"{name} {reason}")
