"""The user's limits, for CI: how large the image may be, and how many vulnerabilities may be known of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rewriter.verify.model import Gate, Scan, Side
from rewriter.verify.report import numbers

_SIZE = re.compile(r"(\d+(?:\.\d+)?|\.\d+) ?([kmgt]?)(i?)(?:b|bytes?)?", re.IGNORECASE | re.ASCII)
_SHARE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)( ?%)?", re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the image after the rewrite must keep to, None where there is no such limit. `max_size` is in bytes of the
    uncompressed layers, `min_saving` a share (0 to 1) of the size before; the others are counts."""

    max_size: int | None = None
    min_saving: float | None = None
    max_layers: int | None = None
    max_critical: int | None = None
    max_high: int | None = None

    @property
    def counts(self) -> bool:
        """Whether a scanner has to count vulnerabilities."""
        return self.max_critical is not None or self.max_high is not None


def size(text: str) -> int:
    """The bytes that `text` means: `200MB`, `200m` and `1.5 GB` in decimal units, as docker says the sizes of images,
    `300MiB` and `300Mi` in binary ones, `1048576` in bytes. Raises ValueError with a sentence for anything else."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[3] and not match[2]) or float(match[1]) == 0:
        raise ValueError(f"'{text}' is no size: write it like 200MB, 1.5GB, 300MiB, or as a number of bytes")
    base = 1024.0 if match[3] else 1000.0
    return round(float(match[1]) * base ** _POWERS[match[2].lower()])


def share(text: str) -> float:
    """The share, 0 to 1, that `text` means: `50%` or `0.5`. Raises ValueError with a sentence for anything else."""
    match = _SHARE.fullmatch(text.strip())
    found = float(match[1]) / (100 if match[2] else 1) if match else 2.0
    if found > 1:
        raise ValueError(f"'{text}' is no share of the size: write it like 50%, or 0.5")
    return found


def judge(limits: Limits, before: Side | None, after: Side | None, scans: Sequence[Scan]) -> tuple[Gate, ...]:
    """Whether the image after the rewrite keeps to `limits`, one gate for each of them. A limit does not hold where
    there is no image to look at (None), or where no scanner has counted."""
    gates: list[Gate] = []
    now = after.image if after else None
    if limits.max_size is not None:
        found = numbers.size(now.size) if now else "there is no image"
        gates.append(Gate(f"--max-size {_written(limits.max_size)}", found, bool(now and now.size <= limits.max_size)))
    if limits.min_saving is not None:
        gates.append(_saving(limits.min_saving, before, after))
    if limits.max_layers is not None:
        layers = len(now.layers) if now else None
        found = "there is no image" if layers is None else numbers.count(layers, "layer")
        gates.append(
            Gate(f"--max-layers {limits.max_layers}", found, layers is not None and layers <= limits.max_layers)
        )
    for severity, most in (("critical", limits.max_critical), ("high", limits.max_high)):
        if most is not None:
            gates.append(_counted(severity, most, scans))
    return tuple(gates)


def _saving(least: float, before: Side | None, after: Side | None) -> Gate:
    name = f"--min-saving {least * 100:.4g}%"
    if before is None or after is None or not before.image.size:
        return Gate(name, "there are no two images to compare", False)
    old, new = before.image.size, after.image.size
    saved = 1 - new / old
    words = f"{saved * 100:.1f} %" if saved >= 0 else f"larger by {-saved * 100:.1f} %"
    # In whole bytes, so that 50% of an even number is 50%.
    return Gate(name, f"{words} ({numbers.size(old)} → {numbers.size(new)})", new <= round(old * (1 - least)))


def _counted(severity: str, most: int, scans: Sequence[Scan]) -> Gate:
    name = f"--max-{severity} {most}"
    counts = [(scan, scan.after[severity]) for scan in scans if severity in scan.after]
    if not counts:
        notes = [scan.note for scan in scans if scan.note]
        return Gate(name, "; ".join(notes) or "not counted: install trivy or grype, which count them", False)
    found = ", ".join(f"{count} {severity} ({scan.scanner})" for scan, count in counts)
    return Gate(name, found, all(count <= most for _, count in counts))


def _written(number: int) -> str:
    """A size as one writes it in an option, in the unit that takes the fewest digits."""
    return min(_spellings(number), key=len)


def _spellings(number: int) -> Iterator[str]:
    for base, suffix in ((1000, "B"), (1024, "iB")):
        for letter, power in (("T", 4), ("G", 3), ("M", 2), ("k" if base == 1000 else "K", 1)):
            amount = number / base**power
            if amount >= 1 and round(amount, 3) * base**power == number:
                yield f"{round(amount, 3):.12g}{letter}{suffix}"
    yield f"{number}B"
