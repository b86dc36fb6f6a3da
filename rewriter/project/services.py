"""What the compose files of the project say about the services that run the image of its Dockerfile."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rewriter.change import Evidence
from rewriter.project import plain_yaml
from rewriter.project.builds import COMPOSE
from rewriter.project.context import Project, Unfit
from rewriter.project.manifests import line_of


@dataclass(frozen=True)
class Service:
    """A service that builds the Dockerfile; `values` are its keys as the compose file has them."""

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

    def fact(self, text: str) -> Evidence:
        """A fact that the service shows."""
        return Evidence(f"service {self.name} {text}", self.line, self.file)


def services(project: Project) -> Iterator[Service]:
    """The services that build the project's Dockerfile, from the compose files at the root of the context.

    Files that cannot be read say nothing. Source: https://docs.docker.com/reference/compose-file/build/
    """
    for name in project.names():
        if not COMPOSE.match(name):
            continue
        try:
            text = project.text(name)
            content = plain_yaml.load(text)
        except (Unfit, ValueError):
            continue
        listed = content.get("services") if isinstance(content, dict) else None
        for key, values in listed.items() if isinstance(listed, dict) else ():
            build = values.get("build") if isinstance(values, dict) else None
            if _same(project, {"context": build} if isinstance(build, str) else build):
                yield Service(name, line_of(text, rf"^[ \t]+['\"]?{re.escape(str(key))}['\"]?\s*:"), str(key), values)


def _same(project: Project, build: object) -> bool:
    if not isinstance(build, dict) or "dockerfile_inline" in build:
        return False
    context, dockerfile = str(build.get("context", ".")), str(build.get("dockerfile", "Dockerfile"))
    same = posixpath.normpath(dockerfile) == posixpath.normpath(project.dockerfile or "Dockerfile")
    return same and posixpath.normpath(context) == "."
