"""What speaks against leaving something out of the build context that came with it so far."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from rewriter.facts import Facts
from rewriter.order.context_users import PRUNED, named_by, users
from rewriter.project.context import Project, Unfit
from rewriter.project.dockerignore import Ignore
from rewriter.project.git_ignored import git_ignored
from rewriter.syntax.tree import Dockerfile, Instruction

_VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\})", re.ASCII)
_GLOB = frozenset("*?[")
# More entries than are looked through for what a pattern such as `**/obj` matches today.
_ENTRIES = 50_000


def objection(facts: Facts, after: Project, patterns: tuple[str, ...]) -> str | None:
    """Why `patterns`, which `after` leaves out and the project does not, must stay in the context; None where they may
    go.

    What lies there today may go only where git ignores it as well: else it is a part of the project.
    """
    before = facts.project
    for pattern in patterns:
        if not after.ignore.covers(pattern):
            return f"{before.ignore_file} brings back what {pattern} would leave out"
        if (other := before.container_ignore) and not _covered(before, other, pattern):
            return f"{other}, which Podman reads in its place, does not leave out {pattern}"
    try:
        found = list(_going(before, after, patterns))
        others = users(facts, before.beneath(*PRUNED))[1:]
    except Unfit as error:
        return str(error)
    if problem := lost_source(facts.file, before, after, found):
        return problem
    for pattern in patterns:
        if named := named_by(others, pattern):
            return f"{pattern} cannot be left out: {named}"
    for path in found:
        if not git_ignored(before, f"{path}/" if before.kind(path) == "folder" else path):
            return f"{path} lies in the context, and may be part of the project: leave it out by {before.ignore_file}"
    return None


def lost_source(file: Dockerfile, before: Project, after: Project, going: list[str] | None = None) -> str | None:
    """Which file that an instruction names by itself `after` would leave out, though `before` does not; `going` are
    paths of which that is known."""
    for instruction in file.instructions:
        for word in _named(instruction):
            path = posixpath.normpath("/" + _VARIABLE.sub("*", word)).lstrip("/")
            parts = path.split("/")
            folders = ["/".join(parts[: count + 1]) for count in range(len(parts))] if _GLOB.intersection(path) else []
            matches = any(fnmatchcase(gone, folder) for gone in going or () for folder in folders)
            if path and (matches or (after.hides(path) and not before.hides(path))):
                return f"line {instruction.first_line} copies {word}, which the ignore file would leave out"
    return None


def _named(instruction: Instruction) -> Iterator[str]:
    """The paths of the context that the instruction names."""
    if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
        yield from (instruction.json or tuple(instruction.value.split()))[:-1]
    for mount in instruction.mounts:
        if mount.get("type", "bind") == "bind" and "from" not in mount:
            yield mount.get("source") or "."


def _covered(project: Project, name: str, pattern: str) -> bool:
    try:
        return Ignore(project.text(name)).covers(pattern)
    except Unfit:
        return False


def _going(before: Project, after: Project, patterns: tuple[str, ...]) -> Iterator[str]:
    """What is in the context today and would be left out: the topmost files and folders. Raises `Unfit` where there is
    too much to look through."""
    seen, folders = 0, ["."] if any(map(_GLOB.intersection, patterns)) else []
    for pattern in patterns:
        if not _GLOB.intersection(pattern) and before.kind(pattern) and not before.hides(pattern):
            yield pattern
    while folders:
        folder = folders.pop()
        for name in before.names(folder):
            path = posixpath.normpath(posixpath.join(folder, name))
            seen += 1
            if seen > _ENTRIES:
                raise Unfit("the context", "holds too many files to be looked through")
            if before.ignore.hides(path) or before.linked(path):
                continue
            if after.ignore.hides(path):
                yield path
            elif name not in (".git", "node_modules") and before.kind(path) == "folder":
                folders.append(path)
