"""The programs that a container runs, and what their code and their options show."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.project.builds import COMPOSE
from rewriter.project.context import Unfit
from rewriter.project.needs import View
from rewriter.steps.downloads import downloads
from rewriter.steps.final_view import final_view, places
from rewriter.steps.start import Start, Started
from rewriter.users import uwsgi, values_python, writes_node, writes_python, writes_text
from rewriter.users.code import Code, Port, Surroundings, Write, tables
from rewriter.users.sources import Source, closure, compiled, place_of, sources

_PORT = re.compile(r"(?:\A|[=:/])(?:\[?[\w.*:]*\]?:)?(\d{1,5})\Z")
_PORT_OPTION = re.compile(
    r"(?:--?(?:bind|b|port|p|listen|http|address|server\.port|Dserver\.port|http-port|urls)|-Dserver\.port)\Z"
)
_ADDRESS = re.compile(r"(?:tcp://)?(?:[\w.*]+|\[[:\w]*\])?:(\d{1,5})\Z")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
_QUOTES = "\"'`"
_SCRIPT = re.compile(r"\.(?:sh|bash)\Z")


@dataclass
class Program:
    """What one language's part of the container shows."""

    code: Code = field(default_factory=Code)
    doubts: list[str] = field(default_factory=list)
    refusal: str = ""
    evidence: list[Evidence] = field(default_factory=list)
    native: bool = False


def programs(facts: Facts, image: StageImage, started: Start) -> list[Program]:
    """What the start command and its scripts run."""
    found = Program()
    languages: dict[str, Started] = {}
    view = final_view(facts, image)
    scripts = {posixpath.basename(script.file) for script in started.scripts}
    for each in started.commands:
        name, words = _named(each)
        if each.file and _SCRIPT.search(each.file):
            _redirects(each, found)
        if (
            name in scripts
            or (name in _starters() and (name != "uv" or "--no-sync" in words))
            or _of_shell(each, name, found)
        ):
            continue
        entry = _entry(name)
        if entry is not None:
            _options(each, name, words, entry, found)
            for file in uwsgi.files(words) if entry.get("configured") == "uwsgi" else ():
                refusal, doubt = uwsgi.read(view, each.folder or "/", file, found.code)
                found.refusal = found.refusal or refusal
                found.doubts += [doubt] if doubt else []
            if entry.get("language"):
                languages.setdefault(entry["language"], each)
        elif language := _by_file(view, each, name):
            languages.setdefault(language, each)
        elif native := _native(facts, image):
            languages.update(dict.fromkeys(native, each))
        elif facts.project.root is not None:
            found.doubts.append(f"what {name} writes is not known")
    if not started.commands and not started.unknown:
        found.doubts.append("what it starts is not known")
    return [found, *(_language(facts, image, language, started, each) for language, each in languages.items())]


@lru_cache(maxsize=1)
def _starters() -> frozenset[str]:
    """Programs that only run others, which `Start` follows."""
    entries = knowledge.table("start")
    return frozenset(name for key, entry in entries.items() for name in (key, *entry.get("names", ())))


def _named(started: Started) -> tuple[str, list[str]]:
    """The program that a command runs, and its arguments: `python -m gunicorn x` is gunicorn's."""
    statement = started.call.statement
    words = [word.value or word.raw for word in statement.words[statement.words.index(started.call.head) :]]
    if _PYTHON.match(posixpath.basename(words[0])):
        behind = next((at + 1 for at, word in enumerate(words[:4]) if word == "-m"), None)
        behind = behind or next((at for at, word in enumerate(words[:4]) if word.endswith("manage.py")), None)
        words = words[behind:] if behind and behind < len(words) else words
    return posixpath.basename(words[0]), words[1:]


def _entry(name: str) -> Mapping[str, Any] | None:
    bare = re.sub(r"(?<=[a-z])[\d.]+\Z", "", name)
    for key, entry in tables()["programs"].items():
        if name in (key, *entry.get("names", ())) or bare in (key, *entry.get("names", ())):
            return dict(entry)
    return None


def _of_shell(started: Started, name: str, found: Program) -> bool:
    """Whether it is a command of the shell or of the base system; what it writes is added."""
    shell = tables()["shell"]
    if name in shell["harmless"]:
        return True
    if name in ("curl", "wget"):
        paths = [download.path for download in downloads(started.call, started.folder)]
        found.code.writes += [_write(started, path or "\0", False, name) for path in paths if path != ""]
        return True
    operands = [word.value or "\0" for word in started.call.operands]
    if name == "sed" and not started.call.has("-i", "--in-place"):
        return True
    if name in shell["last"]:
        operands = operands[-1:]
    elif name == "chmod":
        operands = operands[1:]
    elif name not in shell["writers"]:
        return name in ("sh", "bash", "ash", "dash")
    for path in operands:
        found.code.writes.append(_write(started, path, name == "mkdir", name))
    return True


