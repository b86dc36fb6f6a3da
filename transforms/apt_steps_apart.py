r"""An `apt-get update`, its installs and their clean-up in steps of their own.

What: makes one RUN of apt steps that follow one another, and puts an `apt-get update` that stands alone in front of the
install that needs it.

Why: a cached `apt-get update` goes stale: later the install asks for versions that the mirrors no longer have. A
clean-up in a step of its own frees nothing, because the layer below keeps the files.

Before:

    FROM debian:12
    RUN apt-get update
    RUN apt-get install -y git
    RUN apt-get install -y curl
    RUN rm -rf /var/lib/apt/lists/*

After:

    FROM debian:12
    RUN apt-get update && apt-get install -y \
        curl \
        git \
        && rm -rf /var/lib/apt/lists/*

Level: safe; standard where two lists of packages become one, and where an update moves past steps that may read its
lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rewriter.change import Alters, Change, Declined, Span
from rewriter.facts import Facts, Run
from rewriter.image import Unknown
from rewriter.steps.apt import (
    NO_UPDATE,
    PURE,
    READING,
    Kind,
    brings_sources,
    kind,
    only_updates,
    quiet_update,
    update_words,
    updates,
)
from rewriter.steps.apt_lists import Uses, uses
from rewriter.steps.cleaning import run_as
from rewriter.steps.edits import drop_instruction, insert_ahead
from rewriter.steps.merge import Piece, joins, merge, no_merge, steps
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call, call

_STALE = "`apt-get update` in a layer of its own goes stale: the install then asks for versions that are gone"
_APART = (
    "apt steps that follow one another are one: the lists are fetched once, and can go with the step that needs them"
)
_FREES_NOTHING = "a clean-up in a step of its own frees nothing: the layer below keeps the files"
_USELESS = "nothing uses the lists that this `apt-get update` leaves behind"


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each group of apt steps, and for each update that stands alone."""
    if "apt" not in file.source.text:
        return
    grouped: set[Run] = set()
    for image in facts.images:
        group: list[Run] = []
        why = ""
        for run in (*(facts.run(instruction) for instruction in image.stage.body), None):
            reason = _why(group, run) if run else None
            if run and reason:
                refused = no_merge(file, group[-1], run)
                if refused is None:
                    group.append(run)
                    why = reason if why != _STALE else why
                    continue
                if reason != _APART and not only_updates(group[-1]):
                    yield Declined(f"{reason}; {refused}", run.at(run.calls[0]))
            if len(group) > 1:
                grouped.update(group)
                yield from _merged(file, facts, group, why)
            group, why = [run] if run else [], ""
    for run in facts.runs:
        if run not in grouped and only_updates(run):
            if run.script.comments:
                yield Declined(
                    "the comment behind the update would be lost: put it on a line of its own", run.at(run.calls[0])
                )
            else:
                yield from _moved(file, facts, run)


def _kinds(run: Run) -> list[Kind]:
    return [kind(step) for step in run.chain or ()]


def _why(group: Sequence[Run], run: Run) -> str | None:
    """Why `run` belongs to the steps in front of it; None where it does not."""
    if not group or "apt" not in run.text.text:
        return None
    before, here = [k for member in group for k in _kinds(member)], _kinds(run)
    if not here or not {Kind.UPDATE, *READING} & set(before):
        return None
    if set(here) == {Kind.CLEAN}:
        return _FREES_NOTHING
    fetched = max((at for at, k in enumerate(before) if k is Kind.UPDATE), default=None)
    first = next((k for k in here if k is Kind.UPDATE or k in READING), None)
    pure = set(before) <= PURE
    if first is Kind.UPDATE and (set(before) <= {Kind.UPDATE, Kind.CLEAN} or not READING & set(here)):
        return None  # One of the two updates is of no use: see _moved.
    if pure and set(here) <= PURE:
        return _STALE if fetched is not None and first in READING else _APART
    if fetched is not None and set(before) <= {*PURE, Kind.SETUP} and set(here) <= PURE:
        return _APART
    if fetched is None or first not in READING or not (here[0] in READING or here[0] is Kind.PRELUDE):
        return None
    only_fetched = set(before) <= {*PURE, Kind.SETUP} and Kind.INSTALL not in before[fetched:]
    return _STALE if only_fetched else None


