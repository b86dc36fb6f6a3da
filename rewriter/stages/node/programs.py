"""Which programs a package script or a start command of a Node project runs, and what these are for."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.needs import View
from rewriter.project.node import code, imports
from rewriter.project.services import services
from rewriter.stages.kit import Shown
from rewriter.steps.downloads import located
from rewriter.steps.start import Start, Started
from rewriter.syntax.vocabulary import Call

MANAGERS = frozenset(("npm", "yarn", "pnpm", "bun"))
# Programs that run others, which are followed on their own.
_RUNNERS = frozenset(("npx", "bunx", "pnpx", "cross-env", "dotenv", "npm-run-all", "npm-run-all2", "run-s", "run-p"))
_EXECUTES = ("child_process", "execa", "shelljs", "cross-spawn", "zx", "worker_threads")
_SHELLS = frozenset(("sh", "bash", "ash", "dash"))


def data() -> dict[str, Any]:
    """The facts of node_stages.toml."""
    return knowledge.table("node_stages")


@lru_cache(maxsize=1)
def _programs() -> Mapping[str, Mapping[str, Any]]:
    entries = data()["program"]
    return {name: entry for key, entry in entries.items() for name in (key, *entry.get("names", ()))}


def words_of(call: Call) -> list[str]:
    """The words of a command behind its wrappers, as far as they are plain, else as they are written."""
    words = call.statement.words
    return [word.value if word.value is not None else word.raw for word in words[words.index(call.head) :]]


def entry_of(call: Call) -> Mapping[str, Any] | None:
    """What is known about the program of `call`, with up to two of its sub-commands."""
    words = words_of(call)
    words[0] = posixpath.basename(words[0])
    for count in (3, 2, 1):
        if len(words) >= count and (entry := _programs().get(" ".join(words[:count]))):
            return entry
    return None


def brings(name: str, npm_package: str) -> bool:
    """Whether the program `name` comes with the npm package `npm_package`."""
    entry = _programs().get(name, {})
    return bool(npm_package == entry.get("package", name))


def is_known(npm_package: str) -> bool:
    """Whether the package is one of those that bring the known programs, or a manager: none of them is compiled."""
    compiled = npm_package in data()["native"]["compiled"]
    return npm_package in MANAGERS or (not compiled and any(brings(name, npm_package) for name in _programs()))


def package_of(call: Call) -> str:
    """The npm package that the program of `call` comes with."""
    entry = entry_of(call) or {}
    return str(entry.get("package", posixpath.basename(call.program)))


def leaves(start: Start) -> Iterator[Started]:
    """The commands that do the work: without managers, runners and shells that only run others."""
    for started in start.commands:
        name = posixpath.basename(started.call.program)
        runs = name in MANAGERS | _RUNNERS or (name in _SHELLS and started.call.operands)
        if not runs or is_install(started.call):
            yield started


def for_all(call: Call) -> bool:
    """Whether a manager's command installs for all users, outside of any project."""
    everywhere = call.has("-g", "--global") or call.value("--location") == "global"
    return call.program in MANAGERS and (everywhere or call.subcommand.startswith("global "))


def is_install(call: Call) -> bool:
    """Whether a manager's command installs packages into a node_modules."""
    if call.program not in MANAGERS or for_all(call) or call.has("-v", "--version"):
        return False
    names = knowledge.table("node_installs")["commands"]["install"]
    return call.subcommand in (*names, "add", "a") and bool(call.subcommand or call.program == "yarn")


def compiles(call: Call) -> bool:
    """Whether the command compiles or bundles, and does not just run what was built before."""
    entry = entry_of(call)
    if entry is None or not entry.get("builds"):
        return False
    sub = next((word for word in words_of(call)[1:] if not word.startswith("-")), "")
    return sub not in entry.get("starts", ())


def runs_no_other(shown: Shown) -> bool:
    """Whether the container runs one file of the project by node, and neither that nor a file that it loads starts
    another program. False where that is not known."""
    if any({"command", "entrypoint"} & service.values.keys() for service in services(shown.facts.project)):
        return False
    try:
        imports.names_one_of(shown.view, imports.started(shown.view, shown.start.words), ())
    except Unfit:
        return False
    return True


def check_writes(start: Start, view: View, root: str) -> None:
    """Raise `Unfit` where the commands of `start` may write outside of the folder `root`."""
    if start.unknown:
        raise Unfit("a package script", f"is not understood: {start.unknown}")
    for started in leaves(start):
        call, name = started.call, posixpath.basename(started.call.program)
        where = f"{started.file}:{started.line}" if started.file else f"line {started.line}"
        folder = started.folder
        if folder is None or not f"{folder}/".startswith(f"{root.rstrip('/')}/"):
            raise Unfit(where, f"runs {name} outside of {root}")
        if is_install(call):
            continue
        if name == "node":
            _own_script(view, started, where, root)
        elif entry_of(call) is None:
            raise Unfit(where, f"runs {name}, and where that writes is not known")
        targets = [redirect.target for redirect in call.statement.redirects if redirect.target]
        for word in (*call.operands, *(target for target in targets if target.raw != "/dev/null")):
            path = located(word.value, folder)
            if path and not f"{path}/".startswith(f"{root.rstrip('/')}/") and _a_path(word.raw):
                raise Unfit(where, f"names {word.raw}, which is outside of {root}")


def _a_path(raw: str) -> bool:
    return raw.startswith(("/", "~", ".."))


def _own_script(view: View, started: Started, where: str, root: str) -> None:
    """Raise `Unfit` where a script that node runs to build may write outside of the project, or is not understood."""
    words = [word for word in words_of(started.call)[1:] if not word.startswith("-")]
    if not words:
        raise Unfit(where, "runs node without a script")
    own = view.into(started.folder or root)
    path = next(
        (words[0] + ending for ending in ("", ".js", "/index.js") if own.kind(words[0] + ending) == "file"), None
    )
    if path is None:
        if "node_modules/" in words[0]:
            return  # a program of an installed package
        raise Unfit(where, f"runs node {words[0]}, which is not among the files of the build context")
    root_node = code.tree_of(path, own.text(path))
    if root_node is None:
        raise Unfit(own.file(path) or path, "is not understood")
    for text in code.strings(root_node):
        outside = text.value.startswith(("/", "~")) and len(text.value) > 1 and not text.template
        if outside or text.value.removeprefix("node:") in _EXECUTES:
            file = f"{own.file(path) or path}:{text.line}"
            raise Unfit(file, f"names {text.value}: the script may write outside of {root}")
