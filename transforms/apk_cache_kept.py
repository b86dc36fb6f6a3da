"""An `apk add` that leaves the package index in the image.

What: writes `apk add --no-cache` for `apk update && apk add`, `apk add --update` and plain `apk add`, in stages that
are shipped, and takes out the `apk update` and the `rm -rf /var/cache/apk/*` that are then of no use. Steps that share
one index change together or not at all. With `cache = "mount"` too: apk has no cache of packages to mount.

Why: the index is a few megabytes that only the next `apk` reads, and it is out of date by then. An `apk update` in a
layer of its own is also reused long after the packages it lists are gone from the server.

Before:

    FROM alpine:3.20
    RUN apk update && apk add curl && rm -rf /var/cache/apk/*

After:

    FROM alpine:3.20
    RUN apk add --no-cache curl

Level: safe where apk is known to have the flag (Alpine 3.3, 2015) and nothing can miss the index; else standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Evidence, overlap
from rewriter.facts import Facts, Run
from rewriter.knowledge.bases import Base
from rewriter.steps.caches import knows_flags, mounted, removed, removed_alone
from rewriter.steps.edits import cut_commands, cut_words, drop_instruction, replace_word, word_after
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call
from rewriter.syntax.vocabulary import call as understood

_FETCHES = frozenset(("add", "upgrade", "fix"))  # they want the index, and take --no-cache
_READS = frozenset(("fetch", "search", "policy", "list", "version", "dot"))  # they read an index that is there
_REFRESHES = frozenset(("-U", "--update", "--update-cache"))
# A cache that the file sets up itself, and work without network.
_OWN_CACHE = re.compile(r"/etc/apk/cache|setup-apkcache|--cache-dir|--cache-max-age|--no-network")
# From this Alpine on, whatever wants an index that is missing or old fetches it (apk-tools 2.8, --cache-max-age).
# Source: https://gitlab.alpinelinux.org/alpine/apk-tools/-/tags/v2.8.0
_REFRESHED_SINCE = (3, 8)
# Commands that may call apk, so that their clean-up has to stay.
_SCRIPTS = frozenset(("sh", "bash", "ash", "make", "source", ".", "eval", "xargs"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each group of steps that share one index."""
    steps = [run for run in facts.runs if any(call.program == "apk" for call in run.calls)]
    done: set[Run] = set()
    for run in steps:
        if run not in done:
            group = _group(facts, run, steps)
            done.update(group)
            if found := _change(file, facts, group):
                yield found


def _group(facts: Facts, run: Run, steps: list[Run]) -> list[Run]:
    """`run`, and with it, where it leaves an index behind, the steps on top of it that rely on that."""
    if not _leaves_index(run):
        return [run]
    above = {instruction.span.start for instruction in facts.later(run.instruction)}
    return [run, *(other for other in steps if other.instruction.span.start in above and _relies(other))]


def _leaves_index(run: Run) -> bool:
    calls = [call for call in run.calls if call.program == "apk" and not call.has("--no-cache")]
    fetched = any(c.subcommand == "update" or (c.subcommand in _FETCHES and c.has(*_REFRESHES)) for c in calls)
    return fetched and not any(removed(call, "apk") for call in run.calls)


def _relies(run: Run) -> bool:
    """Whether the step's first apk command that wants an index does not fetch one itself."""
    wanting = (c for c in run.calls if c.program == "apk" and c.subcommand in ("update", *_FETCHES, *_READS))
    first = next(wanting, None)
    return first is not None and first.subcommand != "update" and not first.has("--no-cache", *_REFRESHES)


