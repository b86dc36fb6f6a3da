"""Where the code of a server shows an address that says whether it works.

Only routes on the application itself count: on a router or a blueprint, another file decides what stands in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project import plain_python
from rewriter.project.context import Project
from rewriter.project.sources import JAVASCRIPT, Text, sources

if TYPE_CHECKING:
    import libcst as cst
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
    from libcst import matchers as m

    table = knowledge.table("health")["python"]
    application = m.Name(m.MatchIfTrue(lambda name: name in table["applications"]))
    called = application | m.Attribute(attr=application)
    created = m.Assign(targets=[m.AssignTarget(target=m.Name())], value=m.Call(func=called))
    routing = m.Name(m.MatchIfTrue(lambda name: name in table["routes"]))
    routed = m.Call(func=m.Attribute(value=m.Name(), attr=routing))
    yield from _django(files)
    for file in files:
        module = _module(file) if any(f"{name}(" in file.text for name in table["applications"]) else None
        if module is None:
            continue
        names = {module.code_for_node(each).partition("=")[0].strip() for each in m.findall(module, created)}
        for call in m.findall(module, routed):
            code = module.code_for_node(call)
            path = _first_argument(cast("cst.Call", call))
            methods = re.search(r"\bmethods\s*=([^)\]]*)", code)
            if path and code.partition(".")[0].strip() in names and (not methods or "GET" in methods[1].upper()):
                yield Route(path, file.fact(f"answers GET {path}", file.text.find(code)))


def _module(file: Text) -> cst.Module | None:
    if not _mentions(file.text):
        return None
    try:
        return plain_python.load(file.text)
    except ValueError:
        return None


def _first_argument(call: cst.Call) -> str | None:
    import libcst as cst

    value = call.args[0].value if call.args else None
    text = value.evaluated_value if isinstance(value, cst.SimpleString) else None
    return text if isinstance(text, str) and _PATH.match(f"/{text.lstrip('/')}") else None


def _django(files: Sequence[Text]) -> Iterator[Route]:
    """The routes of the root of a Django project that takes requests for 127.0.0.1, and does not redirect them.

    Source: https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts
    """
    from libcst import matchers as m

    settings = [file for file in files if "ROOT_URLCONF" in file.text or "ALLOWED_HOSTS" in file.text]
    hosts = [match[1] for file in settings for match in _HOSTS.finditer(file.text)]
    open_to_itself = bool(hosts) and all(re.search(r"""["'][*]["']""", each) or "127.0.0.1" in each for each in hosts)
    if not open_to_itself or any("SECURE_SSL_REDIRECT" in file.text for file in files):
        return
    roots = {match[1].replace(".", "/") + ".py" for file in settings for match in _ROOT.finditer(file.text)}
    for file in files:
        module = _module(file) if any(f"/{file.file}".endswith(f"/{root}") for root in roots) else None
        for call in m.findall(module, m.Call(func=m.Name("path"))) if module else ():
            path = _first_argument(cast("cst.Call", call))
            if module and path:
                line = file.text.find(module.code_for_node(call))
                yield Route(f"/{path}", file.fact(f"answers GET /{path}", line))


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
