"""What an image's file system holds, read in one pass over its tar stream."""

from __future__ import annotations

import hashlib
import posixpath
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from tarfile import TarFile, TarInfo
from tempfile import SpooledTemporaryFile
from typing import IO, TypeVar

from rewriter.verify.contents import packages
from rewriter.verify.contents.elf import Linked, linked, loadable
from rewriter.verify.contents.packages import Package
from rewriter.verify.contents.tree import Entry, Kind, Tree, normal
from rewriter.verify.engine import Settings

_CHUNK = 1 << 20
# Programs above this size wait on the disk until they are read.
_IN_MEMORY = 16 << 20
# Metadata above this size is none.
_LONGEST_TEXT = 32 << 20
_LONGEST_SCRIPT = 64 << 10
_LONGEST_SHEBANG = 256  # BINPRM_BUF_SIZE, see execve(2)
_KEPT = re.compile(
    r"/etc/(?:passwd|group|ld\.so\.cache|ld-musl-[^/]+\.path)\Z|.*/pyvenv\.cfg\Z|(?!/usr/(?:lib|share)/|.*/node_modules/).*/package\.json\Z",
    re.DOTALL,
)
# Where a system's own scripts lie, which need not be read.
_SYSTEM = re.compile(
    r"/(?:usr/(?:lib|share|bin|sbin|libexec)|bin|sbin|lib|etc|var)/|.*/(?:node_modules|site-packages)/"
)
_SHELL = re.compile(r"#!\s*(?:/usr)?/bin/(?:env\s+)?(?:sh|bash|ash|dash)\b")
# Sources: https://pkg.go.dev/embed, https://doc.rust-lang.org/std/macro.include_str.html, https://docs.rs/rust-embed,
# https://docs.rs/askama, https://docs.rs/sqlx/latest/sqlx/macro.migrate.html
_EMBEDDED = re.compile(
    rb'^//go:embed[ \t]+(.+)$|\b(?:include_\w+|migrate|embed_migrations)!\s*\(\s*"([^"]+)"'
    rb'|#\[(?:folder|template\([^)]*?\bpath)\s*=\s*"([^"]+)"',
    re.MULTILINE,
)
_Known = TypeVar("_Known")
# PATH where an image sets none. Source: https://github.com/moby/moby/blob/master/oci/defaults.go
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, eq=False, slots=True)
class Listing:
    """A file system. By path: `linked` are its dynamically linked programs and libraries, `interpreters` what stands
    behind the `#!` of its executable scripts, `texts` the contents of the few files that are asked for later (accounts,
    the loader's cache, scripts of shells); `embedded` are the patterns of files that a source file takes into the
    program it is compiled to."""

    tree: Tree
    packages: tuple[Package, ...]
    owners: Mapping[str, Package]
    linked: Mapping[str, Linked]
    interpreters: Mapping[str, str]
    texts: Mapping[str, bytes]
    embedded: Mapping[str, tuple[str, ...]]

    @property
    def files(self) -> Mapping[str, Entry]:
        """The members by absolute path."""
        return self.tree.files

    def text(self, path: str) -> str:
        """The content of a file that was kept, "" for any other."""
        return self.texts.get(path, b"").decode("utf-8", "replace")

    def users(self) -> dict[int, str]:
        """The names of the users by their ids. Source: passwd(5)."""
        return self._named("/etc/passwd")

    def groups(self) -> dict[int, str]:
        """The names of the groups by their ids. Source: group(5)."""
        return self._named("/etc/group")

    def _named(self, path: str) -> dict[int, str]:
        rows = [line.split(":") for line in self.text(path).splitlines()]
        return {int(row[2]): row[0] for row in reversed(rows) if len(row) > 2 and row[2].isdecimal()}

    def which(self, program: str, settings: Settings) -> str | None:
        """Where the program lies that the word `program` starts in an image with these `settings`; None for none."""
        at = settings.workdir or "/"
        places = [at] if "/" in program else path_folders(settings)
        for folder in places:
            place = self.tree.resolve(posixpath.join(at, folder, program))
            if place and place in self.files and self.files[place].kind == "file" and self.files[place].mode & 0o111:
                return place
        return None


def path_folders(settings: Settings) -> list[str]:
    """The folders that are searched for programs, in order."""
    return [folder for folder in settings.env.get("PATH", _PATH).split(":") if folder]


