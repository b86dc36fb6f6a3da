"""The command line, as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rewriter import config
from rewriter.cli import dockerslim

ASKING = "FROM debian:12\nRUN apt-get update && apt-get install curl && rm -rf /var/lib/apt/lists/*\n"
FIXED = ASKING.replace("install curl", "install -y curl")
ONLY = ("--select", "apt-asks")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    config._in_folder.cache_clear()
    return tmp_path


def call(*words: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(dockerslim, words, input=stdin, catch_exceptions=False)


def write(path: Path, text: str = ASKING) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")
    return path


def test_fix_writes(folder: Path) -> None:
    path = write(folder / "Dockerfile")
    path.chmod(0o640)
    result = call("fix", *ONLY)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 file changed, 1 change (1 safe)" in result.stderr
    assert path.read_text() == FIXED
    assert path.stat().st_mode & 0o777 == 0o640
    assert call("fix", *ONLY).exit_code == 0


def test_diff_writes_nothing_and_applies(folder: Path) -> None:
    path = write(folder / "sub" / "Dockerfile")
    result = call("fix", "--diff", *ONLY)
    assert result.exit_code == 1
    assert path.read_text() == ASKING
    assert "diff --git a/sub/Dockerfile b/sub/Dockerfile" in result.stdout
    subprocess.run(["git", "apply", "-"], input=result.stdout_bytes, cwd=folder, check=True)
    assert path.read_text() == FIXED


def test_diff_of_an_absolute_path_applies_here(folder: Path) -> None:
    path = write(folder / "sub" / "Dockerfile")
    assert "--- a/sub/Dockerfile\n" in call("fix", "--diff", str(path), *ONLY).stdout


def test_check_only_says(folder: Path) -> None:
    path = write(folder / "Dockerfile")
    result = call("fix", "--check", *ONLY)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "1 file would change" in result.stderr
    assert path.read_text() == ASKING


def test_nothing_to_do(folder: Path) -> None:
    write(folder / "Dockerfile", FIXED)
    for words in (("fix",), ("fix", "--diff"), ("fix", "--check"), ("check",)):
        assert call(*words, *ONLY).exit_code == 0


def test_standard_input(folder: Path) -> None:
    result = call("fix", "-", "--stdin-filename", "app/Dockerfile", *ONLY, stdin=ASKING)
    assert (result.exit_code, result.stdout) == (0, FIXED)
    result = call("fix", "--diff", "-", "--stdin-filename", "app/Dockerfile", *ONLY, stdin=ASKING)
    assert result.exit_code == 1
    assert "--- a/app/Dockerfile" in result.stdout
    assert not list(folder.iterdir())


def test_standard_input_keeps_bytes(folder: Path) -> None:
    data = b"FROM debian:12\r\n# caf\xe9\r\nRUN apt-get install curl"
    result = call("fix", "-", *ONLY, stdin=data)
    assert result.stdout_bytes == data.replace(b"install", b"install -y")


def test_findings_at_the_users_own_lines(folder: Path) -> None:
    write(folder / "Dockerfile")
    result = call("check", *ONLY)
    assert result.exit_code == 1
    assert result.stdout.startswith("Dockerfile:2:23: apt-asks [safe] ")
    assert "1 finding" in result.stderr
    assert call("check", "--quiet", *ONLY).stderr == ""


def test_declined_and_why_with_verbose(folder: Path) -> None:
    write(folder / "Dockerfile", "FROM debian:12\nRUN yes | apt-get install curl\n")
    quiet, verbose = call("check", *ONLY), call("check", "-v", *ONLY)
    assert (quiet.exit_code, quiet.stdout) == (0, "")
    assert verbose.exit_code == 0
    assert "[declined] its input may hold the answer" in verbose.stdout


def test_one_bad_file_does_not_stop_the_others(folder: Path) -> None:
    good, bad = write(folder / "a" / "Dockerfile"), write(folder / "b" / "Dockerfile", "FROM a\nRUN <<EOF\n")
    last = write(folder / "c" / "Dockerfile")
    result = call("fix", *ONLY)
    assert result.exit_code == 2
    assert "b/Dockerfile:2: error: unterminated heredoc EOF" in result.stderr
    assert (good.read_text(), last.read_text()) == (FIXED, FIXED)
    assert bad.read_text() == "FROM a\nRUN <<EOF\n"


BAD = {
    "binary": (b"\x7fELF\0\0", ":1: error: the file is binary"),
    "UTF-16": ("FROM a\n".encode("utf-16"), ": error: the file is UTF-16"),
    "empty": (b"", ": error: the file has no instructions"),
    "no FROM": (b"RUN x\n", ": error: the file has no FROM"),
    "unterminated heredoc": (b"FROM a\nRUN <<EOF\nx\n", ":2: error: unterminated heredoc EOF"),
    "unknown instruction": (b"FROM a\nFOO b\n", ":2: error: unknown instruction FOO"),
    "a line of 145,000 characters": (b"FROM a\nRUN " + b"x" * 145_000, ":2: error: the line is longer than"),
    "two escape directives": (b"# escape=`\n# escape=`\nFROM a\n", ":2: error: only one escape"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(folder: Path, data: bytes, message: str) -> None:
    path = folder / "Dockerfile"
    path.write_bytes(data)
    result = call("fix", "Dockerfile")
    assert result.exit_code == 2
    assert f"Dockerfile{message}" in result.stderr
    assert path.read_bytes() == data


def test_no_such_file(folder: Path) -> None:
    result = call("fix", "nothing")
    assert result.exit_code == 2
    assert "nothing: error: there is no such file" in result.stderr
    assert not list(folder.iterdir())


def test_a_directory_named_dockerfile(folder: Path) -> None:
    (folder / "Dockerfile").mkdir()
    assert call("fix", "Dockerfile").exit_code == 2
    inner = write(folder / "Dockerfile" / "Dockerfile")
    assert call("fix", *ONLY).exit_code == 0
    assert inner.read_text() == FIXED


def test_a_symlink_loop(folder: Path) -> None:
    (folder / "Dockerfile").symlink_to("Dockerfile")
    result = call("fix", "Dockerfile")
    assert result.exit_code == 2
    assert "Dockerfile: error: " in result.stderr


def test_a_link_is_followed_to_its_target(folder: Path) -> None:
    target = write(folder / "real" / "file")
    (folder / "Dockerfile").symlink_to(target)
    assert call("fix", "Dockerfile", *ONLY).exit_code == 0
    assert target.read_text() == FIXED
    assert (folder / "Dockerfile").is_symlink()


@pytest.mark.parametrize("forbidden", ["file", "folder"])
def test_no_permission(folder: Path, forbidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder / "sub" / "Dockerfile")

    # Root may read and write everything, so the refusal of the system is played.
    def refuse(*_: object, **__: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    if forbidden == "file":
        monkeypatch.setattr(Path, "read_bytes", refuse)
    else:
        monkeypatch.setattr(os, "replace", refuse)
    result = call("fix", *ONLY)
    monkeypatch.undo()
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr or "not allowed" in result.stderr
    assert (folder / "sub" / "Dockerfile").read_text() == ASKING
    assert os.listdir(path.parent) == ["Dockerfile"]


def test_templates_are_skipped_in_a_search_only(folder: Path) -> None:
    write(folder / "Dockerfile.j2", "{% if x %}\nFROM a\n{% endif %}\n")
    assert call("fix").exit_code == 0
    assert "skipped: a template" in call("fix", "-v").stderr
    assert call("fix", "Dockerfile.j2").exit_code == 2


def test_unknown_names_are_usage_errors(folder: Path) -> None:
    result = call("fix", "--select", "apt-ask")
    assert result.exit_code == 2
    assert "did you mean 'apt-asks'?" in result.stderr
    assert call("explain", "apt-ask").exit_code == 2


def test_explain(folder: Path) -> None:
    assert "RUN apt-get update && apt-get install -y curl" in call("explain", "apt-asks").stdout
    everything = call("explain", "--all")
    assert everything.exit_code == 0
    assert "apt-asks\n========" in everything.stdout


def test_configuration(folder: Path) -> None:
    write(folder / "Dockerfile")
    (folder / "dockerslim.toml").write_text('ignore = ["apt-asks"]\n')
    assert call("fix", "--check", *ONLY, "--ignore", "apt-asks").exit_code == 0
    (folder / "dockerslim.toml").write_text('levle = "safe"\n')
    config._in_folder.cache_clear()  # a process reads each configuration once
    result = call("fix")
    assert result.exit_code == 2
    assert "did you mean 'level'" in result.stderr


def test_baseline(folder: Path) -> None:
    path = write(folder / "Dockerfile")
    assert call("check", *ONLY, "--baseline", "known.json").exit_code == 0
    assert (folder / "known.json").exists()
    path.write_text(path.read_text() + "RUN apt-get install git\n")
    result = call("check", *ONLY, "--baseline", "known.json")
    assert result.exit_code == 1
    assert result.stdout.count("apt-asks") == 1
    assert "Dockerfile:3:" in result.stdout


def test_patch_asks_about_each_change(folder: Path) -> None:
    path = write(folder / "Dockerfile", ASKING + "FROM debian:12\nRUN apt-get install git\n")
    result = call("fix", "--patch", *ONLY, stdin="n\ny\n")
    assert result.exit_code == 0
    assert path.read_text() == ASKING + "FROM debian:12\nRUN apt-get install -y git\n"
    assert "+RUN apt-get install -y git" in result.stdout


def test_many_files_on_several_processes(folder: Path) -> None:
    paths = [write(folder / f"{number:03}" / "Dockerfile") for number in range(60)]
    result = call("fix", "--jobs", "2", *ONLY)
    assert "60 files changed" in result.stderr
    assert {path.read_text() for path in paths} == {FIXED}


def test_own_transforms_are_found_whatever_pythonpath_says(folder: Path) -> None:
    write(folder / "Dockerfile")
    write(folder / "other" / "transforms" / "__init__.py", "raise SystemExit('the wrong transforms')\n")
    command = [sys.executable, "-c", "from rewriter.main import main; main()", "fix", "--diff", *ONLY]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "other"), str(Path(__file__).parents[1])])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "install -y curl" in done.stdout


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_no_colour_without_a_terminal(folder: Path, environment: dict[str, str]) -> None:
    write(folder / "Dockerfile")
    result = CliRunner(env=environment).invoke(dockerslim, ["check", *ONLY])
    assert "\x1b" not in result.output
