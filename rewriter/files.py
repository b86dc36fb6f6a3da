"""Writing files so that each holds its old bytes or its new ones, and several of one change together or not at all."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Staged:
    """Temporary files beside `target`, where `path` leads: its new bytes, and a copy of the old ones if it exists."""

    path: Path
    target: Path
    new: Path
    old: Path | None


def write_all(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write the files in the order given, all or none; a file that exists keeps its mode and, where possible, owner.

    Each goes to a temporary file in its folder first, and is renamed when all are there; a symbolic link stays, and
    its target is written. If one cannot be renamed, or the user interrupts, those before it get their old bytes
    back and new ones are removed. A file gets a new inode: other hard links to it keep the old bytes. Folders are
    not made.

    Raises OSError (PermissionError and the like where the system says so), whose text is a sentence that names the
    file: where it is read-only or no regular file, where its folder is missing or cannot be written to, and where
    a file could not be put back.
    """
    temporary: list[Path] = []
    written: list[_Staged] = []
    path = Path()
    try:
        staged = []
        for path, data in files:
            staged.append(_stage(path, data, temporary))
        for file in staged:
            path = file.path
            os.replace(file.new, file.target)
            written.append(file)
    except BaseException as error:
        lost = _roll_back(written) if len(written) < len(files) else []
        if isinstance(error, OSError):
            raise _explained(error, path, lost) from error
        raise
    finally:
        for left in temporary:
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _stage(path: Path, data: bytes, temporary: list[Path]) -> _Staged:
    """Write the temporary files for `path`; each is entered in `temporary` before it is made."""
    target = Path(os.path.realpath(path))
    try:
        now = target.stat()
    except FileNotFoundError:
        return _Staged(path, target, _write_beside(target, data, None, temporary), None)
    if not stat.S_ISREG(now.st_mode):
        raise OSError("it is not a regular file")
    # A rename would go through, but whoever took away the right to write meant it.
    if not os.access(target, os.W_OK):
        raise PermissionError("it is read-only")
    # The copy is made beforehand, so that putting it back needs no room on the disk.
    old = _write_beside(target, target.read_bytes(), now, temporary)
    return _Staged(path, target, _write_beside(target, data, now, temporary), old)


def _write_beside(target: Path, data: bytes, like: os.stat_result | None, temporary: list[Path]) -> Path:
    """Write `data` to a new file in the folder of `target`, with mode and owner of `like`, or those of any new file."""
    path = target.with_name(f".{secrets.token_hex(8)}.tmp")
    temporary.append(path)
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if like else 0o666)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if like:
        if sys.platform != "win32":
            with suppress(OSError):  # only root may give files away
                os.chown(path, like.st_uid, like.st_gid)
        path.chmod(stat.S_IMODE(like.st_mode))  # after chown, which takes set-user-ID away
    return path


def _roll_back(written: Sequence[_Staged]) -> list[Path]:
    """Undo the renames; return the files for which that failed."""
    lost = []
    for file in reversed(written):
        try:
            if file.old is None:
                file.target.unlink(missing_ok=True)
            else:
                os.replace(file.old, file.target)
        except OSError:
            lost.append(file.target)
    return lost


def _explained(error: OSError, path: Path, lost: Sequence[Path]) -> OSError:
    """An error of the same class whose text is a sentence for the user."""
    reason = error.strerror or str(error)
    state = f"could not be put back: {', '.join(map(str, lost))}" if lost else "no file was changed"
    explained = type(error)(f"cannot write {path}: {reason}; {state}")
    explained.errno = error.errno
    return explained
