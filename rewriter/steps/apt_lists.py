"""Whether a later step, a derived stage or the start command needs the package lists that a step leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeGuard

from rewriter.change import Evidence
from rewriter.facts import Facts, Run, script_text
from rewriter.image import Command, StageImage
from rewriter.steps.apt import LISTS, MANAGERS, reads, removes, table, updates, verb
from rewriter.syntax.shell import Script, Statement, parse
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call, call

_MENTION = re.compile(r"\b(?:apt-get|apt|aptitude)\b[^\n|;&]*?\b(update|install|upgrade|dist-upgrade|build-dep)\b")
_SUBSTITUTION = re.compile(r"(?:\$\(|`|[<>]\()")
_INNER_COMMAND = re.compile(r"(?:\A|[|;&(`]|\$\()\s*(?:sudo\s+)?([^\s|;&()`\"']+)")
_VERSION = re.compile(r"-?[0-9.]+\Z")
_SCRIPT_SIZE = 1 << 16
_SOURCES = re.compile(r"/etc/apt\b(?!/apt\.conf\.d/docker-clean)|(?:add-apt|apt-add)-repository|\bsources\.list")
# Commands that run apt with the words behind it.
_HANDS_ON = frozenset(("xargs", "timeout"))


@lru_cache(maxsize=1)
def _harmless() -> frozenset[str]:
    return frozenset(
        name for key, names in table()["harmless"].items() if key != "source" for name in str(names).split()
    )


@dataclass
class Uses:
    """Who reads the lists of a step later.

    `needy` are commands that read them without an update of their own, each with the statement before which one can
    be put; `surely` says why the lists must stay; `unknown` are steps that may read them, `started` start commands;
    `sources` are steps that change what another update fetches.
    """

    needy: list[tuple[Run, Statement, Call]] = field(default_factory=list)
    surely: str | None = None
    unknown: list[Evidence] = field(default_factory=list)
    started: list[Evidence] = field(default_factory=list)
    sources: list[Evidence] = field(default_factory=list)

    @property
    def doubts(self) -> tuple[Evidence, ...]:
        """What keeps the removal of the lists from being proven."""
        return (*self.unknown, *self.started, *(self.sources if self.needy else ()))


def uses(facts: Facts, run: Run) -> Uses:
    """Look at all that runs on top of the layer of `run`, up to the next update of the lists."""
    found = Uses(surely=_copied(facts))
    ended: set[int] = set()
    for image in (run.image, *facts.derived(run.image)):
        body = (i for i in image.stage.body if image is not run.image or i.span.start > run.instruction.span.start)
        over = image is not run.image and image.parent in ended
        if over or any(_renews(facts, instruction, found) for instruction in body):
            ended.add(image.stage.index)
        elif image is facts.images[-1]:
            _start(facts, image, found)
    return found


def _copied(facts: Facts) -> str | None:
    """Why the lists must stay where another stage gets them by name."""
    for instruction in facts.file.instructions:
        if instruction.keyword == "COPY" and instruction.flag("from"):
            for source in (instruction.json or tuple(instruction.value.split()))[:-1]:
                if f"{source.rstrip('/')}/".startswith("/var/lib/apt/"):
                    return f"line {instruction.first_line} copies them into another stage"
    return None


def _renews(facts: Facts, instruction: Instruction, found: Uses) -> bool:
    """Note what `instruction` does with the lists in `found`; True where what follows does not see the old ones."""
    inner = instruction.child if instruction.keyword == "ONBUILD" else instruction
    if instruction.keyword in ("RUN", "COPY", "ADD") and _SOURCES.search(instruction.value):
        found.sources.append(facts.line(instruction, "changes apt's sources or settings"))
    if inner is None or inner.keyword != "RUN":
        return False
    if (run := facts.run(instruction)) is not None:
        return _scan(facts, run, found)
    text = script_text(facts.file, inner)
    _mentioned(text.text if text else " ".join(inner.json or ()) or inner.value, inner, found)
    if not (inner.json and _is_harmless(inner.json[0])):
        _unknown(facts, inner, inner.keyword.lower(), found)
    return False


def _mentioned(text: str, instruction: Instruction, found: Uses) -> None:
    """Note an apt command that reads the lists in a text that is not understood."""
    if (match := _MENTION.search(text)) and match[1] != "update":
        found.surely = found.surely or f"line {instruction.first_line} reads them without an update of its own"


def _scan(facts: Facts, run: Run, found: Uses) -> bool:
    if run.mounts(LISTS):
        return False
    plain = {id(call.statement) for call in run.plain_calls}
    updated = False
    for statement in run.script.commands():
        command = call(statement)
        if command is None:
            if statement.words:
                _unknown(facts, run.instruction, statement.words[0].raw, found)
            continue
        if updates(command):
            if id(statement) in plain:
                return True
            updated = True
        elif removes(run, command):
            if id(statement) in plain:
                return True
        elif reads(command):
            if updated and id(statement) not in plain:
                continue
            _read(run, command, found)
            if found.surely:
                return False
        else:
            _other(facts, run, command, found)
    if run.script.substitutions:
        _substituted(facts, run, found)
    return False


def _read(run: Run, command: Call, found: Uses) -> None:
    line = run.instruction.first_line
    anchor = anchor_of(run.script, command.statement)
    if run.instruction.flag("network") == "none" or command.has("--no-download"):
        found.surely = f"line {line} reads them and has no network to fetch others"
    elif not table()["reads"].get(command.program, {"own": True})["own"]:
        found.surely = f"line {line} runs {command.program} {verb(command)}, which reads them"
    elif anchor is None:
        found.surely = f"line {line} reads them without an update of its own"
    elif all(other is not run for other, _, _ in found.needy):
        found.needy.append((run, anchor, command))


def anchor_of(script: Script, wanted: Statement) -> Statement | None:
    """The statement in front of which a step can be put, so that it surely runs before `wanted`: a member of a
    top-level `&&` list, or a whole top-level statement. None in a function or behind a `!`."""
    for child in script.root.children:
        if not child.start <= wanted.start < child.end:
            continue
        plain = child.kind == "list" and all(operator.text == "&&" for operator in child.operators)
        members = child.children if plain else (child,)
        anchor = next(member for member in members if member.start <= wanted.start < member.end)
        return None if anchor.kind == "function" or anchor.negated else anchor
    return None


def _other(facts: Facts, run: Run, command: Call, found: Uses) -> None:
    """Note a command that is not apt's own: one that hands words on to apt, or one that may do anything."""
    raw = run.text.text[command.statement.start : command.end]
    if command.program not in ("echo", "printf", *MANAGERS) and (match := _MENTION.search(raw)):
        if match[1] != "update" and command.program in _HANDS_ON:
            _read(run, command, found)
        else:
            _mentioned(raw, run.instruction, found)
        return
    if command.program in MANAGERS or _is_harmless(command.program):
        return
    words = [command.program, *(word.value for word in command.operands if word.value)]
    for word in words:
        if (path := _script_that_reads(facts, run.instruction, word)) is not None:
            found.surely = found.surely or f"line {run.instruction.first_line} runs {path}, which calls apt"
    _unknown(facts, run.instruction, command.head.raw, found)


