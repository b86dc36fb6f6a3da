"""mix.exs, mix.lock and config/*.exs: what Mix takes from the project before it compiles anything of it.

They are programs, and are read where they hold nothing but the words of Mix and of `Config`, functions without a look
at any file, and files that they name outright.
Sources: https://hexdocs.pm/mix/Mix.Project.html, https://hexdocs.pm/elixir/Config.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rewriter import knowledge
from rewriter.project.code import Token, flat, tokens
from rewriter.project.context import Unfit
from rewriter.project.needs import View

_REMOTE = re.compile(r"https?://|git://|ssh://|[\w.-]+@[\w.-]+:", re.ASCII)
_LOCKED = re.compile(r'^[ \t]*"([\w-]+)": ?\{', re.MULTILINE | re.ASCII)
_VERSION = re.compile(r"\s*(?:[~<>=!]|[0-9])")
_OPTIONS = ("git", "github", "only", "hex", "override", "runtime", "optional", "manager", "app", "repo", "organization")
_NAMES_FILES = ("read", "read!")
_NESTED = 8


@dataclass
class Files:
    """What is read for a task: files in their order; `packages` that mix.exs asks for, with their places; `folders`
    of packages of the project itself; `umbrella` is the folder of the applications."""

    view: View
    reads: list[str] = field(default_factory=list)
    packages: list[tuple[str, str]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    umbrella: str = ""
    aliases: list[tuple[str, str]] = field(default_factory=list)


def read_project(view: View) -> Files:
    """Read mix.exs, those of the applications of an umbrella, and of packages in the project.

    Raises `Unfit` with the line of what is not known.
    """
    found = Files(view)
    _project(found, "mix.exs", 0)
    apps = found.umbrella
    for app in view.names(apps) if apps else ():
        if view.kind(path := posixpath.join(apps, app, "mix.exs")) == "file":
            _project(found, path, 1)
    return found


def _project(found: Files, name: str, depth: int) -> None:
    reader = _Reader(found, name)
    found.reads.append(reader.name)
    folders = len(found.folders)
    reader.read()
    for folder in found.folders[folders:] if depth < _NESTED else ():
        if found.view.kind(path := posixpath.join(folder, "mix.exs")) == "file" and path not in found.reads:
            _project(found, path, depth + 1)


def read_config(view: View, env: str | None) -> list[str]:
    """The files that `config/config.exs` is read from, where there is one; without a known `env` the folder.

    Source: https://hexdocs.pm/mix/Mix.Tasks.Loadconfig.html
    """
    name = "config/config.exs"
    if view.kind(name) != "file":
        return []
    found = Files(view)
    if env is None:
        for other in view.names("config"):
            if other.endswith(".exs") and other not in ("runtime.exs", "releases.exs"):
                _Reader(found, f"config/{other}", config=True).read()
        if any(not path.startswith("config/") for path in found.reads):
            raise Unfit(view.file(name) or name, "imports files of other folders")
        return ["config/"]
    waiting = [name]
    while waiting:
        path = waiting.pop(0)
        if path in found.reads:
            continue
        found.reads.append(path)
        _Reader(found, path, config=True, env=env, imports=waiting).read()
    return found.reads


class _Reader:
    """Reads one file into `found`."""

    def __init__(
        self, found: Files, name: str, *, config: bool = False, env: str | None = None, imports: list[str] | None = None
    ) -> None:
        self.found = found
        self.name = posixpath.normpath(name)
        self.config = config
        self.env = env
        self.imports = imports
        self.tokens = tokens(found.view, name, "elixir")
        every = list(flat(self.tokens))
        self.own = {second.text for first, second in pairwise(every) if first.text in ("def", "defp")}

    def where(self, token: Token) -> str:
        return f"{self.found.view.file(self.name) or self.name}:{token.line}"

    def unknown(self, token: Token, text: str | None = None) -> Unfit:
        return Unfit(self.where(token), f"runs code that is not known ({text or token.text})")

    def read(self) -> None:
        self.sequence(self.tokens)

    def sequence(self, found: Sequence[Token]) -> None:
        for at, token in enumerate(found):
            self.sequence(token.inner)
            before, rest = found[max(0, at - 12) : at], found[at + 1 : at + 12]
            match token.kind:
                case "name":
                    self.word(token, before, rest)
                case "key":
                    self.key(token, rest)
                case "mark" if token.text == "." and rest and rest[0].kind not in ("name", "constant"):
                    if rest[0].text not in ("(", "{"):
                        raise self.unknown(token)
                case "symbol" if not self.config:
                    self.symbol(token)
                case "mark" if token.text == "{" and not self.config:
                    self.package(token, rest)

    def word(self, token: Token, before: Sequence[Token], rest: Sequence[Token]) -> None:
        code = knowledge.table("mix")["code"]
        last = before[-1].text if before else ""
        if last == "." and before[-1].kind == "mark":
            self.function(token, before, rest)
        elif token.text in ("import", "use", "alias", "require"):
            if _module(rest) not in code["uses"]:
                raise self.unknown(token, f"{token.text} {_module(rest)}".strip())
        elif token.text == "import_config":
            self.imported(token, rest)
        elif token.text in code["names"] or token.text in self.own or last in ("def", "defp"):
            return
        elif _takes(rest) and last != "@":
            raise self.unknown(token)

    def function(self, token: Token, before: Sequence[Token], rest: Sequence[Token]) -> None:
        """A function of a module, `Path.expand(…)`."""
        code = knowledge.table("mix")["code"]
        module = _module_before(before)
        if module == "File" and token.text in _NAMES_FILES:
            match [each for each in before if each.kind != "line"][-4:]:
                case [given, Token(text="|>"), _, _]:
                    self.file(token, given.plain)
                case _:
                    self.file(token, next((each.plain for each in rest if each.text != "("), None))
        elif token.text == "file" and before[-2:-1] and before[-2].text == "__ENV__":
            return
        elif f"{module}.{token.text}" not in code["functions"] and module not in code["modules"]:
            raise self.unknown(token, f"{module or '…'}.{token.text}")

    def file(self, token: Token, name: str | None) -> None:
        if name is None:
            raise self.unknown(token, "File.read")
        # Mix runs in the folder of mix.exs, and looks at files from there.
        path = posixpath.normpath(posixpath.join("" if self.config else posixpath.dirname(self.name), name))
        if self.found.view.kind(path) != "file":
            raise Unfit(self.where(token), f"reads {name}, which no copy brings from the context")
        self.found.reads.append(path)

    def imported(self, token: Token, rest: Sequence[Token]) -> None:
        """Source: https://hexdocs.pm/elixir/Config.html#import_config/1"""
        first = next((each for each in rest if each.text != "("), None)
        inner = [each.text for each in first.inner if each.kind != "line"] if first and first.kind == "string" else []
        if first is None or first.kind != "string":
            raise self.unknown(token)
        asked = inner in (["config_env", "(", ")"], ["Mix", ".", "env"], ["Mix", ".", "env", "(", ")"])
        if asked and first.text == ".exs":
            if self.imports is None:
                return  # the whole folder is read
            name = f"{self.env}.exs"
        elif first.plain is not None and "*" not in first.plain:
            name = first.plain
        else:
            raise self.unknown(token)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), name))
        view = self.found.view
        if "secret" in name:
            raise Unfit(self.where(token), f"imports {name}, whose secrets would become a layer of their own")
        if view.kind(path) != "file":
            raise Unfit(self.where(token), f"imports {name}, which no copy brings from the context")
        if self.imports is not None:
            self.imports.append(path)
        else:
            self.found.reads.append(path)

    def key(self, token: Token, rest: Sequence[Token]) -> None:
        table = knowledge.table("mix")
        value = rest[0] if rest else None
        if self.config or value is None:
            return
        if token.text in table["settings"]["moving"]:
            usual = table["settings"]["moving"][token.text]
            if value.plain != f"{'../' * self.name.count('/')}{usual}":
                raise Unfit(self.where(token), f"sets {token.text}, which moves what Mix reads or writes")
        elif token.text in table["aliases"]["names"]:
            raise Unfit(self.where(token), f"makes {token.text} an alias of tasks of its own")
        elif token.text == "apps_path":
            if value.plain is None or self.found.view.kind(value.plain) != "folder":
                raise Unfit(self.where(token), "names no folder as apps_path")
            self.found.umbrella = posixpath.normpath(value.plain)
        elif token.text == "path":
            self.folder(token, value)
        elif token.text == "git" and not _REMOTE.match(value.plain or ""):
            raise Unfit(self.where(token), "takes a package from a repository that may be a folder")
        elif token.text == "compile" and value.kind == "string":
            raise Unfit(self.where(token), "compiles a package by a command of its own")
        else:
            self.found.aliases.append((token.text, self.where(token)))

    def symbol(self, token: Token) -> None:
        """`{:path, "…"}` is another way to write `path: "…"`."""
        table = knowledge.table("mix")
        if token.text in table["aliases"]["names"]:
            raise Unfit(self.where(token), f"makes {token.text} an alias of tasks of its own")
        if token.text in ("path", "apps_path") or token.text in table["settings"]["moving"]:
            raise self.unknown(token, f":{token.text}")

    def folder(self, token: Token, value: Token) -> None:
        """A package of the project itself. Source: https://hexdocs.pm/mix/Mix.Tasks.Deps.html#module-path-options-path"""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), value.plain or ".."))
        if value.plain is None or path.startswith(("/", "..")) or self.found.view.kind(path) != "folder" or path == ".":
            raise Unfit(self.where(token), f"takes a package from {value.text}, which is no folder of the project")
        if path not in self.found.folders:
            self.found.folders.append(path)

    def package(self, token: Token, rest: Sequence[Token]) -> None:
        """`{:name, "~> 1.0", …}`: a package that mix.lock has, unless it is one of the project."""
        match [each.kind for each in rest[:3]], [each.text for each in rest[1:3]]:
            case ["symbol", "mark", "string" | "key"], [",", follows]:
                if _VERSION.match(follows) or follows in _OPTIONS:
                    self.found.packages.append((rest[0].text, self.where(token)))


