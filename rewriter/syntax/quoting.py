"""Quotes around a text, put so that BuildKit computes the same value from it as before."""

from __future__ import annotations

import re

Replacement = tuple[int, int, str]  # of the characters from start to end

_NAME = re.compile(r"[0-9]+|[@*#?$!-]|\w+")


def in_double_quotes(text: str, escape: str) -> list[Replacement] | None:
    """What to replace inside `text` so that `"…"` around it means what `text` means without quotes.

    Quotes of the text itself go, escapes stay where double quotes need them, variables stay variables. None where that
    cannot be written: an open quote, an escape character at the end, a quote inside `${…}`.
    """
    found: list[Replacement] = []
    at, quote = 0, ""
    while at < len(text):
        char = text[at]
        if char == "$":
            end = _variable(text, at, escape)
            if end is None:
                return None
            found += _apart(text, at, end, quote, escape)
            at = end
        elif char == quote or (not quote and char in "'\""):
            found.append((at, at + 1, ""))
            quote = "" if quote else char
            if quote == "'":
                end = text.find("'", at + 1)
                if end < 0:
                    return None
                found += [
                    (at + 1 + start, at + 1 + stop, new) for start, stop, new in _escaped(text[at + 1 : end], escape)
                ]
                at = end - 1
            at += 1
        elif char == escape:
            follower = text[at + 1 : at + 2]
            if not follower:
                return None
            if not quote and follower not in ('"', "$", escape):
                found.append((at, at + 1, ""))
            at += 2
        else:
            at += 1
    return None if quote else found


def literal(text: str, escape: str) -> tuple[str, list[Replacement]]:
    """The quote to put around `text`, and what to replace inside it, so that its value is `text` itself."""
    special = any(char in text for char in ('"', "$", escape))
    return ("'", []) if special and "'" not in text else ('"', _escaped(text, escape))


def _escaped(text: str, escape: str) -> list[Replacement]:
    return [(at, at + 1, escape + char) for at, char in enumerate(text) if char in ('"', "$", escape)]


def _variable(text: str, start: int, escape: str) -> int | None:
    """The end of the variable that starts with the `$` at `start`; None where quotes inside it are in the way."""
    if text[start + 1 : start + 2] != "{":
        name = _NAME.match(text, start + 1)
        return name.end() if name else start + 1
    depth, at = 1, start + 2
    while at < len(text):
        if text[at] in ("'", '"', escape):
            return None
        if text.startswith("${", at):
            depth, at = depth + 1, at + 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    return None


def _apart(text: str, start: int, end: int, quote: str, escape: str) -> list[Replacement]:
    """Keeps what follows a variable apart from its name, where a quote or an escape did that before."""
    follower = text[end : end + 1]
    if text[start + 1 : start + 2] == "{" or not follower:
        return []
    between = follower in ("'", '"') and (not quote or follower == quote)
    if not between and not (follower == escape and not quote):
        return []
    if end == start + 1:
        return [(start, end, f"{escape}$")]
    return [(start, end, f"${{{text[start + 1 : end]}}}")]
