"""What each step of a stage is for: building, running, setting up, packages of the distribution."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Protocol, cast

from rewriter import knowledge
from rewriter.change import Span
from rewriter.effects import of_call
from rewriter.effects.substitutions import inner_scripts
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.knowledge.base_table import SAME_IMAGE, split
from rewriter.stages.bases import slim
from rewriter.stages.kit import Command, Counterpart, Cut, Minimal, Obstacle, Role, Runtime, Shown
from rewriter.steps.apt import empties
from rewriter.steps.downloads import with_folders
from rewriter.steps.final_view import copied_stage, final_view
from rewriter.steps.start import start
from rewriter.syntax.shell import parse
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call, call


class Kit(Protocol):
    """The module of an ecosystem; see `rewriter.stages.kit`."""

    def role(self, command: Command, shown: Shown) -> Role | Obstacle | None: ...
    def runtime(self, shown: Shown, cut: Cut) -> Runtime | Obstacle | None: ...
    def counterpart(self, shown: Shown) -> Counterpart | Obstacle | None: ...
    def minimal(self, shown: Shown) -> Minimal | Obstacle | None: ...


class Refused(Exception):
    """Why a stage is left as it is, and the place that is in the way."""

    def __init__(self, reason: str, at: Span) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One RUN of a stage, with its commands and what they are for; those that leave nothing behind are not among
    them."""

    run: Run
    commands: tuple[tuple[Command, Role], ...]

    @property
    def instruction(self) -> Instruction:
        return self.run.instruction

    def of(self, role: Role) -> list[Command]:
        """The commands that are for `role`."""
        return [command for command, its in self.commands if its is role]

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(role for _, role in self.commands)


def kit_of(image: StageImage) -> Kit | None:
    """The kit that knows the base image of `image`; None where there is none."""
    name = SAME_IMAGE.sub("", split(image.base.reference)[0])
    module = _kits().get(name)
    return cast("Kit", import_module(f"rewriter.stages.{module}.kit")) if module and image.base.known else None


def kit_for(facts: Facts, image: StageImage) -> Kit | None:
    """The kit that knows the base image of `image`, else that of a stage whose programs it copies."""
    if found := kit_of(image):
        return found
    alone = [f"rewriter.stages.{name}.kit" for name, entry in knowledge.table("kits").items() if entry.get("alone")]
    sources = (copied_stage(facts, copy) for copy in image.stage.body if copy.keyword == "COPY")
    kits = [kit for source in sources if source and (kit := kit_of(source))]
    return next((kit for kit in kits if getattr(kit, "__name__", "") in alone), None)


@lru_cache(maxsize=1)
def _kits() -> dict[str, str]:
    return {image: kit for kit, entry in knowledge.table("kits").items() for image in entry["images"]}


def shown(facts: Facts, image: StageImage) -> Shown:
    """What a kit is shown of the stage `image`."""
    return Shown(facts, image, start(facts, image), final_view(facts, image))


def for_others(stage: Shown) -> str | None:
    """Why the image looks like a base for others, whose steps may need all that is in it; None where it does not."""
    body = [instruction for image in stage.facts.lineage(stage.image) for instruction in image.stage.body]
    for instruction in body:
        if instruction.keyword == "ONBUILD":
            return "ONBUILD shows that the image is a base for others"
    own = any(instruction.keyword in ("CMD", "ENTRYPOINT") for instruction in body)
    programs = {posixpath.basename(word) for word in stage.start.words[-1:]}
    if not own and (not stage.start.words or programs & _words()["prompts"]):
        return "the image starts nothing of its own: it may be a base for others, or a tool box"
    return None


def steps(stage: Shown, kit: Kit) -> list[Step]:
    """The RUNs of the stage in order; none where it builds nothing. Raises `Refused` where it is not known what one of
    them does, and the stage builds something or stands on an image for building."""
    found: list[Step] = []
    refused: Refused | None = None
    for instruction in stage.image.stage.body:
        if instruction.keyword != "RUN":
            continue
        built = any(Role.BUILDS in step.roles for step in found)
        try:
            found.append(_step(stage, kit, instruction, built=built))
        except Refused as reason:
            refused = refused or reason
    base = stage.image.base
    builds = any(Role.BUILDS in step.roles for step in found)
    if refused and (builds or any(map(base.has, _words()["builders"])) or slim(base.reference)):
        raise refused
    return found if builds else []


