"""A small vocabulary on top of the shell, so that a transform reads as sentences.

The spelling of options and sub-commands is data: `rewriter/knowledge/commands.toml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rewriter import knowledge
from rewriter.syntax.shell import Script, Statement, Word

_PIP = re.compile(r"pip([0-9](\.[0-9]+)?)?\Z")
_PYTHON = re.compile(r"(python|pypy)([0-9](\.[0-9]+)?)?\Z")
_ALIASES = {"mamba": "conda", "micromamba": "conda", "yarnpkg": "yarn", "bundler": "bundle"}
# A wrapper script of the project takes the options of its tool, wherever it lies.
_WRAPPER_SCRIPTS = {"mvnw": "mvn", "gradlew": "gradle", "composer.phar": "composer"}
_PHP = re.compile(r"php([0-9](\.?[0-9]+)?)?\Z")
_COMPOSER = re.compile(r"(.*/)?composer(\.phar)?\Z", re.DOTALL)
_BIN = re.compile(r"/(?:usr/|usr/local/)?s?bin/([^/]+)\Z")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_WRAPPERS: dict[str, frozenset[str]] = {
    # Options with a value of their own; sudo's -u and -g make it another user's command, see `Call.wrappers`.
    "sudo": frozenset(("-u", "--user", "-g", "--group", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R")),
    "env": frozenset(("-u", "--unset", "-C", "--chdir")),
    "exec": frozenset(("-a",)),
    "command": frozenset(),
    "nice": frozenset(("-n", "--adjustment")),
    "ionice": frozenset(("-c", "-n", "-p")),
    "time": frozenset(("-f", "-o")),
    "eatmydata": frozenset(),
    "nohup": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one command spells its options; see the head of commands.toml."""

    values: frozenset[str] = frozenset()
    subcommands: bool = False
    nested: frozenset[str] = frozenset()
    clusters: bool = False
    install: frozenset[str] = frozenset()
    yes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `name` without its value (`-y` also from `-qqy`); `word` is the word it stands in."""

    name: str
    word: Word
    value: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """A simple command, understood: `sudo -E python3 -m pip install x` is pip's `install` with the operand `x`.

    `program` is the canonical name (`pip3.11` and `python -m pip` are `pip`), `head` the word that names it.
    `wrappers` are the words before it that run it for somebody (`sudo`, `-E`, `env`, `X=1`, …).
    """

    statement: Statement
    program: str
    head: Word
    wrappers: tuple[Word, ...] = ()
    subcommand: str = ""
    subcommand_word: Word | None = None
    options: tuple[Option, ...] = ()
    operands: tuple[Word, ...] = ()

    def has(self, *names: str) -> bool:
        """Whether one of the options `names` is given."""
        return any(option.name in names for option in self.options)

    def value(self, *names: str) -> str | None:
        """The value of the last of the options `names` that is given; None where there is none, or not a plain one."""
        return next((option.value for option in reversed(self.options) if option.name in names), None)

    @property
    def installs(self) -> bool:
        """Whether the command is a package manager's and installs packages."""
        return self.subcommand in spelling(self.program).install

    @property
    def says_yes(self) -> bool:
        """Whether the command answers the package manager's questions by itself."""
        return self.has(*spelling(self.program).yes)

    @property
    def sudo(self) -> bool:
        return any(word.raw == "sudo" for word in self.wrappers)

    @property
    def end(self) -> int:
        """Where the command's own words end, before any redirection."""
        return self.statement.words[-1].end


@lru_cache(maxsize=1)
def _spellings() -> dict[str, Spelling]:
    return {
        name: Spelling(
            frozenset(entry.get("values", ())),
            entry.get("subcommands", False),
            frozenset(entry.get("nested", ())),
            entry.get("clusters", False),
            frozenset(entry.get("install", ())),
            frozenset(entry.get("yes", ())),
        )
        for name, entry in knowledge.table("commands").items()
    }


_UNSPELT = Spelling()


def spelling(program: str) -> Spelling:
    """How `program` spells its options; an empty entry for a command that the table does not know."""
    return _spellings().get(program, _UNSPELT)


@lru_cache(maxsize=8192)
def calls(script: Script) -> tuple[Call, ...]:
    """All commands of `script` whose name is plain text, in order."""
    return tuple(found for statement in script.commands() if (found := _call(statement)))


def call(statement: Statement) -> Call | None:
    """Read one simple command; None for anything else, and where its name is an expansion."""
    return _call(statement) if statement.kind == "command" else None


