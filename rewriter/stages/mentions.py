"""Which tools a program calls: words in the project's sources, entry scripts, health check and start command.

Strict in what it lets pass: a word in a string of a program that runs commands somewhere counts as a call of the tool
of that name. One that counts without being a call costs a package too many; one that is missed costs a broken image.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project import kubernetes
from rewriter.project.context import Project, Unfit
from rewriter.project.needs import Obstacle, Place, View
from rewriter.stages.bases import unpackers
from rewriter.stages.kit import Shown
from rewriter.stages.told import told
from rewriter.syntax.shell import parse
from rewriter.syntax.vocabulary import call

_FILES = 3_000
_LONGEST = 1_000_000  # in characters; a longer file is no source that a person wrote
_SHELL = (".sh", ".bash")
_CONFIGURATION = (".conf", ".cron", ".ini")
_RUNS = re.compile(
    r"subprocess|\brun\(|check_output|check_call|[Pp]open|[Ss]pawn|\bexec|\bsystem\(|which\(|shell_exec|Process|Command"
)
_FOLDERS = r"(?:/(?:usr/)?(?:local/)?s?bin/)?"


@dataclass(frozen=True, slots=True)
class Mention:
    """A tool that the program calls, as far as can be seen, and where that stands."""

    tool: str
    evidence: Evidence


def full_tools() -> Mapping[str, str]:
    """The commands that a full image has and its slim variant lacks, with the Debian package of each."""
    found: dict[str, str] = knowledge.table("full_tools")["commands"]
    return found


def mentions(shown: Shown, tools: Collection[str]) -> tuple[Mention, ...] | Obstacle:
    """Those of `tools` that what the container runs may call, each with the first place that shows it.

    An Obstacle where the sources cannot be searched.
    """
    found: dict[str, Mention] = {}
    for started in shown.start.commands:
        name = posixpath.basename(started.call.program)
        words = [posixpath.basename(word.value or "") for word in started.call.wrappers]
        for tool in (name, *words, *unpackers(started.call)):
            if tool in tools:
                found.setdefault(tool, Mention(tool, started.fact(f"runs {tool}")))
    for mention in (*asked(shown, tools), *_scripts(shown, tools)):
        found.setdefault(mention.tool, mention)
    told = [instruction.value for instruction in shown.image.stage.body if instruction.keyword == "HEALTHCHECK"]
    called = in_sources(shown.view, tools, (*told, *(entry.script.text for entry in shown.start.scripts)))
    if isinstance(called, Obstacle):
        return called
    for mention in called:
        found.setdefault(mention.tool, mention)
    return tuple(found.values())


def asked(shown: Shown, tools: Collection[str]) -> Iterator[Mention]:
    """Those of `tools` that health checks, and what else is run in the container beside the program, call."""
    for instruction in shown.image.stage.body:
        if instruction.keyword == "HEALTHCHECK":
            for word in re.findall(r"[\w.+-]+", instruction.value):
                if word in tools:
                    yield Mention(word, shown.facts.line(instruction, f"HEALTHCHECK runs {word}"))
    for service, key, text in told(shown.facts.project, "healthcheck", "command", "entrypoint"):
        for word in re.findall(r"[\w.+-]+", text):
            if word in tools:
                fact = f"{key} of the service {service.name} runs {word}"
                yield Mention(word, Evidence(fact, service.line_of(key), service.file))
    for text, evidence in kubernetes.probes(shown.facts.project):
        yield from (Mention(word, evidence) for word in re.findall(r"[\w.+-]+", text) if word in tools)


def _scripts(shown: Shown, tools: Collection[str]) -> Iterator[Mention]:
    """What entry scripts call inside of substitutions, and in functions."""
    for entry in shown.start.scripts:
        yield from _in_shell(entry.script.text, entry.file, tools)


def in_sources(view: View, tools: Collection[str], others: Sequence[str] = ()) -> tuple[Mention, ...] | Obstacle:
    """Those of `tools` that the sources of the project in the image call.

    A shell script counts where a program, a configuration or one of the texts `others` names it.
    """
    texts = sources(view)
    if isinstance(texts, Obstacle):
        return texts
    code = {file: text for file, text in texts.items() if _code(file)}
    runs = {file for file, text in code.items() if any(mark in text for mark in _marks(posixpath.splitext(file)[1]))}
    naming = [*others, *(text for file, text in texts.items() if not _is_script(file, text))]
    found: dict[str, Mention] = {}
    for file, text in texts.items():
        if file in code:
            each = _in_code(text, file, tools, file in runs) if runs else iter(())
        elif not _is_script(file, text):
            each = _in_configuration(text, file, tools)
        elif any(posixpath.basename(file) in other for other in naming):
            each = _in_shell(text, file, tools)
        else:
            continue
        for mention in each:
            found.setdefault(mention.tool, mention)
    return tuple(found.values())


def in_text(view: View, words: Collection[str]) -> Evidence | Obstacle | None:
    """The first place in the sources of the project in the image that holds one of `words`, as it stands."""
    texts = sources(view)
    if isinstance(texts, Obstacle):
        return texts
    for file, text in texts.items():
        for word in words:
            if (at := text.find(word)) >= 0:
                return Evidence(f"names {word}", text.count("\n", 0, at) + 1, file)
    return None


def sources(view: View) -> dict[str, str] | Obstacle:
    """The texts of the program's sources that come to the image, by their places in the context, without tests."""
    return _sources(view.project, view.places)


