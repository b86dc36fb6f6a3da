"""dockerslim rewrites a Dockerfile so that its image gets smaller, rebuilds faster and runs without root.

>>> from rewriter import rewrite
>>> print(rewrite("FROM python:3.12\\nRUN pip install flask\\n").after.text)
FROM python:3.12
RUN pip install --no-cache-dir flask
<BLANKLINE>
"""

from __future__ import annotations

from rewriter.change import Alters, Change, Evidence, Finding, Level, Outcome, Span
from rewriter.project.context import Project
from rewriter.result import Options, Rewrite
from rewriter.source import Source, Unreadable

__all__ = [
    "Alters",
    "Change",
    "Evidence",
    "Finding",
    "Level",
    "Options",
    "Outcome",
    "Project",
    "Rewrite",
    "Source",
    "Span",
    "Unreadable",
    "rewrite",
]


def rewrite(dockerfile: str | bytes, project: Project | None = None, options: Options | None = None) -> Rewrite:
    """Return the rewrite of `dockerfile`: the new text, the findings with their places, and the diff.

    Pure: no disk but through `project`, no clock, no network. Raises `Unreadable`, with line and reason, for a file
    that is no Dockerfile.
    """
    # The chain is at the top of the house, this module at its door: importing it earlier would go round in a circle.
    from rewriter.engine import run
    from transforms import CHAIN

    source = Source.decode(dockerfile) if isinstance(dockerfile, bytes) else Source(dockerfile)
    return run(source, CHAIN, project or Project(), options or Options())
