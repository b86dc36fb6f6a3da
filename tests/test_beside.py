"""A change that completes the ignore file beside the Dockerfile: both files together, or neither."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rewriter import Change, Options, Outcome, Project, Rewrite, Source
from rewriter.beside import completed
from rewriter.change import Edit
from rewriter.cli import dockerslim
from rewriter.engine import run
from rewriter.facts import Facts
from rewriter.syntax.tree import Dockerfile

from .test_gate import Played

NAIVE = """\
FROM node:20-slim
WORKDIR /app
COPY . .
RUN npm ci
CMD ["node", "server.js"]
"""
DIVIDED = NAIVE.replace("COPY . .\nRUN npm ci\n", "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n")
ONLY = ("--select", "copied-before-install")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package.json").write_text('{"name": "app", "version": "1.0.0"}')
    lock = {"name": "app", "version": "1.0.0", "lockfileVersion": 3}
    root = {"": {"name": "app", "version": "1.0.0"}}
    (tmp_path / "package-lock.json").write_text(json.dumps({**lock, "packages": root}))
    (tmp_path / "server.js").write_text("")
    (tmp_path / "Dockerfile").write_text(NAIVE)
    return tmp_path


def call(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(dockerslim, words, input=stdin, catch_exceptions=False)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a\nb\n"),
        ("x\n", "x\na\nb\n"),
        ("x", "x\na\nb\n"),
        ("x\r\ny\r\n", "x\r\ny\r\na\r\nb\r\n"),
        ("x\r\ny", "x\r\ny\r\na\r\nb\r\n"),
        ("# only this\n\n", "# only this\n\na\nb\n"),
    ],
)
def test_completed(before: str, after: str) -> None:
    assert completed(before, ("a", "b")) == after


def test_fix_writes_both_files(folder: Path) -> None:
    result = call("fix", *ONLY)
    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / "Dockerfile").read_text() == DIVIDED
    assert (folder / ".dockerignore").read_text() == "node_modules\n"
    assert call("fix", "--check", *ONLY).exit_code == 0


def test_what_is_there_is_kept(folder: Path) -> None:
    (folder / ".dockerignore").write_bytes(b"# ours\r\n*.log")
    call("fix", *ONLY)
    assert (folder / ".dockerignore").read_bytes() == b"# ours\r\n*.log\r\nnode_modules\r\n"


def test_the_diff_holds_both_files_and_applies(folder: Path) -> None:
    result = call("fix", "--diff", *ONLY)
    assert (folder / "Dockerfile").read_text() == NAIVE
    assert not (folder / ".dockerignore").exists()
    subprocess.run(["git", "apply", "-"], input=result.stdout_bytes, cwd=folder, check=True)
    assert (folder / "Dockerfile").read_text() == DIVIDED
    assert (folder / ".dockerignore").read_text() == "node_modules\n"


def test_a_context_elsewhere_is_named_from_here(folder: Path) -> None:
    (folder / "docker").mkdir()
    (folder / "Dockerfile").rename(folder / "docker" / "Dockerfile")
    result = call("fix", "--diff", "--context", ".", *ONLY, "docker/Dockerfile")
    assert "+++ b/.dockerignore\n" in result.stdout
    assert "+++ b/docker/Dockerfile\n" in result.stdout


@pytest.mark.parametrize("diff", [True, False])
def test_several_dockerfiles_share_the_ignore_file(folder: Path, diff: bool) -> None:
    (folder / "worker.Dockerfile").write_text(NAIVE.replace("server.js", "worker.js"))
    result = call("fix", *(["--diff"] if diff else []), *ONLY)
    if diff:
        subprocess.run(["git", "apply", "-"], input=result.stdout_bytes, cwd=folder, check=True)
    assert (folder / ".dockerignore").read_text() == "node_modules\n"
    assert (folder / "Dockerfile").read_text() == DIVIDED
    assert (folder / "worker.Dockerfile").read_text() == DIVIDED.replace("server.js", "worker.js")


def test_standard_output_takes_no_second_file(folder: Path) -> None:
    assert call("fix", "-", *ONLY, stdin=NAIVE).stdout == NAIVE
    assert "+++ b/.dockerignore\n" in call("fix", "--diff", "-", *ONLY, stdin=NAIVE).stdout


def excluding(*patterns: str) -> Played:
    """A transform that only adds `patterns` to the ignore file."""

    def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
        missing = tuple(pattern for pattern in patterns if not facts.project.ignore.covers(pattern))
        if missing:
            yield Change("excluding", (), file.instructions[0].span, excludes=missing)

    return Played("excluding", find)


def rewrite(text: str, folder: Path, *chain: Played, **options: bool) -> Rewrite:
    return run(Source(text), chain, Project(folder), Options(**options))  # type: ignore[arg-type]


def test_a_change_may_be_of_the_second_file_alone(folder: Path) -> None:
    result = rewrite(NAIVE, folder, excluding("*.log", ".git"))
    assert result.changed
    assert result.after.text == NAIVE
    assert [(other.path, other.before, other.after.text) for other in result.others] == [
        (".dockerignore", None, "*.log\n.git\n")
    ]


def test_a_caller_for_one_file_is_offered_the_change(folder: Path) -> None:
    result = rewrite(NAIVE, folder, excluding("*.log"), beside=False)
    assert not result.changed
    assert [finding.outcome for finding in result.findings] == [Outcome.OFFERED]


def test_the_gate_keeps_what_is_copied(folder: Path) -> None:
    text = NAIVE.replace("COPY . .", "COPY server.js ./")
    result = rewrite(text, folder, excluding("*.js"))
    assert not result.changed
    (dropped,) = result.of(Outcome.DROPPED)
    assert "copies server.js" in dropped.message


def test_changes_in_turn_see_what_was_added(folder: Path) -> None:
    def rename(file: Dockerfile, facts: Facts) -> Iterator[Change]:
        at = file.source.text.find("npm ci")
        if at >= 0 and facts.project.hides("x.log"):
            yield Change("rename", (Edit(at, at + 6, "true"),), file.instructions[3].span)

    result = rewrite(NAIVE, folder, excluding("*.log"), Played("rename", rename))
    assert "RUN true" in result.after.text
