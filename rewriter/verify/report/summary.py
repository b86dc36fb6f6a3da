"""What every format says of a verification, in the same words: verdict, measured rows, order of what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rewriter.layers import shortened
from rewriter.verify.engine import Build, Image
from rewriter.verify.model import (
    Answer,
    Behaviour,
    Choice,
    Difference,
    Group,
    LeftOut,
    Scan,
    Side,
    Verdict,
    Verification,
    Weight,
)
from rewriter.verify.report.numbers import count, factor, faster, pull_time, rate, saving, seconds, size
from rewriter.verify.report.words import one_line

UNKNOWN = "-"
_SEVERITIES = ("critical", "high", "medium", "low")
_ROOT = ("", "0", "root")
# What is said in a table is not longer.
_VALUE = 100


class Tone(Enum):
    """How a verdict is meant: the sign before it, and the name of its colour."""

    GOOD = "✓"
    MIXED = "!"
    BAD = "✗"
    NEUTRAL = "·"


_VERDICTS = {
    Verdict.HOLDS: (Tone.GOOD, "The rewrite holds"),
    Verdict.UNCHANGED: (Tone.NEUTRAL, "Nothing to prove"),
    Verdict.PARTLY: (Tone.MIXED, "A part of the rewrite holds"),
    Verdict.FAILS: (Tone.BAD, "The rewrite does not hold"),
    Verdict.ORIGINAL: (Tone.BAD, "The Dockerfile as it is does not hold"),
    Verdict.UNPROVEN: (Tone.MIXED, "Built, and not proven"),
}
TITLES = {
    Weight.FAILS: "Differences that fail",
    Weight.WANTED: "Changed on purpose",
    Weight.NOTED: "Other differences",
}
LOST = "Gone, and the program could need it"
HARDENED = "Read-only root, no capabilities, no new privileges"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what was measured, its value for each image, and how the last compares with the first;
    `short` is the title where there is little room, "" for what is left out there."""

    title: str
    values: tuple[str, ...]
    change: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class _Measure:
    """`said` is the value in words, "" where it is not known; `compared` is what to say of two amounts."""

    title: str
    said: Callable[[Side], str]
    amount: Callable[[Side], float | None] | None = None
    compared: Callable[[float, float], str] = faster
    short: str = ""


def verdict(found: Verification) -> tuple[Tone, str]:
    """The sign and the headline. A limit that is missed is said with it, because the run fails."""
    tone, words = _VERDICTS[found.verdict]
    missed = sum(not gate.holds for gate in found.gates)
    if not missed:
        return tone, words
    joined = "and" if tone is Tone.BAD else "but"
    return Tone.BAD, f"{words}, {joined} {count(missed, 'limit')} {'is' if missed == 1 else 'are'} missed"


def sizes(found: Verification) -> str:
    """`1.03 GB → 176 MB, 5.9× smaller, 83 % saved`; "" where there are not two images."""
    if not found.before or not found.after:
        return ""
    before, after = found.before.image.size, found.after.image.size
    saved = saving(before, after)
    parts = (f"{size(before)} → {size(after)}", factor(before, after), f"{saved} saved" if saved else "")
    return ", ".join(part for part in parts if part)


def rows(found: Verification, bandwidth: float) -> list[Row]:
    """The table of before and after; a value that only one image has stands beside `UNKNOWN`."""
    sides = (found.before, found.after)
    return [*measured(sides, bandwidth, found.edited), *_answers(found)] if any(sides) else []


def measured(sides: Sequence[Side | None], bandwidth: float, edited: str = "") -> Iterator[Row]:
    """One row for each thing that was measured of at least one of `sides`."""
    known = [side for side in sides if side]
    for measure in _measures(known, bandwidth, edited):
        values = [measure.said(side) if side else "" for side in sides]
        if any(values):
            change = _change(measure, sides[0], sides[-1])
            yield Row(measure.title, tuple(value or UNKNOWN for value in values), change, measure.short)


def _change(measure: _Measure, first: Side | None, last: Side | None) -> str:
    if measure.amount is None or first is None or last is None:
        return ""
    before, after = measure.amount(first), measure.amount(last)
    return "" if before is None or after is None else measure.compared(before, after)


def compared(choices: Sequence[Choice], bandwidth: float) -> list[Row]:
    """The rows of a comparison of bases under short titles, with one value for each choice."""
    rows = measured([choice.side for choice in choices], bandwidth)
    return [replace(row, title=row.short) for row in rows if row.short]


def pull_words(sides: Iterable[Side | None], bandwidth: float) -> str:
    """What a pull time means: `pull at 100 Mbit/s (compressed)`."""
    return f"pull at {rate(bandwidth)} ({compression(sides)})"


def compression(sides: Iterable[Side | None]) -> str:
    """Of which size a pull time is: the compressed one, if it is known of all images that are compared."""
    return "uncompressed" if any(side and side.image.compressed is None for side in sides) else "compressed"


def pulled(image: Image, kind: str) -> int:
    """The bytes that a pull of the image transfers, for what `compression` has said."""
    return image.compressed if kind == "compressed" and image.compressed is not None else image.size


