"""Diffs apply with the tools that people use, read like git's, and cost time in proportion to the file."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unidiff import PatchSet

from rewriter import diff
from rewriter.diff import Hunk, hunks, unified

# Neither the settings of the machine nor a repository around the folder may change what git does.
ENV = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}

GIT_APPLY = ("git", "apply")
GNU_PATCH = ("patch", "-p1", "--silent")


def has_gnu_patch() -> bool:
    tool = shutil.which("patch")
    return (
        tool is not None and "GNU patch" in subprocess.run([tool, "--version"], capture_output=True, text=True).stdout
    )


TOOLS = [
    pytest.param(GIT_APPLY, id="git-apply"),
    pytest.param(
        GNU_PATCH, id="patch", marks=pytest.mark.skipif(not has_gnu_patch(), reason="GNU patch is not installed")
    ),
]

NUMBERS = "".join(f"{n}\n" for n in range(1, 31))

TEXTS: dict[str, tuple[bytes | None, bytes]] = {
    "one line": (b"a\nb\nc\n", b"a\nB\nc\n"),
    "first line": (b"a\nb\nc\n", b"A\nb\nc\n"),
    "last line": (b"a\nb\nc\n", b"a\nb\nC\n"),
    "before the first line": (b"a\nb\n", b"new\na\nb\n"),
    "after the last line": (b"a\nb\n", b"a\nb\nnew\n"),
    "first line removed": (b"a\nb\nc\n", b"b\nc\n"),
    "last line removed": (b"a\nb\nc\n", b"a\nb\n"),
    "adjacent lines": (b"a\nb\nc\nd\n", b"a\nB\nx\nC\nd\n"),
    "two changes, one equal line apart": (b"a\nb\nc\n", b"A\nb\nC\n"),
    "two hunks": (NUMBERS.encode(), NUMBERS.replace("5\n", "five\n", 1).replace("25\n", "").encode()),
    "all of it": (b"a\nb\n", b"c\nd\ne\n"),
    "blank lines": (b"\n\n\n\na\n\n\n\n\n", b"\n\n\n\n\na\n\n\n\n"),
    "carriage returns": (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
    "carriage returns, no final newline": (b"a\r\nb", b"a\r\nb\r\nc"),
    "mixed newlines": (b"a\r\nb\nc\r\nd\n", b"a\nb\r\nc\r\nd\n"),
    "lone carriage returns": (b"a\rb\rc\nd\r", b"a\rB\rc\nd\r"),
    "no final newline": (b"a\nb\nc", b"a\nB\nc"),
    "no final newline, last line": (b"a\nb", b"a\nB"),
    "no final newline, far from the change": (NUMBERS.encode() + b"end", b"new\n" + NUMBERS.encode() + b"end"),
    "final newline added": (b"a\nb", b"a\nb\n"),
    "final newline removed": (b"a\nb\n", b"a\nb"),
    "line added after no final newline": (b"a", b"a\nb"),
    "empty before": (b"", b"a\nb\n"),
    "empty before, no final newline after": (b"", b"a"),
    "empty after": (b"a\nb\n", b""),
    "empty after, no final newline before": (b"a", b""),
    "byte order mark": (b"\xef\xbb\xbfFROM a\nRUN b\n", b"\xef\xbb\xbfFROM A\nRUN b\n"),
    "byte order mark removed": (b"\xef\xbb\xbfFROM a\nRUN b\n", b"FROM a\nRUN b\n"),
    "other line ends": (
        "a\fb\vc\x1c\nx\x85y\u2028z\u2029\nc\n".encode(),
        "a\fB\vc\x1c\nx\x85y\u2028Z\u2029\nc\n".encode(),
    ),
    "bytes that are not UTF-8": (b"# caf\xe9\nRUN \xff\xfe\n", b"# caf\xe9\nRUN \xff\xfd\n"),
    "lines that look like a diff": (b"-- a\n++ b\n@@ -1 +1 @@\n\\ No\n", b"-- b\n++ b\n@@ -1 +1 @@\n\\ Yes\n"),
    "new": (None, b"a\nb\n"),
    "new, no final newline": (None, b"a\nb"),
    "new, carriage returns": (None, b"a\r\nb\r\n"),
    "new-and-empty": (None, b""),  # with spaces in its name, git writes what GNU patch does not take
}

NAMES = [
    "Dockerfile",
    "my app/Docker file",
    " leading",
    'say "hi"',
    "back\\slash",
    "Dockerfile.für-日本",
    "mit Lücke",
    "bell\a tab\t line\n return\r del\x7f",
    "latin1-\udce9",  # an undecodable byte, as os.listdir hands it out
    "-p1",
]


# Changes 5 to 8 lines apart: on either side of where two hunks become one; and at the end of the file.
PLACES = [(10, 15), (10, 16), (10, 17), (10, 18), (12, 13), (29, 30)]


def decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def run(tool: Sequence[str], folder: Path, stdin: bytes = b"") -> bytes:
    env = {**ENV, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(tool, input=stdin, cwd=folder, env=env, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr + b"\n" + stdin
    return done.stdout


def write(folder: Path, name: str, data: bytes | None) -> None:
    if data is not None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def patched(before: str, changes: Sequence[Hunk]) -> str:
    """`before` with the hunks put in, each checked for its place on both sides."""
    lines = before.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    result: list[str] = []
    at = 0
    for number, hunk in enumerate(changes):
        start = hunk.before_start - 1
        assert start > at or number == 0  # else the two would be one hunk
        result += lines[at:start]
        at = start + hunk.before_count
        assert tuple(lines[start:at]) == hunk.before != hunk.after
        assert (hunk.after_start, hunk.after_count) == (len(result) + 1, len(hunk.after))
        result += hunk.after
    return "".join(result + lines[at:])


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("context", [1, 2, 3, 10])
def test_applies(context: int, tool: Sequence[str], tmp_path: Path) -> None:
    diffs = []
    for case, (before, after) in TEXTS.items():
        write(tmp_path, case, before)
        diffs.append(unified(None if before is None else decoded(before), decoded(after), case, context=context))
    run(tool, tmp_path, encoded("".join(diffs)))
    assert files(tmp_path) == {case: after for case, (_, after) in TEXTS.items()}


@pytest.mark.parametrize("case", TEXTS)
def test_unidiff_reads_it(case: str) -> None:
    before, after = TEXTS[case]
    old, new = decoded(before or b""), decoded(after)
    (file,) = PatchSet(unified(None if before is None else old, new, "Dockerfile"))
    changes = hunks(old, new)
    assert file.path == "Dockerfile"
    assert file.removed == sum(hunk.before_count for hunk in changes)
    assert file.added == sum(hunk.after_count for hunk in changes)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("before", [None, "a\nb\n"], ids=["new", "changed"])
def test_applies_to_any_name(before: str | None, tool: Sequence[str], tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path, name, None if before is None else encoded(before))
    run(tool, tmp_path, encoded("".join(unified(before, "a\nc\n", name) for name in NAMES)))
    assert files(tmp_path) == dict.fromkeys(NAMES, b"a\nc\n")


def test_name_that_ends_with_a_space(tmp_path: Path) -> None:
    """GNU patch does not take such a name, from git's own diffs neither."""
    write(tmp_path, "sub /end ", b"a\n")
    run(GIT_APPLY, tmp_path, encoded(unified("a\n", "b\n", "sub /end ")))
    assert files(tmp_path) == {"sub /end ": b"b\n"}


