"""Words and variables as BuildKit's lexer reads them (https://docs.docker.com/reference/dockerfile/#environment-replacement)."""

from __future__ import annotations

import pytest

from rewriter.syntax.words import BadWord, UnknownValue, expand, split, word_spans

VALUES = {"set": "value", "empty": "", "path": "/a/b/c.tar.gz", "stars": "a*b*c"}


def lookup(name: str) -> str | None:
    if name == "open":
        raise UnknownValue(name)
    return VALUES.get(name)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", "plain"),
        ("$set", "value"),
        ("${set}x", "valuex"),
        ("$setx", ""),
        ("'$set'", "$set"),
        ('"$set"', "value"),
        ('"a\'b"', "a'b"),
        (r"\$set", "$set"),
        (r'"\$set \x"', r"$set \x"),
        (r"a\ b", "a b"),
        ("${unset:-other}", "other"),
        ("${empty:-other}", "other"),
        ("${empty-other}", ""),
        ("${set:+other}", "other"),
        ("${empty:+other}", ""),
        ("${empty+other}", "other"),
        ("${unset:-${set}}", "value"),
        ("${set:?no}", "value"),
        ("${path#*/}", "a/b/c.tar.gz"),
        ("${path##*/}", "c.tar.gz"),
        ("${path%.*}", "/a/b/c.tar"),
        ("${path%%.*}", "/a/b/c"),
        ("${path/b/x}", "/a/x/c.tar.gz"),
        ("${path//a/x}", "/x/b/c.txr.gz"),
        (r"${stars/\*/+}", "a+b*c"),
        (r"${path//\//_}", "_a_b_c.tar.gz"),
        ("$", "$"),
        ("a$", "a$"),
        ("$1x", "x"),
        ("a<b", "a<b"),
    ],
)
def test_expand(word: str, expected: str) -> None:
    assert expand(word, lookup) == expected


@pytest.mark.parametrize("word", ["'a", '"a', "${", "${set", "${}", "${:x}", "${unset:?no}", "${set!x}", "${set:#x}"])
def test_refused(word: str) -> None:
    with pytest.raises(BadWord):
        expand(word, lookup)


def test_unknown_values_pass_through() -> None:
    with pytest.raises(UnknownValue):
        expand("a/$open", lookup)
    # The value is asked for even where the word in its place would not be needed.
    with pytest.raises(UnknownValue):
        expand("${open:-x}", lookup)


def test_escape_token() -> None:
    assert expand("C:\\dir`$set", lookup, "`") == "C:\\dir$set"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", ["a", "b"]),
        ("a 'b c'  d", ["a", "b c", "d"]),
        (r"a\ b c", ["a b", "c"]),
        ("$x y", ["$x", "y"]),
        ("", []),
    ],
)
def test_split(text: str, words: list[str]) -> None:
    assert split(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a=b c=d", ["a=b", "c=d"]),
        ('a="b c" d=e\\ f', ['a="b c"', "d=e\\ f"]),
        ("a='\\' b=c", ["a='\\'", "b=c"]),
        ('a="x\\"y" b', ['a="x\\"y"', "b"]),
        ("  a=b\t", ["a=b"]),
        ("a=b\\", ["a=b"]),
        ("a=b\\\\", ["a=b\\\\"]),
    ],
)
def test_word_spans(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text, "\\")] == words
