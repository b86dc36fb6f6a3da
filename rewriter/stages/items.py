"""What the runtime stage of a divided stage begins with, in front of the writer's own remaining instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rewriter.change import Evidence
from rewriter.stages.kit import Carry, Runtime, Shown
from rewriter.stages.shape import Refused
from rewriter.syntax.tree import Instruction


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


# What only the finished image uses: it moves to the runtime stage, in front of what is copied, or behind that.
AHEAD = frozenset(("LABEL", "MAINTAINER"))
BEHIND = frozenset(("EXPOSE", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"))

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


def with_packages(items: Sequence[Item], program: str, extra: tuple[str, ...]) -> list[Item]:
    """`items` with the packages `extra`, in front of all steps."""
    for at, item in enumerate(items):
        if isinstance(item, Packages):
            joined = replace(item, names=tuple(sorted({*item.names, *extra})))
            return [*items[:at], joined, *items[at + 1 :]]
        if isinstance(item, str) or item.instruction.keyword in ("RUN", "USER", "SHELL"):
            break
    return [Packages(program, tuple(sorted(extra))), *items]


def manager(stage: Shown) -> str:
    """The package manager of the distribution; raises `Refused` where it is not known."""
    match stage.facts.system(stage.image):
        case "debian":
            return "apt-get"
        case "alpine":
            return "apk"
    raise Refused("which packages the distribution has is not known", stage.image.stage.start.span)
