"""What an instruction reads and writes, and so which two may change places (DESIGN.md rule 8).

For now only package managers that stay outside of the copied files are known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rewriter.facts import Facts, Run
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

_SYSTEM = frozenset(("/etc", "/usr", "/var"))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step reads and writes: absolute path prefixes. `unknown` says why that is everything, where it is."""

    reads: frozenset[str]
    writes: frozenset[str]
    unknown: str = ""


def of_call(call: Call, folder: str | None, run: Run) -> Effect:
    """The effect of one command of `run`, which runs in `folder`."""
    del folder, run
    if call.program in ("apt-get", "apk", "cd", "set"):
        return Effect(_SYSTEM, _SYSTEM)
    return Effect(frozenset("/"), frozenset("/"), f"{call.program} is not a known command")


def conflict(facts: Facts, first: Instruction, second: Instruction) -> str | None:
    """Why two instructions may not change places; None where they may."""
    del facts
    return f"{first.keyword} and {second.keyword} are not compared yet"


def meets(paths: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one of `paths` lies at, above or below one of `others`."""
    ours = [f"{path.rstrip('/')}/" for path in paths]
    theirs = [f"{path.rstrip('/')}/" for path in others]
    return any(a.startswith(b) or b.startswith(a) for a in ours for b in theirs)
