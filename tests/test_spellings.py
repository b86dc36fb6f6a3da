"""Corners of the spelling transforms that a golden file cannot hold: how a file ends, and what the options say."""

from __future__ import annotations

import pytest

from rewriter import Options, Outcome, Project, Rewrite, Source
from rewriter.engine import run
from rewriter.result import Builder
from transforms import CHAIN


def rewrite(text: str, transform: str, builder: Builder = "auto") -> Rewrite:
    chain = [known for known in CHAIN if known.name == transform]
    return run(Source(text), chain, Project(), Options(builder=builder))


@pytest.mark.parametrize(
    ("transform", "text", "expected"),
    [
        ("blank-continuation", "FROM a\nCMD b \\\n\n", "FROM a\nCMD b \\\n"),
        ("blank-continuation", "FROM a\nCMD b \\\n  ", "FROM a\nCMD b \\"),
        ("blank-continuation", "FROM a\r\nCMD b \\\r\n \r\n  c\r\n", "FROM a\r\nCMD b \\\r\n  c\r\n"),
        ("legacy-syntax", "FROM a\nLABEL maintainer=b\nMAINTAINER b", "FROM a\nLABEL maintainer=b"),
        ("legacy-syntax", "FROM a\nLABEL maintainer=b\nMAINTAINER b\n", "FROM a\nLABEL maintainer=b\n"),
        ("legacy-syntax", "FROM a\nMAINTAINER b \\\n  # c\n  'd'", "FROM a\nLABEL maintainer=\"b \\\n  # c\n  'd'\""),
        ("overridden-command", "\ufeffFROM a\nCMD b\nCMD c", "\ufeffFROM a\nCMD c"),
        ("overridden-command", "FROM a\nLABEL b=1 \\\n  c=2\nLABEL b=2\n", "FROM a\nLABEL c=2\nLABEL b=2\n"),
        ("casing", "\ufefffrom a\nRUN b\nRUN c", "\ufeffFROM a\nRUN b\nRUN c"),
    ],
)
def test_ends_and_marks(transform: str, text: str, expected: str) -> None:
    assert rewrite(text, transform).after.text == expected


@pytest.mark.parametrize(
    ("builder", "level"), [("auto", "standard"), ("buildkit", "safe"), ("classic", "safe"), ("kaniko", "safe")]
)
def test_a_stage_name_is_safe_where_the_builder_folds_its_case(builder: Builder, level: str) -> None:
    (finding,) = rewrite("FROM a AS Base\nFROM b\nCOPY --from=Base /c /d\n", "casing", builder).of(Outcome.CHANGED)
    assert finding.level is not None
    assert finding.level.label == level
