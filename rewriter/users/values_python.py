"""What names and expressions of Python code stand for, as far as paths and ports are concerned.

The modules are read with Python's own `ast`: nothing is rewritten, and lines come with it.
"""

from __future__ import annotations

import ast
import posixpath
import re
from functools import cached_property

from rewriter.project import plain_python
from rewriter.users.code import HOME, OPEN, Surroundings, joined, plain

_PARENTS = frozenset(("resolve", "absolute", "expanduser", "as_posix", "strip", "rstrip", "__str__", "lower"))
_SAME = frozenset(("str", "Path", "PurePath", "abspath", "realpath", "normpath", "fspath", "expanduser", "expandvars"))
_TEMPORARY = ("tempfile.", "NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp", "gettempdir")
_FROM_ENV = frozenset(("get", "getenv", "config", "env", "str", "int", "path", "Env", "cast", "read_env", "var"))
_DEEPEST = 12
_STEPS = 2000


class Names:
    """What names stand for, in all modules of the program: those that have one meaning, or the same in each."""

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {}

    def add(self, name: str, value: str) -> None:
        self.found.setdefault(name, set()).add(value)

    def get(self, name: str) -> str:
        values = self.found.get(name, set())
        return next(iter(values)) if len(values) == 1 else OPEN


class Module:
    """One module: `file` is where it lies in the context, `place` where in the image (None where that is not known)."""

    def __init__(self, text: str, file: str, place: str | None) -> None:
        self.tree = plain_python.syntax(text)
        self.text = text
        self.file = file
        self.place = place
        self.aliases: dict[str, str] = {}
        self.values: dict[str, list[ast.expr]] = {}
        self.bound: set[str] = set()  # names that get their values in other ways
        for node in ast.walk(self.tree):
            match node:
                case ast.arg(arg=name) | ast.ExceptHandler(name=str() as name):
                    self.bound.add(name)
                case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
                    self.bind(target)
                case ast.AugAssign(target=target) | ast.NamedExpr(target=target):
                    self.bind(target)
                case ast.withitem(optional_vars=ast.expr() as target):
                    self.bind(target)
                case ast.Import():
                    for alias in node.names:
                        bound = alias.asname or alias.name.partition(".")[0]
                        self.aliases[bound] = alias.name if alias.asname else bound
                case ast.ImportFrom(module=str() as module):
                    self.aliases |= {a.asname or a.name: f"{module}.{a.name}" for a in node.names}
                case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                    if node.value is not None and key(target):
                        self.values.setdefault(key(target), []).append(node.value)
                    elif node.value is not None:
                        self.bind(target)

    def bind(self, target: ast.expr) -> None:
        self.bound |= {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}

    def dotted(self, node: ast.expr) -> str:
        """The full name of what `node` calls: `os.path.join`, `.save` for a method of something else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return "." + parts[0] if parts else ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])


def key(target: ast.expr) -> str:
    """The name under which an assignment is found again: that of a variable, an attribute, a key of a dictionary."""
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
    return ""


class Values:
    """Works out expressions in the modules of one program."""

    def __init__(self, modules: list[Module], around: Surroundings) -> None:
        self.modules = modules
        self.around = around
        self.names = Names()
        self.steps = 0
        assigned = [(m, name, node) for m in modules for name, nodes in m.values.items() for node in nodes]
        # What names of other modules stand for is known when those were looked at.
        later = [each for each in assigned if not self.note(*each)]
        for module, name, node in later:
            self.names.add(name, self.value(module, node))

    def note(self, module: Module, name: str, node: ast.expr) -> bool:
        value = self.value(module, node)
        if OPEN not in value:
            self.names.add(name, value)
        return OPEN not in value

    def value(self, module: Module, node: ast.expr | None, depth: int = 0) -> str:
        """What a path expression comes to, with `OPEN` for what is not known."""
        self.steps = self.steps + 1 if depth else 0
        if node is None or depth > _DEEPEST or self.steps > _STEPS:
            return OPEN
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Constant(value=int() as number):
                return str(number)
            case ast.Name(id="__file__"):
                return module.place or OPEN
            case ast.Name(id=name) if name in module.bound:
                return OPEN
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if (
                name in module.values
            ):
                found = {self.value(module, each, depth + 1) for each in module.values[name]}
                return next(iter(found)) if len(found) == 1 else OPEN
            case ast.Attribute(value=inner, attr="parent"):
                return _up(self.value(module, inner, depth + 1), 1)
            case ast.Subscript(value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int() as n)):
                return _up(self.value(module, inner, depth + 1), n + 1)
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str() as name)):
                return self.around.env.get(name, OPEN)
            case ast.Subscript(slice=ast.Constant(value=str() as name)) if name.isupper():
                return self.names.get(name)
            case ast.Attribute(attr="instance_path"):
                return self.instance
            case ast.Attribute(attr="root_path"):
                return posixpath.dirname(self.flask or OPEN) or OPEN
            case ast.Name(id=name) if name in module.aliases:
                return self.names.get(module.aliases[name].rpartition(".")[2])
            case ast.Attribute(attr=name) if name.isupper():
                return self.names.get(name)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return plain(joined((self.value(module, left, depth + 1), self.value(module, right, depth + 1))))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.value(module, left, depth + 1) + self.value(module, right, depth + 1)
            case ast.BinOp(left=left, op=ast.Mod()):
                return re.sub(r"%[-#0 +]*\d*[.\d]*(?:\(\w+\))?[a-z]", OPEN, self.value(module, left, depth + 1))
            case ast.BoolOp(op=ast.Or(), values=values):
                known = [value for each in values if OPEN not in (value := self.value(module, each, depth + 1))]
                return known[0] if known else OPEN
            case ast.JoinedStr(values=parts):
                return "".join(self.value(module, _inner(part), depth + 1) for part in parts)
            case ast.Call():
                return self.called(module, node, depth + 1)
        return OPEN

    def called(self, module: Module, node: ast.Call, depth: int) -> str:
        name = module.dotted(node.func)
        last = name.rpartition(".")[2]
        first = node.args[0] if node.args else None
        if name.startswith(_TEMPORARY) or last in _TEMPORARY:
            return "/tmp"
        if name.endswith(("os.getcwd", "Path.cwd", "os.getcwdu")):
            return self.around.folder
        if name.endswith("Path.home"):
            return HOME
        if last in _SAME and (len(node.args) == 1 or not isinstance(node.func, ast.Attribute)):
            return plain(joined(self.value(module, each, depth) for each in node.args)) if node.args else "."
        if last == "dirname" and first is not None:
            return _up(self.value(module, first, depth), 1)
        if name.endswith("path.join") or (last == "joinpath" and isinstance(node.func, ast.Attribute)):
            receiver = [node.func.value] if last == "joinpath" and isinstance(node.func, ast.Attribute) else []
            return plain(joined(self.value(module, each, depth) for each in (*receiver, *node.args)))
        if isinstance(node.func, ast.Attribute) and last in _PARENTS:
            return self.value(module, node.func.value, depth)
        if isinstance(node.func, ast.Attribute) and last in ("format", "replace", "with_suffix", "with_name"):
            return re.sub(r"\{[^{}]*\}", OPEN, self.value(module, node.func.value, depth)) if last == "format" else OPEN
        if last in _FROM_ENV and isinstance(first, ast.Constant) and isinstance(first.value, str):
            default = next((k.value for k in node.keywords if k.arg == "default"), None)
            default = node.args[1] if len(node.args) > 1 and default is None else default
            return self.around.env.get(first.value) or self.value(module, default, depth)
        if last == "int" and first is not None:
            return self.value(module, first, depth)
        return OPEN

    @cached_property
    def flask_sqlalchemy(self) -> bool:
        return any("flask_sqlalchemy" in module.text for module in self.modules)

    @cached_property
    def flask(self) -> str | None:
        """The place of the module in which the Flask application is made."""
        for module in self.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and module.dotted(node.func) == "flask.Flask":
                    return module.place
        return None

    @cached_property
    def instance(self) -> str:
        """Flask's instance folder, beside the module or the package that makes the application.

        Source: https://flask.palletsprojects.com/en/stable/config/#instance-folders
        """
        place = self.flask
        if place is None:
            return OPEN
        folder = posixpath.dirname(place)
        package = any(module.place == f"{folder}/__init__.py" for module in self.modules)
        return f"{posixpath.dirname(folder) if package else folder}/instance"


def _inner(part: ast.expr) -> ast.expr:
    return part.value if isinstance(part, ast.FormattedValue) else part


def _up(path: str, levels: int) -> str:
    for _ in range(levels):
        if OPEN in path:
            return OPEN
        path = posixpath.dirname(path) or "."
    return path
