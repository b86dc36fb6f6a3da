"""The layers of a file before and after its rewrite, as one table for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from rewriter.layers import EDITS, Layer, improvement, percent, share
from rewriter.report.aligned import Row, align
from rewriter.report.text import colour

# From this width on the columns have room for whole words.
_WIDE = 104
_LIMIT = 160


@dataclass(frozen=True)
class Compared:
    """One file: its steps before and after; the same where nothing changed."""

    path: Path
    before: tuple[Layer, ...]
    after: tuple[Layer, ...]
    changed: bool

    @property
    def rows(self) -> list[Row]:
        return align(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Signs:
    """What stands for what. A step that `repeats` costs time, one that `follows` costs none."""

    repeats: str
    follows: str
    up: str
    down: str
    gap: str
    dots: str


UNICODE = Signs("●", "·", "↑", "↓", "│", "…")
ASCII = Signs("#", ".", "^", "v", "|", "...")


@dataclass(frozen=True, slots=True)
class Style:
    """How to print: in `width` columns, with `colours`, in the characters of `encoding`."""

    width: int = 80
    colours: bool = False
    encoding: str = "utf-8"

    @property
    def signs(self) -> Signs:
        return UNICODE if self.shows("".join((UNICODE.repeats, UNICODE.follows, UNICODE.up, UNICODE.gap))) else ASCII

    @property
    def heads(self) -> tuple[str, ...]:
        return ("source", "manifest", "base") if self.width >= _WIDE else ("src ", "man ", "base")

    def shows(self, text: str) -> bool:
        """Whether `text` can be written in the encoding."""
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def legend(style: Style) -> str:
    """What the marks mean: once, below all tables."""
    signs = style.signs
    marks = f"{signs.repeats} runs again  {signs.follows} below such a step, costs nothing"
    changes = f"{signs.up}{signs.down} moved  + new  - gone"
    short = "" if style.width >= _WIDE else "src, man, base: after an edit of the source, of a manifest, of the base\n"
    return f"{short}{marks}  {changes}"


def table(compared: Compared, style: Style) -> Iterator[str]:
    """The table of one file, line by line: its steps, and what repeats them before and after."""
    rows, signs = compared.rows, style.signs
    sides = ("before", "after") if compared.changed else ("",)
    group = " ".join(style.heads)
    marks = f" {signs.gap} ".join([group] * len(sides))
    number = max((len(str(row.before.line)) for row in rows if row.before), default=1)
    number = max(number, len("line"))
    longest = max((_cells(_shown(row, style)) for row in rows), default=0)
    room = min(style.width, _LIMIT) - len(marks) - number - 6
    room = max(20, min(room, longest))
    yield colour(_plain(str(compared.path), style), "1", style.colours)
    yield ""
    left = " " * (number + 3)
    if len(sides) > 1:
        titles = f" {signs.gap} ".join(side.ljust(len(group)) for side in sides)
        yield f"{left}{' ' * room}  {titles}".rstrip()
    yield colour(f"  {'line'.rjust(number)} {'step'.ljust(room)}  {marks}".rstrip(), "2", style.colours)
    stage = None
    for row in rows:
        if stage is not None and row.layer.stage != stage:
            yield ""
        stage = row.layer.stage
        yield _line(row, style, sides, number, room).rstrip()
    yield ""
    yield _shares(compared, style, sides, number, room)


def _line(row: Row, style: Style, sides: Sequence[str], number: int, room: int) -> str:
    signs, layer = style.signs, row.layer
    sign = "+" if row.before is None else "-" if row.after is None else ("", signs.down, signs.up)[row.moved]
    line = str(row.before.line) if row.before else ""
    text = _fit(_shown(row, style), room, signs.dots)
    faint = not layer.used or row.after is None or layer.cost == 0
    step = colour(text, "2" if faint else "0", style.colours and faint) + " " * (room - _cells(text))
    cells = [_cell(row.before if side != "after" else row.after, style) for side in sides]
    gap = colour(signs.gap, "2", style.colours)
    sign = colour(sign, "36", style.colours) + " " * (1 - len(sign))
    return f"{sign} {line.rjust(number)} {step}  {f' {gap} '.join(cells)}"


def _cell(layer: Layer | None, style: Style) -> str:
    signs, parts = style.signs, []
    for edit, head in zip(EDITS, style.heads, strict=True):
        width, place = len(head), (len(head.rstrip()) - 1) // 2
        if layer is None or not layer.used or edit not in layer.reruns:
            parts.append(" " * width)
        else:
            mark = signs.repeats if layer.cost else signs.follows
            coloured = colour(mark, "33" if layer.cost else "2", style.colours)
            parts.append(" " * place + coloured + " " * (width - place - 1))
    return " ".join(parts)


def _shares(compared: Compared, style: Style, sides: Sequence[str], number: int, room: int) -> str:
    title = _fit("share of the build (rule of thumb)", room, style.signs.dots)
    layers = {"": compared.before, "before": compared.before, "after": compared.after}
    groups = []
    for side in sides:
        parts = [percent(share(layers[side], edit)).replace(" ", "") for edit in EDITS]
        groups.append(" ".join(part.ljust(len(head)) for part, head in zip(parts, style.heads, strict=True)))
    line = f"{' ' * (number + 3)}{title.ljust(room)}  {f' {style.signs.gap} '.join(groups)}".rstrip()
    return colour(line, "1", style.colours)


def closing(compared: Compared) -> str:
    """The closing line of one file: what an edit repeats, and what it did before."""
    if found := improvement(compared.before, compared.after):
        return found
    source, manifest, base = (percent(share(compared.after, edit)) for edit in EDITS)
    return (
        f"a source edit repeats {source} of the build, a manifest edit {manifest}, a base update {base} (rule of thumb)"
    )


def _shown(row: Row, style: Style) -> str:
    unused = "" if row.layer.used or not row.layer.text.startswith("FROM ") else " (unused stage)"
    return _plain(row.layer.text, style) + unused


def _plain(text: str, style: Style) -> str:
    """`text` without what a terminal would take for a command, and in the characters that it has."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown.replace("…", style.signs.dots).encode(style.encoding, "replace").decode(style.encoding)


def _cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _fit(text: str, room: int, dots: str) -> str:
    if _cells(text) <= room:
        return text
    while _cells(text) > room - len(dots):
        text = text[: min(len(text) - 1, room)]
    return text.rstrip() + dots


def as_json(compared: Sequence[Compared], errors: Sequence[dict[str, Any]]) -> str:
    """One object: `files` with their steps before and after, and `errors`; see the README for the keys."""
    files = [
        {
            "path": str(file.path),
            "changed": file.changed,
            "share": {
                side: {edit: round(share(layers, edit), 4) for edit in EDITS}
                for side, layers in (("before", file.before), ("after", file.after))
            },
            "steps": [
                {"before": _step(row.before), "after": _step(row.after), "moved": ("no", "down", "up")[row.moved]}
                for row in file.rows
            ],
        }
        for file in compared
    ]
    return json.dumps({"version": 1, "files": files, "errors": list(errors)}, indent=2) + "\n"


def _step(layer: Layer | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    return {
        "stage": layer.stage,
        "used": layer.used,
        "line": layer.line,
        "text": layer.text,
        "kind": layer.kind,
        "seconds": layer.cost,
        "reruns": [edit for edit in EDITS if edit in layer.reruns],
    }
