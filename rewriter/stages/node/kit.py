"""The kit for Node: npm, yarn and pnpm on the official images."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.node.installed import installed
from rewriter.stages.kit import Carry, Command, Cut, Obstacle, Role, Runtime, Shown
from rewriter.stages.node.dev import omits, prune
from rewriter.stages.node.installs import ASIDE, check_install, leaves_modules_alone, modules_of, root_of, seen
from rewriter.stages.node.minimal import minimal
from rewriter.stages.node.programs import (
    MANAGERS,
    brings,
    check_writes,
    compiles,
    data,
    entry_of,
    for_all,
    is_install,
    leaves,
    package_of,
    words_of,
)
from rewriter.stages.node.slim import (
    check_started,
    counterpart,
    for_gyp,
    known_tools,
    libraries,
    lost,
    slim_enough,
    smaller,
)
from rewriter.stages.node.static import serves, static
from rewriter.steps.start import followed

__all__ = ["counterpart", "minimal", "role", "runtime"]

_RUNS = frozenset(("run", "run-script", "test", "t", "start", "build", "exec", "x"))
_RUNNERS = frozenset(("corepack", "node", "npx", "bunx", "pnpx"))
_CARRIED = frozenset(("cp", "mv", "ln", "install"))  # where they write is known, and carried along
_BY_COREPACK = frozenset(("yarn", "pnpm"))


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command of a RUN is for: an install, a build by package scripts, a tool for all (`npm install -g`).

    What a build writes is looked at by `runtime`, once something would be gained.
    """
    call = command.call
    name = posixpath.basename(call.program)
    if for_all(call):
        return _for_all(command, shown)
    if name in MANAGERS or name in _RUNNERS or entry_of(call) is not None or "node_modules/.bin/" in call.program:
        return Role.BUILDS
    return None


def _check_builds(shown: Shown, builds: Sequence[Command]) -> None:
    """Raise `Unfit` where it is not known what the steps write, or where they may write outside of their folder."""
    for command in builds:
        call, sub = command.call, command.call.subcommand
        line = f"line {command.run.instruction.first_line}"
        if for_all(call) or call.program in _CARRIED:
            continue
        if call.program == "corepack":
            _check_corepack(shown)
        elif is_install(call):
            check_install(command, shown, root_of(command))
        elif call.program in ("npm", "pnpm", "yarn", "bun") and sub.partition(" ")[0] in (*ASIDE, "rebuild", "rb"):
            continue
        elif call.program == "npm" and sub not in _RUNS and not call.has("-v", "--version"):
            raise Unfit(line, f"runs npm {sub}, and what that writes is not known")
        elif not call.has("-v", "--version"):
            view = seen(command, shown)
            check_writes(followed(shown.facts, view, call, command.folder), view, root_of(command))


def _check_corepack(shown: Shown) -> None:
    if used := sorted(_BY_COREPACK & shown.start.programs):
        raise Unfit(
            "the start command",
            f"runs {used[0]}, which corepack keeps in a home folder, and would download at each start: start the "
            f"program by node itself",
        )


