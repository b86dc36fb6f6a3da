"""The formats of `dockerslim check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sarif_pydantic import Sarif

from rewriter.cli import dockerslim
from rewriter.diff import hunks
from rewriter.report import sarif
from rewriter.source import Source

TEXT = """\
# 😀 café
FROM debian:12
RUN echo '😀' && \\
    apt-get install curl

RUN apt-get install git"""
ONLY = ("--select", "apt-asks")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my app").mkdir()
    (tmp_path / "my app" / "Dockerfile").write_text(TEXT, "utf-8")
    (tmp_path / "Dockerfile").write_text("FROM a\nRUN <<EOF\n")
    return tmp_path


def check(style: str) -> Result:
    return CliRunner().invoke(dockerslim, ["check", "--format", style, *ONLY], catch_exceptions=False)


def test_json(folder: Path) -> None:
    result = check("json")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert [(f["name"], f["start"], f["level"]) for f in document["findings"]] == [
        ("apt-asks", {"line": 4, "column": 5}, "safe"),
        ("apt-asks", {"line": 6, "column": 5}, "safe"),
    ]
    assert document["errors"] == [{"path": "Dockerfile", "line": 2, "message": "unterminated heredoc EOF"}]


def test_github(folder: Path) -> None:
    lines = check("github").stdout.splitlines()
    assert lines[0].startswith(
        "::warning file=my app/Dockerfile,line=4,endLine=4,col=5,title=dockerslim apt-asks::[safe] "
    )
    assert lines[2] == "::error file=Dockerfile,line=2,title=dockerslim::unterminated heredoc EOF"


def test_sarif_is_valid_and_names_the_places(folder: Path) -> None:
    document = json.loads(check("sarif").stdout)
    Sarif.model_validate(document)
    run = document["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["apt-asks"]
    assert run["invocations"][0]["executionSuccessful"] is False
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "my%20app/Dockerfile", "uriBaseId": "ROOT"}
    assert location["region"] == {"startLine": 4, "startColumn": 5, "endLine": 4, "endColumn": 25}


def test_sarif_fix_gives_the_rewritten_file(folder: Path) -> None:
    document = json.loads(check("sarif").stdout)
    changes = document["runs"][0]["results"][0]["fixes"][0]["artifactChanges"]
    assert len(changes) == 1
    result = TEXT
    for replacement in reversed(changes[0]["replacements"]):
        result = _replaced(result, replacement)
    assert result == TEXT.replace("install", "install -y")


@pytest.mark.parametrize(
    ("before", "after"),
    [("a\nb\n", "a\nx\nb\n"), ("a\nb\n", "x\na\nb\n"), ("a\nb\n", "a\nb\nx\n"), ("a\nb", "a\nb\nx"), ("a\nb\n", "b\n")],
)
def test_replacements_of_inserted_and_removed_lines(before: str, after: str) -> None:
    result = before
    for hunk in reversed(hunks(before, after)):
        result = _replaced(result, sarif.replacement(Source(before), hunk))
    assert result == after


def _replaced(text: str, replacement: dict[str, Any]) -> str:
    region = replacement["deletedRegion"]
    start = _offset(text, region["startLine"], region["startColumn"])
    end = _offset(text, region["endLine"], region["endColumn"])
    inserted: str = replacement["insertedContent"]["text"]
    return text[:start] + inserted + text[end:]


def _offset(text: str, line: int, column: int) -> int:
    """The offset of a place whose column counts UTF-16 code units."""
    before = "".join(text.splitlines(keepends=True)[: line - 1])
    assert line <= text.count("\n") + 1
    units = text[len(before) :].encode("utf-16-le")[: (column - 1) * 2]
    return len(before) + len(units.decode("utf-16-le"))
