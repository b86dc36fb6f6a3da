"""The build context as a snapshot that records what was asked of it."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from rewriter.beside import completed
from rewriter.project.dockerignore import Ignore

Kind = Literal["file", "folder"]
# In bytes: larger than the lock files of large workspaces, small enough to be read in a moment.
MANIFEST_LIMIT = 8_000_000


class Unfit(Exception):
    """A file of the project that cannot be used: `path` is in the context, `reason` goes on a sentence about it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


class Project:
    """The files of one build context. Without a root the context is not there: nothing is known of any path.

    `locate` finds the root when something is asked for the first time; `overlay` holds texts that stand in the place
    of files (unsaved buffers, a `.dockerignore` that is about to be written). `asked` holds the paths that were looked
    at, whether they exist or not: the key for caches and file watching. Nothing outside the context is ever read.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        locate: Callable[[], Path | None] | None = None,
        overlay: Mapping[str, str] | None = None,
    ) -> None:
        self._given = root
        self._locate = locate
        self.overlay = dict(overlay or {})
        self.asked: set[str] = set()

    @cached_property
    def root(self) -> Path | None:
        """The folder of the context, None where there is none."""
        return self._given if self._given is not None or self._locate is None else self._locate()

    @cached_property
    def _resolved(self) -> Path | None:
        return self.root.resolve() if self.root is not None else None

    def kind(self, path: str) -> Kind | None:
        """What lies at `path`, relative to the context; None where nothing does, or where that cannot be known."""
        if _plain(path) in self.overlay:
            return "file"
        inside = self._inside(path)
        try:
            mode = inside.stat().st_mode if inside else 0
        except (OSError, ValueError):
            return None  # nothing is there, or the words of a step are no path at all
        return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else None

    def head(self, path: str, size: int) -> bytes | None:
        """The first `size` bytes of the file at `path`; None where there is none."""
        if (held := self.overlay.get(_plain(path))) is not None:
            return held.encode()[:size]
        inside = self._inside(path)
        if inside is None or self.kind(path) != "file":
            return None
        try:
            with inside.open("rb") as file:
                return file.read(size)
        except OSError:
            return None

    def text(self, path: str) -> str:
        """The file at `path`. Raises `Unfit` where there is none, and for a link, a file of more than 8 MB, or one
        that is not UTF-8."""
        if (held := self.overlay.get(_plain(path))) is not None:
            return held
        content = self.head(path, MANIFEST_LIMIT + 1)
        if content is None:
            raise Unfit(_plain(path), "cannot be read")
        if self.linked(path):
            raise Unfit(_plain(path), "is a symbolic link")
        if len(content) > MANIFEST_LIMIT:
            raise Unfit(_plain(path), f"is larger than {MANIFEST_LIMIT // 1_000_000} MB")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unfit(_plain(path), "is not UTF-8") from None

    def names(self, path: str = ".") -> tuple[str, ...]:
        """What lies in the folder `path`, sorted; empty where there is no such folder."""
        inside = self._inside(path)
        if inside is None or self.kind(path) != "folder":
            return ()
        try:
            return tuple(sorted(entry.name for entry in inside.iterdir()))
        except OSError:
            return ()

    def hides(self, path: str) -> bool:
        """Whether `.dockerignore` leaves the path out of the context."""
        return self.ignore.hides(_plain(path))

    @property
    def ignore_file(self) -> str:
        """The path of the file that says what the context leaves out, whether it exists or not."""
        return ".dockerignore"

    def excluding(self, patterns: Iterable[str]) -> Project:
        """The same context, with `patterns` added to its ignore file."""
        there = self.head(self.ignore_file, MANIFEST_LIMIT) or b""
        text = completed(there.decode("utf-8", "surrogateescape"), patterns)
        other = Project(self.root, overlay={**self.overlay, self.ignore_file: text})
        other.asked = self.asked
        return other

    def linked(self, path: str) -> bool:
        """Whether `path`, or a folder on the way to it, is a symbolic link."""
        inside = self._inside(path)
        return inside is not None and self._resolved is not None and inside != self._resolved / _plain(path)

    @cached_property
    def ignore(self) -> Ignore:
        """The `.dockerignore` of the context; one that hides nothing where there is none."""
        try:
            return Ignore(self.text(self.ignore_file))
        except Unfit as unfit:
            return Ignore("", broken=unfit.reason if self.kind(self.ignore_file) else None)

    def _inside(self, path: str) -> Path | None:
        self.asked.add(path)
        if self.root is None or self._resolved is None:
            return None
        try:
            target = (self.root / path.lstrip("/")).resolve()
            return target if target.is_relative_to(self._resolved) else None
        except (OSError, ValueError, RuntimeError):
            return None


def _plain(path: str) -> str:
    """`path` without `.`, `..` and doubled slashes, relative to the context."""
    return posixpath.normpath(f"/{path}").lstrip("/") or "."