def _measures(sides: Sequence[Side], bandwidth: float, edited: str) -> Iterator[_Measure]:
    kind = compression(sides)

    def pull(side: Side) -> float:
        return pull_time(pulled(side.image, kind), bandwidth)

    yield _sized("image size", lambda side: side.image.size, "size")
    yield _sized("compressed", lambda side: side.image.compressed)
    yield _Measure("layers", lambda side: str(len(side.image.layers)), short="layers")
    yield _timed(pull_words(sides, bandwidth), pull, "pull")
    yield _timed("cold build", _building, "build")
    if any(side.cold and side.cold.fetching for side in sides):
        yield _Measure("fetching the bases, apart", lambda side: seconds(side.cold.fetching) if side.cold else "")
    title = f"rebuild after an edit of {one_line(edited)}" if edited else "rebuild after an edit"
    yield _timed(title, lambda side: side.rebuild.seconds if side.rebuild else None, "rebuild")
    yield _Measure("steps reused then", lambda side: reused(side.rebuild) if side.rebuild else "")
    yield _timed("start to first answer", lambda side: side.behaviour.ready if side.behaviour else None, "start")
    yield _Measure(
        "SIGTERM to exit",
        lambda side: _stopping(side.behaviour) if side.behaviour else "",
        lambda side: side.behaviour.stopping if side.behaviour else None,
    )
    yield _Measure("user", _user, short="user")


def _sized(title: str, amount: Callable[[Side], int | None], short: str = "") -> _Measure:
    return _Measure(title, lambda side: "" if (n := amount(side)) is None else size(n), amount, factor, short)


def _timed(title: str, amount: Callable[[Side], float | None], short: str = "") -> _Measure:
    return _Measure(title, lambda side: "" if (n := amount(side)) is None else seconds(n), amount, faster, short)


def _building(side: Side) -> float | None:
    return max(0.0, side.cold.seconds - side.cold.fetching) if side.cold else None


def reused(build: Build) -> str:
    """How many steps of a build were reused: `5 of 7`."""
    return f"{sum(step.cached for step in build.steps)} of {len(build.steps)}"


def _stopping(behaviour: Behaviour) -> str:
    if behaviour.stopping is not None:
        return seconds(behaviour.stopping)
    return "killed" if behaviour.killed else ""


def _user(side: Side) -> str:
    """The user of the image, and the id that its program has where that says more."""
    name = side.image.settings.user
    shown = "root" if name in _ROOT else shortened(one_line(name), _VALUE)
    uid = side.behaviour.uid if side.behaviour else None
    if uid is None or (uid == 0 and shown == "root") or name.partition(":")[0] == str(uid):
        return shown
    return f"{shown}, runs as {uid}" if name.partition(":")[0].isdecimal() or shown == "root" else f"{shown} ({uid})"


def _answers(found: Verification) -> Iterator[Row]:
    sides = [side.behaviour.answers if side and side.behaviour else () for side in (found.before, found.after)]
    before, after = ({answer.asked: answer for answer in answers} for answers in sides)
    for asked in dict.fromkeys([*before, *after]):
        both = (before.get(asked), after.get(asked))
        values = tuple(_answer(answer) if answer else UNKNOWN for answer in both)
        yield Row(shortened(one_line(asked), _VALUE), values, _judged(found, asked) if all(both) else "")


def _answer(answer: Answer) -> str:
    return shortened(one_line(f"{answer.status} {answer.kind}"), _VALUE)


def _judged(found: Verification, asked: str) -> str:
    """What the differences say about one question."""
    weights = {d.weight for d in found.differences if d.what == asked or d.what.startswith(f"{asked} ")}
    for weight, words in ((Weight.FAILS, "differs: fails"), (Weight.WANTED, "differs on purpose")):
        if weight in weights:
            return words
    return "differs a little" if weights else "alike"


def weighed(found: Verification) -> dict[Weight, list[Difference]]:
    """The differences by what they mean."""
    return {weight: [d for d in found.differences if d.weight is weight] for weight in Weight}


def severities(scan: Scan) -> list[tuple[str, int, int]]:
    """The counts before and after by severity, the worst first."""
    others = sorted({*scan.before, *scan.after} - {*_SEVERITIES})
    names = [name for name in (*_SEVERITIES, *others) if name in scan.before or name in scan.after]
    return [(name, scan.before.get(name, 0), scan.after.get(name, 0)) for name in names]


def worst(counted: Sequence[tuple[str, int, int]]) -> str:
    """The two worst severities in one line: `critical 14 → 1, high 162 → 12`."""
    return ", ".join(f"{one_line(name)} {before} → {after}" for name, before, after in counted[:2])


def choice_state(choice: Choice) -> tuple[Tone, str]:
    """Whether the program works on this base, in a word."""
    side = choice.side
    if side is None:
        return Tone.BAD, "not built"
    if side.behaviour is None:
        return Tone.MIXED, "not run"
    return (Tone.BAD, "fails") if not side.behaviour.working or choice.reason else (Tone.GOOD, "works")


def choice_words(choice: Choice) -> str:
    """What does not hold there, else what the program answers."""
    if choice.reason or not choice.side or not choice.side.behaviour:
        return one_line(choice.reason)
    return ", ".join(one_line(f"{answer.asked}: {answer.status}") for answer in choice.side.behaviour.answers)


def origin(found: Verification) -> str:
    """Where the result comes from: `docker 28.5.2, 4 builds`, and that it was found before."""
    before = "found before, and nothing has changed since" if found.kept else ""
    return ", ".join(part for part in (one_line(found.engine), count(found.builds, "build"), before) if part)


def left_out_head(left: LeftOut) -> str:
    """`stages-python, at line 14: RUN npm ci`."""
    place = f", at line {left.line}" if left.line is not None else ""
    return one_line(f"{left.transform}{place}" + (f": {left.step}" if left.step else ""))


def last_words(found: Verification) -> Iterator[tuple[str, str]]:
    """`before` or `after`, and what the program of that image has said, where it does not work."""
    for name, side in (("before", found.before), ("after", found.after)):
        if side and side.behaviour and not side.behaviour.working and side.behaviour.logs:
            yield name, side.behaviour.logs


def total(groups: Iterable[Group]) -> str:
    """`12,034 files, 812.4 MB`."""
    groups = list(groups)
    return f"{count(sum(g.files for g in groups), 'file')}, {size(sum(g.size for g in groups))}"
