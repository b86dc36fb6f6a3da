"""What an install of npm, yarn or pnpm in a RUN writes, as far as cutting the stage needs to know."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.needs import View
from rewriter.project.node.install import is_berry
from rewriter.project.node.manifests import Found, package, patterns
from rewriter.project.node.settings import read_settings
from rewriter.stages.kit import Command, Shown
from rewriter.stages.node.programs import MANAGERS, check_writes, for_all, is_install
from rewriter.steps.context_copies import view_of
from rewriter.steps.start import followed
from rewriter.syntax.shell import parse
from rewriter.syntax.vocabulary import calls

ASIDE = frozenset(("cache", "config", "set", "get", "store", "ls", "list", "fund", "version", "audit", "prune"))
_LINKER = re.compile(r"(?m)^nodeLinker:\s*[\"']?node-modules\b")


def seen(command: Command, shown: Shown) -> View:
    """What a command sees of the project when it runs, from its own folder. Raises `Unfit` where that is not known."""
    if command.folder is None:
        raise Unfit(f"line {command.run.instruction.first_line}", "runs in a folder that is not known")
    return view_of(shown.facts, command.run, command.folder, ())


def root_of(command: Command) -> str:
    """The folder that a command may write in: the step's working directory. Raises `Unfit` where it has none."""
    workdir = command.run.state.workdir
    if not isinstance(workdir, str) or workdir == "/":
        raise Unfit(f"line {command.run.instruction.first_line}", "runs in no folder of its own: set WORKDIR")
    return workdir


def check_install(command: Command, shown: Shown, root: str) -> None:
    """Raise `Unfit` where an install, or a script that it runs, may write outside of `root`."""
    line = f"line {command.run.instruction.first_line}"
    if command.folder is None or not f"{command.folder}/".startswith(f"{root}/"):
        raise Unfit(line, f"installs packages outside of {root}")
    if command.call.has("--prefix", "--cwd", "-C", "--dir", "--modules-folder", "--global-folder"):
        raise Unfit(line, "installs packages into another folder than its own")
    view = view_of(shown.facts, command.run, command.folder, ())
    berry = command.call.program == "yarn" and is_berry(view, ".", command.call)
    read_settings(Found(view), ".", (".yarnrc.yml",) if berry else (".npmrc", ".yarnrc"))
    if berry and not (view.kind(".yarnrc.yml") and _LINKER.search(view.text(".yarnrc.yml"))):
        raise Unfit(view.file(".yarnrc.yml") or ".yarnrc.yml", "does not say that packages lie in node_modules")
    for name in own_scripts(command, view):
        script = parse(f"npm run {name}")
        for call in calls(script) if script else ():
            check_writes(followed(shown.facts, view, call, command.folder), view, root)


def own_scripts(command: Command, view: View) -> list[str]:
    """The scripts of the project's own package.json that an install runs."""
    if command.call.has("--ignore-scripts"):
        return []
    lifecycle = knowledge.table("node_installs")["lifecycle"]
    scripts = package(view, ".").scripts
    return [name for name in lifecycle.get(command.call.program, ()) if scripts.get(name, "").strip()]


def modules_of(view: View) -> frozenset[str]:
    """The packages that package.json in the folder of `view` asks for."""
    found = package(view, ".")
    return frozenset(
        name for kind in ("dependencies", "devDependencies", "optionalDependencies") for name in found.strings(kind)
    )


def leaves_modules_alone(shown: Shown, builds: Sequence[Command]) -> bool:
    """Whether the commands leave nothing in the project but node_modules."""
    for command in builds:
        call = command.call
        if for_all(call) or call.program == "corepack":
            continue
        if call.program not in MANAGERS:
            return False
        if call.subcommand.partition(" ")[0] in ASIDE:
            continue
        if not is_install(call) or call.operands or command.folder is None:
            return False
        view = view_of(shown.facts, command.run, command.folder, ())
        if own_scripts(command, view) or view.kind("binding.gyp") or view.kind("pnpm-workspace.yaml"):
            return False
        root = package(view, ".")
        if patterns(root) or any(name.startswith((".yarn", ".pnp")) for name in view.names(".")):
            return False
    return True
