"""What a Python package manager is found to read and write, collected while its command and its files are read."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase

from rewriter.change import Evidence
from rewriter.project.needs import Needs, View
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call, Option

_PATTERN_SAFE = re.compile(r"[\w./@+~-]+\Z", re.ASCII)
_GLOB_AT_MOST = re.compile(r"[\w./:,=@+~<>!*?\[\]%-]+\Z", re.ASCII)
_REQUIREMENT = re.compile(
    r"(?P<plain>[A-Za-z0-9][\w.-]*(?:\[[\w,.-]+\])?(?:[~=!]=[\w.*]+)?\Z)"
    r"|\"?(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[\w,.-]+\])?[~=!<>]=\"?[\w.*]*\$(?:\w+|\{\w+\})[\w.*]*\"?\Z",
    re.ASCII,
)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
_GLOB = frozenset("*?[")
_SHELL = frozenset("\"'$`\\~{(")
_OUTSIDE = re.compile(r"/|~|[A-Za-z]:\\|\.\.\Z|(?:.*[/\\])?\.\.(?:[/\\]|\Z)", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)


class Unknowable(Exception):
    """Why it cannot be known what a command reads, in words that name the file in the way."""


class Reading:
    """What one command reads and writes of the project, and the facts that show it. Names are as `View` takes them."""

    def __init__(self, call: Call, view: View) -> None:
        self.call = call
        self.view = view
        self.env = _environment(call, view)
        self._reads: dict[str, str] = {}
        self._leaves: dict[str, None] = {}
        self._evidence: dict[Evidence, None] = {}

    def read(self, name: str) -> None:
        """The command reads the file `name`, or the whole folder, where it ends in `/`."""
        plain = posixpath.normpath(name).replace("//", "/", 1) + "/" * name.endswith("/")
        self._reads.setdefault(self.view.path(name), plain)

    def read_any(self, *names: str) -> None:
        """The command reads those of the files `names` that the project has."""
        for name in names:
            if self.view.kind(name) == "file":
                self.read(name)

    def leave(self, pattern: str) -> None:
        """The command writes what `pattern` (relative to the working directory) matches."""
        self._leaves[pattern] = None

    def write(self, name: str) -> None:
        """The command writes the file or folder `name`; raises `Unknowable` where that holds the copied files."""
        path = self.view.path(name)
        for place in self.view.places:
            above = place.target.rstrip("/") + "/"
            holds = above.startswith(path.rstrip("/") + "/")
            if not (holds or path.startswith(above)) or self.view.project.kind(place.source) == "file":
                continue
            pattern = posixpath.relpath(path, self.view.folder)
            if holds or not pattern.strip("./"):
                raise Unknowable(f"{self.title} writes to {path}, where the project's files are copied to")
            if not _PATTERN_SAFE.match(pattern):
                raise Unknowable(f"{self.title} writes to {path}, a name with characters of patterns in it")
            self._leaves[pattern] = None

    def fact(self, text: str, name: str, line: int | None = None) -> None:
        """The project's file `name` shows the fact `text`."""
        self._evidence[self.view.evidence(text, name, line)] = None

    def needs(self, fetch: str | None = None, still: str = "") -> Needs:
        """What was found."""
        evidence = tuple(self._evidence) or tuple(
            self.view.evidence(f"is read by {self.title}", name) for name in self._reads.values()
        )
        if self._leaves and not evidence:
            evidence = (Evidence(f"{self.title} writes {', '.join(self._leaves)} among the project's files"),)
        return Needs(tuple(self._reads.values()), tuple(self._leaves), evidence, fetch, still)

    def where(self, name: str, line: int | None = None) -> str:
        """How a reason names the file `name`, at its `line`."""
        found = self.view.file(name) or name
        return found if line is None else f"{found}:{line}"

    @property
    def title(self) -> str:
        """How a reason names the command."""
        return f"{posixpath.basename(self.call.program)} {self.call.subcommand}".strip()

    def above(self, name: str = ".") -> list[str]:
        """The folders above `name`, the nearest first, in which files of the project may lie."""
        found, path = [], self.view.path(name)
        while path != "/":
            path = posixpath.dirname(path)
            if any(path == p.target or path.startswith(p.target.rstrip("/") + "/") for p in self.view.places):
                found.append(path)
        return found

    def flag(self, name: str) -> bool | None:
        """Whether the variable `name` says yes; None where its value is not known. False where it is not set."""
        if name not in self.env:
            return False
        value = self.env[name]
        return None if value is None else value.strip().lower() in ("1", "true", "yes", "y", "on", "t")


def escapes(text: str) -> bool:
    """Whether the path `text` leads out of the folder that it is taken from."""
    return bool(_OUTSIDE.match(text))


def word_text(word: Word, reading: Reading) -> str:
    """What `word` stands for; raises `Unknowable` where that is not known.

    A word such as `.[dev]` is a pattern to the shell: it stays as it is where no file matches it, as no file will be
    called `uvicornd` for `uvicorn[standard]`. A variable in the place of a version tells a version.
    """
    if word.value is not None:
        return word.value
    if match := _REQUIREMENT.match(word.raw):
        return match["plain"] or match["name"]
    quoted = len(word.raw) > 1 and word.raw[0] == word.raw[-1] == '"'
    text = _VARIABLE.sub(
        lambda match: reading.env.get(match[1] or match[2]) or match[0], word.raw[quoted : -quoted or None]
    )
    folder, name = posixpath.split(text)
    if quoted and not _SHELL.intersection(text):
        return text
    plain = _GLOB_AT_MOST.match(text) and not _GLOB.intersection(folder) and not text.startswith(("~", "-"))
    pattern = bool(_GLOB.intersection(name))
    if plain and not (pattern and any(fnmatchcase(n, name) for n in reading.view.names(folder or "."))):
        return text
    raise Unknowable(f"what {word.raw} stands for is not known")


def option_text(option: Option, reading: Reading) -> str:
    """The value of `option` of the command; raises `Unknowable` where that is not known."""
    raw, value = option.word.raw, option.value
    if len(option.name) > 2 and raw.startswith(f"{option.name}="):
        inner = raw.partition("=")[2]
        value = None if option.word.value is None else option.word.value.partition("=")[2]
        return word_text(Word(0, len(inner), inner, value), reading)
    if value is None and raw.endswith(option.name[-1]):
        following = next((word for word in reading.call.statement.words if word.start > option.word.start), None)
        return word_text(following, reading) if following else ""
    if value is None or ((_SHELL | _GLOB).intersection(value) and value in raw):
        raise Unknowable(f"the value of {option.name} is not known")
    return value


def _environment(call: Call, view: View) -> dict[str, str | None]:
    """The variables that the command finds, None for a value that is not known. An `export` of an earlier command may
    be one of the same step, or may not."""
    found: dict[str, str | None] = dict(view.env)
    for earlier in view.before:
        if earlier.program in ("export", "declare"):
            for word in earlier.operands:
                if _ASSIGNMENT.match(word.raw):
                    found[word.raw.partition("=")[0]] = None
    for word in (*call.statement.assignments, *call.wrappers):
        if _ASSIGNMENT.match(word.raw):
            name = word.raw.partition("=")[0]
            found[name] = None if word.value is None else word.value.partition("=")[2]
    return found
