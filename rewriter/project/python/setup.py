"""What a setup.py does, read without running it: whether it stays in its own folder.

It does where all that it imports and calls is known to read nothing but what it is given, and where no text in it
leads out of the folder. Everything else is a surprise.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import MetadataWrapper, PositionProvider

from rewriter.project.python.reading import escapes
from rewriter.project.python.texts import pieces, texts

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
_KEYWORDS = frozenset(("cmdclass", "ext_modules", "setup_requires", "distclass", "use_scm_version"))
_OUT = frozenset(("pardir", "parents", "curdir", "getcwd", "chdir", "expanduser", "home", "argv", "environ", "modules"))
_INDIRECT = frozenset(("exec", "eval", "getattr", "setattr", "globals", "locals", "vars"))
# What is written between the words of a program and does nothing.
_LAYOUT = (
    *(cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comma, cst.Colon, cst.Semicolon),
    *(cst.Dot, cst.AssignEqual, cst.LeftParen, cst.RightParen, cst.LeftSquareBracket, cst.RightSquareBracket),
    *(cst.LeftCurlyBrace, cst.RightCurlyBrace, cst.ParamStar, cst.ParamSlash, cst.BaseUnaryOp, cst.BaseBinaryOp),
    *(cst.BaseBooleanOp, cst.BaseCompOp, cst.BaseAugOp),
)
_KNOWN = (
    *(cst.Module, cst.IndentedBlock, cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.Import, cst.ImportFrom),
    *(cst.Expr, cst.Assign, cst.AssignTarget, cst.AnnAssign, cst.Annotation, cst.AugAssign, cst.With, cst.WithItem),
    *(cst.AsName, cst.FunctionDef, cst.Decorator, cst.Parameters, cst.Param, cst.Return, cst.If, cst.Else, cst.IfExp),
    *(cst.For, cst.Pass, cst.Continue, cst.Break, cst.Try, cst.ExceptHandler, cst.Finally, cst.Raise, cst.From),
    *(cst.Assert, cst.Call, cst.Arg, cst.Name, cst.Attribute, cst.BaseNumber, cst.Ellipsis, cst.SimpleString),
    *(cst.ConcatenatedString, cst.FormattedString),
    *(cst.List, cst.Tuple, cst.Dict, cst.Set, cst.Element, cst.DictElement, cst.StarredElement),
    *(cst.StarredDictElement, cst.Subscript, cst.SubscriptElement, cst.Index, cst.Slice, cst.ListComp),
    *(cst.GeneratorExp, cst.CompFor, cst.CompIf, cst.BinaryOperation, cst.BooleanOperation, cst.UnaryOperation),
    *(cst.Comparison, cst.ComparisonTarget),
)
_Surprise = tuple[cst.CSTNode, str]


def surprise(module: cst.Module) -> tuple[int, str] | None:
    """Where, and by what, the setup.py `module` may read outside of its folder: (line, reason). None where it does
    not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in the texts of the file
        found = list(_surprises(module))
    if not found:
        return None
    places = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    return min((places[node].start.line, reason) for node, reason in found)


def _surprises(module: cst.Module) -> Iterator[_Surprise]:
    nodes = list(_below(module))
    own = {node.name.value for node in nodes if isinstance(node, cst.FunctionDef)}
    set_here = {name for node in nodes for name in _set(node)}
    for node in nodes:
        match node:
            case cst.Import(names=names):
                for alias in names:
                    if alias.evaluated_name not in _MODULES or alias.asname:
                        yield node, f"imports {alias.evaluated_name}"
            case cst.ImportFrom():
                yield from _import_from(node)
            case cst.FunctionDef(name=cst.Name(value=name)) if node.decorators or name in ("open", "dirname", "join"):
                yield node, f"has a function {name} of its own"
            case cst.Call():
                yield from _call(node, own)
            case cst.Arg(keyword=cst.Name(value=name)) if name in _KEYWORDS:
                yield node, f"gives {name} to a call"
            case cst.Arg(star="**"):
                yield node, "gives ** to a call"
            case cst.Attribute(attr=cst.Name(value=name)) if name in _OUT or name.startswith("_"):
                yield node, f"uses {name}"
            case cst.Attribute(attr=cst.Name(value="parent"), value=value) if not _own_file(value):
                yield node, "goes up from its folder"
            case cst.Name(value=name) if name in _INDIRECT or (name.startswith("__") and name not in set_here):
                if name not in ("__file__", "__name__"):
                    yield node, f"uses {name}"
            case cst.SimpleString() | cst.ConcatenatedString() | cst.FormattedString():
                for text in texts(node):
                    if escapes(text) or "file:" in text:
                        yield node, f"names {text[:40]!r}"
            case _ if not isinstance(node, _KNOWN):
                yield node, f"has a {type(node).__name__} in it"


