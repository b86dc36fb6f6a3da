"""Where the code of a server shows an address that says whether it works.

Only routes on the application itself count: on a router or a blueprint, another file decides what stands in front.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project import plain_python
from rewriter.project.context import Project
from rewriter.project.sources import JAVASCRIPT, Text, sources

if TYPE_CHECKING:
    from tree_sitter import Node

_PATH = re.compile(r"/[\w./~-]*\Z", re.ASCII)
_HOSTS = re.compile(r"^[ \t]*ALLOWED_HOSTS[ \t]*=([^\n]*)", re.MULTILINE)
_ROOT = re.compile(r"""^[ \t]*ROOT_URLCONF[ \t]*=[ \t]*["']([\w.]+)["']""", re.MULTILINE)
_GO_ROUTE = re.compile(r'\b(\w+)\.(?:HandleFunc|Handle|GET|Get|Any)\(\s*"(?:GET )?(/[\w./-]+)"')
_GO_APPLICATION = re.compile(r"\b(\w+)\s*:?=\s*(\w+\.\w+)\(")
_ACTUATOR = "spring-boot-starter-actuator"
_SPRING_WEB = re.compile(r"spring-boot-starter-(?:web|webflux|jersey|webmvc)\b")
_SPRING_MOVED = re.compile(
    r"context-?path|base-?path|path-mapping|management\s*[.:]\s*(?:server|port)|endpoint\.health\.enabled|starter-security",
    re.IGNORECASE,
)
_RAILS = re.compile(r"""^[ \t]*get[ \t]*\(?\s*["']/?up["']\s*=>\s*["']rails/health#show["']""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Route:
    """An address of the server, and what shows it."""

    path: str
    evidence: Evidence


def route(project: Project, within: Collection[str], language: str) -> Route | None:
    """The best address of a server in `language` (python, node, java, ruby, go) whose code lies at or below the paths
    `within` of the context. None where the code shows none. Raises `Unfit` where it cannot be searched."""
    find, endings = _READERS[language]
    names: list[str] = knowledge.table("health")["routes"]["names"]
    found = [each for each in find(list(sources(project, within, *endings))) if _name(each.path) in names]
    return min(found, key=lambda each: (names.index(_name(each.path)), each.path), default=None)


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _mentions(text: str) -> bool:
    """Whether one of the addresses stands in quotes: most files need no parser."""
    return bool(_quoted().search(text))


@lru_cache(maxsize=1)
def _quoted() -> re.Pattern[str]:
    names = "|".join(map(re.escape, knowledge.table("health")["routes"]["names"]))
    return re.compile(rf"""(?:\(\s*(?:\w+\s*=\s*)?|[=!]=\s*)["'](?:GET )?[\w./-]*\b(?:{names})/?["']""")


def _python(files: Sequence[Text]) -> Iterator[Route]:
    table = knowledge.table("health")["python"]
    yield from _django(files)
    for file in files:
        module = _module(file) if any(f"{name}(" in file.text for name in table["applications"]) else None
        if module is None:
            continue
        nodes = list(ast.walk(module))
        names = {name for node in nodes if (name := _application(node, table["applications"]))}
        for call in nodes:
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            on, path = call.func.value, _first_argument(call)
            if (
                path
                and isinstance(on, ast.Name)
                and on.id in names
                and call.func.attr in table["routes"]
                and _gets(call)
            ):
                yield Route(path, Evidence(f"answers GET {path}", call.lineno, file.file))


def _module(file: Text) -> ast.Module | None:
    if not _mentions(file.text):
        return None
    try:
        return plain_python.syntax(file.text)
    except ValueError:
        return None


def _application(node: ast.AST, classes: Collection[str]) -> str | None:
    """The name that an application is given: `app = Flask(__name__)`."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.value, ast.Call):
        return None
    func, target = node.value.func, node.targets[0]
    called = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    return target.id if called in classes and isinstance(target, ast.Name) else None


def _gets(call: ast.Call) -> bool:
    """Whether a route takes GET: none of its words says otherwise."""
    methods = next((each.value for each in call.keywords if each.arg == "methods"), None)
    return methods is None or "GET" in ast.dump(methods).upper()


def _first_argument(call: ast.Call) -> str | None:
    text = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    return text if isinstance(text, str) and _PATH.match(f"/{text.lstrip('/')}") else None


def _django(files: Sequence[Text]) -> Iterator[Route]:
    """The routes of the root of a Django project that takes requests for 127.0.0.1, and does not redirect them.

    Source: https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts
    """
    settings = [file for file in files if "ROOT_URLCONF" in file.text or "ALLOWED_HOSTS" in file.text]
    hosts = [match[1] for file in settings for match in _HOSTS.finditer(file.text)]
    open_to_itself = bool(hosts) and all(re.search(r"""["'][*]["']""", each) or "127.0.0.1" in each for each in hosts)
    if not open_to_itself or any("SECURE_SSL_REDIRECT" in file.text for file in files):
        return
    roots = {match[1].replace(".", "/") + ".py" for file in settings for match in _ROOT.finditer(file.text)}
    for file in files:
        module = _module(file) if any(f"/{file.file}".endswith(f"/{root}") for root in roots) else None
        for call in ast.walk(module) if module else ():
            named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "path"
            if isinstance(call, ast.Call) and named and (path := _first_argument(call)):
                yield Route(f"/{path}", Evidence(f"answers GET /{path}", call.lineno, file.file))


def _javascript(files: Sequence[Text]) -> Iterator[Route]:
    from rewriter.project.node.code import nodes, tree_of

    table = knowledge.table("health")["javascript"]
    for file in files:
        root = tree_of(file.file, file.text) if _mentions(file.text) else None
        if root is None:
            continue
        names: set[str] = set()
        for node in nodes(root):
            if node.type == "variable_declarator" and _creates(
                node.child_by_field_name("value"), table["applications"]
            ):
                names.add(_text(node.child_by_field_name("name")))
        for node in nodes(root):
            path = _javascript_route(node, names, table["routes"])
            if path is not None and _PATH.match(path):
                yield Route(path, Evidence(f"answers GET {path}", node.start_point[0] + 1, file.file))


def _creates(value: Node | None, applications: Sequence[str]) -> bool:
    if value is None or value.type not in ("call_expression", "new_expression"):
        return False
    maker = _text(value.child_by_field_name("function") or value.child_by_field_name("constructor"))
    loaded = re.fullmatch(r"""require\(["']([\w-]+)["']\)""", maker)
    return (loaded[1] if loaded else maker) in applications


def _javascript_route(node: Node, names: Collection[str], routes: Sequence[str]) -> str | None:
    """The path of `app.get("/health", …)`, and that of `request.url === "/health"`."""
    if node.type == "call_expression":
        function, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or given is None or function.type != "member_expression" or len(given.named_children) < 2:
            return None
        on, name = _text(function.child_by_field_name("object")), _text(function.child_by_field_name("property"))
        return _string(given.named_children[0]) if on in names and name in routes else None
    equal = node.type == "binary_expression" and _text(node.child_by_field_name("operator")) in ("===", "==")
    asked = equal and _text(node.child_by_field_name("left")) in ("req.url", "request.url")
    return _string(node.child_by_field_name("right")) if asked else None


def _string(node: Node | None) -> str | None:
    return _text(node)[1:-1] if node is not None and node.type == "string" else None


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _go(files: Sequence[Text]) -> Iterator[Route]:
    applications = knowledge.table("health")["go"]["applications"]
    for file in files:
        if not _mentions(file.text):
            continue
        names = {match[1] for match in _GO_APPLICATION.finditer(file.text) if match[2] in applications} | {"http"}
        for match in _GO_ROUTE.finditer(file.text):
            line = file.text[file.text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if match[1] in names and "//" not in line:
                yield Route(match[2], file.fact(f"answers GET {match[2]}", match.start()))


def _java(files: Sequence[Text]) -> Iterator[Route]:
    """Source: https://docs.spring.io/spring-boot/reference/actuator/endpoints.html"""
    if any(_SPRING_MOVED.search(file.text) for file in files):
        return
    builds = [file for file in files if not file.file.endswith((".yml", ".yaml", ".properties"))]
    for file in builds:
        if (at := file.text.find(_ACTUATOR)) >= 0 and any(_SPRING_WEB.search(each.text) for each in builds):
            yield Route("/actuator/health", file.fact("brings Spring's health address", at))


def _ruby(files: Sequence[Text]) -> Iterator[Route]:
    for file in files:
        if found := _RAILS.search(file.text):
            at = found.start() + len(found[0]) - len(found[0].lstrip())
            yield Route("/up", file.fact("routes /up to Rails' own health check", at))


_SPRING_FILES = ("pom.xml", "build.gradle", "build.gradle.kts", ".properties", "application.yml", "application.yaml")
_READERS: dict[str, tuple[Callable[[Sequence[Text]], Iterator[Route]], tuple[str, ...]]] = {
    "python": (_python, (".py",)),
    "node": (_javascript, JAVASCRIPT),
    "java": (_java, _SPRING_FILES),
    "ruby": (_ruby, ("config/routes.rb",)),
    "go": (_go, (".go",)),
}
