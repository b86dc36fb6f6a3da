"""What npm, yarn, pnpm and bun need of a project: which of their commands install, and what the others are to it."""

from __future__ import annotations

import re
from dataclasses import replace

from rewriter import knowledge
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.node.install import install, is_berry
from rewriter.project.node.manifests import Found, package
from rewriter.project.node.settings import read_settings, yarn_program
from rewriter.syntax.shell import literal
from rewriter.syntax.vocabulary import Call

_ASKS = ("-v", "--version", "-h", "--help")
_SETS = ("config set", "config delete", "set")
_OF_THE_PROJECT = re.compile(r"[./~]|file:|.*\.tgz\Z")


def needs(call: Call, view: View) -> Answer:
    """What a command of npm, npx, corepack, yarn, pnpm or bun needs of the project (see `rewriter.project.needs`).

    Raises `Unfit` for a file of the project that is in the way. The sources are in node_installs.toml, and with the
    functions that this calls.
    """
    program, subcommand = call.program, call.subcommand
    shown = f"{program} {subcommand}".rstrip()
    if program == "corepack":
        return _corepack(call, view)
    if program == "node":
        return Needs(()) if call.has("-v", "--version") and len(call.statement.words) == 2 else None
    if program == "npx":
        return Obstacle(f"{_named('npx', call)} may read anything in the project")
    if any(word.raw.startswith(("-C", "--chdir")) for word in call.wrappers):
        return Obstacle(f"which folder {shown} runs in is not known")
    if call.has(*_ASKS) and not subcommand:
        return Needs(())
    commands = knowledge.table("node_installs")["commands"]
    operands = [word for word in call.operands if word.raw not in ("true", "false")]
    if call.has("-g", "--global") or call.value("--location") == "global" or subcommand.startswith("global "):
        outside = all(word.value is not None and not _OF_THE_PROJECT.match(word.value) for word in operands)
        return Needs(()) if operands and outside else Obstacle(f"{shown} may install a folder of the project")
    if subcommand in commands["aside"]:
        return _aside(call, view)
    if operands and subcommand in commands["adds"]:
        return Obstacle(f"{_named(shown, call)} changes package.json, and a copy behind it would undo that")
    fetches = program == "pnpm" and subcommand == "fetch"
    if not operands and (fetches or (subcommand in commands["install"] and (subcommand or program == "yarn"))):
        return install(call, replace(view, env={**view.env, **_assigned(call)}), fetches=fetches)
    if subcommand in commands["runs"]:
        return Obstacle(f"{_named(shown, call)} reads the source")
    return Obstacle(f"{shown} may read anything in the project")


def _named(shown: str, call: Call) -> str:
    return " ".join([shown, *(word.raw for word in call.operands[:1])])


def _assigned(call: Call) -> dict[str, str]:
    """The variables that are set for this command alone."""
    words = [word.raw for word in (*call.statement.assignments, *call.wrappers) if re.match(r"\w+=", word.raw)]
    return {name: literal(value) or "" for name, _, value in (word.partition("=") for word in words)}


def _corepack(call: Call, view: View) -> Answer:
    """Source: https://github.com/nodejs/corepack#corepack-commands"""
    words = [word.raw for word in call.statement.words if word.start > call.head.start]
    match [word for word in words if not word.startswith("-")]:
        case [] | ["enable" | "disable" | "cache", *_] | ["prepare", _, *_]:
            return Needs(())
        case ["install", *_] if "-g" in words or "--global" in words:
            return Needs(())
        case ["prepare" | "install"]:
            line = package(view, ".").line("packageManager")
            return Needs(("package.json",), (), (view.evidence("names the package manager", "package.json", line),))
        case [subcommand, *_]:
            return Obstacle(f"corepack {subcommand} changes package.json, or runs what the project says")
    return None


def _aside(call: Call, view: View) -> Answer:
    """A command that at most looks at settings. Yarn 2 and later are themselves named by a file of the project.

    Sources: https://docs.npmjs.com/cli/v11/commands/npm-config, https://yarnpkg.com/cli/config/set, https://pnpm.io/cli/config
    """
    berry = call.program == "yarn" and is_berry(view, ".", call)
    if call.subcommand in _SETS and (call.value("--location", "-L") == "project" or (berry and not call.has("-H"))):
        return Obstacle(f"{call.program} {call.subcommand} writes a settings file of the project")
    if not berry:
        return Needs(())
    found = Found(view)
    yarn_program(found, ".", read_settings(found, ".", (".yarnrc.yml",)))
    return Needs(tuple(found.reads), (), tuple(view.evidence("names yarn itself", name) for name in found.reads))
