"""go.mod and go.work, line by line.

Source: https://go.dev/ref/mod#go-mod-file and https://go.dev/ref/mod#workspaces
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rewriter.project.context import Unfit

_TOKEN = re.compile(r"//.*|\"[^\"]*\"|`[^`]*`|[()]|(?:(?!//)[^\s()\"`])+")
_VERBS = frozenset(
    ("module", "go", "toolchain", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore", "use")
)


@dataclass(frozen=True, slots=True)
class Line:
    """One directive: `verb` is the word before it or before its block; `number` is 1-based."""

    verb: str
    words: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """A `replace`: of the module `path`, in all versions where `version` is empty, by `words`."""

    path: str
    version: str
    words: tuple[str, ...]
    number: int

    @property
    def folder(self) -> str | None:
        """The folder that takes the module's place; None where that is another module."""
        words = self.words
        local = len(words) == 1 and (words[0] in (".", "..") or words[0].startswith(("./", "../", "/")))
        return words[0] if local else None


@dataclass(frozen=True, slots=True)
class GoMod:
    """What go.mod or go.work says. `requires` are (module, version) with the line, `uses` the folders of a go.work."""

    module: str
    go: tuple[int, ...]
    requires: dict[tuple[str, str], int]
    replaces: tuple[Replaced, ...]
    uses: dict[str, int]


def read(file: str, text: str) -> GoMod:
    """Read `text`, that of `file`. Raises `Unfit` for a directive that is not known."""
    lines = list(_lines(file, text))
    module = next((line.words[0] for line in lines if line.verb == "module" and line.words), "")
    number = next((line.words[0] for line in lines if line.verb == "go" and line.words), "")
    return GoMod(
        module,
        tuple(int(part) for part in re.findall(r"\d+", number)[:2]),
        {(line.words[0], line.words[1]): line.number for line in lines if line.verb == "require" and line.words[1:]},
        tuple(_replaced(line) for line in lines if line.verb == "replace" and "=>" in line.words[1:3]),
        {line.words[0]: line.number for line in lines if line.verb == "use" and line.words},
    )


def _lines(file: str, text: str) -> list[Line]:
    found: list[Line] = []
    block = ""
    for number, content in enumerate(text.split("\n"), 1):
        words = [word.strip('"`') for word in _TOKEN.findall(content) if not word.startswith("//")]
        if not words:
            continue
        if words[0] == ")":
            block = ""
            continue
        verb, rest = (block, words) if block else (words[0], words[1:])
        if verb not in _VERBS:
            raise Unfit(file, f"holds a directive that is not known (line {number}: {verb[:40]})")
        if not block and rest[:1] == ["("]:
            # `require ()` opens no block
            block = "" if rest[1:] == [")"] else verb
            continue
        found.append(Line(verb, tuple(rest), number))
    return found


def _replaced(line: Line) -> Replaced:
    at = line.words.index("=>")
    version = line.words[1] if at == 2 else ""
    return Replaced(line.words[0], version, line.words[at + 1 :], line.number)
