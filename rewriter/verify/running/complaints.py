"""What a program's own messages show that it lacks under a hardened start, and what would give it that."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rewriter import knowledge

# An absolute path where a word begins; what `2024/01/02` holds is none. A name with its line is a place in code.
_PATH = re.compile(r"""(?:^|(?<=[\s"'`(\[=:<]))/[^\s"'`():;,<>\[\]]+""")
_PLACE = re.compile(r":(?:\s*line)?\s*\d+")
_QUOTED = re.compile(r"""["'`]([^"'`/\s][^"'`\s]*)["'`]""")
_ANSI = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a program lacks: the words that give it in the engine's run command, and a sentence about it; the
    `folder` that is to be writable, where it is one, and whether nothing of the image is needed in it."""

    words: tuple[str, ...]
    sentence: str
    folder: str = ""
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """A message about what was refused (`about` is the path, or what the message says), and what may help, the smallest
    need first."""

    about: str
    needs: tuple[Need, ...]


def complaints(said: str, workdir: str) -> Iterator[Complaint]:
    """What the lines of a log complain about, each once. Relative paths are below `workdir`."""
    table = knowledge.table("hardening")
    seen: set[str] = set()
    for line in map(_plain, said.splitlines()):
        if re.search(table["read_only"]["says"], line):
            itself = bool(re.search(table["read_only"]["itself"], line))
            found = [_unwritable(path, itself) for path in _paths(line, workdir)]
        else:
            entry = next((each for each in table["denied"] if re.search(each["says"], line)), None)
            found = [_denied(entry)] if entry else []
        for complaint in found:
            if complaint.about not in seen:
                seen.add(complaint.about)
                yield complaint


def allowing(capabilities: tuple[str, ...], *, privileges: bool = False) -> tuple[str, ...]:
    """The words that give capabilities, and new privileges.

    Source: https://docs.docker.com/reference/cli/docker/container/run/#security-opt; of two, the last one counts.
    """
    words = tuple(f"--cap-add={name}" for name in capabilities)
    return (*words, "--security-opt=no-new-privileges=false") if privileges else words


def _plain(line: str) -> str:
    return _ANSI.sub("", line).strip()


def _paths(line: str, workdir: str) -> list[str]:
    """The paths of a line that may be the one that could not be written, the likeliest first: programs name it last,
    behind their own name and the place in their code."""
    found = [m[0].rstrip(".") for m in _PATH.finditer(line) if not _PLACE.match(line, m.end())]
    if not found and (quoted := _QUOTED.findall(line)):
        found = [posixpath.join(workdir or "/", name) for name in quoted]
    return [posixpath.normpath(path) for path in reversed(found)]


def _unwritable(path: str, itself: bool) -> Complaint:
    """The folder of a path is to be writable, or the path `itself` first, where it is a folder that the program makes
    or changes. The root folder can be neither a tmpfs nor a volume."""
    parent = posixpath.dirname(path)
    folders = [each for each in ((path, parent) if itself else (parent,)) if each != "/"]
    return Complaint(path, tuple(need for each in folders for need in (_empty(each), filled(each))))


def _empty(folder: str) -> Need:
    """Source: https://docs.docker.com/reference/cli/docker/container/run/#tmpfs"""
    return Need((f"--tmpfs={folder}:mode=1777",), f"a writable {folder} (a tmpfs or a volume)", folder, True)


def filled(folder: str) -> Need:
    """A writable folder with what the image has there, which a new volume takes over.

    Source: https://docs.docker.com/engine/storage/volumes/#populate-a-volume-using-a-container
    """
    sentence = f"a writable {folder} (a volume that holds what the image has there)"
    return Need((f"--volume={folder}",), sentence, folder)


def _denied(entry: dict[str, Any]) -> Complaint:
    words = allowing(tuple(entry["capabilities"]), privileges=entry.get("privileges", False))
    return Complaint(entry["sentence"], (Need(words, entry["sentence"]),))
