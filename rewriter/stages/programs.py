"""The programs that a container starts, as files of its image."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterator
from fnmatch import fnmatchcase

from rewriter.image import State
from rewriter.stages.kit import Shown
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
