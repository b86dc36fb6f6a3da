"""A private copy of the build context, so that images are built from it and nothing of the user's is touched."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from rewriter.project.context import MANIFEST_LIMIT, Project
from rewriter.project.dockerignore import Ignore
from rewriter.verify.trouble import DiskFull, Trouble

_CHUNK = 1 << 20


def copy(project: Project, folder: Path) -> Path:
    """Copy the build context to a new folder in the folder `folder`, and return its path.

    All is there that the ignore files leave in, Docker's and Podman's own; some of the rest may be. Modes, times, links
    and hard links are kept, no link is followed, and the holes of a file stay holes. Sockets, FIFOs and devices are
    made anew where the system lets the user: BuildKit and Buildah take FIFOs and devices over, and BuildKit makes an
    empty file of a socket (seen with Docker 28.5 and Podman 4.3; tonistiigi/fsutil, copy/copy_nowindows.go). What the
    user cannot read is there empty, and cannot be read either: a build that needs it fails as it did. Texts that stand
    in the place of files (`Project.overlay`) are written. The context of a project without a root is empty.

    Raises `DiskFull`, and `Trouble` for whatever else the system refuses.
    """
    copied = folder / "context"
    try:
        copied.mkdir()
        if project.root is not None:
            _copy_tree(project.root, copied, _ignores(project))
            for path, text in project.overlay.items():
                if not path.startswith("../"):
                    _put(copied, path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind = DiskFull if full else Trouble
        advice = "make room there" if full else "see what is in the way"
        reason = f"the build context cannot be copied: {error}: {advice}, or set TMPDIR to another folder"
        raise kind(reason) from error
    return copied


def digest(copied: Path) -> str:
    """A digest of all paths below the folder, with their kinds, modes, link targets and bytes; not of times."""
    whole = hashlib.sha256()
    for path, now in _tree(copied):
        whole.update(f"{path}\0{now.st_mode}\0{now.st_rdev}\0".encode("utf-8", "surrogateescape"))
        if stat.S_ISLNK(now.st_mode):
            whole.update(os.fsencode(os.readlink(copied / path)) + b"\0")
        elif stat.S_ISREG(now.st_mode) and os.access(copied / path, os.R_OK):
            whole.update(_content(copied / path))
    return whole.hexdigest()


def write_side(folder: Path, dockerfile: bytes, ignore: bytes | None) -> Path:
    """Write a `Dockerfile` to the folder, out of the context, and beside it `Dockerfile.dockerignore` where there is an
    ignore file. Returns the path of the first.

    BuildKit looks for the ignore file there before it looks into the context.
    Source: https://docs.docker.com/build/concepts/context/#filename-and-location
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, beside = folder / "Dockerfile", folder / "Dockerfile.dockerignore"
    path.write_bytes(dockerfile)
    if ignore is None:
        beside.unlink(missing_ok=True)
    else:
        beside.write_bytes(ignore)
    return path


