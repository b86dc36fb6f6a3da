"""Being written."""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Change, Declined
from rewriter.facts import Facts
from rewriter.syntax.tree import Dockerfile


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield nothing yet."""
    del file, facts
    yield from ()
