"""The paths of an image's file system: what lies there, and where its symbolic links lead."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["file", "folder", "link", "other"]
# As many links the kernel follows; see path_resolution(7).
_MOST_LINKS = 40
_MERGED = re.compile(r"(/usr)?/(?:bin|sbin|lib|lib32|lib64)(?=/|\Z)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of a file system. `mode` has the permission bits alone; `content` is the checksum of a file, or where
    a symbolic link points. `again`: a further hard link to a file, which takes no room of its own."""

    kind: Kind
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    content: bytes | str = ""
    again: bool = False

    @property
    def takes(self) -> int:
        """The bytes that it takes in the image."""
        return 0 if self.again else self.size

    def same(self, other: Entry) -> bool:
        """Whether both have the same content; who owns them is another question."""
        return (self.kind, self.size, self.content) == (other.kind, other.size, other.content)


@dataclass(frozen=True, eq=False, slots=True)
class Tree:
    """A file system: its members by absolute path."""

    files: Mapping[str, Entry]
    _found: dict[str, str | None] = field(default_factory=dict, repr=False)

    def resolve(self, path: str) -> str | None:
        """Where the absolute `path` leads through all symbolic links; None where there is nothing."""
        return self._resolved(normal(path), 0)

    def kind(self, path: str) -> Kind | None:
        """What lies where `path` leads."""
        place = self.resolve(path)
        return self.files[place].kind if place and place in self.files else None

    def missing(self, path: str) -> str | None:
        """The path that is not there, where the absolute `path` or the links that it leads through end; None where
        they lead somewhere, or in a circle."""
        path = normal(path)
        for _ in range(_MOST_LINKS):
            if path == "/":
                return None
            folder, name = posixpath.split(path)
            above = self.resolve(folder)
            if above is None:
                lacking = self.missing(folder)
                return posixpath.join(lacking, name) if lacking else None
            place = posixpath.join(above, name)
            entry = self.files.get(place)
            if entry is None or entry.kind != "link":
                return None if entry else place
            path = normal(posixpath.join(above, str(entry.content)))
        return None

    def placed(self, path: str) -> str:
        """The absolute `path` with the links among its folders followed; its last part stays as it is."""
        folder, name = posixpath.split(normal(path))
        return posixpath.join(self.resolve(folder) or folder, name)

    def _resolved(self, path: str, links: int) -> str | None:
        if path == "/":
            return path
        if path not in self._found:
            self._found[path] = self._followed(path, links)
        return self._found[path]

    def _followed(self, path: str, links: int) -> str | None:
        folder, name = posixpath.split(path)
        above = self._resolved(folder, links)
        if above is None or links > _MOST_LINKS:
            return None
        place = posixpath.join(above, name)
        entry = self.files.get(place)
        if entry is None or entry.kind != "link":
            return place if entry else None
        return self._resolved(normal(posixpath.join(above, str(entry.content))), links + 1)


def normal(path: str) -> str:
    """The absolute `path` without `.`, `..` and doubled slashes."""
    return posixpath.normpath("/" + path.lstrip("/"))


def twin(path: str) -> str:
    """Where `path` lies in a system that keeps /bin, /sbin and /lib apart from those of /usr, or in one that does not;
    any other path is its own twin. Source: https://wiki.debian.org/UsrMerge (distroless images are not merged)."""
    found = _MERGED.match(path)
    if found is None:
        return path
    return path.removeprefix("/usr") if found[1] else f"/usr{path}"


def within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def shown(path: str) -> str:
    """A path for people: bytes that are no UTF-8 as escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
