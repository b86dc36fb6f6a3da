"""What a COPY takes of the build context: source files, manifests, or both. The names of manifests are data."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import Literal

from rewriter import knowledge
from rewriter.project.context import Project

Input = Literal["source", "manifest"]
BOTH: frozenset[Input] = frozenset(("source", "manifest"))
_SOURCE: frozenset[Input] = frozenset(("source",))
_MANIFEST: frozenset[Input] = frozenset(("manifest",))
# What nobody edits as the program: what tools put there, and the recipe of the image itself.
_PASSED = frozenset((".git", "node_modules", ".venv", "venv", "__pycache__", "Dockerfile", ".dockerignore"))
# How many entries of a folder are looked at: enough to meet a manifest and a source file in any real project.
_ENTRIES = 5_000


@lru_cache(maxsize=256)  # a project is a snapshot
def inputs(project: Project, source: str) -> frozenset[Input]:
    """What `source`, a source of a COPY or of a bind mount, takes of the context.

    A folder and a pattern count for what they hold where the context is there, without what `.dockerignore` hides;
    a folder that is not there may hold both.
    Source: https://docs.docker.com/reference/dockerfile/#copy, for how the sources are matched.
    """
    path = posixpath.normpath(f"/{source}").lstrip("/") or "."
    if not set("*?[").intersection(path):
        return _of(project, path, folder=path == "." or source.endswith("/"))
    found: frozenset[Input] = frozenset()
    for match in _matches(project, path):
        found |= _of(project, match, folder=False)
        if found == BOTH:
            break
    return found or _by_pattern(path)


def is_manifest(path: str) -> bool:
    """Whether `path`, a file of the project or a pattern for some, is a manifest or a lock file by its name."""
    return _pattern().match(path) is not None


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    table = knowledge.table("manifests").values()
    files = [translate(name).removesuffix(r"\Z").removesuffix(r"\z") for entry in table for name in entry["names"]]
    folders = [f"{re.escape(name)}(?:/.*)?" for entry in table for name in entry.get("folders", ())]
    return re.compile(rf"(?:.*/)?(?:{'|'.join([*files, *folders])})\Z", re.DOTALL)


def _of(project: Project, path: str, *, folder: bool) -> frozenset[Input]:
    match project.kind(path):
        case "folder":
            return _within(project, path)
        case None if folder or (not is_manifest(path) and not posixpath.splitext(path)[1]):
            return _MANIFEST if is_manifest(path) else BOTH
    return _MANIFEST if is_manifest(path) else _SOURCE


def _within(project: Project, folder: str) -> frozenset[Input]:
    """What lies in `folder` and below; `BOTH` where it holds nothing yet, as then nothing is known of it."""
    found: frozenset[Input] = frozenset()
    for path in _files(project, folder):
        found |= _MANIFEST if is_manifest(path) else _SOURCE
        if found == BOTH:
            break
    return found or BOTH


def _files(project: Project, folder: str) -> Iterator[str]:
    """The files below `folder` that the context holds, the nearest first; at most `_ENTRIES` entries are looked at."""
    pending, left = [folder], _ENTRIES
    exceptions = "!" in project.ignore.text
    for current in pending:
        for name in project.names(current):
            path = name if current == "." else f"{current}/{name}"
            left -= 1
            if left < 0:
                return
            kind = None if name in _PASSED or project.linked(path) else project.kind(path)
            hidden = kind is not None and project.hides(path)
            if kind == "folder" and (exceptions or not hidden):
                pending.append(path)
            elif kind == "file" and not hidden:
                yield path


def _matches(project: Project, pattern: str) -> list[str]:
    """The paths of the context that `pattern` names; none where it reaches through any number of folders (`**`)."""
    found = ["."]
    for part in pattern.replace("[^", "[!").split("/"):
        if part == "**":
            return []
        if set("*?[").intersection(part):
            found = [posixpath.join(p, name) for p in found for name in project.names(p) if fnmatchcase(name, part)]
        else:
            found = [posixpath.join(p, part) for p in found]
        found = found[:_ENTRIES]
    paths = [posixpath.normpath(path) for path in found]
    return [p for p in paths if project.kind(p) and posixpath.basename(p) not in _PASSED and not project.hides(p)]


def _by_pattern(pattern: str) -> frozenset[Input]:
    """What a pattern takes by its look alone: `*.go` source, `package*.json` manifests, `*` both."""
    if is_manifest(pattern):
        return _MANIFEST
    return BOTH if posixpath.basename(pattern).startswith("*") and "." not in posixpath.basename(pattern) else _SOURCE
