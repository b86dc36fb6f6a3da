"""What the code of a program shows: the files that it writes, its ports, and what it can do as root alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence

# In a path: a part that only the running program knows.
OPEN = "\0"
# The home folder of whoever runs it, and the folder for temporary files: each user may write there.
HOME = "~"
_FREE = re.compile(r"(?:/tmp|/var/tmp|/dev|/proc|/run/lock|~)(?:/|\Z)|:memory:|\Z")


@dataclass(frozen=True, slots=True)
class Write:
    """Something that the program creates, changes or deletes. `path` is absolute or relative to the folder that the
    program runs in, with `OPEN` for what is not known of it; `folder` says that it is a folder itself."""

    path: str
    folder: bool
    file: str
    line: int
    what: str
    whole: bool = False  # all that is in the folder is the program's to change

    @property
    def free(self) -> bool:
        """Whether each user may write there."""
        return bool(_FREE.match(self.path))

    @property
    def place(self) -> str | None:
        """The folder in which the program must be able to write, as far as it is known; None where it is not."""
        known = self.path.partition(OPEN)[0]
        if known != self.path:
            known = known[: known.rfind("/") + 1]
            return (known.rstrip("/") or ("/" if known else None)) if known else None
        return posixpath.normpath(known if self.folder else posixpath.dirname(known) or ".")

    def fact(self, text: str) -> Evidence:
        return Evidence(text, self.line, self.file)


@dataclass(frozen=True, slots=True)
class Port:
    """A port that the program listens on; `number` None where only the running program knows it."""

    number: int | None
    file: str | None
    line: int | None


@dataclass
class Code:
    """What was found. `doubts` are places that may write what is not known, `root` those that need root."""

    writes: list[Write] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    doubts: list[Evidence] = field(default_factory=list)
    root: list[Evidence] = field(default_factory=list)

    def add(self, other: Code) -> None:
        self.writes += other.writes
        self.ports += other.ports
        self.doubts += other.doubts
        self.root += other.root


@dataclass(frozen=True)
class Surroundings:
    """Where a program runs: its working directory, the variables of the image, and the words that start it."""

    folder: str
    env: Mapping[str, str]
    words: tuple[str, ...] = ()

    def starts(self, path: str) -> bool:
        """Whether the file `path` is what is started, and not loaded by something else."""
        name = posixpath.basename(path)
        return any(posixpath.basename(word) == name for word in self.words)


def joined(parts: Iterable[str]) -> str:
    """`parts` as one path; a part that is not known counts as one name."""
    found = ""
    for part in parts:
        if part.startswith((OPEN, "/", HOME)) and not (part.startswith(OPEN) and found):
            found = part
        else:
            found = f"{found.rstrip('/')}/{part}" if found and found != "." else part
    return found


def plain(path: str) -> str:
    """`path` without `.` and `..`, as far as it is known."""
    return posixpath.normpath(path) if path and OPEN not in path else path.removeprefix("./")


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    return knowledge.table("writes")
