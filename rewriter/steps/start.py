"""What the container of a stage starts: its ENTRYPOINT and CMD, followed through entry scripts and package scripts.

Source: https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts, posix
from rewriter.image import Command, StageImage, State
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object, line_of
from rewriter.project.needs import View
from rewriter.steps.downloads import located, walked
from rewriter.steps.final_view import final_view
from rewriter.syntax.shell import Script, Statement, parse
from rewriter.syntax.vocabulary import Call, call

_DEPTH = 6
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_ALL_ARGUMENTS = frozenset(('"$@"', "$@", '"${@}"', "${@}", "$*"))
_SHELLS = frozenset(("sh", "bash", "ash", "dash"))
# Sources: https://docs.npmjs.com/cli/v11/commands/npm-run, https://classic.yarnpkg.com/en/docs/cli/run,
# https://pnpm.io/cli/run, https://bun.sh/docs/cli/run
_MANAGERS = frozenset(("npm", "yarn", "pnpm", "bun"))
_RUN = frozenset(("run", "run-script"))
# PATH of the images that the table knows, and of Docker where an image sets none.
_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_BY_NAME = frozenset(("start", "test", "stop", "restart"))
# Those that run a program of node_modules by its name alone, too.
_RUN_PROGRAMS = frozenset(("yarn", "pnpm", "bun"))
_EXECUTE = frozenset(("exec", "x", "dlx"))


@dataclass(frozen=True, eq=False, slots=True)
class Started:
    """One command that the container runs, or may run. `folder` is where, None where that is not known; `file` and
    `line` say where it stands: in the Dockerfile where `file` is None, else in a file of the context."""

    call: Call
    folder: str | None
    file: str | None
    line: int

    def fact(self, text: str) -> Evidence:
        """A fact that this command shows."""
        return Evidence(text, self.line, self.file)


@dataclass(frozen=True, eq=False, slots=True)
class EntryScript:
    """A script of the project that the container runs: its place in the context, and what it says."""

    file: str
    script: Script


@dataclass
class Start:
    """What a container starts. `words` are those of ENTRYPOINT and CMD together (of a shell form, what its shell is
    given stands as one word), `shell` says that a shell reads them. `commands` are all commands in order, those of
    `scripts` included; a manager that runs a package script stands in front of that script's own commands. `inits` are
    the programs made to be process 1 that stand in front. `unknown` says why there may be more; "" where all is known.
    """

    words: tuple[str, ...] = ()
    shell: bool = False
    commands: list[Started] = field(default_factory=list)
    scripts: list[EntryScript] = field(default_factory=list)
    inits: list[str] = field(default_factory=list)
    unknown: str = ""

    @property
    def programs(self) -> frozenset[str]:
        """The names of all programs that are run, without their folders."""
        return frozenset(posixpath.basename(started.call.program) for started in self.commands)

    @property
    def last(self) -> Started | None:
        """The command that stays: the last one; None where none is known."""
        return self.commands[-1] if self.commands else None


def start(facts: Facts, image: StageImage) -> Start:
    """What a container of the stage `image` starts."""
    return _start(facts, image.stage.index)


@lru_cache(maxsize=256)
def _start(facts: Facts, index: int) -> Start:
    found, image = Start(), facts.images[index]
    words, shell = _words(image.final)
    if words is None:
        found.unknown = "what the base image starts is not known"
        return found
    found.words, found.shell = words, shell
    folder = image.final.workdir if isinstance(image.final.workdir, str) else None
    walker = _Walker(facts, final_view(facts, image), found)
    line = _line(image)
    if words:
        walker.words(words, folder, None, line, 0)
    else:
        found.unknown = "nothing is started"
    return found


def followed(facts: Facts, view: View, call: Call, folder: str | None) -> Start:
    """What `call` runs where the project lies as in `view`: its package scripts and the programs of those."""
    found = Start()
    _Walker(facts, view, found).call(call, folder, None, 1, 0)
    return found


def _words(state: State) -> tuple[tuple[str, ...] | None, bool]:
    """The words of ENTRYPOINT and CMD together, and whether a shell reads the last of them; None where the base image
    decides."""
    entry, entry_shell = _command(state.entrypoint)
    cmd, cmd_shell = _command(state.cmd)
    if entry is None:
        return None, False
    if entry_shell:
        return entry, True
    if cmd is None:
        return None, False
    return (*entry, *cmd), cmd_shell


def _command(command: Command) -> tuple[tuple[str, ...] | None, bool]:
    match command:
        case ("exec", words) if isinstance(words, tuple):
            return tuple(str(word) for word in words), False
        case ("shell", shell, text):
            words = tuple(str(word) for word in shell) if isinstance(shell, tuple) else ()
            return ((*words, str(text)), True) if posix(words) else (None, False)
    return None, False


def _line(image: StageImage) -> int:
    for instruction in reversed(image.stage.body):
        if instruction.keyword in ("CMD", "ENTRYPOINT"):
            return instruction.first_line
    return image.stage.start.first_line


class _Walker:
    """Follows a command to the commands that it runs."""

    def __init__(self, facts: Facts, view: View, found: Start) -> None:
        self.facts = facts
        self.view = view
        self.found = found

    def stop(self, reason: str) -> None:
        self.found.unknown = self.found.unknown or reason

    def words(self, words: Sequence[str], folder: str | None, file: str | None, line: int, depth: int) -> None:
        """Follow a command in exec form."""
        if len(words) > 2 and posixpath.basename(words[0]) in _SHELLS and _script_option(words[1]):
            script = parse(words[2])
            if script is None:
                self.stop(f"`{words[2]}` is not understood")
            else:
                self.script(script, folder, file, line, depth, words[3:])
            return
        script = parse(shlex.join(words))
        understood = call(script.root.children[0]) if script and script.root.children else None
        if understood is None:
            self.stop(f"`{' '.join(words)}` is not understood")
        else:
            self.call(understood, folder, file, line, depth)

    def script(
        self, script: Script, folder: str | None, file: str | None, line: int, depth: int, rest: Sequence[str]
    ) -> None:
        """Follow all commands of `script`; `rest` is what it is given as arguments."""
        if script.substitutions:
            self.stop(f"{file or 'the start command'} runs commands inside others")
        inside = dict(walked(script, folder))
        for statement in script.commands():
            at = line + (script.text.count("\n", 0, statement.start) if file else 0)
            understood = call(statement)
            place = inside.get(understood) if understood else None
            if understood is None:
                if not _passes_on(statement) or not rest:
                    self.stop(f"{file or 'the start command'} runs {statement.words[0].raw if statement.words else ''}")
                elif statement.words[-1].raw in _ALL_ARGUMENTS:
                    self.words(rest, folder, file, at, depth + 1)
            elif rest and understood.operands and understood.operands[-1].raw in _ALL_ARGUMENTS:
                self.found.commands.append(Started(understood, place, file, at))
                self.words(rest, folder, file, at, depth + 1)
            else:
                self.call(understood, place, file, at, depth)

    def call(self, call: Call, folder: str | None, file: str | None, line: int, depth: int) -> None:
        """Follow one command."""
        self.found.commands.append(Started(call, folder, file, line))
        if depth > _DEPTH:
            self.stop("the start command runs too many scripts in each other")
            return
        words = call.statement.words[call.statement.words.index(call.head) :]
        plain = [word.value if word.value is not None else word.raw for word in words]
        name = posixpath.basename(call.program)
        own = own_program(self.view, plain[0], folder)
        if (runner := _runners().get(name)) and not ("bases" in runner and own):
            if runner.get("init"):
                self.found.inits.append(name)
            if runner.get("scripts"):
                self.scripts(plain[1:], folder, call, file, line, depth)
            elif behind := _behind(plain[1:], runner):
                self.words(behind, folder, file, line, depth + 1)
        elif name in _MANAGERS and call.subcommand in _EXECUTE:
            self.words(_behind(plain[plain.index(call.subcommand) + 1 :], {}), folder, file, line, depth + 1)
        elif name in _MANAGERS and (script := _package_script(call)):
            self.package(script, folder, call, file, line, depth)
        elif name in _SHELLS and len(plain) > 2 and _script_option(plain[1]):
            self.words(plain, folder, file, line, depth + 1)
        elif name in _SHELLS and call.operands:
            self.file(call.operands[0].value, plain[words.index(call.operands[0]) + 1 :], folder, depth)
        elif own or "/" in (call.head.value or "") or name.endswith(".sh"):
            self.file(call.head.value, plain[1:], folder, depth)

    def file(self, name: str | None, rest: Sequence[str], folder: str | None, depth: int) -> None:
        """Follow the script `name` of the project."""
        at = located(name, folder)
        place = at if at and self.view.kind(at) == "file" else own_program(self.view, name or "", folder)
        if place is None:
            if name and name.endswith((".sh", ".bash")):
                self.stop(f"{name} is not among the files of the build context")
            return
        file = self.view.file(place) or place
        try:
            text = self.view.text(place)
        except Unfit as error:
            self.stop(str(error))
            return
        first = text.partition("\n")[0]
        if first.startswith("#!") and not any(shell in first for shell in _SHELLS):
            return  # a program in another language
        if not first.startswith("#!") and not file.endswith((".sh", ".bash")):
            return
        script = parse(text.replace("\r\n", "\n"))
        if script is None:
            self.stop(f"{file} is not understood")
            return
        self.found.scripts.append(EntryScript(file, script))
        self.script(script, folder, file, 1, depth + 1, rest)

    def scripts(
        self, words: Sequence[str], folder: str | None, call: Call, file: str | None, line: int, depth: int
    ) -> None:
        """Follow the package scripts `words`, which a program runs by their names."""
        for word in words:
            name = word.partition(" {")[0]  # `build {@}` is given the rest of the command line
            if set(name) & set("*{} "):
                self.stop(f"which scripts {word} stands for is not known")
            elif not name.startswith("-"):
                self.package(name, folder, call, file, line, depth)

    def package(self, name: str, folder: str | None, call: Call, file: str | None, line: int, depth: int) -> None:
        """Follow the package script `name` of the package.json in `folder`."""
        prefix = call.value("--prefix", "--cwd", "-C", "--dir")
        path = located(prefix or ".", folder)
        view = self.view.into(path) if path else None
        if view is None or view.kind("package.json") is None:
            self.stop("the package.json that the start command reads is not among the copied files")
            return
        try:
            data, text = json_object(view, "package.json"), view.text("package.json")
        except Unfit as error:
            self.stop(str(error))
            return
        scripts = data.get("scripts")
        scripts = scripts if isinstance(scripts, dict) else {}
        if name == "start" and "start" not in scripts:
            scripts = {**scripts, "start": "node server.js"}
        if name not in scripts and call.program in _RUN_PROGRAMS:
            words = [word.value or word.raw for word in call.statement.words]
            self.words(words[words.index(name) :], folder, file, line, depth + 1)
        elif name not in scripts:
            self.stop(f"{view.file('package.json')} has no script {name}")
        for each in (f"pre{name}", name, f"post{name}"):
            script = parse(str(scripts[each])) if each in scripts else None
            if script:
                line = line_of(text, rf'"{re.escape(each)}"\s*:') or 1
                before = len(self.found.commands)
                self.script(script, path, view.file("package.json"), line, depth + 1, ())
                self._at(before, line)
            elif each in scripts:
                self.stop(f"the script {each} of {view.file('package.json')} is not understood")

    def _at(self, before: int, line: int) -> None:
        """Package scripts stand on one line of their file."""
        for i, each in enumerate(self.found.commands[before:], before):
            if each.file and each.file.endswith("package.json"):
                self.found.commands[i] = Started(each.call, each.folder, each.file, line)


@lru_cache(maxsize=1)
def _runners() -> Mapping[str, Mapping[str, Any]]:
    entries = knowledge.table("start")
    return {name: entry for key, entry in entries.items() for name in (key, *entry.get("names", ()))}


def hands_on(facts: Facts, image: StageImage, words: Sequence[str]) -> bool:
    """Whether the ENTRYPOINT `words` of the stage `image` does nothing with its arguments but run them as a command."""
    if words and words == image.base.entrypoint and own_program(final_view(facts, image), words[0], None) is None:
        return any(image.base.has(tool) for tool in _runners().get(words[0], {}).get("bases", ()))
    while words and (runner := _runners().get(posixpath.basename(words[0]))) and "bases" not in runner:
        words = _behind(words[1:], runner)
    return not words


def own_program(view: View, name: str, folder: str | None) -> str | None:
    """Where the file of the project lies that the command `name` in `folder` runs; None where it runs none."""
    folders = (folder,) if "/" in name else _FOLDERS
    places = [path for each in folders if (path := located(name, each))]
    return next((path for path in places if view.kind(path) == "file"), None)


def _behind(words: Sequence[str], runner: Mapping[str, Any]) -> Sequence[str]:
    """The words of the program that a runner runs with the `words` behind its own name."""
    at, operands = 0, runner.get("operands", 0)
    while at < len(words):
        if words[at] == "--":
            at += 1
            break
        if words[at].startswith("-"):
            at += 2 if words[at] in runner.get("values", ()) else 1
        elif runner.get("assignments") and _ASSIGNMENT.match(words[at]):
            at += 1
        elif operands:
            operands -= 1
            at += 1
        else:
            break
    return words[at:]


def _script_option(word: str) -> bool:
    return word.startswith("-") and not word.startswith("--") and word.endswith("c")


def _passes_on(statement: Statement) -> bool:
    """Whether the statement runs its script's arguments as a command: `exec "$@"`."""
    return any(word.raw in _ALL_ARGUMENTS for word in statement.words)


def _package_script(call: Call) -> str | None:
    """The package script that a command of a package manager runs; None where it runs none."""
    if call.subcommand in _RUN:
        return call.operands[0].value if call.operands else None
    if call.subcommand in _BY_NAME:
        return call.subcommand
    # yarn, pnpm and bun run a script by its name alone.
    known = call.program == "npm" or call.installs or not call.subcommand
    return None if known else call.subcommand