def test_is_what_git_writes(tmp_path: Path) -> None:
    """All but the `index` line, with texts that have only one sensible diff. (Letters at the start of a line would
    make git show them beside `@@`.)"""
    run(("git", "init", "-q"), tmp_path)
    texts = [(name, b"1\n2\n3\n4\n5\n", b"1\n2\n3\n4\n5.1\n5.2") for name in NAMES]
    texts += [("empty", b"", b"1\n"), ("emptied", b"1\n", b"")]
    for n, m in PLACES:
        lines = [b"%d\n" % k for k in range(10, 31)]
        texts.append(
            (f"{n}-{m}", b"".join(lines), b"".join(lines).replace(b"%d\n" % n, b"").replace(b"%d\n" % m, b"*\n"))
        )
    for name, before, after in texts:
        write(tmp_path, name, before)
        run(("git", "add", "-A"), tmp_path)
        write(tmp_path, name, after)
        said = run(("git", "-c", "diff.context=3", "diff", "--no-ext-diff"), tmp_path)
        lines = [line for line in said.split(b"\n") if not line.startswith(b"index ")]
        assert encoded(unified(decoded(before), decoded(after), name)) == b"\n".join(lines)


def test_nothing_differs() -> None:
    assert unified("a\nb", "a\nb", "Dockerfile") == ""
    assert unified("", "", "Dockerfile") == ""
    assert hunks("a\n", "a\n") == ()


