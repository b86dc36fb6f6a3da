"""What a transform may ask: the evaluated stages, the scripts of RUN steps, and what the steps show of the base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from rewriter.change import Evidence, Span
from rewriter.image import StageImage, State, Unknown, evaluate
from rewriter.project.context import Project
from rewriter.result import Options
from rewriter.syntax.shell import Script, Statement, parse
from rewriter.syntax.tree import Dockerfile, Instruction, Logical
from rewriter.syntax.vocabulary import Call, call, calls

System = Literal["debian", "alpine", "redhat", "suse", "arch"]
_SYSTEMS: dict[str, System] = {
    **dict.fromkeys(("debian", "ubuntu"), "debian"),
    **dict.fromkeys(("alpine", "wolfi"), "alpine"),
    **dict.fromkeys(
        ("centos", "fedora", "rhel", "rocky", "almalinux", "amazonlinux", "oraclelinux", "photon"), "redhat"
    ),
    "opensuse": "suse",
    "arch": "arch",
}
_SHOWS: dict[str, System] = {
    **dict.fromkeys(("apt-get", "apt"), "debian"),
    "apk": "alpine",
    **dict.fromkeys(("yum", "dnf", "microdnf", "tdnf"), "redhat"),
    "zypper": "suse",
    "pacman": "arch",
}
_POSIX_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"))
ROOT = frozenset(("root", "0", "root:root", "0:0", "root:0", "0:root"))


@dataclass(frozen=True, eq=False)
class Run:
    """A RUN whose script is understood. Offsets of `script` are offsets in `text`, which knows the way to the file."""

    instruction: Instruction
    text: Logical
    script: Script
    state: State
    image: StageImage

    @property
    def calls(self) -> tuple[Call, ...]:
        return calls(self.script)

    @property
    def chain(self) -> tuple[Statement, ...] | None:
        return self.script.chain

    @property
    def plain_calls(self) -> tuple[Call, ...]:
        """The commands that surely run, in order: the members of the script's top-level sequence and its `&&` lists."""
        return _plain_calls(self.script)

    def span(self, start: int, end: int) -> Span:
        """The place in the file of the script's characters from `start` to `end`."""
        return self.text.span(start, end)

    def at(self, call: Call) -> Span:
        """The place in the file of a command."""
        return self.text.span(call.statement.start, call.end)

    def mounts(self, target: str) -> bool:
        """Whether the RUN mounts a cache or anything else at or above the folder `target`."""
        for mount in self.instruction.mounts:
            path = mount.get("target", "").rstrip("/")
            if path and (target == path or target.startswith(f"{path}/")):
                return True
        return False

    def fed(self, call: Call) -> bool:
        """Whether the command stands behind a pipe or reads from a file: `yes | yum install x`."""
        if any(redirect.operator.startswith("<") for redirect in call.statement.redirects):
            return True
        return any(s.kind == "pipeline" and call.statement in s.children[1:] for s in self.script.root.walk())


@lru_cache(maxsize=8192)
def _plain_calls(script: Script) -> tuple[Call, ...]:
    found: list[Call] = []
    for statement in script.root.children:
        members = statement.children[:1] if statement.kind == "list" else (statement,)
        if statement.kind == "list":
            for operator, member in zip(statement.operators, statement.children[1:], strict=True):
                if operator.text != "&&":
                    break
                members = (*members, member)
        found += [understood for member in members if (understood := call(member))]
    return tuple(found)


