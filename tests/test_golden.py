"""Every golden case, in every spelling (DESIGN.md, 'Tests')."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dockerfile
import pytest

from rewriter import Outcome
from transforms import CHAIN

from .golden_cases import GOLDEN, Case, cases, variants, vary

CASES = cases()
# A transform that only reports has no case that changes.
REPORTING = {transform.name for transform in CHAIN if "\nLevel: report" in transform.documentation}
every_case = pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])


@every_case
def test_result(case: Case, request: pytest.FixtureRequest) -> None:
    result = case.rewrite(case.before)
    if request.config.getoption("--update-golden") and not case.keeps:
        case.fixed.write_bytes(result.after.encode())
        case.ignore.unlink(missing_ok=True)
        for other in result.others:
            case.ignore.write_bytes(other.after.encode())
    assert result.after.text == case.expected
    ignored = [case.ignore.read_bytes()] if case.ignore.exists() else []
    assert [other.after.encode() for other in result.others] == ignored
    assert not result.of(Outcome.DROPPED)
    if not case.keeps:
        assert result.changed, "the case changes nothing: name it keep-…"


@every_case
def test_second_run_changes_nothing(case: Case) -> None:
    again = case.rewrite(case.expected, again=True)
    assert again.after.text == case.expected
    assert not again.others


@every_case
def test_other_spellings(case: Case) -> None:
    for name, text in variants(case.before):
        result = case.rewrite(text)
        assert result.after.text == vary(name, case.expected), name
        assert not result.of(Outcome.DROPPED), name


@every_case
def test_reasons(case: Case) -> None:
    result = case.rewrite(case.before)
    for name, outcome in (("declined", Outcome.DECLINED), ("reported", Outcome.REPORTED)):
        said = [finding.message for finding in result.of(outcome)]
        for words in case.words(name):
            assert any(words in message for message in said), f"{words!r} is not among {said}"
        if outcome is Outcome.REPORTED and case.folder.parent.name in REPORTING:
            assert len(said) == len(case.words(name)), said


@every_case
def test_buildkit_reads_the_result(case: Case) -> None:
    dockerfile.parse_string(case.rewrite(case.before).after.text)


@every_case
def test_diff_applies(case: Case, tmp_path: Path) -> None:
    result = case.rewrite(case.before)
    if not result.changed:
        assert result.diff() == ""
        return
    (tmp_path / "Dockerfile").write_bytes(result.before.encode())
    for other in result.others:
        if other.before is not None:
            (tmp_path / other.path).write_bytes(other.before.encode())
    patch = result.diff("Dockerfile").encode("utf-8", "surrogateescape")
    subprocess.run(["git", "apply", "-"], input=patch, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "Dockerfile").read_bytes() == result.after.encode()
    for other in result.others:
        assert (tmp_path / other.path).read_bytes() == other.after.encode()


@pytest.mark.parametrize("transform", CHAIN, ids=[transform.name for transform in CHAIN])
def test_every_transform_has_cases(transform: object) -> None:
    name = transform.name  # type: ignore[attr-defined]
    found = [path.name for path in (GOLDEN / name).iterdir() if (path / "Dockerfile").exists()]
    keeps = [case for case in found if case.startswith("keep-")]
    if name in REPORTING:
        reported = [case for case in keeps if (GOLDEN / name / case / "reported.txt").exists()]
        assert keeps == found
        assert len(reported) >= 3
        assert len(keeps) - len(reported) >= 3
        return
    assert len(keeps) >= 3
    assert len(found) - len(keeps) >= 3


@pytest.mark.parametrize("folder", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
def test_every_folder_is_a_transform(folder: str) -> None:
    assert folder in {"chain", *(transform.name for transform in CHAIN)}