def test_new_file() -> None:
    assert unified(None, "a\nb", ".dockerignore") == (
        "diff --git a/.dockerignore b/.dockerignore\nnew file mode 100644\n--- /dev/null\n+++ b/.dockerignore\n"
        "@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n"
    )
    assert unified(None, "", "new") == "diff --git a/new b/new\nnew file mode 100644\n"


def test_hunks() -> None:
    assert hunks("a\nb\nc\nd\ne", "a\nB\nc\nx\nd\n") == (
        Hunk(2, 1, 2, 1, ("b\n",), ("B\n",)),
        Hunk(4, 0, 4, 1, (), ("x\n",)),
        Hunk(5, 1, 6, 0, ("e",), ()),
    )
    assert hunks("", "a") == (Hunk(1, 0, 1, 1, (), ("a",)),)
    assert hunks("a\n", "") == (Hunk(1, 1, 1, 0, ("a\n",), ()),)


def test_unique_lines_hold_the_diff_together() -> None:
    """SequenceMatcher alone pairs up the longest run, here of blank lines, and shows `keep` as removed and added."""
    assert hunks("a\n\n\n\nkeep\n", "keep\n\n\n\nz\n") == (
        Hunk(1, 4, 1, 0, ("a\n", "\n", "\n", "\n"), ()),
        Hunk(6, 0, 2, 4, (), ("\n", "\n", "\n", "z\n")),
    )


def test_colours() -> None:
    assert unified("a\nb\r\nc", "a\nx\r\nc", "my file", context=1, color=True) == (
        "\x1b[1mdiff --git a/my file b/my file\x1b[m\n\x1b[1m--- a/my file\t\x1b[m\n\x1b[1m+++ b/my file\t\x1b[m\n"
        "\x1b[36m@@ -1,3 +1,3 @@\x1b[m\n a\n\x1b[31m-b\x1b[m\r\n\x1b[32m+x\x1b[m\r\n c\n\\ No newline at end of file\n"
    )


lines_of_few_kinds = st.lists(st.sampled_from(["a\n", "b\n", "\n", "c\r\n", "\f\u2028\n", "\udcff\n"]), max_size=12)
few_texts = st.builds(lambda lines, end: "".join(lines) + end, lines_of_few_kinds, st.sampled_from(["", "a", "\r"]))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(few_texts, few_texts), min_size=1, max_size=8), st.integers(1, 4))
def test_any_texts_apply(texts: list[tuple[str, str]], context: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (before, _) in enumerate(texts):
            write(folder, f"f{number}", encoded(before))
        diffs = [unified(*pair, f"f{number}", context=context) for number, pair in enumerate(texts)]
        if any(diffs):
            run(GIT_APPLY, folder, encoded("".join(diffs)))
        assert files(folder) == {f"f{number}": encoded(after) for number, (_, after) in enumerate(texts)}


@settings(deadline=None, max_examples=300)
@given(few_texts, few_texts)
def test_hunks_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    assert patched(before, hunks(before, after)) == after


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_edits_of_a_longer_text(data: st.DataObject) -> None:
    """Texts in which some lines are unique and others repeat, so that they are divided and what is left is matched."""
    lines = data.draw(st.lists(st.sampled_from([*"abcdefghijklmnop", "", "", "", ""]), min_size=20, max_size=120))
    edited = list(lines)
    for place in data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=10)):
        edited[place : place + place % 3] = data.draw(st.sampled_from([[], ["a"], ["", "x"]]))
    before, after = "\n".join(lines), "\n".join(edited)
    assert patched(before, hunks(before, after)) == after


