"""What a transform says: an edit, a change with its reason, or why it declined."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from itertools import pairwise


class Level(IntEnum):
    """A promise about a change (DESIGN.md rule 7). A run applies the changes of its own level and below."""

    SAFE = 1
    STANDARD = 2
    AGGRESSIVE = 3

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Level:
        """Return the level named `label`; raises KeyError for another word."""
        return cls[label.upper()]


class Alters(Enum):
    """What a change alters in the built image."""

    NOTHING = "nothing a program can see"
    KEPT = "what is kept on disk"
    ORDER = "the order of steps"
    FILES = "which files are installed"
    BASE = "the base image"
    USER = "the user"
    SETTINGS = "the settings of the image"


def level_of(alters: Alters, proven: bool) -> Level:
    """The one place where a level is decided: what a change alters, and whether its evidence proves that nothing
    needed is lost."""
    match alters:
        case Alters.NOTHING | Alters.KEPT | Alters.ORDER:
            return Level.SAFE if proven else Level.STANDARD
        case _:
            return Level.STANDARD if proven else Level.AGGRESSIVE


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters of `Source.text`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters `start` to `end` (half-open; equal for an insertion) by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A fact that a change rests on. `line` is 1-based, in `file`, or in the Dockerfile itself where `file` is None."""

    fact: str
    line: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{where}: {self.fact}" if self.file else (f"line {where}: {self.fact}" if where else self.fact)


@dataclass(frozen=True, slots=True)
class Change:
    """One improvement. Its edits are applied all or none.

    `at` is what the user is shown; `declares` names the parts of the image that the change alters on purpose, in the
    words of `rewriter.image.Part`, so that the gate lets just these differ. `excludes` are patterns that the same
    change adds to the `.dockerignore` of the context.
    """

    message: str
    edits: tuple[Edit, ...]
    at: Span
    alters: Alters = Alters.NOTHING
    proven: bool = True
    evidence: tuple[Evidence, ...] = ()
    declares: frozenset[str] = field(default=frozenset())
    excludes: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        return level_of(self.alters, self.proven)


@dataclass(frozen=True, slots=True)
class Declined:
    """A place that matched and is left alone; `reason` is one that a user can act on."""

    reason: str
    at: Span


@dataclass(frozen=True, slots=True)
class Report:
    """A problem that no rewrite can mend; `message` says what to do."""

    message: str
    at: Span


class Outcome(Enum):
    """What became of a finding."""

    CHANGED = "changed"  # in the new text
    OFFERED = "offered"  # a higher level, or another answer at --patch, would change it
    REPORTED = "reported"  # there is no fix for it
    DECLINED = "declined"  # matched, and left alone for a reason
    DROPPED = "dropped"  # the gate refused the result: a bug of ours


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding at the user's own lines: `span`, in characters of the file as it was before the rewrite."""

    transform: str
    outcome: Outcome
    message: str
    span: Span
    level: Level | None = None
    evidence: tuple[Evidence, ...] = ()


class Taken:
    """The places of a text that edits have taken so far."""

    def __init__(self) -> None:
        self._places: list[tuple[int, int]] = []

    def take(self, edits: Iterable[Edit]) -> bool:
        """Take the places of `edits`, all or none; False where one of them, or of those before, is in the way.

        Two insertions at one place are in each other's way: their order would be a matter of luck.
        """
        places = sorted((edit.start, edit.end) for edit in edits)
        if any(a[1] > b[0] or a == b for a, b in pairwise(places)):
            return False
        if any(not self._free(place) for place in places):
            return False
        for place in places:
            insort(self._places, place)
        return True

    def _free(self, place: tuple[int, int]) -> bool:
        at = bisect_left(self._places, place)
        before = self._places[at - 1] if at else (-1, -1)
        behind = self._places[at] if at < len(self._places) else None
        return before[1] <= place[0] and (behind is None or (place[1] <= behind[0] and place != behind))


def overlap(edits: Iterable[Edit]) -> bool:
    """Whether two of `edits` touch the same characters, or insert at the same place."""
    return not Taken().take(edits)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with `edits` applied; they must not overlap."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])
