"""File systems of images as tar streams, written by the tests."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from rewriter.verify.contents.listing import Listing, read
from rewriter.verify.engine import Image, Layer, Settings


@dataclass(frozen=True)
class File:
    """A member. `link` is where a symbolic link points, `hard` the path of the file that it is a further name of."""

    content: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    link: str = ""
    hard: str = ""
    folder: bool = False


def script(text: str) -> File:
    """An executable file."""
    return File(text.encode(), 0o755)


FOLDER = File(mode=0o755, folder=True)


def listing(files: Mapping[str, str | bytes | File]) -> Listing:
    """Read the file system of `files`, by absolute path, as an engine exports it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, given in files.items():
            file = given if isinstance(given, File) else File(given.encode() if isinstance(given, str) else given)
            member = tarfile.TarInfo(path.lstrip("/"))
            member.mode, member.uid, member.gid, member.size = file.mode, file.uid, file.gid, len(file.content)
            if file.link or file.hard:
                member.type = tarfile.SYMTYPE if file.link else tarfile.LNKTYPE
                member.linkname = file.link or file.hard.lstrip("/")
            elif file.folder:
                member.type = tarfile.DIRTYPE
            archive.addfile(member, io.BytesIO(file.content))
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue()), mode="r|") as archive:
        return read(archive)


def image(
    *cmd: str,
    workdir: str = "",
    user: str = "",
    healthcheck: tuple[str, ...] = (),
    steps: tuple[str, ...] = (),
    **env: str,
) -> Image:
    """An image that starts `cmd`."""
    settings = Settings(user=user, workdir=workdir, env=env, cmd=cmd, healthcheck=healthcheck)
    return Image("test", "id", tuple(Layer(step, 0) for step in steps), 0, None, settings)


def elf(*needed: str, interpreter: str = "", runpath: str = "", rpath: str = "") -> File:
    """A little-endian 64-bit program (or library, without `interpreter`) that needs these libraries; see elf(5)."""
    strings = b"\0"
    tags = []
    for tag, text in ((1, name) for name in needed):
        tags.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    for tag, text in ((29, runpath), (15, rpath)):
        if text:
            tags.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    segments = 3 if interpreter else 2
    start = 64 + 56 * segments
    loader = interpreter.encode() + b"\0" if interpreter else b""
    at_strings = start + len(loader)
    at_dynamic = at_strings + len(strings)
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in (*tags, (5, at_strings), (10, len(strings)), (0, 0)))
    whole = at_dynamic + len(dynamic)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, segments, 64, 0, 0)

    def segment(kind: int, offset: int, size: int) -> bytes:
        return struct.pack("<IIQQQQQQ", kind, 4, offset, offset, offset, size, size, 1)

    headers = [segment(1, 0, whole), segment(2, at_dynamic, len(dynamic))]
    if interpreter:
        headers.insert(0, segment(3, start, len(loader)))
    return File(header + b"".join(headers) + loader + strings + dynamic, 0o755)
