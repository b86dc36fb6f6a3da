"""What the module of an ecosystem (`rewriter/stages/<ecosystem>/kit.py`) is asked, and what it answers.

A kit has four functions:

    role(command: Command, shown: Shown) -> Role | Obstacle | None
    runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None
    counterpart(shown: Shown) -> Counterpart | Obstacle | None
    minimal(shown: Shown) -> Minimal | Obstacle | None

`role` is asked about each command of the stage that is not known to be harmless; None means that the command is not
the kit's to judge. `runtime` is asked once the stage can be cut: None means that nothing would be gained. `counterpart`
is asked about the whole stage as it is: a smaller base on which every step of it works as before. `minimal` is asked
about a stage that builds nothing (any more): what it could be on a base without a shell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.project.needs import Obstacle, View
from rewriter.steps.start import Start
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

__all__ = ["Carry", "Command", "Counterpart", "Cut", "Minimal", "Obstacle", "Role", "Runtime", "Shown"]


class Role(Enum):
    """What a command of a stage is for."""

    BUILDS = "needs the build tools: installs dependencies, compiles; belongs to the build stage"
    RUNS = "runs what is installed, writes below the working directory alone, and may run on the runtime base, too"
    SETS = "sets up the image, as the runtime base could do as well (users, folders, links, modules switched on)"
    PACKAGES = "installs or removes packages of the distribution"


@dataclass(frozen=True, eq=False, slots=True)
class Command:
    """One command of a RUN of the stage, and the folder that it runs in (None where that is not known)."""

    call: Call
    folder: str | None
    run: Run


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """The stage that a kit is asked about: its image, what it starts, and what its program sees of the project in the
    end (`view.folder` is the final working directory)."""

    facts: Facts
    image: StageImage
    start: Start
    view: View


@dataclass(frozen=True, eq=False, slots=True)
class Cut:
    """Where a stage is cut: `before` are the instructions of the build stage, `after` those of the runtime stage.
    `builds` are the commands of the former that build, in order. `runs` says that the runtime stage needs a shell and
    the distribution's tools for steps of its own; `packages` are the distribution's packages that it installs, `tools`
    those of the build stage that it does not need.
    """

    before: Sequence[Instruction]
    after: Sequence[Instruction]
    builds: Sequence[Command]
    runs: bool
    packages: Sequence[str] = ()
    tools: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Carry:
    """What the runtime stage copies from the build stage: `COPY --from=build source target`. Both are absolute; where
    `source` is a folder, both end in `/`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """The runtime stage of a stage that was cut.

    `base` is its image, `carries` what it takes from the build stage. `message` says what is shipped today without
    need ("the compilers and headers of python:3.12"). `prepare` are lines for the build stage in front of an
    instruction, `finish` such at its end, `settings` lines for the runtime stage in front of what it copies.
    `packages` are packages of the distribution that it needs beyond those that the stage itself installs. `unneeded`
    are instructions of the build stage whose files the runtime stage does without, `left` folders (they end in `/`)
    whose files it does without, but for what is carried. `without` are packages of the distribution that only the
    build uses, although they are no tools for building (git, Node). `command` are lines that replace CMD and
    ENTRYPOINT. `declares` are the parts of the image that differ on purpose (words of
    `rewriter.image.IMAGE_PARTS`), beyond what comes with another base.
    """

    base: str
    carries: tuple[Carry, ...]
    message: str
    evidence: tuple[Evidence, ...] = ()
    proven: bool = True
    prepare: tuple[tuple[Instruction, tuple[str, ...]], ...] = ()
    finish: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    unneeded: tuple[Instruction, ...] = ()
    left: tuple[str, ...] = ()
    without: frozenset[str] = field(default=frozenset())
    command: tuple[str, ...] | None = None
    declares: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A smaller base for a stage that otherwise stays as it is; `message` says what the present one ships without
    need. `settings` are lines behind FROM for what only the present base sets."""

    base: str
    message: str
    evidence: tuple[Evidence, ...] = ()
    proven: bool = True
    settings: tuple[str, ...] = ()
    declares: frozenset[str] = field(default=frozenset())
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Minimal:
    """What a stage that builds nothing could be on a base without a shell: `base` in place of its own, `settings` lines
    behind FROM, `command` lines in place of CMD and ENTRYPOINT (None: they stay). `dropped` are instructions that the
    new base makes superfluous. `check` says in one sentence how to debug the result."""

    base: str
    message: str
    check: str
    evidence: tuple[Evidence, ...] = ()
    settings: tuple[str, ...] = ()
    command: tuple[str, ...] | None = None
    dropped: tuple[Instruction, ...] = ()
    declares: frozenset[str] = field(default=frozenset())
