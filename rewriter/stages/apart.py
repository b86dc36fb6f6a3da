"""Takes a RUN apart: what of it the runtime stage repeats in steps of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rewriter.stages.kit import Command, Role
from rewriter.stages.shape import Refused, Step

# What the commands behind them in the same step depend on.
_LASTS = frozenset(("cd", "export", "set", "unset", ".", "umask", "read", "source", "alias"))
_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)
# Mounts that hold nothing that a step could read, but for what is fetched again.
_CACHES = frozenset(("cache", "tmpfs"))
# How an install is led to other versions, or to other sources. Sources: apt-get(8), apk-add(8)
_SELECT = (
    *("-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file", "--force-yes"),
    *(
        "--allow-unauthenticated",
        "--repository",
        "-X",
        "--repositories-file",
        "--allow-untrusted",
        "--allow-downgrades",
    ),
)


def check_apart(step: Step, names: Sequence[str]) -> None:
    """Raise `Refused` where the packages `names` of `step`, and what else it sets up, mean something else in steps of
    their own."""
    line, span = step.instruction.first_line, step.instruction.span
    if mount := next((m for m in step.instruction.mounts if m.get("type", "bind") not in _CACHES), None):
        what = f"mounts {mount.get('target') or mount.get('id') or 'files'}"
        raise Refused(f"line {line} {what} and does several things at once, and cannot be taken apart", span)
    for command in step.of(Role.PACKAGES) if names else ():
        if command.call.installs and command.call.has(*_SELECT):
            raise Refused(f"line {line} says where its packages come from, and cannot be taken apart", span)


def words_of(step: Step, command: Command) -> str:
    """The text of `command` in `step`. Raises `Refused` where it depends on what else the step does."""
    statement, script = command.call.statement, step.run.script
    settled = step.run.chain is not None and statement in (step.run.chain or ())
    text = script.text[statement.start : statement.end]
    of_shell = {a.raw.partition("=")[0] for s in script.root.walk() if s.kind == "assign" for a in s.assignments}
    of_shell |= {a.raw.partition("=")[0] for s in script.commands() if not s.words for a in s.assignments}
    if (
        not settled
        or any(call.program in _LASTS for call in step.run.calls)
        or step.instruction.heredocs
        or of_shell.intersection(_VARIABLE.findall(text))
        or re.search(r"\$\(|`|\$\?", text)
    ):
        raise Refused(
            f"line {step.instruction.first_line} sets up the image and builds at once, and cannot be taken apart",
            step.instruction.span,
        )
    return text
