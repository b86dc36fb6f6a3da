"""A baseline holds back the findings that are known, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewriter.baseline import Baseline, dump, fingerprint, key, load
from rewriter.change import Finding, Outcome, Span
from rewriter.config import ConfigError

RUN = "RUN apt-get update && \\\n    apt-get install -y curl"


def finding(transform: str, at: int = 0) -> Finding:
    return Finding(transform, Outcome.CHANGED, "message", Span(at, at + 1))


def baseline(tmp_path: Path, **findings: list[tuple[Finding, str]]) -> Baseline:
    path = tmp_path / "baseline.json"
    path.write_text(dump(findings))
    return load(path)


def test_known_findings_are_held_back(tmp_path: Path) -> None:
    known = baseline(tmp_path, Dockerfile=[(finding("a"), RUN), (finding("b"), RUN)])
    assert known.new("Dockerfile", [(finding("a"), RUN), (finding("b"), RUN)]) == []


def test_moved_and_respaced_instruction_is_known(tmp_path: Path) -> None:
    known = baseline(tmp_path, Dockerfile=[(finding("a"), RUN)])
    assert known.new("Dockerfile", [(finding("a", 900), RUN.replace("\n", "\r\n").replace("    ", "\t") + "\n")]) == []


def test_other_file_transform_or_instruction_is_new(tmp_path: Path) -> None:
    known = baseline(tmp_path, Dockerfile=[(finding("a"), RUN)])
    assert known.new("sub/Dockerfile", [(finding("a"), RUN)]) == [finding("a")]
    new = [(finding("b"), RUN), (finding("a", 5), RUN + " wget")]
    assert known.new("Dockerfile", [new[0], (finding("a"), RUN), new[1]]) == [finding("b"), finding("a", 5)]


def test_equal_findings_are_counted(tmp_path: Path) -> None:
    known = baseline(tmp_path, Dockerfile=[(finding("a", 1), RUN), (finding("a", 2), RUN)])
    three = [(finding("a", at), RUN) for at in (1, 2, 3)]
    assert known.new("Dockerfile", three) == [finding("a", 3)]
    assert known.new("Dockerfile", three) == [finding("a", 3)]  # asking does not use it up


def test_fingerprint_stays_the_same_from_version_to_version() -> None:
    assert fingerprint("a", "RUN  x\n") == fingerprint("a", "RUN x")
    assert fingerprint("a", "RUN x") == "37689615d89ac3dd642f412f4e9388a11e9c764fce783d673959d9d3c5ba3dac"
    assert fingerprint("a", "b") != fingerprint("ab", "")
    assert fingerprint("a", "RUN \udcff") != fingerprint("a", "RUN \udcfe")


def test_text_is_sorted_and_does_not_depend_on_the_order() -> None:
    one = {"b": [(finding("x"), RUN)], "a": [(finding("y"), RUN), (finding("x"), RUN)]}
    other = {"a": [(finding("x", 7), RUN), (finding("y"), RUN)], "c": [], "b": [(finding("x"), RUN)]}
    assert dump(one) == dump(other)
    rows = json.loads(dump(one))["findings"]
    assert [(row["path"], row["transform"]) for row in rows] == [("a", "x"), ("a", "y"), ("b", "x")]
    assert dump({}) == '{\n  "version": 1,\n  "findings": []\n}\n'


def test_file_name_that_is_not_utf8(tmp_path: Path) -> None:
    known = baseline(tmp_path, **{"a\udcff/Dockerfile": [(finding("a"), RUN)]})
    assert known.new("a\udcff/Dockerfile", [(finding("a"), RUN)]) == []


def test_key_does_not_depend_on_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert key(Path("a/Dockerfile"), Path("ci.json")) == "a/Dockerfile"
    assert key(Path("a/Dockerfile"), Path("a/b/ci.json")) == "../Dockerfile"
    monkeypatch.chdir(tmp_path / "a/b")
    assert key(Path("../Dockerfile"), Path("../../ci.json")) == "a/Dockerfile"
    assert key(tmp_path / "a/Dockerfile", Path("../../ci.json")) == "a/Dockerfile"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"version": 1,\n"findings": [}', ":2: the baseline is not valid JSON: Expecting value"),
        (b"", ":1: the baseline is not valid JSON: Expecting value"),
        (b'"\xff"', ": the baseline is not valid JSON in UTF-8"),
        (b"[" * 100_000, ": the baseline is not valid JSON in UTF-8"),
        (b'{"version": 2, "findings": []}', ": the baseline has version 2; this dockerslim reads 1"),
        (b'{"version": "1"}', ': the baseline has version "1"; this dockerslim reads 1'),
        (b'{"version": 1}', ": the file is no baseline: it needs 'version' and a list 'findings'"),
        (b'{"findings": []}', ": the file is no baseline: it needs 'version' and a list 'findings'"),
        (b"[]", ": the file is no baseline: it needs 'version' and a list 'findings'"),
        (
            b'{"version": 1, "findings": [{"path": "a", "transform": "b", "fingerprint": "c"}, {"path": 1}]}',
            ": finding 2 needs the strings 'path', 'transform' and 'fingerprint'",
        ),
    ],
)
def test_broken_file(tmp_path: Path, text: bytes, reason: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == f"{path}{reason}"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file cannot be read: No such file or directory"):
        load(tmp_path / "baseline.json")
