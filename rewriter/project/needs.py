"""What a command of a RUN needs of the project beside the Dockerfile, as the readers of the ecosystems answer it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rewriter.change import Evidence
from rewriter.project.context import Kind, Project, Unfit
from rewriter.syntax.vocabulary import Call


@dataclass(frozen=True, slots=True)
class Needs:
    """What a command reads of the project, and what it leaves in it. Paths are as `View` takes them.

    `reads` are the files that the command's work depends on, in the order in which a person lists them: a folder ends
    in `/`; an entry may be a COPY pattern that surely matches (`package*.json`). `leaves` are patterns, relative to the
    working directory and in the way of `.dockerignore`, for all that the command may write among the project's files
    (`node_modules`, `**/obj`), but for the manifests themselves.

    `fetch` is for a command that needs the source, while its downloads do not: the command that only downloads, for
    which `reads` and `leaves` then hold. `still` says what is repeated nevertheless.
    """

    reads: tuple[str, ...]
    leaves: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    fetch: str | None = None
    still: str = ""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why it cannot be known what a command reads: a reason that names the file in the way."""

    reason: str


Answer = Needs | Obstacle | None


@dataclass(frozen=True, slots=True)
class Place:
    """A COPY from the context: what lies at `source` in the context lies at `target` (absolute) in the image."""

    source: str
    target: str


@dataclass(frozen=True)
class View:
    """What a command sees of the project: files of the context at their places in the image.

    Paths are as the command itself would write them: absolute, or relative to its working directory `folder`
    (absolute). What does not come from the context, and what `.dockerignore` hides, is not there. `env` are the
    variables whose value is known, `open` the names of those whose value is not; `before` are the commands that ran
    earlier in the stage and in those it grows from.
    """

    project: Project
    places: tuple[Place, ...]
    folder: str
    env: Mapping[str, str] = field(default_factory=dict)
    before: tuple[Call, ...] = ()
    open: frozenset[str] = frozenset()

    def path(self, name: str) -> str:
        """The absolute path of `name` in the image."""
        return posixpath.normpath(posixpath.join(self.folder, name)).replace("//", "/", 1)

    def file(self, name: str) -> str | None:
        """Where `name` comes from, relative to the context (`.` is its root); None where it does not."""
        path = self.path(name)
        for place in reversed(self.places):
            if path == place.target:
                return posixpath.normpath(place.source)
            above = place.target.rstrip("/") + "/"
            if path.startswith(above):
                found = posixpath.normpath(posixpath.join(place.source, path[len(above) :]))
                if self.project.kind(found) is not None:
                    return found
        return None

    def kind(self, name: str) -> Kind | None:
        """What lies at `name`; None where nothing of the project does."""
        file = self.file(name)
        return None if file is None or self.project.hides(file) else self.project.kind(file)

    def text(self, name: str) -> str:
        """The file `name`; raises `Unfit` where it is not there or cannot be used."""
        file = self.file(name)
        if file is None:
            known = self.project.root is not None
            raise Unfit(name, "is not copied into the image" if known else "is not known: there is no build context")
        if self.project.hides(file):
            raise Unfit(file, "is left out by .dockerignore")
        return self.project.text(file)

    def executable(self, name: str) -> bool:
        """Whether the file `name` may be executed."""
        file = self.file(name)
        return file is not None and self.project.executable(file)

    def names(self, name: str = ".") -> tuple[str, ...]:
        """What lies in the folder `name`, sorted."""
        file = self.file(name)
        if file is None:
            return ()
        return tuple(entry for entry in self.project.names(file) if not self.project.hides(posixpath.join(file, entry)))

    def into(self, name: str) -> View:
        """The same for a command that runs in the folder `name`."""
        return replace(self, folder=self.path(name))

    def evidence(self, fact: str, name: str, line: int | None = None) -> Evidence:
        """A fact that the project's file `name` shows, at its `line` (1-based)."""
        return Evidence(fact, line, self.file(name) or name)
