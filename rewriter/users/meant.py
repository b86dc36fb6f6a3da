"""Folders that are there for the program to write in, whatever its code shows: empty ones, and those of volumes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.steps.downloads import located
from rewriter.steps.final_view import final_view
from rewriter.syntax.vocabulary import Call
from rewriter.users.surroundings import mounts

# A volume by its name, not by a folder of the host.
# Source: https://docs.docker.com/reference/compose-file/services/#short-syntax-5
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z", re.ASCII)
# What a volume keeps from being hidden by a mounted source: it is installed, not written by the program.
_INSTALLED = frozenset(("node_modules", "vendor", ".venv", "venv", "bundle", "gems", "target", "deps", "_build"))
_LEAVES = frozenset(("chmod", "chown", "chgrp", "test", "[", "ls", "echo", "mkdir", "install"))
_SHARED = ("/tmp", "/var/tmp")  # everybody's


def empty(facts: Facts, image: StageImage) -> Iterator[tuple[str, Evidence]]:
    """The folders that steps of the stage make, and that nothing puts a file in: what else are they for?"""
    stages = {each.stage.index for each in facts.lineage(image)}
    runs = [run for run in facts.runs if run.image.stage.index in stages]
    view = final_view(facts, image)
    for run in runs:
        for call in run.calls:
            for path in _made(call):
                free = not path.startswith(_SHARED) and not any(_uses(each, path) for each in runs)
                if free and not _filled(facts, image, path) and not list(view.names(path))[:1]:
                    line = run.instruction.first_line
                    yield path, Evidence(f"makes {path}, and nothing puts a file in it", line)


def made(facts: Facts, image: StageImage) -> frozenset[str]:
    """The folders that steps of the stage make whatever happens."""
    stages = {each.stage.index for each in facts.lineage(image)}
    runs = [run for run in facts.runs if run.image.stage.index in stages]
    return frozenset(path for run in runs for call in run.plain_calls for path in _made(call))


def volumes(facts: Facts) -> Iterator[tuple[str, Evidence]]:
    """The folders that compose files keep in volumes with a name: a new volume belongs to whom the folder of the image
    belongs to.

    Source: https://docs.docker.com/engine/storage/volumes/#populate-a-volume-using-a-container
    """
    for source, target, evidence in mounts(facts):
        path = posixpath.normpath(target)
        if _NAME.match(source) and path.startswith("/") and posixpath.basename(path) not in _INSTALLED:
            yield path, evidence


def shared(facts: Facts, folder: str) -> Iterator[tuple[str, Evidence]]:
    """The folders of the host that compose files mount over `folder`, above or below it."""
    if folder == "/":
        return
    for source, target, evidence in mounts(facts):
        path = posixpath.normpath(target)
        related = f"{folder}/".startswith(f"{path.rstrip('/')}/") or path.startswith(f"{folder.rstrip('/')}/")
        if related and source[:1] in (".", "/", "~", "$", "{"):
            yield path, evidence


def _made(call: Call) -> Iterator[str]:
    if call.program == "mkdir" or (call.program == "install" and call.has("-d", "--directory")):
        for word in call.operands:
            if word.value and word.value.startswith("/"):
                yield posixpath.normpath(word.value)


def _uses(run: Run, path: str) -> bool:
    """Whether a command of the step does more with `path` than make it and say whose it is."""
    for statement in run.script.commands():
        words = [*statement.words, *(r.target for r in statement.redirects if r.target is not None)]
        head = posixpath.basename(statement.words[0].raw) if statement.words else ""
        makes = head == "install" and any(word.raw in ("-d", "--directory") for word in words)
        if head in _LEAVES and (head != "install" or makes) and not statement.redirects:
            continue
        if any(path in word.raw for word in words):
            return True
    return False


def _filled(facts: Facts, image: StageImage, path: str) -> bool:
    """Whether an instruction copies to `path`, works there, or may put something in it."""
    for each in facts.lineage(image):
        for instruction, state in zip(each.stage.body, (*each.before[1:], each.final), strict=False):
            if instruction.keyword == "WORKDIR" and f"{state.workdir}/".startswith(f"{path}/"):
                return True
            if instruction.keyword == "RUN" and facts.run(instruction) is None and path in instruction.value:
                return True
            if instruction.keyword in ("COPY", "ADD"):
                words = instruction.json or instruction.value.split()
                target = located(str(words[-1]).strip("\"'"), state.workdir) if words else None
                if target is None or f"{target}/".startswith(f"{path}/") or "$" in target:
                    return True
    return False
