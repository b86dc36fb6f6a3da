"""What the variables around a program show, of the image and of the services that run it, and their ports."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.project.context import Unfit
from rewriter.project.services import Service, services
from rewriter.users.code import Code, Port, Write

# Sources: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#connect-strings,
# https://www.prisma.io/docs/orm/overview/databases/sqlite, https://github.com/xerial/sqlite-jdbc#readme
_DATABASE = re.compile(
    r"(?:jdbc:)?sqlite(?:\+\w+)?:(?:///?)?(?P<path>/?[^?\s]*)|file:(?P<file>[^?\s]+\.(?:db|sqlite3?)\b)"
)
_BEHIND = re.compile(r":(\d+)(?:/\w+)?\Z")


def settings(facts: Facts, image: StageImage) -> Code:
    """The databases that variables name, the folders in which libraries write, and ports."""
    code, table = Code(), knowledge.table("users")["variables"]
    for name, value, where in _variables(facts, image):
        if match := _DATABASE.match(value):
            path = match["path"] if match["file"] is None else match["file"]
            if path and path != ":memory:":
                code.writes.append(Write(path, False, where.file or "Dockerfile", where.line or 1, name))
        elif name.upper() in table["folders"] and not value.startswith("/tmp/"):
            code.doubts.append(Evidence(f"has {name} name {value}, in which libraries write", where.line, where.file))
        elif name in table["ports"] and (number := value.rpartition(":")[2]).isdecimal() and len(number) < 6:
            code.ports.append(Port(int(number), where.file, where.line))
    for service in services(facts.project):
        code.ports += _published(service)
    return code


def _published(service: Service) -> Iterator[Port]:
    """Source: https://docs.docker.com/reference/compose-file/services/#ports"""
    ports = service.values.get("ports")
    for port in ports if isinstance(ports, list) else ():
        word = port.get("target") if isinstance(port, Mapping) else port
        if match := _BEHIND.search(f":{word}"):
            yield Port(int(match[1]), service.file, service.line_of(str(word)))


def _variables(facts: Facts, image: StageImage) -> Iterator[tuple[str, str, Evidence]]:
    own = [i for each in facts.lineage(image) for i in each.stage.body if i.keyword == "ENV"]
    for name, value in image.final.env.items():
        if isinstance(value, str) and value != image.start.env.get(name):
            line = next((i.first_line for i in reversed(own) if name in i.value), None)
            yield name, value, Evidence(name, line)
    for service in services(facts.project):
        given = service.values.get("environment")
        pairs = (
            given.items()
            if isinstance(given, Mapping)
            else (str(w).split("=", 1) for w in _list(given) if "=" in str(w))
        )
        for name, value in pairs:
            yield str(name), str(value), Evidence(str(name), service.line_of(str(name)), service.file)
        for file in _list(service.values.get("env_file")):
            path = file.get("path") if isinstance(file, Mapping) else file
            yield from _of_file(facts, posixpath.normpath(posixpath.join(posixpath.dirname(service.file), str(path))))


def _of_file(facts: Facts, path: str) -> Iterator[tuple[str, str, Evidence]]:
    """Source: https://docs.docker.com/reference/compose-file/services/#env_file"""
    try:
        lines = facts.project.text(path).splitlines() if facts.project.kind(path) == "file" else []
    except Unfit:
        return
    for number, line in enumerate(lines, 1):
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            yield name.removeprefix("export ").strip(), value.strip().strip("\"'"), Evidence(name, number, path)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []
