"""Where a stage is cut, and what the runtime stage repeats, takes over and copies.

The stage's own instructions keep their order and their words: those above the cut are the build stage, those below it
stay as they are. The runtime stage begins with what its image would otherwise lack.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rewriter.change import Evidence
from rewriter.effects import conflict, of_call
from rewriter.effects.effect import canonical
from rewriter.image import State
from rewriter.stages.apart import check_apart, words_of
from rewriter.stages.bases import brings, unpackers
from rewriter.stages.kit import Carry, Command, Cut, Obstacle, Role, Runtime, Shown
from rewriter.stages.packages import Division, brings_more, divide
from rewriter.stages.shape import Kit, Refused, Step, for_others, installed, steps, written
from rewriter.stages.told import open_tag, told_to_build
from rewriter.steps.context_copies import ContextCopy, context_copy
from rewriter.steps.downloads import located, plain
from rewriter.syntax.shell import Word
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.words import BadWord, UnknownValue, expand

# What only the finished image uses: it moves to the runtime stage, in front of what is copied, or behind that.
_AHEAD = frozenset(("LABEL", "MAINTAINER"))
_BEHIND = frozenset(("EXPOSE", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"))
_REPEATED = frozenset(("ENV", "USER", "SHELL", "WORKDIR"))
_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*(?:[=~<>]+[\w.:+~*-]+)?\Z", re.ASCII)
_ACCOUNTS = frozenset(("useradd", "groupadd", "adduser", "addgroup"))
_WORD = re.compile(r"[\w-]+")
# Folders of the base image, which has files of its own there.
_SYSTEM = re.compile(
    r"/(?:(?:usr/|usr/local/)?(?:bin|etc|games|include|lib\w*|sbin|share|src)|usr|usr/local|var|root|home)?"
)
# File tools that leave files behind.
_PUTS = frozenset(("cat", "cp", "gunzip", "install", "ln", "mv", "sed", "tar", "tee", "unzip"))
_WITHOUT = ("--no-install-recommends", "-R", "--without-recommends")


@dataclass(frozen=True, eq=False, slots=True)
class Moved:
    """An instruction that leaves the build stage for the runtime stage, with the comments above it."""

    instruction: Instruction


@dataclass(frozen=True, eq=False, slots=True)
class Repeated:
    """An instruction that both stages have."""

    instruction: Instruction


@dataclass(frozen=True, slots=True)
class Packages:
    """A step that installs packages of the distribution, by the manager `program`; `recommended` says that those which
    they recommend come along."""

    program: str
    names: tuple[str, ...]
    recommended: bool = False


Item = Moved | Repeated | Packages | str  # a text is a line that is new


@dataclass(frozen=True, eq=False)
class Plan:
    """How a stage is cut behind `last`: `items` are the runtime stage above the writer's own remaining instructions."""

    last: Instruction
    runtime: Runtime
    items: tuple[Item, ...]
    evidence: tuple[Evidence, ...] = ()
    gone: tuple[Instruction, ...] = ()
    carries: tuple[Carry, ...] = field(default=())


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
    needed = [name for each in divisions.values() for name in _needed(each)]
    tools = [name for each in divisions.values() for name in each.build]
    sets = any(Role.SETS in step.roles for step in upper)
    runs = bool(needed) or sets or any(instruction.keyword == "RUN" for instruction in after)
    builds = [command for step in upper for command in step.of(Role.BUILDS)]
    runtime = kit.runtime(stage, Cut(before, after, builds, runs, needed, tools))
    if runtime is None:
        return None
    if isinstance(runtime, Obstacle):
        raise Refused(runtime.reason, stage.image.stage.start.span)
    if reason := open_tag(stage, runtime.base) or told_to_build(stage, runtime.base):
        raise Refused(reason, stage.image.stage.start.span)
    return _Planner(stage, upper, divisions, runtime).plan(before, after)


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


def _needed(division: Division) -> list[str]:
    """The packages that the runtime stage installs. gcc brings a library that only code with OpenMP needs: a kit asks
    for it where such code is built."""
    return [name for name in division.runtime if not (name in division.compilers and name.startswith("libgomp"))]


