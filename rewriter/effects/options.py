"""The words behind a command's name, taken apart by the table of effects: every option must be one that it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"-\d+\Z")


class Unlisted(Exception):
    """An option that the table does not know, so that its effect is not known either."""


@dataclass(frozen=True, slots=True)
class Given:
    """Options with their values as they are written (None without one), in order, and the operands."""

    options: tuple[tuple[str, str | None], ...]
    operands: tuple[str, ...]

    def has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)

    def values(self, *names: str) -> list[str]:
        return [value for name, value in self.options if name in names and value is not None]


def taken(entry: Mapping[str, Any], words: Sequence[str]) -> Given:
    """Divide `words` as the options of `entry` say; raises `Unlisted`.

    Source: POSIX, Utility Syntax Guidelines (12.2), and GNU's long options.
    """
    flags = set(entry.get("flags", "").split())
    valued = {name for kind in ("text", "read", "write", "folder", "own") for name in entry.get(kind, "").split()}
    whole = entry.get("style") == "whole"
    options: list[tuple[str, str | None]] = []
    operands: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            operands += words[at:]
            break
        if not word.startswith("-") or word == "-" or (not flags and not valued and entry.get("literal")):
            operands.append(word)
            if entry.get("stops"):
                operands += words[at:]
                break
            continue
        name, equals, value = word.partition("=")
        if word.startswith("--") or whole:
            if name in valued:
                if not equals and at < len(words):
                    value = words[at]
                    at += 1
                options.append((name, value))
            elif name in flags:
                options.append((name, value if equals else None))
            else:
                raise Unlisted(name)
            continue
        if _NUMBER.match(word) and "-#" in flags:
            continue
        at += _cluster(word, words[at] if at < len(words) else None, flags, valued, options)
    return Given(tuple(options), tuple(operands))


def _cluster(
    word: str, following: str | None, flags: set[str], valued: set[str], options: list[tuple[str, str | None]]
) -> int:
    """Take joined short options apart; how many further words the last one takes."""
    for index, letter in enumerate(word[1:], 1):
        name = f"-{letter}"
        if name in valued:
            attached = word[index + 1 :]
            options.append((name, attached or following))
            return 0 if attached else 1
        if name not in flags:
            raise Unlisted(name)
        options.append((name, None))
    return 0
