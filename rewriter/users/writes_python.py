"""What Python code writes, and which ports it listens on. Sources of the calls: writes.toml."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from rewriter.change import Evidence
from rewriter.users.code import OPEN, Code, Port, Write, joined, tables
from rewriter.users.values_python import Module, Values, key

# What takes a file takes these in its place.
_STREAMS = frozenset(("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"))
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:(?://)?(?:/(.*)|(:memory:)?)\Z", re.DOTALL)


def read(values: Values) -> Code:
    """What the modules of `values` show."""
    code = Code()
    for module in values.modules:
        _Module(values, module, code).walk()
    return code


@lru_cache(maxsize=1)
def _writers() -> Mapping[str, Mapping[str, Any]]:
    return {name: entry for entry in tables()["python"]["write"] for name in entry["names"]}


class _Module:
    """Looks through one module."""

    def __init__(self, values: Values, module: Module, code: Code) -> None:
        self.values = values
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
        started = self.values.around.starts(self.module.file) or self.module.file.endswith("__main__.py")
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
                    self.sqlite(self.values.value(self.module, node), node)
                    continue
                case ast.BinOp(left=ast.Constant(value=str() as text)) if text.startswith("sqlite"):
                    self.sqlite(self.values.value(self.module, node), node)
                    continue
                case (
                    ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value)
                ):
                    self.setting(key(target), value)
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
            self.write(self.values.value(self.module, node.args[0]), False, node, "save")
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
        text = self.values.value(self.module, mode)
        return (at == 1 and OPEN in text) or bool(
            re.fullmatch(r"[rwaxbtU+|:gzx2*]{1,5}", text) and set(text) & set("wax+")
        )

    def opened(self, node: ast.Call, path: ast.expr | None, at: int, name: str) -> None:
        if self.mode(node, at):
            self.write(self.values.value(self.module, path), False, node, f'{name.rpartition(".")[2]}(…, "w")')

    def writer(self, node: ast.Call, entry: Mapping[str, Any], name: str) -> None:
        path: ast.expr | None
        if "keyword" in entry:
            path = _keyword(node, entry["keyword"])
        elif entry.get("receiver"):
            path = node.func.value if isinstance(node.func, ast.Attribute) else None
        else:
            at = entry.get("argument", 0)
            path = node.args[at] if len(node.args) > at else (node.keywords[0].value if node.keywords else None)
        if isinstance(path, ast.Lambda) or (path is not None and ast.unparse(path) in _STREAMS):
            return
        if path is not None:
            self.write(self.values.value(self.module, path), bool(entry.get("folder")), node, name)
        elif not entry.get("optional") and not entry.get("receiver"):
            self.doubt(node, f"{name} writes to a place that is not known")

    def sqlite(self, text: str, node: ast.AST) -> None:
        """A database address. Source: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#connect-strings"""
        match = _SQLITE.match(text)
        if match is None or match[1] is None:
            return
        path = match[1].partition("?")[0]
        if self.values.flask_sqlalchemy and not path.startswith("/"):
            self.write(joined((self.values.instance, path)), False, node, "SQLite")
            self.write(self.values.instance, True, node, "SQLite")
        elif path != ":memory:":
            self.write(path, False, node, "SQLite")

    def setting(self, name: str, value: ast.expr) -> None:
        if name in self.table["folders"]:
            found = self.values.value(self.module, value)
            if found:
                self.write(found, True, value, name)
        elif self.gunicorn and name == "bind":
            address = self.values.value(self.module, value)
            if address.startswith("unix:"):
                self.write(address[5:], False, value, "a socket")
            else:
                self.port(value, value)
        elif self.gunicorn and name in ("accesslog", "errorlog", "logfile", "pidfile"):
            found = self.values.value(self.module, value)
            if found not in ("-", "None", OPEN):
                self.write(found, False, value, name)

    def dictionary(self, node: ast.Dict) -> None:
        """What a dictionary of settings names: a SQLite database, the file of a log handler, a cache on disk."""
        pairs = {
            key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
        }
        engine = pairs.get("ENGINE")
        if engine is not None and "sqlite" in self.values.value(self.module, engine):
            self.write(self.values.value(self.module, pairs.get("NAME")), False, node, "SQLite")
        if "class" in pairs and "filename" in pairs:
            self.write(self.values.value(self.module, pairs["filename"]), False, node, "a log")
        backend = pairs.get("BACKEND")
        if backend is not None and "LOCATION" in pairs and "filebased" in self.values.value(self.module, backend):
            self.write(self.values.value(self.module, pairs["LOCATION"]), True, node, "a cache")

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
        text = self.values.value(self.module, value).rpartition(":")[2]
        number = int(text) if text.isdecimal() and len(text) < 6 else None
        self.code.ports.append(Port(number, self.module.file, getattr(node, "lineno", 1)))


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def setting(values: Values, name: str) -> Iterator[Write]:
    """What the setting `name` of the program comes to, with its place."""
    for module in values.modules:
        for node in module.values.get(name, ()):
            yield Write(values.value(module, node), True, module.file, node.lineno, name)
