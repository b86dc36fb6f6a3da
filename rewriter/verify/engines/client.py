"""An engine's client: the program of its command line, and what is asked of it in the same way by all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rewriter.verify.engines.processes import Done, checked, fault, run
from rewriter.verify.trouble import Trouble, Unreachable

# How long a question or a small change may take; a client that says nothing for so long will not.
ASKING = 60.0
# What the client of docker says itself begins so; podman's only with a word that programs use too.
_DOCKER_SAYS = re.compile(
    r"^(?:docker: |Error response from daemon: |Cannot connect to the Docker daemon|error during connect: ).*",
    re.MULTILINE,
)
_PODMAN_SAYS = re.compile(r"^Error: .*", re.MULTILINE)
# Exit codes for what failed before the program ran: the engine, a program that may not be run, and one that is not
# there. https://docs.docker.com/reference/cli/docker/container/run/#exit-status, podman-run(1)
_ENGINE_FAILED, NOT_STARTED = 125, (126, 127)
_VERSION = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True)
class Client:
    """The `program`, and what is added to the environment of its processes."""

    program: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def ask(self, *words: str) -> str:
        """What the client prints. Raises Trouble where it fails."""
        done = checked((self.program, *words), timeout=ASKING, environment=self.environment)
        return done.out.decode(errors="replace").strip()

    def json(self, *words: str) -> Any:
        return json.loads(self.ask(*words))

    def try_to(self, *words: str) -> Done:
        """Run the client; that it fails is an answer too."""
        return run((self.program, *words), timeout=ASKING, environment=self.environment)

    def version(self) -> str | None:
        """The version of the program itself, None where there is none."""
        found = _VERSION.search(self.try_to("--version").out.decode(errors="replace"))
        return found[0] if found else None


def complain(done: Done) -> None:
    """Raise Trouble where not the program failed that a command ran in a container, but the engine. That a registry
    cannot be reached is the program's own affair here."""
    if done.ok or done.late:
        return
    said = done.err.decode(errors="replace")
    words = _DOCKER_SAYS.findall(said)
    if done.exit_code == _ENGINE_FAILED or done.exit_code in NOT_STARTED:
        words += _PODMAN_SAYS.findall(said)
    text = "\n".join(words)
    found = _taken(text) or fault(text)
    if found and not isinstance(found, Unreachable):
        raise found
    if words and done.exit_code == _ENGINE_FAILED:
        raise Trouble(f"The container could not be started: {words[-1]}")


# docker: `Bind for 0.0.0.0:8000 failed: port is already allocated`, `failed to bind host port for 127.0.0.1:8000:...`;
# both: `listen tcp4 [::]:8000: bind: address already in use`.
_TAKEN = re.compile(
    r"(?:Bind for|failed to bind host port for|listen (?:tcp|udp)\d?) (?:\[[^\]]*\]|[^\s:]*):(?P<port>\d+)\b"
    r".*(?:port is already allocated|address already in use)"
)


def _taken(words: str) -> Trouble | None:
    found = _TAKEN.search(words)
    return port_taken(int(found["port"])) if found else None


def port_taken(port: int) -> Trouble:
    return Trouble(
        f"Port {port} is taken on the engine's machine. End what listens there, or give another one with --run-arg."
    )
