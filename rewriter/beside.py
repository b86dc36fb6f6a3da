"""The file beside a Dockerfile that a rewrite may complete: the one that says what the build context leaves out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rewriter.source import Source


@dataclass(frozen=True, slots=True)
class Beside:
    """A second file of a rewrite. `path` is relative to the build context; `before` is None where the file is new."""

    path: str
    before: Source | None
    after: Source


def completed(text: str, patterns: Iterable[str]) -> str:
    """Return the ignore file `text` with `patterns` behind its last line, one a line, in its own newline style."""
    newline = Source(text).newline
    gap = newline if text and not text.endswith("\n") else ""
    return text + gap + "".join(f"{pattern}{newline}" for pattern in patterns)
