"""Files are written whole, together, and leave nothing behind."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from rewriter.files import write_all


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fail_at(monkeypatch: pytest.MonkeyPatch, calls: dict[int, BaseException]) -> None:
    """Let the n-th renames fail, counted from 1."""
    replace, done = os.replace, []

    def failing(source: Path, target: Path) -> None:
        done.append(target)
        if error := calls.get(len(done)):
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)


def denied() -> OSError:
    return OSError(errno.EACCES, "Permission denied", "/somewhere/.x.tmp")


def test_writes_old_and_new_files(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"old")
    write_all([(tmp_path / ".dockerignore", b"a\r\n\0"), (tmp_path / "Dockerfile", b"")])
    assert contents(tmp_path) == {".dockerignore": b"a\r\n\0", "Dockerfile": b""}


def test_nothing_to_write() -> None:
    write_all([])


def test_renames_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (targets.append(b), replace(a, b)))
    paths = [tmp_path / name for name in ("c", "a", "b")]
    write_all([(path, b"x") for path in paths])
    assert targets == paths


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_all([(Path("Dockerfile"), b"new")])
    assert contents(tmp_path) == {"Dockerfile": b"new"}


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755, 0o4755])
def test_keeps_the_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_all([(path, b"new")])
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_new_file_obeys_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_all([(tmp_path / "new", b"x")])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_keeps_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    write_all([(path, b"new")])
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_owner_that_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    (tmp_path / "Dockerfile").write_bytes(b"old")
    monkeypatch.setattr(os, "chown", refuse)
    write_all([(tmp_path / "Dockerfile", b"new")])
    assert contents(tmp_path) == {"Dockerfile": b"new"}


def test_writes_through_links(tmp_path: Path) -> None:
    folder, links = tmp_path / "folder", tmp_path / "links"
    folder.mkdir()
    links.mkdir()
    (folder / "real").write_bytes(b"old")
    (links / "one").symlink_to("../folder/real")
    (links / "two").symlink_to("one")
    (links / "dangling").symlink_to(folder / "missing")
    write_all([(links / "two", b"new"), (links / "dangling", b"made")])
    assert contents(folder) == {"real": b"new", "missing": b"made"}
    assert [os.readlink(links / name) for name in ("one", "two")] == ["../folder/real", "one"]
    assert sorted(os.listdir(links)) == ["dangling", "one", "two"]


def test_readers_see_old_or_new_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, replace = tmp_path / "Dockerfile", os.replace
    path.write_bytes(b"old")
    seen = []

    def watching(source: Path, target: Path) -> None:
        seen.append((target.read_bytes(), source.read_bytes(), source.parent))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watching)
    write_all([(path, b"new")])
    assert seen == [(b"old", b"new", tmp_path)]


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_failure_restores_all(failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old a")
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "c").write_bytes(b"old c")
    fail_at(monkeypatch, {failing: denied()})
    with pytest.raises(PermissionError) as caught:
        write_all([(tmp_path / name, b"new") for name in "abc"])
    name = "abc"[failing - 1]
    assert str(caught.value) == f"cannot write {tmp_path / name}: Permission denied; no file was changed"
    assert caught.value.errno == errno.EACCES
    assert contents(tmp_path) == {"a": b"old a", "c": b"old c"}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_interrupt_restores_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")
    fail_at(monkeypatch, {3: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        write_all([(tmp_path / name, b"new") for name in "abc"])
    assert contents(tmp_path) == {"a": b"old"}


def test_same_file_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a link, for example; rolled back from the last to the first."""
    (tmp_path / "a").write_bytes(b"old")
    fail_at(monkeypatch, {3: denied()})
    with pytest.raises(PermissionError):
        write_all([(tmp_path / "a", b"1"), (tmp_path / "a", b"2"), (tmp_path / "b", b"3")])
    assert contents(tmp_path) == {"a": b"old"}


def test_says_what_could_not_be_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"old")
    fail_at(monkeypatch, {3: denied(), 4: denied()})  # the third rename, and the first of the way back
    with pytest.raises(PermissionError, match=rf"; could not be put back: {tmp_path / 'b'}$"):
        write_all([(tmp_path / name, b"new") for name in "abc"])
    assert contents(tmp_path) == {"a": b"old", "b": b"new", "c": b"old"}


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError, match=rf"^cannot write {tmp_path / 'a'}: No space left on device; no file was changed$"
    ):
        write_all([(tmp_path / "a", b"new")])
    assert contents(tmp_path) == {"a": b"old"}


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: Path, *_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(name))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match=rf"^cannot write {tmp_path / 'a'}: Read-only file system; no file was changed$"):
        write_all([(tmp_path / "a", b"new")])


def test_read_only_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda name, _: bool(os.stat(name).st_mode & 0o200))  # root may write anything
    with pytest.raises(PermissionError, match=rf"^cannot write {path}: it is read-only; no file was changed$"):
        write_all([(tmp_path / "b", b"new"), (path, b"new")])
    assert contents(tmp_path) == {"a": b"old"}


def test_folder_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a"
    with pytest.raises(FileNotFoundError, match=rf"^cannot write {path}: No such file or directory; "):
        write_all([(tmp_path / "first", b"x"), (path, b"x")])
    assert contents(tmp_path) == {}


def test_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=rf"^cannot write {tmp_path}: it is not a regular file; no file was changed$"):
        write_all([(tmp_path, b"x")])


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match=rf"^cannot write {tmp_path / 'a'}: Too many levels of symbolic links; "):
        write_all([(tmp_path / "a", b"x")])
