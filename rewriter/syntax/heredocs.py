"""Here-documents where Docker knows none."""

from __future__ import annotations

import re

from rewriter.syntax.tree import Instruction

# Source: https://docs.docker.com/reference/dockerfile/#here-documents
_KNOWN = frozenset(("RUN", "COPY", "ADD"))
_QUOTED = re.compile(r"\$\(\([^)]{0,200}\)\)|\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_OPENS = re.compile(r"(?<![<\d(])<<-?[ \t]*([A-Za-z_]\w*|'\w+'|\"\w+\")(?![\w<])")


def opens_none(instruction: Instruction) -> str | None:
    """The name of the heredoc that an instruction seems to open where Docker knows none; None for any other.

    Docker takes the lines behind it for instructions, or, where they are continued, for the rest of its own line.
    """
    known = instruction.keyword in _KNOWN or instruction.keyword == "ONBUILD" or instruction.json is not None
    if known or "<<" not in instruction.value:
        return None
    text = instruction.value
    inside = [match.span() for match in _QUOTED.finditer(text)]
    for match in _OPENS.finditer(text):
        if not any(start < match.start() < end for start, end in inside):
            return match[1].strip("'\"")
    return None
