"""A step that rarely changes, below one that often does.

What: moves the installation of system packages, and what belongs to it, above the COPY of the source; and moves a build
argument that names the commit (`ARG GIT_SHA`), with the labels and variables made of it, down to where it is needed.

Why: a step is reused only while all above it is unchanged. Below the source, packages are installed again after each
edit; and a build argument is part of the environment of every RUN below it, used or not.

Before:

    FROM debian:12
    ARG GIT_SHA
    WORKDIR /srv/app
    COPY . .
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
    LABEL org.opencontainers.image.revision=$GIT_SHA
    CMD ["./serve"]

After:

    FROM debian:12
    WORKDIR /srv/app
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
    COPY . .
    ARG GIT_SHA
    LABEL org.opencontainers.image.revision=$GIT_SHA
    CMD ["./serve"]

Level: safe, as only steps change places of which it is known that neither reads what the other writes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rewriter import effects
from rewriter.change import Alters, Change, Declined, Edit, Evidence, apply
from rewriter.effects.commands import path_like
from rewriter.facts import Facts, Run
from rewriter.image import RUN_SEES, StageImage, State
from rewriter.layers import Layer, model, one_line, repeated, share, shortened
from rewriter.order.moves import move
from rewriter.order.sinking import MAKES_FILES, WORTH, sink
from rewriter.source import Source
from rewriter.steps.costs import kind_of
from rewriter.steps.provenance import declared, is_provenance
from rewriter.syntax.reader import read
from rewriter.syntax.tree import Dockerfile, Instruction

_STABLE = frozenset(("system-packages", "accounts"))
_INSTALLS = re.compile(r"\b(?:apt|apt-get|aptitude|dpkg|apk|(?:micro|t)?dnf|yum|rpm|zypper|pacman)\b")
_SETTINGS = frozenset(("ARG", "ENV", "SHELL", "USER", "WORKDIR"))
# Commands that start in any folder: the first name no files, the others only those that they are given.
_NO_PATHS = frozenset((":", "echo", "printf", "true", "set", "ldconfig", "update-ca-certificates", "addgroup"))
_PATHS = frozenset(("rm", "mkdir", "touch"))
# How many pairs of steps are compared: more than any Dockerfile that a person wrote asks for.
_PAIRS = 10_000
_ODD = frozenset(("function", "test", "case", "loop"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield at most two changes for each stage: one for its build arguments, one for its installs."""
    for image in facts.images:
        mine = _of_stage(model(facts), image) if _possible(file, image) else []
        if any(layer.used for layer in mine):
            yield from _arguments(file, facts, image, mine)
            yield from _installs(file, facts, image, mine)


# Installs, up


@dataclass(frozen=True, slots=True)
class _Rise:
    """The steps (places in the stage's body) that move above the COPY at `top`, the edits that do it, and why others
    stay below."""

    top: int
    moved: tuple[int, ...]
    edits: tuple[Edit, ...]
    reasons: Mapping[int, str]


def _installs(
    file: Dockerfile, facts: Facts, image: StageImage, layers: Sequence[Layer]
) -> Iterator[Change | Declined]:
    """The steps that install system packages move above the first COPY that a source edit repeats."""
    body, rise = image.stage.body, _rise(file, facts, image, layers)
    if rise is None:
        return
    for at, reason in rise.reasons.items():
        yield Declined(f"line {body[at].first_line} runs again after each edit of the source: {reason}", body[at].span)
    if not rise.edits or _gain(facts, rise.edits) <= 0:
        return
    runs = [body[at] for at in rise.moved if body[at].keyword == "RUN"]
    lines = _list([f"line {run.first_line}" for run in runs])
    verbs = ("needs", "runs") if len(runs) == 1 else ("need", "run")
    copy = shortened(layers[rise.top].text)
    message = f"{copy} stands above {lines}, which {verbs[0]} nothing of it and {verbs[1]} again after each edit"
    evidence = [facts.line(run, "meets nothing of what is copied above it") for run in runs]
    yield _change(facts, image, message, rise.edits, runs[0], evidence)