@lru_cache(maxsize=8)  # asked for each kind of word
def _sources(project: Project, places: tuple[Place, ...]) -> dict[str, str] | Obstacle:
    table = knowledge.table("full_tools")["files"]
    try:
        files = [file for file in project.files() if _is_source(file, table) and _in_image(places, file)]
    except Unfit as error:
        return Obstacle(f"the program's sources are not all known: {error}")
    if len(files) > _FILES:
        return Obstacle(f"the context holds more than {_FILES:,} source files, too many to search for tools they run")
    found = {}
    for file in files:
        try:
            text = project.text(file)
        except Unfit:
            continue
        if len(text) <= _LONGEST:
            found[file] = text
    return found


def _is_source(file: str, table: Mapping[str, Any]) -> bool:
    *folders, name = file.split("/")
    if any(folder in table["besides"] for folder in folders):
        return False
    if ".min." in name or name.startswith(("Dockerfile", "Containerfile")):
        return False
    return posixpath.splitext(name)[1] in table["endings"] or name in table["names"] or "." not in name


def _in_image(places: Sequence[Place], file: str) -> bool:
    for place in places:
        source = posixpath.normpath(place.source)
        if source == "." or file == source or file.startswith(f"{source}/"):
            return True
    return False


def _code(file: str) -> bool:
    return posixpath.splitext(file)[1] not in ("", *_SHELL, *_CONFIGURATION)


@lru_cache(maxsize=64)
def _marks(ending: str) -> tuple[str, ...]:
    """What shows that a source with this ending runs commands."""
    table = knowledge.table("full_tools")["runs"]
    own = (entry["marks"] for entry in table.values() if isinstance(entry, dict) and ending in entry["endings"])
    return tuple(next(own, table["marks"]))


def _is_script(file: str, text: str) -> bool:
    first = text.partition("\n")[0]
    return file.endswith(_SHELL) or (first.startswith("#!") and "sh" in first and not _code(file))


def _in_shell(text: str, file: str, tools: Collection[str]) -> Iterator[Mention]:
    """The tools that a shell script calls."""
    script = parse(text.replace("\r\n", "\n"))
    if script is None or script.substitutions:
        yield from _in_configuration(text, file, tools)
        return
    for understood in filter(None, map(call, script.commands())):
        for word in (understood.head, *understood.wrappers):
            tool = posixpath.basename(word.value or "")
            if tool in tools:
                line = text.count("\n", 0, understood.statement.start) + 1
                yield Mention(tool, Evidence(f"runs {tool}", line, file))


def _in_configuration(text: str, file: str, tools: Collection[str]) -> Iterator[Mention]:
    """The tools that a configuration of a program which runs commands names, or a script that is not understood."""
    name = posixpath.basename(file)
    if posixpath.splitext(name)[1] == "" and not _is_script(file, text) and name not in ("Procfile", "crontab"):
        return
    words = tuple(sorted(set(tools) - _common()))
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith(("#", ";")):
            for match in _word_pattern(words).finditer(line):
                yield Mention(match[1], Evidence(f"runs {match[1]}", number, file))


def _in_code(text: str, file: str, tools: Collection[str], runs: bool) -> Iterator[Mention]:
    for match in _string_pattern(tuple(sorted(tools))).finditer(text):
        if match[1] in _common() and not (runs and _beside_a_run(text, match.start())):
            continue
        yield Mention(match[1], Evidence(f"runs {match[1]}", text.count("\n", 0, match.start()) + 1, file))


def _beside_a_run(text: str, at: int) -> bool:
    """Whether a call that runs a command stands within three lines of the place."""
    start = at
    for _ in range(4):
        start = max(text.rfind("\n", 0, start), 0)
    end = text.find("\n", at)
    near = text[start : end if end >= 0 else len(text)]
    return _RUNS.search(near) is not None


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(knowledge.table("full_tools")["common"]["words"])


@lru_cache(maxsize=64)
def _string_pattern(tools: tuple[str, ...]) -> re.Pattern[str]:
    """A tool at the beginning of a string literal, or of a command inside of one."""
    names = "|".join(map(re.escape, tools)) or r"(?!)"
    return re.compile(rf"(?:[\"'`]|&& ?|\|\| ?|\| ?|; ?|\$\(){_FOLDERS}({names})(?=[\"'`\s])")


@lru_cache(maxsize=64)
def _word_pattern(tools: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(map(re.escape, tools)) or r"(?!)"
    return re.compile(rf"(?:^|[\s=\"'`(|;&]){_FOLDERS}({names})(?=\s|$|[;|&)])")
