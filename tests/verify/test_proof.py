"""What a real engine proves of a rewrite, on small images: what holds, what is left out, and in how many builds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2
from pathlib import Path

import pytest

from rewriter.change import Alters, Change, Edit
from rewriter.engine import Find, run
from rewriter.facts import Facts
from rewriter.project.context import Project
from rewriter.result import Options
from rewriter.source import Source
from rewriter.syntax.tree import Dockerfile
from rewriter.verify.engine import Engine
from rewriter.verify.engines import find
from rewriter.verify.model import Verdict, Verification
from rewriter.verify.proof import Subject, verify
from rewriter.verify.request import Request
from rewriter.verify.running.questions import Questions
from rewriter.verify.trouble import NoEngine

pytestmark = pytest.mark.engine
BEFORE = "FROM busybox\n" + "".join(f"RUN echo {number} > /{number}\n" for number in range(8)) + 'CMD ["cat", "/0"]\n'


@dataclass(frozen=True)
class Append:
    """A transform that appends `text` to the line that begins with `line`."""

    name: str
    line: str
    text: str

    @property
    def find(self) -> Find:
        return self._find

    def concerns(self, text: str) -> bool:
        return True

    def _find(self, file: Dockerfile, facts: Facts) -> Iterator[Change]:
        for instruction in file.instructions:
            if file.text(instruction.span).startswith(self.line) and self.text not in file.text(instruction.span):
                end = instruction.span.end
                yield Change("appends", (Edit(end, end, self.text),), instruction.span, Alters.NOTHING)


both = pytest.mark.parametrize("engine", ["docker", "podman"], indirect=True)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Engine:
    """Docker, or the engine that the test names."""
    try:
        return find(getattr(request, "param", "docker"), timeout=120)
    except NoEngine as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No result of another test is taken."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


Prove = Callable[..., Verification]


@pytest.fixture
def prove(engine: Engine, tmp_path: Path) -> Prove:
    context = tmp_path / "context"
    context.mkdir()

    def proved(text: str, chain: Sequence[Append], questions: Questions | None = None) -> Verification:
        project = Project(context, dockerfile=context / "Dockerfile")
        subject = Subject(
            context / "Dockerfile",
            lambda options: run(Source(text), chain, project, options),
            Options(),
            project,
            tuple(each.name for each in chain),
        )
        return verify(subject, engine, Request(questions=questions or Questions()), lambda _phase, _line: None)

    return proved


def chain(**bad: str) -> list[Append]:
    """Eight transforms, one for each RUN; those in `bad` append something else than what does no harm."""
    names = [f"t{number}" for number in range(8)]
    return [Append(name, f"RUN echo {name[1:]}", bad.get(name, " && true")) for name in names]


@both
def test_a_rewrite_that_does_no_harm_holds(prove: Prove) -> None:
    found = prove(BEFORE, chain())
    assert (found.verdict, found.left_out) == (Verdict.HOLDS, ())
    assert found.transforms == tuple(f"t{number}" for number in range(8))
    assert found.builds <= 4
    assert found.text.count("&& true") == 8


@both
def test_what_does_not_build_is_left_out_in_few_builds(prove: Prove) -> None:
    found = prove(BEFORE, chain(t5=" && echo the cat is away && false"))
    assert found.verdict is Verdict.PARTLY
    (left,) = found.left_out
    assert left.transform == "t5"
    assert left.step.endswith("RUN echo 5 > /5 && echo the cat is away && false")
    assert left.line == 7
    assert "the cat is away" in left.message
    assert found.text.count("&& true") == 7
    assert "away" not in found.text
    of_the_original = 1
    assert found.builds - of_the_original <= 2 * ceil(log2(8)) + 2


def test_what_behaves_otherwise_is_left_out(prove: Prove) -> None:
    found = prove(BEFORE, chain(t0=" && echo more >> /0"), Questions(commands=("cat /0",)))
    assert [left.transform for left in found.left_out] == ["t0"]
    assert "cat /0" in found.left_out[0].message
    assert found.verdict is Verdict.PARTLY


def test_all_culprits_are_found(prove: Prove) -> None:
    found = prove(BEFORE, chain(t1=" && false", t6=" && exit 3"))
    assert {left.transform for left in found.left_out} == {"t1", "t6"}
    assert found.text.count("&& true") == 6


def test_where_nothing_is_left_nothing_passes(prove: Prove) -> None:
    found = prove(BEFORE, [Append("only", "RUN echo 3", " && false")])
    assert (found.verdict, found.text, found.passed) == (Verdict.FAILS, BEFORE, False)


def test_an_original_that_does_not_build_is_told_apart(prove: Prove) -> None:
    found = prove(BEFORE.replace("RUN echo 2 >", "RUN echo out of order; exit 1 >"), chain())
    assert found.verdict is Verdict.ORIGINAL
    assert found.left_out == ()
    assert found.reason.startswith("the Dockerfile as it is does not build: line 4: ")
    assert "out of order" in found.reason
    assert found.builds == 1


def test_an_original_that_does_not_answer_is_told_apart(prove: Prove) -> None:
    questions = Questions(http=("/",), port=8000, patience=1)
    found = prove(BEFORE.replace('"cat", "/0"', '"sleep", "600"'), chain(), questions)
    assert found.verdict is Verdict.ORIGINAL
    assert "GET /" in found.reason


def test_a_program_that_ends_with_an_error_proves_nothing(prove: Prove) -> None:
    found = prove(BEFORE.replace('"cat", "/0"', '"cat", "/missing"'), chain())
    assert found.verdict is Verdict.UNPROVEN
    assert "--run-arg" in found.reason


def test_what_was_proven_is_not_built_again(prove: Prove) -> None:
    first = prove(BEFORE, chain())
    again = prove(BEFORE, chain())
    assert (again.builds, again.kept) == (0, True)
    assert replace(again, builds=first.builds, kept=False) == first


@both
def test_nothing_is_left_behind(prove: Prove, engine: Engine) -> None:
    prove(BEFORE, chain(t5=" && false"))
    assert engine.left == ()
    assert engine.base_ids([engine.tag("before"), engine.tag("after")]) == ("", "")