def _step(stage: Shown, kit: Kit, instruction: Instruction, *, built: bool) -> Step:
    """What the RUN `instruction` is for; `built` says that a step above it builds. Raises `Refused`."""
    line = instruction.first_line
    run = stage.facts.run(instruction)
    if run is None:
        raise Refused(f"what line {line} runs is not understood: it may write anywhere", instruction.span)
    if len(run.calls) != sum(1 for _ in run.script.commands()):
        raise Refused(f"line {line} runs a command that a variable names", instruction.span)
    commands: list[tuple[Command, Role]] = []
    for each, folder in with_folders(run):
        command = Command(each, folder, run)
        role = _role(command, stage, kit, built=built)
        if role is not None:
            commands.append((command, role))
            built = built or role is Role.BUILDS
    step = Step(run, tuple(commands))
    if run.script.substitutions and Role.BUILDS not in step.roles and (inner := _inner(run)):
        raise Refused(f"line {line} needs the output of {inner}", instruction.span)
    return step


def _inner(run: Run) -> str | None:
    """A command that stands inside another one, and that not every image has; None where there is none."""
    everywhere = _words()["asked"] | _words()["quiet"]
    for text in inner_scripts(run.script.text):
        script = parse(text) if text else None
        if script is None:
            return "what is not understood"
        for statement in script.commands():
            inner = call(statement)
            if inner is None or inner.program not in everywhere:
                return inner.program if inner else "a command that a variable names"
    return None


def _role(command: Command, stage: Shown, kit: Kit, *, built: bool) -> Role | None:
    name = posixpath.basename(command.call.program)
    words = _words()
    writes = any(redirect.operator.startswith(">") and redirect.target for redirect in command.call.statement.redirects)
    if name in words["quiet"] or command.call.has("--version", "--help", "-version"):
        return Role.SETS if writes and not discards(command.call) else None
    if name in words["packages"]:
        return Role.PACKAGES
    if name in words["sets"]:
        return Role.SETS
    if name in words["files"]:
        if (name in ("sed", "rm") and _configures(command.call)) or (name == "ln" and _symbolic(command.call)):
            return Role.SETS
        if name == "rm" and not built:
            return Role.PACKAGES if empties(command.call) else Role.SETS
        return Role.BUILDS if built else Role.SETS
    match kit.role(command, stage):
        case Obstacle(reason):
            raise Refused(reason, command.run.at(command.call))
        case Role() as role:
            return role
    line = command.run.instruction.first_line
    raise Refused(f"what {name} in line {line} does is not known: it may write anywhere", command.run.at(command.call))


def _symbolic(call: Call) -> bool:
    """Whether an `ln` makes symbolic links: a COPY would take the files that they point to."""
    return any(o.name == "--symbolic" or (o.name[:2] != "--" and "s" in o.name) for o in call.options)


def _configures(call: Call) -> bool:
    """Whether a `sed` or an `rm` changes configuration alone, which comes with the base image or with packages."""
    files = call.operands[1:] if call.program == "sed" else call.operands
    return bool(files) and all(file.raw.startswith(("/etc/", "/usr/local/etc/")) for file in files)


def discards(call: Call) -> bool:
    return all(
        r.target is None or r.target.raw in ("/dev/null", "/dev/stderr", "/dev/stdout")
        for r in call.statement.redirects
    )


@lru_cache(maxsize=1)
def _words() -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in knowledge.table("stage_steps").items()}


def written(command: Command) -> frozenset[str] | None:
    """The files and folders that a command creates or changes; None where that is not known."""
    effect = of_call(command.call, command.folder, command.run)
    if effect.unknown:
        return None
    return effect.writes | effect.marks | {path for path, _ in effect.makes}


def installed(step: Step) -> Iterator[str]:
    """The names of the distribution's packages that the step installs and does not remove again."""
    gone: set[str] = set()
    for command in reversed(step.of(Role.PACKAGES)):
        call = command.call
        names = [word.raw for word in call.operands]
        if call.subcommand in ("remove", "purge", "del", "autoremove"):
            gone.update(names)
        elif call.installs and call.value("-t", "--virtual") not in gone:
            yield from (name for name in names if name not in gone)
