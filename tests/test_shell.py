"""The shell reader: structure, words, and the traps of tree-sitter-bash (DESIGN.md rule 4)."""

from __future__ import annotations

import pytest

from rewriter.syntax.shell import Script, Statement, literal, parse
from rewriter.syntax.vocabulary import Call, calls


def script(text: str) -> Script:
    parsed = parse(text)
    assert parsed is not None
    return parsed


def only_call(text: str) -> Call:
    (call,) = calls(script(text))
    return call


def shape(statement: Statement, text: str) -> object:
    """A statement as nested tuples: its kind, and its children or its words."""
    if statement.kind == "command":
        return tuple(word.raw for word in statement.words)
    joined = tuple(operator.text for operator in statement.operators)
    return (statement.kind, joined, *(shape(child, text) for child in statement.children))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a && b && c", ("sequence", (), ("list", ("&&", "&&"), ("a",), ("b",), ("c",)))),
        ("a && b || c; d &", ("sequence", (";", "&"), ("list", ("&&", "||"), ("a",), ("b",), ("c",)), ("d",))),
        ("a | b && c", ("sequence", (), ("list", ("&&",), ("pipeline", ("|",), ("a",), ("b",)), ("c",)))),
        ("(a; b) && c", ("sequence", (), ("list", ("&&",), ("subshell", (";",), ("a",), ("b",)), ("c",)))),
        ("a\nb", ("sequence", ("\n",), ("a",), ("b",))),
        ("tar a-$V-$T.tgz", ("sequence", (), ("tar", "a-$V-$T.tgz"))),
        ("a \"x y\"'z'$q", ("sequence", (), ("a", "\"x y\"'z'$q"))),
    ],
)
def test_structure(text: str, expected: object) -> None:
    assert shape(script(text).root, text) == expected


def test_redirections_belong_to_the_last_command_of_a_list() -> None:
    first, second = script("a && b > x 2>&1").root.children[0].children
    assert first.redirects == ()
    assert [(r.operator, r.descriptor, r.target and r.target.raw) for r in second.redirects] == [
        (">", "", "x"),
        (">&", "2", "1"),
    ]
    assert second.end == len("a && b > x 2>&1")


def test_chain() -> None:
    chain = script("a && b > x && c").chain
    assert chain is not None
    assert len(chain) == 3
    for other in ("a; b", "a || b", "a && b || c", "a &", "a && b;"):
        assert script(other).chain is None
    assert script("a | b").chain is not None


@pytest.mark.parametrize(
    "text",
    [
        "if x; then",
        "a && && b",
        "echo 'x",
        "cat <<EOF",
        "Write-Host ('x {0}' -f $a); $b = 1",
        "if exist x (del x)",
    ],
)
def test_not_understood(text: str) -> None:
    assert parse(text) is None


def test_not_ascii_keeps_offsets() -> None:
    words = script("echo 'é…😀' b").root.children[0].words
    assert [word.raw for word in words] == ["echo", "'é…😀'", "b"]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("'a b'", "a b"),
        ('"a\\"b"', 'a"b'),
        ("a\\ b", "a b"),
        ('"$x"', None),
        ("$(x)", None),
        ("*.py", None),
        ("'*.py'", "*.py"),
        ("~/x", None),
        ('"\\$x"', "$x"),
        ("{a,b}", None),
    ],
)
def test_literal(raw: str, value: str | None) -> None:
    assert literal(raw) == value


def test_calls() -> None:
    call = only_call("sudo -E apt-get -qqy -t buster install --no-install-recommends a b=1 > /dev/null")
    assert (call.program, call.subcommand, call.sudo, call.installs) == ("apt-get", "install", True, True)
    assert [word.raw for word in call.operands] == ["a", "b=1"]
    assert call.says_yes
    assert call.value("-t") == "buster"
    assert call.has("--no-install-recommends")
    assert call.end == len("sudo -E apt-get -qqy -t buster install --no-install-recommends a b=1")


@pytest.mark.parametrize(
    ("text", "program", "subcommand"),
    [
        ("python3 -m pip install x", "pip", "install"),
        ("pip3.11 install x", "pip", "install"),
        ("/usr/bin/apt-get update", "apt-get", "update"),
        ("DEBIAN_FRONTEND=noninteractive apt-get upgrade", "apt-get", "upgrade"),
        ("env A=1 -u B apk add x", "apk", "add"),
        ("npm cache clean --force", "npm", "cache clean"),
        ("uv pip install x", "uv", "pip install"),
        ("yarn", "yarn", ""),
        ("exec nginx", "nginx", ""),
        ("python setup.py install", "python", ""),
    ],
)
def test_programs(text: str, program: str, subcommand: str) -> None:
    call = only_call(text)
    assert (call.program, call.subcommand) == (program, subcommand)


def test_options_with_values_are_no_operands() -> None:
    call = only_call("pip install -r requirements.txt --index-url https://x -U flask -e .")
    assert [word.raw for word in call.operands] == ["flask"]
    assert call.value("-r") == "requirements.txt"
    assert [option.name for option in call.options] == ["-r", "--index-url", "-U", "-e"]


def test_a_command_whose_name_is_open_is_no_call() -> None:
    assert calls(script("$X install y && `cmd` z")) == ()
