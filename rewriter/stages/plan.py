"""Where a stage is cut, and whether it can be.

The stage's own instructions keep their order and their words: those above the cut are the build stage, those below it
stay as they are. The runtime stage begins with what its image would otherwise lack (`repeated`, `carried`, `trimmed`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rewriter.stages.items import Plan
from rewriter.stages.kit import Cut, Obstacle, Role, Shown
from rewriter.stages.packages import Division, divide
from rewriter.stages.repeated import RuntimeStage, needed
from rewriter.stages.shape import Kit, Refused, Step, for_others, installed, steps
from rewriter.stages.told import open_tag, told_to_build
from rewriter.syntax.tree import Instruction

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*(?:[=~<>]+[\w.:+~*-]+)?\Z", re.ASCII)


def plan(stage: Shown, kit: Kit) -> Plan | None:
    """How `stage` is cut; None where it builds nothing, or where nothing would be gained. Raises `Refused`."""
    found = steps(stage, kit)
    building = [step for step in found if Role.BUILDS in step.roles]
    if not building:
        return None
    body = stage.image.stage.body
    last = body.index(building[-1].instruction)
    before, after = body[: last + 1], body[last + 1 :]
    _check(stage, before)
    upper = [step for step in found if step.instruction in before]
    _check_removals([step for step in found if step.instruction in after])
    divisions = {step.instruction.span.start: _division(stage, step) for step in upper}
    packages = [name for each in divisions.values() for name in needed(each)]
    tools = [name for each in divisions.values() for name in each.build]
    sets = any(Role.SETS in step.roles for step in upper)
    runs = bool(packages) or sets or any(instruction.keyword == "RUN" for instruction in after)
    builds = [command for step in upper for command in step.of(Role.BUILDS)]
    runtime = kit.runtime(stage, Cut(before, after, builds, runs, packages, tools))
    if runtime is None:
        return None
    if isinstance(runtime, Obstacle):
        raise Refused(runtime.reason, stage.image.stage.start.span)
    if reason := open_tag(stage, runtime.base) or told_to_build(stage, runtime.base):
        raise Refused(reason, stage.image.stage.start.span)
    return RuntimeStage(stage, upper, divisions, runtime).plan(before, after)


def _check(stage: Shown, before: Sequence[Instruction]) -> None:
    """Raise `Refused` where the stage is none that can be cut."""
    image = stage.image
    if image.parent is not None:
        raise Refused(
            "the stage grows from another one of the file, which would have to be divided as well",
            image.stage.start.span,
        )
    if reason := for_others(stage):
        raise Refused(reason, image.stage.start.span)
    users = [instruction for instruction in before if instruction.keyword == "USER"]
    if len(users) > 1:
        raise Refused("the user changes more than once in front of the last step that builds", users[1].span)


def _check_removals(lower: Sequence[Step]) -> None:
    """Raise `Refused` where a step below the cut removes packages: apk and apt-get fail on those that are not there."""
    for step in lower:
        for command in step.of(Role.PACKAGES):
            if command.call.subcommand in ("del", "remove", "purge") and command.call.operands:
                raise Refused(
                    f"line {step.instruction.first_line} removes packages, which the runtime stage would not have",
                    step.run.at(command.call),
                )


def _division(stage: Shown, step: Step) -> Division:
    names = list(installed(step))
    odd = next((name for name in names if not _PACKAGE.match(name)), None)
    if odd:
        raise Refused(f"what {odd} installs is not known", step.instruction.span)
    for command in step.of(Role.PACKAGES):
        if command.call.installs and command.call not in step.run.plain_calls:
            raise Refused("the step does not always install its packages", step.instruction.span)
        if command.call.subcommand in ("upgrade", "dist-upgrade", "full-upgrade"):
            raise Refused(
                f"{command.call.program} {command.call.subcommand} would have to be repeated", step.instruction.span
            )
    return divide(names, stage.image)
