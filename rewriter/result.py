"""What goes into a rewrite and what comes out of it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rewriter.beside import Beside
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

    `accept` is asked before each change; a change it refuses is not asked about again. Without `beside` no change is
    made that needs a second file (`.dockerignore`): for callers who can take the Dockerfile alone. `openshift`: the
    program must run as any user of group 0, as OpenShift starts it.
    """

    level: Level = Level.STANDARD
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    builder: Builder = "auto"
    cache: CacheMode = "clean"
    bases: Bases = field(default_factory=Bases)
    accept: Callable[[Candidate], bool] | None = None
    beside: bool = True
    openshift: bool = False

    def wants(self, transform: str) -> bool:
        return transform not in self.ignore and (self.select is None or transform in self.select)


@dataclass(frozen=True)
class Rewrite:
    """The result for one Dockerfile. `findings` are in the order of the lines they are about, in the file as it was.

    `others` are the files beside it that the same changes complete; they must be written together with it, first.
    """

    before: Source
    after: Source
    findings: tuple[Finding, ...]
    notes: tuple[
        str, ...
    ] = ()  # what `--verbose` says about the file as a whole, e.g. that the second reader disagrees
    others: tuple[Beside, ...] = ()

    @property
    def changed(self) -> bool:
        return self.after.text != self.before.text or bool(self.others)

    def of(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        """The findings with one of these outcomes."""
        return tuple(finding for finding in self.findings if finding.outcome in outcomes)

    def hunks(self) -> tuple[Hunk, ...]:
        """The places where the new text differs from the old one."""
        from rewriter.diff import hunks

        return hunks(self.before.text, self.after.text)

    def diff(self, path: str = "Dockerfile", *, context: str | None = None, color: bool = False) -> str:
        """The change as a git-style unified diff of the file `path`, and of those beside it; empty where nothing
        changed. `context` is the folder of the build context, written as `path` is; None for the folder of `path`.
        """
        from rewriter.diff import unified

        folder = posixpath.dirname(path) if context is None else context
        diffs = [
            unified(
                other.before.text if other.before else None,
                other.after.text,
                posixpath.normpath(posixpath.join(folder, other.path)),
                color=color,
            )
            for other in self.others
        ]
        return "".join([*diffs, unified(self.before.text, self.after.text, path, color=color)])
