"""An `apt-get install` that would ask whether to go on.

What: adds `-y` to `apt-get` and `apt` commands that install, upgrade or remove without answering the question.

Why: a build has no terminal. apt then aborts, or the step only passes by luck, where nothing further is installed.

Before:

    FROM debian:12
    RUN apt-get update && apt-get install curl

After:

    FROM debian:12
    RUN apt-get update && apt-get install -y curl

Level: safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Change, Declined
from rewriter.facts import Facts, Run
from rewriter.steps.cleaning import before
from rewriter.steps.edits import word_after
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_ASKING = frozenset(
    ("install", "remove", "purge", "autoremove", "upgrade", "dist-upgrade", "full-upgrade", "build-dep")
)
# Source: apt-get(8): -s simulates, -d and --print-uris need no answer; -qq implies -y.
_ANSWERED = ("-s", "--simulate", "--dry-run", "--just-print", "--no-act", "--recon", "--print-uris", "--assume-no")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each apt command that would ask."""
    del file
    for run in facts.runs:
        for call in run.calls:
            if call.program not in ("apt-get", "apt") or call.subcommand not in _ASKING or answered(call):
                continue
            assert call.subcommand_word is not None
            at = run.at(call)
            if run.fed(call):
                yield Declined("its input may hold the answer", at)
            elif configured(facts, run):
                yield Declined("an apt configuration written before may say yes already", at)
            else:
                message = f"{call.program} {call.subcommand} without -y waits for an answer that nobody gives"
                yield Change(message, (word_after(run, call.subcommand_word, "-y"),), at)


def answered(call: Call) -> bool:
    """Whether the command line itself answers apt's question."""
    quiet = sum(option.name in ("-q", "--quiet") for option in call.options)
    levels = [option.value for option in call.options if option.name in ("-q", "--quiet") and option.value]
    assumed = any(
        option.name in ("-o", "--option") and (option.value is None or "assume-yes" in option.value.lower())
        for option in call.options
    )
    return call.says_yes or quiet > 1 or "2" in levels or assumed or call.has(*_ANSWERED)


def configured(facts: Facts, run: Run) -> bool:
    """Whether an earlier step of the file touches apt's configuration."""
    return any("apt.conf" in instruction.value for instruction in (run.instruction, *before(facts, run)))