def _write(started: Started, path: str, folder: bool, what: str) -> Write:
    path = re.sub(r"\$\{?\w+\}?", "\0", path)
    if started.folder and not path.startswith(("/", "\0", "~")):
        path = posixpath.join(started.folder, path)
    return Write(path, folder, started.file or "Dockerfile", started.line, what)


def _redirects(started: Started, found: Program) -> None:
    for redirect in started.call.statement.redirects:
        if redirect.target is not None and redirect.operator in (">", ">>", ">|", "&>"):
            found.code.writes.append(_write(started, redirect.target.value or "\0", False, f"{redirect.operator} file"))


def _options(started: Started, name: str, words: Sequence[str], entry: Mapping[str, Any], found: Program) -> None:
    """What the arguments of a known program show: ports, files that it writes, sub-commands that do more."""
    rest = list(words)
    while True:
        if doubt := entry.get("doubt"):
            found.doubts.append(f"{_at(started)}: {name} {' '.join(words[:1])}: {doubt}".replace(": :", ":"))
        for path in entry.get("writes", ()):
            found.code.writes.append(_write(started, path.rstrip("/"), path.endswith("/"), name))
        if (settings := entry.get("settings")) and (word := next((w for w in rest if re.search(settings, w)), None)):
            found.doubts.append(f"{_at(started)}: what {name} does with {word} is not known")
        files = entry.get("files", ())
        for at, word in enumerate(rest):
            option, _, value = word.partition("=")
            value = value or (rest[at + 1] if at + 1 < len(rest) else "")
            if option in files and value not in ("", "-", "/dev/stdout", "/dev/stderr", "/dev/null"):
                found.code.writes.append(_write(started, value, False, option))
            if address := re.search(r"\bunix:(?://)?([^\s=]+)", word):
                found.code.writes.append(_write(started, address[1], False, "a socket"))
        sub = next((word for word in rest if word in entry.get("sub", {})), None)
        if sub is None:
            break
        entry, rest = entry["sub"][sub], rest[rest.index(sub) + 1 :]
    for number in _ports(words):
        found.code.ports.append(Port(number, started.file, started.line))


def _ports(words: Sequence[str]) -> Iterator[int]:
    for at, word in enumerate(words):
        option, _, value = word.partition("=")
        if _PORT_OPTION.match(option):
            value = value or (words[at + 1] if at + 1 < len(words) else "")
            match = _PORT.search(value)
        else:
            match = _ADDRESS.match(word)
        if match:
            yield int(match[1])


def _at(started: Started) -> str:
    return f"{started.file}:{started.line}" if started.file else f"line {started.line}"


def _by_file(view: View, started: Started, name: str) -> str | None:
    """The language of a program that is a file of the project, by its ending or its first line."""
    word = started.call.head.value or ""
    path = posixpath.join(started.folder or "/", word)
    if _PYTHON.match(posixpath.basename(word)):  # python -m package.module
        module = posixpath.join(started.folder or "/", name.replace(".", "/"))
        return "python" if "file" in (view.kind(f"{module}.py"), view.kind(f"{module}/__main__.py")) else None
    if view.kind(path) != "file":
        return None
    for language, entry in tables()["languages"].items():
        if name.endswith(tuple(entry["extensions"])):
            return str(language)
    try:
        first = view.text(path).partition("\n")[0]
    except Unfit:
        return None
    for language, entry in tables()["languages"].items():
        if first.startswith("#!") and entry.get("shebang") and entry["shebang"] in first:
            return str(language)
    return None


def _native(facts: Facts, image: StageImage) -> list[str]:
    """The languages that a program may be written in that the stages build: Go, Rust."""
    try:
        return compiled(facts, image)
    except Unfit:
        return []


