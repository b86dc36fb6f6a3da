"""Whether a Node program needs its packages for development once it is built, and the step that removes them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence

from rewriter.change import Evidence
from rewriter.image import State
from rewriter.project.context import Project, Unfit
from rewriter.project.manifests import json_object
from rewriter.project.needs import View
from rewriter.project.node import code
from rewriter.project.node.installed import Installed, installed
from rewriter.project.node.manifests import Found, package, patterns
from rewriter.project.node.settings import read_settings
from rewriter.project.services import services
from rewriter.stages.kit import Command, Shown
from rewriter.stages.node.installs import seen
from rewriter.stages.node.programs import data, leaves, package_of, words_of

_FILES = 1500
# npm 7 is the first that knows `--omit`; it comes with Node 15 and later.
_FIRST = 16
_KEPT_FLAGS = ("--legacy-peer-deps", "--force", "-f")
_PRUNES = ("--omit", "--production", "--prod", "--only", "-P", "--prune")


def omits(command: Command) -> bool:
    """Whether an install leaves the packages for development out."""
    call, state = command.call, command.run.state
    if call.has("--include", "--also", "--dev", "--no-production"):
        return False
    if any("--production=false" in word.raw or "--prod=false" in word.raw for word in call.statement.words):
        return False
    assigned = next((a.raw for a in call.statement.assignments if a.raw.startswith("NODE_ENV=")), "")
    return call.has(*_PRUNES) or assigned == "NODE_ENV=production" or _production(state)


def _production(state: State) -> bool:
    return state.env.get("NODE_ENV") == "production"


def prune(
    shown: Shown, installs: Sequence[Command], builds: Sequence[Command]
) -> tuple[str, tuple[Evidence, ...]] | None:
    """The step that removes the packages for development, and what shows that the program does without them; None
    where there are none. Raises `Unfit` where it may need one, and where the manager could not remove them.

    Sources: https://docs.npmjs.com/cli/v11/commands/npm-prune, https://classic.yarnpkg.com/en/docs/cli/install,
    https://pnpm.io/cli/prune; tried: npm 11 runs no script of the project then, pnpm 8 to 10 do without the option.
    """
    first = installs[0]
    folder = first.folder
    if folder is None or all(omits(command) for command in installs) or any(_removes(each) for each in builds):
        return None
    view = seen(first, shown)
    manifest = view.file("package.json") or "package.json"
    if not json_object(view, "package.json").get("devDependencies"):
        return None
    if len({command.folder for command in installs}) > 1 or len(installs) > 1:
        raise Unfit(manifest, "is not the only one whose packages are installed")
    if patterns(package(view, ".")) or view.kind("pnpm-workspace.yaml"):
        raise Unfit(manifest, "has workspaces")
    if first.call.operands:
        raise Unfit(manifest, "does not name all that is installed")
    _check_services(shown.facts.project)
    found = installed(view)
    gone = {name for name, dev in found.direct.items() if dev} & found.left_out
    _check_peers(found, gone)
    facts = [*_started(shown, gone), _sources(shown.view, gone)]
    return _step(shown, first, found, builds[-1].run.state), tuple(facts)


def _check_services(project: Project) -> None:
    """Raise `Unfit` where a compose file has the image start something else than the Dockerfile says.

    Source: https://docs.docker.com/reference/compose-file/services/#command
    """
    for service in services(project):
        if {"command", "entrypoint"} & service.values.keys():
            raise Unfit(service.file, f"has the service {service.name} start something else")


def _removes(command: Command) -> bool:
    call = command.call
    again = call.program == "rm" and any("node_modules" in word.raw for word in call.operands)
    return again or call.subcommand == "prune"


def _check_peers(found: Installed, gone: Collection[str]) -> None:
    table = data()["unnamed"]
    for name in sorted(gone):
        if name in table["helpers"] or (name in table["drivers"]):
            raise Unfit(found.where(name), f"has {name}, a package for development that a program may load unnamed")
    for name, each in found.packages.items():
        wanted = next((peer for peer in sorted(each.peers) if peer in gone and not peer.startswith("@types/")), None)
        if not each.dev and wanted:
            raise Unfit(found.where(name), f"says that {name} can use {wanted}, a package for development")


def _started(shown: Shown, gone: Collection[str]) -> Iterator[Evidence]:
    """Raise `Unfit` where the start command names one of the packages `gone`."""
    for started in leaves(shown.start):
        if package_of(started.call) in gone:
            raise Unfit(_where(started.file, started.line), f"runs {started.call.program}, a package for development")
        for word in words_of(started.call)[1:]:
            if name := _named(word.rpartition("=")[2], gone):
                raise Unfit(_where(started.file, started.line), f"names {name}, a package for development")
    last = shown.start.last
    if last is not None:
        yield last.fact(f"starts {' '.join(words_of(last.call))}, which is no package for development")


def _where(file: str | None, line: int) -> str:
    return f"{file}:{line}" if file else f"line {line}"


def _named(text: str, gone: Collection[str]) -> str | None:
    """The package of `gone` that a string names: itself, or a file in it."""
    parts = text.split("/")
    name = "/".join(parts[:2]) if text.startswith("@") else parts[0]
    return name if name in gone else None


def _sources(view: View, gone: Collection[str]) -> Evidence:
    """That no source names a package of `gone`. Raises `Unfit` where one does, or is not understood."""
    files = list(sources(view))
    for file in files:
        content = view.project.text(file)
        root = code.tree_of(file, content)
        if root is None and (word := code.named(content, gone)):
            raise Unfit(f"{file}:{word.line}", f"names {word.value}, which is a package for development")
        for text in code.strings(root) if root else ():
            # Also the first words of a command: `npx tsx worker.ts`.
            for each in (text.value, *text.value.split()[:2]) if len(text.value) < 400 else ():
                if name := _named(each, gone):
                    raise Unfit(f"{file}:{text.line}", f"names {name}, which is a package for development")
    if not files:
        raise Unfit("the build context", "holds no sources")
    rest = f" and the {len(files) - 1} other sources name" if len(files) > 1 else " names"
    return Evidence(f"it{rest} no package for development", None, files[0])


def sources(view: View) -> Iterator[str]:
    """The program's sources in the context that come to the working directory, without tests and what only tools for
    development read. Raises `Unfit` where there are too many."""
    table = data()["tests"]
    besides, count = re.compile(table["files"]), 0
    for file in view.project.files():
        *folders, name = file.split("/")
        if not name.endswith(code.ENDINGS) or besides.match(name) or {*folders} & {*table["folders"], "node_modules"}:
            continue
        if not _comes(view, file) or ".min." in name:
            continue
        count += 1
        if count > _FILES:
            raise Unfit(file, f"is one of more than {_FILES:,} sources, too many to read them all")
        yield file


def _comes(view: View, file: str) -> bool:
    for place in view.places:
        source = posixpath.normpath(place.source)
        if (source == "." or file == source or file.startswith(f"{source}/")) and not view.project.hides(file):
            return True
    return False


def _built(found: Installed) -> Iterator[str]:
    """The packages whose install scripts may leave files in them: tried with yarn 1.22, which removes what is not in
    the package where it runs no scripts."""
    native = data()["native"]
    makes = {*native["compiled"], *native["prebuilt"], *data()["libraries"]} - {*native["prints"]}
    for name, each in found.packages.items():
        if not each.dev and (name in makes or each.asks & {*native["helpers"]}):
            yield name


def _step(shown: Shown, install: Command, found: Installed, end: State) -> str:
    """The step that removes them, where the build stage ends with the settings `end`. Raises `Unfit` where the manager
    cannot do it without its scripts."""
    program, view = install.call.program, found.view
    version = shown.image.base.version
    cd = "" if install.folder == end.workdir else f"cd {install.folder} && "
    match program:
        case "npm":
            if version is None or int(version.split(".")[0]) < _FIRST:
                raise Unfit("the base image", "is not known to have npm 7 or later, which can leave packages out")
            flags = [word.raw for word in install.call.statement.words if word.raw in _KEPT_FLAGS]
            return " ".join((f"RUN {cd}npm prune --omit=dev", *flags))
        case "yarn" if not found.peers:
            read_settings(Found(view), ".", (".npmrc", ".yarnrc"))
            if built := next(_built(found), None):
                raise Unfit(found.where(built), f"has {built}, and yarn may remove what its install script made")
            return f"RUN {cd}yarn install --production --ignore-scripts --prefer-offline"
        case "pnpm":
            return f"RUN {cd}CI=true pnpm prune --prod --ignore-scripts"
    raise Unfit(view.file(found.file) or found.file, f"is one of {program}, which cannot remove packages by itself")
