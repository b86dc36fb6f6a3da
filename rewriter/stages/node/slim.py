"""What the full node images have over the slim ones, and whether a project uses it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object, line_of
from rewriter.project.needs import View
from rewriter.project.node import code
from rewriter.project.node.installed import Installed, installed
from rewriter.project.node.manifests import package as package_json
from rewriter.stages.bases import is_version, slim
from rewriter.stages.kit import Command, Counterpart, Cut, Obstacle, Shown
from rewriter.stages.mentions import asked, full_tools, mentions
from rewriter.stages.node.installs import ASIDE, seen
from rewriter.stages.node.programs import MANAGERS, data, entry_of, for_all, is_install, is_known, leaves, runs_no_other
from rewriter.stages.programs import in_every_image
from rewriter.stages.told import build_arguments
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.steps.start import followed
from rewriter.syntax.vocabulary import Call


class _Lacks(Exception):
    """A step runs a tool that the slim image lacks, or may lack."""


# What health checks ask with: it can be installed on its own.
_PROBES = ("curl", "wget")
_VARIABLE = re.compile(r"\$\{?(\w+)")


def known_tools() -> Mapping[str, str]:
    """The commands that the full images have and the slim ones lack, with the Debian package of each."""
    return {**full_tools(), **data()["full"]["commands"]}


def smaller(shown: Shown) -> str | None:
    """The slim image of the same version; None where there is none, or where a variable may be more than a version."""
    reference = shown.image.base.reference
    defaults: dict[str, str] = {}
    for instruction in shown.facts.file.global_args:
        for word in instruction.value.split():
            name, _, value = word.partition("=")
            defaults[name] = value
    names = _VARIABLE.findall(reference)
    if any(not is_version(defaults.get(name, "")) for name in names):
        return None
    if any(not is_version(value) for name, value in build_arguments(shown.facts.project) if name in names):
        return None
    return slim(reference)


def libraries(shown: Shown, found: Installed) -> tuple[frozenset[str], tuple[Evidence, ...]]:
    """The packages of the distribution that the native packages of a lock file need at run time. Raises `Unfit` where
    that is not known."""
    system = shown.facts.system(shown.image) or "debian"
    table, known = data()["libraries"], _known()
    needed: dict[str, None] = {}
    facts: list[Evidence] = []
    for name, each in found.packages.items():
        if each.dev:
            continue
        if name in data()["browsers"]["names"]:
            raise Unfit(found.where(name), f"has {name}, which downloads a browser and needs the libraries of one")
        if name in table:
            needed |= dict.fromkeys(table[name].get(system, ()))
            facts.append(_fact(found, name, f"{name} needs {' '.join(table[name].get(system, ()))}"))
        elif _native(found, name) and name not in known:
            raise Unfit(found.where(name), f"has {name}, and which libraries its native part needs is not known")
        elif name in data()["native"]["compiled"]:
            facts.append(_fact(found, name, f"{name} is compiled, and needs no library at run time"))
    return frozenset(needed), tuple(facts)


def _known() -> frozenset[str]:
    native = data()["native"]
    return frozenset((*native["prebuilt"], *native["compiled"], *native["helpers"], *data()["libraries"]))


def _native(found: Installed, name: str) -> bool:
    """Whether a package may have parts for the machine: it says that it runs a script on install, or asks for a tool
    that builds such parts."""
    each = found.packages[name]
    return bool(each.scripts) if each.scripts is not None else bool(each.asks & set(data()["native"]["helpers"]))


def _fact(found: Installed, name: str, fact: str) -> Evidence:
    file, _, line = found.where(name).rpartition(":")
    return Evidence(fact, int(line), file) if line.isdigit() else Evidence(fact, None, found.where(name))


def lost(shown: Shown, cut: Cut, *, full: bool) -> tuple[frozenset[str], tuple[Evidence, ...]]:
    """The packages whose tools the program calls, and which the runtime stage would lack: of the full image (`full`),
    or left behind with the build stage. Raises `Unfit` where that is not known."""
    tools = dict(known_tools()) if full else {}
    for package in cut.tools:
        tools |= {tool: package for tool, its in known_tools().items() if its == package or tool == package}
    tools = {tool: package for tool, package in tools.items() if package not in cut.packages}
    called = list(_called(shown, tools, only_started=not cut.runs))
    found = {tools[tool] for tool, _ in called}
    if found & set(data()["full"]["secure"]) and full:
        found.add("ca-certificates")
    return frozenset(found), tuple(fact for _, fact in called)


def for_gyp(shown: Shown, cut: Cut) -> tuple[str, ...]:
    """Those of the packages of the runtime stage that stand there for node-gyp alone. Raises `Unfit` where the sources
    cannot be searched."""
    table = data()["gyp"]
    calls_python = bool(list(_called(shown, {"python": "python3", "python3": "python3", "python2": "python2"})))
    idle = table["present"] if calls_python else [*table["python"], *table["present"]]
    return tuple(name for name in cut.packages if name.partition("=")[0] in idle)


def _for_developers(file: str) -> bool:
    """Whether a source lies where those are that people run by hand. Others may be loaded by a framework, which looks
    into its folders by itself."""
    folders = file.split("/")[:-1]
    return file.endswith(code.ENDINGS) and any(each in data()["full"]["developers"] for each in folders)


def _called(shown: Shown, tools: Mapping[str, str], *, only_started: bool = False) -> Iterator[tuple[str, Evidence]]:
    """The tools that the program, or a package that it asks for, calls. `only_started` says that no step runs a program
    of the project: where what the container starts is known to run no other program, what the other sources call does
    not count."""
    seen = mentions(shown, tools)
    if isinstance(seen, Obstacle):
        raise Unfit("the project", seen.reason)
    idle = only_started and bool(seen) and runs_no_other(shown)
    for mention in seen:
        if not (idle and _for_developers(mention.evidence.file or "")):
            yield mention.tool, mention.evidence
    view = shown.view
    if view.kind("package.json"):
        found = installed(view)
        for tool, names in data()["runs"].items():
            for name in names if tool in tools else ():
                if name in found.packages and not found.packages[name].dev:
                    yield tool, _fact(found, name, f"{name} runs {tool}")


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The slim image of the same version, for a stage that otherwise stays as it is."""
    base = smaller(shown)
    if base is None:
        return None
    name = shown.image.base.name
    message = f"{name} ships compilers, headers and tools that the program does not use"
    try:
        found = slim_enough(shown)
    except Unfit as error:
        probes = {mention.tool: mention.evidence for mention in asked(shown, _PROBES)}
        told = f"{name} ships compilers, headers and tools, and it is not shown that the program uses any ({error})"
        message = f"{told}; `dockerslim verify` shows whether it does without"
        packages = tuple(sorted(set(probes) - _installed_by(shown)))
        return Counterpart(base, message, tuple(probes.values()), proven=False, packages=packages)
    if isinstance(found, Obstacle):
        return found
    called = _called(shown, _without_own(shown), only_started=_only_installs(shown))
    packages = tuple(sorted({_without_own(shown)[tool] for tool, _ in called}))
    return Counterpart(base, message, found, packages=packages)