def _language(facts: Facts, image: StageImage, language: str, start: Start, started: Started) -> Program:
    """What the project's files in `language` show."""
    found = Program()
    if facts.project.root is None:
        return found
    words = [word.value or "" for each in start.commands for word in each.call.statement.words]
    try:
        files = sources(facts, image, language, words)
        if not files:
            found.doubts.append(f"the source of what {_at(started)} starts is not in the context")
        if len(files) > tables()["sources"]["most"]:
            found.doubts.append(f"the program has {len(files)} files, too many to be read")
            return found
        workdir = started.folder or image.final.workdir
        env = {name: value for name, value in image.final.env.items() if isinstance(value, str)}
        around = Surroundings(workdir if isinstance(workdir, str) else "/", env, tuple(words))
        found.code = _read(facts, language, files, around, found)
        if files:
            name = files[0].file if len(files) == 1 else f"{len(files)} files"
            found.evidence.append(Evidence(f"the whole program in {language} was read ({name})"))
        found.native = bool(tables()["languages"][language].get("native"))
    except Unfit as error:
        found.doubts.append(str(error))
    _frameworks(facts, image, language, found)
    _settings(facts, image, language, found)
    return found


def _read(facts: Facts, language: str, files: Sequence[Source], around: Surroundings, found: Program) -> Code:
    code, modules = Code(), []
    for source in files:
        try:
            text = facts.project.text(source.file)
            if "docker.sock" in text:
                found.refusal = f"{source.file} names docker.sock, which root alone may use"
            if rights := re.search(tables()["rights"]["text"], text):
                line = text.count("\n", 0, rights.start()) + 1
                found.doubts.append(f"{source.file}:{line} names {rights[0].strip(_QUOTES)}, which root alone may open")
            if language == "python":
                modules.append(values_python.Module(text, source.file, source.place))
            elif language == "node" and not writes_node.silent(text):
                writes_node.Reader(writes_node.Module(text, source.file, source.place), around, code).read()
            elif language != "node":
                code.add(writes_text.read(text, source.file, language))
        except (Unfit, ValueError) as error:
            reason = str(error) if isinstance(error, Unfit) else f"{source.file} {error}"
            found.doubts.append(reason)
    if modules:
        values = values_python.Values(modules, around)
        code.add(writes_python.read(values))
        for sub, entry in tables()["programs"]["manage.py"]["sub"].items():
            if "setting" in entry and sub in around.words:
                code.writes += writes_python.setting(values, entry["setting"])
    return code


def _settings(facts: Facts, image: StageImage, language: str, found: Program) -> None:
    """What files of settings name: log handlers of Python, Prisma's SQLite."""
    there = places(facts, image)
    for path in facts.project.files():
        log = language == "python" and path.endswith((".ini", ".cfg", ".conf", ".yaml", ".yml", ".toml", ".json"))
        schema = language == "node" and path.endswith((".prisma", ".json"))
        at = place_of(there, path) if log or schema else None
        if at is None or (facts.project.head(path, 1_000_001) or b"")[1_000_000:]:
            continue
        text = (facts.project.head(path, 1_000_000) or b"").decode("utf-8", "replace")
        if log and (match := re.search(r"\b\w*FileHandler\b", text)):
            found.doubts.append(
                f"{path}:{text.count(chr(10), 0, match.start()) + 1} names {match[0]}, a log that is a file"
            )
        told = COMPOSE.match(posixpath.basename(path))  # what services are told, see rewriter.users.settings
        if log and not told and (match := re.search(r"\bsqlite(?:\+\w+)?:///?(?!:memory:)[\w.%/]", text)):
            line = text.count("\n", 0, match.start()) + 1
            found.doubts.append(f"{path}:{line} names a SQLite database, in whose folder the program writes")
        data = language == "node" and path.endswith(".json")
        if data and (match := re.search(r'"(?:dialect|client)"\s*:\s*"(?:sqlite3?|better-sqlite3)"', text)):
            line = text.count("\n", 0, match.start()) + 1
            found.doubts.append(f"{path}:{line} names a SQLite database, in whose folder the program writes")
        if path.endswith(".prisma") and (match := re.search(r'\burl\s*=\s*"file:([^"\n]+)"', text)):
            line = text.count("\n", 0, match.start()) + 1
            target = posixpath.join(posixpath.dirname(at), match[1])
            found.code.writes.append(Write(posixpath.normpath(target), False, path, line, "SQLite"))


def _frameworks(facts: Facts, image: StageImage, language: str, found: Program) -> None:
    there = [place for each in closure(facts, image) for place in places(facts, each)]
    for entry in tables()["frameworks"]:
        if entry["language"] != language:
            continue
        copied = (path for path in entry["shown"] if facts.project.kind(path) == "file" and place_of(there, path))
        if file := next(copied, None):
            for folder in entry["folders"]:
                found.code.writes.append(Write(folder, True, file, 1, entry["name"], whole=True))
