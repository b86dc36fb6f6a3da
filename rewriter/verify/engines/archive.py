"""An image in a file, as BuildKit's docker exporter and `docker save` write it: its layers, settings and files.

Sources: https://github.com/opencontainers/image-spec/blob/main/layer.md and
https://github.com/moby/docker-image-spec/blob/main/spec.md (`manifest.json`).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import posixpath
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tarfile import TarFile, TarInfo
from typing import IO, Any, NamedTuple, cast

from rewriter.verify.engine import Image
from rewriter.verify.engines import images
from rewriter.verify.trouble import Trouble

# Source: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts; other names that begin so are
# AUFS's own.
_WHITEOUT, _AUFS, _OPAQUE = ".wh.", ".wh..wh.", ".wh..wh..opq"
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
# Source: https://github.com/opencontainers/image-spec/blob/main/layer.md#file-attributes
_ATTRIBUTE = "SCHILY.xattr."


class _Place(NamedTuple):
    """A member of a layer: the numbers of both, from 0."""

    layer: int
    member: int


class _Entry(NamedTuple):
    """What a layer says about one path. `target` is the path that a hard link repeats."""

    path: str
    folder: bool
    target: str | None


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer: its name in the archive, the bytes of the file there and without compression, its members."""

    name: str
    stored: int
    compressed: bool
    size: int
    entries: tuple[_Entry, ...]


@dataclass(frozen=True)
class Archive:
    """The image in the file `path`. Raises `Trouble` where that cannot be read."""

    path: Path

    def image(self, tag: str) -> Image:
        """What the archive says of the image, under the name `tag`. `compressed` is None where its layers are not."""
        sizes = [layer.size for layer in self._layers]
        stored = {layer.name: layer.stored for layer in self._layers}
        settings = self._config.get("config") or {}
        return Image(
            tag=tag,
            id=self._id,
            layers=images.layers_of(self._config.get("history") or (), sizes),
            size=sum(sizes),
            compressed=sum(stored.values()) if all(layer.compressed for layer in self._layers) else None,
            settings=images.settings(settings),
        )

    @contextmanager
    def files(self) -> Iterator[TarFile]:
        """The file system of the image as a tar stream (mode `r|`): the layers laid over one another."""
        kept = _kept(self._layers)
        source, sink = os.pipe()
        with ThreadPoolExecutor(1) as pool:
            with open(source, "rb", buffering=0) as stream:
                written = pool.submit(self._write, sink, kept)
                with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK) as merged:
                    yield merged
            written.result()

    @cached_property
    def _about(self) -> tuple[Sequence[str], bytes]:
        """The names of the layers in the archive, from the base up, and the configuration."""
        with _readable(self.path) as archive:
            (manifest,) = json.loads(_member(archive, "manifest.json").read())
            return manifest["Layers"] or (), _member(archive, manifest["Config"]).read()

    @property
    def _id(self) -> str:
        return f"sha256:{hashlib.sha256(self._about[1]).hexdigest()}"

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], json.loads(self._about[1]))

    @cached_property
    def _layers(self) -> tuple[_Layer, ...]:
        with _readable(self.path) as archive:
            return tuple(_read(archive, name) for name in self._about[0])

    def _write(self, sink: int, kept: Mapping[_Place, Sequence[str]]) -> None:
        """Write the members `kept`, each under its names, until nobody reads any more."""
        with (
            suppress(BrokenPipeError),
            open(sink, "wb") as stream,
            _readable(self.path) as archive,
            tarfile.open(fileobj=stream, mode="w|", bufsize=_BLOCK, format=tarfile.PAX_FORMAT) as merged,
        ):
            for number, layer in enumerate(self._layers):
                with tarfile.open(fileobj=_plain(_member(archive, layer.name)), mode="r|", bufsize=_BLOCK) as members:
                    for at, member in enumerate(members):
                        if names := kept.get(_Place(number, at)):
                            _add(merged, member, names, members)


@contextmanager
def _readable(path: Path) -> Iterator[TarFile]:
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive
    except (OSError, EOFError, tarfile.TarError, LookupError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Trouble(f"The engine's archive {path} cannot be read: {error}. Run this again.") from error


def _member(archive: TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file")
    return found


def _plain(blob: IO[bytes]) -> IO[bytes]:
    """The stream without its compression."""
    start = blob.read(len(_GZIP))
    blob.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=blob)) if start == _GZIP else blob


def _read(archive: TarFile, name: str) -> _Layer:
    blob = _member(archive, name)
    plain = _plain(blob)
    with tarfile.open(fileobj=plain, mode="r|", bufsize=_BLOCK) as members:
        entries = tuple(
            _Entry(_path(member.name), member.isdir(), _path(member.linkname) if member.islnk() else None)
            for member in members
        )
    while plain.read(_BLOCK):
        pass
    size, stored = plain.tell(), blob.seek(0, os.SEEK_END)
    return _Layer(name, stored, plain is not blob, size, entries)


def _path(name: str) -> str:
    """The path of a member, without a slash at its ends; "" is the root."""
    return posixpath.normpath(f"/{name}").lstrip("/")


def _kept(layers: Sequence[_Layer]) -> Mapping[_Place, Sequence[str]]:
    """The members that are left when all layers are laid over one another, with their paths: more than one where there
    are hard links, of which the path that had the content may be gone."""
    found: dict[str, _Place] = {}
    folders: set[str] = set()
    for number, layer in enumerate(layers):
        _remove(found, folders, layer.entries)
        for at, entry in enumerate(layer.entries):
            if not entry.path or posixpath.basename(entry.path).startswith(_WHITEOUT):
                continue
            place = _Place(number, at) if entry.target is None else found.get(entry.target)
            if place is not None:
                found[entry.path] = place
                (folders.add if entry.folder else folders.discard)(entry.path)
    names: defaultdict[_Place, list[str]] = defaultdict(list)
    for path, place in found.items():
        names[place].append(path)
    return names


def _remove(found: dict[str, _Place], folders: set[str], entries: Iterable[_Entry]) -> None:
    """Remove from the layers below what the whiteouts among `entries` name, and what lies in a folder that becomes a
    file."""
    gone: set[str] = set()
    emptied: set[str] = set()
    for entry in entries:
        folder, name = posixpath.split(entry.path)
        if name == _OPAQUE:
            emptied.add(folder)
        elif name.startswith(_WHITEOUT) and not name.startswith(_AUFS):
            gone.add(posixpath.join(folder, name.removeprefix(_WHITEOUT)))
        elif entry.path in folders and not entry.folder:
            gone.add(entry.path)
    if emptied or gone:
        for path in [path for path in found if path in gone or not (gone | emptied).isdisjoint(_above(path))]:
            del found[path]
            folders.discard(path)


def _above(path: str) -> Iterator[str]:
    """The folders in which `path` lies, up to the root."""
    while path:
        path = posixpath.dirname(path)
        yield path


def _add(merged: TarFile, member: TarInfo, names: Sequence[str], members: TarFile) -> None:
    first, *others = names
    info = copy(member)
    info.name = first
    # The name stands in these too, and a sparse file is written out.
    info.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith(_ATTRIBUTE)}
    if member.isreg():
        info.type = tarfile.REGTYPE
    merged.addfile(info, members.extractfile(member) if member.isreg() else None)
    for name in others:
        link = copy(info)
        link.name, link.type, link.linkname, link.size = name, tarfile.LNKTYPE, first, 0
        merged.addfile(link)
