"""How a download is started: as the writer starts his own command, and with files as they come from the context."""

from __future__ import annotations

import re

from rewriter.project.needs import Obstacle, View
from rewriter.syntax.vocabulary import Call

# In a wrapper's properties: what it downloads is kept in the project, or comes from there.
OF_THE_PROJECT = re.compile(
    r"(?mi)^[ \t]*(distribution|zipStore)Base[ \t]*[=:][ \t]*PROJECT"
    r"|^[ \t]*distributionUrl[ \t]*[=:](?![ \t]*https?\b)"
)


def prefix(call: Call) -> tuple[str, ...] | Obstacle:
    """The words before the command that say with which variables and for whom it runs."""
    words = (*call.statement.assignments, *call.wrappers)
    if any("$" in word.raw or "`" in word.raw for word in words):
        return Obstacle(f"`{call.head.raw}` is told variables that are not known")
    return tuple(word.raw for word in words)


def script(call: Call, view: View) -> str | Obstacle:
    """How to start the script of the project that `call` runs, as it lies in the context; an obstacle where it cannot
    run there."""
    name = call.head.value or ""
    head = view.text(name).partition("\n")[0]
    if head.endswith("\r"):
        return Obstacle(f"{view.file(name)} has line endings that no shell on Linux takes")
    if view.executable(name) or (call.wrappers and call.wrappers[-1].raw.rpartition("/")[2] in ("sh", "bash")):
        return call.head.raw
    if re.fullmatch(r"#!\s*(/bin/sh|/usr/bin/env sh)\s*", head):
        return f"sh {call.head.raw}"
    return Obstacle(f"{view.file(name)} is not executable (`git update-index --chmod=+x` makes it so)")
