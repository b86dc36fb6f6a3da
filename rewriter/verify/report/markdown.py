"""A verification as Markdown for the text of a pull request, as GitHub and GitLab show it.

What comes from outside is written as character references, in `<code>` where it is code: so it ends no table, starts no
HTML, calls nobody and refers to nothing. Mentions and references are looked for in what is shown, though not in code:
a zero-width space parts them in sentences. Sources: https://github.github.com/gfm/#entity-and-numeric-character-references,
https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rewriter.layers import shortened
from rewriter.verify.model import Choice, Difference, Group, LeftOut, Scan, Verification, Weight
from rewriter.verify.report import summary
from rewriter.verify.report.numbers import BANDWIDTH, count, size
from rewriter.verify.report.summary import UNKNOWN, Row
from rewriter.verify.report.words import last_lines, one_line, printable

# GitHub takes 65,536 characters.
LIMIT = 60_000
_SPECIAL = re.compile(r"""[!"#$&*<>@\[\]\\^_`{|}~]|:(?=//)|(?<=www)\.""")
# Between these characters no mention, reference, commit or address is seen.
# Behind what this matches a space of no width stands: mentions, references, addresses, commits.
_REFERENCE = re.compile(
    r"[@#](?=\w)|[!$&](?=\d)|:(?=//)|\bwww(?=\.)|\bGH(?=-\d)|\b[0-9a-f]{6}(?=[0-9a-f]+\b)", re.IGNORECASE
)
# At the start of a paragraph they could begin a list.
_LIST = re.compile(r"^[-+](?=.)|^\d(?=\d*[.)](\s|$))")
_APART = "\u200b"


@dataclass(frozen=True, slots=True)
class _Room:
    """How much of the long parts is shown: entries of a list, lines of a message, characters of a value."""

    entries: int
    lines: int
    characters: int


_ROOMS = (_Room(200, 200, 1000), _Room(40, 60, 400), _Room(10, 25, 200), _Room(3, 8, 100), _Room(0, 0, 60))


def render(
    found: Sequence[Verification],
    *,
    bandwidth: float = BANDWIDTH,
    limit: int = LIMIT,
    comparisons: Mapping[str, Sequence[Choice]] | None = None,
) -> str:
    """Return the text, of at most `limit` characters. Where it would be longer, its long lists are cut and say so, and
    at last whole files, from the end, of which only the verdict is left."""
    parts: list[str] = []
    for room in _ROOMS:
        parts = [*(_whole(_Text(room).verification(one, bandwidth)) for one in found)]
        parts += [_whole(_Text(room).choices(path, some, bandwidth)) for path, some in (comparisons or {}).items()]
        if len(text := _whole(parts)) < limit:
            return text + "\n"
    heads = [*map(_verdict, found), *(f"### {code(shortened(path, 200))}" for path in comparisons or {})]
    for kept in range(len(parts) - 1, -1, -1):
        if len(text := _whole([*parts[:kept], *heads[kept:], "The rest is cut."])) < limit:
            return text + "\n"
    return "The report is cut.\n"[:limit]


def _whole(parts: Iterable[str]) -> str:
    return "\n\n".join(parts)


def _verdict(found: Verification) -> str:
    tone, words = summary.verdict(found)
    sizes = f" ({summary.sizes(found)})" if summary.sizes(found) else ""
    return f"### {tone.value} {code(shortened(found.path, 200))}: {words}{sizes}"


def prose(text: str) -> str:
    """A sentence on one line that may hold words of others."""
    apart = _REFERENCE.sub(lambda found: found[0] + _APART, one_line(text))
    return _LIST.sub(_reference, _SPECIAL.sub(_reference, apart))


