"""Files that steps of the stage write as root, and the program goes on writing: a database that the build sets up."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.steps.downloads import with_folders
from rewriter.syntax.vocabulary import Call
from rewriter.users.code import Write, tables

_PYTHON = re.compile(r"python[\d.]*\Z|poetry\Z|pipenv\Z|uv\Z|npx\Z|pnpm\Z|yarn\Z|run\Z|exec\Z|bunx\Z")


def maker(facts: Facts, image: StageImage, write: Write) -> tuple[int, bool] | None:
    """The line of the last step that may write the file of `write` before the program does, and whether it does so for
    sure; None where no step does."""
    table = tables()["makes"]
    lines = {each.stage.index for each in facts.lineage(image)}
    found = None
    for run in facts.runs:
        if run.image.stage.index not in lines:
            continue
        for call, _folder in with_folders(run):
            words = _words(call)
            said = " ".join(words)
            sure = write.what in table["databases"] and any(said.startswith(each) for each in table["sure"])
            if sure or _perhaps(words, table["scripts"], table["harmless"]):
                found = run.instruction.first_line, sure or (found is not None and found[1])
    return found


def _words(call: Call) -> list[str]:
    """The words of the command from its script on: `python manage.py migrate` -> `manage.py migrate`."""
    words = [word.value or word.raw for word in call.statement.words[call.statement.words.index(call.head) :]]
    while len(words) > 1 and _PYTHON.match(words[0]) and not words[1].startswith("-"):
        words = words[1:]
    return [posixpath.basename(words[0]), *words[1:]]


def _perhaps(words: Sequence[str], scripts: Sequence[str], harmless: Sequence[str]) -> bool:
    """Whether the command runs a program of the project, which may write what that writes."""
    said = " ".join(words)
    ours = words[0].endswith((".py", ".js", ".mjs", ".rb", ".php")) or words[0] in scripts
    return ours and not any(said.startswith(each) for each in harmless)
