"""What JavaScript and TypeScript code writes, and which ports it listens on. Sources of the calls: writes.toml."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from rewriter.change import Evidence
from rewriter.project.node.code import tree_of
from rewriter.users.code import HOME, OPEN, Code, Port, Surroundings, Write, joined, plain, tables

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS = frozenset(("arrow_function", "function_expression", "function", "method_definition"))
_DEEPEST = 12
_STEPS = 2000
_LONGEST = 500


# Settings that name a file: of databases, of winston, of pino.
_FILES = ("filename", "storage", "database", "file", "destination")


class Module:
    """One file: `file` is where it lies in the context, `place` where in the image (None where that is not known).
    Raises `ValueError`, with a reason, for one that is not understood."""

    def __init__(self, text: str, file: str, place: str | None) -> None:
        root = tree_of(file, text)
        if root is None:
            raise ValueError("is not understood")
        self.root = root
        self.text = text
        self.file = file
        self.place = place
        self.values: dict[str, list[Node]] = {}
        self.bound: set[str] = set()
        self.imported: set[str] = set()  # names that a module of files gives
        self.modules: dict[str, str] = {}  # the module that a name comes from
        for node in walk(self.root):
            self.note(node)

    def note(self, node: Node) -> None:
        match node.type:
            case "variable_declarator":
                target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
                if target is not None and value is not None:
                    module = _required(value)
                    for name in _names(target):
                        if module:
                            self.modules[name] = module
                        elif target.type == "identifier":
                            self.values.setdefault(name, []).append(value)
                        else:
                            self.bound.add(name)
                elif target is not None:
                    self.bound.update(_names(target))
            case "assignment_expression":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if left is not None and right is not None and left.type == "identifier":
                    self.values.setdefault(said(left), []).append(right)
            case "import_statement":
                source = node.child_by_field_name("source")
                for each in node.named_children:
                    if each.type == "import_clause" and source is not None:
                        self.modules |= dict.fromkeys(_names(each), said(source).strip("\"'`"))
            case "formal_parameters" | "catch_clause":
                self.bound.update(_names(node) if node.type == "formal_parameters" else ())
            case "for_in_statement":
                left = node.child_by_field_name("left")
                self.bound.update(_names(left) if left is not None else ())


def silent(text: str) -> bool:
    """Whether a source, understood or not, names nothing that could write, run a program or listen: then there is
    nothing to read in it. Pages and components are such, in dialects that no grammar knows."""
    return _speaks().search(text) is None


@lru_cache(maxsize=1)
def _speaks() -> re.Pattern[str]:
    table = tables()["node"]
    words = {*table["processes"], *table["modules"], *table["databases"], *table["listens"]}
    words |= {
        *table["called"],
        *tables()["packages"]["node"]["names"],
        *(key.partition(".")[0] for key in table["properties"]),
    }
    names = "|".join(re.escape(word.removeprefix("node:")) for word in sorted(words))
    return re.compile(rf"""(?<![\w.-])(?:{names})(?![\w-])|\.(?:{names})\b|{table["speaks"]}""")


def walk(root: Node) -> Iterator[Node]:
    """All nodes, in the order of the text."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(node.named_children))


def said(node: Node) -> str:
    """The text of a node; "" for one that is too long for a name or a path."""
    if node.end_byte - node.start_byte > _LONGEST:
        return ""
    return (node.text or b"").decode("utf-8", "replace")


def _names(node: Node) -> Iterator[str]:
    for each in walk(node):
        if each.type in ("identifier", "shorthand_property_identifier_pattern", "shorthand_property_identifier"):
            yield said(each)


def _required(node: Node) -> str:
    """The module that `require("x")`, `require("x").y` or `import("x")` gives; "" for anything else."""
    match = re.match(r"""(?:await\s+)?(?:require|import)\(\s*["'`]([^"'`]+)["'`]\s*\)""", said(node)[:200])
    return match[1] if match else ""


def _arguments(call: Node) -> list[Node]:
    found = call.child_by_field_name("arguments")
    return [each for each in found.named_children if each.type != "comment"] if found is not None else []


def _callee(call: Node) -> tuple[str, str]:
    """What a call is made on, and its name: `fs.promises`, `writeFile`."""
    function = call.child_by_field_name("function") or call.child_by_field_name("constructor")
    if function is None:
        return "", ""
    if function.type == "member_expression":
        inner, name = function.child_by_field_name("object"), function.child_by_field_name("property")
        return (said(inner) if inner is not None else "", said(name) if name is not None else "")
    return "", said(function)