def _for_all(command: Command, shown: Shown) -> Role:
    """A tool for all users is installed again in the runtime stage where the container starts it; but not the server of
    a site, whose place nginx takes."""
    if serves(shown):
        return Role.BUILDS
    names = {re.sub(r"(?<=.)@.*", "", word.raw) for word in command.call.operands} - {"npm"}
    used = {posixpath.basename(started.call.program) for started in shown.start.commands}
    return Role.SETS if any(brings(program, name) for program in used for name in names) else Role.BUILDS


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The runtime stage: the slim image of the same version, with the working directory or with node_modules alone."""
    try:
        return static(shown, cut) or _server(shown, cut)
    except Unfit as error:
        return Obstacle(str(error))


def _server(shown: Shown, cut: Cut) -> Runtime | None:
    installs = [command for command in cut.builds if is_install(command.call) and not for_all(command.call)]
    base = smaller(shown)
    idle = cut.tools or set(cut.packages) & set(data()["gyp"]["python"])
    if not installs or (base is None and not idle and all(omits(each) or each.call.operands for each in installs)):
        return None
    if not any(modules_of(seen(each, shown)) for each in installs):
        return None
    without = for_gyp(shown, cut)
    tools = (*cut.tools, *(name for name in without if name not in data()["gyp"]["present"]))
    finish, facts = _finish(shown, cut, installs)
    if base is None and not tools and not finish:
        return None
    if base is not None and not tools and not finish and _enough(shown):
        return None  # then a smaller base is all that it takes
    _check_start(shown, cut)
    _check_builds(shown, cut.builds)
    packages: set[str] = set()
    evidence = [*facts]
    if base is not None:
        for command in installs:
            found = installed(seen(command, shown))
            needed, more = libraries(shown, found)
            packages |= needed
            evidence += more or (
                found.view.evidence("names no package that needs a library of the distribution", found.file),
            )
    called, more = lost(shown, cut, full=base is not None)
    what = [f"the compilers and headers of {shown.image.base.name}"] if base else []
    what += [", ".join(tools)] if tools and not base else []
    what += ["the packages for development"] if finish else []
    return Runtime(
        base or shown.image.base.reference,
        _carries(shown, cut),
        f"{' and '.join(what)} are shipped, and nothing that runs needs them",
        (*evidence, *more),
        finish=finish,
        packages=tuple(sorted((packages | called) - set(cut.packages))),
        without=frozenset(without),
    )


def _enough(shown: Shown) -> bool:
    """Whether the whole stage works on the slim image as it is."""
    try:
        return isinstance(slim_enough(shown), tuple)
    except Unfit:
        return False


def _check_start(shown: Shown, cut: Cut) -> None:
    """Raise `Unfit` where it is not known what the container starts, or where that needs the build tools."""
    check_started(shown)
    asked = {name for each in cut.builds if is_install(each.call) for name in modules_of(seen(each, shown))}
    asked |= {
        re.sub(r"(?<=.)@.*", "", word.raw) for each in cut.builds for word in each.call.operands if for_all(each.call)
    }
    scripts = {posixpath.basename(script.file) for script in shown.start.scripts}
    for started in leaves(shown.start):
        call, name = started.call, posixpath.basename(started.call.program)
        where = f"{started.file}:{started.line}" if started.file else f"line {started.line}"
        if compiles(call):
            raise Unfit(
                where,
                f"starts {' '.join(words_of(call)[:2])}, which compiles or watches sources and needs packages for "
                f"development: build in a RUN step, and start what that makes",
            )
        known = name in ("node", *scripts, *cut.packages) or name in known_tools() or entry_of(call) is not None
        if not known and package_of(call) not in asked and name not in shown.start.inits:
            raise Unfit(where, f"starts {name}, and what that needs is not known")


def _finish(shown: Shown, cut: Cut, installs: list[Command]) -> tuple[tuple[str, ...], tuple[Evidence, ...]]:
    """The step that removes the packages for development, where that is shown to be right."""
    if leaves_modules_alone(shown, cut.builds):
        return (), ()  # below the cut lie steps of the project that may need them: node-install-loose has looked
    try:
        found = prune(shown, installs, cut.builds)
    except Unfit:
        return (), ()
    return ((found[0],), found[1]) if found else ((), ())


def _carries(shown: Shown, cut: Cut) -> tuple[Carry, ...]:
    """node_modules, where the steps wrote nothing else; else the whole working directory."""
    if leaves_modules_alone(shown, cut.builds):
        folders = dict.fromkeys(each.folder for each in cut.builds if is_install(each.call) and not for_all(each.call))
        return tuple(Carry(f"{folder}/node_modules/", f"{folder}/node_modules/") for folder in folders)
    roots = sorted({root_of(each) for each in cut.builds if not for_all(each.call)}, key=len)
    if any(not f"{root}/".startswith(f"{roots[0]}/") for root in roots):
        raise Unfit("the steps that build", f"run in several folders: {', '.join(roots)}")
    return (Carry(f"{roots[0]}/", f"{roots[0]}/"),)