def _import_from(node: cst.ImportFrom) -> Iterator[_Surprise]:
    module = get_full_name_for_node(node.module) if node.module else None
    names = ["*"] if isinstance(node.names, cst.ImportStar) else [alias.evaluated_name for alias in node.names]
    renamed = not isinstance(node.names, cst.ImportStar) and any(alias.asname for alias in node.names)
    if module not in _MODULES or node.relative or renamed or not _OUT.union("*").isdisjoint(names):
        yield node, f"imports {'.' * len(node.relative)}{module or ''}"


def _call(node: cst.Call, own: set[str]) -> Iterator[_Surprise]:
    match node.func:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            if name not in _CALLS and name not in own:
                yield node, f"calls {name}"
            elif name == "dirname" and not _takes_own_file(node):
                yield node, "goes up from its folder"
        case _:
            yield node, "calls what it computes"


def _takes_own_file(node: cst.Call) -> bool:
    arguments = _positional(node)
    return len(arguments) == 1 and not arguments[0].star and _own_file(arguments[0].value)


def _positional(node: cst.Call) -> list[cst.Arg]:
    return [arg for arg in node.args if arg.keyword is None and arg.star != "**"]


def _own_file(node: cst.CSTNode) -> bool:
    """Whether `node` is `__file__`, or the path that is made of it."""
    match node:
        case cst.Name(value="__file__"):
            return True
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="resolve" | "absolute"), value=value)):
            return not _positional(node) and _own_file(value)
        case cst.Call(
            func=cst.Name(value="abspath" | "realpath" | "Path")
            | cst.Attribute(attr=cst.Name(value="abspath" | "realpath" | "Path"))
        ):
            return _takes_own_file(node)
    return False


def _below(module: cst.Module) -> Iterator[cst.CSTNode]:
    """All nodes but the layout, the names that are no variables, and the texts that another text is made of."""
    todo: list[cst.CSTNode] = [module]
    while todo:
        node = todo.pop()
        yield node
        skipped: cst.CSTNode | None = None
        match node:
            case cst.Import() | cst.ImportFrom():
                continue
            case cst.SimpleString() | cst.ConcatenatedString() | cst.FormattedString():
                todo += [piece for piece in pieces(node) if isinstance(piece, cst.CSTNode)]
                continue
            case cst.Attribute(attr=name) | cst.FunctionDef(name=name) | cst.Param(name=name):
                skipped = name
            case cst.Arg(keyword=name) | cst.ExceptHandler(name=name):
                skipped = name
        todo += [child for child in node.children if child is not skipped and not isinstance(child, _LAYOUT)]


def _set(node: cst.CSTNode) -> Iterator[str]:
    """The variables that `node` by itself gives a value."""
    match node:
        case cst.AssignTarget(target=target) | cst.AnnAssign(target=target) | cst.AugAssign(target=target):
            yield from _names(target)
        case cst.For(target=target) | cst.CompFor(target=target) | cst.AsName(name=target):
            yield from _names(target)


def _names(target: cst.CSTNode) -> Iterator[str]:
    match target:
        case cst.Name(value=name):
            yield name
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from _names(element.value)
