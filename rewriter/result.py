"""What goes into a rewrite and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rewriter.change import Change, Finding, Level, Outcome
from rewriter.knowledge.bases import Bases
from rewriter.source import Source

if TYPE_CHECKING:
    from rewriter.diff import Hunk

Builder = Literal["auto", "buildkit", "classic", "buildah", "kaniko"]
CacheMode = Literal["clean", "mount"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that is about to be made, as `Options.accept` is asked about it (`fix --patch`)."""

    transform: str
    change: Change
    before: str
    after: str


@dataclass(frozen=True)
class Options:
    """How to rewrite. `select` None means every transform; `ignore` wins over `select`.

    `accept` is asked before each change; a change it refuses is not asked about again.
    """

    level: Level = Level.STANDARD
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    builder: Builder = "auto"
    cache: CacheMode = "clean"
    bases: Bases = field(default_factory=Bases)
    accept: Callable[[Candidate], bool] | None = None

    def wants(self, transform: str) -> bool:
        return transform not in self.ignore and (self.select is None or transform in self.select)


@dataclass(frozen=True)
class Rewrite:
    """The result for one Dockerfile. `findings` are in the order of the lines they are about, in the file as it was."""

    before: Source
    after: Source
    findings: tuple[Finding, ...]
    notes: tuple[
        str, ...
    ] = ()  # what `--verbose` says about the file as a whole, e.g. that the second reader disagrees

    @property
    def changed(self) -> bool:
        return self.after.text != self.before.text

    def of(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        """The findings with one of these outcomes."""
        return tuple(finding for finding in self.findings if finding.outcome in outcomes)

    def hunks(self) -> tuple[Hunk, ...]:
        """The places where the new text differs from the old one."""
        from rewriter.diff import hunks

        return hunks(self.before.text, self.after.text)

    def diff(self, path: str = "Dockerfile", *, color: bool = False) -> str:
        """The change as a git-style unified diff of the file `path`; empty where nothing changed."""
        from rewriter.diff import unified

        return unified(self.before.text, self.after.text, path, color=color)
