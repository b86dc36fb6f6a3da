"""`.dockerignore`: what it hides, and what it surely hides."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from rewriter.project.dockerignore import Ignore
from tests import engine

HIDES = [
    # the lines of the file
    ("", "a", False),
    ("# a\n\n  \n", "a", False),
    ("#a", "#a", False),
    (" #a", "#a", True),
    ("\ufeffa", "a", True),
    ("\ufeff# a\nb", "b", True),
    ("a\r\nb\r\n", "b", True),
    (" \ta\u00a0", "a", True),
    ("a\x1f", "a", False),
    ("a\x85", "a", True),
    ("/a/", "a", True),
    ("//a", "a", True),
    ("./a/../b//c/.", "b/c", True),
    ("../a", "a", False),
    ("/../a", "a", True),
    (".", "a", False),
    ("/", "a", False),
    ("/ a", "a", True),
    ("# x\na", "a", True),
    # anchored at the root, and all that lies below
    ("a", "a/b/c", True),
    ("a", "b/a", False),
    ("a", "ab", False),
    ("a/b", "a", False),
    ("A", "a", False),
    # wildcards
    ("*.pyc", "a.pyc", True),
    ("*.pyc", "b/a.pyc", False),
    ("*", "a/b", True),
    ("*/*.pyc", "b/a.pyc", True),
    ("?b", "ab", True),
    ("a?b", "a/b", False),
    ("a.c", "abc", False),
    ("a+(b|c)${d}", "a+(b|c)${d}", True),
    ("**", "a/b", True),
    ("**/a", "a", True),
    ("**/a", "b/c/a/d", True),
    ("**/a", "b/ca", False),
    ("**a", "b/ca", True),
    ("**/*.pyc", "a.pyc", True),
    ("**/*.pyc", "b/c/a.pyc", True),
    ("a/**", "a", False),
    ("a/**", "a/b", True),
    ("a/**", "ab", False),
    ("a**", "ab/c", True),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/c/d/b", True),
    ("a/**/b", "ab", False),
    ("a**b", "ab", True),
    ("a**b", "ac/b", True),
    ("a**b", "acb", False),
    ("***", "a/b", True),
    ("**/**/a", "b/a", True),
    ("a*/**", "ab", False),
    ("a*/**", "ab/c", True),
    # classes and escapes
    ("[ab]", "a", True),
    ("[^a]", "b", True),
    ("[^a]", "a", False),
    ("a[^b]c", "a/c", True),
    ("[!a]", "!", True),
    ("[!a]", "b", False),
    ("[a-c]x", "bx", True),
    ("[a-c]x", "dx", False),
    ("[.]a", ".a", True),
    ("[.]a", "ba", False),
    (r"[\]]", "]", True),
    (r"[a\-c]", "-", True),
    (r"[a\-c]", "b", False),
    ("a]", "a]", True),
    (r"\*", "*", True),
    (r"\*", "a", False),
    (r"\!a", "!a", True),
    (r"\#a", "#a", True),
    ("\\ a", " a", True),
    ("é?", "éü", True),
    # exceptions
    ("*.md\n!README.md", "README.md", False),
    ("!README.md\n*.md", "README.md", True),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
    ("*\n! a", "a", False),
    ("*\n!/a", "a", False),
    ("*\n/!a", "a", False),
    ("*\n!a/", "a/b/c", False),
    ("*\n!a/b", "a", True),
    ("*\n!a/b", "a/b", False),
    ("*\n!a/b", "a/c", True),
    ("*\n!a/**", "a/b/c", False),
    ("a\n!**/*.md", "a/b/c.md", False),
    ("a\n!**/*.md\na/b/**", "a/b/c.md", True),
    ("!!a", "!a", False),
    ("*\n!!a", "!a", False),
    # a pattern that changes nothing at a folder is not remembered below it
    ("a/*.txt\n!a", "a/b.txt", True),
    ("a\n!**/*.md\na/b", "a/b/c.md", False),
    ("a\n!a/b\na", "a/b", False),
    # below a hidden folder nothing is looked at when no exception names a path there
    ("a/b\n!a", "a/b/c", True),
]


@pytest.mark.parametrize(("text", "path", "hidden"), HIDES)
def test_hides(text: str, path: str, hidden: bool) -> None:
    ignore = Ignore(text)
    assert (ignore.broken, ignore.hides(path)) == (None, hidden)


@pytest.mark.parametrize("path", ["", "."])
def test_the_context_itself_is_never_hidden(path: str) -> None:
    assert not Ignore("**\n*\n.").hides(path)


BROKEN = {
    "!": "line 1: `!` without a pattern",
    "a\n!/": "line 2: `!` without a pattern",
    "[": "`[` is not closed",
    "[]a]": "`]` cannot stand",
    "[a-]": "`]` cannot stand",
    "[-a]": "`-` cannot stand",
    "[^": "not closed",
    "[c-a]": "backwards",
    "[[:alpha:]]": "`[` cannot stand",
    "[*]": "`*` cannot stand",
    "a\\": "no escape",
    r"\d": "no escape",
    r"[\w]": "no escape",
    "a" * 70_000: "too long",
    "a\n" * 1_001: "more than 1,000",
}


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_hides_all_and_covers_nothing(text: str) -> None:
    ignore = Ignore(text)
    assert ignore.broken is not None
    assert BROKEN[text] in ignore.broken
    assert ignore.hides("b")
    assert ignore.prunes("b")
    assert not ignore.covers("b")


COVERS = [
    ("", "node_modules", False),
    ("node_modules", "node_modules", True),
    ("/node_modules/", "./node_modules", True),
    ("node_modules", "node_modules/.cache", True),
    ("node_modules", "client/node_modules", False),
    ("client", "client/node_modules", True),
    ("**/node_modules", "client/node_modules", True),
    ("**/node_modules", "node_modules", True),
    ("**/node_modules", "**/node_modules", True),
    ("node_modules", "**/node_modules", False),
    ("*/node_modules", "**/node_modules", False),
    ("**node_modules", "**/node_modules", True),
    ("node_modules/**", "node_modules", False),
    ("node_modules/*", "node_modules", False),
    ("node*", "node_modules", True),
    ("*", "node_modules", True),
    ("*", "**/obj", True),
    ("**", "**/obj", True),
    ("**/*.py[cod]", "**/*.pyc", True),
    ("**/*.pyc", "**/*.py[cod]", False),
    ("*.egg-info", "**/*.egg-info", False),
    ("**/*.egg*", "**/*.egg-info", True),
    ("**/[bo]*", "**/obj", True),
    ("[^a]*", "obj", True),
    # exceptions
    ("node_modules\n!README.md", "node_modules", True),
    ("node_modules\n!node_modules/keep", "node_modules", False),
    ("node_modules\n!node_modules/keep\nnode_modules", "node_modules", False),
    ("!node_modules", "node_modules", False),
    ("!node_modules\nnode_modules", "node_modules", False),
    ("*\n!package.json\n!src", "node_modules", True),
    ("*\n!src", "src/obj", False),
    ("*\n!src\n**/obj", "src/obj", True),
    ("**/obj\n!*.md", "**/obj", True),
    ("**/obj\n!**/*.md", "**/obj", False),
    ("*\n**/obj\n!src", "src/obj", False),
    ("**/obj\n!src", "src/obj", True),
    # what is asked
    ("a", "!a", False),
    ("a", "[", False),
    ("a", "", False),
    ("a\nb", "a\nb", False),
    ("a", ".", False),
]


@pytest.mark.parametrize(("text", "pattern", "covered"), COVERS)
def test_covers(text: str, pattern: str, covered: bool) -> None:
    assert Ignore(text).covers(pattern) is covered


def test_what_is_covered_is_hidden() -> None:
    """Whenever `covers` says so of generated patterns, every generated path that matches is hidden, and all below."""
    source, covered = random.Random(3), 0
    for _ in range(3_000):
        ignore = Ignore(_file(source))
        pattern = _line(source).removeprefix("!")
        if not ignore.covers(pattern):
            continue
        covered += 1
        alone = Ignore(pattern)
        assert not [path for path in _tree(source, 30) if alone.hides(path) and not ignore.hides(path)], (
            ignore.text,
            pattern,
        )
    assert covered > 300


@pytest.mark.parametrize(
    "pattern", ["*a" * 40 + "b", "**/a/" * 40 + "b", "**/*" * 40 + "b", "a*" * 40 + "**/[^a]*b", "?" * 1_000 + "*b"]
)
def test_hostile_patterns_take_no_time(pattern: str) -> None:
    ignore = Ignore("\n".join([pattern] * 20))
    assert not ignore.hides("a" * 250 + "/a" * 150)
    ignore.covers("**/*a" * 20)


def test_the_automaton_and_the_expression_agree() -> None:
    source, compared = random.Random(1), 0
    for _ in range(2_000):
        for pattern in Ignore(_line(source)).patterns:
            if pattern.glob.regex is not None:
                expression = re.compile(pattern.glob.regex)
                for path in _tree(source, 8):
                    compared += 1
                    assert pattern.glob.matches(path) is (expression.fullmatch(path) is not None), (pattern.text, path)
    assert compared > 5_000


@pytest.mark.engine
def test_the_engine_agrees(tmp_path: Path) -> None:
    """BuildKit copies exactly what is not hidden: many contexts, each one named in one build."""
    if engine.images() is None:
        pytest.skip("no engine is reachable")
    source = random.Random(7)
    for batch in range(6):
        cases = {f"c{number}": _case(tmp_path / f"{batch}" / f"c{number}", source) for number in range(60)}
        (tmp_path / f"{batch}" / "Dockerfile").write_text(
            "FROM scratch\n" + "".join(f"COPY --from={name} . /{name}/\n" for name in cases)
        )
        out = tmp_path / f"{batch}-out"
        named = [f"--build-context={name}={tmp_path / str(batch) / name}" for name in cases]
        subprocess.run(
            ["docker", "build", "-q", *named, f"--output=type=local,dest={out}", str(tmp_path / f"{batch}")],
            check=True,
            capture_output=True,
        )
        for name, (text, tree) in cases.items():
            ignore = Ignore(text)
            assert ignore.broken is None
            kept = {path for path in tree if not ignore.hides(path)}
            kept |= {str(parent) for path in kept for parent in Path(path).parents if str(parent) != "."}
            copied = {str(path.relative_to(out / name)) for path in (out / name).rglob("*")}
            assert copied - {".dockerignore"} == kept - {".dockerignore"}, text


def _case(folder: Path, source: random.Random) -> tuple[str, list[str]]:
    text = _file(source)
    while Ignore(text).broken:
        text = _file(source)
    tree = _tree(source, 25)
    folder.mkdir(parents=True)
    (folder / ".dockerignore").write_text(text)
    for path in sorted(tree):
        if any(other.startswith(f"{path}/") for other in tree):
            (folder / path).mkdir(parents=True)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("")
    return text, tree


def _file(source: random.Random) -> str:
    return "\n".join(_line(source) for _ in range(source.randint(1, 6)))


def _line(source: random.Random) -> str:
    names = [
        "a",
        "b",
        "ab",
        "c.d",
        "*",
        "*.d",
        "a*",
        "?",
        "**",
        "**",
        "[ab]",
        "[^a]",
        "[^a]*",
        "*b*",
        r"\*",
        "**a",
        "b**",
    ]
    line = "/".join(source.choice(names) for _ in range(source.choice([1, 1, 2, 2, 3])))
    return (
        source.choice(["", "", "", "!", "!", "/", "# ", "! /", "  "])
        + line
        + source.choice(["", "", "", "/", "/**", " "])
    )


def _tree(source: random.Random, size: int) -> list[str]:
    """Paths below each other and beside each other, with all their folders."""
    names = ["a", "b", "ab", "ba", "c.d", "a.d", "*", "x"]
    paths = {"/".join(source.choice(names) for _ in range(source.randint(1, 4))) for _ in range(size)}
    paths |= {str(parent) for path in paths for parent in Path(path).parents if str(parent) != "."}
    return sorted(paths)