def _change(file: Dockerfile, facts: Facts, group: list[Run]) -> Change | Declined | None:
    """The change for one group, if it is shipped, or keeps an index in a layer of its own."""
    calls = [(run, call) for run in group for call in run.calls if call.program == "apk"]
    bare = [(r, c) for r, c in calls if c.subcommand in _FETCHES and not c.has("--no-cache")]
    updates = [(r, c) for r, c in calls if c.subcommand == "update"]
    if not (bare or updates) or not any(call.subcommand in _FETCHES for _, call in calls):
        return None
    apart = bool(updates) and len(group) > 1
    if not apart and not any(facts.shipped(run.image) for run in group):
        return None
    if any(mounted(run, "apk") or run.mounts("/etc/apk/cache") for run in group):
        return None
    run, call = (updates or bare)[0]
    at, base = run.at(call), run.image.base
    known = knows_flags(base, "apk")
    if known is None and "alpine" in base.variant:
        # The official images have had an alpine variant since Alpine 3.3.
        # Source: https://github.com/docker-library/official-images (history of 2015 and 2016)
        known = True
    if known is False:
        return Declined(f"apk of {base.distribution} {base.release} has no --no-cache", at)
    if reason := _kept(file, calls):
        return Declined(reason, at)
    edits = _edits(file, group, bare, updates)
    if edits is None:
        return Declined("its `apk update` cannot be taken out of the step: do that by hand", at)
    fact = "is not older than Alpine 3.3" if known else "does not show how old its apk is"
    evidence = Evidence(f"{base.name} {fact}", run.image.stage.start.first_line)
    cleaned = not bare and not any(_leaves_index(run) or _may_fetch(run) for run in group)
    message = "apk leaves its package index in the image"
    if apart:
        message = "an index in a layer of its own goes out of date"
    elif cleaned:
        message = "`apk update` fetches an index that `apk add --no-cache` does not use"
    proven = known is True and (cleaned or not updates or _refreshes(base))
    return Change(message, edits, at, Alters.KEPT, proven, (evidence,), frozenset(("steps",) if apart else ()))


def _refreshes(base: Base) -> bool:
    """Whether the base's apk fetches a missing index by itself, so that nobody can miss the one of `apk update`."""
    if base.release is None:
        return base.version is None
    numbers = tuple(int(part) for part in re.findall(r"\d+", base.release))[:2]
    return base.distribution != "alpine" or not numbers or numbers >= _REFRESHED_SINCE


def _kept(file: Dockerfile, calls: list[tuple[Run, Call]]) -> str | None:
    """Why the index or a cache must stay."""
    for instruction in file.instructions:
        if instruction.keyword in ("RUN", "ONBUILD") and (own := _OWN_CACHE.search(instruction.value)):
            return f"line {instruction.first_line} has a cache of its own ({own[0]})"
    for run, call in calls:
        if call.has("-p", "--root", "--initdb"):
            return "apk works on another root folder"
        if call.subcommand in ("cache", *_READS) and not call.has("--no-cache"):
            return f"`apk {call.subcommand}` in line {run.instruction.first_line} reads what is kept"
    return None


def _edits(
    file: Dockerfile, group: list[Run], bare: list[tuple[Run, Call]], updates: list[tuple[Run, Call]]
) -> tuple[Edit, ...] | None:
    edits: list[Edit] = []
    for run, call in bare:
        refresh = [option.word for option in call.options if option.word.raw in _REFRESHES]
        assert call.subcommand_word is not None
        if refresh:
            edits.append(replace_word(run, refresh[0], "--no-cache"))
        else:
            edits.append(word_after(run, call.subcommand_word, "--no-cache"))
    for run in group:
        gone = [call.statement for where, call in updates if where is run]
        useless = [] if _may_fetch(run) else [c for c in run.calls if removed_alone(c, "apk")]
        whole = [call.statement for call in useless if len(removed_alone(call, "apk")) == len(call.operands)]
        cuts = _cuts(file, run, [*gone, *whole])
        if cuts is None and whole:
            cuts = _cuts(file, run, gone)
        if cuts is None:
            return None
        edits += cuts
        for call in useless:
            if call.statement not in whole:
                edits += cut_words(file, run, *removed_alone(call, "apk")) or ()
    return None if overlap(edits) else tuple(edits)


def _may_fetch(run: Run) -> bool:
    """Whether the step runs a script, or a command that only a variable names, which may call apk."""
    if any(call.program in _SCRIPTS or "/" in call.program for call in run.calls):
        return True
    return any(statement.words and understood(statement) is None for statement in run.script.commands())


def _cuts(file: Dockerfile, run: Run, gone: list[Statement]) -> tuple[Edit, ...] | None:
    """Take the commands `gone` out of the step, or the whole step where they are all of it; None where that fails."""
    if set(run.script.commands()) <= set(gone) and gone and not run.script.comments:
        return drop_instruction(file, run.instruction)
    return cut_commands(file, run, gone)