def place(copied: Path, project: Project, dockerfile: bytes, ignore: bytes | None) -> None:
    """Give the Dockerfile and the ignore file of the copied context the bytes of one side, for a `COPY . .` that brings
    them; `ignore` None: there is none on this side. What lies out of the context, or in a folder that was left out, is
    passed over, and no link is followed out of the copy."""
    if project.dockerfile is not None:
        _put(copied, project.dockerfile, dockerfile)
    _put(copied, project.ignore_file, ignore)


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Let the file `path` be written to, made or removed in the block, whatever its mode and that of its folder; modes
    and times are as before behind it."""
    folder, above = path.parent, path.parent.stat()
    there = path.stat() if path.exists() else None
    folder.chmod(stat.S_IMODE(above.st_mode) | stat.S_IRWXU)
    if there:
        path.chmod(stat.S_IMODE(there.st_mode) | stat.S_IRUSR | stat.S_IWUSR)
    try:
        yield
    finally:
        if there and path.exists():
            path.chmod(stat.S_IMODE(there.st_mode))
            os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns))
        folder.chmod(stat.S_IMODE(above.st_mode))
        os.utime(folder, ns=(above.st_atime_ns, above.st_mtime_ns))


def _put(copied: Path, path: str, content: bytes | None) -> None:
    """Write `content` to the file `path` of the copy, or remove it."""
    target = (copied / path).resolve()
    if not target.is_relative_to(copied.resolve()) or not target.parent.is_dir() or target.is_dir():
        return
    with writable(target):
        if content is None:
            target.unlink(missing_ok=True)
        else:
            target.write_bytes(content)
    if content is not None:
        # The time follows from the content: BuildKit takes a file of the same size and time as before for the same,
        # and Buildah one of another time for another.
        seconds = zlib.crc32(content) >> 2
        os.utime(target, (seconds, seconds))


def _ignores(project: Project) -> tuple[Ignore, ...]:
    """The ignore files that a builder may go by; one that is broken leaves all in, so that the builder can say so."""
    found = [Ignore("") if project.ignore.broken else project.ignore]
    if project.container_ignore and (text := project.head(project.container_ignore, MANIFEST_LIMIT)) is not None:
        found.append(Ignore(text.decode("utf-8", "surrogateescape")))
    return tuple(Ignore("") if ignore.broken else ignore for ignore in found)


def _copy_tree(root: Path, copied: Path, ignores: Sequence[Ignore]) -> None:
    own = copied.parent.stat()
    known: dict[tuple[int, int], Path] = {}
    folders: list[tuple[str, Path]] = []
    todo = [("", os.fspath(root), copied)]
    while todo:
        prefix, source, target = todo.pop()
        folders.append((source, target))
        for entry in _entries(source):
            path, at = prefix + entry.name, target / entry.name
            with suppress(FileNotFoundError):  # whoever works in the folder has just removed it
                now = entry.stat(follow_symlinks=False)
                if not stat.S_ISDIR(now.st_mode):
                    if not all(ignore.hides(path) for ignore in ignores):
                        _copy_file(entry.path, at, now, known)
                elif not all(ignore.prunes(path) for ignore in ignores) and not os.path.samestat(now, own):
                    at.mkdir()
                    todo.append((f"{path}/", entry.path, at))
    for source, target in reversed(folders):  # a folder behind what lies in it, which changes its time
        with suppress(FileNotFoundError):
            shutil.copystat(source, target)
        if not os.access(source, os.R_OK | os.X_OK):
            target.chmod(0)


def _copy_file(source: str, target: Path, now: os.stat_result, known: dict[tuple[int, int], Path]) -> None:
    """Copy what is no folder; `known` are the copies of files with several names."""
    first = known.setdefault((now.st_dev, now.st_ino), target) if now.st_nlink > 1 else target
    if first != target:
        os.link(first, target, follow_symlinks=False)
    elif stat.S_ISLNK(now.st_mode):
        target.symlink_to(os.readlink(source))
    elif not stat.S_ISREG(now.st_mode):
        with suppress(PermissionError):  # devices are root's to make
            os.mknod(target, now.st_mode, now.st_rdev)
    elif not os.access(source, os.R_OK):
        target.touch(mode=0)
        return
    else:
        with open(source, "rb", buffering=0) as file, target.open("xb") as new:
            for start, end in _pieces(file):
                new.seek(start)
                for chunk in _read(file, start, end):
                    new.write(chunk)
            new.truncate(os.fstat(file.fileno()).st_size)
    if target.is_symlink() or target.exists():
        shutil.copystat(source, target, follow_symlinks=False)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    if not os.access(folder, os.R_OK | os.X_OK):
        return []
    with os.scandir(folder) as found:
        return list(found)


def _tree(folder: Path) -> list[tuple[str, os.stat_result]]:
    """The paths of all that lies below `folder`, sorted, and what the system says of each."""
    found: list[tuple[str, os.stat_result]] = []
    todo = [("", os.fspath(folder))]
    while todo:
        prefix, place = todo.pop()
        for entry in _entries(place):
            path, now = prefix + entry.name, entry.stat(follow_symlinks=False)
            found.append((path, now))
            if stat.S_ISDIR(now.st_mode):
                todo.append((f"{path}/", entry.path))
    return sorted(found, key=lambda each: each[0])


def _content(path: Path) -> bytes:
    """A digest of the file's bytes. A hole counts by its place, so that one of a hundred GB is no work."""
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        found.update(b"%d" % os.fstat(file.fileno()).st_size)
        for start, end in _pieces(file):
            found.update(b"\0%d\0" % start)
            for chunk in _read(file, start, end):
                found.update(chunk)
    return found.digest()


def _pieces(file: FileIO) -> Iterator[tuple[int, int]]:
    """Where the file has bytes, as (start, end); what lies between is a hole. Source: lseek(2)"""
    at, size = 0, os.fstat(file.fileno()).st_size
    while at < size:
        try:
            start = os.lseek(file.fileno(), at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # there is nothing but a hole up to the end
            raise
        at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
        yield start, at


def _read(file: FileIO, start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` to `end`."""
    file.seek(start)
    while start < end and (chunk := file.read(min(_CHUNK, end - start))):
        start += len(chunk)
        yield chunk
