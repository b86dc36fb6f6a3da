"""The words of others: engines, programs, images. They may hold what a reader would obey."""

from __future__ import annotations

import click


def printable(text: str) -> str:
    """`text` without what a terminal, a browser or a reader could take for something else: control sequences, control
    and direction characters, halves of characters. Line ends and tabs stay."""
    lines = click.unstyle(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(_shown(char) for char in line) for line in lines)


def _shown(char: str) -> str:
    if char.isprintable() or char == "\t":
        return char
    return " " if char.isspace() else "\ufffd"


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(printable(text).split())


def last_lines(text: str, limit: int | None) -> tuple[list[str], int]:
    """The last `limit` lines, where an error is said (None: all), and how many are left out above them."""
    lines = printable(text).strip("\n").split("\n")
    cut = max(0, len(lines) - limit) if limit is not None else 0
    return lines[cut:], cut