def _substituted(facts: Facts, run: Run, found: Uses) -> None:
    """Note the commands inside `$(…)`, which are not among those of the script."""
    text = run.text.text
    for match in _SUBSTITUTION.finditer(text):
        inner = text[match.end() :].partition(")" if match[0] != "`" else "`")[0]
        for name in _INNER_COMMAND.findall(inner):
            base = _base_name(name)
            if base in table()["reads"] or base == "rosdep":
                _mentioned(inner, run.instruction, found)
                if base not in MANAGERS:
                    found.surely = found.surely or f"line {run.instruction.first_line} runs {base}, which reads them"
            elif not _is_harmless(base):
                _unknown(facts, run.instruction, name, found)


def _base_name(program: str) -> str:
    return program.rsplit("/", 1)[-1]


def _is_harmless(program: str) -> bool:
    """Whether the program is known not to read the lists, also with a version behind its name (`gcc-9`)."""
    name = _base_name(program)
    return name in _harmless() or _VERSION.sub("", name) in _harmless()


def _unknown(facts: Facts, instruction: Instruction, name: str, found: Uses) -> None:
    if all(evidence.line != instruction.first_line for evidence in found.unknown):
        found.unknown.append(_doubt(facts, instruction, name))


def _doubt(facts: Facts, instruction: Instruction, name: str) -> Evidence:
    return facts.line(instruction, f"not known whether {name} reads the package lists")


def _script_that_reads(facts: Facts, instruction: Instruction, word: str) -> str | None:
    """The path in the context of a script named `word` that calls apt without an update in front; None if unseen."""
    if facts.project.root is None or ("/" not in word and "." not in word):
        return None
    for path in _paths_of(facts, instruction, word):
        head = facts.project.head(path, _SCRIPT_SIZE)
        if head is None:
            continue
        lines = [line for line in head.decode("utf-8", "replace").split("\n") if not line.lstrip().startswith("#")]
        match = _MENTION.search("\n".join(lines))
        if match and match[1] != "update":
            return path
    return None


def _paths_of(facts: Facts, instruction: Instruction, word: str) -> Iterator[str]:
    """Where in the context a file that the image calls `word` may come from."""
    name = _base_name(word)
    yield word.removeprefix("./").lstrip("/")
    yield name
    for other in facts.file.instructions:
        if other.keyword in ("COPY", "ADD") and other.span.start < instruction.span.start and not other.flag("from"):
            for source in (other.json or tuple(other.value.split()))[:-1]:
                yield source if _base_name(source) == name else f"{source.rstrip('/')}/{name}"


def _start(facts: Facts, image: StageImage, found: Uses) -> None:
    """Note what the container starts: ENTRYPOINT and CMD."""
    last = image.stage.instructions[-1]
    entrypoint, cmd = image.final.entrypoint, image.final.cmd
    if _exec(entrypoint) and _exec(cmd):
        _started(facts, last, (*entrypoint[1], *cmd[1]), found)
        return
    for command in (entrypoint, cmd):
        match command:
            case ("exec", tuple(words)):
                _started(facts, last, tuple(str(word) for word in words), found)
            case ("shell", _, str(text)):
                _mentioned(text, last, found)
                script = parse(text)
                for statement in script.commands() if script else ():
                    _started(facts, last, tuple(word.value or word.raw for word in statement.words), found)
                if script is None:
                    found.started.append(_doubt(facts, last, f"the start command {text.strip()}"))
            case _:
                found.started.append(_doubt(facts, image.stage.start, "the start command of the base"))


def _exec(command: Command) -> TypeGuard[tuple[str, tuple[str, ...]]]:
    return isinstance(command, tuple) and command[0] == "exec"


def _started(facts: Facts, last: Instruction, words: tuple[str, ...], found: Uses) -> None:
    runners = str(table()["runners"]["names"]).split()
    while words and (_base_name(words[0]) in (*runners, "exec") or words[0].startswith("-")):
        words = words[1:]
    _mentioned(" ".join(words), last, found)
    if not words or _is_harmless(words[0]):
        return
    for word in words:
        if (path := _script_that_reads(facts, last, word)) is not None:
            found.surely = found.surely or f"the start command runs {path}, which calls apt"
    found.started.append(_doubt(facts, last, f"the start command {words[0]}"))
