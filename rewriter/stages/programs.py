"""The programs that a container starts, as files of its image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.image import State
from rewriter.stages.kit import Shown
from rewriter.stages.told import told
from rewriter.steps.downloads import located
from rewriter.steps.start import Started
from rewriter.syntax.tree import Instruction

_FOLDERS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt", "/")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def found_program(started: Started, shown: Shown, outputs: Container[str]) -> str | None:
    """Which of the files `outputs` (absolute) the command `started` runs; None where it runs another program."""
    name = started.call.head.value or ""
    if "/" in name:
        path = located(name, started.folder)
        return path if path is not None and path in outputs else None
    given = shown.image.final.env.get("PATH")
    folders = given.split(":") if isinstance(given, str) else _PATH.split(":")
    return next((path for folder in folders if (path := posixpath.join(folder, name)) in outputs), None)


def copied_to(copy: Instruction, state: State, path: str) -> str | None:
    """Where the file at `path` of another stage comes to lie by `copy`, in front of which the settings are `state`;
    None where the copy does not bring it.

    Source: https://docs.docker.com/reference/dockerfile/#copy
    """
    words = copy.json or tuple(copy.value.split())
    target = located(words[-1], state.workdir) if len(words) > 1 and "$" not in words[-1] else None
    if target is None:
        return None
    inside = words[-1].endswith(("/", "/.")) or len(words) > 2 or target in (*_FOLDERS, state.workdir)
    for word in words[:-1]:
        source = posixpath.normpath(posixpath.join("/", word))
        if path == source or ("*" in word and fnmatchcase(path, source)):
            return posixpath.join(target, posixpath.basename(path)) if inside or path != source else target
        if path.startswith(f"{source.rstrip('/')}/"):
            return posixpath.join(target, posixpath.relpath(path, source))
    return None


def scripts_at(shown: Shown) -> Iterator[str]:
    """Where in the image the entry scripts of the project lie."""
    for script in shown.start.scripts:
        for place in reversed(shown.view.places):
            source = posixpath.normpath(place.source)
            below = script.file if source == "." else posixpath.relpath(script.file, source)
            if source == script.file:
                yield place.target
                break
            if not below.startswith("../"):
                yield posixpath.join(place.target, below)
                break


def inherits(shown: Shown) -> bool:
    """Whether the stage starts what its base image starts: it may be a base for other images itself."""
    final, start = shown.image.final, shown.image.start
    return final.cmd == start.cmd and final.entrypoint == start.entrypoint


@lru_cache(maxsize=1)
def in_every_image() -> frozenset[str]:
    """The programs that every image with a shell and a package manager has, by their names."""
    words = knowledge.table("stage_steps")
    return frozenset(word for key in ("quiet", "sets", "files", "packages") for word in words[key].split())


def installs_alone(shown: Shown, known: Container[str]) -> tuple[str, ...] | None:
    """The packages of the distribution that the stage installs; None where one of its steps runs a program that is
    neither in every image nor among `known`."""
    found: list[str] = []
    for instruction in shown.image.stage.body:
        if instruction.keyword != "RUN":
            continue
        run = shown.facts.run(instruction)
        if run is None or len(run.calls) != sum(1 for _ in run.script.commands()) or run.script.substitutions:
            return None
        for call in run.calls:
            name = posixpath.basename(call.program)
            if name not in in_every_image() and name not in known:
                return None
            found += [word.raw for word in call.operands if call.installs]
    return tuple(found)


def told_elsewhere(shown: Shown, pattern: re.Pattern[str]) -> tuple[str, Evidence] | None:
    """What `pattern` finds in a command, an entry point or a health check that a compose file gives a service of the
    image, with its place."""
    for service, _, text in told(shown.facts.project, "command", "entrypoint", "healthcheck"):
        if match := pattern.search(text):
            line = service.line_of(match[0].split()[0])
            return match[0], Evidence(f"runs {match[0]}", line, service.file)
    return None
