"""Comments that tell the tool to leave something alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rewriter.change import Finding, Span
from rewriter.result import Options
from rewriter.syntax.tree import Dockerfile


@dataclass(frozen=True)
class Ignores:
    """The ignore comments of one file."""

    def blocking(self, transform: str, spans: Sequence[Span]) -> tuple[Span, ...]:
        """The comments that forbid `transform` to touch any of `spans`."""
        return ()

    def idle(self, used: Collection[int], options: Options) -> tuple[Finding, ...]:
        """A finding for each ignore of ours that did nothing; `used` holds the starts of those that did."""
        return ()


def read_ignores(file: Dockerfile) -> Ignores:
    """Read the ignore comments of `file`."""
    return Ignores()