class _Planner:
    def __init__(self, stage: Shown, upper: Sequence[Step], divisions: dict[int, Division], runtime: Runtime) -> None:
        self.stage = stage
        self.steps = {step.instruction.span.start: step for step in upper}
        self.divisions = divisions
        self.runtime = runtime
        self.carries = list(runtime.carries)
        self.behind: list[Item] = []
        self.gone: list[Instruction] = []
        self.before: Sequence[Instruction] = ()
        self.done: list[Command] = []
        self.taken: list[Command] = []

    def plan(self, before: Sequence[Instruction], after: Sequence[Instruction]) -> Plan:
        self.before = before
        self._carry_files()
        items: list[Item] = []
        for state, instruction in zip(self.stage.image.before, before, strict=False):
            items += self._item(instruction, state, after)
        items = self._without_idle_folders(self._moved(items, before), after)
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
            items = _with_packages(items, _manager(self.stage), extra)
        items = self._with_tools(items, after)
        carried = [f"COPY --from=build {carry.source} {carry.target}" for carry in self.carries]
        items = self._with_arguments(items, after)
        if self.runtime.command is not None:
            self.gone += [i for i in self.stage.image.stage.body if i.keyword in ("CMD", "ENTRYPOINT")]
            self.behind = [
                item for item in self.behind if not (isinstance(item, Moved) and item.instruction in self.gone)
            ]
        self._check_shell(items, after)
        evidence = tuple(fact for division in self.divisions.values() for fact in division.evidence)
        return Plan(
            before[-1], self.runtime, (*items, *carried, *self.behind), evidence, tuple(self.gone), tuple(self.carries)
        )

    def _item(self, instruction: Instruction, state: State, after: Sequence[Instruction]) -> Iterator[Item]:
        keyword = instruction.keyword
        if instruction in self.runtime.unneeded:
            return
        if keyword in _REPEATED or keyword == "ARG":
            yield self._of_base(instruction) or Repeated(instruction)
        elif keyword in _AHEAD:
            yield Moved(instruction)
        elif keyword in _BEHIND:
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
        raise Refused(
            f"line {instruction.first_line} uses {lost[0]} of {image.base.name}, which {self.runtime.base} does not set",
            instruction.span,
        )

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
            return target is not None and (self._carried(target) or self._left(target))
        if all(self._carried(place.target) or self._left(place.target) for place in copy.places):
            return True
        return any(_covers(later, copy) for later in self._copies(after))

    def _copies(self, after: Sequence[Instruction]) -> Iterator[ContextCopy]:
        image = self.stage.image
        for state, instruction in zip(image.before, image.stage.body, strict=True):
            if instruction in after and (copy := context_copy(self.stage.facts, instruction, state)):
                yield copy

    def _carried(self, path: str) -> bool:
        """Whether `path` is carried, or lies in a folder that is."""
        folders = [carry.source for carry in self.carries]
        return any(path == source.rstrip("/") or path.startswith(f"{source.rstrip('/')}/") for source in folders)

    def _known(self, path: str) -> bool:
        """Whether what lies at `path` is carried, be it by the names of what a folder holds."""
        return self._carried(path) or any(carry.source.startswith(f"{path}/") for carry in self.carries)

    def _left(self, path: str) -> bool:
        """Whether `path` lies in a folder whose files stay in the build stage."""
        return any(f"{path}/".startswith(folder) for folder in self.runtime.left)

    def _below(self, path: str) -> bool:
        """Whether `path` lies in a carried folder, and is not that folder itself."""
        return any(path.startswith(f"{carry.source.rstrip('/')}/") for carry in self.carries)

    def _carry_files(self) -> None:
        """Carry what file tools put elsewhere after something was built, or take from what is carried, and the output
        of what builds and runs."""
        for step in self.steps.values():
            for command, role in step.commands:
                puts = posixpath.basename(command.call.program) in _PUTS
                takes = role is Role.SETS and puts and self._takes(command)
                if (role is Role.BUILDS and puts) or takes:
                    paths = written(command)
                elif role in (Role.BUILDS, Role.RUNS):
                    paths = _outputs(command)
                else:
                    continue
                if paths is None:
                    line = step.instruction.first_line
                    raise Refused(
                        f"where {command.call.program} in line {line} writes is not known", step.instruction.span
                    )
                if takes:
                    self.taken.append(command)
                there = sorted(paths - _moved_away(command))
                if system := next((path for path in there if _SYSTEM.fullmatch(path) and not self._known(path)), None):
                    raise Refused(
                        f"line {step.instruction.first_line} puts files in {system}, and which ones is not known",
                        step.instruction.span,
                    )
                self.carries += [Carry(path, path) for path in there if not (self._known(path) or self._left(path))]
        self.done = self._all_done()

    def _takes(self, command: Command) -> bool:
        """Whether a file tool takes something that is carried, which is not there before that."""
        reads = of_call(command.call, command.folder, command.run).reads
        return any(self._carried(path) for path in reads) and not self._done(command)

    def _all_done(self) -> list[Command]:
        """The commands that set up what is carried, or stays behind. A folder is made again where another command
        needs it."""
        sets = [command for step in self.steps.values() for command in step.of(Role.SETS)]
        done = [c for c in sets if c in self.taken or self._done(c) or self._stands_in(c)]
        rest = [path for command in sets if command not in done for path in written(command) or ()]
        for command in done[:]:
            paths = written(command) if command.call.program == "mkdir" else None
            for path in paths or ():
                if any(f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in rest):
                    done.remove(command)
                    break
        return done

    def _stands_in(self, command: Command) -> bool:
        """Whether a command only makes files that a later one of the same step removes again, or the folders of them,
        which come with the context: `mkdir src && touch src/main.rs && cargo fetch && rm src/main.rs`."""
        later = (c for c in self.steps[command.run.instruction.span.start].commands if c[0].call.program == "rm")
        after = (c for c, _ in later if c.call.statement.start > command.call.statement.start)
        gone = {path for c in after for path in of_call(c.call, c.folder, c.run).writes}
        paths = written(command)
        if not paths or not gone:
            return False
        view = self.stage.view
        return all(
            path in gone or (view.kind(path) == "folder" and any(each.startswith(f"{path}/") for each in gone))
            for path in paths
        )

    def _run(self, step: Step) -> Iterator[Item]:
        division = self.divisions[step.instruction.span.start]
        names = [name for name in _needed(division) if name not in self.runtime.without]
        sets = [command for command in step.of(Role.SETS) if command not in self.done]
        if Role.RUNS in step.roles and not self._carried(self.stage.view.folder):
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
            yield Packages(_manager(self.stage), tuple(sorted(dict.fromkeys(names))), recommended)
        yield from self._line(step, behind)

    def _check_there(self, step: Step, sets: Sequence[Command]) -> None:
        """Raise `Refused` where one of `sets` changes what is carried, and nothing makes it before that."""
        at = self.before.index(step.instruction)
        states = self.stage.image.before[: at + 1]
        there = {state.workdir for state in states if isinstance(state.workdir, str)}
        for other in self.steps.values():
            if other.instruction.span.start <= step.instruction.span.start:
                there |= {path for c in other.of(Role.SETS) if c not in self.done for path in self._makes(c)}
        for command in sets:
            if command.call.program not in ("chown", "chgrp", "chmod"):
                continue
            for path in written(command) or ():
                if self._carried(path) and not any(f"{made}/".startswith(f"{path}/") for made in there):
                    raise Refused(
                        f"line {step.instruction.first_line} changes whose {path} is, which the runtime stage would "
                        f"have only behind that",
                        step.run.at(command.call),
                    )

    def _line(self, step: Step, commands: Sequence[Command]) -> Iterator[Item]:
        if commands:
            yield f"RUN {' && '.join(words_of(step, command) for command in commands)}"

    def _done(self, command: Command) -> bool:
        """Whether all that the command sets up is carried, or stays behind."""
        paths = written(command)
        if paths and command.call.program == "chmod" and not any(self._carried(path) for path in paths):
            return all(self._left(path) and f"{path}/" not in self.runtime.left for path in paths)
        if paths and command.call.program == "mkdir":
            known = all(_path(command, word) for word in command.call.operands)
            return known and all(self._below(path) or self._made(path) for path in paths)
        if paths and command.call.program == "chmod" and all(self._carried(path) for path in paths):
            return True
        if command.call.program == "find" and command.call.operands:
            return self._carried(_path(command, command.call.operands[0]) or "/")
        if paths and any(self._below(path) for path in paths) and not all(self._carried(path) for path in paths):
            at = command.run.instruction
            made = {p for other in self.steps[at.span.start].of(Role.SETS) for p in self._makes(other)}
            below = next((path for path in sorted(paths) if self._below(path) and path not in made), None)
            if below and command.call.program in ("chmod", "chown", "chgrp"):
                raise Refused(f"line {at.first_line} changes {below} and what lies elsewhere at once", at.span)
        return paths is not None and all(self._below(path) for path in paths)

    def _makes(self, command: Command) -> frozenset[str]:
        return written(command) or frozenset() if command.call.program == "mkdir" else frozenset()

    def _made(self, path: str) -> bool:
        """Whether the folder `path` is made by what the runtime stage copies, or by its WORKDIR."""
        targets = [self.stage.view.folder, *(carry.target for carry in self.carries)]
        return any(target.rstrip("/") == path or target.startswith(f"{path}/") for target in targets)

    def _check_shell(self, items: Sequence[Item], after: Sequence[Instruction]) -> None:
        """Raise `Refused` where a step of the runtime stage needs a shell that its base has not."""
        if self.stage.facts.options.bases.lookup(self.runtime.base).has_shell is not False:
            return
        kept = [item.instruction for item in items if isinstance(item, Moved | Repeated)]
        run = next((i for i in (*kept, *after) if i.keyword == "RUN"), None)
        if run is not None or any(isinstance(item, Packages) or str(item).startswith("RUN ") for item in items):
            line = f"line {run.first_line}" if run is not None else "a step"
            raise Refused(f"{line} needs a shell, which {self.runtime.base} has not", self.stage.image.stage.start.span)

    def _with_tools(self, items: list[Item], after: Sequence[Instruction]) -> list[Item]:
        """`items` with the packages that bring the tools of its steps, in front of them."""
        base = self.stage.facts.options.bases.lookup(self.runtime.base)
        there = {i.instruction.span.start for i in items if isinstance(i, Moved | Repeated)}
        there |= {i.span.start for i in after}
        lines = " ".join(item for item in items if isinstance(item, str))
        runs = [run for run in self.stage.facts.runs if run.image is self.stage.image]
        needed = set[str]()
        for call in (call for run in runs for call in run.calls):
            at = next(run for run in runs if call in run.calls).instruction.span.start
            if at in there or call.program in lines.split():
                needed |= {brings(program, base) or "" for program in (call.program, *unpackers(call))}
        listed = {name for item in items if isinstance(item, Packages) for name in item.names}
        missing = tuple(sorted(needed - {""} - listed))
        return _with_packages(items, "apt-get", missing) if missing else items

    def _without_idle_folders(self, items: Sequence[Item], after: Sequence[Instruction]) -> list[Item]:
        """`items` without a WORKDIR that an absolute one follows, there or in `after`, before anything depends on it:
        one that the build alone works in, or that the following one makes as well."""
        steps = (i for i in after if i.keyword not in _BEHIND and i.keyword not in ("ENV", "ARG", "LABEL"))
        first = next(steps, None)
        following = _folder(first) if first is not None else None
        found: list[Item] = []
        for item in reversed(items):
            keyword = item.instruction.keyword if isinstance(item, Repeated | Moved) else ""
            if keyword == "WORKDIR" and isinstance(item, Repeated):
                folder = _folder(item.instruction)
                made = following and folder and f"{following}/".startswith(f"{folder.rstrip('/')}/")
                if not following or not (made or self._works_in(item.instruction)):
                    found.append(item)
                following = folder
                continue
            if keyword not in ("ENV", "ARG", "LABEL", "MAINTAINER"):
                following = None
            found.append(item)
        return found[::-1]

    def _works_in(self, workdir: Instruction) -> bool:
        """Whether a step stands between `workdir` and the next one."""
        for other in self.stage.image.stage.body[self.stage.image.stage.body.index(workdir) + 1 :]:
            if other.keyword in ("RUN", "COPY", "ADD", "WORKDIR"):
                return other.keyword != "WORKDIR"
        return False

    def _with_arguments(self, items: Sequence[Item], after: Sequence[Instruction]) -> list[Item]:
        """`items` without the ARGs that neither they, nor what stands below the cut, use."""
        if any(instruction.keyword == "RUN" for instruction in after):
            return list(items)  # a program of the project may read any of them from its environment
        source = self.stage.facts.file
        used = {name for i in after for name in _VARIABLE.findall(source.text(i.span))}
        found: list[Item] = []
        for item in reversed((*items, *self.behind)):
            instruction = None if isinstance(item, Packages | str) else item.instruction
            sets = {word.partition("=")[0] for word in instruction.value.split()} if instruction else set[str]()
            if instruction is not None and instruction.keyword == "ARG" and not used & sets:
                continue
            used |= set(_VARIABLE.findall(source.text(instruction.span) if instruction else str(item)))
            found.append(item)
        return [item for item in found[::-1] if item not in self.behind]