def _rise(file: Dockerfile, facts: Facts, image: StageImage, layers: Sequence[Layer]) -> _Rise | None:
    """Which installs may move above the first COPY that a source edit repeats; None where there is no such COPY."""
    body = image.stage.body
    missed = _first_miss(body, layers)
    if missed is None or body[missed].keyword not in ("COPY", "ADD"):
        return None
    stable = [i for i in range(missed + 1, len(body)) if layers[i].kind in _STABLE and facts.run(body[i])]
    if len(stable) * (len(body) - missed) > _PAIRS:
        return None
    moved, reasons = _crossing(facts, body, missed, stable)
    # What costs next to nothing stays, unless it stands beside what moves.
    while light := [i for i in stable if i in moved and layers[i].cost < WORTH and not moved & {i - 1, i + 1}]:
        stable = [i for i in stable if i not in light]
        moved, reasons = _crossing(facts, body, missed, stable)
    told = {at: reason for at, reason in reasons.items() if layers[at].cost >= WORTH}
    if sum(layers[at].cost for at in moved) < WORTH:
        return _Rise(missed, (), (), told)
    edits = move(file, [body[at] for at in sorted(moved)], before=body[missed])
    return _Rise(missed, tuple(sorted(moved)), edits or (), told)


def _first_miss(body: Sequence[Instruction], layers: Sequence[Layer]) -> int | None:
    """The first step that a source edit repeats, of those that make files."""
    steps = enumerate(zip(body, layers, strict=True))
    return next((i for i, (s, la) in steps if s.keyword in MAKES_FILES and "source" in la.reruns), None)


def _crossing(
    facts: Facts, body: Sequence[Instruction], top: int, stable: Sequence[int]
) -> tuple[set[int], dict[int, str]]:
    """What may move above `body[top]`: steps of `stable`, with the settings that they need; and why others may not."""
    moved: set[int] = set()
    reasons: dict[int, str] = {}
    for at in stable:
        along = {at}
        for above in range(at - 1, top - 1, -1):
            if above in moved:
                continue
            conflicts = (_conflict(facts, body[above], body[i]) for i in along)
            reason = next((reason for reason in conflicts if reason), None)
            if reason and body[above].keyword in _SETTINGS and not _provenance(facts.file, body[above]):
                along.add(above)
            elif reason:
                reasons[at] = f"it cannot move above line {body[above].first_line}: {reason}"
                break
        else:
            moved |= along
    return moved, reasons


def _conflict(facts: Facts, above: Instruction, step: Instruction) -> str | None:
    """Why `step` cannot move above another; where a command runs does not matter to one that names no path from it."""
    run = facts.run(step)
    if above.keyword != "WORKDIR" or run is None or not _anywhere(run):
        return effects.conflict(facts, above, step)
    effect = effects.of(facts, step)
    return effects.clash(effects.of(facts, above), replace(effect, uses=effect.uses - {"workdir"}))


def _anywhere(run: Run) -> bool:
    """Whether the step does the same in whatever folder it starts."""
    if run.script.substitutions or any(s.kind in _ODD for s in run.script.root.walk()):
        return False
    for call in run.calls:
        targets = [redirect.target for redirect in call.statement.redirects if redirect.target]
        paths = [*targets, *(() if call.program in _NO_PATHS or call.installs else call.operands)]
        values = [option.value for option in call.options if option.value]
        if kind_of(call) not in _STABLE and call.program not in _NO_PATHS | _PATHS:
            return False
        if any(not word.raw.startswith("/") for word in paths if word.raw not in ("1", "2")):
            return False
        if any(path_like(word.raw) and not word.raw.startswith("/") for word in call.operands):
            return False
        if any("/" in value and not value.startswith("/") for value in values):
            return False
    return bool(run.calls)


# Build arguments, down


