"""A stand-in for an engine: its containers are servers of this process, or nothing but what they say at their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from socketserver import BaseServer
from tarfile import TarFile
from threading import Thread
from typing import Any

from rewriter.verify.engine import Ability, Build, Container, Image, Launch, Output, Recipe, Settings, State

Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Program:
    """What runs in a container: `server` listens where there is one; `exits` is the code of one that ends; `runs` says
    what a command in it gives; `stops` are the seconds to its end, None where it must be killed."""

    server: Callable[[], BaseServer] | None = None
    exits: int | None = None
    said: str = ""
    uid: int | None = 0
    stops: float | None = 0.1
    runs: Callable[[Sequence[str]], Output] = lambda _: Output(127, b"", b"not found")


@dataclass
class Running:
    """A container of the stand-in."""

    program: Program
    server: BaseServer | None
    signals: list[str] = field(default_factory=list)

    def address(self, port: int) -> tuple[str, int]:
        if self.server is not None:
            host, number = self.server.server_address[:2]
            return str(host), int(number)
        with create_server(("127.0.0.1", 0)) as closed:
            return closed.getsockname()  # type: ignore[no-any-return]

    def state(self) -> State:
        return State(self.program.exits is None, self.program.exits, self.program.said)

    def uid(self) -> int | None:
        return self.program.uid if self.program.exits is None else None

    def run(self, words: Sequence[str], *, timeout: float) -> Output:
        return self.program.runs(words)

    def stop(self, signal: str, *, timeout: float) -> float | None:
        self.signals.append(signal)
        return self.program.stops


@dataclass
class StandIn:
    """An engine whose images are `programs` by tag, each asked for what the launch of its n-th container does."""

    programs: dict[str, Callable[[Launch, int], Program]]
    launches: list[Launch] = field(default_factory=list)
    containers: list[Running] = field(default_factory=list)

    name = "stand-in 1"
    key = "stand-in"
    runs = True
    left = ()

    @contextmanager
    def start(self, tag: str, launch: Launch) -> Iterator[Container]:
        self.launches.append(launch)
        program = self.programs[tag](launch, len(self.launches))
        server = program.server() if program.server else None
        if server is not None:
            Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.containers.append(Running(program, server))
        try:
            yield self.containers[-1]
        finally:
            if server is not None:
                server.shutdown()
                server.server_close()

    def run(self, tag: str, launch: Launch, *, timeout: float) -> Output:
        self.launches.append(launch)
        program = self.programs[tag](launch, len(self.launches))
        return program.runs((launch.entrypoint or "", *(launch.command or ())))

    def tag(self, name: str) -> str:
        return name

    def can(self, ability: Ability) -> bool:
        return True

    def base_ids(self, references: Sequence[str]) -> tuple[str, ...]:
        return tuple("" for _ in references)

    def build(self, recipe: Recipe) -> Build:
        raise NotImplementedError

    def image(self, tag: str) -> Image:
        raise NotImplementedError

    def files(self, tag: str) -> AbstractContextManager[TarFile]:
        raise NotImplementedError

    def clean(self) -> None: ...


def image(tag: str = "app", **settings: Any) -> Image:
    """An image with these settings."""
    return Image(tag, f"sha256:{tag}", (), 0, None, replace(Settings(), **settings))


def engine(*programs: Program) -> StandIn:
    """An engine with the image `app`, whose n-th container runs the n-th of `programs`, the last one from then on."""
    return StandIn({"app": lambda _, start: programs[min(start, len(programs)) - 1]})


def http(respond: Respond, **program: Any) -> Program:
    """A server that answers every GET by `respond`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, *words: object) -> None: ...

    return Program(lambda: ThreadingHTTPServer(("127.0.0.1", 0), Handler), **program)


def says(body: bytes | Callable[[], bytes], status: int = 200, **headers: str) -> Respond:
    """Answers with `body`; headers have `_` for `-`."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        text = body if isinstance(body, bytes) else body()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    return respond


def output(exit_code: int = 0, out: bytes = b"", err: bytes = b"") -> Output:
    return Output(exit_code, out, err)


def gives(*values: Any) -> Callable[[Sequence[str]], Output]:
    """What every command gives."""
    return lambda _: output(*values)
