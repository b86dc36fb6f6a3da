"""The build context as a snapshot that records what was asked of it."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from rewriter.beside import completed
from rewriter.project.dockerignore import Ignore

Kind = Literal["file", "folder"]
# In bytes: larger than the lock files of large workspaces, small enough to be read in a moment.
MANIFEST_LIMIT = 8_000_000
# More files and folders than the largest repositories hold, and few enough to be listed in a moment.
LISTING_LIMIT = 200_000


Answer = TypeVar("Answer")


class Unfit(Exception):
    """A file of the project that cannot be used: `path` is in the context, `reason` goes on a sentence about it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


class Project:
    """The files of one build context. Without a root the context is not there: nothing is known of any path.

    `locate` finds the root when something is asked for the first time; `overlay` holds texts that stand in the place
    of files (unsaved buffers, a `.dockerignore` that is about to be written), or gives them for a root. `asked` holds
    the paths that were looked at, whether they exist or not: the key for caches and file watching. Nothing outside the
    context is ever read, but for the ignore file that lies beside the Dockerfile at `dockerfile`.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        dockerfile: Path | None = None,
        locate: Callable[[], Path | None] | None = None,
        overlay: Mapping[str, str] | Callable[[Path], Mapping[str, str]] | None = None,
    ) -> None:
        self._given = root
        self._locate = locate
        self._dockerfile = dockerfile
        self._overlay = overlay
        self.asked: set[str] = set()
        self._listings: dict[tuple[str, ...], tuple[str, ...]] = {}

    @cached_property
    def root(self) -> Path | None:
        """The folder of the context, None where there is none."""
        return self._given if self._given is not None or self._locate is None else self._locate()

    @cached_property
    def overlay(self) -> Mapping[str, str]:
        """The texts that stand in the place of files."""
        if callable(self._overlay):
            return self._overlay(self.root) if self.root is not None else {}
        return dict(self._overlay or {})

    @cached_property
    def _resolved(self) -> Path | None:
        return self.root.resolve() if self.root is not None else None

    def watched(self, ask: Callable[[], Answer]) -> tuple[Answer, bool]:
        """What `ask` returns, and whether it looked at anything of the context on its way."""
        before = frozenset(self.asked)
        self.asked.clear()
        try:
            return ask(), bool(self.asked)
        finally:
            self.asked |= before

    def kind(self, path: str) -> Kind | None:
        """What lies at `path`, relative to the context; None where nothing does, or where that cannot be known."""
        if self._key(path) in self.overlay:
            return "file"
        inside = self._inside(path)
        try:
            mode = inside.stat().st_mode if inside else 0
        except (OSError, ValueError):
            return None  # nothing is there, or the words of a step are no path at all
        return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else None

    def head(self, path: str, size: int) -> bytes | None:
        """The first `size` bytes of the file at `path`; None where there is none."""
        if (held := self.overlay.get(self._key(path))) is not None:
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
        if (held := self.overlay.get(self._key(path))) is not None:
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

    def executable(self, path: str) -> bool:
        """Whether the file at `path` may be executed: COPY keeps that."""
        inside = self._inside(path)
        try:
            return inside is not None and bool(inside.stat().st_mode & 0o111)
        except (OSError, ValueError):
            return False

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
        """Whether the ignore file leaves the path out of the context. A folder is there when something below it is."""
        path = _plain(path)
        self.asked.add(path)
        if not self.ignore.hides(path):
            return False
        return self.ignore.prunes(path) or self.kind(path) != "folder" or not any(True for _ in self._walk(path))

    def files(self) -> tuple[str, ...]:
        """The paths of all files and links in the context, sorted, but for what its ignore file leaves out.

        Raises `Unfit` where there are too many, and where a folder cannot be read.
        """
        self.asked.add(".")
        return self._files

    @cached_property
    def _files(self) -> tuple[str, ...]:
        own = {path for path in self.overlay if not path.startswith("../") and not self.ignore.hides(path)}
        return tuple(sorted(own.union(self._walk("."))))

    def beneath(self, *patterns: str) -> tuple[str, ...]:
        """The same whatever the ignore file says, without what `patterns`, written as in one, match."""
        if patterns not in self._listings:
            self._listings[patterns] = tuple(sorted(self._walk(".", Ignore("\n".join(patterns)))))
        return self._listings[patterns]

    def _walk(self, folder: str, ignore: Ignore | None = None) -> Iterator[str]:
        """The files and links below `folder` that are not hidden, without following links."""
        inside = self._inside(folder)
        if inside is None or self.linked(folder):
            return
        ignore, seen = ignore or self.ignore, 0
        todo = [("" if folder == "." else f"{folder}/", str(inside))]
        while todo:
            prefix, place = todo.pop()
            self.asked.add(prefix.rstrip("/") or ".")
            try:
                entries = list(os.scandir(place))
            except OSError:
                raise Unfit(prefix.rstrip("/") or ".", "cannot be listed") from None
            seen += len(entries)
            if seen > LISTING_LIMIT:
                raise Unfit("the context", f"holds more than {LISTING_LIMIT:,} files")
            for entry in entries:
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not ignore.prunes(path):
                        todo.append((f"{path}/", entry.path))
                elif not ignore.hides(path):
                    yield path

    @property
    def dockerfile(self) -> str | None:
        """The path of the Dockerfile, relative to the context (with `../` where it lies out of it), if it is known."""
        if self._dockerfile is None or self.root is None:
            return None
        return os.path.relpath(self._dockerfile, self.root)

    @cached_property
    def ignore_file(self) -> str:
        """The path of the file that says what the context leaves out, whether it exists or not.

        It is relative to the context, and begins with `../` where it lies beside a Dockerfile out of the context.
        Source: https://docs.docker.com/build/concepts/context/#filename-and-location; one that is empty counts, too.
        """
        if self.dockerfile is None or self.root is None:
            return ".dockerignore"
        beside = f"{self.dockerfile}.dockerignore"
        return beside if os.path.lexists(self.root / beside) or beside in self.overlay else ".dockerignore"

    @property
    def container_ignore(self) -> str | None:
        """The ignore file that Podman and Buildah read in place of Docker's, None where there is none.

        Source: https://docs.podman.io/en/latest/markdown/podman-build.1.html#containerignore-dockerignore
        """
        return ".containerignore" if self.kind(".containerignore") else None

    def excluding(self, patterns: Iterable[str]) -> Project:
        """The same context, with `patterns` added to its ignore file."""
        there = self.head(self.ignore_file, MANIFEST_LIMIT) or b""
        text = completed(there.decode("utf-8", "surrogateescape"), patterns)
        overlay = {**self.overlay, self.ignore_file: text}
        other = Project(self.root, dockerfile=self._dockerfile, overlay=overlay)
        other.asked, other._listings = self.asked, self._listings
        return other

    def linked(self, path: str) -> bool:
        """Whether `path`, or a folder on the way to it, is a symbolic link."""
        inside = self._inside(path)
        return inside is not None and self._resolved is not None and inside != self._resolved / _plain(path)

    @cached_property
    def ignore(self) -> Ignore:
        """The ignore file of the context; one that hides nothing where there is none."""
        content = self.head(self.ignore_file, MANIFEST_LIMIT + 1)
        if content is None:
            there = self.root is not None and os.path.lexists(self.root / self.ignore_file)
            return Ignore("", broken=f"{self.ignore_file} cannot be read" if there else None)
        if len(content) > MANIFEST_LIMIT:
            return Ignore("", broken=f"{self.ignore_file} is too large")
        return Ignore(content.decode("utf-8", "surrogateescape"))

    def _key(self, path: str) -> str:
        return path if path == self.ignore_file else _plain(path)

    def _inside(self, path: str) -> Path | None:
        self.asked.add(path)
        if self.root is None or self._resolved is None:
            return None
        try:
            if path.startswith("../") and path == self.ignore_file:
                return self.root / path
            target = (self.root / path.lstrip("/")).resolve()
            return target if target.is_relative_to(self._resolved) else None
        except (OSError, ValueError, RuntimeError):
            return None


def _plain(path: str) -> str:
    """`path` without `.`, `..` and doubled slashes, relative to the context."""
    return posixpath.normpath(f"/{path}").lstrip("/") or "."
