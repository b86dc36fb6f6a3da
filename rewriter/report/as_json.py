"""Findings as JSON: one object with a list of findings and a list of errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rewriter.batch import Done
from rewriter.change import Finding
from rewriter.source import Source


def render(found: Sequence[tuple[Done, list[Finding]]], results: Sequence[Done]) -> str:
    """Return the findings of `found`, and the errors among `results`. Lines and columns are 1-based, ends exclusive."""
    document = {
        "version": 1,
        "findings": [
            _finding(done, finding, done.rewrite.before)
            for done, findings in found
            if done.rewrite
            for finding in findings
        ],
        "errors": [{"path": str(d.path), "line": d.line, "message": d.error} for d in results if d.error],
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(done: Done, finding: Finding, source: Source) -> dict[str, Any]:
    start, end = finding.span.start, finding.span.end
    return {
        "path": str(done.path),
        "name": finding.transform,
        "outcome": finding.outcome.value,
        "level": finding.level.label if finding.level else None,
        "message": finding.message,
        "start": {"line": source.line(start), "column": source.column(start)},
        "end": {"line": source.line(end), "column": source.column(end)},
        "evidence": [{"fact": e.fact, "line": e.line, "file": e.file} for e in finding.evidence],
    }
