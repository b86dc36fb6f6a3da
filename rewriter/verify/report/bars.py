"""What the bars of the HTML report show: the layers of images, and the steps of rebuilds, on one scale each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rewriter.layers import percent
from rewriter.verify.engine import Build, Image
from rewriter.verify.model import Side, Verification
from rewriter.verify.report.numbers import count, seconds, size
from rewriter.verify.report.summary import reused
from rewriter.verify.report.words import one_line

# Parts of at least this share of the scale have room for their value.
_ROOMY = 0.16
# From this share on a part stands apart from its neighbour by a line.
_PARTED = 0.008
# What the engines put before an instruction: `[build 2/5] `, `[1/2] STEP 3/7: `.
_BEFORE_STEP = re.compile(r"^(\[[^\]]*\] )?(STEP [^:]*: )?")
_KINDS = {"run": "RUN", "copy": "COPY, ADD", "other": "other steps"}


@dataclass(frozen=True, slots=True)
class Part:
    """One layer or step: its `width` as a share of the scale (0 to 1), its value in words, and what made it. `kind` is
    `run`, `copy` or `other`; `again`: it was `repeated`, or `reused`, or "" for a layer."""

    name: str
    width: float
    value: str
    share: str
    step: str
    kind: str
    again: str = ""

    @property
    def roomy(self) -> bool:
        return self.width >= _ROOMY

    @property
    def parted(self) -> bool:
        return self.width >= _PARTED


@dataclass(frozen=True, slots=True)
class Bar:
    """One image (`side` is `before` or `after`), with what it comes to in words."""

    side: str
    total: str
    parts: tuple[Part, ...]

    @property
    def largest(self) -> int:
        """Which part is shown first."""
        return max(range(len(self.parts)), key=lambda at: self.parts[at].width, default=0)


def layers(found: Verification) -> tuple[Bar, ...]:
    """The layers of both images, the base first."""
    images = [(name, side.image) for name, side in _sides(found) if side.image.layers]
    scale = max((image.size for _, image in images), default=0) or 1
    return tuple(_image(name, image, scale) for name, image in images)


def _image(name: str, image: Image, scale: int) -> Bar:
    number = len(image.layers)
    parts = tuple(
        Part(
            f"layer {at} of {number}",
            layer.size / scale,
            size(layer.size),
            f"{percent(layer.size / image.size if image.size else 0.0)} of the image",
            one_line(layer.step),
            _kind(layer.step),
        )
        for at, layer in enumerate(image.layers, 1)
    )
    return Bar(name, f"{size(image.size)}, {count(number, 'layer')}", parts)


def rebuilds(found: Verification) -> tuple[Bar, ...]:
    """The rebuilds of both images by the seconds of their steps. A step that was reused is as wide as it was in the
    cold build: that is what was saved. Nothing where the engine tells the time of no step."""
    sides = [(name, side.rebuild, side.cold) for name, side in _sides(found) if side.rebuild and side.rebuild.steps]
    widths = [_widths(build, cold) for _, build, cold in sides]
    scale = max(map(sum, widths), default=0.0)
    if not scale:
        return ()
    return tuple(_build(name, build, width, scale) for (name, build, _), width in zip(sides, widths, strict=True))


def _build(name: str, build: Build, widths: Sequence[float], scale: float) -> Bar:
    number = len(build.steps)
    parts = tuple(
        Part(
            f"step {at} of {number}",
            width / scale,
            seconds(width),
            "reused; its time in the cold build" if step.cached else "repeated",
            one_line(step.name),
            _kind(_BEFORE_STEP.sub("", step.name)),
            "reused" if step.cached else "repeated",
        )
        for at, (step, width) in enumerate(zip(build.steps, widths, strict=True), 1)
    )
    return Bar(name, f"{seconds(build.seconds)}, {reused(build)} steps reused", parts)


def kinds(shown: Sequence[Bar]) -> list[tuple[str, str]]:
    """The kinds of parts that bars have, and their words."""
    present = {part.kind for bar in shown for part in bar.parts}
    return [(kind, words) for kind, words in _KINDS.items() if kind in present]


def _widths(build: Build, cold: Build | None) -> list[float]:
    times = {step.name: step.seconds or 0.0 for step in cold.steps} if cold else {}
    return [times.get(step.name, 0.0) if step.cached else step.seconds or 0.0 for step in build.steps]


def _sides(found: Verification) -> Iterable[tuple[str, Side]]:
    return [(name, side) for name, side in (("before", found.before), ("after", found.after)) if side]


def _kind(step: str) -> str:
    keyword = step.partition(" ")[0].upper()
    return "run" if keyword == "RUN" else "copy" if keyword in ("COPY", "ADD") else "other"