def longest_common(a: Sequence[int], b: Sequence[int]) -> int:
    row = [0] * (len(b) + 1)
    for line in a:
        above, row = row, [0]
        for j, other in enumerate(b):
            row.append(above[j] + 1 if line == other else max(above[j + 1], row[j]))
    return row[-1]


numbers = st.lists(st.integers(0, 2), max_size=30)


@settings(deadline=None, max_examples=300)
@given(numbers, numbers)
def test_myers_finds_the_shortest_way(a: list[int], b: list[int]) -> None:
    assert sum(n for _, _, n in diff._myers(a, b)) == longest_common(a, b)


@settings(deadline=None, max_examples=200)
@given(numbers, numbers, st.integers(1, 6))
def test_myers_in_several_searches(a: list[int], b: list[int], steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diff, "MYERS_STEPS", steps)
        blocks = list(diff._myers(a, b))
    at = to = 0
    for i, j, n in blocks:
        assert i >= at
        assert j >= to
        assert a[i : i + n] == b[j : j + n]
        at, to = i + n, j + n


def edited(lines: Sequence[str], times: int, new: Sequence[str]) -> list[str]:
    chance, result = random.Random(7), list(lines)
    for number in range(times):
        place = chance.randrange(len(result))
        result[place : place + chance.randrange(2)] = new[number % len(new) :][: chance.randrange(2)]
    return result


UNIQUE = [f"new {n}" for n in range(50)]


@pytest.mark.parametrize(
    ("lines", "new"),
    [
        pytest.param([f"line {n}" for n in range(50_000)], UNIQUE, id="unique lines"),
        pytest.param(["" if n % 2 else f"line {n}" for n in range(100_000)], UNIQUE, id="every other line blank"),
        pytest.param([""] * 100_000, UNIQUE, id="all lines blank"),
        pytest.param([str(n * n % 7) for n in range(100_000)], ["0", "5", "4"], id="few kinds of lines"),
        pytest.param([str(n // 2) for n in range(100_000)], UNIQUE, id="each line twice"),
    ],
)
def test_long_files(lines: list[str], new: Sequence[str]) -> None:
    """The diff is no longer than the edits. SequenceMatcher alone takes minutes for such texts."""
    before, after = "\n".join(lines), "\n".join(edited(lines, 50, new))
    changes = hunks(before, after)
    assert sum(hunk.before_count + hunk.after_count for hunk in changes) <= 100
    assert patched(before, changes) == after


def test_a_block_amid_lines_that_repeat() -> None:
    lines, block = [str(n * n % 7) for n in range(3000)], [f"new {n}" for n in range(1000)]
    before, after = "\n".join(lines), "\n".join(["x", *lines[1:1500], *block, *lines[1500:-1], "x"])
    for changes, sizes in (
        (hunks(before, after), [(1, 1), (0, 1000), (1, 1)]),
        (hunks(after, before), [(1, 1), (1000, 0), (1, 1)]),
    ):
        assert [(hunk.before_count, hunk.after_count) for hunk in changes] == sizes


def test_lines_that_repeat_now_and_then() -> None:
    """difflib takes such lines for junk in a text of 200 lines or more, if it is let."""
    lines = [str(n % 50) for n in range(400)]
    changes = hunks("\n".join(lines), "\n".join(["x", *lines[1:200], "x", *lines[201:-1], "x"]))
    assert [hunk.before_start for hunk in changes] == [1, 201, 400]


def test_steps_grow_with_the_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that differ all over: without a limit to a search, some 3 million steps."""
    steps, step = count(), diff._step
    monkeypatch.setattr(diff, "MYERS_STEPS", 32)
    monkeypatch.setattr(diff, "_step", lambda *args: (next(steps), step(*args))[1])
    chance = random.Random(7)
    before, after = ("".join(chance.choice(["a\n", "b\n", "c\n", "d\n"]) for _ in range(3000)) for _ in range(2))
    assert patched(before, hunks(before, after)) == after
    assert 3000 < next(steps) < 6000 * (32 + 4)


def test_one_long_line() -> None:
    long = "x" * 145_000
    assert hunks(f"a\n{long}y", f"a\n{long}z") == (Hunk(2, 1, 2, 1, (f"{long}y",), (f"{long}z",)),)
