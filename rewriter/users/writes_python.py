"""What Python code writes, and which ports it listens on.

The modules are read with Python's own `ast`: nothing is rewritten, and lines come with it.
Sources of the calls: writes.toml.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from rewriter.change import Evidence
from rewriter.project import plain_python
from rewriter.users.code import HOME, OPEN, Code, Port, Surroundings, Write, joined, plain, tables

_PARENTS = frozenset(("resolve", "absolute", "expanduser", "as_posix", "strip", "rstrip", "__str__", "lower"))
_SAME = frozenset(("str", "Path", "PurePath", "abspath", "realpath", "normpath", "fspath", "expanduser", "expandvars"))
_TEMPORARY = ("tempfile.", "NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp", "gettempdir")
_FROM_ENV = frozenset(("get", "getenv", "config", "env", "str", "int", "path", "Env", "cast", "read_env", "var"))
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:(?://)?(?:/(.*)|(:memory:)?)\Z", re.DOTALL)
_FILE_KEYS = frozenset(("filename", "LOCATION"))
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
                    if node.value is not None and _key(target):
                        self.values.setdefault(_key(target), []).append(node.value)
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


def _key(target: ast.expr) -> str:
    """The name under which an assignment is found again: that of a variable, an attribute, a key of a dictionary."""
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
    return ""


class Reader:
    """Reads the modules of one program."""

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

    def read(self) -> Code:
        code = Code()
        for module in self.modules:
            _Module(self, module, code).walk()
        return code


def _inner(part: ast.expr) -> ast.expr:
    return part.value if isinstance(part, ast.FormattedValue) else part


def _up(path: str, levels: int) -> str:
    for _ in range(levels):
        if OPEN in path:
            return OPEN
        path = posixpath.dirname(path) or "."
    return path


@lru_cache(maxsize=1)
def _writers() -> Mapping[str, Mapping[str, Any]]:
    return {name: entry for entry in tables()["python"]["write"] for name in entry["names"]}


class _Module:
    """Looks through one module."""

    def __init__(self, reader: Reader, module: Module, code: Code) -> None:
        self.reader = reader
        self.module = module
        self.code = code
        self.table = tables()["python"]
        self.saves = re.search(self.table["saves"], module.text) is not None
        self.gunicorn = re.search(r"gunicorn[^/]*\.py\Z", module.file) is not None

    def packages(self) -> None:
        for bound, module in self.module.aliases.items():
            if module.partition(".")[0] in tables()["packages"]["python"]["names"]:
                self.doubt(self.module.tree, f"imports {bound}, which writes below the working directory")

    def walk(self) -> None:
        self.packages()
        started = self.reader.around.starts(self.module.file) or self.module.file.endswith("__main__.py")
        todo: list[ast.AST] = [self.module.tree]
        while todo:
            node = todo.pop()
            match node:
                case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))) if not started:
                    continue
                case ast.Call():
                    self.call(node)
                case ast.Constant(value=str() as text) if text.startswith("sqlite"):
                    self.sqlite(text, node)
                case ast.JoinedStr(values=[ast.Constant(value=str() as text), *_]) if text.startswith("sqlite"):
                    self.sqlite(self.reader.value(self.module, node), node)
                    continue
                case ast.BinOp(left=ast.Constant(value=str() as text)) if text.startswith("sqlite"):
                    self.sqlite(self.reader.value(self.module, node), node)
                    continue
                case (
                    ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value)
                ):
                    self.setting(_key(target), value)
                case ast.Dict():
                    self.dictionary(node)
            todo.extend(reversed(list(ast.iter_child_nodes(node))))

    def write(self, path: str, folder: bool, node: ast.AST, what: str) -> None:
        self.code.writes.append(Write(path, folder, self.module.file, getattr(node, "lineno", 1), what))

    def doubt(self, node: ast.AST, text: str) -> None:
        self.code.doubts.append(Evidence(text, getattr(node, "lineno", 1), self.module.file))

    def call(self, node: ast.Call) -> None:
        name = self.module.dotted(node.func)
        method = "." + name.rpartition(".")[2]
        if name in self.table["processes"]:
            self.doubt(node, f"{name} runs another program, and what that writes is not known")
        elif name in self.table["root"] or name in self.table["uid"]:
            fact = Evidence(f"calls {name}", node.lineno, self.module.file)
            (self.code.root if name in self.table["root"] else self.code.doubts).append(fact)
        elif name in ("open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "aiofiles.open") or (
            name in ("zipfile.ZipFile", "tarfile.open", "h5py.File")
        ):
            self.opened(node, node.args[0] if node.args else _keyword(node, "file"), 1, name)
        elif method == ".open" and isinstance(node.func, ast.Attribute) and self.mode(node, 0):
            self.opened(node, node.func.value, 0, name)
        elif method == ".save" and self.saves and node.args:
            self.write(self.reader.value(self.module, node.args[0]), False, node, "save")
        elif entry := _writers().get(name) or (
            _writers().get(method) if isinstance(node.func, ast.Attribute) else None
        ):
            self.writer(node, entry, name if name in _writers() else method[1:])
        if name.rpartition(".")[2] in self.table["listens"]:
            self.listens(node)

    def mode(self, node: ast.Call, at: int) -> bool:
        """Whether a call of `open` may write: its mode says so, or is not known."""
        mode = node.args[at] if len(node.args) > at else _keyword(node, "mode")
        if mode is None:
            return False
        if at == 0 and not (isinstance(mode, ast.Constant) and isinstance(mode.value, str)):
            return False  # webbrowser.open(url), Image.open(file)
        text = self.reader.value(self.module, mode)
        return (at == 1 and OPEN in text) or bool(
            re.fullmatch(r"[rwaxbtU+|:gzx2*]{1,5}", text) and set(text) & set("wax+")
        )

    def opened(self, node: ast.Call, path: ast.expr | None, at: int, name: str) -> None:
        if self.mode(node, at):
            self.write(self.reader.value(self.module, path), False, node, f'{name.rpartition(".")[2]}(…, "w")')

    def writer(self, node: ast.Call, entry: Mapping[str, Any], name: str) -> None:
        path: ast.expr | None
        if "keyword" in entry:
            path = _keyword(node, entry["keyword"])
        elif entry.get("receiver"):
            path = node.func.value if isinstance(node.func, ast.Attribute) else None
        else:
            at = entry.get("argument", 0)
            path = node.args[at] if len(node.args) > at else (node.keywords[0].value if node.keywords else None)
        if path is not None:
            self.write(self.reader.value(self.module, path), bool(entry.get("folder")), node, name)
        elif not entry.get("optional") and not entry.get("receiver"):
            self.doubt(node, f"{name} writes to a place that is not known")

    def sqlite(self, text: str, node: ast.AST) -> None:
        """A database address. Source: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#connect-strings"""
        match = _SQLITE.match(text)
        if match is None or match[1] is None:
            return
        path = match[1].partition("?")[0]
        if self.reader.flask_sqlalchemy and not path.startswith("/"):
            self.write(joined((self.reader.instance, path)), False, node, "SQLite")
            self.write(self.reader.instance, True, node, "SQLite")
        elif path != ":memory:":
            self.write(path, False, node, "SQLite")

    def setting(self, name: str, value: ast.expr) -> None:
        if name in self.table["folders"]:
            found = self.reader.value(self.module, value)
            if found:
                self.write(found, True, value, name)
        elif self.gunicorn and name == "bind":
            self.port(value, value)
        elif self.gunicorn and name in ("accesslog", "errorlog", "logfile", "pidfile"):
            found = self.reader.value(self.module, value)
            if found not in ("-", "None", OPEN):
                self.write(found, False, value, name)

    def dictionary(self, node: ast.Dict) -> None:
        """What a dictionary of settings names: a SQLite database, the file of a log handler, a cache on disk."""
        pairs = {
            key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
        }
        engine = pairs.get("ENGINE")
        if engine is not None and "sqlite" in self.reader.value(self.module, engine):
            self.write(self.reader.value(self.module, pairs.get("NAME")), False, node, "SQLite")
        if "class" in pairs and "filename" in pairs:
            self.write(self.reader.value(self.module, pairs["filename"]), False, node, "a log")
        backend = pairs.get("BACKEND")
        if backend is not None and "LOCATION" in pairs and "filebased" in self.reader.value(self.module, backend):
            self.write(self.reader.value(self.module, pairs["LOCATION"]), True, node, "a cache")

    def listens(self, node: ast.Call) -> None:
        port = _keyword(node, "port")
        if port is not None:
            self.port(port, node)
            return
        for each in node.args[:2]:
            inner = each.elts[-1] if isinstance(each, ast.Tuple) and len(each.elts) == 2 else each
            if isinstance(inner, ast.Constant) and isinstance(inner.value, int) and not isinstance(inner.value, bool):
                self.port(inner, node)

    def port(self, value: ast.expr, node: ast.AST) -> None:
        text = self.reader.value(self.module, value).rpartition(":")[2]
        number = int(text) if text.isdecimal() and len(text) < 6 else None
        self.code.ports.append(Port(number, self.module.file, getattr(node, "lineno", 1)))


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def setting(modules: list[Module], reader: Reader, name: str) -> Iterator[Write]:
    """What the setting `name` of the program comes to, with its place."""
    for module in modules:
        for node in module.values.get(name, ()):
            yield Write(reader.value(module, node), True, module.file, node.lineno, name)
