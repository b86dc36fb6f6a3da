"""Which paths of the build context the instructions of a Dockerfile name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.words import BadWord, UnknownValue, expand

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/:]+@[^/:]+:")
_WILD = frozenset("*?[")
_HEREDOC = re.compile(r"[0-9]*<<")


@dataclass(frozen=True, slots=True)
class FromContext:
    """What one instruction takes from the context: paths and patterns below its root, without `./` or a slash at an
    end (`.` is the root itself); None stands for one that a variable decides."""

    instruction: Instruction
    paths: tuple[str | None, ...]


def from_context(file: Dockerfile) -> Iterator[FromContext]:
    """The COPY, ADD and RUN instructions of `file` that take something from the context.

    An ONBUILD takes it from the context of another build.
    Source: https://docs.docker.com/reference/dockerfile/#copy, #add and #run---mounttypebind
    """
    for instruction in file.instructions:
        match instruction.keyword:
            case "COPY" | "ADD" if instruction.flag("from") is None:
                words = instruction.json or tuple(instruction.value.split())
                found = [word for word in words[:-1] if not (_HEREDOC.match(word) and instruction.heredocs)]
                paths = tuple(_path(word, file.escape) for word in found if not _REMOTE.match(word.strip("\"'")))
            case "RUN":
                mounts = (dict(_option(part) for part in m.split(",")) for m in instruction.flag_values("mount"))
                paths = tuple(
                    _path(mount.get("source", mount.get("src", ".")), file.escape)
                    for mount in mounts
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


def _option(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip().strip("\"'")


def _path(word: str, escape: str) -> str | None:
    try:
        path = expand(word, _no_variables, escape)
    except (UnknownValue, BadWord):
        return None
    return posixpath.normpath(f"/{path}").lstrip("/") or "."


def _no_variables(name: str) -> str:
    raise UnknownValue(name)
