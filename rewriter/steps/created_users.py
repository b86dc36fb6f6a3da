"""The users that a stage's steps create, and who a COPY or a step belongs to by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rewriter.facts import ROOT, Facts, Run
from rewriter.image import StageImage, State
from rewriter.steps.accounts import known_group
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call


@dataclass(frozen=True, eq=False, slots=True)
class Created:
    """A user that `call` of `run` creates. `uid`, `group` and `home` are None where the step does not say them."""

    name: str
    uid: str | None
    group: str | None
    home: str | None
    run: Run
    call: Call


def created(facts: Facts, image: StageImage) -> Iterator[Created]:
    """The users that the steps of `image`, and of the stages that it grows from, create; the first one first.

    Sources: https://man7.org/linux/man-pages/man8/useradd.8.html,
    https://manpages.debian.org/stable/adduser/adduser.8.en.html and BusyBox's adduser.c
    """
    stages = {each.stage.index for each in facts.lineage(image)}
    for run in facts.runs:
        if run.image.stage.index not in stages:
            continue
        for call in run.calls:
            if call.program in ("useradd", "adduser") and len(call.operands) == 1 and call.operands[0].value:
                yield _created(run, call, call.operands[0].value)


def _created(run: Run, call: Call, name: str) -> Created:
    uid = call.value("-u", "--uid")
    if call.program == "useradd":
        own = not call.has("-N", "--no-user-group")
        group = call.value("-g", "--gid") or (name if own else None)
        home: str | None = call.value("-d", "--home-dir", "--home") or f"/home/{name}"
    else:
        system = call.has("-S", "-r", "--system")
        own = not system or call.has("--group")
        group = call.value("-G", "--ingroup", "--gid") or (name if own else None)
        home = call.value("-h", "--home") or (None if system else f"/home/{name}")
    return Created(name, uid if uid and uid.isdecimal() else None, group, home, run, call)


def owner(facts: Facts, image: StageImage, state: State, at: Instruction) -> str | None:
    """The user of `state`, in the words that `chown` and `COPY --chown` take in front of `at`: with the group where it
    is known. None for root, and for a user who may not be there yet.

    Source: https://docs.docker.com/reference/dockerfile/#copy---chown---chmod
    """
    user = state.user
    if not isinstance(user, str) or user in ROOT or not user:
        return None
    name, _, group = user.partition(":")
    if name.isdecimal():
        return user
    there = [each for each in created(facts, image) if each.name == name and before(each, at)]
    if not there and name not in image.base.users:
        return None
    own = group or (there[-1].group if there else known_group(name))
    return f"{name}:{own}" if own else name


def before(user: Created, at: Instruction) -> bool:
    """Whether the user is created above `at`, or in it."""
    return user.run.instruction.span.start <= at.span.start
