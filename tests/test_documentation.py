"""What we say of ourselves is true: the transforms' docstrings, and the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rewriter import Level, Options, Outcome, Project
from rewriter.engine import run
from rewriter.explain import explanation, read, table
from rewriter.source import Source
from transforms import CHAIN, NAMES, Transform

README = Path(__file__).parent.parent / "README.md"
every_transform = pytest.mark.parametrize("transform", CHAIN, ids=NAMES)


@every_transform
def test_example_is_executed(transform: Transform) -> None:
    documentation = read(transform.documentation)
    given = dict(part.split("=") for part in re.findall(r"\w+=\w+", documentation.options))
    options = Options(
        level=Level.parse(given.pop("level", "standard")),
        builder=given.pop("builder", "auto"),  # type: ignore[arg-type]
        cache=given.pop("cache", "clean"),  # type: ignore[arg-type]
    )
    assert not given
    result = run(Source(documentation.before), [transform], Project(), options)
    assert result.after.text == documentation.after
    if documentation.before == documentation.after:
        assert result.of(Outcome.REPORTED)
    else:
        assert result.of(Outcome.CHANGED)


@every_transform
def test_level_is_named(transform: Transform) -> None:
    assert re.match(r"(safe|standard|aggressive|report)\b", read(transform.documentation).level)


@every_transform
def test_explanation_has_every_part(transform: Transform) -> None:
    text = explanation(transform.name, transform.documentation)
    assert all(part in text for part in (transform.name, "What:", "Why:", "Before:", "After:", "Level:"))


def test_table_of_the_readme_is_generated(request: pytest.FixtureRequest) -> None:
    text = README.read_text("utf-8")
    begin, end = "<!-- transforms -->\n", "<!-- end of transforms -->\n"
    head, rest = text.split(begin)
    old, tail = rest.split(end)
    new = table({transform.name: transform.documentation for transform in CHAIN})
    if request.config.getoption("--update-golden"):
        README.write_text(head + begin + new + end + tail, "utf-8")
        old = new
    assert old == new
