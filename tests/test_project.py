"""The build context as a snapshot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rewriter import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "context" / "src").mkdir(parents=True)
    (tmp_path / "context" / "src" / "app.py").write_bytes(b"print(1)\n")
    (tmp_path / "secret").write_bytes(b"x")
    os.symlink(tmp_path / "secret", tmp_path / "context" / "link")
    os.symlink("loop", tmp_path / "context" / "loop")
    os.mkfifo(tmp_path / "context" / "pipe")
    return Project(tmp_path / "context")


def test_kinds(project: Project) -> None:
    assert project.kind("src") == project.kind("/src/") == project.kind("./src") == "folder"
    assert project.kind("src/app.py") == "file"
    assert project.kind("nothing") is None


@pytest.mark.parametrize("path", ["../secret", "link", "loop", "pipe", "x" * 5000, "a\0b", "src/app.py/more"])
def test_what_is_not_in_the_context(project: Project, path: str) -> None:
    assert project.kind(path) is None
    assert project.head(path, 10) is None


def test_head(project: Project) -> None:
    assert project.head("src/app.py", 5) == b"print"
    assert project.head("src", 5) is None


def test_what_was_asked_is_recorded(project: Project) -> None:
    project.kind("src")
    project.head("nothing", 1)
    assert project.asked == {"src", "nothing"}


def test_a_context_that_is_not_there() -> None:
    assert Project().kind("src") is None
    assert Project().head("src", 1) is None
