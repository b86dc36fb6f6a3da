"""What we say of ourselves is true: the transforms' docstrings, and the README."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import rewriter
from rewriter import Level, Options, Outcome, Project
from rewriter.engine import run
from rewriter.explain import explanation, read, table
from rewriter.facts import Facts
from rewriter.layers import model
from rewriter.report.layers import Compared, Style, closing
from rewriter.report.layers import table as layers_table
from rewriter.source import Source
from rewriter.syntax import reader as syntax
from transforms import CHAIN, NAMES, Transform

from .golden_cases import GOLDEN, Case

README = Path(__file__).parent.parent / "README.md"
every_transform = pytest.mark.parametrize("transform", CHAIN, ids=NAMES)


@every_transform
def test_example_is_executed(transform: Transform, tmp_path: Path) -> None:
    documentation = read(transform.documentation)
    given = dict(part.split("=") for part in re.findall(r"\w+=[\w-]+", documentation.options))
    options = Options(
        level=Level.parse(given.pop("level", "standard")),
        builder=given.pop("builder", "auto"),  # type: ignore[arg-type]
        cache=given.pop("cache", "clean"),  # type: ignore[arg-type]
        select=frozenset((given.pop("select"),)) if "select" in given else None,
    )
    assert not given
    if documentation.left_out:
        result = run(Source(documentation.before), [transform], beside(tmp_path, documentation.before), options)
        assert [other.after.text for other in result.others] == [documentation.left_out]
        return
    # Where the example takes a project to be true, that of the golden case `example` is beside it.
    folder = GOLDEN / transform.name / "example"
    pairs = (line.split(": ", 1) for line in documentation.beside.splitlines())
    files = {name: text.replace("\\r", "\r").replace("\\n", "\n") for name, text in pairs}
    project = Project(folder if folder.exists() else None, overlay=files)
    result = run(Source(documentation.before), [transform], project, options)
    assert result.after.text == documentation.after
    if documentation.before == documentation.after:
        assert result.of(Outcome.REPORTED)
    else:
        assert result.of(Outcome.CHANGED)


def beside(folder: Path, text: str) -> Project:
    """A repository of a Node service around the Dockerfile `text`."""
    (folder / "Dockerfile").write_text(text)
    (folder / ".gitignore").write_text("node_modules\n")
    (folder / ".git").mkdir()
    (folder / "package.json").write_text("{}")
    return Project(folder)


@every_transform
def test_level_is_named(transform: Transform) -> None:
    assert re.match(r"(safe|standard|aggressive|report)\b", read(transform.documentation).level)


@every_transform
def test_explanation_has_every_part(transform: Transform) -> None:
    text = explanation(transform.name, transform.documentation)
    assert all(part in text for part in (transform.name, "What:", "Why:", "Before:", "After", "Level:"))


def example() -> str:
    """The README's example: what the chain makes of a golden case."""
    folder = GOLDEN / "chain" / "python-django"
    diff = Case(folder).rewrite(Case(folder).before).diff("Dockerfile")
    return f"```diff\n{diff}```\n"


def layers_example() -> str:
    """The README's table of layers, of a golden case."""
    case = Case(GOLDEN / "chain" / "notes-in-the-wrong-order")
    before, after = (
        model(Facts(syntax.read(Source(text)), case.options(), Project(case.folder)))
        for text in (case.before, case.rewrite(case.before).after.text)
    )
    compared = Compared(Path("Dockerfile"), before, after, True)
    lines = [*layers_table(compared, Style()), "", closing(compared)]
    return "```text\n" + "\n".join(lines) + "\n```\n"


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("transforms", lambda: table({transform.name: transform.documentation for transform in CHAIN})),
        ("example", example),
        ("layers", layers_example),
    ],
)
def test_part_of_the_readme_is_generated(
    mark: str, expected: Callable[[], str], request: pytest.FixtureRequest
) -> None:
    text = README.read_text("utf-8")
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
    head, rest = text.split(begin)
    old, tail = rest.split(end)
    new = expected()
    if request.config.getoption("--update-golden"):
        README.write_text(head + begin + new + end + tail, "utf-8")
        old = new
    assert old == new


def test_example_of_the_package_is_executed() -> None:
    assert doctest.testmod(rewriter).failed == 0
    assert doctest.testmod(rewriter).attempted > 0