def read(archive: TarFile) -> Listing:
    """Read the stream `archive` (mode `r|`) of a whole file system to its end, once.

    Raises tarfile.TarError and OSError where the stream ends too early, or is none.
    """
    reader = _Reader()
    while (member := archive.next()) is not None:
        archive.members.clear()  # type: ignore[attr-defined]  # a stream is not read again, and the list would grow
        reader.take(archive, member)
    return reader.listing()


class _Reader:
    """Takes one member after the other."""

    def __init__(self) -> None:
        self.files: dict[str, Entry] = {}
        self.linked: dict[str, Linked] = {}
        self.interpreters: dict[str, str] = {}
        self.metadata: dict[str, bytes] = {}
        self.texts: dict[str, bytes] = {}
        self.embedded: dict[str, tuple[str, ...]] = {}

    def take(self, archive: TarFile, member: TarInfo) -> None:
        path = normal(member.name)
        if path == "/":
            return
        for folder in _missing(path, self.files):
            self.files[folder] = Entry("folder", 0o755)
        if member.islnk():
            self.link(path, normal(member.linkname))
        elif member.isreg() and (data := archive.extractfile(member)):
            self.file(path, member, data)
        else:
            kind: Kind = "folder" if member.isdir() else "link" if member.issym() else "other"
            mode = stat.S_IMODE(member.mode)
            self.files[path] = Entry(kind, mode, member.uid, member.gid, content=member.linkname)

    def link(self, path: str, target: str) -> None:
        """A further name of a file that came before."""
        entry = self.files.get(target, Entry("other"))
        self.files[path] = Entry(entry.kind, entry.mode, entry.uid, entry.gid, entry.size, entry.content, again=True)
        _copy(self.linked, path, target)
        _copy(self.interpreters, path, target)
        _copy(self.texts, path, target)

    def file(self, path: str, member: TarInfo, data: IO[bytes]) -> None:
        beginning = data.read(_CHUNK)
        checksum = hashlib.blake2b(beginning, digest_size=16)
        if loadable(beginning):
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as whole:
                whole.write(beginning)
                while chunk := data.read(_CHUNK):
                    checksum.update(chunk)
                    whole.write(chunk)
                if found := linked(whole):
                    self.linked[path] = found
        elif member.size <= _LONGEST_TEXT and packages.WANTED.match(path):
            text = beginning + data.read()
            checksum.update(text[len(beginning) :])
            self.metadata[path] = text
        else:
            self.keep(path, member, beginning)
            while chunk := data.read(_CHUNK):
                checksum.update(chunk)
        mode = stat.S_IMODE(member.mode)
        self.files[path] = Entry("file", mode, member.uid, member.gid, member.size, checksum.digest())

    def keep(self, path: str, member: TarInfo, beginning: bytes) -> None:
        """Note what is asked for later of a file that `beginning` is the first part of, most often the whole."""
        if beginning.startswith(b"#!") and member.mode & 0o111:
            first = beginning[:_LONGEST_SHEBANG].partition(b"\n")[0].decode("utf-8", "replace")
            self.interpreters[path] = first[2:].strip()
            if member.size <= _LONGEST_SCRIPT and _SHELL.match(first) and not _SYSTEM.match(path):
                self.texts[path] = beginning
        if member.size <= _CHUNK and _KEPT.match(path):
            self.texts[path] = beginning
        elif path.endswith((".go", ".rs")) and (found := _EMBEDDED.findall(beginning)):
            self.embedded[path] = tuple(b"".join(groups).decode("utf-8", "replace") for groups in found)

    def listing(self) -> Listing:
        tree = Tree(self.files)
        found = packages.installed(tree, self.metadata)
        return Listing(
            tree,
            found,
            packages.owners(tree, found),
            self.linked,
            self.interpreters,
            self.texts,
            self.embedded,
        )


def _copy(known: dict[str, _Known], path: str, target: str) -> None:
    """What is `known` of `target` is so of `path`."""
    if target in known:
        known[path] = known[target]


def _missing(path: str, files: Mapping[str, Entry]) -> list[str]:
    """The folders above `path` that the archive did not name."""
    found = []
    folder = posixpath.dirname(path)
    while folder != "/" and folder not in files:
        found.append(folder)
        folder = posixpath.dirname(folder)
    return found
