"""Sizes, times and what became of them, in words."""

from __future__ import annotations

from rewriter.layers import percent

# Mbit/s, where the user names no other.
BANDWIDTH = 100.0
_UNITS = ((1_000_000_000, "GB", 2), (1_000_000, "MB", 1), (1_000, "kB", 1))
# Times are said to the tenth of a second, and what is less is not compared.
_TICK = 0.1


def size(number: int) -> str:
    """`number` bytes in decimal units, as docker says them: `184.2 MB`, `1.03 GB`."""
    for unit, name, digits in _UNITS:
        # What one digit would round up to the next unit is already said in it: 1 MB, and not 1000 kB.
        if number >= unit * 0.99995:
            return f"{number / unit:.{digits}f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{number} B"


def seconds(number: float) -> str:
    """A time in words: `0.1 s`, `1 min 12 s`, `1 h 5 min`."""
    if 0 < number < _TICK / 2:
        return "<0.1 s"
    if round(number, 1) < 60:
        return f"{number:.1f} s"
    whole = round(number)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(number / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def factor(before: float, after: float, less: str = "smaller", more: str = "larger") -> str:
    """By how much the second is `less` or `more` than the first: `5.9× smaller`; "" where one of them is nothing."""
    if before <= 0 or after <= 0:
        return ""
    times, word = (before / after, less) if before >= after else (after / before, more)
    if times < 1.05:
        return "about the same"
    return f"{times:.0f}× {word}" if times >= 9.95 else f"{times:.1f}× {word}"


def faster(before: float, after: float) -> str:
    """The same for two times: `62× faster`. Times that no clock tells apart are about the same."""
    if abs(before - after) < _TICK:
        return "about the same"
    return factor(max(before, _TICK), max(after, _TICK), "faster", "slower")


def saving(before: int, after: int) -> str:
    """The share that is saved: `83 %`; "" where nothing is."""
    return percent(1 - after / before) if 0 <= after < before else ""


def pull_time(number: int, bandwidth: float = BANDWIDTH) -> float:
    """The seconds that `number` bytes take at `bandwidth` Mbit/s: T = size / bandwidth."""
    return number * 8 / (bandwidth * 1_000_000)


def rate(bandwidth: float) -> str:
    """A bandwidth in Mbit/s in words: `100 Mbit/s`."""
    return f"{bandwidth:g} Mbit/s"


def count(number: int, noun: str) -> str:
    """`1 file`, `12,034 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
