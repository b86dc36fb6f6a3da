"""How a running container is asked once: over HTTP, at its port, by its HEALTHCHECK. Every question ends in time."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from threading import Event, Timer
from urllib.parse import quote, urlsplit

from rewriter.verify.engine import Container, Settings
from rewriter.verify.model import Answer

# What is read of one body: bytes, and seconds behind its headers. What does not end by then is a stream.
BODY_LIMIT = 4 << 20
BODY_SECONDS = 10.0
# How long a server must keep a connection on which nobody has spoken: a proxy of the engine, which accepts for a
# program that does not listen, closes it at once.
HELD_SECONDS = 0.5
# https://docs.docker.com/reference/dockerfile/#healthcheck: the time that one probe has.
PROBE_SECONDS = 30.0
# The exit code of an `Output` for a command that did not end.
OUT_OF_TIME = 124
# https://docs.docker.com/reference/dockerfile/#shell
SHELL = ("/bin/sh", "-c")
# The same for both images, whatever port the engine gives them: pages may repeat it.
_HOST = "localhost"
_HEADERS = {"Host": _HOST, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
# What may stand in a request line as it is, https://www.rfc-editor.org/rfc/rfc3986#appendix-A; a % is an escape.
_PLAIN = "/?#[]@!$&'()*+,;=:%~"


class NoAnswer(Exception):
    """What came instead of an answer, in words: `connection refused`."""


def get(address: tuple[str, int], path: str, *, timeout: float) -> Answer:
    """The answer to `GET path`. No redirect is followed: where it leads is in the status, without host and port where
    it leads back to the server. Content types are in lower case, their parameters sorted.

    `timeout` is for the headers; of the body, `BODY_LIMIT` bytes are read. One that does not end within `BODY_SECONDS`
    is not steady, as where it is cut off differs. Raises `NoAnswer`.
    """
    connection = HTTPConnection(*address, timeout=timeout)
    late = Event()
    try:
        connection.connect()
        sock = connection.sock
        with _cut_after(timeout, sock) as late:
            connection.request("GET", quote(path, safe=_PLAIN), headers=_HEADERS)
            response = connection.getresponse()
        if late.is_set():  # cut-off headers look complete
            raise TimeoutError
        with _cut_after(BODY_SECONDS, sock) as endless:
            body = _body(response)
    except (OSError, HTTPException) as error:
        raise NoAnswer(_said(TimeoutError() if late.is_set() else error)) from error
    finally:
        connection.close()
    kind = _kind(response.headers.get("Content-Type", ""))
    return Answer(f"GET {path}", _status(response, address), kind, body, steady=not endless.is_set())


def knock(address: tuple[str, int], *, timeout: float) -> None:
    """Raise `NoAnswer` unless the port accepts a connection and then says something, or waits for the first word."""
    try:
        with socket.create_connection(address, timeout) as connection:
            connection.settimeout(HELD_SECONDS)
            try:
                said = connection.recv(1)
            except TimeoutError:
                return
    except OSError as error:
        raise NoAnswer(_said(error)) from error
    if not said:
        raise NoAnswer("the connection is closed at once")


def has_healthcheck(settings: Settings) -> bool:
    """Whether the image says how its health is checked."""
    return bool(settings.healthcheck) and settings.healthcheck[0] not in ("", "NONE")


def probe(container: Container, settings: Settings, *, timeout: float) -> None:
    """Run the test of a HEALTHCHECK in the container, at once instead of at its next interval. Raises `NoAnswer` where
    it does not end with 0.

    Source: https://docs.docker.com/reference/dockerfile/#healthcheck; the shell form is run by the image's SHELL.
    """
    kind, *words = settings.healthcheck
    shell = (settings.shell or SHELL) if kind == "CMD-SHELL" else ()
    done = container.run((*shell, *words), timeout=min(timeout, PROBE_SECONDS))
    if done.exit_code == OUT_OF_TIME:
        raise NoAnswer("the check does not end in time")
    if done.exit_code:
        last = last_line(done.err) or last_line(done.out)
        raise NoAnswer(f"unhealthy (exit {done.exit_code})" + (f": {last}" if last else ""))


def last_line(said: bytes | str) -> str:
    """The last line that is not blank, "" where there is none."""
    text = said if isinstance(said, str) else said.decode("utf-8", "replace")
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


@contextmanager
def _cut_after(seconds: float, sock: socket.socket) -> Iterator[Event]:
    """End the connection after `seconds`, and set the event then: a timeout of a socket is for each piece alone, and
    does not end a server that sends one byte each second."""
    late = Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _body(response: HTTPResponse) -> bytes:
    got = bytearray()
    try:
        while len(got) < BODY_LIMIT and (part := response.read1(BODY_LIMIT - len(got))):
            got += part
    except IncompleteRead as error:
        got += error.partial
    return bytes(got)


def _status(response: HTTPResponse, address: Sequence[object]) -> str:
    location = response.headers.get("Location")
    if location is None:
        return str(response.status)
    parts = urlsplit(location)
    if parts.hostname in (_HOST, address[0]):
        location = parts._replace(scheme="", netloc="").geturl() or "/"
    return f"{response.status} to {location}"


def _kind(value: str) -> str:
    message = Message()
    message["Content-Type"] = value
    (kind, _), *parameters = message.get_params([("", "")])
    return "; ".join([kind.lower(), *sorted(f"{name.lower()}={str(value).lower()}" for name, value in parameters)])


def _said(error: OSError | HTTPException) -> str:
    match error:
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "connection refused"
        case RemoteDisconnected() | ConnectionResetError() | BrokenPipeError():
            return "the connection is closed without an answer"
        case HTTPException():
            return "what answers does not speak HTTP"
    return error.strerror or str(error)
