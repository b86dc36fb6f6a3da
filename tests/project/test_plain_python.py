"""The reader of Python programs, and what hostile ones can do to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewriter.project import manifests
from rewriter.project.context import Project, Unfit
from rewriter.project.needs import Place, View

if TYPE_CHECKING:
    import libcst

Read = Callable[[str], "libcst.Module"]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(text: str) -> libcst.Module:
        (tmp_path / "app.py").write_text(text, "utf-8")
        return manifests.python(View(Project(tmp_path), (Place(".", "/app"),), "/app"), "app.py")

    return reading


def blocks(depth: int) -> str:
    return "".join(f"{' ' * level}if x:\n" for level in range(depth)) + " " * depth + "pass\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment",
        "import os\r\nif os:\r\n\tpass\r\n",
        "x = '\\d' # an odd escape\n",
        "x = " + "1 + " * 50 + "1\n",
        "x = " + "a and " * 50 + "b\n",
        "x = (\n" + "    'text'\n" * 50 + ")\n",
        "x = " + "(" * 90 + ")" * 90 + "\n",
        "x = [\n" + "    'text', 'text',\n" * 2_000 + "]\n",
        blocks(50),
        "".join(f"if x == {number}:\n    pass\n" for number in range(500)),
    ],
)
def test_python_is_read(read: Read, text: str) -> None:
    assert read(text).code == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x =\n", "is no Python 3 (line 1: "),
        ("x = 1\nprint 'x'\n", "is no Python 3 (line 2: "),
        ("x = '\\0'\0\n", "is no Python 3"),
        ("#" * 100_001, "is too large"),
        ("x[" + "a," * 40_000 + "]", "is too large"),
        (f"x = {'[' * 60}{']' * 60}\n" * 600, "is too large"),
        ("match x:\n    case " + "{1:" * 12 + "2" + "}" * 12 + ":\n        pass\n", "has a match statement (line 1)"),
        (
            "x = 1\nmatch x:\n    case " + "(" * 50 + "1" + ")" * 50 + ":\n        pass\n",
            "has a match statement (line 2)",
        ),
    ],
)
def test_python_that_is_not_read(read: Read, text: str, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        read(text)
    assert caught.value.path == "app.py"
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize(
    "text",
    [
        "-" * 30_000 + "1",
        "not " * 20_000 + "1",
        "x" + ".a" * 30_000,
        "x" + "()" * 20_000,
        "x" + "[0]" * 20_000,
        "x = " + "lambda: " * 10_000 + "1",
        "x = " + "lambda a=" * 90 + "1" + ": 1" * 90,
        "x = 1" + " + 1" * 20_000,
        "x = 1" + " ** 1" * 15_000,
        "x = 1" + " and 1" * 15_000,
        "x = 1" + " or 1" * 15_000,
        "x = " + "1 if x else " * 8_000 + "1",
        "x = " + "'a' " * 20_000,
        "x = " + "b'a' " * 15_000,
        "x = " + "f'{a}' " * 2_000,
        "x = [a " + "for a in b " * 3_000 + "]",
        "import a" + ".a" * 2_000,
        "from a" + ".a" * 2_000 + " import b",
        "x = " + "[" * 90 + "]" * 90,
        "x = " + "f(" * 90 + ")" * 90,
        "if x: pass\n" + "elif x: pass\n" * 5_000,
        blocks(90),
    ],
)
def test_deep_python_is_declined(read: Read, text: str) -> None:
    with pytest.raises(Unfit, match="is nested too deeply"):
        read(text)


@pytest.mark.parametrize(
    "text", ["(" * 50_000, "[" * 50_000, "x = " + "(" * 199 + ")" * 200, "f'{" * 1_000, "\\\n" * 50_000]
)
def test_broken_python_ends(read: Read, text: str) -> None:
    with pytest.raises(Unfit, match=r"is no Python 3|is nested too deeply"):
        read(text)


def test_errors_of_the_parser(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> libcst.Module:
        raise TypeError(text)

    monkeypatch.setattr("libcst.parse_module", broken)
    with pytest.raises(Unfit, match="is Python that cannot be read"):
        read("x = 1\n")


def test_libcst_is_imported_for_python_alone() -> None:
    modules = "rewriter.main, rewriter.project.python.reader, rewriter.project.python.local"
    program = f"import sys, {modules}; print('libcst' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
