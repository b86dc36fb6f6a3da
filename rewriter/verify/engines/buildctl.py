"""BuildKit by its own client, with docker or podman, where there is one, to run what it builds.

BuildKit keeps no images: each build is written to a file, and read and run from there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tarfile import TarFile
from tempfile import TemporaryDirectory

from rewriter.verify.engine import Build, Container, Image, Launch, Output, Recipe
from rewriter.verify.engines import buildkit, docker, podman
from rewriter.verify.engines.archive import Archive
from rewriter.verify.engines.base import CommandLine
from rewriter.verify.engines.client import Client
from rewriter.verify.engines.containers import Place
from rewriter.verify.engines.docker import Docker
from rewriter.verify.engines.podman import Podman
from rewriter.verify.engines.processes import checked
from rewriter.verify.trouble import NoEngine, Trouble

Runner = Docker | Podman
_BUILDCTL = Client("buildctl")
# Source: `buildctl --help` and https://github.com/moby/buildkit#quick-start
_HOST, _DEFAULT_HOST = "BUILDKIT_HOST", "unix:///run/buildkit/buildkitd.sock"
_VERSION = re.compile(r"\bv?(\d+\.\d+\.\d+[^\s]*)")
# Docker's own types, for podman drops the health check of an image in the OCI format; gzip, which everybody reads.
# Source: https://github.com/moby/buildkit#imageregistry
_FORMAT = "oci-mediatypes=false,compression=gzip,force-compression=true"

# Whole images go there; /tmp may be in memory. Source: https://systemd.io/TEMPORARY_DIRECTORIES/
_BIG = "/var/tmp"


def find(*, timeout: float) -> Buildctl:
    """The BuildKit that buildctl reaches, at BUILDKIT_HOST where that is set; `timeout` is the limit of one build.
    Raises NoEngine, with what to do, where there is none."""
    return Buildctl(_version(), _runner(timeout), timeout=timeout)


def _version() -> str:
    """The version of buildkitd, and where that is too old to tell it, of buildctl."""
    about = _BUILDCTL.try_to("debug", "info")
    if not about.ok:
        if not (asked := _BUILDCTL.try_to("debug", "workers")).ok:
            host = os.environ.get(_HOST) or _DEFAULT_HOST
            raise NoEngine(
                f"buildctl: buildkitd does not answer at {host}. Start it, or set {_HOST}. It says: "
                f"{asked.said.strip().rpartition(chr(10))[2]}"
            )
        about = _BUILDCTL.try_to("--version")
    found = _VERSION.search(about.out.decode(errors="replace"))
    return found[1] if found else "of an unknown version"


def _runner(timeout: float) -> Runner | None:
    with suppress(NoEngine):
        return docker.find(builder=None, timeout=timeout)
    with suppress(NoEngine):
        return podman.find(timeout=timeout)
    return None


class Buildctl(CommandLine):
    """A BuildKit daemon. `runner` is the engine whose client loads its images and runs them."""

    def __init__(self, version: str, runner: Runner | None, *, timeout: float) -> None:
        super().__init__(_BUILDCTL if runner is None else runner.client, timeout=timeout)
        self._version = version
        self._runner = runner
        big = os.environ.get("TMPDIR") or (_BIG if Path(_BIG).is_dir() else None)
        self._folder = TemporaryDirectory(prefix=f"{self._prefix}-", dir=big, ignore_cleanup_errors=True)
        self._archives: dict[str, Archive] = {}
        self._loaded: set[str] = set()

    @property
    def name(self) -> str:
        return f"buildctl {self._version}"

    @property
    def key(self) -> str:
        runner = self._runner.key if self._runner else ""
        return f"{self.name} {os.environ.get(_HOST) or _DEFAULT_HOST} {runner}".strip()

    @property
    def runs(self) -> bool:
        return self._runner is not None

    @property
    def _place(self) -> Place:
        if self._runner is None:
            raise Trouble("buildctl runs no containers. Install docker or podman beside it.")
        return self._runner._place

    def base_ids(self, references: Sequence[str]) -> tuple[str, ...]:
        """Nothing: BuildKit asks the registry again in each build."""
        return ("",) * len(references)

    def _build(self, recipe: Recipe) -> Build:
        path = Path(self._folder.name, f"{next(self._numbers)}.tar")
        done = self._run_build(tuple(_words(recipe, path)), self.heard)
        said = done.out.decode(errors="replace")
        if not done.ok:
            path.unlink(missing_ok=True)
            raise buildkit.failure(said)
        if before := self._archives.get(recipe.tag):
            before.path.unlink()
        self._archives[recipe.tag] = Archive(path)
        if recipe.tag in self._loaded:
            self._remove(self._images, recipe.tag)
            self._loaded.remove(recipe.tag)
        return buildkit.build(said, done.seconds)

    def image(self, tag: str) -> Image:
        return self._archive(tag).image(tag)

    @contextmanager
    def files(self, tag: str) -> Iterator[TarFile]:
        with self._archive(tag).files() as files:
            yield files

    def start(self, tag: str, launch: Launch) -> AbstractContextManager[Container]:
        self._load(tag)
        return super().start(tag, launch)

    def run(self, tag: str, launch: Launch, *, timeout: float) -> Output:
        self._load(tag)
        return super().run(tag, launch, timeout=timeout)

    def clean(self) -> None:
        if self._runner is not None:
            super().clean()
        self._folder.cleanup()

    def _archive(self, tag: str) -> Archive:
        if tag not in self._archives:
            raise Trouble(f"buildctl has not built {tag}. Build it first.")
        return self._archives[tag]

    def _load(self, tag: str) -> None:
        """Give the image to the engine that runs it."""
        if tag not in self._loaded and self.runs:
            path = self._archive(tag).path
            checked((self.client.program, "load", "--input", str(path)), timeout=self._timeout)
            self._loaded.add(tag)


def _words(recipe: Recipe, path: Path) -> Iterator[str]:
    """The command of a build into the file `path`.

    The ignore file of the Dockerfile's own name is taken from the folder `dockerfile`.
    Source: https://github.com/moby/buildkit/blob/master/frontend/dockerfile/docs/reference.md
    """
    yield from ("buildctl", "build", "--progress=plain", "--frontend=dockerfile.v0")
    yield from ("--local", f"context={recipe.context}", "--local", f"dockerfile={recipe.dockerfile.parent}")
    yield from ("--opt", f"filename={recipe.dockerfile.name}")
    for argument in recipe.arguments:
        yield from ("--opt", f"build-arg:{argument}")
    if recipe.fresh:
        yield "--no-cache"
    yield from recipe.extra
    yield from ("--output", f"type=docker,name={recipe.tag},dest={path},{_FORMAT}")
