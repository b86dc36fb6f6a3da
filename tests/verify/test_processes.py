"""Tests of how an engine's commands are run, and of what their failures are taken for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rewriter.verify.engines import processes
from rewriter.verify.engines.processes import PAUSES, fault, patiently, run, streamed
from rewriter.verify.trouble import DiskFull, EngineGone, NoEngine, Trouble, Unreachable

from .interrupts import heed


def test_both_streams_are_kept_and_told_by_the_line() -> None:
    lines: list[str] = []
    done = run(["sh", "-c", "echo a; echo b >&2; printf c"], timeout=20, heard=lines.append)
    assert (done.exit_code, done.out, done.err, done.late) == (0, b"a\nc", b"b\n", False)
    assert sorted(lines) == ["a", "b", "c"]


def test_streams_that_are_merged_keep_their_order() -> None:
    assert run(["sh", "-c", "echo a; echo b >&2; echo c"], timeout=20, merged=True).out == b"a\nb\nc\n"


def test_what_is_typed_is_read_and_the_input_stays_open() -> None:
    script = "read line; echo got $line; read -t 0.2 more || echo status $?"
    assert run(["bash", "-c", script], timeout=20, typed=b"x\n").out == b"got x\nstatus 142\n"  # 128 + SIGALRM: no end


def test_a_command_that_is_late_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GRACE", [(number, min(patience, 0.2)) for number, patience in processes._GRACE])
    script = "trap '' INT TERM; sleep 300 & echo $! > child; wait"
    done = run(["sh", "-c", f"cd {tmp_path}; {script}"], timeout=0.5)
    assert done.late
    assert not _runs(int((tmp_path / "child").read_text()))


def test_what_a_command_leaves_in_its_group_is_ended(tmp_path: Path) -> None:
    child = tmp_path / "child"
    assert run(["sh", "-c", f"sleep 300 >/dev/null 2>&1 & echo $! > {child}"], timeout=20).ok
    assert not _runs(int(child.read_text()))


def test_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    child = tmp_path / "child"
    program = f"""
from rewriter.verify.engines.processes import run
run(["sh", "-c", "echo $$ > {child}.tmp; mv {child}.tmp {child}; sleep 300"], timeout=300)
"""
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, preexec_fn=heed) as process:
        while not child.exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate()[1]
    assert not _runs(int(child.read_text()))


def _runs(pid: int) -> bool:
    """Whether the process runs still, or is about to end for some seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.05)
    return True


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(NoEngine, match="no-such-engine cannot be started"):
        run(["no-such-engine"], timeout=20)


def test_output_as_a_stream() -> None:
    with streamed(["sh", "-c", "echo abc"]) as stream:
        assert stream.read() == b"abc\n"


def test_a_stream_that_ends_too_early() -> None:
    with (
        pytest.raises(Trouble, match="no such container"),
        streamed(["sh", "-c", "echo no such container >&2; exit 1"]),
    ):
        pass


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?", EngineGone),
        ("failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF", EngineGone),
        ("unexpected EOF", EngineGone),
        ("failed to copy: httpReadSeeker: failed open: unexpected EOF", Unreachable),
        ("write /var/lib/docker/overlay2/x: no space left on device", DiskFull),
        (
            'failed to do request: Head "https://r.io/v2/": dial tcp: lookup r.io on 1.1.1.1:53: no such host',
            Unreachable,
        ),
        ("pinging container registry r.io: Get https://r.io/v2/: dial tcp 1.2.3.4:443: i/o timeout", Unreachable),
        ("unexpected status from HEAD request to https://r.io/v2/a/manifests/1: 503 Service Unavailable", Unreachable),
        ("pull access denied, repository does not exist or may require authorization", None),
        ('failed to calculate checksum of ref a::b: "/nope": not found', None),
    ],
)
def test_what_the_engine_says(said: str, kind: type[Trouble] | None) -> None:
    assert type(fault(said)) is (kind or type(None))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Temporary failure resolving 'deb.debian.org'", Unreachable),
        ("E: Failed to fetch http://deb.debian.org/x.deb  502  Bad Gateway", Unreachable),
        ("E: Some index files failed to download. They have been ignored, or old ones used instead.", Unreachable),
        ("WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'x': /simple/a/", Unreachable),
        ("npm error code EAI_AGAIN", Unreachable),
        ("npm ERR! code ETIMEDOUT", Unreachable),
        ("WARNING: fetching https://dl-cdn.alpinelinux.org/x: temporary error (try again later)", Unreachable),
        ("error: failed to download from `https://static.crates.io/x`", Unreachable),
        ("curl: (6) Could not resolve host: example.org", Unreachable),
        ("cp: error writing '/x': No space left on device", DiskFull),
        # A program of the file, and its tests
        ("curl: (7) Failed to connect to localhost port 8000 after 0 ms: Could not connect to server", None),
        ("ConnectionRefusedError: [Errno 111] Connection refused", None),
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", None),
        ("test_timeouts: the request timed out as it should", None),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", None),
        ("npm error code ERESOLVE", None),
    ],
)
def test_what_a_step_says(said: str, kind: type[Trouble] | None) -> None:
    assert type(fault("exit code: 1", said)) is (kind or type(None))


def test_the_message_quotes_the_line() -> None:
    assert str(fault("a\nwrite /x: no space left on device\nb")).endswith("said: write /x: no space left on device")


def test_a_mirror_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(processes, "sleep", waited.append)
    answers = iter([Unreachable("a"), Unreachable("b"), None])

    def attempt() -> str:
        if error := next(answers):
            raise error
        return "built"

    assert patiently(attempt) == "built"
    assert waited == [5, 20]


def test_a_mirror_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(processes, "sleep", waited.append)

    def attempt() -> None:
        raise Unreachable("no answer")

    with pytest.raises(Unreachable):
        patiently(attempt)
    assert tuple(waited) == PAUSES
