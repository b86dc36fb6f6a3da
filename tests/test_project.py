"""The build context as a snapshot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rewriter import Project
from rewriter.project.context import Unfit


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


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in ("src/app.py", "src/app.pyc", "docs/a.md", "docs/keep/b.md", "node_modules/x/y.js", "README.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "link").symlink_to("docs")
    return tmp_path


def test_all_files(tree: Path) -> None:
    (tree / ".dockerignore").write_text("**/*.pyc\ndocs\n!docs/keep\nnode_modules\n")
    project = Project(tree)
    assert project.files() == (".dockerignore", "README.md", "docs/keep/b.md", "link", "src/app.py")
    assert "docs/keep" in project.asked
    assert "node_modules" not in project.asked


def test_all_files_of_a_context_that_is_not_there() -> None:
    assert Project().files() == ()


def test_files_that_are_about_to_be_written_count(tree: Path) -> None:
    project = Project(tree, overlay={"new/a": "", "node_modules/b": "", ".dockerignore": "node_modules\ndocs\nsrc\n"})
    assert project.files() == (".dockerignore", "README.md", "link", "new/a")


def test_too_many_files(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewriter.project.context.LISTING_LIMIT", 5)
    with pytest.raises(Unfit, match="the context holds more than 5 files"):
        Project(tree).files()


def test_a_folder_that_cannot_be_listed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> Any:
        if path.endswith("docs"):
            raise PermissionError
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    with pytest.raises(Unfit, match="docs cannot be listed"):
        Project(tree).files()


def test_a_folder_is_there_when_something_below_it_is(tree: Path) -> None:
    (tree / ".dockerignore").write_text("*\n!docs/*.md\n!empty/**\n")
    (tree / "empty").mkdir()
    project = Project(tree)
    assert not project.hides("docs")
    assert project.hides("docs/keep")
    assert project.hides("empty")
    assert project.hides("src")


def test_the_ignore_file_beside_the_dockerfile(tree: Path) -> None:
    (tree / ".dockerignore").write_text("src\n")
    (tree / "docker").mkdir()
    project = Project(tree, dockerfile=tree / "docker" / "app.Dockerfile")
    assert (project.ignore_file, project.hides("src"), project.hides("docs")) == (".dockerignore", True, False)
    (tree / "docker" / "app.Dockerfile.dockerignore").write_text("docs\n")
    project = Project(tree, dockerfile=tree / "docker" / "app.Dockerfile")
    assert project.ignore_file == "docker/app.Dockerfile.dockerignore"
    assert (project.hides("src"), project.hides("docs")) == (False, True)


def test_the_ignore_file_beside_a_dockerfile_out_of_the_context(tree: Path) -> None:
    (tree / "Dockerfile.dockerignore").write_text("app.py\n")
    project = Project(tree / "src", dockerfile=tree / "Dockerfile")
    assert project.ignore_file == "../Dockerfile.dockerignore"
    assert project.files() == ("app.pyc",)
    more = project.excluding(["*.pyc"])
    assert more.files() == ()
    assert more.head(more.ignore_file, 99) == b"app.py\n*.pyc\n"
    assert project.kind("../README.md") is None


def test_an_empty_ignore_file_beside_the_dockerfile_counts(tree: Path) -> None:
    (tree / ".dockerignore").write_text("src\n")
    (tree / "Dockerfile.dockerignore").write_text("")
    assert not Project(tree, dockerfile=tree / "Dockerfile").hides("src")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"a\n\xff*\n", "line 2: the line is not UTF-8"), (b"[", "line 1"), (b"#" * 8_000_001, "too large")],
)
def test_an_ignore_file_that_cannot_be_used_hides_all(tree: Path, content: bytes, reason: str) -> None:
    (tree / ".dockerignore").write_bytes(content)
    project = Project(tree)
    assert project.hides("src")
    assert project.ignore.broken is not None
    assert reason in project.ignore.broken
    assert project.files() == ()


def test_an_ignore_file_that_is_a_link(tree: Path) -> None:
    (tree / "docs" / "ignore").write_text("src\n# \xff\n", "latin-1")
    (tree / ".dockerignore").symlink_to("docs/ignore")
    assert Project(tree).ignore.broken is None
    assert Project(tree).hides("src")
    (tree / "docs" / "ignore").unlink()
    assert Project(tree).ignore.broken == ".dockerignore cannot be read"


def test_the_ignore_file_of_podman(tree: Path) -> None:
    assert Project(tree).container_ignore is None
    (tree / ".containerignore").write_text("src\n")
    assert Project(tree).container_ignore == ".containerignore"
    assert not Project(tree).hides("src")
