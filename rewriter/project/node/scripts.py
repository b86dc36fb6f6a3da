"""The scripts that an install runs: those of package.json, and those of packages that look at the project."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.node import prisma as node_prisma
from rewriter.project.node.manifests import Found, Package
from rewriter.syntax.shell import Statement, parse
from rewriter.syntax.vocabulary import call

_UNDERSTOOD = frozenset(("command", "list", "pipeline", "sequence", "subshell", "group", "if", "test", "assign"))
_FILE_TEST = re.compile(r"(?<![\w-])-[abcdefghkprstuwxGLNOS]\s+(?!=)")
_RUNNERS = frozenset(("npm", "yarn", "pnpm", "bun", "npx", "bunx", "pnpx", "cross-env", "run-s", "npm-run-all"))
# Options of npx, `npm run` and their like that change nothing about what runs.
_RUNNER_OPTIONS = frozenset(
    ("-y", "--yes", "--no", "--no-install", "--silent", "-s", "--if-present", "--", "-q", "--quiet")
)
_NESTED = 8


def read_scripts(found: Found, packages: Sequence[Package], manager: str) -> None:
    """Add what the scripts of `packages` (the root first) read when `manager` (`berry` for yarn 2 and later) installs.

    Raises `Unfit` for a script of which that is not known, naming its line.
    """
    names = knowledge.table("node_installs")["lifecycle"][manager]
    silent = True
    for each in packages:
        scripts = each.scripts
        if each.view.kind(each.path("binding.gyp")) and "install" not in scripts and "preinstall" not in scripts:
            # Source: https://docs.npmjs.com/cli/v11/using-npm/scripts, "npm will default some script values"
            raise Unfit(each.view.file(each.path("binding.gyp")) or "binding.gyp", "is built by the install")
        for name in names:
            if scripts.get(name, "").strip():
                silent = False
                _Script(found, each, name).read(scripts[name])
                found.fact(f"{name} runs {scripts[name]}", each.name, each.line(name, "scripts"))
    if silent:
        found.fact(
            "has no install scripts" if len(packages) == 1 else "neither it nor a workspace has install scripts",
            packages[0].name,
        )


def read_packages(found: Found, packages: Sequence[Package], lock: str) -> None:
    """Add what the install scripts of packages from the registry read of the project. `lock` is the text of the lock
    file, which names those that others depend on. Raises `Unfit` where that is not known."""
    wanted = {name for each in packages for _, name, _ in each.dependencies()}
    for name, entry in knowledge.table("node_installs")["package"].items():
        if name in wanted or f'node_modules/{name}"' in lock or f"{name}@" in lock or f'"{name}":' in lock:
            for each in packages:
                if each is packages[0] or any(name == other for _, other, _ in each.dependencies()):
                    _tool(found, each, entry, f"the install script of {name}", None)


def _tool(
    found: Found, each: Package, entry: Mapping[str, Any], who: str, script: str | None, words: Sequence[str] = ()
) -> None:
    """Add what a program or a package of the table reads in the folder of `each`."""
    found.read_if_there(each.folder, (*entry.get("reads", ()), *entry.get("must", ())))
    for name in entry.get("must", ()):
        if each.view.kind(each.path(name)) is None:
            raise Unfit(each.path(name), f"is not there, and once it is, {who} reads it")
    for name in entry.get("refuse", ()):
        if each.view.kind(each.path(name)):
            file = each.view.file(each.path(name)) or name
            raise Unfit(file, f"is read by {who}, and what that reads besides is not known")
    if (key := entry.get("field")) and key in each.data:
        raise each.stop(f"makes {who} write into the project", key)
    if entry.get("git") and (seen := _repository(found)):
        raise Unfit(seen, f"is copied into the image, and {who} looks for it: leave it out by .dockerignore")
    if entry.get("schema"):
        node_prisma.read(found, each, who, words, script)


def _repository(found: Found) -> str | None:
    """Where in the context a `.git` lies that is copied beside the project or above it; None where there is none."""
    folder = found.view.folder
    while True:
        path = posixpath.join(folder, ".git")
        if found.view.kind(path):
            return found.view.file(path)
        if folder == "/":
            return None
        folder = posixpath.dirname(folder)


class _Script:
    """One script of package.json, and those that it runs by their names."""

    def __init__(self, found: Found, each: Package, name: str) -> None:
        self.found = found
        self.each = each
        self.name = name
        self.moved = False

    def read(self, text: str, depth: int = 0) -> None:
        """Add what the script `text` reads. Raises `Unfit` where that is not known."""
        script = parse(text)
        if script is None or script.substitutions or depth > _NESTED:
            raise self.stop(text)
        for statement in script.root.walk():
            self.statement(statement, script.text, depth)

    def stop(self, what: str) -> Unfit:
        short = what if len(what) <= 60 else f"{what[:57]}..."
        return self.each.stop(f"runs {short} on install, and what that reads is not known", self.name, "scripts")

    def statement(self, statement: Statement, text: str, depth: int) -> None:
        own = text[statement.start : statement.end]
        tests_files = statement.kind == "test" and _FILE_TEST.search(own)
        writes = any(r.target and r.target.raw not in ("/dev/null", "1", "2") for r in statement.redirects)
        if statement.kind not in _UNDERSTOOD or tests_files or writes:
            raise self.stop(own)
        if statement.kind != "command" or not statement.words:
            return
        understood = call(statement)
        words = [word.value for word in statement.words if understood and word.start >= understood.head.start]
        if understood is None or words[0] is None:
            raise self.stop(own)
        plain = [word if word is not None else "$" for word in words]
        if plain[0] == "cd":
            self.moved = True
        elif any(word is None for word in words) and plain[0] not in ("echo", "exit"):
            raise self.stop(own)
        else:
            self.command(plain, own, depth)

    def command(self, words: list[str], own: str, depth: int) -> None:
        if words[0] in _RUNNERS:
            for script, rest in self.run_by(words, own):
                if script in self.each.scripts and words[0] not in ("npx", "bunx", "pnpx", "cross-env"):
                    for name in (f"pre{script}", script, f"post{script}"):
                        self.read(self.each.scripts.get(name, ":"), depth + 1)
                elif rest[0] in _RUNNERS and depth < _NESTED:
                    self.command(rest, own, depth + 1)
                else:
                    self.program(rest, own)
            return
        self.program(words, own)

    def run_by(self, words: list[str], own: str) -> Iterator[tuple[str, list[str]]]:
        """What a program that runs others runs: the name of a script, and the words of a program of that name."""
        rest = [word for word in words[1:] if word not in _RUNNER_OPTIONS]
        match words[0]:
            case "cross-env":
                rest = rest[next((i for i, word in enumerate(rest) if "=" not in word), len(rest)) :]
            case "run-s" | "npm-run-all" if rest and not any(set(word) & set("*-{ ") for word in rest):
                yield from ((word, [word]) for word in rest)
                return
            case "npm" | "yarn" | "pnpm" | "bun" if rest and rest[0] in ("run", "run-script", "exec", "x", "dlx"):
                rest = rest[1:]
            case "npm":
                rest = []
        if not rest or rest[0].startswith("-"):
            raise self.stop(own)
        yield rest[0], [re.sub(r"(?<=.)@[\w.^~-]+\Z", "", rest[0]), *rest[1:]]

    def program(self, words: list[str], own: str) -> None:
        table = knowledge.table("node_installs")["script"]
        count = next((n for n in (3, 2, 1) if " ".join(words[:n]) in table and len(words) >= n), 0)
        if not count:
            raise self.stop(own)
        entry, rest = table[" ".join(words[:count])], words[count:]
        if self.moved and (entry.keys() & {"reads", "must", "refuse", "schema"}):
            raise self.stop(own)
        flags = entry.get("flags", ())
        others = [word for word in rest if word not in flags]
        if others and not entry.get("operands") and not (entry.get("schema") and others[0].startswith("--schema")):
            raise self.stop(own)
        who = f"{' '.join(words[:count])} ({self.name} in {self.each.view.file(self.each.name)})"
        _tool(self.found, self.each, entry, who, self.name, others)
