"""The build context as a snapshot that records what was asked of it."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Project:
    """The files of one build context. `root` None is a context that is not there: nothing is known of any path.

    `asked` holds the paths that were looked at, whether they exist or not: the key for caches and file watching.
    """

    root: Path | None = None
    asked: set[str] = field(default_factory=set, compare=False)

    def kind(self, path: str) -> Literal["file", "folder"] | None:
        """What lies at `path`, relative to the context; None where nothing does, or where that cannot be known."""
        inside = self._inside(path)
        try:
            mode = inside.stat().st_mode if inside else 0
        except (OSError, ValueError):
            return None  # nothing is there, or the words of a step are no path at all
        return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else None

    def head(self, path: str, size: int) -> bytes | None:
        """The first `size` bytes of the file at `path`; None where there is none."""
        inside = self._inside(path)
        if inside is None or self.kind(path) != "file":
            return None
        try:
            with inside.open("rb") as file:
                return file.read(size)
        except OSError:
            return None

    def _inside(self, path: str) -> Path | None:
        self.asked.add(path)
        if self.root is None:
            return None
        try:
            target = (self.root / path.lstrip("/")).resolve()
            return target if target.is_relative_to(self.root.resolve()) else None
        except (OSError, ValueError, RuntimeError):
            return None
