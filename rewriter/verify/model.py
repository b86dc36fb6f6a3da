"""What a verification finds: plain values, for the reports and for what is kept. Sizes are bytes, times are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from rewriter.verify.engine import Build, Image


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said to one question: `asked` (`GET /health`, `$ app --version`, `HEALTHCHECK`, `port 8000`,
    `it stays up`), `status` (`200`, `exit 0`, `healthy`, `open`, `up`; or what went wrong, in words), the type and the
    body where there is one. `steady`: the same program gives the same body again."""

    asked: str
    status: str
    kind: str = ""
    body: bytes = b""
    steady: bool = True


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How an image runs. `ready` is the time from its start to the first answer, `stopping` from SIGTERM to its exit
    (None where it was killed, or ended by itself); `uid` is that of its first program; `logs` the last that it said;
    `working`: it does what it is asked at all."""

    answers: tuple[Answer, ...]
    working: bool
    uid: int | None = None
    ready: float | None = None
    stopping: float | None = None
    killed: bool = False
    logs: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two images. `cold` is its build without the build cache, None where it was built with it; `rebuild` is
    the build behind an edit of a source file."""

    image: Image
    cold: Build | None = None
    rebuild: Build | None = None
    behaviour: Behaviour | None = None
    hardened: Hardened | None = None


@dataclass(frozen=True, slots=True)
class Hardened:
    """What became of the program under a read-only root without capabilities: `needs` are sentences that say what it
    would need, none where it works as it is."""

    working: bool
    needs: tuple[str, ...] = ()


class Weight(Enum):
    """What a difference means for the verdict."""

    WANTED = "on purpose"
    NOTED = "noted"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was: `what` (`user`, `env PATH`, `GET /health`), the two values in words, and why it
    is judged so."""

    what: str
    before: str
    after: str
    weight: Weight
    why: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Files that went, came or changed together: `what` (`package`, `folder` or `file`), its `name` (`deb gcc-12`,
    `pip pytest`, `npm typescript`, `/usr/share/doc`), how many files they are and how many bytes, and up to three
    paths."""

    what: str
    name: str
    files: int
    size: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Owners:
    """Files of one folder that another user owns, or that have another mode: in words (`root → 10001`,
    `0644 → 0755`)."""

    folder: str
    change: str
    files: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A file that the program could need and that is gone: `path`, and why it could be needed."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class FileChanges:
    """How the files of the second image differ, largest groups first. Caches and logs are in `gone` like the rest."""

    gone: tuple[Group, ...] = ()
    new: tuple[Group, ...] = ()
    changed: tuple[Group, ...] = ()
    owners: tuple[Owners, ...] = ()
    lost: tuple[Lost, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A transform whose changes did not hold: `step` and `line` (1-based, in the rewritten file) where the build failed
    ("" and None where it was the behaviour), and the engine's or the program's own message."""

    transform: str
    step: str
    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Gate:
    """A limit of the user: `name` (`--max-size 200MB`), what was found (`184.2 MB`), and whether it holds."""

    name: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner counts in each image: vulnerabilities by severity (`critical`, `high`, `medium`, `low`, `unknown`)
    by `scanner` (`trivy 0.57.0`); from syft, the packages (`deb curl 7.88`) that went and stayed. `note` says in a
    sentence why there is nothing of all that; "" where there is."""

    scanner: str
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    packages_gone: tuple[str, ...] = ()
    packages_kept: tuple[str, ...] = ()
    note: str = ""


class Verdict(Enum):
    """What was proven."""

    HOLDS = "holds"  # built and ran alike
    UNCHANGED = "unchanged"  # there is nothing to prove
    PARTLY = "partly"  # what was left is proven, some transforms were left out
    FAILS = "fails"  # no part of the rewrite passes
    ORIGINAL = "original"  # the Dockerfile as it is does not build or run
    UNPROVEN = "unproven"  # built, but not run: the engine cannot


@dataclass(frozen=True, slots=True)
class Verification:
    """The result for one Dockerfile. `text` is what passed (the original where nothing did) and `ignore` the ignore
    file that belongs to it (None where it stays as it is). `transforms` are those whose changes are in `text`.
    `reason` says in a sentence why the verdict is what it is. `builds` counts the builds, the kept ones not.
    `edited` is the file whose edit the rebuilds repeat. `kept`: this was found before, and nothing has changed since.
    """

    path: str
    engine: str
    verdict: Verdict
    reason: str
    text: str
    ignore: str | None = None
    transforms: tuple[str, ...] = ()
    before: Side | None = None
    after: Side | None = None
    differences: tuple[Difference, ...] = ()
    files: FileChanges | None = None
    left_out: tuple[LeftOut, ...] = ()
    gates: tuple[Gate, ...] = ()
    scans: tuple[Scan, ...] = ()
    edited: str = ""
    builds: int = 0
    kept: bool = False

    @property
    def passed(self) -> bool:
        """Whether the rewrite, or what is left of it, holds, and every gate with it."""
        good = self.verdict in (Verdict.HOLDS, Verdict.PARTLY, Verdict.UNCHANGED)
        return good and all(gate.holds for gate in self.gates)


@dataclass(frozen=True, slots=True)
class Choice:
    """One base of a comparison: its name (`as it was`, `slim`, `distroless`), the image reference, and what came of it;
    `reason` says why there is nothing, or what does not hold."""

    name: str
    base: str
    side: Side | None
    reason: str = ""
