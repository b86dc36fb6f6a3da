"""Runs an image under a read-only root file system, without capabilities and new privileges, and finds out what it
would need where it does not work so."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rewriter import knowledge
from rewriter.verify.engine import Engine, Image, Launch
from rewriter.verify.model import Behaviour, Hardened
from rewriter.verify.running.asking import last_line
from rewriter.verify.running.behaviour import observe
from rewriter.verify.running.complaints import Complaint, Need, allowing, complaints, filled
from rewriter.verify.running.questions import Plan
from rewriter.verify.trouble import Trouble

# How many needs are looked for, and how long a start that fails is waited for: some seconds, or a few times as long as
# the same program took without restrictions.
_ROUNDS, _SECONDS, _TIMES = 10, 5.0, 3.0
_READ_ONLY = "--read-only=false"


@dataclass(frozen=True, slots=True)
class _Trial:
    """An image to be tried in different ways, and how it behaves without restrictions."""

    engine: Engine
    image: Image
    plan: Plan
    usual: Behaviour

    def run(self, needs: Sequence[Need]) -> Behaviour:
        """How the program behaves with what it is given; a mount that the engine refuses gives it nothing."""
        words = tuple(word for need in needs for word in need.words)
        try:
            launch = Launch(hardened=True, extra=words)
            return observe(self.engine, self.image, self.plan, launch, once=True)
        except Trouble as error:
            if not needs or type(error) is not Trouble:
                raise
            return Behaviour((), working=False, logs=str(error))

    def works(self, seen: Behaviour) -> bool:
        """Whether the answers are those that the program gives without restrictions."""
        return [(each.asked, each.status) for each in seen.answers] == [
            (each.asked, each.status) for each in self.usual.answers
        ]

    def complaints(self, seen: Behaviour) -> tuple[Complaint, ...]:
        said = [
            seen.logs,
            *(text for each in seen.answers for text in (each.status, each.body.decode("utf-8", "replace"))),
        ]
        return tuple(complaints("\n".join(said), self.image.settings.workdir))


def hardened(engine: Engine, image: Image, plan: Plan, usual: Behaviour) -> Hardened:
    """Whether `image` answers as in `usual` (its behaviour without restrictions) with a read-only root, no capabilities
    and no new privileges; where not, what it would need, as sentences.

    What its messages complain about is given to it, one thing after the other, and kept where the complaint is gone;
    where they say nothing, each restriction is lifted in turn. What it works without in the end is not named. Raises
    `Trouble` where the engine fails.
    """
    patience = min(plan.questions.patience, _SECONDS + _TIMES * (usual.ready or 0))
    trial = _Trial(engine, image, replace(plan, questions=replace(plan.questions, patience=patience)), usual)
    seen = trial.run(())
    if trial.works(seen):
        return Hardened(working=True)
    needs: list[Need] = []
    while not trial.works(seen) and len(needs) < _ROUNDS and (found := _helpful(trial, needs, seen)):
        need, seen = found
        needs.append(need)
    if not trial.works(seen):
        guessed = _guessed(trial, needs)
        if not guessed:
            said = last_line(seen.logs) or next((each.status for each in seen.answers), "")
            return Hardened(
                False, (*(need.sentence for need in needs), f"more than could be found out; it says: {said}")
            )
        needs += guessed
    return Hardened(False, tuple(need.sentence for need in _needed(trial, needs)))


def _helpful(trial: _Trial, needs: list[Need], seen: Behaviour) -> tuple[Need, Behaviour] | None:
    """A need behind a complaint with which the program works, or else goes on to a complaint about another path.

    One with which it only falls silent, or is denied something, may have hidden its own files from it, or given them to
    another user: that counts where there is no better; the last need of a complaint hides nothing. Where a second
    folder of the same parent is needed, an empty parent is tried first, in the place of both.
    """
    parents = {posixpath.dirname(need.folder) for need in needs}
    for complaint in trial.complaints(seen):
        fair: tuple[Need, Behaviour] | None = None
        for need in sorted(complaint.needs, key=lambda need: not (need.empty and need.folder in parents)):
            now = trial.run([*needs, need])
            left = {each.about for each in trial.complaints(now)}
            if trial.works(now) or (complaint.about not in left and any(each.startswith("/") for each in left)):
                return need, now
            if complaint.about not in left and (fair is None or not left):
                fair = need, now
        if fair is not None:
            return fair
    return None


def _guessed(trial: _Trial, needs: list[Need]) -> list[Need]:
    """Restrictions of which each is needed to be lifted, beside the `needs`, for a program that does not say what it
    lacks; nothing where it does not work without them all either."""
    folders = dict.fromkeys((trial.image.settings.workdir or "/", *knowledge.table("hardening")["folders"]["names"]))
    lifted = [
        Need((_READ_ONLY,), "a folder that it can write: `docker diff` on a container shows which files it writes"),
        *(filled(folder) for folder in folders if folder != "/"),
        Need(allowing((), privileges=True), "new privileges, as a program with the setuid bit gains them"),
        *(Need(allowing((name,)), f"the capability {name}") for name in _capabilities()),
    ]
    return _needed(trial, lifted, needs) if trial.works(trial.run([*needs, *lifted])) else []


def _capabilities() -> list[str]:
    names: list[str] = knowledge.table("hardening")["capabilities"]["names"]
    return names


def _needed(trial: _Trial, needs: list[Need], others: Sequence[Need] = ()) -> list[Need]:
    """The needs without those that the program works without, as far as they can be left out from the first one on;
    many are left out at once first."""
    if len(needs) + len(others) == 1:
        return needs
    left, size = needs, max(1, len(needs) // 2)
    while size:
        at = 0
        while at < len(left):
            fewer = left[:at] + left[at + size :]
            if trial.works(trial.run([*others, *fewer])):
                left = fewer
            else:
                at += size
        size //= 2
    return left
