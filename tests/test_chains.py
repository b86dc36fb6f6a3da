"""Projects that real engines build as they were and as the whole chain leaves them: every rewrite holds.

A case takes part by a file `answers`:

    port 8000       where the program listens
    get /path       what it is asked for; without any `get`, the container runs to its end, and its output is compared
    times 5         how many times as small the image must be
    timed           builds and a rebuild behind an edit of a source file are timed with docker; that repeats no install
    root            the program may run as root (nginx, which gives it up by itself)
    lost name       a file that is reported as gone, though something in the image asks for it (unused scripts, say)
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from rewriter.engine import run
from rewriter.project.context import Project
from rewriter.source import Source
from rewriter.verify.engine import Engine
from rewriter.verify.engines import find
from rewriter.verify.model import Verdict, Weight
from rewriter.verify.proof import Subject, verify
from rewriter.verify.request import Request
from rewriter.verify.running.questions import Questions
from rewriter.verify.trouble import NoEngine
from transforms import NAMES

from .golden_cases import Case, cases

CASES = [case for case in cases() if (case.folder / "answers").is_file()]
# In seconds: a package mirror may be slow.
TIMEOUT = 900
INSTALLS = re.compile(r"\b(pip install|npm (ci|install)|apt-get install|go mod download|bundle install)\b")
pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("needs")]


@cache
def engine(name: str) -> Engine | str:
    """The engine of that name, or why there is none."""
    try:
        return find(name, timeout=TIMEOUT)
    except NoEngine as error:
        return str(error)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{case.id}-{name}")
        for name in ("docker", "podman")
        for case in CASES
        if name == "docker" or case.folder.parent.name == "chain"
    ],
)
def test_holds(case: Case, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found_engine = engine(name)
    if isinstance(found_engine, str):
        pytest.skip(found_engine)
    asked = [line.split() for line in (case.folder / "answers").read_text("utf-8").splitlines()]
    said = {words[0]: words[1:] for words in asked}
    paths = tuple(words[1] for words in asked if words[0] == "get")
    questions = Questions(http=paths, port=int(said["port"][0]) if "port" in said else None, patience=120)

    context = case.context(tmp_path / "context", fixed=False)
    path = context / "Dockerfile"
    project = Project(context, dockerfile=path)
    subject = Subject(
        path, lambda options: run(Source(case.before), case.chain, project, options), case.options(), project, NAMES
    )
    request = Request(questions=questions, quick=name != "docker" or "timed" not in said)
    found = verify(subject, found_engine, request, lambda _phase, _line: None)

    assert found.verdict is Verdict.HOLDS, (found.reason, found.left_out)
    assert found.text == case.expected
    assert found.builds <= 4
    assert [each for each in found.differences if each.weight is Weight.FAILS] == []
    assert found.files is not None
    assert [Path(each.path).name for each in found.files.lost] == [words[1] for words in asked if words[0] == "lost"]
    assert found.before is not None
    assert found.after is not None
    assert found.after.behaviour is not None
    assert found.after.behaviour.uid != 0 or "root" in said or not paths
    assert found_engine.left == ()
    if not request.quick:
        assert found.after.rebuild is not None
        repeated = [step.name for step in found.after.rebuild.steps if not step.cached]
        assert [step for step in repeated if INSTALLS.search(step)] == []
    large, small = found.before.image.size, found.after.image.size
    if "times" in said:
        assert large >= float(said["times"][0]) * small, f"{large:,} is only {large / small:.1f} times {small:,}"
