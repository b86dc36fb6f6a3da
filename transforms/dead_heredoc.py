"""A heredoc in an instruction that has none.

What: reports a `<<EOF` in CMD, ENTRYPOINT, HEALTHCHECK, ENV and the like.

Why: Docker knows heredocs in RUN, COPY and ADD alone. Anywhere else it joins the continued lines into one, so that the
shell finds an empty document that nothing ends. (Lines that are not continued are instructions for Docker: such a file
cannot be built, and the error names the heredoc.)

Before:

    FROM debian:12
    CMD cat <<EOF \\
        ready \\
        EOF

After:

    FROM debian:12
    CMD cat <<EOF \\
        ready \\
        EOF

Level: report.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Report
from rewriter.facts import Facts
from rewriter.syntax.heredocs import opens_none
from rewriter.syntax.tree import Dockerfile


def find(file: Dockerfile, facts: Facts) -> Iterator[Report]:
    """Yield a report for each heredoc that Docker does not know."""
    del facts
    for instruction in file.instructions:
        if name := opens_none(instruction):
            yield Report(
                f"Docker knows no heredoc in {instruction.keyword}, and joins its lines into one behind <<{name}: "
                f"write the lines into a script (`COPY <<{name} /script.sh`), and start that",
                instruction.span,
            )
