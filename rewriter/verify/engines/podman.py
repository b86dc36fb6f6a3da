"""Podman, and buildah: they share a store, and podman runs what buildah builds where it is installed.

The image format is always Docker's: the OCI format has no SHELL, HEALTHCHECK and ONBUILD, and drops them silently.
"""

from __future__ import annotations

import json
import re
import tarfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tarfile import TarFile
from typing import Any

from rewriter.verify.engine import Build, Image, Recipe
from rewriter.verify.engines import buildah_log, images
from rewriter.verify.engines.base import CommandLine, Kind, recipe_words
from rewriter.verify.engines.client import Client
from rewriter.verify.engines.containers import LOCAL, Place
from rewriter.verify.engines.processes import Heard, streamed
from rewriter.verify.engines.storage import Leftovers, Store, as_owner
from rewriter.verify.trouble import NoEngine, Trouble

# Its read-only root has a writable /run and /var/tmp otherwise, and its /tmp what the image has there, podman-run(1).
_HARDENED = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp:notmpcopyup",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)
# It looks for the end of a container every quarter of a second otherwise.
_WAIT = ("wait", "--interval=20ms")
# The first that can be told how old the cache may be, https://github.com/containers/buildah/pull/4165
_CACHE_TTL: Mapping[str, tuple[int, ...]] = {"podman": (4, 2), "buildah": (1, 27)}
# What the clocks and the start of the client may take, in seconds.
_MARGIN = 3.0
# The first that removes an image and leaves its parents, https://github.com/containers/podman/pull/15093
_NO_PRUNE = (4, 3)


def find(*, timeout: float) -> Podman:
    """Podman, with its own builds. Raises NoEngine with what to do where it does not answer."""
    return Podman(_program("podman"), _program("podman"), timeout=timeout)


def find_buildah(*, timeout: float) -> _Builds:
    """Buildah, with podman to run its images where that is installed. Raises NoEngine with what to do."""
    builder = _program("buildah")
    try:
        return Podman(builder, _program("podman"), timeout=timeout)
    except NoEngine:
        return BuildahAlone(builder, timeout=timeout)


@dataclass(frozen=True, slots=True)
class _Program:
    """One of the two programs, with its version and its store."""

    client: Client
    version: str
    store: Store

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(map(int, self.version.split(".")))


def _program(name: str) -> _Program:
    client = Client(name)
    version = client.version()
    answer = client.try_to("info", *(("--format={{json .}}",) if name == "podman" else ()))
    if version is None or not answer.ok:
        raise NoEngine(
            f"{name}: it does not answer. See what `{name} info` says; on macOS podman wants `podman machine start`. "
            f"It says: {answer.said.strip().rpartition(chr(10))[2]}"
        )
    info = json.loads(answer.out)
    store = {key.lower(): value for key, value in info["store"].items()}
    elsewhere = info["host"].get("serviceIsRemote", False)
    root = None if elsewhere else Path(store["graphroot"])
    return _Program(client, version, Store(root, store["graphdrivername"]))


class _Watch:
    """Listens to a build: keeps its lines, and the time in which a base was fetched."""

    def __init__(self, heard: Heard | None) -> None:
        self._heard = heard
        self._since: float | None = None
        self.lines: list[str] = []
        self.fetching = 0.0

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        now = time.monotonic()
        if buildah_log.pulls(line):
            self._since = self._since or now
        elif self._since is not None and buildah_log.goes_on(line):
            self.fetching += now - self._since
            self._since = None
        if self._heard is not None:
            self._heard(line)


class _Builds(CommandLine):
    """An engine that builds as buildah does, into a store of the file system."""

    def __init__(self, builder: _Program, client: Client, *, timeout: float) -> None:
        super().__init__(client, timeout=timeout)
        self._builder = builder
        self._leftovers = Leftovers(builder.client, builder.store, self._prefix)
        self._made: list[str] = []
        self._begun: dict[str, float] = {}

    @property
    def name(self) -> str:
        return f"{self._builder.client.program} {self._builder.version}"

    @property
    def key(self) -> str:
        store = self._builder.store
        return f"{self.name} {store.root or 'elsewhere'} {store.driver}"

    def _build(self, recipe: Recipe) -> Build:
        ignored = recipe.dockerfile.with_name(f"{recipe.dockerfile.name}.dockerignore")
        words = (f"--ignorefile={ignored}",) if ignored.exists() else ()
        # What podman does by default, and buildah does not: a cache, and no containers of failed builds.
        options = (
            "--format=docker",
            "--layers",
            "--force-rm",
            *words,
            *self._cache_words(recipe),
            *self._leftovers.words,
        )
        command = (self._builder.client.program, "build", *options)
        watch = _Watch(self.heard)
        try:
            done = self._run_build((*command, *recipe_words(recipe)), watch, self._leftovers.environment)
        finally:
            said = "\n".join(watch.lines)
            self._made += buildah_log.made(said)
        if not done.ok:
            raise buildah_log.failure(said)
        return Build(done.seconds, watch.fetching, buildah_log.steps(said))

    def _cache_words(self, recipe: Recipe) -> tuple[str, ...]:
        """The cache that a build may use: what is there since the last build of the tag without a cache began.

        Of several images for the first step (`WORKDIR /app`, on the same base), buildah takes the oldest, and finds
        none for the second step where that was built on another. So what an earlier build without a cache left, and
        every other project on this machine, would spoil it.
        """
        now = time.monotonic()
        if recipe.fresh:
            self._begun[recipe.tag] = now
        elif self._begun and self._builder.numbers >= _CACHE_TTL[self._builder.client.program]:
            since = self._begun.get(recipe.tag, max(self._begun.values()))
            return (f"--cache-ttl={now - since + _MARGIN:.1f}s",)
        return ()

    def clean(self) -> None:
        self._leftovers.remove()
        super().clean()
        # The cache of a build is images too, which nothing would ever remove: what was not there before, goes.
        if self._made:
            self.client.try_to(*self._images.removal, *reversed(self._made))
            self._made.clear()


