"""What the runtime stage takes over from the part of the stage that builds: settings, accounts, scripts, packages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from rewriter.effects import conflict
from rewriter.effects.effect import canonical
from rewriter.image import State
from rewriter.stages.apart import check_apart, words_of
from rewriter.stages.carried import Carried
from rewriter.stages.items import AHEAD, BEHIND, Item, Moved, Packages, Plan, Repeated, manager, with_packages
from rewriter.stages.kit import Command, Role, Runtime, Shown
from rewriter.stages.packages import Division, brings_more
from rewriter.stages.shape import Refused, Step, installed, written
from rewriter.stages.trimmed import check_shell, with_arguments, with_tools, without_idle_folders
from rewriter.steps.context_copies import ContextCopy, context_copy
from rewriter.steps.downloads import located
from rewriter.syntax.tree import Dockerfile, Instruction

_REPEATED = frozenset(("ENV", "USER", "SHELL", "WORKDIR"))
_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)
_ACCOUNTS = frozenset(("useradd", "groupadd", "adduser", "addgroup"))
_WORD = re.compile(r"[\w-]+")
_WITHOUT = ("--no-install-recommends", "-R", "--without-recommends")


class RuntimeStage:
    """What the runtime stage begins with, gathered from the steps `upper` of the build stage; `divisions` say, by the
    start of each step, what its packages come to."""

    def __init__(
        self, stage: Shown, upper: Sequence[Step], divisions: Mapping[int, Division], runtime: Runtime
    ) -> None:
        self.stage = stage
        self.steps = {step.instruction.span.start: step for step in upper}
        self.divisions = divisions
        self.runtime = runtime
        self.carried = Carried(stage, self.steps, runtime)
        self.behind: list[Item] = []
        self.gone: list[Instruction] = []
        self.before: Sequence[Instruction] = ()

    def plan(self, before: Sequence[Instruction], after: Sequence[Instruction]) -> Plan:
        """The plan of a stage with the instructions `before` and `after` the cut. Raises `Refused`."""
        self.before = before
        items: list[Item] = []
        for state, instruction in zip(self.stage.image.before, before, strict=False):
            items += self._item(instruction, state, after)
        items = without_idle_folders(self.stage, self._moved(items, before), after)
        folder = self.stage.image.start.workdir
        if folder != "/" and isinstance(folder, str):  # the base image's own
            first = next((i for i in before if i.keyword == "WORKDIR"), None)
            if first is None:
                items.append(f"WORKDIR {folder}")
            elif not first.value.lstrip("\"'").startswith(("/", "$")):
                items.insert(0, f"WORKDIR {folder}")
        items += self.runtime.settings
        extra = tuple(
            name
            for name in self.runtime.packages
            if not any(isinstance(i, Packages) and name in i.names for i in items)
        )
        if extra:
            items = with_packages(items, manager(self.stage), extra)
        items = with_tools(self.stage, self.runtime, items, after)
        carried = [f"COPY --from=build {carry.source} {carry.target}" for carry in self.carried.carries]
        items = with_arguments(self.stage.facts.file, items, self.behind, after)
        if self.runtime.command is not None:
            self.gone += [i for i in self.stage.image.stage.body if i.keyword in ("CMD", "ENTRYPOINT")]
            self.behind = [
                item for item in self.behind if not (isinstance(item, Moved) and item.instruction in self.gone)
            ]
        check_shell(self.stage, self.runtime, items, after)
        evidence = tuple(fact for division in self.divisions.values() for fact in division.evidence)
        return Plan(
            before[-1],
            self.runtime,
            (*items, *carried, *self.behind),
            evidence,
            tuple(self.gone),
            tuple(self.carried.carries),
        )

    def _item(self, instruction: Instruction, state: State, after: Sequence[Instruction]) -> Iterator[Item]:
        keyword = instruction.keyword
        if instruction in self.runtime.unneeded:
            return
        if keyword in _REPEATED or keyword == "ARG":
            yield self._of_base(instruction) or Repeated(instruction)
        elif keyword in AHEAD:
            yield Moved(instruction)
        elif keyword in BEHIND:
            if _read_otherwise(self.stage.facts.file, instruction, self.before):
                yield Moved(instruction)
            else:
                self.behind.append(Moved(instruction))
        elif keyword in ("COPY", "ADD"):
            if not self._there(instruction, state, after):
                yield Repeated(instruction)
        elif keyword == "RUN":
            yield from self._run(self.steps[instruction.span.start])

    def _of_base(self, instruction: Instruction) -> str | None:
        """A WORKDIR that is led by a variable of the base image, which the runtime image does not set, in plain words.
        Raises `Refused` for any other instruction that uses one."""
        image, bases = self.stage.image, self.stage.facts.options.bases
        there = dict(bases.lookup(self.runtime.base).env)
        used = set(_VARIABLE.findall(self.stage.facts.file.text(instruction.span))) - {"PATH"}
        at = image.stage.body.index(instruction)
        set_here = {
            name
            for state in image.before[: at + 1]
            for name in state.env
            if state.env[name] != image.start.env.get(name)
        }
        lost = [
            name
            for name in sorted(used)
            if name in image.start.env and name not in set_here and name not in image.before[at].args
        ]
        if all(there.get(name) == image.start.env[name] for name in lost):
            return None
        states = (*image.before, image.final)
        if instruction.keyword == "WORKDIR" and isinstance(states[at + 1].workdir, str):
            return f"WORKDIR {states[at + 1].workdir}"
        line, base = instruction.first_line, self.runtime.base
        raise Refused(f"line {line} uses {lost[0]} of {image.base.name}, which {base} does not set", instruction.span)

    def _moved(self, items: Sequence[Item], before: Sequence[Instruction]) -> list[Item]:
        """`items` with those instructions moved, in place of being repeated, that no step of the build stage needs."""
        repeated = {i.instruction.span.start for i in items if isinstance(i, Repeated)}
        staying, moved = list[Instruction](), set[int]()
        users = any(instruction.keyword == "USER" for instruction in before)
        for instruction in reversed(before):
            start, step = instruction.span.start, self.steps.get(instruction.span.start)
            sets = start in repeated and not users and (step is None or Role.SETS in step.roles)
            if instruction.keyword not in ("COPY", "ADD", "RUN"):
                continue
            if sets and instruction.keyword != "ADD" and self._idle(instruction, staying):
                moved.add(start)
            else:
                staying.append(instruction)
        return [
            Moved(i.instruction) if isinstance(i, Repeated) and i.instruction.span.start in moved else i for i in items
        ]

    def _idle(self, instruction: Instruction, staying: Sequence[Instruction]) -> bool:
        """Whether none of the steps `staying` in the build stage depends on `instruction`."""
        facts, step = self.stage.facts, self.steps.get(instruction.span.start)
        if self._of_entry(instruction):
            return True
        calls = [command.call for command, _ in step.commands] if step else []
        if calls and all(call.program in _ACCOUNTS for call in calls):
            names = {word.value or "$" for call in calls for word in call.operands}
            words = {word for other in staying for word in _WORD.findall(facts.file.text(other.span))}
            return names.isdisjoint(words)
        return not any(conflict(facts, instruction, other) for other in staying)

    def _of_entry(self, instruction: Instruction) -> bool:
        """Whether the instruction brings an entry script, or sets its mode: no install looks at it."""
        files = {script.file for script in self.stage.start.scripts}
        image = self.stage.image
        targets = set[str]()
        for state, other in zip(image.before, image.stage.body, strict=True):
            if (copy := context_copy(self.stage.facts, other, state)) and all(p.source in files for p in copy.places):
                targets |= {canonical(place.target) for place in copy.places}
                if other is instruction:
                    return True
        step = self.steps.get(instruction.span.start)
        paths = [written(command) for command, _ in step.commands] if step else []
        return bool(paths) and all(path and path <= targets for path in paths)

    def _there(self, instruction: Instruction, state: State, after: Sequence[Instruction]) -> bool:
        """Whether what a COPY or an ADD brings comes to the runtime stage otherwise, or is not needed there."""
        copy = context_copy(self.stage.facts, instruction, state)
        if copy is None:
            words = instruction.json or tuple(instruction.value.split())
            target = located(words[-1], state.workdir) if words and "$" not in words[-1] else None
            return target is not None and (self.carried.has(target) or self.carried.left(target))
        if all(self.carried.has(place.target) or self.carried.left(place.target) for place in copy.places):
            return True
        return any(_covers(later, copy) for later in self._copies(after))

    def _copies(self, after: Sequence[Instruction]) -> Iterator[ContextCopy]:
        image = self.stage.image
        for state, instruction in zip(image.before, image.stage.body, strict=True):
            if instruction in after and (copy := context_copy(self.stage.facts, instruction, state)):
                yield copy

    def _run(self, step: Step) -> Iterator[Item]:
        division = self.divisions[step.instruction.span.start]
        names = [name for name in needed(division) if name not in self.runtime.without]
        sets = [command for command in step.of(Role.SETS) if command not in self.carried.done]
        if Role.RUNS in step.roles and not self.carried.has(self.stage.view.folder):
            line = step.instruction.first_line
            raise Refused(f"what line {line} writes would have to be carried along", step.instruction.span)
        others = step.roles - {Role.SETS, Role.PACKAGES}
        joined = bool(names and self.runtime.packages and not sets)
        whole = not others and not division.build and set(installed(step)) == set(names) and not joined
        whole = whole and (not names or _updates(step))
        if (names or sets) and whole and len(sets) in (0, len(step.of(Role.SETS))):
            self._check_there(step, sets)
            yield Repeated(step.instruction)
            return
        if names or sets:
            check_apart(step, names)
        self._check_there(step, sets)
        installs = next((c for c in step.of(Role.PACKAGES) if c.call.installs), None)
        ahead = [c for c in sets if installs is None or c.call.statement.start < installs.call.statement.start]
        behind = [command for command in sets if command not in ahead]
        yield from self._line(step, ahead)
        if names:
            plain = any(c.call.installs and not c.call.has(*_WITHOUT) for c in step.of(Role.PACKAGES))
            recommended = plain and brings_more(names, self.stage.image)
            yield Packages(manager(self.stage), tuple(sorted(dict.fromkeys(names))), recommended)
        yield from self._line(step, behind)

    def _check_there(self, step: Step, sets: Sequence[Command]) -> None:
        """Raise `Refused` where one of `sets` changes what is carried, and nothing makes it before that."""
        at = self.before.index(step.instruction)
        states = self.stage.image.before[: at + 1]
        there = {state.workdir for state in states if isinstance(state.workdir, str)}
        for other in self.steps.values():
            if other.instruction.span.start <= step.instruction.span.start:
                there |= {
                    path for c in other.of(Role.SETS) if c not in self.carried.done for path in self.carried.makes(c)
                }
        for command in sets:
            if command.call.program not in ("chown", "chgrp", "chmod"):
                continue
            for path in written(command) or ():
                if self.carried.has(path) and not any(f"{made}/".startswith(f"{path}/") for made in there):
                    raise Refused(
                        f"line {step.instruction.first_line} changes whose {path} is, which the runtime stage would "
                        f"have only behind that",
                        step.run.at(command.call),
                    )

    def _line(self, step: Step, commands: Sequence[Command]) -> Iterator[Item]:
        if commands:
            yield f"RUN {' && '.join(words_of(step, command) for command in commands)}"


def needed(division: Division) -> list[str]:
    """The packages that the runtime stage installs. gcc brings a library that only code with OpenMP needs: a kit asks
    for it where such code is built."""
    return [name for name in division.runtime if not (name in division.compilers and name.startswith("libgomp"))]


def _updates(step: Step) -> bool:
    """Whether the step fetches the lists that it installs packages from, so that it needs no step in front of it."""
    calls = [command.call for command in step.of(Role.PACKAGES)]
    return any(
        call.subcommand == "update" or call.has("--no-cache", "--update-cache", "--update", "-U") for call in calls
    )


def _covers(later: ContextCopy, copy: ContextCopy) -> bool:
    """Whether a copy below the cut brings all that `copy` brings, to the same places."""
    for place in copy.places:
        for other in later.places:
            inside = posixpath.relpath(place.target, other.target)
            if not inside.startswith("..") and posixpath.normpath(
                posixpath.join(other.source, inside)
            ) == posixpath.normpath(place.source):
                break
        else:
            return False
    return True


def _read_otherwise(file: Dockerfile, instruction: Instruction, before: Sequence[Instruction]) -> bool:
    """Whether an instruction behind `instruction`, among those of the build stage, changes what it means: SHELL for a
    command in shell form, ENV and ARG for the variables in its words."""
    used = set(_VARIABLE.findall(file.text(instruction.span)))
    for other in before[before.index(instruction) + 1 :]:
        if other.keyword == "SHELL" and instruction.json is None:
            return True
        if other.keyword in ("ENV", "ARG") and used & set(_WORD.findall(other.value)):
            return True
    return False
