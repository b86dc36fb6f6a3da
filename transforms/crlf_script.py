"""A script with the line endings of Windows.

What: reports a script of the build context that a step or the container runs, and whose lines end in CRLF.

Why: the kernel looks for an interpreter named `sh\\r` ("exec /entrypoint.sh: no such file or directory"), and a shell
takes the last character of each line for a part of its last word. Git writes such files where `core.autocrlf` is on,
so that the image only builds, or only starts, on the machines of some.

Beside:

    entrypoint.sh: #!/bin/sh\\r\\nexec "$@"\\r\\n

Before:

    FROM alpine:3.20
    COPY entrypoint.sh /
    ENTRYPOINT ["/entrypoint.sh"]

After:

    FROM alpine:3.20
    COPY entrypoint.sh /
    ENTRYPOINT ["/entrypoint.sh"]

Level: report.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Report, Span
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.project.context import Unfit
from rewriter.project.needs import View
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.steps.final_view import final_view
from rewriter.steps.start import start
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh", "source", "."))
# Where a script that is named without a folder is looked for.
_BIN = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# What turns the line endings round: dos2unix, sed 's/\\r$//', tr -d '\\r', git.
_MENDS = re.compile(r"dos2unix|fromdos|\\r|\\015|autocrlf|\^M")


def find(file: Dockerfile, facts: Facts) -> Iterator[Report]:
    """Yield a report for each script with CRLF, at the first place that runs it."""
    if (facts.project.root is None and not facts.project.overlay) or _MENDS.search(file.source.text):
        return
    seen: set[str] = set()
    for span, view, call in _run(facts):
        script = _script(view, call)
        if script is not None and script not in seen and _is_crlf(facts, script):
            seen.add(script)
            yield Report(
                f"the lines of {script} end in CRLF, which no shell on Linux takes: say `*.sh text eol=lf` in "
                ".gitattributes, then `git add --renormalize .`",
                span,
            )


def _run(facts: Facts) -> Iterator[tuple[Span, View, Call]]:
    """The commands that steps and containers run, each with its place and what it sees of the project."""
    for run in facts.runs:
        for call, folder in with_folders(run):
            if _may_be_script(call):
                yield run.at(call), view_of(facts, run, folder or "/", ()), call
    for image in facts.images:
        if image.parent is None and not any(i.keyword in ("CMD", "ENTRYPOINT") for i in image.stage.body):
            continue
        view = final_view(facts, image)
        for started in start(facts, image).commands:
            yield _place(image), view.into(started.folder or "/"), started.call


def _place(image: StageImage) -> Span:
    return next(
        (i.span for i in reversed(image.stage.body) if i.keyword in ("CMD", "ENTRYPOINT")), image.stage.start.span
    )


def _may_be_script(call: Call) -> bool:
    return "/" in (call.head.value or "") or call.program.endswith(".sh") or posixpath.basename(call.program) in _SHELLS


def _script(view: View, call: Call) -> str | None:
    """The file of the context that `call` runs as a script."""
    name = call.head.value
    if posixpath.basename(call.program) in _SHELLS:
        name = call.operands[0].value if call.operands and not call.has("-c") else None
    if not name:
        return None
    names = [name] if "/" in name else [name, *(posixpath.join(folder, name) for folder in _BIN)]
    return next((view.file(each) for each in names if view.kind(each) == "file"), None)


def _is_crlf(facts: Facts, path: str) -> bool:
    try:
        first, newline, _ = facts.project.text(path).partition("\n")
    except Unfit:
        return False
    return bool(newline) and first.endswith("\r")
