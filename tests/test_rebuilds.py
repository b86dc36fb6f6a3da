"""What a real engine builds again after an edit: no install after a source edit, and just what the layer model says.

A case takes part by a file `rebuild`, which names the source file to edit. The context holds what a developer's folder
holds (dependencies of another platform, say), which must not reach the image.
"""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest

from rewriter import Options, Project, Source
from rewriter.facts import Facts
from rewriter.layers import model
from rewriter.syntax.reader import read

from . import engine
from .golden_cases import Case, cases

CASES = [case for case in cases() if (case.folder / "rebuild").is_file()]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.usefixtures("needs"),
    pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES]),
]
_STEP = re.compile(r"\[(?:(\S+) )?(\d+)/\d+\]")
_INSTALLS = re.compile(r"\b(?:pip3?|npm|yarn|pnpm|uv|poetry|bundle|composer|apt-get) (?:install|ci|sync)\b")
LEFTOVERS = frozenset(("node_modules", ".venv", "venv", "obj", "target", "vendor"))
_BUILT = frozenset(("FROM", "RUN", "COPY", "ADD", "WORKDIR"))


def _steps(text: str, context: Path) -> dict[tuple[str, int], tuple[str, bool]]:
    """By stage and number, the steps of a build and whether each was reused."""
    found = {}
    for name, again in engine.reused(text, context):
        if (match := _STEP.match(name)) and match[2] != "1":  # BuildKit says of no FROM that it was reused
            found[(match[1] or "stage-0").lower(), int(match[2])] = (name, again)
    return found


def _expected(text: str, context: Path) -> dict[tuple[str, int], bool]:
    """The same as the layer model tells it after a source edit."""
    facts = Facts(read(Source(text)), Options(), Project(context))
    counts: dict[str, int] = {}
    found = {}
    for layer in model(facts):
        stage = facts.file.stages[layer.stage].name or f"stage-{layer.stage}"
        if layer.text.split()[0] in _BUILT and layer.used:
            counts[stage] = counts.get(stage, 0) + 1
            if counts[stage] > 1:
                found[stage, counts[stage]] = "source" not in layer.reruns
    return found


def _edit(case: Case, context: Path) -> None:
    """Edit the source file in a way that no build has seen yet, and that no program minds."""
    edited = context / (case.folder / "rebuild").read_text("utf-8").strip()
    blanks = bin(uuid4().int).translate({ord("0"): " ", ord("1"): "\n", ord("b"): "\n"})
    edited.write_text(f"{edited.read_text('utf-8')}{blanks}\n", "utf-8")


def test_a_source_edit_repeats_no_install(case: Case, tmp_path: Path) -> None:
    context = case.context(tmp_path / "context", fixed=True)
    _steps(case.expected, context)
    _edit(case, context)
    again = _steps(case.expected, context)
    installs = [reused for name, reused in again.values() if _INSTALLS.search(name)]
    assert installs
    assert all(installs)
    expected = _expected(case.expected, context)
    assert expected.keys() == again.keys()
    for place, (name, reused) in again.items():
        # What comes of a stage that ran again may be the same as before.
        assert reused == expected[place] or (reused and "--from=" in name), name


def test_before_it_repeated_one(case: Case, tmp_path: Path) -> None:
    context = case.context(tmp_path / "context", fixed=False)
    _steps(case.before, context)
    _edit(case, context)
    again = _steps(case.before, context)
    assert not all(reused for name, reused in again.values() if _INSTALLS.search(name))


def test_leftovers_of_the_host_stay_outside(case: Case, tmp_path: Path) -> None:
    context = case.context(tmp_path / "context", fixed=True)
    ignored = (context / ".dockerignore").read_text("utf-8").split() if (context / ".dockerignore").exists() else []
    leftovers = LEFTOVERS.intersection(line.strip("/").rpartition("/")[2] for line in ignored)
    if not leftovers:
        pytest.skip("the install of the case leaves nothing in its folder")
    for name in leftovers:
        (context / name).mkdir(exist_ok=True)
        (context / name / "of-another-platform").write_text("x", "utf-8")
    with engine.built(case.expected, context) as image:
        assert not [path for path in image.files if path.endswith("/of-another-platform")]
