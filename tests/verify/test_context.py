"""The private copy of the build context: what is in it, what is left alone, and its digest."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rewriter import Project
from rewriter.verify.building.context import copy, digest, place, write_side
from rewriter.verify.trouble import DiskFull

from .. import engine

OLD = 1_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    return root


def copied(root: Path, tmp_path: Path, **options: Path | dict[str, str]) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return copy(Project(root, **options), folder)  # type: ignore[arg-type]


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def seen(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    """Mode, links, time and content of all that lies in `folder`."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        now = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
        found[path.relative_to(folder).as_posix()] = (now.st_mode, now.st_nlink, now.st_mtime_ns, content)
    return found


def test_modes_times_and_links_are_kept(root: Path, tmp_path: Path) -> None:
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o750)
    (root / "empty").mkdir()
    (root / "locked").mkdir()
    (root / "locked" / "a").write_text("a")
    os.link(root / "run.sh", root / "again.sh")
    (root / "inside").symlink_to("run.sh")
    (root / "dangling").symlink_to("nowhere/at/all")
    (root / "absolute").symlink_to(root / "empty")
    (root / "out").symlink_to("..")
    (root / "file\udcff").write_text("no UTF-8")
    for path in (root / "run.sh", root / "empty", root / "locked" / "a"):
        os.utime(path, (OLD, OLD))
    os.utime(root / "dangling", (OLD, OLD), follow_symlinks=False)
    (root / "locked").chmod(0o555)
    os.utime(root / "locked", (OLD, OLD))
    before = seen(root)
    assert seen(copied(root, tmp_path)) == before == seen(root)


def test_what_all_ignore_files_leave_out_is_not_copied(root: Path, tmp_path: Path) -> None:
    for path in ("node_modules/left-pad/index.js", "src/a.log", "src/a.js", "data/keep/x", "data/other/x", "note.txt"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    (root / ".dockerignore").write_text("node_modules\n**/*.log\ndata\n!data/keep\nnote.txt\n")
    ours = copied(root, tmp_path)
    files = {path for path in listing(ours) if (ours / path).is_file()}
    assert files == {".dockerignore", "src/a.js", "data/keep/x"}
    (root / ".containerignore").write_text("src\nnode_modules\n")
    (tmp_path / "second").mkdir()
    files = listing(copied(root, tmp_path / "second"))
    assert {"note.txt", "src/a.js", "data/other/x"} <= files
    assert not {"node_modules", "src/a.log"} & files


def test_a_broken_ignore_file_leaves_all_in(root: Path, tmp_path: Path) -> None:
    (root / ".dockerignore").write_text("[\n")
    (root / "a").write_text("a")
    assert listing(copied(root, tmp_path)) == {".dockerignore", "a"}


def test_the_copy_may_lie_in_the_context(root: Path) -> None:
    (root / "a").write_text("a")
    assert listing(copied(root, root)) == {"a"}


def test_without_a_root_the_context_is_empty(tmp_path: Path) -> None:
    ours = copy(Project(), tmp_path)
    assert ours.is_dir()
    assert not listing(ours)


def test_texts_in_the_place_of_files_are_written(root: Path, tmp_path: Path) -> None:
    (root / ".dockerignore").write_text("a\n")
    ours = copied(root, tmp_path, overlay={".dockerignore": "b\n", "../Dockerfile.dockerignore": "c\n"})
    assert (ours / ".dockerignore").read_text() == "b\n"
    assert listing(ours.parent) == {"context", "context/.dockerignore"}


def test_sockets_fifos_and_holes_do_not_hang(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(root / "socket"))
    with (root / "huge").open("wb") as huge:
        huge.truncate(1 << 42)  # 4 TB
        huge.seek(1 << 40)
        huge.write(b"in the middle")
    ours = copied(root, tmp_path)
    kinds = {path: stat.S_IFMT((ours / path).lstat().st_mode) for path in listing(ours)}
    assert kinds == {"pipe": stat.S_IFIFO, "socket": stat.S_IFSOCK, "huge": stat.S_IFREG}
    assert (ours / "huge").stat().st_size == 1 << 42
    assert (ours / "huge").stat().st_blocks == (root / "huge").stat().st_blocks
    with (ours / "huge").open("rb") as huge:
        huge.seek((1 << 40) - 1)
        assert huge.read(15) == b"\0in the middle\0"
    assert digest(ours) == digest(root)
    with (root / "huge").open("r+b") as huge:
        huge.seek(1 << 40)
        huge.write(b"In")
    assert digest(ours) != digest(root)


# As a user who is not root: there is nothing that root cannot read.
UNREADABLE = """
import os, sys
from pathlib import Path
from rewriter import Project
from rewriter.verify.building.context import copy, digest
if os.getuid() == 0:
    os.setuid(65534)
root, private = Path(sys.argv[1]), Path(sys.argv[2])
ours = copy(Project(root), private)
assert not any(os.access(folder / name, os.R_OK) for folder in (root, ours) for name in ("secret", "data"))
print(sorted(path.name for path in ours.iterdir()), digest(ours) != "")
"""


def test_what_cannot_be_read_cannot_be_read_in_the_copy() -> None:
    with TemporaryDirectory() as folder:
        root, private = Path(folder, "project"), Path(folder, "private")
        (root / "data").mkdir(parents=True)
        (root / "data" / "a").write_text("a")
        (root / "secret").write_text("x")
        (root / "plain").write_text("a")
        (root / "data").chmod(0)
        (root / "secret").chmod(0)
        private.mkdir()
        private.chmod(0o777)
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", UNREADABLE, str(root), str(private)], capture_output=True, text=True
        )
        assert done.stdout == "['data', 'plain', 'secret'] True\n", done.stderr


