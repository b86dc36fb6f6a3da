"""Runs the commands of an engine: with a time limit, and so that nothing of them lingers. Times are seconds."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from time import monotonic, sleep
from typing import IO, TypeVar

from rewriter.knowledge import table
from rewriter.verify.trouble import DiskFull, EngineGone, NoEngine, OutOfTime, Trouble, Unreachable

Heard = Callable[[str], None]
_T = TypeVar("_T")
# How long to wait before a build is tried again for which a mirror did not answer.
PAUSES = (5.0, 20.0, 60.0)
# How long a command has to end by itself at each signal. An engine's client tells the engine to drop the build.
_GRACE = ((signal.SIGINT, 3.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 10.0))
# What is quoted of one line.
_LONG = 300
# How often the end of a command is looked for whose output another process keeps open.
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended, or that was ended because it was `late`; then the exit code says nothing."""

    exit_code: int
    out: bytes
    err: bytes
    late: bool
    seconds: float

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.late

    @property
    def said(self) -> str:
        """Standard error and then standard output, as text."""
        return "\n".join(part.decode(errors="replace").rstrip() for part in (self.err, self.out) if part)


def run(
    command: Sequence[str],
    *,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    heard: Heard | None = None,
    merged: bool = False,
    typed: bytes = b"",
) -> Done:
    """Run `command` to its end, or for `timeout` seconds at most. `environment` is added to this process's own; `heard`
    is called with each line of both streams as it comes, without its end; `merged`: both streams are `out`, in order.
    `typed` is the begin of its standard input, which then stays open.

    The command is in a process group of its own, which is ended with it: also where an exception (KeyboardInterrupt
    too) comes in between. Raises NoEngine where the command is not there.
    """
    began = monotonic()
    kept: dict[str, bytearray] = {"out": bytearray(), "err": bytearray()}
    late = False
    stderr = subprocess.STDOUT if merged else subprocess.PIPE
    with _started(command, environment, stderr, typed) as process, selectors.DefaultSelector() as selector:
        for name, stream in (("out", process.stdout), ("err", process.stderr)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, name)
        while selector.get_map():
            left = began + timeout - monotonic()
            if late := left <= 0:
                break
            ready = selector.select(min(left, _LOOK))
            if not ready and process.poll() is not None:
                break
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                _tell(kept[key.data], data, heard)
        if not late:
            late = _still_runs(process, began + timeout - monotonic())
    return Done(process.returncode, bytes(kept["out"]), bytes(kept["err"]), late, monotonic() - began)


def _tell(before: bytearray, data: bytes, heard: Heard | None) -> None:
    """Add `data` to what one stream has said before, and tell the lines that are whole now; the end of the stream (no
    data) ends its last line."""
    begin = before.rfind(b"\n") + 1
    before += data
    if heard is None:
        return
    end = before.rfind(b"\n") if data else len(before)
    if end > begin:
        for line in before[begin:end].decode(errors="replace").split("\n"):
            heard(line.rstrip("\r"))


def _still_runs(process: subprocess.Popen[bytes], timeout: float) -> bool:
    try:
        process.wait(max(timeout, 0))
    except subprocess.TimeoutExpired:
        return True
    return False


@contextmanager
def streamed(command: Sequence[str]) -> Iterator[IO[bytes]]:
    """Start `command`, and give its standard output to read; it is ended behind the block. Where the block has read
    all, and the command failed, raises what `failure` makes of its standard error."""
    with ExitStack() as stack:
        errors = stack.enter_context(tempfile.TemporaryFile())
        process = stack.enter_context(_started(command, None, errors))
        assert process.stdout is not None
        yield process.stdout
        if not process.stdout.read(1) and process.wait() != 0:
            errors.seek(0)
            raise failure(command, errors.read().decode(errors="replace"))


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str] | None, stderr: int | IO[bytes], typed: bytes = b""
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `command` in a session of its own, so that a key of the terminal reaches this process only and a program
    that would ask there for a password fails; nothing of it is left behind the block."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=None if environment is None else {**os.environ, **environment},
            start_new_session=True,
        )
    except OSError as error:
        raise NoEngine(f"{command[0]} cannot be started: {error.strerror}. Install it, or name another one.") from error
    with process:
        try:
            if process.stdin:
                process.stdin.write(typed)
                process.stdin.flush()
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group."""
    for number, patience in _GRACE:
        if process.poll() is not None:
            break
        _signal(process, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    _signal(process, signal.SIGKILL)  # what the command itself has left behind


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def fault(engine: str, programs: str = "") -> Trouble | None:
    """What went wrong that says nothing about the Dockerfile; None where nothing points to such a thing.

    `engine` is what the engine itself said of the failure, `programs` the output of the step that failed: a program's
    own tests may say that a connection was refused, and no daemon is gone for that.
    """
    for kind, patterns in _faults():
        for text, pattern in zip((engine, programs), patterns, strict=True):
            if pattern is not None and (found := pattern.search(text)):
                return kind(f"{_ADVICE[kind]} The engine said: {_line(text, found.start())}")
    return None


_ADVICE: dict[type[Trouble], str] = {
    EngineGone: "The engine stopped answering. Start it, and run this again.",
    DiskFull: "The engine has no room left on its disk. Make room (its `system df` shows what takes it), and run this "
    "again.",
    Unreachable: "A registry or a package mirror does not answer. Check the network, and run this again.",
}


@cache
def _faults() -> list[tuple[type[Trouble], tuple[re.Pattern[str] | None, re.Pattern[str] | None]]]:
    kinds: dict[str, type[Trouble]] = {"gone": EngineGone, "full": DiskFull, "unreachable": Unreachable}
    return [(kind, (_pattern(name, "engine"), _pattern(name, "programs"))) for name, kind in kinds.items()]


def _pattern(fault: str, speaker: str) -> re.Pattern[str] | None:
    entries = table("engine_faults")[fault].get(speaker, [])
    patterns = [pattern for entry in entries for pattern in entry["patterns"]]
    flags = re.IGNORECASE | re.MULTILINE
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags) if patterns else None


def _line(text: str, offset: int) -> str:
    """The line at `offset`, and of a long one its end, where the cause stands."""
    line = text[text.rfind("\n", 0, offset) + 1 :].partition("\n")[0].strip()
    return line if len(line) <= _LONG else f"... {line[-_LONG:]}"


def failure(command: Sequence[str], said: str) -> Trouble:
    """What to raise where a command of the engine that builds nothing failed and said `said`."""
    last = said.strip().rpartition("\n")[2]
    return fault(said) or Trouble(f"`{' '.join(command[:3])}` failed: {last or 'it says nothing'}")


def checked(command: Sequence[str], *, timeout: float, environment: Mapping[str, str] | None = None) -> Done:
    """Run `command`, which asks or changes a small thing, and must succeed. Raises Trouble otherwise."""
    done = run(command, timeout=timeout, environment=environment)
    if done.late:
        raise EngineGone(f"`{' '.join(command[:3])}` has not ended after {timeout:g} s. Start the engine anew.")
    if not done.ok:
        raise failure(command, done.said)
    return done


def out_of_time(timeout: float) -> OutOfTime:
    """A build that was ended behind its time limit."""
    return OutOfTime(f"The build took longer than {timeout:g} s, and was ended. Allow more with --timeout.")


def patiently(attempt: Callable[[], _T]) -> _T:
    """Try again after a while where a mirror did not answer; its Unreachable comes through in the end."""
    for pause in PAUSES:
        try:
            return attempt()
        except Unreachable:
            sleep(pause)
    return attempt()
