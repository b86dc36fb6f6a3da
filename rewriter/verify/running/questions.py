"""What the two images are asked, chosen by the image as it was."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import Enum

from rewriter.verify.engine import Image, Settings
from rewriter.verify.running.asking import has_healthcheck
from rewriter.verify.trouble import Trouble


class Fallback(Enum):
    """What is asked where the user asks nothing."""

    HEALTHCHECK = "HEALTHCHECK"
    PORT = "port"
    UP = "it stays up"


@dataclass(frozen=True, slots=True)
class Questions:
    """What the user asks: `http` are paths (`--http /,/health`), `commands` are those of `--run`, `port` is `--port`;
    `patience` is how many seconds an image has for its first answer, and a command for its end; `run_args` are words
    for the engine's run command.

    A command is split into words as a shell splits them, and run without one in a container of its own, in the place
    of ENTRYPOINT and CMD: so the same command works on an image that has no shell, and wherever the rewrite divides the
    start command into the two. Who wants a shell says so: `--run 'sh -c "…"'`.
    """

    http: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    port: int | None = None
    patience: float = 60.0
    run_args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What both images are asked. `fallback` is None where the user asks himself; `first` are the settings of the image
    as it was, for what another image does not say itself."""

    questions: Questions
    fallback: Fallback | None
    first: Settings

    def port(self, image: Image) -> int | None:
        """The TCP port at which `image` is asked: the user's, else its own, as a rewrite may move it on purpose."""
        return self.questions.port or _first_port(image.settings) or _first_port(self.first)


def plan(questions: Questions, before: Image) -> Plan:
    """What is asked: what the user asks, else the HEALTHCHECK of the image as it was, else its port, else that it stays
    up. Raises `Trouble` for a path without a port and for a command that cannot be read."""
    settings = before.settings
    for command in questions.commands:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise Trouble(f"--run {command!r} cannot be read: {str(error).lower()}") from error
        if not words:
            raise Trouble("--run needs a command")
    port = questions.port or _first_port(settings)
    if questions.http and port is None:
        raise Trouble("the image exposes no TCP port that --http could ask; name the one it listens on with --port")
    fallback = None
    if not questions.http and not questions.commands:
        healthy = has_healthcheck(settings)
        fallback = Fallback.HEALTHCHECK if healthy else Fallback.PORT if port else Fallback.UP
    return Plan(questions, fallback, settings)


def _first_port(settings: Settings) -> int | None:
    """The lowest exposed TCP port."""
    tcp = [port for port, _, protocol in (each.partition("/") for each in settings.ports) if protocol in ("", "tcp")]
    return min((int(port) for port in tcp if port.isdecimal()), default=None)
