"""What a setup.py does, read without running it: whether it stays in its own folder.

It does where all that it imports and calls is known to read nothing but what it is given, and where no text in it
leads out of the folder. Everything else is a surprise.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

_SIZE = 100_000
_MODULES = frozenset(
    ("setuptools", "distutils.core", "os", "os.path", "io", "re", "sys", "codecs", "pathlib", "glob", "__future__")
)
# Functions by the end of their name: they read what they are named for, below the folder that setup.py runs in.
# Source: https://docs.python.org/3/library/, https://setuptools.pypa.io/en/latest/references/keywords.html
_CALLS = frozenset(
    (
        *("setup", "find_packages", "find_namespace_packages", "open", "join", "abspath", "realpath", "Path"),
        *("read", "readlines", "readline", "read_text", "splitlines", "split", "strip", "lstrip", "rstrip", "replace"),
        *(
            "startswith",
            "endswith",
            "format",
            "lower",
            "upper",
            "decode",
            "encode",
            "append",
            "extend",
            "items",
            "keys",
        ),
        *("values", "get", "group", "groups", "search", "match", "findall", "compile", "sub", "exists", "isfile"),
        *("resolve", "absolute", "list", "dict", "set", "tuple", "str", "len", "sorted", "filter", "map", "print"),
        *("RuntimeError", "exit", "int", "bool", "any", "all", "close", "partition", "rpartition", "update", "dirname"),
        *("as_posix", "joinpath", "isdir", "basename", "glob", "listdir", "walk"),
    )
)
_KEYWORDS = frozenset((None, "cmdclass", "ext_modules", "setup_requires", "distclass", "use_scm_version"))
_OUT = frozenset(("pardir", "parents", "curdir", "getcwd", "chdir", "expanduser", "home", "argv", "environ", "modules"))
_INDIRECT = frozenset(("exec", "eval", "getattr", "setattr", "globals", "locals", "vars"))
_OUTSIDE = re.compile(r"/|~|[A-Za-z]:\\|\.\.\Z|(?:.*[/\\])?\.\.(?:[/\\]|\Z)", re.DOTALL)
_KNOWN = (
    *(ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.With),
    *(ast.withitem, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.If, ast.IfExp, ast.For, ast.Pass),
    *(ast.Try, ast.ExceptHandler, ast.Raise, ast.Assert, ast.Call, ast.keyword, ast.Name, ast.Attribute, ast.Constant),
    *(ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Subscript, ast.Slice, ast.Starred, ast.ListComp, ast.GeneratorExp),
    *(ast.comprehension, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.JoinedStr, ast.FormattedValue),
    *(ast.operator, ast.boolop, ast.unaryop, ast.cmpop, ast.expr_context, ast.Continue, ast.Break),
)


def surprise(text: str) -> tuple[int, str] | None:
    """Where, and by what, the setup.py `text` may read outside of its folder: (line, reason). None where it does not.

    `ast` reads it, and not a parser of a third party: on deep nesting it raises an error, and they may crash.
    """
    if len(text) > _SIZE:
        return 1, "is too large to be looked through"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in the texts of the file
            tree = ast.parse(text)
        found = sorted(_surprises(tree))
    except SyntaxError as error:
        return error.lineno or 1, "is not Python 3"
    except (ValueError, RecursionError, MemoryError):
        return 1, "is not Python that can be read"
    return found[0] if found else None


def escapes(text: str) -> bool:
    """Whether the path `text` leads out of the folder that it is taken from."""
    return bool(_OUTSIDE.match(text))


def _surprises(tree: ast.Module) -> Iterator[tuple[int, str]]:
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    set_here = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        match node:
            case ast.Import(names=names):
                yield from ((line, f"imports {n.name}") for n in names if n.name not in _MODULES or n.asname)
            case ast.ImportFrom(module=module, names=names):
                if module not in _MODULES or node.level or any(n.asname or n.name in ("*", *_OUT) for n in names):
                    yield line, f"imports {'.' * node.level}{module or ''}"
            case ast.FunctionDef(decorator_list=[_, *_]) | ast.FunctionDef(name="open" | "dirname" | "join"):
                yield line, f"has a function {node.name} of its own"
            case ast.Call(func=func):
                yield from _call(node, func, own)
            case ast.keyword(arg=argument) if argument in _KEYWORDS:
                yield line, f"gives {argument or '**'} to a call"
            case ast.Attribute(attr=attr) if attr in _OUT or attr.startswith("_"):
                yield line, f"uses {attr}"
            case ast.Attribute(attr="parent", value=value) if not _own_file(value):
                yield line, "goes up from its folder"
            case ast.Name(id=name) if name in _INDIRECT or (name.startswith("__") and name not in set_here):
                if name not in ("__file__", "__name__"):
                    yield line, f"uses {name}"
            case ast.Constant(value=str() as text) if escapes(text) or "file:" in text:
                yield line, f"names {text[:40]!r}"
            case _ if not isinstance(node, _KNOWN):
                yield line, f"has a {type(node).__name__} in it"


def _call(node: ast.Call, func: ast.expr, own: set[str]) -> Iterator[tuple[int, str]]:
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else None
    if name is None or (name not in _CALLS and name not in own):
        yield node.lineno, f"calls {name or 'what it computes'}"
    elif name == "dirname" and not (len(node.args) == 1 and _own_file(node.args[0])):
        yield node.lineno, "goes up from its folder"


def _own_file(node: ast.expr) -> bool:
    """Whether `node` is `__file__`, or the path that is made of it."""
    match node:
        case ast.Name(id="__file__"):
            return True
        case ast.Call(func=ast.Attribute(attr="abspath" | "realpath" | "Path"), args=[ast.Name(id="__file__")]):
            return True
        case ast.Call(func=ast.Name(id="abspath" | "realpath" | "Path"), args=[ast.Name(id="__file__")]):
            return True
        case ast.Call(func=ast.Attribute(attr="resolve" | "absolute", value=value), args=[]):
            return _own_file(value)
    return False
