"""Findings as SARIF 2.1.0, with the fixes in it.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rewriter import Rewrite
from rewriter.batch import Done
from rewriter.change import Finding, Outcome
from rewriter.diff import Hunk
from rewriter.explain import read
from rewriter.source import Source
from transforms import CHAIN

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {Outcome.CHANGED: "warning", Outcome.REPORTED: "warning", Outcome.DROPPED: "error"}
_PAGE = "https://github.com/dockerslim/dockerslim#transforms"


def render(found: Sequence[tuple[Done, list[Finding]]], results: Sequence[Done]) -> str:
    """Return one run with the findings of `found`; the errors among `results` are its tool notifications."""
    named = {finding.transform for _, findings in found for finding in findings}
    rules = [_rule(t.name, t.documentation) for t in CHAIN if t.name in named]
    rules += [{"id": name} for name in sorted(named - {t.name for t in CHAIN})]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    errors = [done for done in results if done.error]
    run = {
        "tool": {
            "driver": {
                "name": "dockerslim",
                "semanticVersion": version("dockerslim"),
                "informationUri": _PAGE,
                "rules": rules,
            }
        },
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"ROOT": {"uri": Path.cwd().as_uri() + "/"}},
        "invocations": [
            {"executionSuccessful": not errors, "toolExecutionNotifications": [_notification(done) for done in errors]}
        ],
        "results": [
            _result(done, done.rewrite, finding, index)
            for done, findings in found
            if done.rewrite
            for finding in findings
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str, docstring: str) -> dict[str, Any]:
    documentation = read(docstring)
    return {
        "id": name,
        "shortDescription": {"text": documentation.problem},
        "fullDescription": {"text": documentation.what},
        "help": {"text": f"{documentation.what}\n\n{documentation.why}"},
        "helpUri": _PAGE,
    }


def _result(done: Done, rewrite: Rewrite, finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.transform,
        "ruleIndex": index[finding.transform],
        "level": _LEVEL.get(finding.outcome, "note"),
        "kind": "fail" if finding.outcome in _LEVEL else "informational",
        "message": {"text": finding.message},
        "locations": [
            {"physicalLocation": {"artifactLocation": _uri(done.path), "region": _region(rewrite.before, finding)}}
        ],
        "properties": {
            "outcome": finding.outcome.value,
            "level": finding.level.label if finding.level else None,
            "evidence": [str(evidence) for evidence in finding.evidence],
        },
    }
    if result["kind"] == "informational":
        result["level"] = "none"
    if finding.outcome is Outcome.CHANGED:
        result["fixes"] = [_fix(done.path, rewrite)]
    return result


def _uri(path: Path) -> dict[str, Any]:
    if path.is_absolute():
        return {"uri": path.as_uri()}
    from urllib.parse import quote

    return {"uri": quote(path.as_posix()), "uriBaseId": "ROOT"}


def _region(source: Source, finding: Finding) -> dict[str, int]:
    start, end = finding.span.start, finding.span.end
    return {
        "startLine": source.line(start),
        "startColumn": source.utf16_column(start) + 1,
        "endLine": source.line(end),
        "endColumn": source.utf16_column(end) + 1,
    }


def _fix(path: Path, rewrite: Rewrite) -> dict[str, Any]:
    """The whole change of the file: its transforms build on one another, so that half of it may be wrong."""
    return {
        "description": {"text": "Apply all changes of dockerslim to this file."},
        "artifactChanges": [
            {"artifactLocation": _uri(path), "replacements": [replacement(rewrite.before, h) for h in rewrite.hunks()]}
        ],
    }


def replacement(source: Source, hunk: Hunk) -> dict[str, Any]:
    """The SARIF replacement that makes `hunk` of a change of `source`."""
    # A region without characters lies in front of its line; an insertion behind the last line lies at its end.
    lines = len(source.line_starts)
    start = hunk.before_start
    end = start + hunk.before_count
    region = {"startLine": start, "startColumn": 1, "endLine": end, "endColumn": 1}
    text = "".join(hunk.after)
    if end > lines:
        last = source.line_text(lines)
        column = len(last.encode("utf-16-le", "surrogatepass")) // 2 + 1
        region["endLine"], region["endColumn"] = lines, column
        if start > lines:
            region["startLine"], region["startColumn"] = lines, column
    return {"deletedRegion": region, "insertedContent": {"text": text.encode("utf-8", "replace").decode()}}


def _notification(done: Done) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": _uri(done.path)}
    if done.line:
        location["region"] = {"startLine": done.line}
    return {"level": "error", "message": {"text": done.error}, "locations": [{"physicalLocation": location}]}