def _arguments(
    file: Dockerfile, facts: Facts, image: StageImage, layers: Sequence[Layer]
) -> Iterator[Change | Declined]:
    """The build arguments that a commit changes move down, with what is made of them."""
    body = image.stage.body
    walk = sink(file, facts, image, layers)
    rise = _rise(file, facts, image, layers)
    hindered = {_first_miss(body, layers), *(rise.moved if rise else ())}
    for at, (other, reason) in walk.reasons.items():
        if other in hindered:
            line = f"line {body[other].first_line}"
            yield Declined(f"{body[at].value} repeats {line} with each commit: {reason}", body[at].span)
    edits: list[Edit] = []
    for group, to in walk.moves:
        chosen = [body[i] for i in group]
        found = move(file, chosen, before=body[to]) if to < len(body) else move(file, chosen, behind=body[-1])
        if found is None:
            return
        edits += found
    if not edits or not _leads_on(facts, image, edits, rise):
        return
    arguments = [body[i] for group, _ in walk.moves for i in group if body[i].keyword == "ARG"]
    names = [name for arg in arguments for name in declared(arg, file.escape)]
    evidence = [facts.line(arg, "is handed in anew with each commit or build") for arg in arguments]
    message = f"{_list(names)}: a build argument is part of each RUN below it, also of those that do not need it"
    yield _change(facts, image, message, edits, arguments[0], evidence)


def _leads_on(facts: Facts, image: StageImage, edits: Sequence[Edit], rise: _Rise | None) -> bool:
    """Whether the edits gain something by themselves, or let the installs behind them gain more than they would."""
    if _gain(facts, edits) > 0:
        return True
    after = _after(facts, edits)
    other = after.images[image.stage.index]
    behind = _rise(after.file, after, other, _of_stage(model(after), other))
    alone = _gain(facts, rise.edits) if rise else 0.0
    return behind is not None and bool(behind.edits) and _gain(after, behind.edits) > max(alone, 0.0)


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _provenance(file: Dockerfile, step: Instruction) -> bool:
    """Whether the step declares a build argument that each commit may change: nothing gains by standing below it."""
    return step.keyword == "ARG" and any(is_provenance(name, None) for name in declared(step, file.escape))


def _possible(file: Dockerfile, image: StageImage) -> bool:
    """Whether the words of a stage are such that it may have something to move: a quick look before a long one."""
    copied = False
    for step in image.stage.body:
        match step.keyword:
            case "ARG" if _provenance(file, step):
                return True
            case "COPY" | "ADD":
                copied = True
            case "RUN" if copied and _INSTALLS.search(step.value + "".join(file.text(h.body) for h in step.heredocs)):
                return True
    return False


def _of_stage(layers: Sequence[Layer], image: StageImage) -> list[Layer]:
    """The layers of the stage's body: the first one is the FROM."""
    return [layer for layer in layers if layer.stage == image.stage.index][1:]


def _after(facts: Facts, edits: Sequence[Edit]) -> Facts:
    return Facts(read(Source(apply(facts.file.source.text, edits))), facts.options, facts.project)


def _gain(facts: Facts, edits: Sequence[Edit]) -> float:
    """How much less of the build a source edit repeats after `edits`."""
    return share(model(facts), "source") - share(model(_after(facts, edits)), "source")


def _change(
    facts: Facts,
    image: StageImage,
    message: str,
    edits: Sequence[Edit],
    at: Instruction,
    evidence: Sequence[Evidence],
) -> Change:
    """The change that reorders a stage; it declares what its RUN steps see otherwise than before."""
    after = _after(facts, edits)
    if said := repeated(facts, after.file.source.text):
        evidence = (*evidence, Evidence(said))
    old, new = _seen(facts, image), _seen(after, after.images[image.stage.index])
    seen = {
        part for text, states in old.items() for part in RUN_SEES if _parts(states, part) != _parts(new[text], part)
    }
    return Change(message, tuple(edits), at.span, Alters.ORDER, True, tuple(evidence), frozenset(seen))


def _seen(facts: Facts, image: StageImage) -> dict[str, list[State]]:
    """By the text of each RUN of a stage, the settings in front of it."""
    found: dict[str, list[State]] = defaultdict(list)
    for state, step in zip(image.before, image.stage.body, strict=True):
        if step.keyword == "RUN":
            found[one_line(facts.file, step)].append(state)
    return found


def _parts(states: Sequence[State], part: str) -> list[object]:
    return [getattr(state, part) for state in states]
