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
from rewriter.effects import conflict
from rewriter.effects.effect import canonical
from rewriter.image import State
from rewriter.stages.kit import Carry, Command, Cut, Obstacle, Role, Runtime, Shown
from rewriter.stages.packages import Division, brings_more, divide
from rewriter.stages.shape import Kit, Refused, Step, for_others, installed, steps, written
from rewriter.steps.context_copies import ContextCopy, context_copy
from rewriter.steps.downloads import located, plain
from rewriter.syntax.shell import Statement, Word
from rewriter.syntax.tree import Instruction
from rewriter.syntax.words import BadWord, UnknownValue, expand

# What only the finished image uses: it moves to the runtime stage, in front of what is copied, or behind that.
_AHEAD = frozenset(("LABEL", "MAINTAINER"))
_BEHIND = frozenset(("EXPOSE", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"))
_REPEATED = frozenset(("ENV", "USER", "SHELL", "WORKDIR"))
_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*(?:[=~<>]+[\w.:+~*-]+)?\Z", re.ASCII)
_ACCOUNTS = frozenset(("useradd", "groupadd", "adduser", "addgroup"))
_WORD = re.compile(r"[\w-]+")
# File tools that leave files behind.
_PUTS = frozenset(("cat", "cp", "gunzip", "install", "ln", "mv", "sed", "tar", "tee", "unzip"))
_WITHOUT = ("--no-install-recommends", "-R", "--without-recommends")
_LASTS = frozenset(("cd", "export", "set", "unset", "."))


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

    def plan(self, before: Sequence[Instruction], after: Sequence[Instruction]) -> Plan:
        self._carry_files()
        items: list[Item] = []
        for state, instruction in zip(self.stage.image.before, before, strict=False):
            items += self._item(instruction, state, after)
        items = _without_idle_folders(self._moved(items, before), after)
        folder = self.stage.image.start.workdir
        if folder != "/" and isinstance(folder, str) and not any(i.keyword == "WORKDIR" for i in before):
            items.append(f"WORKDIR {folder}")  # the base image's own
        items += self.runtime.settings
        extra = tuple(
            name
            for name in self.runtime.packages
            if not any(isinstance(i, Packages) and name in i.names for i in items)
        )
        if extra:
            items = _with_packages(items, _manager(self.stage), extra)
        carried = [f"COPY --from=build {carry.source} {carry.target}" for carry in self.carries]
        items = self._with_arguments(items, before, after)
        if self.runtime.command is not None:
            self.gone += [i for i in self.stage.image.stage.body if i.keyword in ("CMD", "ENTRYPOINT")]
            self.behind = [
                item for item in self.behind if not (isinstance(item, Moved) and item.instruction in self.gone)
            ]
        evidence = tuple(fact for division in self.divisions.values() for fact in division.evidence)
        return Plan(
            before[-1], self.runtime, (*items, *carried, *self.behind), evidence, tuple(self.gone), tuple(self.carries)
        )

    def _item(self, instruction: Instruction, state: State, after: Sequence[Instruction]) -> Iterator[Item]:
        keyword = instruction.keyword
        if instruction in self.runtime.unneeded:
            return
        if keyword in _REPEATED:
            yield Repeated(instruction)
        elif keyword in _AHEAD:
            yield Moved(instruction)
        elif keyword in _BEHIND:
            self.behind.append(Moved(instruction))
        elif keyword in ("COPY", "ADD"):
            if not self._there(instruction, state, after):
                yield Repeated(instruction)
        elif keyword == "RUN":
            yield from self._run(self.steps[instruction.span.start])

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
        """Carry what file tools put elsewhere after something was built."""
        for step in self.steps.values():
            for command in step.of(Role.BUILDS):
                if posixpath.basename(command.call.program) not in _PUTS:
                    continue
                paths = written(command)
                if paths is None:
                    line = step.instruction.first_line
                    raise Refused(
                        f"where {command.call.program} in line {line} writes is not known", step.instruction.span
                    )
                there = sorted(paths - _moved_away(command))
                self.carries += [Carry(path, path) for path in there if not (self._known(path) or self._left(path))]

    def _run(self, step: Step) -> Iterator[Item]:
        division = self.divisions[step.instruction.span.start]
        names = [name for name in _needed(division) if name not in self.runtime.without]
        sets = [command for command in step.of(Role.SETS) if not self._done(command)]
        if Role.RUNS in step.roles and not self._carried(self.stage.view.folder):
            line = step.instruction.first_line
            raise Refused(f"what line {line} writes would have to be carried along", step.instruction.span)
        others = step.roles - {Role.SETS, Role.PACKAGES}
        joined = bool(names and self.runtime.packages and not sets)
        whole = not others and not division.build and set(installed(step)) == set(names) and not joined
        whole = whole and (not names or _updates(step))
        if (names or sets) and whole and len(sets) in (0, len(step.of(Role.SETS))):
            yield Repeated(step.instruction)
            return
        if names:
            plain = any(c.call.installs and not c.call.has(*_WITHOUT) for c in step.of(Role.PACKAGES))
            recommended = plain and brings_more(names, self.stage.image)
            yield Packages(_manager(self.stage), tuple(sorted(dict.fromkeys(names))), recommended)
        if sets:
            yield f"RUN {' && '.join(self._words(step, command) for command in sets)}"

    def _done(self, command: Command) -> bool:
        """Whether all that the command sets up is carried, or stays behind."""
        paths = written(command)
        if paths and command.call.program == "chmod" and not any(self._carried(path) for path in paths):
            return all(self._left(path) and f"{path}/" not in self.runtime.left for path in paths)
        if paths and command.call.program == "mkdir" and all(self._below(path) or self._made(path) for path in paths):
            return True
        if paths and command.call.program == "chmod" and all(self._carried(path) for path in paths):
            return True
        return paths is not None and all(self._below(path) for path in paths)

    def _made(self, path: str) -> bool:
        """Whether the folder `path` is made by what the runtime stage copies, or by its WORKDIR."""
        targets = [self.stage.view.folder, *(carry.target for carry in self.carries)]
        return any(target.rstrip("/") == path or target.startswith(f"{path}/") for target in targets)

    def _words(self, step: Step, command: Command) -> str:
        statement: Statement = command.call.statement
        script = step.run.script
        settled = step.run.chain is not None and statement in (step.run.chain or ())
        if not settled or any(call.program in _LASTS for call in step.run.calls) or step.instruction.heredocs:
            raise Refused(
                f"line {step.instruction.first_line} sets up the image and builds at once, and cannot be taken apart",
                step.instruction.span,
            )
        return script.text[statement.start : statement.end]

    def _with_arguments(
        self, items: list[Item], before: Sequence[Instruction], after: Sequence[Instruction]
    ) -> list[Item]:
        """`items` with the ARGs that they, or what stands below the cut, use."""
        source = self.stage.facts.file
        texts = [
            source.text(i.instruction.span) if isinstance(i, Moved | Repeated) else str(i)
            for i in (*items, *self.behind)
        ]
        texts += [source.text(instruction.span) for instruction in after]
        used = {name for text in texts for name in _VARIABLE.findall(text)}
        # A program of the project may read any of them from its environment.
        all_ = any(instruction.keyword == "RUN" for instruction in after)
        found: list[Item] = []
        for instruction in before:
            if instruction.keyword == "ARG":
                names = {word.partition("=")[0] for word in instruction.value.split()}
                if all_ or names & used:
                    found.append(Repeated(instruction))
        first = next((at for at, item in enumerate(items)), 0)
        return [*items[:first], *found, *items[first:]]


def _updates(step: Step) -> bool:
    """Whether the step fetches the lists that it installs packages from, so that it needs no step in front of it."""
    calls = [command.call for command in step.of(Role.PACKAGES)]
    return any(
        call.subcommand == "update" or call.has("--no-cache", "--update-cache", "--update", "-U") for call in calls
    )


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


def _without_idle_folders(items: Sequence[Item], after: Sequence[Instruction]) -> list[Item]:
    """`items` without a WORKDIR that an absolute one follows, there or in `after`, before anything depends on it."""
    steps = (i for i in after if i.keyword not in _BEHIND and i.keyword not in ("ENV", "ARG", "LABEL"))
    first = next(steps, None)
    replaced = first is not None and _absolute(first)
    found: list[Item] = []
    for item in reversed(items):
        keyword = item.instruction.keyword if isinstance(item, Repeated | Moved) else ""
        if keyword == "WORKDIR" and isinstance(item, Repeated):
            if not replaced:
                found.append(item)
            replaced = _absolute(item.instruction) or replaced
            continue
        replaced = replaced and keyword in ("ENV", "ARG", "LABEL", "MAINTAINER")
        found.append(item)
    return found[::-1]


def _absolute(instruction: Instruction) -> bool:
    return instruction.keyword == "WORKDIR" and instruction.value.lstrip("\"'").startswith("/")


def _with_packages(items: list[Item], program: str, extra: tuple[str, ...]) -> list[Item]:
    for at, item in enumerate(items):
        if isinstance(item, Packages):
            joined = replace(item, names=tuple(sorted({*item.names, *extra})))
            return [*items[:at], joined, *items[at + 1 :]]
    return [Packages(program, tuple(sorted(extra))), *items]


def _manager(stage: Shown) -> str:
    match stage.facts.system(stage.image):
        case "debian":
            return "apt-get"
        case "alpine":
            return "apk"
    raise Refused("which packages the distribution has is not known", stage.image.stage.start.span)
