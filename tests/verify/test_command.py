"""`dockerslim verify` and `fix --verify` as a user calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import sleep

import pytest
from click.testing import CliRunner, Result

from rewriter import batch
from rewriter.cli import dockerslim
from rewriter.verify import command
from rewriter.verify.engines import find
from rewriter.verify.trouble import NoEngine

from .interrupts import heed
from .test_proof import BEFORE, chain

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; no result of another test is taken."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def call(*words: str) -> Result:
    return CliRunner().invoke(dockerslim, words)


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("words", [("verify",), ("fix", "--verify")])
def test_without_an_engine_nothing_is_done(words: Sequence[str], place: Path) -> None:
    file = place / "Dockerfile"
    file.write_text("FROM python:3.12\nRUN pip install flask\n")
    result = call(*words)
    assert result.exit_code in (1, 2)
    assert all(f"{name}: it is not installed" in result.output for name in ("docker", "podman", "buildah"))
    assert file.read_text() == "FROM python:3.12\nRUN pip install flask\n"


@pytest.mark.usefixtures("no_engine")
def test_an_engine_that_does_not_exist(place: Path) -> None:
    (place / "Dockerfile").write_text("FROM python:3.12\nRUN pip install flask\n")
    result = call("verify", "--engine", "kaniko")
    assert result.exit_code == 2
    assert "kaniko" in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("fix", "--http", "/"), "--http goes with --verify"),
        (("fix", "--verify", "--patch"), "--verify goes with files, and without --patch"),
        (("fix", "--verify", "-"), "--verify goes with files, and without --patch"),
        (("verify", "--port", "0"), "0 is not in the range"),
        (("verify", "--max-size", "big"), "'big' is no size"),
        (("verify", "--min-saving", "much"), "'much' is no share"),
    ],
)
def test_words_that_make_no_sense(words: Sequence[str], sentence: str, place: Path) -> None:
    (place / "Dockerfile").write_text("FROM python:3.12\nRUN pip install flask\n")
    result = call(*words)
    assert result.exit_code == 2
    assert sentence in result.output


def test_no_dockerfile_is_no_error() -> None:
    result = call("verify", "--format", "json", "--quiet")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["files"] == []


# With a real engine


@pytest.fixture
def harmful(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dockerfile, and a chain of which one transform breaks it."""
    try:
        find("docker", timeout=60)
    except NoEngine as error:
        pytest.skip(str(error))
    transforms = tuple(chain(t5=" && false"))
    names = tuple(each.name for each in transforms)
    monkeypatch.setattr("transforms.CHAIN", transforms)
    for module in (batch, command):
        monkeypatch.setattr(module, "NAMES", names)
    (place / "Dockerfile").write_text(BEFORE)
    return place / "Dockerfile"


@pytest.mark.engine
def test_only_what_passed_is_written(harmful: Path) -> None:
    result = call("fix", "--verify", "--engine", "docker")
    assert "t5 is left out: " in result.stderr
    assert harmful.read_text().count("&& true") == 7
    assert "false" not in harmful.read_text()
    assert result.exit_code == 1


@pytest.mark.engine
def test_a_diff_holds_only_what_passed(harmful: Path) -> None:
    result = call("fix", "--verify", "--diff", "--engine", "docker")
    assert result.stdout.count("\n+RUN") == 7
    assert "false" not in result.stdout
    assert harmful.read_text() == BEFORE


@pytest.mark.engine
def test_what_is_printed_in_each_format(harmful: Path) -> None:
    shown = {style: call("verify", "--engine", "docker", "--format", style) for style in ("json", "markdown", "html")}
    assert {result.exit_code for result in shown.values()} == {0}
    (file,) = json.loads(shown["json"].stdout)["files"]
    assert file["verdict"] == "partly"
    assert [left["transform"] for left in file["left_out"]] == ["t5"]
    assert all("t5" in result.stdout for result in shown.values())
    assert harmful.read_text() == BEFORE


@pytest.mark.engine
def test_a_limit_that_is_missed_ends_with_1(harmful: Path) -> None:
    result = call("verify", "--engine", "docker", "--max-size", "1kB")
    assert result.exit_code == 1
    assert "--max-size 1kB" in result.output


@pytest.mark.engine
@pytest.mark.parametrize(
    ("during", "number"), [("building", signal.SIGINT), ("running", signal.SIGTERM)], ids=["ctrl-c", "sigterm"]
)
@pytest.mark.parametrize("name", ["docker", "podman"])
def test_nothing_is_left_when_it_is_stopped(
    name: str, during: str, number: signal.Signals, place: Path, tmp_path: Path
) -> None:
    try:
        find(name, timeout=60)
    except NoEngine as error:
        pytest.skip(str(error))
    slow = "RUN sleep 600\n" if during == "building" else ""
    (place / "Dockerfile").write_text(f'FROM busybox\n{slow}EXPOSE 80\nCMD ["sleep", "600"]\n')
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = _made(name)
    words = [sys.executable, "-m", "rewriter.main", "verify", "--engine", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(f"{during} before"):
                break
        sleep(3)  # until the engine is at it
        process.send_signal(number)
        said = process.stderr.read()
        assert process.wait(60) == 130
    assert "stopped" in said
    assert _made(name) == before
    assert list(temporary.iterdir()) == []


def _made(name: str) -> set[str]:
    """The containers and the tags that verifications have made."""
    listings = (["ps", "--all", "--format", "{{.Names}}"], ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"])
    said = (subprocess.run([name, *words], capture_output=True, text=True, check=True).stdout for words in listings)
    return {line for text in said for line in text.split() if "dockerslim-verify" in line}
