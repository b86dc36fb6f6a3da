"""Gemfile and Gemfile.lock: what Bundler takes from the project.

A Gemfile is a program. It is read where it holds nothing but the words of the Gemfile itself, conditions on the
environment and the version of Ruby, and files that it names outright.
Source: https://bundler.io/man/gemfile.5.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rewriter import knowledge
from rewriter.project.code import Token, flat, tokens
from rewriter.project.context import Unfit
from rewriter.project.needs import View

_REMOTE = re.compile(r"https?://|git://|ssh://|[\w.-]+@[\w.-]+:", re.ASCII)
_PATH = re.compile(r"(?:\.\.?|~)/|file:")
_ANY_PATH = re.compile(r"(?:\.\.?|~)/|file:|/.")
_DEPENDENCY = re.compile(r" {2}([^\s!]+)")
_NESTED = 5


@dataclass
class Gemfile:
    """What a Gemfile and those that it takes in say: the files that are read for it, and gems with their lines."""

    view: View
    reads: list[str] = field(default_factory=list)
    gems: list[tuple[str, str]] = field(default_factory=list)


def read_gemfile(view: View, name: str) -> Gemfile:
    """Read the Gemfile `name`. Raises `Unfit` with the line of what is not known."""
    found = Gemfile(view)
    _Reader(found, name, 0).read()
    return found


class _Reader:
    """Reads one file, into `found`."""

    def __init__(self, found: Gemfile, name: str, depth: int) -> None:
        self.found = found
        self.name = posixpath.normpath(name)
        self.depth = depth
        self.tokens = tokens(found.view, name, "ruby")
        self.own = _own_names(list(flat(self.tokens)))

    def stop(self, token: Token, reason: str) -> Unfit:
        return Unfit(self.where(token), reason)

    def where(self, token: Token) -> str:
        return f"{self.found.view.file(self.name) or self.name}:{token.line}"

    def read(self) -> None:
        self.found.reads.append(self.name)
        self.sequence(self.tokens)

    def sequence(self, found: Sequence[Token]) -> None:
        for at, token in enumerate(found):
            self.sequence(token.inner)
            before = found[max(0, at - 2) : at]
            match token.kind:
                case "name":
                    self.word(token, before, found[at + 1 : at + 12])
                case "constant":
                    self.constant(token, found[at + 1 : at + 12])
                case "mark" if token.text in ("$", "@") or (token.text == "&" and _symbol(found[at + 1 : at + 2])):
                    raise self.unknown(token)
                case "key":
                    self.origin(token, found[at + 1 : at + 3])
                case "symbol" | "string" if [each.text for each in found[at + 1 : at + 2]] == ["=>"]:
                    self.origin(token, found[at + 2 : at + 4])
                case "string" if any(each.text == "eval_gemfile" for each in before):
                    continue  # `further` takes it
                case "string" if (_PATH if token.inner else _ANY_PATH).match(token.text):
                    raise self.stop(token, f"names {token.text}, which may be a folder of the project")

    def unknown(self, token: Token) -> Unfit:
        return self.stop(token, f"runs code that is not known ({token.text})")

    def word(self, token: Token, before: Sequence[Token], rest: Sequence[Token]) -> None:
        last = before[-1].text if before else ""
        code = knowledge.table("bundler")["code"]
        if last == "." and before[-1].kind == "mark":
            if before[0].text != "File" and token.text not in code["methods"]:
                raise self.unknown(token)
        elif token.text == "gemspec":
            raise self.stop(token, "takes the gems of the gemspec, a program that reads the source")
        elif token.text == "eval_gemfile":
            self.further(token, rest)
        elif token.text in code["names"]:
            self.gem_of(token, rest)
            self.origin(token, [each for each in rest if each.text != "("])
        elif last == "def":
            return
        elif token.text not in self.own or (self.own[token.text] != "def" and _takes(rest)):
            raise self.unknown(token)

    def gem_of(self, token: Token, rest: Sequence[Token]) -> None:
        first = next((each for each in rest if each.text != "("), None)
        if token.text == "gem" and first is not None:
            if first.plain is not None:
                self.found.gems.append((first.plain, self.where(token)))
        elif token.text == "ruby":
            line = [each.text if each.kind == "key" else "" for each in rest]
            if "file" in line[:2]:
                self.file(token, rest[line.index("file") + 1 :])

    def further(self, token: Token, rest: Sequence[Token]) -> None:
        name = next((each.plain for each in rest if each.text != "("), None)
        if name is None or self.depth >= _NESTED:
            raise self.unknown(token)
        path = posixpath.join(posixpath.dirname(self.name), name)
        if self.found.view.kind(path) != "file":
            raise self.stop(token, f"takes in {name}, which no copy brings from the context")
        _Reader(self.found, path, self.depth + 1).read()

    def origin(self, token: Token, rest: Sequence[Token]) -> None:
        """Where gems come from, as an option or a word of the Gemfile with its value says."""
        value = rest[0] if rest else None
        text = value.text if value and value.kind == "string" else ""
        match token.text:
            case "path":
                raise self.stop(token, f"takes a gem from {text or 'a folder'}, and its gemspec is a program")
            case "git" | "source" if text and not _REMOTE.match(text):
                raise self.stop(token, f"takes gems from {text}, which may be a folder")
            case "git" if not text:
                raise self.unknown(token)

    def constant(self, token: Token, rest: Sequence[Token]) -> None:
        if token.text != "File":
            if token.text not in knowledge.table("bundler")["code"]["constants"] and token.text not in self.own:
                raise self.unknown(token)
            return
        match [each.text for each in rest[:2]]:
            case [".", "read"]:
                self.file(token, [each for each in rest[2:] if each.text != "("])
            case [".", "expand_path" | "join" | "dirname" | "basename"]:
                return
            case _:
                raise self.unknown(token)

    def file(self, token: Token, rest: Sequence[Token]) -> None:
        """Add the file that `File.read` or `ruby file:` names."""
        match [each.plain if each.kind == "string" else each.text for each in rest[:5]]:
            case ["File", ".", "expand_path" | "join", *_]:
                name = next((each.plain for each in rest[3:8] if each.kind == "string"), None)
                here = any(each.text == "__dir__" for each in rest[3:8])
                self.add(token, name if here else None)
            case _:
                self.add(token, rest[0].plain if rest else None)

    def add(self, token: Token, name: str | None) -> None:
        view = self.found.view
        if name is None or name.startswith("~"):
            raise self.unknown(token)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), name))
        if view.kind(path) != "file":
            raise self.stop(token, f"reads {name}, which no copy brings from the context")
        self.found.reads.append(path)


def _own_names(found: Sequence[Token]) -> dict[str, str]:
    """The names that the file gives itself: to variables, to what a block is given, to methods (`def`)."""
    own: dict[str, str] = {}
    between = False
    for at, token in enumerate(found):
        before = found[at - 1].text if at else ""
        following = found[at + 1].text if at + 1 < len(found) else ""
        if token.text == "|" and token.kind == "mark":
            between = not between and before in ("{", "do")
        elif token.kind in ("name", "constant") and (between or following == "=") and before != ".":
            own.setdefault(token.text, "variable")
        elif token.kind == "name" and before == "def":
            own[token.text] = "def"
    return own


def _takes(rest: Sequence[Token]) -> bool:
    """Whether what follows a name makes it a call with arguments."""
    first = rest[0] if rest else None
    operators = ("do", "if", "unless", "and", "or", "end", "then", "in", "else")
    if first is None or (first.kind == "name" and first.text in operators):
        return False
    return first.kind not in ("mark", "line") or first.text in ("(", "{", "->", "::")


def _symbol(rest: Sequence[Token]) -> bool:
    """Whether a `&` stands before a method that is not known (`&:strip` calls it), or before anything but a method."""
    methods = knowledge.table("bundler")["code"]["methods"]
    return bool(rest) and (rest[0].kind != "symbol" or rest[0].text not in methods) and rest[0].text != "."


@dataclass(frozen=True)
class Lock:
    """A Gemfile.lock: `sections` as (heading, lines with their numbers)."""

    file: str
    sections: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]

    def lines(self, heading: str) -> list[tuple[int, str]]:
        return [line for name, lines in self.sections if name == heading for line in lines]


def lock_sections(view: View, name: str) -> Lock:
    """The sections of the lock file `name`. Raises `Unfit` for one in conflict.

    Source: https://bundler.io/man/bundle-lock.1.html
    """
    sections: list[tuple[str, list[tuple[int, str]]]] = []
    file = view.file(name) or name
    for number, line in enumerate(view.text(name).splitlines(), 1):
        if line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            raise Unfit(f"{file}:{number}", "is in conflict")
        if line and not line[0].isspace():
            sections.append((line.strip(), []))
        elif line.strip() and sections:
            sections[-1][1].append((number, line))
    return Lock(file, tuple((heading, tuple(lines)) for heading, lines in sections))


def read_lock(view: View, name: str) -> Lock:
    """Read the lock file `name`. Raises `Unfit` for one that takes gems from the project."""
    lock = lock_sections(view, name)
    for heading in ("PATH", "PLUGIN SOURCE"):
        for number, _ in lock.lines(heading):
            raise Unfit(f"{lock.file}:{number}", "takes a gem from a folder, and its gemspec is a program")
    for heading in ("GIT", "GEM"):
        for number, line in lock.lines(heading):
            key, _, value = line.strip().partition(": ")
            if key == "remote" and not _REMOTE.match(value):
                raise Unfit(f"{lock.file}:{number}", f"takes gems from {value}, which may be a folder")
    return lock


def lock_holds(lock: Lock, gemfile: Gemfile) -> None:
    """Raise `Unfit` where the lock file does not have all that is installed, so that Bundler would write it again.

    Source: https://bundler.io/man/bundle-platform.1.html
    """
    platforms = lock.lines("PLATFORMS")
    if platforms and not any("linux" in line or line.strip() == "ruby" for _, line in platforms):
        reason = "has no platform of Linux: the install adds it, and a copy behind it would undo that"
        raise Unfit(f"{lock.file}:{platforms[0][0]}", f"{reason} (bundle lock --add-platform x86_64-linux)")
    known = {match[1] for _, line in lock.lines("DEPENDENCIES") if (match := _DEPENDENCY.match(line))}
    for gem, where in gemfile.gems:
        if gem not in known:
            reason = f"asks for {gem}, which {lock.file} does not have: the install adds it"
            raise Unfit(where, f"{reason}, and a copy behind it would undo that")