def _updates(step: Step) -> bool:
    """Whether the step fetches the lists that it installs packages from, so that it needs no step in front of it."""
    calls = [command.call for command in step.of(Role.PACKAGES)]
    return any(
        call.subcommand == "update" or call.has("--no-cache", "--update-cache", "--update", "-U") for call in calls
    )


def _outputs(command: Command) -> frozenset[str] | None:
    """The files that a command's output is written to; None where one is not known."""
    found = set[str]()
    for redirect in command.call.statement.redirects:
        if redirect.operator.startswith((">", "&>")) and redirect.operator != ">&" and redirect.target is not None:
            path = _path(command, redirect.target)
            if path is None:
                return None
            if not path.startswith(("/dev/", "/proc/", "/tmp/")):
                found.add(canonical(path))
    return frozenset(found)


def _path(command: Command, word: Word) -> str | None:
    """Where a file lies that `command` names by `word`, with the variables of the stage in it."""
    text = plain(word)
    if text is None:
        return None
    try:
        return located(expand(text, command.run.state.lookup), command.folder)
    except (BadWord, UnknownValue):
        return None


def _moved_away(command: Command) -> frozenset[str]:
    """What `mv` takes from its place: it is not there any more."""
    call = command.call
    sources = call.operands[:-1] if posixpath.basename(call.program) == "mv" else ()
    return frozenset(canonical(path) for word in sources if (path := _path(command, word)))


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


def _folder(instruction: Instruction) -> str | None:
    """The absolute folder that a WORKDIR names in plain words; None for any other instruction."""
    folder = instruction.value.strip("\"'")
    plain = instruction.keyword == "WORKDIR" and folder.startswith("/") and "$" not in folder
    return posixpath.normpath(folder) if plain else None


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


def _with_packages(items: Sequence[Item], program: str, extra: tuple[str, ...]) -> list[Item]:
    """`items` with the packages `extra`, in front of all steps."""
    for at, item in enumerate(items):
        if isinstance(item, Packages):
            joined = replace(item, names=tuple(sorted({*item.names, *extra})))
            return [*items[:at], joined, *items[at + 1 :]]
        if isinstance(item, str) or item.instruction.keyword in ("RUN", "USER", "SHELL"):
            break
    return [Packages(program, tuple(sorted(extra))), *items]


def _manager(stage: Shown) -> str:
    match stage.facts.system(stage.image):
        case "debian":
            return "apt-get"
        case "alpine":
            return "apk"
    raise Refused("which packages the distribution has is not known", stage.image.stage.start.span)
