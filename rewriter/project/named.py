"""The files of a project that a compiled program may read when it runs, as far as its sources name them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from rewriter.change import Evidence

# What only compilers read.
_SOURCES = re.compile(
    r"(?:.*/)?(?:go\.(?:mod|sum|work|work\.sum)|Cargo\.(?:toml|lock)|rust-toolchain(?:\.toml)?|(?:rustfmt|clippy)\.toml"
    r"|.*\.(?:go|rs|proto)|\.(?:gitignore|gitattributes|gitkeep|dockerignore|editorconfig)|[^/]*[Dd]ockerfile[^/]*)\Z",
    re.DOTALL,
)
# What only people and build tools read, at the top of a project.
_NOT_READ = re.compile(
    r"[^/]*\.md|LICEN[CS]E[^/]*|COPYING|NOTICE|AUTHORS|CODEOWNERS|OWNERS|(?:GNU)?[Mm]akefile|Taskfile\.ya?ml|[Jj]ustfile"
    r"|Jenkinsfile|Tiltfile|Procfile|skaffold\.ya?ml|[Cc]ontainerfile[^/]*|(?:docker-)?compose[^/]*\.ya?ml"
    r"|buf(?:\.\w+)?\.ya?ml|sqlc\.ya?ml|\.[^/]*"
)
_FOLDERS = frozenset(
    ("testdata", "vendor", ".github", ".git", ".circleci", ".vscode", ".idea", ".cargo", ".sqlx", "target")
)
HOLE = re.compile(r"[%*?{$]")
_INNER = re.compile(r"\"([^\"]*)\"|=([^\s\"&;]+)")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Reads:
    """What the program reads of the project: absolute `paths` in the image (of folders with a `/` at their end), or all
    of it where `whole` says why."""

    paths: tuple[str, ...] = ()
    whole: Evidence | None = None
    evidence: tuple[Evidence, ...] = ()


def is_source(path: str) -> bool:
    """Whether only compilers read the file at `path`, relative to the project."""
    return _SOURCES.match(path) is not None or not _FOLDERS.isdisjoint(path.split("/")[:-1])


def is_data(path: str) -> bool:
    """Whether a program that makes up the names of files might read the one at `path`: no source, and nothing that only
    people and build tools read."""
    return not is_source(path) and (path.startswith(".env") or not _NOT_READ.fullmatch(path))


def names_in(text: str) -> Iterator[str]:
    """The paths that a string of the source may stand for: itself, what stands in it in quotes or behind `=`, and its
    folder where a placeholder follows."""
    if not text or (len(text) > _LONGEST and "\n" not in text):
        return
    texts = [text] if len(text) <= _LONGEST and "\n" not in text else []
    texts += [first or second for first, second in _INNER.findall(text[: 50 * _LONGEST])]
    for each in texts:
        name = (
            each.rpartition("://")[2]
            if each.startswith(("file://", "sqlite://", "sqlite3://"))
            else each.removeprefix("file:")
        )
        if hole := HOLE.search(name):
            name = name[: hole.start()].rpartition("/")[0]
        if name.strip("./") and not name.startswith("../../"):
            yield name


def lies_at(path: str, folder: str, data: Collection[str]) -> str | None:
    """`path` where one of the files `data` lies at or below it, of a folder with a slash; None for the working
    directory `folder` itself and what is above it."""
    if path in data:
        return path
    below = f"{path.rstrip('/')}/"
    if path.rstrip("/") in ("", folder) or folder.startswith(below):
        return None
    return below if any(each.startswith(below) for each in data) else None


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """`paths` without those that lie in a folder that is among them, sorted."""
    found = sorted(set(paths))
    return tuple(
        path for path in found if not any(path != each and path.startswith(each) for each in found if each[-1] == "/")
    )
