"""A lock file that an install brings up to date, and that a later strict install has to find so."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from rewriter import knowledge
from rewriter.facts import Facts, Run
from rewriter.order.crossing import Command, installs
from rewriter.project.context import Unfit
from rewriter.project.node import locks
from rewriter.steps.context_copies import view_of
from rewriter.syntax.vocabulary import Call

_LOCKS = {
    "npm": ("npm-shrinkwrap.json", "package-lock.json"),
    "yarn": ("yarn.lock",),
    "pnpm": ("pnpm-lock.yaml",),
}


def stale(facts: Facts, commands: Sequence[Command], until: Run) -> str | None:
    """Why a copy behind `commands`, which end in `until`, would take the lock file back that a later step needs; None
    where it would not.

    `npm install` writes what package.json asks for beyond the lock file into that; `npm ci` fails where it is not
    there. Sources: https://docs.npmjs.com/cli/v11/commands/npm-ci, https://classic.yarnpkg.com/en/docs/cli/install,
    https://pnpm.io/cli/install#--frozen-lockfile
    """
    last = commands[-1].call.statement.end if commands else 0
    later = [(until, call) for call in until.calls if call.statement.start >= last]
    later += [(run, c) for other in facts.later(until.instruction) if (run := facts.run(other)) for c in run.calls]
    for command in filter(installs, commands):
        program = posixpath.basename(command.call.program)
        if program not in _LOCKS or _strict(command.call):
            continue
        line = next((run.instruction.first_line for run, c in later if c.program == program and _strict(c)), None)
        view = view_of(facts, until, command.folder, ())
        if line is None or not any(view.kind(name) for name in _LOCKS[program]):
            continue
        try:
            match program:
                case "npm":
                    locks.npm(view, legacy=command.call.has("--legacy-peer-deps"))
                case "yarn":
                    locks.yarn(view)
                case _:
                    locks.pnpm(view)
        except Unfit as reason:
            return f"line {line} needs the lock file as {program} install leaves it: {reason}"
    return None


def _strict(call: Call) -> bool:
    return call.subcommand in knowledge.table("node_installs")["commands"]["ci"] or call.has(
        "--frozen-lockfile", "--immutable"
    )
