"""A verification as tables for people, on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rewriter.layers import shortened
from rewriter.verify.model import (
    Choice,
    Difference,
    FileChanges,
    Group,
    LeftOut,
    Lost,
    Scan,
    Side,
    Verification,
    Weight,
)
from rewriter.verify.report import summary
from rewriter.verify.report.numbers import BANDWIDTH, count, size
from rewriter.verify.report.summary import UNKNOWN, Tone
from rewriter.verify.report.words import last_lines, printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_STYLES = {Tone.GOOD: "green", Tone.MIXED: "yellow", Tone.BAD: "red", Tone.NEUTRAL: "cyan"}
# For encodings that lack them.
_PLAIN = str.maketrans({"→": "->", "×": "x", "✓": "+", "✗": "x", "·": "-", "…": "...", "\ufffd": "?"})
# How many groups of files, packages and lines of a message are shown where nobody asked for all.
_FEW = 5
_FEW_LINES = 12
_VALUE = 200
# From this width on a comparison of bases has room for all that was measured; below it, for these.
_WIDE = 84
_NARROW = ("size", "layers", "pull", "start")


def render(
    found: Sequence[Verification],
    console: Console,
    *,
    bandwidth: float = BANDWIDTH,
    verbose: bool = False,
    comparisons: Mapping[str, Sequence[Choice]] | None = None,
) -> None:
    """Print each verification on `console`, and the comparison of bases of each path. `bandwidth` is in Mbit/s;
    `verbose` shows every group of files and every line of a message."""
    for at, verification in enumerate(found):
        if at:
            console.print()
        for part in _Page(console, verbose).verification(verification, bandwidth):
            console.print(part)
    for path, choices in (comparisons or {}).items():
        console.print()
        for part in _Page(console, verbose).choices(path, choices, bandwidth):
            console.print(part)


class _Page:
    """Texts are made here, because an engine's words are no markup, and must fit the encoding of the console."""

    def __init__(self, console: Console, verbose: bool) -> None:
        self.console, self.verbose = console, verbose
        self.few = None if verbose else _FEW

    def text(self, words: str, style: str = "") -> Text:
        from rich.text import Text

        shown = printable(words).expandtabs(4)
        encoding = self.console.encoding
        try:
            shown.encode(encoding)
        except UnicodeEncodeError:
            shown = shown.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
        return Text(shown, style=style, overflow="fold")

    def table(self, *heads: str, rows: Sequence[Sequence[str | Text]], right: int = 0) -> RenderableType:
        """A table without lines, two columns in; the last `right` columns are numbers."""
        from rich.padding import Padding
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(heads), header_style="dim")
        for at, head in enumerate(heads):
            table.add_column(
                self.text(head, "dim"), overflow="fold", justify="right" if at >= len(heads) - right else "left"
            )
        for row in rows:
            table.add_row(*(self.text(cell) if isinstance(cell, str) else cell for cell in row))
        return Padding(table, (0, 0, 0, 2), expand=False)

    def title(self, words: str, style: str = "bold") -> Iterator[RenderableType]:
        yield self.text("")
        yield self.text(words, style)

    def indented(self, words: str, style: str = "", columns: int = 2) -> RenderableType:
        from rich.padding import Padding

        return Padding(self.text(words, style), (0, 0, 0, columns), expand=False)

    def verification(self, found: Verification, bandwidth: float) -> Iterator[RenderableType]:
        tone, headline = summary.verdict(found)
        yield self.text(found.path, "bold")
        yield self.text(f"{tone.value} {headline}", f"bold {_STYLES[tone]}")
        yield self.indented(found.reason)
        yield self.indented(summary.origin(found), "dim")
        if found.transforms:
            yield self.indented(f"with the changes of {', '.join(found.transforms)}", "dim")
        if rows := summary.rows(found, bandwidth):
            yield self.text("")
            yield self.table(
                "", "before", "after", "", rows=[(r.title, *r.values, self.text(r.change, "dim")) for r in rows]
            )
        differences = summary.weighed(found)
        yield from self.differences(Weight.FAILS, differences, "bold red")
        if found.files:
            yield from self.lost(found.files.lost)
        yield from self.left_out(found.left_out)
        yield from self.differences(Weight.WANTED, differences)
        yield from self.differences(Weight.NOTED, differences)
        if found.files:
            yield from self.files(found.files)
        yield from self.outlook(found)

    def differences(
        self, weight: Weight, found: Mapping[Weight, Sequence[Difference]], style: str = "bold"
    ) -> Iterator[RenderableType]:
        if not found[weight]:
            return
        yield from self.title(summary.TITLES[weight], style)
        rows = [[self.value(words) for words in (d.what, d.before, d.after)] for d in found[weight]]
        yield self.table("", "before", "after", rows=rows)
        for reason in dict.fromkeys(f"{d.what}: {d.why}" for d in found[weight] if d.why):
            yield self.indented(reason, "dim")

    def value(self, words: str) -> str:
        return words if self.verbose and words else shortened(words, _VALUE) or UNKNOWN

    def lost(self, lost: Sequence[Lost]) -> Iterator[RenderableType]:
        if lost:
            yield from self.title(summary.LOST, "bold red")
            yield self.table("", "", rows=[(one.path, self.text(one.why, "dim")) for one in lost])

    def left_out(self, left: Sequence[LeftOut]) -> Iterator[RenderableType]:
        if left:
            yield from self.title("Left out", "bold yellow")
        for one in left:
            yield self.indented(summary.left_out_head(one))
            lines, cut = last_lines(one.message, None if self.verbose else _FEW_LINES)
            if cut:
                yield self.indented(f"… {count(cut, 'line')} above, --verbose shows them", "dim", 4)
            yield self.indented("\n".join(lines), "dim", 4)

    def files(self, files: FileChanges) -> Iterator[RenderableType]:
        for name, groups in (("gone", files.gone), ("new", files.new), ("changed", files.changed)):
            if groups:
                yield from self.title(f"Files that are {name}: {summary.total(groups)}")
                yield from self.groups(groups)
        if files.owners:
            yield from self.title("Files with another owner or mode")
            rows = [(o.folder, o.change, count(o.files, "file")) for o in files.owners[: self.few]]
            yield self.table("", "", "", rows=rows, right=1)
            yield from self.more(files.owners)

    def groups(self, groups: Sequence[Group]) -> Iterator[RenderableType]:
        rows = [(group.name, count(group.files, "file"), size(group.size)) for group in groups[: self.few]]
        if not self.verbose:
            yield self.table("", "", "", rows=rows, right=2)
            yield from self.more(groups)
            return
        for row, group in zip(rows, groups, strict=True):
            yield self.indented("  ".join(row))
            for path in group.examples:
                yield self.indented(path, "dim", 6)

    def more(self, found: Sequence[object]) -> Iterator[RenderableType]:
        if left := len(found) - len(found[: self.few]):
            yield self.indented(f"and {left:,} more, --verbose shows them", "dim")

    def outlook(self, found: Verification) -> Iterator[RenderableType]:
        """What was asked for besides: a hardened run, limits, vulnerabilities; and what a program that fails said."""
        for name, side in (("before", found.before), ("after", found.after)):
            if side and side.hardened:
                yield from self.hardened(name, side)
        if found.gates:
            yield from self.title("Limits")
            signs = {True: self.text("✓ holds", "green"), False: self.text("✗ missed", "bold red")}
            yield self.table("", "", "", rows=[(gate.name, gate.found, signs[gate.holds]) for gate in found.gates])
        for scan in found.scans:
            yield from self.scan(scan)
        for name, logs in summary.last_words(found):
            yield from self.title(f"The last that the program said ({name})")
            lines, cut = last_lines(logs, None if self.verbose else _FEW_LINES)
            if cut:
                yield self.indented(f"… {count(cut, 'line')} above, --verbose shows them", "dim")
            yield self.indented("\n".join(lines), "dim")

    def hardened(self, name: str, side: Side) -> Iterator[RenderableType]:
        assert side.hardened is not None
        yield from self.title(f"{summary.HARDENED} ({name})")
        yield self.indented("It works as it is." if side.hardened.working else "It does not work as it is.")
        for need in side.hardened.needs:
            yield self.indented(need)

    def scan(self, scan: Scan) -> Iterator[RenderableType]:
        if scan.note:
            yield from self.title(scan.scanner)
            yield self.indented(scan.note)
        if counted := summary.severities(scan):
            yield from self.title(f"Known vulnerabilities ({scan.scanner})")
            rows = [(name, str(before), str(after)) for name, before, after in counted]
            yield self.table("", "before", "after", rows=rows, right=2)
        if scan.packages_gone or scan.packages_kept:
            gone, kept = len(scan.packages_gone), len(scan.packages_kept)
            yield from self.title(f"Packages ({scan.scanner}): {gone:,} gone, {kept:,} stayed")
            if self.verbose:
                yield self.indented("\n".join(f"- {name}" for name in scan.packages_gone), "dim")
                yield self.indented("\n".join(f"  {name}" for name in scan.packages_kept), "dim")

    def choices(self, path: str, choices: Sequence[Choice], bandwidth: float) -> Iterator[RenderableType]:
        yield self.text(f"{path}: the same program on {count(len(choices), 'base')}", "bold")
        yield self.text("")
        rows = summary.compared(choices, bandwidth)
        if self.console.width < _WIDE:
            rows = [row for row in rows if row.title in _NARROW]
        states = [summary.choice_state(choice) for choice in choices]
        lines: list[list[str | Text]] = [
            [choice.name, *(row.values[at] for row in rows), self.text(f"{tone.value} {word}", _STYLES[tone])]
            for at, (choice, (tone, word)) in enumerate(zip(choices, states, strict=True))
        ]
        yield self.table("base", *(row.title for row in rows), "program", rows=lines)
        yield self.text("")
        yield self.indented(summary.pull_words([choice.side for choice in choices], bandwidth), "dim")
        for choice in choices:
            yield self.indented(f"{choice.name} ({choice.base}): {summary.choice_words(choice)}", "dim")
