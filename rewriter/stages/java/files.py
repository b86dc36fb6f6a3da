"""What the runtime stage of a Java program takes from the build stage."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rewriter.change import Evidence
from rewriter.stages.java.sources import Sources, whole_jar
from rewriter.stages.kit import Carry, Cut, Obstacle, Shown
from rewriter.steps.downloads import located
from rewriter.steps.start import Started
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call
from rewriter.within import is_within

# Folders that hold more than a project: Java itself, the build tool, the caches.
SYSTEM = frozenset(
    ("/", "/opt", "/usr", "/usr/src", "/usr/local", "/usr/share", "/var", "/root", "/home", "/home/gradle", "/etc")
)
_PATHS = re.compile(r"(?<![\w./$}])/(?!/)[\w.@+/-]+")
_FILE = re.compile(r"(?:\A|[=:,])(?!/|\w+:)[\w.@+-]*[/.][\w.@+/*-]+")
_OTHER_JARS = ("-plain.jar", "-sources.jar", "-javadoc.jar", "-tests.jar")
_READ_BY_SPRING = ("config", "src/main/webapp", "public", "static", "application.properties", "application.yml")


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders of the project in the build stage that the container uses, those that it does not use, and what
    builds wrote elsewhere, as it is carried."""

    folders: tuple[str, ...]
    unused: tuple[str, ...]
    elsewhere: tuple[Carry, ...]


def roots_of(shown: Shown, cut: Cut) -> Roots | Obstacle:
    """The folders that the builds work in, as far as the container uses them."""
    folders: list[str] = []
    elsewhere: list[Carry] = []
    for command in cut.builds:
        name, line = posixpath.basename(command.call.program), command.run.instruction.first_line
        if name not in ("mvn", "gradle", "javac", "jar"):
            continue
        if command.folder is None:
            return Obstacle(f"the folder that {name} in line {line} works in is not known")
        folder = command.run.state.workdir
        if not isinstance(folder, str) or not is_within(command.folder, folder) or folder in SYSTEM:
            folder = command.folder
        folders.append(folder)
        out = located(command.call.value("-d"), command.folder) if name == "javac" else None
        if out is not None and not is_within(out, folder):
            if out in SYSTEM or "$" in out:
                return Obstacle(f"javac in line {line} writes to {out}, among files of the image")
            elsewhere.append(Carry(as_folder(out), as_folder(out)))
    used = [folder for folder in dict.fromkeys(folders) if _used(shown, folder)]
    outer = [f for f in used if not any(f != other and is_within(f, other) for other in used)]
    unused = [f for f in dict.fromkeys(folders) if f not in used and f not in SYSTEM]
    return Roots(tuple(outer), tuple(unused), tuple(elsewhere))


def _used(shown: Shown, folder: str) -> bool:
    """Whether the container works in `folder`, or names a path in there."""
    if is_within(shown.view.folder, folder):
        return True
    return any(is_within(path, folder) for started in shown.start.commands for path in _paths(started))


def _paths(started: Started) -> Iterator[str]:
    """The paths that a command names, absolute."""
    for word in started.call.statement.words:
        text = _text(word)
        yield from (posixpath.normpath(match[0]) for match in _PATHS.finditer(text.replace("file://", "file:")))
        if (path := located(text, started.folder)) is not None and "$" not in path:
            yield path


def alone_of(shown: Shown, cut: Cut, roots: Roots, seen: Sources) -> tuple[tuple[Carry, ...], Evidence] | None:
    """What is carried where the container needs only what was built, with the evidence for that: a jar with all that it
    depends on, one that was copied away from the project, or what Gradle's `installDist` puts into a folder of its own;
    and no file of the project is read by its place."""
    if len(roots.folders) != 1 or roots.elsewhere or any(i.keyword == "RUN" for i in cut.after):
        return None
    if not seen.whole or seen.relative or seen.programs or shown.start.last is None:
        return None
    folder, last = roots.folders[0], shown.start.last
    if any(shown.view.into(folder).kind(name) is not None for name in _READ_BY_SPRING):
        return None
    value = last.call.value("-jar") if posixpath.basename(last.call.program) == "java" else last.call.head.value
    path = located(value, last.folder)
    words = [_text(word) for started in shown.start.commands for word in started.call.statement.words[1:]]
    if path is None or any(_FILE.search(word) or _within(word, folder) for word in words if word != value):
        return None
    if installed := re.match(r"(.+/build/install/[^/]+/)bin/[^/]+\Z", path):
        tree = installed[1]
        return (Carry(tree, tree),), last.fact(f"starts what installDist put into {tree}")
    if posixpath.basename(last.call.program) != "java" or path.endswith(_OTHER_JARS):
        return None
    if not is_within(path, folder):
        return (), last.fact(f"starts {path} and names no other file of the project")
    module = re.sub(r"/(?:target|build/libs)\Z", "", posixpath.dirname(path))
    built = next((c.folder for c in cut.builds if posixpath.basename(c.call.program) in ("mvn", "gradle")), None)
    fact = whole_jar(shown.view, module if module != posixpath.dirname(path) else built or folder)
    return ((Carry(path, path),), fact) if fact else None


def _within(word: str, folder: str) -> bool:
    return any(is_within(posixpath.normpath(match[0]), folder) for match in _PATHS.finditer(word))


def _text(word: Word) -> str:
    return word.value if word.value is not None else word.raw.strip("\"'")


def told(call: Call, folder: str | None) -> str | None:
    """The absolute path out of the project that a property tells Maven or Gradle to write to."""
    for option in call.options:
        name, value = option.name[2:], option.value or ""
        if option.name in ("-D", "-P", "--define", "--project-prop", "--system-prop"):
            name, _, value = value.partition("=")
        elif not option.name.startswith(("-D", "-P")):
            continue
        if "repo" in name or "settings" in name or not value.startswith(("/", "~")):
            continue
        if folder is None or not is_within(posixpath.normpath(value), folder):
            return value
    return None


def as_folder(path: str) -> str:
    return path.rstrip("/") + "/"
