"""Findings as lines for people, and what a run says at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rewriter import Rewrite
from rewriter.batch import Done
from rewriter.change import Finding, Level, Outcome
from rewriter.source import Source

_COLOURS = {Outcome.CHANGED: "33", Outcome.REPORTED: "35", Outcome.DROPPED: "31", Outcome.OFFERED: "36"}


def colour(text: str, code: str, on: bool) -> str:
    """`text` in the colour of the SGR `code`, where colours are `on`."""
    return f"\x1b[{code}m{text}\x1b[0m" if on else text


def finding_lines(path: Path, source: Source, finding: Finding, *, verbose: bool, colours: bool) -> Iterator[str]:
    """One finding: `path:line:column: name [level] message`, and its evidence where `verbose`."""
    line, column = source.line(finding.span.start), source.column(finding.span.start)
    name = colour(finding.transform, _COLOURS.get(finding.outcome, "2"), colours)
    yield f"{colour(str(path), '1', colours)}:{line}:{column}: {name} [{tag(finding)}] {finding.message}"
    if verbose:
        for evidence in finding.evidence:
            yield f"    because {evidence}"


def tag(finding: Finding) -> str:
    """What stands in brackets: the level of a change, else what became of the finding."""
    match finding.outcome:
        case Outcome.CHANGED:
            return finding.level.label if finding.level else "changed"
        case Outcome.OFFERED:
            return f"not done: {finding.level.label}" if finding.level and finding.level > Level.SAFE else "not done"
        case Outcome.DROPPED:
            return "a bug of dockerslim, please report it"
        case _:
            return str(finding.outcome.value)


def instruction_text(rewrite: Rewrite, finding: Finding) -> str:
    """The lines that a finding is about, from its first to its last."""
    source = rewrite.before
    first, last = source.line(finding.span.start), source.line(max(finding.span.start, finding.span.end - 1))
    return "\n".join(source.line_text(number) for number in range(first, last + 1))


def error_line(done: Done, colours: bool) -> str:
    """Why a file was left as it is: `path:line: error: reason`."""
    place = f"{done.path}:{done.line}" if done.line else str(done.path)
    return f"{place}: {colour('error', '31', colours)}: {done.error}"


def summary(results: Sequence[Done], verb: str) -> str:
    """The closing line of `fix`. `verb` says what became of the changed files, e.g. `would change`."""
    changed = [done.rewrite for done in results if done.rewrite and done.rewrite.changed]
    levels = Counter(f.level for r in changed for f in r.of(Outcome.CHANGED) if f.level)
    parts = [f"{count} {level.label}" for level, count in sorted(levels.items())]
    total = sum(levels.values())
    unchanged = sum(1 for done in results if done.rewrite and not done.rewrite.changed)
    failed = sum(1 for done in results if done.error)
    text = f"{_count(len(changed), 'file')} {verb}"
    if total:
        text += f", {_count(total, 'change')} ({', '.join(parts)})"
    text += f"; {unchanged} unchanged"
    return text + (f"; {_count(failed, 'error')}" if failed else "")


def tally(findings: Iterable[Finding]) -> str:
    """The closing line of `check`."""
    count = Counter(finding.outcome for finding in findings)
    fixable = count[Outcome.CHANGED]
    return f"{_count(sum(count.values()), 'finding')}, {fixable} of them fixed by `dockerslim fix`"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
