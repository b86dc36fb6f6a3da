"""The dynamic loader of an image: which libraries a program loads, and where they are found.

Sources: ld.so(8), https://www.musl-libc.org/doc/1.0.0/manual.html ("Dynamic linker").
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rewriter.verify.contents.elf import Linked
from rewriter.verify.contents.listing import Listing
from rewriter.verify.engine import Settings

_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib32", "/usr/lib32")
_OF_MUSL = ("/lib", "/usr/local/lib", "/usr/lib")
# Debian's loader searches these by itself, see https://wiki.debian.org/Multiarch/TheCaseForMultiarch
_MULTIARCH = re.compile(r"(?:/usr)?/lib/[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*\Z")
_CACHED = re.compile(rb"/[\x21-\x7e]+")
# The dynamic string tokens.
_ORIGIN, _LIB = re.compile(r"\$\{?ORIGIN\}?"), re.compile(r"\$\{?LIB\}?")


@dataclass(eq=False, slots=True)
class Loader:
    """The dynamic loader of an image."""

    listing: Listing
    settings: Settings
    _cache: dict[str, str] = field(init=False)
    _folders: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        cached = [path.decode() for path in _CACHED.findall(self.listing.texts.get("/etc/ld.so.cache", b""))]
        self._cache = {posixpath.basename(path): path for path in cached}
        musl = [path for path in self.listing.files if re.match(r"/etc/ld-musl-[^/]+\.path\Z", path)]
        own = [folder for path in musl for folder in re.split(r"[:\n]", self.listing.text(path)) if folder]
        multiarch = sorted(path for path in self.listing.files if _MULTIARCH.match(path))
        self._folders = (*own, *_FOLDERS, *_OF_MUSL, *multiarch)

    def library(self, name: str, path: str, linked: Linked, inherited: Iterable[str] = ()) -> str | None:
        """Where the library `name` is found that the program or library at `path` asks for; `inherited` are the folders
        of what loaded it. None where it is not."""
        tree = self.listing.tree
        if "/" in name:
            return tree.resolve(name) if name.startswith("/") else None
        told = self.settings.env.get("LD_LIBRARY_PATH", "").split(":")
        for folder in (*_folders_of(path, linked), *inherited, *told, *self._folders):
            if folder.startswith("/") and (place := tree.resolve(posixpath.join(folder, name))):
                return place
        return tree.resolve(self._cache[name]) if name in self._cache else None

    def loads(self, paths: Iterable[str]) -> dict[tuple[str, str], str | None]:
        """What the programs and libraries at `paths` load, and what those load: by the path of who asks and the name
        that is asked for, where it is found. The loader of a program is among them."""
        found: dict[tuple[str, str], str | None] = {}
        waiting: list[tuple[str, tuple[str, ...]]] = [(path, ()) for path in paths]
        seen = {path for path, _ in waiting}
        while waiting:
            path, inherited = waiting.pop()
            linked = self.listing.linked.get(path)
            if linked is None:
                continue
            if linked.inherited:
                inherited = (*inherited, *_folders_of(path, linked))
            for name in (linked.interpreter, *linked.needed) if linked.interpreter else linked.needed:
                place = found[path, name] = self.library(name, path, linked, inherited)
                if place and place not in seen:
                    seen.add(place)
                    waiting.append((place, inherited))
        return found


def _folders_of(path: str, linked: Linked) -> list[str]:
    """The folders that the program or library at `path` names."""
    origin = posixpath.dirname(path)
    return [_LIB.sub("lib", _ORIGIN.sub(lambda _: origin, folder)) for folder in linked.folders]
