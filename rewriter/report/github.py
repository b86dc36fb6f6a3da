"""Findings as workflow commands, which GitHub shows beside the lines of a pull request.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

from rewriter.batch import Done
from rewriter.change import Finding, Outcome
from rewriter.report.text import tag

_KIND = {Outcome.CHANGED: "warning", Outcome.REPORTED: "warning", Outcome.DROPPED: "error"}


def render(found: Sequence[tuple[Done, list[Finding]]], results: Sequence[Done]) -> str:
    """Return one command per line for the findings of `found`, and for the errors among `results`."""
    lines = []
    for done, findings in found:
        assert done.rewrite is not None
        source = done.rewrite.before
        for finding in findings:
            first, last = source.line(finding.span.start), source.line(max(finding.span.start, finding.span.end - 1))
            place = (
                f"file={_property(str(done.path))},line={first},endLine={last},col={source.column(finding.span.start)}"
            )
            title = _property(f"dockerslim {finding.transform}")
            message = _data(f"[{tag(finding)}] {finding.message}")
            lines.append(f"::{_KIND.get(finding.outcome, 'notice')} {place},title={title}::{message}\n")
    for done in results:
        if done.error:
            place = f"file={_property(str(done.path))}" + (f",line={done.line}" if done.line else "")
            lines.append(f"::error {place},title=dockerslim::{_data(done.error)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