class Podman(_Builds):
    """Builds with podman or buildah, and runs with podman."""

    def __init__(self, builder: _Program, runner: _Program, *, timeout: float) -> None:
        super().__init__(builder, runner.client, timeout=timeout)
        self._store = runner.store
        if runner.numbers >= _NO_PRUNE:
            self._images = Kind(self._images.listing, (*self._images.removal, "--no-prune"))

    @property
    def runs(self) -> bool:
        return True

    def image(self, tag: str) -> Image:
        (about,) = self.client.json("image", "inspect", tag)
        history = self.client.json("history", "--no-trunc", "--format=json", tag)
        sizes = [
            entry["size"]
            for own, entry in zip(about["History"], reversed(history), strict=True)
            if not own.get("empty_layer")
        ]
        return Image(
            tag=tag,
            id=about["Id"],
            layers=images.layers_of(about["History"], sizes),
            size=sum(sizes),
            compressed=None,
            settings=images.settings(self._config(about)),
        )

    def _config(self, about: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the image says of itself. `podman image inspect` leaves out SHELL and ONBUILD, so where the store is
        here, the image's own configuration is read from it.

        Source: https://github.com/containers/storage/blob/main/images.go (how big data is named)
        """
        if self._store.root is not None:
            name = b64encode(f"sha256:{about['Id']}".encode()).decode()
            path = self._store.root / f"{self._store.driver}-images" / about["Id"] / f"={name}"
            if path.exists():
                config: Mapping[str, Any] = json.loads(path.read_text("utf-8"))["config"]
                return config
        return {**about["Config"], "Healthcheck": about.get("Healthcheck")}

    @property
    def _place(self) -> Place:
        return Place(self.client, LOCAL, _HARDENED, _WAIT, self._uid)

    def _uid(self, container: str) -> int | None:
        """By the process itself, as its own user namespace counts."""
        if self._store.root is None:
            return None
        process = Path("/proc", self.client.ask("container", "inspect", "--format={{.State.Pid}}", container))
        try:
            uid = int(re.findall(r"^Uid:\s+(\d+)", (process / "status").read_text(), re.MULTILINE)[0])
            ranges = [tuple(map(int, line.split())) for line in (process / "uid_map").read_text().splitlines()]
        except OSError:  # it has ended
            return None
        return next((inside + uid - here for inside, here, size in ranges if here <= uid < here + size), None)


class BuildahAlone(_Builds):
    """Buildah where there is no podman: its images can be measured, but not run."""

    def __init__(self, builder: _Program, *, timeout: float) -> None:
        super().__init__(builder, builder.client, timeout=timeout)
        self._containers = Kind(
            ("containers", "--noheading", "--filter", f"name={self._prefix}-", "--format={{.ContainerName}}"), ("rm",)
        )
        self._images = Kind(
            ("images", "--noheading", "--filter", f"reference={self._prefix}", "--format={{.Name}}:{{.Tag}}"), ("rmi",)
        )

    @property
    def runs(self) -> bool:
        return False

    @property
    def _place(self) -> Place:
        raise Trouble("buildah alone cannot run what it builds. Install podman beside it.")

    def _image_id(self, reference: str) -> str:
        done = self.client.try_to("inspect", "--type=image", "--format={{.FromImageID}}", reference)
        return done.out.decode().strip() if done.ok else ""

    def image(self, tag: str) -> Image:
        about = self.client.json("inspect", "--type=image", tag)
        # The layers of a built image are kept as plain tar archives, whatever those of its base were.
        sizes = [layer["size"] for layer in json.loads(about["Manifest"])["layers"]]
        return Image(
            tag=tag,
            id=about["FromImageID"],
            layers=images.layers_of(about["Docker"]["history"], sizes),
            size=sum(sizes),
            compressed=None,
            settings=images.settings(about["Docker"]["config"]),
        )

    @contextmanager
    def files(self, tag: str) -> Iterator[TarFile]:
        name = self._name()
        # A rootless store is seen only by the shell that mounts it. The names are as those of `docker export`.
        pack = 'cd "$(buildah mount "$1")" && ls -A | tar --numeric-owner --verbatim-files-from -T - -cf -'
        try:
            self.client.ask("from", "--name", name, "--pull-never", tag)
            with (
                streamed(as_owner(self.client, "sh", "-c", pack, "sh", name)) as stream,
                tarfile.open(fileobj=stream, mode="r|") as archive,
            ):
                yield archive
        finally:
            self._remove_container(name)

    def _remove_container(self, name: str) -> None:
        self.client.try_to(*self._containers.removal, name)
