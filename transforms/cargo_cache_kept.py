"""Cargo's registry of downloaded crates in an image that ships the Rust tools.

What: removes Cargo's registry and git checkouts behind the last Cargo command of a shipped stage, in the same step.
With `cache = "mount"`, mounts them in every step that builds. The `target` folder, where the program lies, stays.

Why: the program is linked already, and the packed and unpacked sources of all crates are not read again. (To ship no
Rust at all needs a second stage.)

Before:

    FROM rust:1.79
    WORKDIR /src
    COPY . .
    RUN cargo install --locked --path .
    CMD ["server"]

After:

    FROM rust:1.79
    WORKDIR /src
    COPY . .
    RUN cargo install --locked --path . && rm -rf /usr/local/cargo/registry /usr/local/cargo/git
    CMD ["server"]

Level: standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined
from rewriter.facts import Facts, Run
from rewriter.steps import caches
from rewriter.steps.cleaning import clean_behind, last_uses, may_use, mount, named_later, run_as, started, used_later
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call, spelling

_NAMES = re.compile(
    r"\bregistry/(?:src|index|cache)\b|\bcargo/(?:registry|git)\b|\bCARGO_NET_OFFLINE\b|--offline\b|--frozen\b"
)
_BY_HAND = re.compile(r"registry|CARGO_HOME|\.cargo\b|/cargo\b")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for the last Cargo command of each step."""
    for run, last in last_uses(facts, _uses, _may_use):
        if found := _judge(file, facts, run, last):
            yield found


def _uses(call: Call) -> bool:
    prepares = call.subcommand == "chef" and any(word.raw == "prepare" for word in call.operands)
    return call.program == "cargo" and call.subcommand in spelling("cargo").install and not prepares


def _may_use(call: Call) -> bool:
    return _uses(call) or (call.program != "cargo" and may_use(call, "cargo"))


def _judge(file: Dockerfile, facts: Facts, run: Run, call: Call) -> Change | Declined | None:
    at, shipped = run.at(call), facts.shipped(run.image)
    if caches.mounted(run, "cargo"):
        return None
    wanted = caches.mounts_wanted(facts, "cargo")
    if not wanted and (not shipped or _by_hand(run)):
        return None
    words = started(facts, "cargo") if shipped else ()
    if isinstance(words, str):
        return Declined(words, at)
    if line := named_later(facts, run, _NAMES):
        return Declined(f"line {line} names Cargo's registry or builds offline, and may need it", at)
    if wanted:
        if line := used_later(facts, run, lambda other: _may_use(other) and not _uses(other)):
            reason = f"line {line} may use Cargo too, and would miss what is in a mounted cache: mount it there"
            return Declined(reason, at)
        return mount(file, facts, run, "cargo", call, "Cargo downloads the same crates in every build")
    if line := used_later(facts, run, _may_use):
        return Declined(f"line {line} may use Cargo again: join the two steps, or build in a stage of its own", at)
    home = run.state.env.get("CARGO_HOME")
    if not isinstance(home, str) or not home.startswith("/") or "CARGO_HOME" in run.script.text:
        return Declined("CARGO_HOME is not known: remove its registry in the same step", at)
    if not facts.is_root(run) and not call.sudo:
        return Declined("the step does not run as root, and the registry may not be its own", at)
    command = run_as(call, f"rm -rf {home}/registry {home}/git")
    edit = clean_behind(file, run, call, command, everywhere=True)
    if isinstance(edit, str):
        return Declined(f"{edit}: {command} has to be added by hand", at)
    evidence = (facts.line(run.instruction, "no later step uses Cargo, nor does the start command"),)
    return Change("the sources of all crates stay in the image", (edit,), at, Alters.KEPT, False, evidence)


def _by_hand(run: Run) -> bool:
    return any(call.program == "rm" and _BY_HAND.search(word.raw) for call in run.calls for word in call.operands)
