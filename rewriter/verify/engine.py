"""What the rest of `verify` needs of an engine. Sizes are bytes, times are seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from tarfile import TarFile
from typing import Protocol


class Ability(Enum):
    """What a file may need of its builder beyond the Dockerfile of old."""

    HEREDOC = "heredocs"
    RUN_MOUNT = "RUN --mount"
    RUN_NETWORK = "RUN --network"
    COPY_LINK = "COPY --link"
    COPY_EXCLUDE = "COPY --exclude"
    COPY_PARENTS = "COPY --parents"
    ADD_CHECKSUM = "ADD --checksum"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to build. `dockerfile` lies outside of the folder `context`, with its ignore file `<name>.dockerignore`
    beside it where there is one. `fresh`: without the build cache. `arguments` are `NAME=VALUE`; `extra` are words for
    the engine's build command, as they are."""

    dockerfile: Path
    context: Path
    tag: str
    fresh: bool = False
    arguments: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a build. `name` is the engine's (`[build 2/5] RUN npm ci`, `STEP 2/5: RUN npm ci`), on one line;
    `seconds` is None where the engine does not say it; `cached`: it was reused."""

    name: str
    seconds: float | None
    cached: bool


@dataclass(frozen=True, slots=True)
class Build:
    """A build that succeeded: how long it took in all, how much of that the base images were fetched, its steps."""

    seconds: float
    fetching: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, from the base up: the step that made it, on one line and without the engine's own words, and its
    uncompressed size."""

    step: str
    size: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What an image says about how it is run.

    Source: https://github.com/opencontainers/image-spec/blob/main/config.md, and Docker's additions.
    """

    user: str = ""
    workdir: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    ports: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    healthcheck: tuple[str, ...] = ()
    stopsignal: str = ""
    shell: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """A built image. `size` is the sum of its uncompressed layers; `compressed` is what a pull transfers, None where
    the engine does not know it."""

    tag: str
    id: str
    layers: tuple[Layer, ...]
    size: int
    compressed: int | None
    settings: Settings


@dataclass(frozen=True, slots=True)
class Launch:
    """How to run a container. `ports` are TCP ports of the container to reach from here; `entrypoint` and `command`
    replace those of the image where they are not None; `hardened`: a read-only root with an empty /tmp, no capabilities
    and no new privileges; `extra` are words for the engine's run command, as they are."""

    ports: tuple[int, ...] = ()
    entrypoint: str | None = None
    command: tuple[str, ...] | None = None
    hardened: bool = False
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Whether a container still runs; its exit code where it does not; what it has said so far (both streams)."""

    running: bool
    exit_code: int | None
    said: str


@dataclass(frozen=True, slots=True)
class Output:
    """What a command that ended has said."""

    exit_code: int
    out: bytes
    err: bytes


class Container(Protocol):
    """A container that was started."""

    def address(self, port: int) -> tuple[str, int]:
        """Where the container's TCP `port` is reached from here: host and port."""
        ...

    def state(self) -> State: ...

    def uid(self) -> int | None:
        """The user id of its first program, None where the engine does not say it."""
        ...

    def run(self, words: Sequence[str], *, timeout: float) -> Output:
        """Run a command in the container; exit code 124 where it does not end in time."""
        ...

    def stop(self, signal: str, *, timeout: float) -> float | None:
        """Send `signal` (`SIGTERM`), and return the seconds until the exit; None where it had to be killed."""
        ...


class Engine(Protocol):
    """An engine. Every method raises `Trouble` where the engine itself fails."""

    @property
    def name(self) -> str:
        """The name for the user, with the version: `docker 28.5.2`."""
        ...

    heard: Callable[[str], None] | None
    """Called with each line that a build says, where it is set."""

    @property
    def key(self) -> str:
        """What identifies the engine and where it is, for results that are kept."""
        ...

    @property
    def runs(self) -> bool:
        """Whether it can run what it builds."""
        ...

    def tag(self, name: str) -> str:
        """A tag for `Recipe.tag`, of this object's own, so that `clean` removes it. `name` is in lower-case letters,
        digits, `-`, `.` and `_`."""
        ...

    def can(self, ability: Ability) -> bool:
        """Whether it builds files with this; asked of the engine itself, once."""
        ...

    def base_ids(self, references: Sequence[str]) -> tuple[str, ...]:
        """What the engine has for each image reference (its id), "" for one that it does not have."""
        ...

    def build(self, recipe: Recipe) -> Build:
        """Build and tag. Raises `BuildFailed` where a step of the file fails."""
        ...

    def image(self, tag: str) -> Image: ...

    def files(self, tag: str) -> AbstractContextManager[TarFile]:
        """The file system of the image as a tar stream (mode `r|`)."""
        ...

    def start(self, tag: str, launch: Launch) -> AbstractContextManager[Container]:
        """Start a container; it is removed behind the block, with its anonymous volumes."""
        ...

    def run(self, tag: str, launch: Launch, *, timeout: float) -> Output:
        """Run a container to its end; exit code 124 where it does not end in time. Nothing of it stays."""
        ...

    def clean(self) -> None:
        """Remove every container and every tag that this object made, also those that a fault left behind. The build
        cache stays. Never raises; what could not be removed is named in `left`."""
        ...

    @property
    def left(self) -> tuple[str, ...]:
        """What `clean` could not remove: the commands that remove it, for the user."""
        ...
