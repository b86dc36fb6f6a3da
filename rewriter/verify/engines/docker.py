"""Docker, always with BuildKit: a local or remote engine, or an existing builder of buildx."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rewriter.verify.engine import Build, Image, Recipe
from rewriter.verify.engines import buildkit, images
from rewriter.verify.engines.base import CommandLine, recipe_words
from rewriter.verify.engines.client import ASKING, Client
from rewriter.verify.engines.containers import LOCAL, Place
from rewriter.verify.engines.processes import run
from rewriter.verify.trouble import NoEngine

# Without the attestations that buildx adds to some images by default, https://docs.docker.com/build/metadata/attestations/
_ENVIRONMENT = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
_HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
# The first client that builds with buildx only, https://docs.docker.com/engine/release-notes/23.0/
_BUILDX_ONLY = 23
_MANIFESTS_API = "1.48"
_CONTAINERD = "io.containerd.snapshotter.v1"


def find(*, builder: str | None, timeout: float) -> Docker:
    """The engine that the docker client reaches. Raises NoEngine with what to do where there is none."""
    client = Client("docker", _ENVIRONMENT)
    version = client.try_to("--version").out.decode(errors="replace")
    if "podman" in version.lower():
        raise NoEngine("docker: the command is podman's here. Take --engine podman.")
    answer = client.try_to("version", "--format", "{{json .}}")
    if not answer.ok:
        raise NoEngine(f"docker: {_why_silent(answer.err.decode(errors='replace'))}")
    versions = json.loads(answer.out)
    if any("podman" in part.get("Name", "").lower() for part in versions["Server"].get("Components") or ()):
        raise NoEngine("docker: podman answers at its socket, and builds without BuildKit. Take --engine podman.")
    buildx = client.try_to("buildx", "version").ok
    if not buildx and (builder or int(versions["Client"]["Version"].partition(".")[0]) >= _BUILDX_ONLY):
        raise NoEngine("docker: the client has no buildx. Install its plugin (docker-buildx-plugin or docker-buildx).")
    if builder and not (asked := client.try_to("buildx", "inspect", builder)).ok:
        raise NoEngine(
            f"docker: there is no builder {builder}: {asked.said}. `docker buildx ls` shows those there are."
        )
    about = client.json("info", "--format", "{{json .}}")
    endpoint = client.ask("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    return Docker(client, _About(about, buildx, builder, _host(endpoint)), timeout=timeout)


def _why_silent(said: str) -> str:
    """Why the engine does not answer, and what to do."""
    last = said.strip().rpartition("\n")[2]
    if "permission denied" in said.lower():
        return f"you may not use its socket. Join the group docker, or run this as root. It says: {last}"
    return f"the engine does not answer. Start it (`systemctl start docker`), or set DOCKER_HOST. It says: {last}"


def _host(endpoint: str) -> str:
    """The machine on which the engine publishes ports: this one for a socket of the file system."""
    address = urlsplit(endpoint)
    remote = address.scheme in ("tcp", "http", "https", "ssh") and address.hostname not in ("localhost", None)
    return str(address.hostname) if remote else LOCAL


@dataclass(frozen=True, slots=True)
class _About:
    """What is known of the engine: its own `info`, whether the client has buildx, the builder of the user, and the host
    where ports are published."""

    info: Mapping[str, Any]
    buildx: bool
    builder: str | None
    host: str

    @property
    def stores_compressed(self) -> bool:
        """Whether the engine keeps what a pull transfers: the containerd image store does."""
        return any(_CONTAINERD in pair for pair in self.info.get("DriverStatus") or ())

    @property
    def maps_users(self) -> bool:
        return any("name=userns" in option for option in self.info.get("SecurityOptions") or ())


class Docker(CommandLine):
    """A Docker engine."""

    def __init__(self, client: Client, about: _About, *, timeout: float) -> None:
        super().__init__(client, timeout=timeout)
        self._about = about

    @property
    def name(self) -> str:
        return f"docker {self._about.info['ServerVersion'].partition('+')[0]}"

    @property
    def key(self) -> str:
        info = self._about.info
        return f"{self.name} {info['ID']} {info['Driver']} {self._about.builder or ''}".strip()

    @property
    def runs(self) -> bool:
        return True

    def _build(self, recipe: Recipe) -> Build:
        done = self._run_build((*self._build_words(), *recipe_words(recipe)), self.heard)
        said = done.out.decode(errors="replace")
        if not done.ok:
            raise buildkit.failure(said)
        return buildkit.build(said, done.seconds)

    def _build_words(self) -> tuple[str, ...]:
        if self._about.builder:
            return ("docker", "buildx", "build", "--builder", self._about.builder, "--load", "--progress=plain")
        # Where the default builder is not the engine's own, its result has to be brought there.
        return ("docker", "build", *(("--load",) if self._about.buildx else ()), "--progress=plain")

    def image(self, tag: str) -> Image:
        (about,) = self.client.json("image", "inspect", tag)
        lines = self.client.ask("history", "--no-trunc", "--human=false", "--format={{json .}}", tag).splitlines()
        entries = [json.loads(line) for line in reversed(lines)]
        history = [(entry["CreatedBy"], int(entry["Size"])) for entry in entries]
        return Image(
            tag=tag,
            id=about["Id"],
            layers=images.layers(history, len(about["RootFS"]["Layers"])),
            size=sum(size for _, size in history),
            compressed=self._compressed(tag) if self._about.stores_compressed else None,
            settings=images.settings(about["Config"]),
        )

    def _compressed(self, tag: str) -> int | None:
        """What a pull of the image transfers. The client has no word for it (`Size` is this or more, by version), so
        the engine's own interface is asked, through the client.

        Source: https://docs.docker.com/reference/api/engine/version/v1.48/#tag/Image/operation/ImageInspect
        """
        request = f"GET /v{_MANIFESTS_API}/images/{tag}/json?manifests=1 HTTP/1.0\r\nHost: docker\r\n\r\n"
        done = run(("docker", "system", "dial-stdio"), timeout=ASKING, typed=request.encode())
        status, _, body = done.out.partition(b"\r\n\r\n")
        if not status.startswith((b"HTTP/1.0 200", b"HTTP/1.1 200")):
            return None  # an older engine
        manifests = json.loads(body).get("Manifests") or ()
        sizes = [part["Size"]["Content"] for part in manifests if part["Kind"] == "image" and part["Available"]]
        return sizes[0] if len(sizes) == 1 else None

    @property
    def _place(self) -> Place:
        return Place(self.client, self._about.host, _HARDENED, ("wait",), self._uid)

    def _uid(self, container: str) -> int | None:
        """By the engine's own look at the processes, which sees the users of its host."""
        if self._about.maps_users:
            return None
        first = self.client.ask("container", "inspect", "--format", "{{.State.Pid}}", container)
        listed = self.client.try_to("top", container, "-eo", "pid,uid").out.decode().splitlines()
        users = dict(line.split() for line in listed[1:])
        return int(users[first]) if first in users else None