def test_a_full_disk_is_said(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a").write_text("a")

    def full(source: str, target: Path, **options: bool) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("shutil.copystat", full)
    with pytest.raises(DiskFull, match=r"No space left on device.*: make room there, or set TMPDIR"):
        copied(root, tmp_path)


def test_the_digest_is_that_of_the_content(root: Path, tmp_path: Path) -> None:
    (root / "a").write_text("a")
    (root / "link").symlink_to("a")
    found = {digest(root)}
    os.utime(root / "a", (OLD, OLD))
    assert {digest(root), digest(copied(root, tmp_path))} == found
    for change in (
        lambda: (root / "a").write_text("b"),
        lambda: (root / "a").chmod(0o755),
        lambda: (root / "a").rename(root / "c"),
        lambda: (root / "empty").mkdir(),
        lambda: ((root / "link").unlink(), (root / "link").symlink_to("c")),
    ):
        change()
        assert digest(root) not in found
        found.add(digest(root))


def test_a_side_lies_out_of_the_context(tmp_path: Path) -> None:
    path = write_side(tmp_path / "after", b"FROM scratch\r\n\xff", b"node_modules\n")
    assert path == tmp_path / "after" / "Dockerfile"
    assert path.read_bytes() == b"FROM scratch\r\n\xff"
    assert (tmp_path / "after" / "Dockerfile.dockerignore").read_bytes() == b"node_modules\n"
    write_side(tmp_path / "after", b"FROM scratch\n", None)
    assert listing(tmp_path / "after") == {"Dockerfile"}


def test_each_side_finds_its_own_dockerfile_in_the_context(root: Path, tmp_path: Path) -> None:
    (root / "Dockerfile").write_text("FROM a\n")
    (root / "Dockerfile").chmod(0o444)
    project = Project(root, dockerfile=root / "Dockerfile")
    ours = copy(project, tmp_path)
    os.utime(ours, (OLD, OLD))
    ours.chmod(0o555)
    place(ours, project, b"FROM b\n", b"x\n")
    first = seen(ours)
    assert ((ours / "Dockerfile").read_text(), (ours / ".dockerignore").read_text()) == ("FROM b\n", "x\n")
    place(ours, project, b"FROM a\n", None)
    second = seen(ours)
    assert listing(ours) == {"Dockerfile"}
    assert (root / "Dockerfile").read_text() == "FROM a\n"
    # The two are of one size: BuildKit tells them by their times, which are the same again for the same content.
    assert first["Dockerfile"][2] != second["Dockerfile"][2]
    assert first["Dockerfile"][0] == second["Dockerfile"][0]
    place(ours, project, b"FROM b\n", b"x\n")
    assert {**seen(ours), ".": first["."][::3]} == {**first, ".": first["."][::3]}
    assert seen(ours)["."][2] == OLD * 10**9


def test_nothing_is_written_out_of_the_copy(root: Path, tmp_path: Path) -> None:
    (root / "docker").mkdir()
    (root / "docker" / "Dockerfile").write_text("FROM a\n")
    (root / "real").write_text("FROM a\n")
    (root / "linked").symlink_to("real")
    (root / "Dockerfile").symlink_to(root / "real")
    (root / ".dockerignore").write_text("docker\n")
    ours = copy(Project(root), tmp_path)
    for path in ("Dockerfile", "docker/Dockerfile", "linked"):
        place(ours, Project(root, dockerfile=root / path), b"FROM b\n", b"docker\n")
    outside = Project(root, dockerfile=tmp_path / "Dockerfile", overlay={"../Dockerfile.dockerignore": ""})
    place(ours, outside, b"FROM b\n", b"b\n")
    assert (root / "real").read_text() == "FROM a\n"
    assert (ours / "real").read_text() == "FROM b\n"
    assert (ours / "linked").is_symlink()
    assert listing(tmp_path) & {"Dockerfile", "Dockerfile.dockerignore"} == set()
    assert not (ours / "docker").exists()


@pytest.mark.engine
def test_an_engine_builds_the_same_from_the_copy(root: Path, tmp_path: Path, images: frozenset[str]) -> None:
    if "busybox:latest" not in images:
        pytest.skip("the engine lacks busybox:latest")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(root / "socket"))
    (root / "a").write_text("a")
    os.link(root / "a", root / "b")
    (root / "dangling").symlink_to("/nowhere")
    (root / "empty").mkdir(mode=0o711)
    text = "FROM busybox:latest\nCOPY . /all/\n"
    ours = copied(root, tmp_path)
    with engine.built(text, root) as before, engine.built(text, ours) as after:
        assert {"/all/pipe", "/all/socket", "/all/dangling", "/all/empty"} <= set(before.files)
        assert {p: f for p, f in before.files.items() if p.startswith("/all")} == {
            p: f for p, f in after.files.items() if p.startswith("/all")
        }