@lru_cache(maxsize=32768)  # every transform asks about the same commands
def _call(statement: Statement) -> Call | None:
    words = statement.words
    at = 0
    while at < len(words) and (taken := _wrapper(words, at)):
        at += taken
    if at >= len(words) or words[at].value is None:
        return None
    program, at = _program(words, at)
    head = words[at]
    return _arguments(statement, program, head, words[:at], words[at + 1 :])


def _wrapper(words: tuple[Word, ...], at: int) -> int:
    """How many words a wrapper at `at` takes before the command that it runs; 0 where there is none."""
    values = _WRAPPERS.get(words[at].raw)
    if values is None:
        return 0
    name, begin = words[at].raw, at
    at += 1
    while at < len(words):
        raw = words[at].raw
        if raw == "--":
            at += 1
            break
        if raw.startswith("-"):
            at += 2 if raw in values else 1
        elif name in ("env", "sudo") and _ASSIGNMENT.match(raw):
            at += 1
        else:
            break
    return at - begin if at < len(words) else 0


def _program(words: tuple[Word, ...], at: int) -> tuple[str, int]:
    name = words[at].value or ""
    if match := _BIN.match(name):
        name = match[1]
    # A pip by its path is that of a virtual environment.
    if _PIP.match(name.rpartition("/bin/")[2]):
        return "pip", at
    if _PYTHON.match(name.rpartition("/bin/")[2]) and len(words) > at + 2 and words[at + 1].raw == "-m":
        module = words[at + 2].raw
        if module in ("pip", "pipenv", "poetry", "uv", "pdm"):
            return module, at + 2
    if name in ("sh", "bash") and len(words) > at + 1 and _wrapper_script(words[at + 1].value):
        at += 1
        name = words[at].value or ""
    if script := _wrapper_script(name):
        return script, at
    if _PHP.match(name) and (phar := _composer(words, at + 1)):
        return "composer", phar
    return _ALIASES.get(name, name), at


def _composer(words: tuple[Word, ...], at: int) -> int:
    """Where behind `php` and its options the composer.phar stands that it runs; 0 where it runs something else.

    Source: https://www.php.net/manual/en/features.commandline.options.php
    """
    while at < len(words) and words[at].raw.startswith("-"):
        at += 2 if words[at].raw in ("-d", "-c") else 1
    return at if at < len(words) and _COMPOSER.match(words[at].value or "") else 0


def _wrapper_script(name: str | None) -> str | None:
    return _WRAPPER_SCRIPTS.get((name or "").rpartition("/")[2])


def _arguments(
    statement: Statement, program: str, head: Word, wrappers: tuple[Word, ...], words: tuple[Word, ...]
) -> Call:
    rules = spelling(program)
    options: list[Option] = []
    operands: list[Word] = []
    subcommand, subcommand_word = "", None
    at = 0
    only_operands = False
    while at < len(words):
        word = words[at]
        at += 1
        raw = word.raw
        if only_operands or not raw.startswith("-") or raw == "-":
            if (
                rules.subcommands
                and word.value is not None
                and ((subcommand_word is None and not operands) or (subcommand in rules.nested and not operands))
            ):
                subcommand = f"{subcommand} {word.value}" if subcommand else word.value
                subcommand_word = word
            else:
                operands.append(word)
        elif raw == "--":
            only_operands = True
        elif raw.startswith("--") or not rules.clusters:
            name, equals, value = raw.partition("=")
            if equals:
                options.append(Option(name, word, value))
            elif name in rules.values and at < len(words):
                options.append(Option(name, word, words[at].value))
                at += 1
            else:
                options.append(Option(name, word))
        else:
            at += _cluster(raw, word, words[at] if at < len(words) else None, rules, options)
    return Call(statement, program, head, wrappers, subcommand, subcommand_word, tuple(options), tuple(operands))


def _cluster(raw: str, word: Word, following: Word | None, rules: Spelling, options: list[Option]) -> int:
    """Take joined short options apart; the number of further words that the last one takes."""
    for index, letter in enumerate(raw[1:], 1):
        name = f"-{letter}"
        if letter == "=":
            break
        if name in rules.values:
            attached = raw[index + 1 :].removeprefix("=")
            if attached or following is None:
                options.append(Option(name, word, attached or None))
                return 0
            options.append(Option(name, word, following.value))
            return 1
        options.append(Option(name, word))
    return 0
