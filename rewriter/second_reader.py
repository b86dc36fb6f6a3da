"""The second reader: dockerfile-parse reads the same file, with what it is known not to know masked line for line."""

from __future__ import annotations

from io import BytesIO

from dockerfile_parse import DockerfileParser

from rewriter.source import BOM
from rewriter.syntax.tree import Dockerfile

_Boundaries = list[tuple[str, int, int]]


def agrees(file: Dockerfile) -> bool:
    """Whether dockerfile-parse finds the same instructions on the same lines as our own reader."""
    parser = DockerfileParser(fileobj=BytesIO(_masked(file)), env_replace=False)
    theirs: _Boundaries = [
        (part["instruction"], part["startline"] + 1, part["endline"] + 1)
        for part in parser.structure
        if part["instruction"] != "COMMENT"
    ]
    return theirs == _ours(file)


def _ours(file: Dockerfile) -> _Boundaries:
    line = file.source.line
    return [
        (
            i.keyword,
            i.first_line,
            line(i.heredocs[0].body.start) - 1 if i.heredocs else line(i.span.end),
        )
        for i in file.instructions
    ]


def _masked(file: Dockerfile) -> bytes:
    """The file's bytes, without heredoc bodies, blank lines in continuations, a BOM, and a backslash at the end."""
    lines = file.source.text.removeprefix(BOM).split("\n")
    for instruction in file.instructions:
        for blank in instruction.blanks:
            lines[file.source.line(blank.start) - 1] = "#"
        for heredoc in instruction.heredocs:
            for number in range(file.source.line(heredoc.body.start), file.source.line(heredoc.terminator.start) + 1):
                lines[number - 1] = ""
    last = file.instructions[-1]
    number = file.source.line(last.head.end)
    bare = lines[number - 1].rstrip()
    if not last.heredocs and bare.endswith(file.escape):
        lines[number - 1] = bare.removesuffix(file.escape)
    return "\n".join(lines).encode("utf-8", "replace")
