"""Which file is edited for a rebuild, and how."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from rewriter import Options, Project, Source
from rewriter.knowledge import table
from rewriter.verify.building.context import copy, place, write_side
from rewriter.verify.building.source_edit import edited, source_file
from rewriter.verify.engine import Recipe
from rewriter.verify.engines import find

OLD = 1_000_000_000


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
        os.utime(root / name, (OLD, OLD))
    return root


def chosen(root: Path, *dockerfiles: str, ignores: tuple[str | None, ...] = (None, None)) -> str | None:
    project = Project(root, dockerfile=root / "Dockerfile")
    sides = [
        (Source(text), Source(ignore) if ignore is not None else None)
        for text, ignore in zip(dockerfiles, ignores, strict=False)
    ]
    return source_file(project, Options(), sides, root)


PYTHON = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ('CMD ["python", "tool.py"]', "tool.py"),
        ('CMD ["python", "-m", "shop"]', "shop/__main__.py"),
        ('CMD ["gunicorn", "shop.web:app"]', "shop/web.py"),
        ("CMD exec uvicorn shop.web:app --port 80", "shop/web.py"),
        ('ENTRYPOINT ["./start.sh"]', "shop/web.py"),
        ("", "main.py"),
    ],
)
def test_what_is_started_is_edited(tmp_path: Path, command: str, file: str) -> None:
    names = ("main.py", "tool.py", "shop/__main__.py", "shop/web.py", "requirements.txt", "Dockerfile", "README.md")
    tree(tmp_path, *names, "tests/test_app.py", "node_modules/express/index.js")
    (tmp_path / "start.sh").write_text('#!/bin/sh\nexec gunicorn "shop.web:app"\n')
    assert chosen(tmp_path, PYTHON + command) == file


def test_else_what_was_changed_last(tmp_path: Path) -> None:
    tree(tmp_path, "src/a.go", "src/b.go", "src/c.go", "go.mod", "index.html")
    (tmp_path / "src/b.go").write_text("package b\n")
    (tmp_path / "go.mod").write_text("module b\n")
    assert chosen(tmp_path, "FROM golang:1.22\nCOPY . .\nRUN go build -o /b ./src\n") == "src/b.go"


def test_every_side_must_take_it(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "lib/b.py", "lib/c.py", "d.py", "link.py")
    (tmp_path / "link.py").unlink()
    (tmp_path / "link.py").symlink_to("a.py")
    (tmp_path / "lib/b.py").write_text("new\n")
    both = "FROM python:3.12\nCOPY . .\n", "FROM python:3.12\nCOPY a.py ./\nCOPY lib/ ./\nCOPY link.py ./\n"
    assert chosen(tmp_path, *both) == "lib/b.py"
    assert chosen(tmp_path, *both, ignores=(None, "lib/b.py\n")) == "a.py"
    assert chosen(tmp_path, *both, ignores=("lib\n", "a.py\n")) is None
    assert (
        chosen(tmp_path, "FROM python:3.12\nCOPY l*/ ./\nRUN --mount=type=bind,target=/x cp /x/d.py .\n") == "lib/b.py"
    )
    assert chosen(tmp_path, "FROM python:3.12\nRUN --mount=type=bind,source=d.py,target=/x cp /x .\n") == "d.py"
    assert chosen(tmp_path, "FROM python:3.12\nARG d=d.py\nCOPY $d c.* ./\n") is None


def test_a_stage_that_is_not_built_takes_nothing(tmp_path: Path) -> None:
    tree(tmp_path, "main.py", "old.py")
    text = "FROM python:3.12 AS check\nCOPY main.py ./\n\nFROM python:3.12\nCOPY old.py ./\n"
    assert chosen(tmp_path, text) == "old.py"


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore", "requirements.txt", "package-lock.json", "go.sum"])
def test_manifests_and_recipes_are_not_edited(tmp_path: Path, name: str) -> None:
    tree(tmp_path, name)
    assert chosen(tmp_path, "FROM debian:12\nCOPY . .\n") is None


def test_pages_and_settings_come_behind_programs(tmp_path: Path) -> None:
    text = "FROM nginx:1.27\nCOPY . /usr/share/nginx/html\n"
    tree(tmp_path, "logo.svg")
    assert chosen(tmp_path, text) == "logo.svg"
    tree(tmp_path, "index.html", "about.html")
    assert chosen(tmp_path, text) == "index.html"
    tree(tmp_path, "shop.js")
    assert chosen(tmp_path, text) == "shop.js"


def test_without_a_context_there_is_nothing_to_edit() -> None:
    assert source_file(Project(), Options(), [(Source("FROM python:3.12\nCOPY . .\n"), None)], Path("/")) is None


@pytest.mark.parametrize("content", ["", "x = 1", "x = 1\r\n"])
@pytest.mark.parametrize("name", ["a.py", "a.JS", "a.c", "a.json", "a.html", "Procfile"])
def test_the_edit_is_a_comment_and_is_taken_back(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_bytes(content.encode())
    file.chmod(0o444)
    os.utime(file, (OLD, OLD))
    before, found = file.stat(), set()
    for _ in range(2):
        with edited(tmp_path, name):
            text = file.read_bytes().decode()
            assert text.startswith(content)
            added = text[len(content) :].strip()
            assert ("edited for a rebuild" in added) is (name not in ("a.json", "Procfile"))
            assert not content or content.endswith("\n") or text[len(content)] == "\n"
            assert (file.stat().st_mode, file.stat().st_mtime > OLD) == (before.st_mode, True)
            found.add(text)
        assert file.read_bytes().decode() == content
        assert (file.stat().st_mode, file.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert len(found) == 2


# The compilers and interpreters that the machine of a developer may have; each is asked whether the file still holds.
CHECKS = {
    "a.py": ("print(1)", [sys.executable, "-m", "py_compile"]),
    "a.js": ("console.log(1)", ["node", "--check"]),
    "a.sh": ("echo 1", ["bash", "-n"]),
    "a.rb": ("puts 1", ["ruby", "-c"]),
    "a.pl": ("print 1;", ["perl", "-c"]),
    "a.c": ("int a;", ["gcc", "-std=c89", "-pedantic-errors", "-fsyntax-only"]),
    "a.go": ("package a", ["gofmt", "-e"]),
    "a.rs": ("fn main() {}", ["rustc", "--emit=metadata", "--out-dir=."]),
    "a.php": ("<?php echo 1;", ["php", "-l"]),
    "a.json": ("{}", [sys.executable, "-m", "json.tool"]),
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_edited_file_still_compiles(tmp_path: Path, name: str) -> None:
    content, command = CHECKS[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / name).write_text(content)
    with edited(tmp_path, name):
        done = subprocess.run([*command, tmp_path / name], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_each_ending_has_one_form() -> None:
    comments = table("comments")
    endings = [ending for group in ("program", "other") for entry in comments[group] for ending in entry["endings"]]
    assert len(endings) == len(set(endings))
    assert all(entry["source"] for group in ("program", "other") for entry in comments[group])


@pytest.mark.engine
@pytest.mark.parametrize("name", ["docker", "podman"])
def test_an_engine_sees_every_side_and_every_edit(name: str, tmp_path: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    found = find(name, timeout=300)
    if found.base_ids(("busybox:latest",)) == ("",):
        pytest.skip(f"{name} lacks busybox:latest")
    one = b"# %d\nFROM busybox:latest\nCOPY . /all/\nRUN cat /all/Dockerfile /all/a.py\n" % uuid4().int
    other = one.replace(b"/all/", b"/ALL/")  # of the same size
    root = tree(tmp_path / "project", "a.py", "Dockerfile")
    project = Project(root, dockerfile=root / "Dockerfile")
    copied = copy(project, tmp_path)

    def reused(text: bytes) -> bool:
        place(copied, project, text, None)
        dockerfile = write_side(tmp_path / "side", text, None)
        build = found.build(Recipe(dockerfile, copied, found.tag("edit")))
        return all(step.cached for step in build.steps if "/all/" in step.name.lower())

    try:
        answers = [reused(one), reused(other)]
        for _ in range(2):
            with edited(copied, "a.py"):
                answers.append(reused(one))
        answers.append(reused(one))
    finally:
        found.clean()
    assert answers == [False, False, False, False, True]
    assert found.left == ()
