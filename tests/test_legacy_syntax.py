"""ENV and LABEL in the old form keep the value that BuildKit computes, whatever it is."""

from __future__ import annotations

import dockerfile
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rewriter import Options, Outcome, Project, Source
from rewriter.engine import run
from rewriter.image import pairs
from rewriter.source import Unreadable
from rewriter.syntax.quoting import literal
from rewriter.syntax.reader import read
from rewriter.syntax.words import BadWord, expand
from transforms import CHAIN
from transforms.legacy_syntax import new_value, replaced

CHAIN_OF_ONE = [transform for transform in CHAIN if transform.name == "legacy-syntax"]
VARIABLES: tuple[dict[str, str], ...] = (
    {"A": "x y", "B1": "", "AB": "no", "Ab": "no", "1": "one"},
    {"A": "'\"\\", "B1": "$A", "AB": "n", "Ab": "n"},
    {},
)
PARTS = (
    "a",
    "b",
    "B1",
    " ",
    "\t",
    "'",
    '"',
    "\\",
    "`",
    "$",
    "$A",
    "${A}",
    "${A:-x y}",
    "${B1+$A}",
    "=",
    "#",
    "<<",
    "é",
)
texts = st.lists(st.sampled_from(PARTS), min_size=1, max_size=9).map("".join)
lines = st.lists(texts, min_size=1, max_size=3)


def value(word: str, variables: dict[str, str], escape: str) -> str | None:
    try:
        return expand(word, variables.get, escape)
    except BadWord:
        return None


@settings(max_examples=600, deadline=None)
@example('$A"b"', "\\")
@example('"$A"b c', "\\")
@example("$'x' y", "\\")
@example("a\\ b c", "\\")
@example("it's' \\", "\\")
@example("${A:-'q'} b", "\\")
@given(texts, st.sampled_from("\\`"))
def test_the_value_stays(text: str, escape: str) -> None:
    text = text.strip()
    written = new_value("KEY", text, escape) if text else None
    if written is None:
        return
    quote, replacements = written
    new = f"{quote}{replaced(text, replacements)}{quote}"
    for variables in VARIABLES:
        assert value(new, variables, escape) == value(text, variables, escape)
    head = "# escape=`\n" if escape == "`" else ""
    command = dockerfile.parse_string(f"{head}FROM scratch\nENV KEY={new}\n")[1]
    assert command.value == ("KEY", new)


@settings(max_examples=300, deadline=None, derandomize=True)
@example(["\\", "a", "b c"], "ENV", True)
@example(["a", "\\#"], "ENV", False)
@given(lines, st.sampled_from(("ENV", "LABEL")), st.booleans())
def test_a_rewritten_file_says_the_same(parts: list[str], keyword: str, commented: bool) -> None:
    between = " \\\n  # `note`\n\t" if commented else " \\\n    "
    text = f"FROM scratch\n{keyword} KEY {between.join(parts)}\nCMD x\n"
    try:
        result = run(Source(text), CHAIN_OF_ONE, Project(), Options())
    except Unreadable:
        return
    assert not result.of(Outcome.DROPPED)
    if not result.changed:
        return
    before, after = (read(source).stages[0].body for source in (result.before, result.after))
    assert len(before) == len(after)
    (old,), (new,) = pairs(before[0].value, "\\"), pairs(after[0].value, "\\")
    assert old[0] == new[0] == "KEY"
    for variables in VARIABLES:
        assert value(new[1], variables, "\\") == value(old[1], variables, "\\")
    assert dockerfile.parse_string(result.after.text)[1].value == new


@settings(max_examples=300, deadline=None, derandomize=True)
@given(texts, st.sampled_from("\\`"))
def test_literal_text_stays_literal(text: str, escape: str) -> None:
    quote, replacements = literal(text, escape)
    for variables in VARIABLES:
        assert value(f"{quote}{replaced(text, replacements)}{quote}", variables, escape) == text


@settings(max_examples=300, deadline=None, derandomize=True)
@example("a b=c d")
@example('"a b" c')
@given(texts)
def test_pairs_are_read_as_buildkit_reads_them(text: str) -> None:
    source = f"FROM scratch\nENV {text}\n"
    try:
        theirs = dockerfile.parse_string(source)[1].value
    except dockerfile.GoParseError:
        return
    try:
        instruction = read(Source(source)).stages[0].body[0]
    except Unreadable:
        pytest.fail("BuildKit reads it")
    assert tuple(part for pair in pairs(instruction.value, "\\") for part in pair) == theirs
