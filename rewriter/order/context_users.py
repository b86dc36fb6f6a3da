"""Who else is built from the same context, under the same ignore file: what leaves something out concerns them all."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from rewriter.discover import is_dockerfile_name
from rewriter.facts import Facts
from rewriter.project import globs
from rewriter.project.context import MANIFEST_LIMIT, Unfit
from rewriter.source import Source, Unreadable
from rewriter.syntax.from_context import from_context
from rewriter.syntax.reader import read
from rewriter.syntax.tree import Instruction
from rewriter.syntax.words import Lookup, UnknownValue

# What the listing of a context need not descend into.
PRUNED = (".git", "**/node_modules", "**/.venv", "**/__pycache__")
# More Dockerfiles in one context are not written by people.
_MOST = 60


@dataclass(frozen=True)
class User:
    """A Dockerfile that may be built from the context; `path` is relative to it, None for the one at hand."""

    path: str | None
    facts: Facts

    def takes(self) -> Iterator[tuple[int, str | None]]:
        """The paths and patterns of the context that it names, each with its line; None where a variable decides.

        A Dockerfile in a folder may also be built from that folder: what it names counts from both.
        """
        folder = posixpath.dirname(self.path or "")
        for taken in from_context(self.facts.file, self._values):
            for path in taken.paths:
                yield taken.instruction.first_line, path
                if folder and path is not None:
                    yield taken.instruction.first_line, posixpath.normpath(posixpath.join(folder, path))

    def _values(self, instruction: Instruction) -> Lookup:
        image = self.facts.image_of(instruction)
        if image is None or instruction not in image.stage.body:
            return _unknown
        return image.before[image.stage.body.index(instruction)].lookup

    def named(self, line: int) -> str:
        return f"{self.path}:{line}" if self.path else f"line {line}"


def users(facts: Facts, listing: tuple[str, ...]) -> tuple[User, ...]:
    """The Dockerfile at hand and those among the files of `listing` that share its ignore file.

    Raises `Unfit` where one cannot be read.
    """
    project = facts.project
    own = User(None, facts)
    if project.ignore_file != ".dockerignore":
        return (own,)
    there = set(listing)
    others = [
        path
        for path in listing
        if is_dockerfile_name(posixpath.basename(path))
        and path != project.dockerfile
        and f"{path}.dockerignore" not in there
    ]
    if len(others) > _MOST:
        raise Unfit("the context", f"holds more than {_MOST} Dockerfiles")
    return (own, *(User(path, _facts(facts, path)) for path in others))


def _unknown(name: str) -> str:
    raise UnknownValue(name)


def _facts(facts: Facts, path: str) -> Facts:
    try:
        file = read(Source.decode(facts.project.head(path, MANIFEST_LIMIT) or b""))
    except Unreadable as error:
        raise Unfit(path, f"may be built from the same context, and cannot be read: {error}") from None
    return Facts(file, facts.options, facts.project)


def named_by(users: tuple[User, ...], pattern: str) -> str | None:
    """Where one of `users` names what `pattern` of an ignore file matches, or something below; None where none does."""
    try:
        hidden = globs.below(globs.read(pattern))
    except globs.BadPattern:
        return None
    for user in users:
        for line, path in user.takes():
            if path is None:
                return f"{user.named(line)} takes what a variable decides"
            try:
                named = globs.read(path)
            except globs.BadPattern:
                return f"{user.named(line)} takes {path}"
            if globs.meets(named, hidden) and not (set(path) <= {"*"} and path):
                return f"{user.named(line)} takes {path}"
    return None
