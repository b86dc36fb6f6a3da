"""The commands within a command: what stands in `$( )`, backticks, `<( )` and `>( )`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BEGINS = re.compile(r"\$\((?!\()|[<>]\(|`")


def inner_scripts(text: str) -> Iterator[str | None]:
    """The scripts of the outermost substitutions in `text`; None for one whose end is not found.

    What looks like one within single quotes counts, too.
    """
    at = 0
    while match := _BEGINS.search(text, at):
        end = _end(text, match.end(), match[0])
        yield None if end is None else text[match.end() : end]
        at = (match.end() if end is None else end) + 1


def _end(text: str, at: int, opened: str) -> int | None:
    """The end of a substitution whose inside begins at `at`."""
    if opened == "`":
        end = text.find("`", at)
        return end if end > 0 else None
    depth, quote = 1, ""
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if not depth:
                return at
        at += 1
    return None
