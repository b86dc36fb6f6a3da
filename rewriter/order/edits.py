"""The edits that divide a COPY in the writer's layout: what a step needs of it first, the rest behind that step."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from rewriter.change import Edit
from rewriter.facts import Run
from rewriter.order.moves import block_start
from rewriter.project.needs import Place
from rewriter.steps.context_copies import ContextCopy
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile, Instruction


def manifest_lines(file: Dockerfile, copy: ContextCopy, places: Sequence[Place]) -> list[str]:
    """The COPYs that bring the sources of `places` (paths of the context; folders end in `/`) to their folders, as
    `copy` does: one line for those of each folder, spelled and with flags as in `copy`."""
    own = {word: word for word in copy.words[:-1]}
    own |= {posixpath.normpath(word): word for word in own}
    groups: dict[str, list[str]] = {}
    top = _folder(copy.words[-1])
    for place in places:
        inner = posixpath.relpath(place.target, copy.target)
        destination = top if inner == "." else f"{top}{inner}/".removeprefix("./")
        groups.setdefault(destination, []).append(own.get(place.source, _prefix(copy, place.source) + place.source))
    lines = []
    for destination, words in sorted(groups.items(), key=lambda group: group[0] != top):
        folders = [word for word in words if word.endswith("/")]
        files = [word for word in words if not word.endswith("/")]
        lines += [_line(file, copy, [word], destination) for word in folders]
        lines += [_line(file, copy, files, destination)] if files else []
    return lines


def _prefix(copy: ContextCopy, source: str) -> str:
    """What the writer puts before the paths of his sources, which are the same with or without it: `./` or `/`."""
    for word in copy.words[:-1]:
        folder = posixpath.normpath(word.lstrip("/"))
        if folder != "." and f"{source}/".startswith(f"{folder}/"):
            return "./" if word.startswith("./") else "/" * word.startswith("/")
    return ""


def _folder(destination: str) -> str:
    return "./" if destination in (".", "./") else f"{destination.rstrip('/')}/"


def _line(file: Dockerfile, copy: ContextCopy, words: list[str], destination: str) -> str:
    flags = [file.text(flag.span) for flag in copy.instruction.flags]
    return " ".join([file.text(copy.instruction.keyword_span), *flags, *words, destination])


def rest_text(file: Dockerfile, copy: ContextCopy, gone: Sequence[str], destination: str | None) -> str:
    """The lines of `copy` with the comments above it, without the sources `gone` (as written), and with another
    `destination` where one is given."""
    text = file.source.text[block_start(file, copy.instruction) : copy.instruction.span.end]
    if not gone and destination is None:
        return text
    words = [word for word in copy.words[:-1] if word not in gone]
    comments = file.source.text[block_start(file, copy.instruction) : copy.instruction.span.start]
    return comments + _line(file, copy, words, destination or copy.words[-1])


def without(file: Dockerfile, copy: ContextCopy, gone: Sequence[str]) -> tuple[Edit, ...]:
    """Take the sources `gone` (as written) out of `copy`, where it stands."""
    span = copy.instruction.span
    words = [word for word in copy.words[:-1] if word not in gone]
    return (Edit(span.start, span.end, _line(file, copy, words, copy.words[-1])),) if gone else ()


def take_out(file: Dockerfile, instruction: Instruction, lines: Sequence[str]) -> Edit:
    """Put `lines` in the place of `instruction` and the comments above it; where there are none, its lines go."""
    source = file.source
    start, end = block_start(file, instruction), instruction.span.end
    if lines:
        return Edit(start, end, source.newline.join(lines))
    first, ends = source.line(start), instruction.last_line == len(source.line_starts)
    following = end if ends else source.line_starts[instruction.last_line]
    if following == len(source.text):  # blank lines above would end the file
        while first > 1 and not source.line_text(first - 1).strip():
            first -= 1
        start = source.line_starts[first - 1]
        return Edit(max(start - len(source.newline), 0) if ends else start, following, "")
    blank_above = first == 1 or not source.line_text(first - 1).strip()
    if blank_above and not source.line_text(instruction.last_line + 1).strip():
        following = source.line_starts[instruction.last_line + 1]
    return Edit(start, following, "")


def put_behind(file: Dockerfile, copy: ContextCopy, instruction: Instruction, text: str) -> Edit:
    """Put the lines `text` of `copy` behind `instruction`, with a blank line between where `copy` had one behind it."""
    newline = file.source.newline
    apart = not file.source.line_text(copy.instruction.last_line + 1).strip()
    return Edit(instruction.span.end, instruction.span.end, newline * (1 + apart) + text)


def put_ahead(file: Dockerfile, instruction: Instruction, lines: Sequence[str]) -> Edit:
    """Put `lines` above `instruction` and the comments above it."""
    at = block_start(file, instruction)
    return Edit(at, at, "".join(f"{line}{file.source.newline}" for line in lines))


def divide_run(file: Dockerfile, run: Run, left: Statement, right: Statement, between: str, again: str) -> Edit | None:
    """Divide a RUN between two members of its `&&` list: `between` are the lines that come between, `again` is what
    the second step begins with. None where a comment stands there."""
    start, end = run.text.source_end(left.end), run.text.source(right.start)
    if any(start < comment.start < end for comment in run.instruction.comments) or run.instruction.heredocs:
        return None
    newline = file.source.newline
    head = file.source.text[run.instruction.span.start : run.text.source(0)]
    return Edit(start, end, f"{newline}{between}{newline}{head}{again}")
