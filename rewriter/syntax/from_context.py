"""Which paths of the build context the instructions of a Dockerfile name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.words import BadWord, Lookup, UnknownValue, expand

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/:]+@[^/:]+:")
_WILD = frozenset("*?[")
_HEREDOC = re.compile(r"[0-9]*<<")


@dataclass(frozen=True, slots=True)
class FromContext:
    """What one instruction takes from the context: paths and patterns below its root, without `./` or a slash at an
    end (`.` is the root itself); None stands for one that a variable decides."""

    instruction: Instruction
    paths: tuple[str | None, ...]


def from_context(file: Dockerfile, lookup: Callable[[Instruction], Lookup] | None = None) -> Iterator[FromContext]:
    """The COPY, ADD and RUN instructions of `file` that take something from the context. `lookup` gives the values of
    variables in front of an instruction; without it none is known.

    An ONBUILD takes it from the context of another build.
    Source: https://docs.docker.com/reference/dockerfile/#copy, #add and #run---mounttypebind
    """
    for instruction in file.instructions:
        values = lookup(instruction) if lookup else _no_variables
        match instruction.keyword:
            case "COPY" | "ADD" if instruction.flag("from") is None:
                words = instruction.json or tuple(instruction.value.split())
                found = [word for word in words[:-1] if not (_HEREDOC.match(word) and instruction.heredocs)]
                paths = tuple(
                    _path(word, values, file.escape) for word in found if not _REMOTE.match(word.strip("\"'"))
                )
            case "RUN":
                paths = tuple(
                    _path(mount.get("source", "."), values, file.escape)
                    for mount in instruction.mounts
                    if mount.get("type", "bind") == "bind" and "from" not in mount
                )
            case _:
                paths = ()
        if paths:
            yield FromContext(instruction, paths)


def needed(file: Dockerfile) -> tuple[str, ...]:
    """The paths and patterns without which a build of `file` fails: a pattern may match nothing beside a plain path."""
    found: dict[str, None] = {}
    for taken in from_context(file):
        paths = [path for path in taken.paths if path is not None]
        plain = [path for path in paths if _WILD.isdisjoint(path)]
        found |= dict.fromkeys(plain or paths)
    return tuple(found)


def _path(word: str, lookup: Lookup, escape: str) -> str | None:
    try:
        path = expand(word, lookup, escape)
    except (UnknownValue, BadWord):
        return None
    return posixpath.normpath(f"/{path}").lstrip("/") or "."


def _no_variables(name: str) -> str:
    raise UnknownValue(name)
