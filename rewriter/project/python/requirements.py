"""Requirements, and the files that list them, read as pip reads them.

Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from rewriter import knowledge
from rewriter.project import manifests
from rewriter.project.python.local import project_folder
from rewriter.project.python.options import kinds
from rewriter.project.python.reading import Reading, Unknowable

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz")
_ADDRESS = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?[a-z][a-z+]*:", re.IGNORECASE)
_NAMED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*@\s*(?=\S)", re.ASCII)
_EXTRAS = re.compile(r"\[[^\[\]]*\]\Z")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}", re.ASCII)
_EGG = re.compile(r"#(?:.*&)?egg=([A-Za-z0-9][\w.-]*)", re.ASCII)
_DEPTH = 20
_LENGTH = 10_000


class Requirements:
    """Reads requirements of one command into `reading`. `environments` are the virtual environments it may install
    into; `tool` is `pip` or `uv pip`."""

    def __init__(self, reading: Reading, tool: str, environments: tuple[str, ...]) -> None:
        self.reading = reading
        self.tool = tool
        self.environments = environments
        self._done: set[str] = set()

    def take(self, kind: str, value: str, where: str, beside: str = "") -> None:
        """An option as the table names its `kind`, given at `where`: raises `Unknowable`. `beside` is the folder of
        the requirements file that it stands in."""
        reading = self.reading
        match kind:
            case "requirements":
                self.file(value, where, beside)
            case "editable":
                self.requirement(value, where, editable=True)
            case "links":
                self._links(value, where, beside)
            case "index":
                if path := _local(value):
                    self._folder(path, where)
            case "group":
                file, _, _ = value.rpartition(":")
                self._groups(file or "pyproject.toml")
            case "reads" if reading.view.kind(value) == "file":
                reading.read(value)
            case "writes":
                reading.write(value)

    def file(self, name: str, where: str, beside: str = "", depth: int = 0) -> None:
        """A requirements or constraints file; raises `Unknowable`, and `Unfit` for one that cannot be read."""
        name = _local(name) or name
        if _ADDRESS.match(name):
            return
        if name == "-" or depth > _DEPTH:
            raise Unknowable(f"{where} reads requirements from {name}")
        path = posixpath.join(beside, name)
        if self.reading.view.path(path) in self._done:
            return
        self._done.add(self.reading.view.path(path))
        base = posixpath.basename(path)
        if base == "pyproject.toml" and self.tool == "uv pip":
            self._project(path)
            return
        if base.endswith((".py", ".toml", ".cfg")):
            raise Unknowable(f"{where} takes the requirements from {self.reading.where(path)}")
        text = self.reading.view.text(path)
        self.reading.read(path)
        more = False
        for number, line in _lines(text):
            more |= self._line(self._expanded(line), path, number, depth)
        if not more:
            self.reading.fact("lists packages of an index, and names no other file", path)

    def requirement(self, text: str, where: str, *, editable: bool = False) -> bool:
        """One requirement as it stands in a command or a file; True where it is of the project's own files. Raises
        `Unknowable`."""
        from packaging.requirements import InvalidRequirement, Requirement

        text = " ".join(text.split())
        if len(text) > _LENGTH:
            raise Unknowable(f"{where} is too long to be a requirement")
        address = bool(_ADDRESS.match(text))
        text = re.split(r"\s;|;\s" if address else ";", text, maxsplit=1)[0].strip()
        named = None if address or editable else _NAMED.match(text)
        target = text[named.end() :].strip() if named else text
        if _ADDRESS.match(target):
            path = _local(target)
            if path is None:
                if "file:" in target.lower().partition("/")[0]:
                    raise Unknowable(f"{where} installs from {target}")
                if editable:
                    self._checkout(target, where)
                return False
        else:
            path = _EXTRAS.sub("", target).strip()
        archive = path.lower().endswith(_ARCHIVES)
        if named or editable or archive or "/" in path or path.startswith(".") or _ADDRESS.match(target):
            self._path(path, where)
            return True
        try:
            Requirement(text)
        except InvalidRequirement:
            raise Unknowable(f"{where} is no requirement that can be read") from None
        return False

    def _line(self, line: str, path: str, number: int, depth: int) -> bool:
        """One line of the file `path`; True where it names another file."""
        where = self.reading.where(path, number)
        words = _words(line, where)
        first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
        more = False
        if first:
            more = self.requirement(" ".join(words[:first]), where)
            if more:
                self.reading.fact(f"installs {words[0]}", path, number)
        known, table = kinds("pip"), knowledge.table("python_tools")["requirements"]
        rest = iter(words[first:])
        for word in rest:
            name, equals, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
            if name in table["flags"]:
                continue
            if not word.startswith("-"):
                continue  # a marker behind an editable requirement
            value = value if equals else next(rest, "")
            kind = known.get(name)
            if name in table["values"]:
                continue
            if kind not in ("requirements", "editable", "links", "index"):
                raise Unknowable(f"{where} has the option {name}, which is not known")
            more |= kind == "requirements" or not _remote(value)
            if kind == "requirements":
                self.file(value, where, posixpath.dirname(path), depth + 1)
                self.reading.fact(f"reads {value}", path, number)
            else:
                self._placed(path, where, value)
                if not _remote(value):
                    self.reading.fact(f"names {value}", path, number)
                self.take(kind, value, where, posixpath.dirname(path))
        return more

    def _placed(self, path: str, where: str, value: str) -> None:
        """pip takes a relative path from the working directory; which folder uv takes it from is not relied on."""
        if self.tool != "pip" and posixpath.dirname(posixpath.normpath(path)) and not _ADDRESS.match(value):
            raise Unknowable(f"{where} names {value}, relative to one of two folders")

    def _path(self, path: str, where: str) -> None:
        if _VARIABLE.search(path):
            raise Unknowable(f"{where} installs {path}, and that variable is not known")
        match self.reading.view.kind(path):
            case "file":
                self.reading.read(path)
            case "folder":
                project_folder(self.reading, path, where)
            case None:
                raise Unknowable(f"{where} installs {path}, which is not among the files of the project")

    def _links(self, value: str, where: str, beside: str) -> None:
        if _remote(value):
            return
        path = _local(value) or value
        nested = posixpath.join(beside, path)
        self._folder(nested if self.reading.view.kind(nested) else path, where)

    def _folder(self, path: str, where: str) -> None:
        match self.reading.view.kind(path):
            case "folder":
                folder = self.reading.view.path(path)
                if f"{self.reading.view.folder}/".startswith(f"{folder}/"):
                    raise Unknowable(f"{where} looks for packages in the whole project")
                self.reading.read(path.rstrip("/") + "/")
            case "file":
                raise Unknowable(f"{where} looks for packages in {self.reading.where(path)}")

    def _checkout(self, address: str, where: str) -> None:
        """pip puts the sources of an editable package of a repository into src/ of the environment, or of the working
        directory: https://pip.pypa.io/en/stable/topics/vcs-support/#editable-vcs-installs"""
        if self.reading.call.has("--src") or "PIP_SRC" in self.reading.env:
            return
        egg = _EGG.search(address)
        if egg is None:
            raise Unknowable(f"{where} keeps the sources of {address} in a folder whose name is not known")
        for name in {egg[1], egg[1].lower(), re.sub(r"[-_.]+", "-", egg[1]).lower()}:
            self.reading.write(posixpath.join("src", name))

    def _groups(self, name: str) -> None:
        groups = manifests.toml(self.reading.view, name).get("dependency-groups", {})
        self.reading.read(name)
        self.reading.fact("holds the dependency groups", name)
        for entries in groups.values() if isinstance(groups, dict) else ():
            self._all(entries, name)

    def _project(self, name: str) -> None:
        """uv takes the dependencies of a pyproject.toml, and builds nothing where they all stand there."""
        data = manifests.toml(self.reading.view, name)
        project = data.get("project")
        where = self.reading.where(name)
        dynamic = str(project.get("dynamic", "")) if isinstance(project, dict) else "dependencies"
        if not isinstance(project, dict) or "dependencies'" in dynamic or '"' in dynamic:
            raise Unknowable(f"{where} does not list the dependencies itself, so that the project is built for them")
        if "sources" in str(data.get("tool", {})):
            raise Unknowable(f"{where} has sources of its own in [tool.uv.sources]")
        self.reading.read(name)
        self.reading.fact("lists the dependencies", name)
        self._all(project.get("dependencies", ()), name)
        extras = project.get("optional-dependencies", {})
        for entries in extras.values() if isinstance(extras, dict) else ():
            self._all(entries, name)

    def _all(self, entries: object, name: str) -> None:
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, str):
                self.requirement(entry, self.reading.where(name))

    def _expanded(self, line: str) -> str:
        return _VARIABLE.sub(lambda match: self.reading.env.get(match[1]) or match[0], line)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a requirements file with their numbers: continued ones joined, without comments and empty ones."""
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), 1):
        if not parts:
            start = number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        joined = "".join([*parts, f" {line}" if comment else line])
        parts = []
        if bare := _without_comment(joined).strip():
            yield start, bare
    if bare := _without_comment("".join(parts)).strip():
        yield start, bare


def _without_comment(line: str) -> str:
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return line if at < 0 else line[:at]


def _words(line: str, where: str) -> list[str]:
    if not {'"', "'", "\\"}.intersection(line) or " -" not in f" {line}":
        return line.split()
    head, dash, options = f" {line}".partition(" -")
    try:
        return [*head.split(), *shlex.split(dash + options)]
    except ValueError:
        raise Unknowable(f"{where} has quotes that do not end") from None


def _remote(address: str) -> bool:
    return bool(_ADDRESS.match(address)) and _local(address) is None


def _local(address: str) -> str | None:
    """The path that a `file:` address stands for; None for any other."""
    if not address.lower().startswith("file:"):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return unquote(parts.path) if parts.netloc in ("", "localhost") and parts.path else None
