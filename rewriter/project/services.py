"""What the compose files of the project say about the services that run the image of its Dockerfile."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rewriter.change import Evidence
from rewriter.project.builds import Declared, declared, text_of
from rewriter.project.context import Project
from rewriter.project.discovery import above
from rewriter.project.manifests import line_of


@dataclass(frozen=True)
class Service:
    """A service that builds the Dockerfile; `values` are its keys as the compose file has them. `file` is relative to
    the context, `path` where it lies."""

    path: Path
    file: str
    line: int | None
    name: str
    values: Mapping[str, Any]

    @property
    def environment(self) -> frozenset[str]:
        """The names of the variables that it sets.

        Source: https://docs.docker.com/reference/compose-file/services/#environment
        """
        given = self.values.get("environment")
        words = given if isinstance(given, dict | list) else ()
        return frozenset(str(word).partition("=")[0] for word in words)

    def line_of(self, word: str) -> int | None:
        """The line of the file on which `word` stands first, at or below the name of the service."""
        text = text_of(self.path)
        lines = text.split("\n")
        start = (self.line or 1) - 1
        return next((n for n, line in enumerate(lines[start:], start + 1) if word in line), self.line)

    def fact(self, text: str) -> Evidence:
        """A fact that the service shows."""
        return Evidence(f"service {self.name} {text}", self.line, self.file)


def services(project: Project) -> tuple[Service, ...]:
    """The services that build the project's Dockerfile, from the compose files in the context and in the folders above
    it, up to the root of the repository. A file that only adds to a service (`compose.override.yaml`) counts as well.

    Files that cannot be read say nothing. Source: https://docs.docker.com/reference/compose-file/build/, and
    https://docs.docker.com/compose/how-tos/multiple-compose-files/merge/
    """
    return _services(project) if project.root is not None else ()


@lru_cache(maxsize=16)  # a project is a snapshot
def _services(project: Project) -> tuple[Service, ...]:
    root = Path(os.path.abspath(project.root or "."))
    dockerfile = os.path.normpath(root / (project.dockerfile or "Dockerfile"))
    found: list[Service] = []
    for folder in above(root):
        for build in declared(folder):
            file = os.path.relpath(build.file, root)
            project.asked.add(file)
            if build.service and os.path.abspath(build.dockerfile) == dockerfile:
                found.append(Service(build.file, file, _line(build), build.name, build.service))
    return tuple(found)


def _line(build: Declared) -> int | None:
    return line_of(text_of(build.file), rf"^[ \t]+['\"]?{re.escape(build.name)}['\"]?\s*:")