class Facts:
    """The facts about one state of one Dockerfile; computed when first asked for."""

    def __init__(self, file: Dockerfile, options: Options, project: Project) -> None:
        self.file = file
        self.options = options
        self.project = project

    @cached_property
    def images(self) -> tuple[StageImage, ...]:
        return evaluate(self.file, self.options.bases)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every RUN whose shell and script are understood, in order. ONBUILD's are not: they run in another image."""
        return tuple(
            run
            for image in self.images
            for state, instruction in zip(image.before, image.stage.body, strict=True)
            if instruction.keyword == "RUN" and (run := self._run(instruction, state, image))
        )

    @cached_property
    def _runs_by_start(self) -> dict[int, Run]:
        return {run.instruction.span.start: run for run in self.runs}

    def run(self, instruction: Instruction) -> Run | None:
        """The RUN `instruction` with its script, None where it is opaque (DESIGN.md rule 4)."""
        return self._runs_by_start.get(instruction.span.start)

    def _run(self, instruction: Instruction, state: State, image: StageImage) -> Run | None:
        if isinstance(state.shell, Unknown):
            if self.shown_system(image) is None:
                return None
        elif not posix(state.shell):
            return None
        text = script_text(self.file, instruction)
        script = parse(text.text) if text else None
        return Run(instruction, text, script, state, image) if text and script else None

    @cached_property
    def _shown(self) -> dict[int, tuple[System, Instruction]]:
        """For stages on an unknown base: which system a plain package command shows, and where."""
        shown: dict[int, tuple[System, Instruction]] = {}
        for image in self.images:
            if image.parent is not None and image.parent in shown:
                shown[image.stage.index] = shown[image.parent]
                continue
            for instruction in image.stage.body:
                if instruction.keyword != "RUN" or not (text := script_text(self.file, instruction)):
                    continue
                if (script := parse(text.text)) is None:
                    continue
                for plain in _plain_calls(script):
                    if plain.program in _SHOWS and plain.subcommand in ("update", "install", "add", "upgrade"):
                        shown.setdefault(image.stage.index, (_SHOWS[plain.program], instruction))
        return shown

    def shown_system(self, image: StageImage) -> System | None:
        """The system that the stage's own steps show (DESIGN.md, 'What the steps show')."""
        found = self._shown.get(image.stage.index)
        return found[0] if found else None

    def system(self, image: StageImage) -> System | None:
        """The package system of a stage: from its base image, else from what its steps show."""
        return _SYSTEMS.get(image.base.distribution or "") or self.shown_system(image)

    def is_root(self, run: Run) -> bool:
        """Whether the step surely runs as root. On an unknown base a plain package command without sudo shows it."""
        user = run.state.user
        if isinstance(user, str):
            return user in ROOT
        found = self._shown.get(run.image.stage.index)
        if found is None:
            return False
        shown = self.run(found[1])
        return shown is not None and shown.state.user == user and not any(c.sudo for c in shown.plain_calls)

    def image_of(self, instruction: Instruction) -> StageImage | None:
        """The stage that `instruction` belongs to, None for an ARG before the first FROM."""
        start = instruction.span.start
        return next((i for i in reversed(self.images) if i.stage.start.span.start <= start), None)

    @cached_property
    def _shipped(self) -> frozenset[int]:
        return frozenset(image.stage.index for image in self.lineage(self.images[-1]))

    def shipped(self, image: StageImage) -> bool:
        """Whether the stage's layers are in the image that is shipped: the last stage and the stages it grows from."""
        return image.stage.index in self._shipped

    def derived(self, image: StageImage) -> tuple[StageImage, ...]:
        """The stages that grow from `image`'s stage, directly or not."""
        indexes = {image.stage.index}
        for other in self.images[image.stage.index + 1 :]:
            if other.parent in indexes:
                indexes.add(other.stage.index)
        return tuple(other for other in self.images if other.stage.index in indexes - {image.stage.index})

    def later(self, instruction: Instruction) -> Iterator[Instruction]:
        """What runs on top of `instruction`'s layer: the rest of its stage, then the derived stages."""
        image = self.image_of(instruction)
        if image is None:
            return
        yield from (other for other in image.stage.body if other.span.start > instruction.span.start)
        for other in self.derived(image):
            yield from other.stage.body

    def lineage(self, image: StageImage) -> Iterator[StageImage]:
        """The stage itself, then the stages that it grows from, the nearest first."""
        yield image
        while image.parent is not None:
            image = self.images[image.parent]
            yield image

    def earlier(self, run: Run) -> Iterator[Run]:
        """The understood RUNs whose layers lie below that of `run`, the nearest first."""
        indexes = {image.stage.index for image in self.lineage(run.image)}
        for other in reversed(self.runs):
            if other.instruction.span.start < run.instruction.span.start and other.image.stage.index in indexes:
                yield other

    @cached_property
    def buildkit(self) -> bool:
        """Whether BuildKit is set, or shown by the file itself: a syntax line, a heredoc, a mount, `--link`."""
        if self.options.builder != "auto":
            return self.options.builder == "buildkit"
        newer = ("mount", "link", "network", "security", "checksum", "chmod", "exclude", "parents")
        return "syntax" in self.file.directives or any(
            i.heredocs or any(flag.name in newer for flag in i.flags) for i in self.file.instructions
        )

    def line(self, instruction: Instruction, fact: str) -> Evidence:
        """Evidence at the line of `instruction`."""
        return Evidence(fact, instruction.first_line)


def posix(shell: tuple[str, ...]) -> bool:
    """Whether `shell` (a SHELL value) reads its script as a POSIX shell or bash does."""
    name = shell[0].rsplit("/", 1)[-1] if shell else ""
    return name in _POSIX_SHELLS and any(part.startswith("-") and "c" in part for part in shell[1:])


def script_text(file: Dockerfile, instruction: Instruction) -> Logical | None:
    """The text that the shell of a RUN receives, None for the exec form and for heredocs that it cannot be read from.

    Source: https://docs.docker.com/reference/dockerfile/#here-documents
    """
    if instruction.json is not None:
        return None
    if not instruction.heredocs:
        return instruction.arguments
    heredoc = instruction.heredocs[0]
    alone = len(instruction.heredocs) == 1 and instruction.value.lstrip("0123456789").startswith("<<")
    text = file.text(heredoc.body)
    if not alone or len(instruction.value.split("<<", 1)[1].lstrip("- \t").split()) != 1 or text.startswith("#!"):
        return None
    if not heredoc.chomp:
        return Logical(text, ((0, heredoc.body.start),))
    parts, pieces, length, at = [], [], 0, heredoc.body.start
    for line in text.split("\n"):
        bare = line.lstrip("\t")
        pieces.append((length, at + len(line) - len(bare)))
        parts.append(bare)
        length += len(bare) + 1
        at += len(line) + 1
    return Logical("\n".join(parts), tuple(pieces))