def _merged(file: Dockerfile, facts: Facts, group: Sequence[Run], why: str) -> Iterator[Change]:
    pieces = _needed([piece for run in group for piece in steps(run)])
    first, last = group[0].instruction, group[-1].instruction
    at = Span(first.span.start, last.span.end)
    evidence = tuple(facts.line(run.instruction, "a step of apt, next to the one before") for run in group[1:])
    if joins(file, pieces):
        # One list may be resolved otherwise than two, where packages exclude one another.
        yield Change(why, merge(file, pieces, join_lists=True), at, proven=False, evidence=evidence)
    yield Change(why, merge(file, pieces, join_lists=False), at, evidence=evidence)


def _needed(pieces: Sequence[Piece]) -> list[Piece]:
    """The steps without the clean-ups that a later one repeats, and without the updates that fetch nothing new."""
    kinds = [kind(piece.step) for piece in pieces]
    kept = [at for at in range(len(pieces)) if not _repeated(pieces, kinds, at)]
    needed: list[int] = []
    for at in kept:
        found = call(pieces[at].step)
        if found is None or kinds[at] is not Kind.UPDATE or not quiet_update(found) or not _fresh(pieces, needed):
            needed.append(at)
    return [pieces[at] for at in needed]


def _repeated(pieces: Sequence[Piece], kinds: Sequence[Kind], at: int) -> bool:
    """Whether a later RUN removes what the clean-up at `at` removes, and nothing but apt is between."""
    if kinds[at] is not Kind.CLEAN or not any(k in READING for k in kinds[:at]):
        return False
    for later in range(at + 1, len(pieces)):
        if kinds[later] not in PURE:
            return False
        if pieces[later].run is not pieces[at].run and _words(pieces[at]) <= _words(pieces[later]):
            return True
    return False


def _words(piece: Piece) -> set[str]:
    return {word.raw for word in piece.step.words}


def _fresh(pieces: Sequence[Piece], before: Sequence[int]) -> bool:
    """Whether the steps `before` leave lists that another update would not change."""
    for at in reversed(before):
        found = call(pieces[at].step)
        match kind(pieces[at].step):
            case Kind.UPDATE:
                return found is not None and quiet_update(found)
            case Kind.INSTALL if found and not brings_sources(found):
                continue
            case Kind.UPGRADE | Kind.OTHER_APT:
                continue
            case Kind.CLEAN if found and found.program in ("apt-get", "apt", "aptitude"):
                continue
            case _:
                return False
    return False


def _moved(file: Dockerfile, facts: Facts, run: Run) -> Iterator[Change | Declined]:
    """Put the update in front of the installs that need it, or drop it where none does."""
    update = next(found for found in reversed(run.calls) if updates(found))
    found, at = uses(facts, run), run.at(update)
    if found.surely:
        yield Declined(f"the lists must stay: {found.surely}", at)
    elif isinstance(run.state.shell, Unknown) and not _shown_elsewhere(facts, run):
        yield Declined("the base is not known: [bases] in the configuration can say what it is like", at)
    elif found.unknown and not found.needy:
        yield Declined(f"which step the lists are for cannot be seen: {found.unknown[0]}", at)
    else:
        first = _first(facts, found)
        inserted = [
            insert_ahead(file, other, anchor, run_as(needy, update_words(update))) for other, anchor, needy in first
        ]
        if None in inserted:
            yield Declined(f"the install that needs it stands where {NO_UPDATE}", at)
            return
        edits = (*drop_instruction(file, run.instruction), *(edit for edit in inserted if edit))
        evidence = [facts.line(other.instruction, "installs without an update") for other, _, _ in first]
        yield Change(
            _STALE if found.needy else _USELESS,
            edits,
            at,
            Alters.KEPT,
            not found.doubts,
            (*evidence, *found.doubts),
            frozenset(("steps",)),
        )


def _first(facts: Facts, found: Uses) -> list[tuple[Run, Statement, Call]]:
    """The first commands that need an update: what comes behind them, or in stages on top, uses its lists."""
    first: list[tuple[Run, Statement, Call]] = []
    for needy in found.needy:
        image, served = needy[0].image, {run.image.stage.index for run, _, _ in first}
        while image.stage.index not in served and image.parent is not None:
            image = facts.images[image.parent]
        if image.stage.index not in served:
            first.append(needy)
    return first


def _shown_elsewhere(facts: Facts, run: Run) -> bool:
    """Whether another step of the stage shows as well that its base has apt, and so a shell that is understood."""
    return any(
        other is not run
        and other.image is run.image
        and any(c.program in ("apt-get", "apt") and c.subcommand in ("update", "install") for c in other.plain_calls)
        for other in facts.runs
    )