def slim_enough(shown: Shown) -> tuple[Evidence, ...] | Obstacle:
    """What shows that each step and the program work on the slim image as they do on the full one; an Obstacle where
    one of them does not. Raises `Unfit` where that is not known.

    Source: https://github.com/nodejs/docker-node#nodeslim
    """
    try:
        views = {each.folder: seen(each, shown) for each in _run(shown) if is_install(each.call)}
    except _Lacks as lacks:
        return Obstacle(str(lacks))
    facts: list[Evidence] = []
    for view in views.values() or (shown.view,):
        if views and (obstacle := _asked_for(shown, view)):
            return obstacle
        found = installed(view)
        if obstacle := _in_the_way(shown, found, installs=bool(views)):
            return obstacle
        told = "names no package that is compiled" if views else "names no package that needs a library"
        facts.append(view.evidence(told, found.file))
    check_started(shown)
    for tool, fact in _called(shown, _without_own(shown), only_started=_only_installs(shown)):
        if tool in _PROBES and re.match(r"(?i)healthcheck ", fact.fact):
            facts.append(fact)
            continue
        return Obstacle(f"{fact}: the image of the program needs {tool}, which {smaller(shown)} lacks")
    return (*facts, Evidence("nothing that the program itself runs is a tool of the full image alone"))


def _only_installs(shown: Shown) -> bool:
    """Whether the steps run no program of the project: they install, and no script of package.json runs then."""
    hooks = knowledge.table("node_installs")["lifecycle"]["npm"]
    for each in _run(shown):
        scripts = package_json(seen(each, shown), ".").scripts if is_install(each.call) else {}
        if not is_install(each.call) or any(hook in scripts for hook in hooks):
            return False
    return True


def check_started(shown: Shown) -> None:
    """Raise `Unfit` where it is not known what the container starts."""
    if shown.start.unknown:
        raise Unfit("the start command", f"is not known: {shown.start.unknown}")
    if shown.start.words[-1:] == ("node",):
        raise Unfit("the Dockerfile", "does not say what the container starts: add CMD")