def code(text: str) -> str:
    """The words of others as code, on one line."""
    return f"<code>{_SPECIAL.sub(_reference, one_line(text))}</code>" if text else UNKNOWN


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def block(text: str) -> str:
    """Lines of others as a block of code, its fence longer than every one within."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{printable(text)}\n{fence}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def details(title: str, *parts: str) -> str:
    """What is closed at first. Its content is Markdown because of the empty lines."""
    return "\n\n".join([f"<details><summary>{prose(title)}</summary>", *parts, "</details>"])


class _Text:
    """The paragraphs of one file, with its long parts cut to `room`."""

    def __init__(self, room: _Room) -> None:
        self.room = room

    def verification(self, found: Verification, bandwidth: float) -> Iterator[str]:
        yield _verdict(found)
        yield prose(self.short(found.reason))
        if rows := summary.rows(found, bandwidth):
            yield table(("", "before", "after", ""), [self.row(row) for row in rows])
        differences = summary.weighed(found)
        if failing := differences[Weight.FAILS]:
            yield f"**{summary.TITLES[Weight.FAILS]}**"
            yield self.differences(failing)
        if found.files and found.files.lost:
            yield f"**{summary.LOST}**"
            yield self.listed([f"{self.code(lost.path)}: {self.prose(lost.why)}" for lost in found.files.lost])
        yield from self.left_out(found.left_out)
        if found.gates:
            signs = {True: "✓", False: "✗ missed:"}
            yield self.listed([f"{signs[g.holds]} {self.code(g.name)}: {self.prose(g.found)}" for g in found.gates])
        for weight in (Weight.WANTED, Weight.NOTED):
            if some := differences[weight]:
                yield details(f"{summary.TITLES[weight]} ({len(some)})", self.differences(some))
        if found.files:
            for name, groups in (
                ("gone", found.files.gone),
                ("new", found.files.new),
                ("changed", found.files.changed),
            ):
                if groups:
                    yield details(f"Files that are {name}: {summary.total(groups)}", self.groups(groups))
            if owners := found.files.owners:
                lines = [(self.code(o.folder), self.prose(o.change), str(o.files)) for o in owners]
                yield details("Files with another owner or mode", self.table(("folder", "change", "files"), lines))
        yield from self.outlook(found)
        yield f"<sub>{self.prose(summary.origin(found))}{self.changes(found.transforms)}</sub>"

    def outlook(self, found: Verification) -> Iterator[str]:
        for scan in found.scans:
            yield from self.scan(scan)
        for name, side in (("before", found.before), ("after", found.after)):
            if side and side.hardened:
                words = "It works as it is." if side.hardened.working else "It does not work as it is."
                needs = self.listed([self.prose(need) for need in side.hardened.needs])
                yield details(f"{summary.HARDENED} ({name})", words, needs)
        for name, logs in summary.last_words(found):
            yield details(f"The last that the program said ({name})", *self.message(logs))

    def changes(self, transforms: Sequence[str]) -> str:
        return f", with the changes of {self.prose(', '.join(transforms))}" if transforms else ""

    def row(self, row: Row) -> tuple[str, ...]:
        return (prose(row.title), *map(self.prose, row.values), prose(row.change))

    def differences(self, some: Sequence[Difference]) -> str:
        rows = [(self.prose(d.what), self.code(d.before), self.code(d.after), self.prose(d.why)) for d in some]
        return self.table(("", "before", "after", "why"), rows)

    def groups(self, groups: Sequence[Group]) -> str:
        rows = [(self.code(group.name), f"{group.files:,}", size(group.size)) for group in groups]
        return self.table(("", "files", "size"), rows)

    def left_out(self, left: Sequence[LeftOut]) -> Iterator[str]:
        if left:
            yield "**Left out**"
        for one in left[: self.room.entries]:
            yield details(self.short(summary.left_out_head(one)), *self.message(one.message))
        yield from self.more(left)

    def scan(self, scan: Scan) -> Iterator[str]:
        if scan.note:
            yield f"{self.short(scan.scanner)}: {self.prose(scan.note)}"
        if counted := summary.severities(scan):
            rows = [(self.prose(name), str(before), str(after)) for name, before, after in counted]
            title = f"Known vulnerabilities ({self.short(scan.scanner)}): {summary.worst(counted)}"
            yield details(title, self.table(("severity", "before", "after"), rows))
        for name, packages in (("gone", scan.packages_gone), ("stayed", scan.packages_kept)):
            if packages:
                title = f"Packages that {'are gone' if name == 'gone' else name} ({self.short(scan.scanner)})"
                yield details(f"{title}: {len(packages)}", self.listed([self.code(package) for package in packages]))

    def choices(self, path: str, choices: Sequence[Choice], bandwidth: float) -> Iterator[str]:
        yield f"### {self.code(path)}: the same program on {count(len(choices), 'base')}"
        rows = summary.compared(choices, bandwidth)
        lines = []
        for at, choice in enumerate(choices):
            tone, word = summary.choice_state(choice)
            words = f"{tone.value} {word}: {self.prose(summary.choice_words(choice))}"
            cells = (self.prose(row.values[at]) for row in rows)
            lines.append((f"{self.prose(choice.name)}<br>{self.code(choice.base)}", *cells, words))
        yield table(("base", *(row.title for row in rows), "program"), lines)
        yield f"<sub>{prose(summary.pull_words([choice.side for choice in choices], bandwidth))}</sub>"

    def message(self, text: str) -> Iterator[str]:
        lines, cut = last_lines(text, self.room.lines)
        if cut:
            yield f"{count(cut, 'line')} above, cut."
        if lines:
            yield block("\n".join(map(self.short, lines)))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        return "\n\n".join([table(heads, rows[: self.room.entries]), *self.more(rows)])

    def listed(self, entries: Sequence[str]) -> str:
        return "\n".join([*(f"- {entry}" for entry in entries[: self.room.entries]), *(self.more(entries, "- "))])

    def more(self, entries: Sequence[object], before: str = "") -> Iterator[str]:
        if (left := len(entries) - self.room.entries) > 0:
            yield f"{before}and {left:,} more, cut."

    def short(self, text: str) -> str:
        return shortened(text, self.room.characters)

    def prose(self, text: str) -> str:
        return prose(self.short(text))

    def code(self, text: str) -> str:
        return code(self.short(text))
