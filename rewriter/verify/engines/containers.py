"""Containers, started and asked through a client's command line. Times are seconds."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise

from rewriter.verify.engine import Launch, Output, State
from rewriter.verify.engines.client import NOT_STARTED, Client, complain, port_taken
from rewriter.verify.engines.processes import Done, run
from rewriter.verify.trouble import Trouble

# The exit code of timeout(1) for a command that did not end in time.
LATE = 124
# The same in every container, so that two of them say the same.
HOSTNAME = "dockerslim"
LOCAL = "127.0.0.1"
_HOST_NETWORK = re.compile(r"--net(work)?=host")


@dataclass(frozen=True, slots=True)
class Place:
    """Where containers run: `host` is the name by which their published ports are reached from here. `hardened` are
    the client's words for a read-only root and so on, `wait` those that wait for an end; `uid` tells the user id of a
    container's first program."""

    client: Client
    host: str
    hardened: tuple[str, ...]
    wait: tuple[str, ...]
    uid: Callable[[str], int | None]

    @property
    def local(self) -> bool:
        return self.host == LOCAL


@dataclass(frozen=True, slots=True)
class Started:
    """A container that was started under `name`; `failed` is what the client said where the program could not be."""

    place: Place
    name: str
    shares_network: bool
    failed: Output | None = None

    def address(self, port: int) -> tuple[str, int]:
        """Where the container's TCP `port` is reached; port 0, where nobody ever answers, for a container that has
        ended."""
        if self.shares_network:
            return self.place.host, port
        done = self.place.client.try_to("port", self.name, f"{port}/tcp")
        published = re.search(r":(\d+)$", done.out.decode(), re.MULTILINE)
        if published is None and self.state().running:
            raise Trouble(f"Port {port} of the container is not published: {done.said}")
        return self.place.host, int(published[1]) if published else 0

    def state(self) -> State:
        if self.failed is not None:
            return State(False, self.failed.exit_code, self.failed.err.decode(errors="replace"))
        state = self.place.client.json("container", "inspect", "--format", "{{json .State}}", self.name)
        logs = self._client("logs", self.name, merged=True)
        code = None if state["Running"] else int(state["ExitCode"])
        return State(code is None, code, logs.out.decode(errors="replace"))

    def uid(self) -> int | None:
        return None if self.failed is not None else self.place.uid(self.name)

    def run(self, words: Sequence[str], *, timeout: float) -> Output:
        done = self._client("exec", self.name, *words, timeout=timeout)
        complain(done)
        return output(done)

    def stop(self, signal: str, *, timeout: float) -> float | None:
        began = time.monotonic()
        self.place.client.try_to("kill", "--signal", signal, self.name)
        if not self._client(*self.place.wait, self.name, timeout=timeout).late:
            return time.monotonic() - began
        self.place.client.try_to("kill", "--signal", "SIGKILL", self.name)
        self._client(*self.place.wait, self.name)
        return None

    def _client(self, *words: str, timeout: float = 60.0, merged: bool = False) -> Done:
        client = self.place.client
        return run((client.program, *words), timeout=timeout, environment=client.environment, merged=merged)


@contextmanager
def start(place: Place, name: str, tag: str, launch: Launch) -> Iterator[Started]:
    """Start a container under `name`; it is removed behind the block, with its anonymous volumes."""
    shares_network = _shares_network(launch.extra)
    if shares_network and place.local:
        _look_for_others(launch.ports)
    publish = () if shares_network else tuple(_publish(place, launch.ports))
    try:
        done = place.client.try_to("run", "--detach", "--name", name, *publish, *_words(place, tag, launch))
        complain(done)
        failed = output(done) if done.exit_code in NOT_STARTED else None
        if failed is None and not done.ok:
            raise Trouble(f"The container could not be started: {done.said}")
        yield Started(place, name, shares_network, failed)
    finally:
        remove(place.client, name)


def run_to_end(place: Place, name: str, tag: str, launch: Launch, timeout: float) -> Output:
    """Run a container to its end, or for `timeout` seconds; exit code 124 then."""
    try:
        command = (place.client.program, "run", "--rm", "--name", name, *_words(place, tag, launch))
        done = run(command, timeout=timeout, environment=place.client.environment)
    except BaseException:
        remove(place.client, name)
        raise
    if not done.ok:
        remove(place.client, name)
    complain(done)
    return output(done)


def output(done: Done) -> Output:
    return Output(LATE if done.late else done.exit_code, done.out, done.err)


def remove(client: Client, name: str) -> None:
    """Remove a container that may be there, with its anonymous volumes. Where that fails, `clean` will say so."""
    with suppress(Trouble):
        client.try_to("kill", "--signal", "SIGKILL", name)  # podman would wait for the program to end by itself
        client.try_to("rm", "--force", "--volumes", name)


def _words(place: Place, tag: str, launch: Launch) -> Iterator[str]:
    yield from ("--hostname", HOSTNAME)
    if not any(word.startswith(("--health", "--no-health")) for word in launch.extra):
        yield "--no-healthcheck"  # it would come in between at any moment, and podman wants systemd for it
    if launch.hardened:
        yield from place.hardened
    if launch.entrypoint is not None:
        yield f"--entrypoint={launch.entrypoint}"
    yield from launch.extra
    yield tag
    yield from launch.command or ()


def _publish(place: Place, ports: Sequence[int]) -> Iterator[str]:
    for port in ports:
        yield f"--publish={LOCAL}::{port}" if place.local else f"--publish={port}"


def _shares_network(extra: Sequence[str]) -> bool:
    """Whether the words for the engine's run command give the container the network of its host."""
    return any(_HOST_NETWORK.fullmatch(word) for word in extra) or any(
        pair in (("--network", "host"), ("--net", "host")) for pair in pairwise(extra)
    )


def _look_for_others(ports: Sequence[int]) -> None:
    """Raise Trouble where a port is taken that the program would listen on: another one would answer."""
    for port in ports:
        with suppress(OSError), socket.create_connection((LOCAL, port), timeout=1):
            raise port_taken(port)