def _run(shown: Shown) -> Iterator[Command]:
    """The commands of the stage's steps, and the installs that package scripts run. Raises `_Lacks` for one that may
    need more than the slim image has, and `Unfit` where the project does not show what is run."""
    for instruction in shown.image.stage.body:
        if instruction.keyword != "RUN":
            continue
        run = shown.facts.run(instruction)
        where = f"line {instruction.first_line}"
        if run is None or len(run.calls) != sum(1 for _ in run.script.commands()):
            raise _Lacks(f"what {where} needs is not known, and {smaller(shown)} has fewer tools")
        for call, folder in with_folders(run):
            yield Command(call, folder, run)
            if not _plain(call, where):
                start = followed(shown.facts, view_of(shown.facts, run, folder or "/", ()), call, folder)
                if start.unknown:
                    raise Unfit(where, f"runs what is not known: {start.unknown}")
                for started in leaves(start):
                    _check_tool(shown, started.call, where)
                    if is_install(started.call) and started.call is not call:
                        yield Command(started.call, started.folder, run)


def _plain(call: Call, where: str) -> bool:
    """Whether every node image can run the command. Raises `Unfit` for a tool for all users that may be compiled."""
    name = posixpath.basename(call.program)
    if for_all(call):
        for word in call.operands:
            if not is_known(re.sub(r"(?<=.)@.*", "", word.raw)):
                raise Unfit(where, f"installs {word.raw}, and whether that is compiled is not known")
        return True
    aside = name in MANAGERS and (is_install(call) or call.subcommand.partition(" ")[0] in ASIDE)
    return name in in_every_image() or aside or name == "corepack" or call.has("--version", "-v")


def _check_tool(shown: Shown, call: Call, where: str) -> None:
    """Raise `_Lacks` for a command that may need what the slim image lacks."""
    name = posixpath.basename(call.program)
    if name in _without_own(shown):
        raise _Lacks(f"{where} runs {name}, which {smaller(shown)} lacks")
    if not is_install(call) and entry_of(call) is None and name != "node":
        raise _Lacks(f"{where} runs {name}, which may need what {smaller(shown)} lacks")


def _without_own(shown: Shown) -> dict[str, str]:
    """The tools of the full images, without those that the stage's own steps install."""
    own = _installed_by(shown)
    return {tool: package for tool, package in known_tools().items() if package not in own}


def _in_the_way(shown: Shown, found: Installed, *, installs: bool) -> Obstacle | None:
    """The package that needs more than the slim image has, to be installed or to run."""
    native, table, base = data()["native"], data()["libraries"], smaller(shown)
    own = _installed_by(shown)
    for name, each in found.packages.items():
        if name in data()["browsers"]["names"] and (installs or not each.dev):
            return Obstacle(f"{found.where(name)}: {name} needs the libraries of a browser, which {base} lacks")
        if installs and (name in native["compiled"] or table.get(name, {}).get("compiled")):
            return Obstacle(f"{found.where(name)}: {name} may have to be compiled, which {base} has no tools for")
        missing = sorted({*table.get(name, {}).get("debian", ())} - own)
        if missing and not each.dev:
            needs = " ".join(missing)
            return Obstacle(f"{found.where(name)}: {name} needs {needs}, which {base} lacks: install it by apt-get")
        if installs and each.git:
            return Obstacle(f"{found.where(name)}: {name} comes from a Git repository, and {base} has no git")
        if _native(found, name) and name not in _known() and (installs or not each.dev):
            raise Unfit(found.where(name), f"has {name}, and whether its native part needs more is not known")
    return None


def _asked_for(shown: Shown, view: View) -> Obstacle | None:
    """The package that package.json itself asks for, and that may have to be compiled: one that is optional is left out
    without a word where it cannot be. It needs no lock file to be known."""
    asked = json_object(view, "package.json")
    for kind in ("dependencies", "optionalDependencies"):
        packages = asked.get(kind)
        for name in packages if isinstance(packages, dict) else ():
            if name in data()["native"]["compiled"] or data()["libraries"].get(name, {}).get("compiled"):
                line = line_of(view.text("package.json"), f'"{re.escape(name)}"')
                where = f"{view.file('package.json')}:{line}"
                return Obstacle(f"{where}: {name} may have to be compiled, which {smaller(shown)} has no tools for")
    return None


def _installed_by(shown: Shown) -> frozenset[str]:
    """The distribution's packages that the stage's own steps install."""
    return frozenset(
        word.raw.partition("=")[0]
        for run in shown.facts.runs
        if run.image is shown.image
        for call in run.calls
        if call.program in ("apt-get", "apt") and call.installs
        for word in call.operands
    )
