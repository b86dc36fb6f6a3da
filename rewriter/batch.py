"""Many Dockerfiles at once: read, configure and rewrite each, on all cores where that pays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewriter import Options, Project, Rewrite, Source, Unreadable, rewrite
from rewriter.beside import Beside
from rewriter.config import Config, ConfigError
from rewriter.config import load as closest_config
from rewriter.config import read as read_config
from rewriter.discover import Found, Trouble, discover, looks_like_template
from rewriter.syntax.from_context import needed
from rewriter.syntax.reader import read
from transforms import NAMES

# Starting worker processes costs as much as this many files.
_WORTH_SHARING = 48


@dataclass(frozen=True)
class Settings:
    """What the command line says about every file. `overrides` are those of `rewriter.config.Config.options`.

    `beside` are ignore files, by absolute path, that earlier files of the same run have completed: their new texts.
    """

    overrides: Mapping[str, Any] = field(default_factory=dict)
    context: Path | None = None
    config: Path | None = None
    beside: Mapping[Path, str] = field(default_factory=dict)

    def load(self, folder: Path) -> Config:
        """The configuration for the Dockerfiles in `folder`; raises `ConfigError`."""
        return read_config(self.config, NAMES) if self.config else closest_config(folder, NAMES)


@dataclass(frozen=True)
class Done:
    """What came of one file: a rewrite, or the reason why there is none.

    `error` (with its 1-based `line`, where there is one) is a sentence; `skipped` says why a file that was found in a
    folder is no Dockerfile after all. `context` is the build context where the rewrite completes files of it.
    `unproven` is a sentence about what a verification took back of the rewrite.
    """

    path: Path
    rewrite: Rewrite | None = None
    error: str | None = None
    line: int | None = None
    skipped: str | None = None
    context: Path | None = None
    unproven: str | None = None

    @property
    def others(self) -> Mapping[Path, Beside]:
        """The files beside the Dockerfile that the rewrite completes, by absolute path."""
        if self.rewrite is None or self.context is None:
            return {}
        return {Path(os.path.abspath(self.context / other.path)): other for other in self.rewrite.others}


def find(paths: Sequence[Path], settings: Settings) -> list[Found | Trouble]:
    """The Dockerfiles at `paths`, in order, without those that the configuration leaves out."""
    return [
        found
        for found in discover(paths)
        if isinstance(found, Trouble) or found.explicit or not _excluded(found.path, settings)
    ]


def _excluded(path: Path, settings: Settings) -> bool:
    try:
        return settings.load(path.parent).excludes(path)
    except ConfigError:
        return False  # reported once the file itself is read


def process(found: Found | Trouble, settings: Settings) -> Done:
    """Rewrite one file in memory; writes nothing."""
    if isinstance(found, Trouble):
        return Done(found.path, error=found.reason)
    try:
        data = found.path.read_bytes()
    except OSError as error:
        return Done(found.path, error=f"cannot be read: {error.strerror or error}")
    return process_bytes(data, found.path, settings, explicit=found.explicit)


def process_bytes(data: bytes, path: Path, settings: Settings, *, explicit: bool = True) -> Done:
    """Rewrite `data` as the content of the Dockerfile at `path`, which need not exist."""
    try:
        options, project = surroundings(Source.decode(data), path, settings)
        result = rewrite(data, project, options)
        return Done(path, result, context=project.root if result.others else None)
    except ConfigError as error:
        return Done(path, error=str(error))
    except Unreadable as error:
        if not explicit and looks_like_template(data.decode("utf-8", "replace")):
            return Done(path, skipped=f"a template ({error})")
        return Done(path, error=error.reason, line=error.line)
    except Exception as error:  # one file that we stumble over must not stop the others
        return Done(path, error=f"a bug of dockerslim, please report it: {type(error).__name__}: {error}")


def surroundings(source: Source, path: Path, settings: Settings) -> tuple[Options, Project]:
    """How to rewrite `source`, the Dockerfile at `path`, and what lies beside it; raises `ConfigError`."""
    configured = settings.load(path.parent)
    project = Project(
        dockerfile=path,
        locate=lambda: _context(source, path, settings.context or configured.context),
        overlay=lambda root: _overlay(root, settings),
    )
    return configured.options(path, **settings.overrides), project


def _context(source: Source, path: Path, given: Path | None) -> Path | None:
    """The build context of the Dockerfile at `path`: the folder that is `given`, else what the project shows."""
    if given is not None:
        return given if given.is_dir() else None
    from rewriter.project.discovery import locate  # only when a transform asks for the context

    found = locate(path, needed(read(source))).root
    return found if found is not None and found.is_dir() else None


def _overlay(context: Path, settings: Settings) -> dict[str, str]:
    return {os.path.relpath(path, context): text for path, text in settings.beside.items()}


def process_all(found: Sequence[Found | Trouble], settings: Settings, jobs: int | None = None) -> Iterator[Done]:
    """Rewrite many files in memory, in their order. `jobs`: how many processes, None for one per core."""
    workers = min(jobs or len(os.sched_getaffinity(0)), max(1, len(found) // (_WORTH_SHARING // 2)))
    if workers < 2 or len(found) < _WORTH_SHARING:
        yield from (process(one, settings) for one in found)
        return
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial

    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(
            partial(process, settings=settings), found, chunksize=max(1, min(64, len(found) // workers // 4))
        )
