"""Python as a libcst tree, without what a hostile file can do to its reader."""

from __future__ import annotations

import ast
import re
import warnings
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst

# In characters: more than a module that people write, and little enough for a parser that copies what it nests.
_SIZE = 100_000
# Python's own parser copies nothing.
_LARGEST = 1_000_000
# libcst parses, clones and frees a tree by recursion in Rust, which ends the process where the stack is full; and its
# visitors take up to ten of Python's thousand frames for a level.
# Source: https://github.com/Instagram/LibCST/issues/1000, /619 (arithmetic), /980 (texts side by side)
_DEEPEST = 70
# The levels of all nodes together, which its time grows with: more than the largest modules of Python's library have.
_LEVELS = 250_000
_LINE_END = re.compile(r"\r\n?|\n")


def load(text: str) -> cst.Module:
    """The module `text`. Raises `ValueError`, with a reason, for anything else than Python 3, and for a file that
    would take too much time or space.

    The parser of Python itself reads it first: it raises errors where libcst crashes or takes forever.
    """
    if len(text) > _SIZE:
        raise ValueError("is too large to be looked through")
    tree = syntax(text)
    _look(tree, text)
    import libcst

    try:
        return libcst.parse_module(text)
    except Exception:  # also a TypeError, on Python that is right: https://github.com/Instagram/LibCST/issues/1061
        raise ValueError("is Python that cannot be read") from None


def syntax(text: str) -> ast.Module:
    """The same as Python's own parser reads it, for whoever looks through whole programs: it is fast. Raises
    `ValueError`. What comes of it must not be walked by recursion."""
    if len(text) > _LARGEST:
        raise ValueError("is too large to be looked through")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in the texts of the file
            return ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"is no Python 3 (line {error.lineno or 1}: {error.msg})") from None
    except (RecursionError, MemoryError):
        raise ValueError("is nested too deeply") from None
    except ValueError:  # NUL in the text, before Python 3.12
        raise ValueError("is no Python 3") from None


def _look(tree: ast.Module, text: str) -> None:
    """Raise `ValueError` for a tree that libcst must not be given."""
    quotes = [0, *accumulate(line.count('"') + line.count("'") for line in _LINE_END.split(text))]
    todo: list[tuple[ast.AST, int]] = [(tree, 0)]
    total = 0
    while todo:
        node, above = todo.pop()
        depth = above + _levels(node, quotes)
        total += depth
        if depth > _DEEPEST:
            raise ValueError("is nested too deeply")
        if total > _LEVELS:
            raise ValueError("is too large to be looked through")
        # Each level of a pattern multiplies the time that libcst takes: a minute for 12 dictionaries. Not all levels
        # can be seen here, as brackets around a pattern leave no trace.
        if isinstance(node, ast.Match):
            raise ValueError(f"has a match statement (line {node.lineno}), and those are not read")
        todo.extend((child, depth) for child in ast.iter_child_nodes(node))


def _levels(node: ast.AST, quotes: list[int]) -> int:
    """How many nodes libcst may nest where `ast` has the single `node`; `quotes` counts the quotes up to each line."""
    match node:
        case ast.BoolOp(values=values):
            return len(values)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return 1 + len(node.generators)
        case ast.alias(name=name) | ast.ImportFrom(module=str() as name):
            return 1 + name.count(".")
        case ast.Constant(value=str() | bytes(), lineno=first) | ast.JoinedStr(lineno=first):
            return 1 + (quotes[node.end_lineno or first] - quotes[first - 1]) // 2
    return 1
