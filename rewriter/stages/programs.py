"""The programs that a container starts, as files of its image."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterator

from rewriter.stages.kit import Shown
from rewriter.steps.downloads import located
from rewriter.steps.start import Started

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