def lock_holds(view: View, files: Files) -> None:
    """Raise `Unfit` where mix.lock lacks a package, so that `mix deps.get` would write it again.

    Source: https://hexdocs.pm/mix/Mix.Tasks.Deps.Get.html
    """
    text = view.text("mix.lock")
    if re.search(r"^(?:<<<<<<<|>>>>>>>)", text, re.MULTILINE):
        raise Unfit(view.file("mix.lock") or "mix.lock", "is in conflict")
    known = set(_LOCKED.findall(text))
    for name, where in files.packages:
        if name not in known and name not in (posixpath.basename(folder) for folder in files.folders):
            reason = f"asks for {name}, which mix.lock does not have: mix deps.get adds it"
            raise Unfit(where, f"{reason}, and a copy behind it would undo that")


def _module(rest: Sequence[Token]) -> str:
    name = ""
    for token in rest:
        if token.kind != "constant" and token.text != ".":
            break
        name += token.text
    return name


def _module_before(before: Sequence[Token]) -> str:
    """The module whose function stands behind: `A.B` of `A.B.`; empty for anything but a name written out."""
    parts: list[str] = []
    for token in reversed(before[:-1]):
        if (token.kind == "constant") != (len(parts) % 2 == 0) or (len(parts) % 2 and token.text != "."):
            break
        parts.insert(0, token.text)
    return "".join(parts).lstrip(".")


def _takes(rest: Sequence[Token]) -> bool:
    """Whether what follows a name makes it a call with arguments."""
    first = rest[0] if rest else None
    operators = ("do", "when", "and", "or", "in", "not", "end", "else")
    if first is None or (first.kind == "name" and first.text in operators):
        return False
    if first.kind == "key":
        return first.text != "do"
    return first.kind in ("string", "symbol", "number", "constant", "name") or first.text in ("(", "[", "{", "%")