class Reader:
    """Reads one file."""

    def __init__(self, module: Module, around: Surroundings, code: Code) -> None:
        self.module = module
        self.around = around
        self.code = code
        self.table = tables()["node"]
        self.steps = 0

    def read(self) -> None:
        for node in walk(self.module.root):
            if node.type in ("call_expression", "new_expression"):
                self.call(node)
            elif node.type == "pair":
                self.pair(node)
            elif node.type == "string" and said(node)[1:8] == "sqlite:":
                self.write(node, said(node)[8:-1].removeprefix("//"), False, "SQLite")
        for name, module in self.module.modules.items():
            if module in tables()["packages"]["node"]["names"]:
                self.doubt(self.module.root, f"loads {module} ({name}), which writes below the working directory")

    # What an expression comes to.

    def value(self, node: Node | None, depth: int = 0) -> str:
        """What a path expression comes to, with `OPEN` for what is not known."""
        self.steps = self.steps + 1 if depth else 0
        if node is None or depth > _DEEPEST or self.steps > _STEPS:
            return OPEN
        match node.type:
            case "string":
                text = said(node)
                return text[1:-1] if text and "\\" not in text else OPEN
            case "number":
                return said(node)
            case "template_string":
                return self.template(node, depth)
            case "identifier":
                return self.name(said(node), depth)
            case "parenthesized_expression" | "await_expression" | "as_expression" | "non_null_expression":
                return self.value(node.named_children[0] if node.named_children else None, depth + 1)
            case "member_expression":
                return self.member(node)
            case "binary_expression":
                return self.binary(node, depth)
            case "call_expression" | "new_expression":
                return self.called(node, depth + 1)
        return OPEN

    def template(self, node: Node, depth: int) -> str:
        parts = []
        for each in node.named_children:
            if each.type == "string_fragment":
                parts.append(said(each))
            else:
                inner = each.named_children[0] if each.named_children else None
                parts.append(self.value(inner, depth + 1) if each.type == "template_substitution" else OPEN)
        return plain("".join(parts))

    def name(self, name: str, depth: int) -> str:
        if name == "__dirname":
            return posixpath.dirname(self.module.place) if self.module.place else OPEN
        if name == "__filename":
            return self.module.place or OPEN
        if name in self.module.bound or name not in self.module.values:
            return OPEN
        found = {self.value(each, depth + 1) for each in self.module.values[name]}
        return next(iter(found)) if len(found) == 1 else OPEN

    def member(self, node: Node) -> str:
        text = said(node)
        if match := re.fullmatch(r"(?:process|Bun|import\.meta)\.env\.(\w+)", text):
            return self.around.env.get(match[1], OPEN)
        if text == "import.meta.dirname":
            return self.name("__dirname", 0)
        return OPEN

    def binary(self, node: Node, depth: int) -> str:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        sign = said(operator) if operator is not None else ""
        if sign == "+":
            return self.value(left, depth + 1) + self.value(right, depth + 1)
        if sign in ("||", "??"):
            first = self.value(left, depth + 1)
            return first if OPEN not in first else self.value(right, depth + 1)
        return OPEN

    def called(self, node: Node, depth: int) -> str:
        inner, name = _callee(node)
        arguments = _arguments(node)
        if name in ("join", "resolve") and (inner in ("path", "posix", "path.posix") or not inner):
            found = plain(joined(self.value(each, depth) for each in arguments))
            return (
                found if name == "join" or found.startswith(("/", OPEN)) else plain(joined((self.around.folder, found)))
            )
        if name == "dirname" and arguments:
            found = self.value(arguments[0], depth)
            return posixpath.dirname(found) if OPEN not in found else OPEN
        if name == "cwd":
            return self.around.folder
        if name == "tmpdir":
            return "/tmp"
        if name == "homedir":
            return HOME
        if name == "fileURLToPath":
            return self.module.place or OPEN
        if name in ("Number", "parseInt", "String", "normalize") and arguments:
            return self.value(arguments[0], depth)
        return OPEN

    # What a call does.

    def doubt(self, node: Node, text: str) -> None:
        self.code.doubts.append(Evidence(text, node.start_point[0] + 1, self.module.file))

    def write(self, node: Node, path: str, folder: bool, what: str) -> None:
        self.code.writes.append(Write(path, folder, self.module.file, node.start_point[0] + 1, what))

    def of_files(self, inner: str, name: str) -> bool:
        """Whether the function `name` of `inner` is one of a module that works on files."""
        first = inner.partition(".")[0] if inner else name
        module = self.module.modules.get(first, "") or _required_text(inner)
        return module in self.table["modules"]

    def call(self, node: Node) -> None:
        inner, name = _callee(node)
        arguments = _arguments(node)
        table = self.table
        first = arguments[0] if arguments else None
        module = self.module.modules.get(inner.partition(".")[0] or name, "") or _required_text(inner or name)
        if not inner:
            name = table["called"].get(module, name)
        if module in table["processes"]:
            self.doubt(node, f"{name} runs another program, and what that writes is not known")
        elif inner == "process" and name in (*table["root"], *table["uid"]):
            found = Evidence(f"calls process.{name}", node.start_point[0] + 1, self.module.file)
            (self.code.root if name in table["root"] else self.code.doubts).append(found)
        elif self.of_files(inner, name):
            if name in table["root"]:
                self.code.root.append(Evidence(f"calls {name}", node.start_point[0] + 1, self.module.file))
            elif name in table["files"] or name in table["folders"]:
                self.write(node, self.value(first), name in table["folders"], name)
            elif name in table["second"]:
                self.write(node, self.value(arguments[1] if len(arguments) > 1 else None), False, name)
            elif name in ("open", "openSync") and len(arguments) > 1 and _writes(self.value(arguments[1])):
                self.write(node, self.value(first), False, name)
        elif first is not None and (self.moves(inner, name, first) or self.opens(node, name, first)):
            self.write(node, self.value(first), False, name)
        elif name in table["listens"] and inner and first is not None:
            self.listens(node, first)
        for each in arguments:
            if each.type == "object":
                self.properties(name, each)

    def moves(self, inner: str, name: str, first: Node) -> bool:
        """Whether it is the `mv` of an uploaded file, or the `destination` of a log.

        Sources: https://github.com/richardgirges/express-fileupload, https://getpino.io/#/docs/api?id=pino-destination
        """
        return bool(inner) and (name == "mv" or (name == "destination" and first.type in ("string", "template_string")))

    def opens(self, node: Node, name: str, first: Node) -> bool:
        """Whether it opens a database that is a file, whose path is `first`."""
        return name in self.table["databases"] and node.type == "new_expression" and first.type != "object"

    def properties(self, name: str, given: Node) -> None:
        """What a library is given in an object: `multer({dest: "uploads/"})`."""
        for pair in given.named_children:
            key = pair.child_by_field_name("key") or pair.child_by_field_name("name")
            if key is None:
                continue
            word = said(key).strip("\"'")
            kind = self.table["properties"].get(f"{name}.{word}")
            value = pair.child_by_field_name("value")
            if word == "port" and name in self.table["listens"]:
                self.port(pair, value)
            elif kind and (pair.type in _FUNCTIONS or (value is not None and value.type in _FUNCTIONS)):
                self.destination(value if value is not None else pair, kind == "folder")
            elif kind:
                self.write(pair, self.value(value), kind == "folder", f"{name}'s {word}")

    def pair(self, node: Node) -> None:
        """A setting of the program's own that names a database or a log: `{ filename: "./dev.sqlite3" }`."""
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None or value is None or said(key).strip("\"'") not in _FILES:
            return
        path = self.value(value)
        if path.endswith((".db", ".sqlite", ".sqlite3", ".log")):
            self.write(node, path, False, said(key).strip("\"'"))

    def destination(self, function: Node, folder: bool) -> None:
        """The second argument of the callback that multer hands over. Source: https://github.com/expressjs/multer"""
        parameters = function.child_by_field_name("parameters")
        callback = list(_names(parameters))[-1:] if parameters is not None else []
        for node in walk(function):
            if node.type == "call_expression" and [_callee(node)[1]] == callback and len(_arguments(node)) > 1:
                self.write(node, self.value(_arguments(node)[1]), folder, "an upload")

    def listens(self, node: Node, first: Node) -> None:
        if (
            first.type == "string"
            and not (address := self.value(first)).isdecimal()
            and re.search(r"/|\.sock\Z", address)
        ):
            self.write(node, address, False, "a socket")
        elif first.type in ("number", "identifier", "binary_expression", "member_expression", "call_expression"):
            self.port(node, first)

    def port(self, node: Node, value: Node | None) -> None:
        text = self.value(value)
        number = int(text) if text.isdecimal() and len(text) < 6 else None
        self.code.ports.append(Port(number, self.module.file, node.start_point[0] + 1))


def _writes(flags: str) -> bool:
    """Whether a file that is opened with `flags` may be written."""
    return bool(set("wa+" + OPEN) & set(flags))


def _required_text(inner: str) -> str:
    match = re.match(r"""require\(\s*["']([^"']+)["']\s*\)""", inner)
    return match[1] if match else ""
