"""Builds the sides of one Dockerfile from a private copy of its context."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rewriter.project.context import MANIFEST_LIMIT, Project
from rewriter.result import Rewrite
from rewriter.source import Source
from rewriter.syntax.reader import read
from rewriter.verify.building import context
from rewriter.verify.engine import Build, Engine, Image, Recipe
from rewriter.verify.engines.abilities import is_buildkit
from rewriter.verify.progress import Told
from rewriter.verify.trouble import BuildFailed


@dataclass(frozen=True, slots=True)
class Text:
    """What is built: a Dockerfile and the ignore file of its context, None where there is none."""

    dockerfile: bytes
    ignore: bytes | None


class Bench:
    """A place to build at: a private copy of the context of `project` in the folder `folder`, and an engine.

    `arguments` (`NAME=VALUE`) and `extra` (words for the engine's build command) go into each build. `builds` counts
    them. Raises `Trouble` where the context cannot be copied.
    """

    def __init__(
        self, engine: Engine, project: Project, folder: Path, arguments: tuple[str, ...], extra: tuple[str, ...]
    ) -> None:
        self.engine = engine
        self.project = project
        self.folder = folder
        self.arguments = arguments
        self.extra = extra
        self.context = context.copy(project, folder)
        self.builds = 0

    def texts(self, rewrite: Rewrite) -> tuple[Text, Text]:
        """The two sides of `rewrite`. Podman and Buildah go by an ignore file of their own where there is one."""
        own = None if is_buildkit(self.engine) else self.project.container_ignore
        path = own or self.project.ignore_file
        there = self.project.head(path, MANIFEST_LIMIT)
        completed = {other.path: other.after.encode() for other in rewrite.others}
        ignore = completed.get(path, there)
        return Text(rewrite.before.encode(), there), Text(rewrite.after.encode(), ignore)

    def build(self, name: str, text: Text, told: Told, *, fresh: bool = False) -> tuple[Image, Build]:
        """Build `text` and name the image by `name`; `fresh`: without the build cache. Raises `BuildFailed` where a
        step fails, and `Trouble`."""
        context.place(self.context, self.project, text.dockerfile, text.ignore)
        dockerfile = context.write_side(self.folder / name, text.dockerfile, text.ignore)
        recipe = Recipe(dockerfile, self.context, self.engine.tag(name), fresh, self.arguments, self.extra)
        phase = f"building {name}"
        told(phase, "")
        self.builds += 1
        self.engine.heard = lambda line: told(phase, line)
        try:
            build = self.engine.build(recipe)
        except BuildFailed as error:
            if error.line is None:  # Buildah does not say it
                error.line = _line_of(error.step, text)
            raise
        return self.engine.image(recipe.tag), build


def _line_of(step: str, text: Text) -> int | None:
    """The line (1-based) of the first instruction that an engine calls `step`."""
    keyword, _, rest = " ".join(step.split()).partition(" ")
    for instruction in read(Source.decode(text.dockerfile)).instructions:
        value = " ".join(instruction.value.split())
        if instruction.keyword == keyword.upper() and value and rest.endswith(value):
            return instruction.first_line
    return None
