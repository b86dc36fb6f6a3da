"""Ignore comments, our own and those of other tools."""

from __future__ import annotations

import pytest

from rewriter import Outcome, rewrite

STEP = "RUN apt-get install curl\n"


def changes(head: str, tail: str = "") -> list[int]:
    """The lines that apt-asks changes."""
    result = rewrite(f"{head}FROM debian:12\n{tail}")
    return [result.before.line(f.span.start) for f in result.of(Outcome.CHANGED) if f.transform == "apt-asks"]


@pytest.mark.parametrize(
    "comment",
    [
        "# dockerslim ignore=apt-asks -- the mirror answers",
        "# dockerslim ignore=apt-lists-kept,apt-asks",
        "#dockerslim ignore = apt-asks",
        "# dockerslim ignore=all",
        "# hadolint ignore=DL3014",
        "# hadolint ignore=DL3008,DL3014 # both",
        "# tally ignore=hadolint/DL3014",
    ],
)
def test_the_next_instruction_is_left_alone(comment: str) -> None:
    assert changes("", f"{comment}\n{STEP}LABEL a=b\n{STEP}") == [5]


@pytest.mark.parametrize("comment", ["# dockerslim ignore-file=apt-asks", "# hadolint global ignore=DL3014"])
def test_the_whole_file_is_left_alone(comment: str) -> None:
    assert changes("", f"{STEP}{comment}\n{STEP}") == []


def test_a_comment_between_comments_counts() -> None:
    assert changes("", f"# dockerslim ignore=apt-asks\n# more\n\n{STEP}") == []


def test_other_names_and_tools_do_not_count() -> None:
    assert changes("", f"# hadolint ignore=DL3008\n# dockerslim ignore=pip-cache-kept\n{STEP}") == [4]


def test_buildkit_checks_that_are_skipped() -> None:
    text = "# check=skip=MaintainerDeprecated\nFROM debian:12\nMAINTAINER me\n"
    assert not [f for f in rewrite(text).of(Outcome.CHANGED) if f.transform == "legacy-syntax"]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# dockerslim ignore=apt-ask", "there is no transform 'apt-ask' to ignore; did you mean 'apt-asks'?"),
        ("# dockerslim ignore=pip-cache-kept", "the ignore of 'pip-cache-kept' does nothing here: take it out"),
        ("# dockerslim ignore-file=noisy-download", "the ignore of 'noisy-download' does nothing here: take it out"),
    ],
)
def test_an_ignore_that_does_nothing_is_a_finding(comment: str, message: str) -> None:
    result = rewrite(f"FROM debian:12\n{comment}\n{STEP}")
    assert [(f.transform, f.message) for f in result.of(Outcome.REPORTED)] == [("unused-ignore", message)]


def test_an_ignore_that_works_and_those_of_others_are_no_findings() -> None:
    for comment in ("# dockerslim ignore=apt-asks", "# hadolint ignore=DL3042", "# dockerslim is good"):
        result = rewrite(f"FROM debian:12\n{comment}\n{STEP}")
        assert not [f for f in result.of(Outcome.REPORTED) if f.transform == "unused-ignore"]
