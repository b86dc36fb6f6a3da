""".NET: the SDK publishes; the ASP.NET Core runtime, or the one of .NET alone, runs what was published.

`dotnet publish` puts all that a program needs into one folder
(https://learn.microsoft.com/dotnet/core/deploying/), and ASP.NET Core reads its settings and its static files from
the folder that it is started in (https://learn.microsoft.com/aspnet/core/fundamentals/#content-root): where that is not
the published one, the whole project goes along. Which image has which runtime, and what only the SDK's images set, is
data: `rewriter/knowledge/dotnet_runtime.toml`.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.stages.dotnet.images import Image, image
from rewriter.stages.dotnet.projects import Published, Sources, published, sources
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Obstacle, Role, Runtime, Shown
from rewriter.stages.mentions import asked
from rewriter.stages.programs import inherits, installs_alone, told_elsewhere
from rewriter.steps.downloads import located
from rewriter.steps.start import Started
from rewriter.syntax.vocabulary import Call
from rewriter.within import is_within

_SYSTEM = frozenset(("/", "/opt", "/usr", "/usr/src", "/usr/local", "/usr/share", "/var", "/root", "/home", "/etc"))
_OF_BUILDS = ("/root/.nuget/", "/root/.dotnet/", "/root/.config/NuGet/")
_URLS = "ASPNETCORE_URLS"
_INVARIANT = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"
_DEBUG = "to debug it, attach a container with a shell (`docker debug`, `kubectl debug`)"
_CHECK = "check it with `dockerslim verify`"


@dataclass(frozen=True, slots=True)
class _Program:
    """What the container starts: the assembly or the program `path`, named `name`."""

    started: Started
    path: str
    name: str


def role(command: Command, _shown: Shown) -> Role | Obstacle | None:
    """What a command of .NET's tools is for."""
    call, line = command.call, command.run.instruction.first_line
    if posixpath.basename(call.program) != "dotnet":
        return None
    sub = call.subcommand.partition(" ")[0]
    if sub in _words("commands", "starts"):
        return Obstacle(f"line {line} runs `dotnet {sub}` while the image is built, and what that leaves is not known")
    if sub in _words("commands", "builds"):
        if sub == "publish" and call.has("-o", "--output") and _output(command) is None:
            return Obstacle(f"line {line} tells dotnet by a variable where to publish")
        return Role.BUILDS
    return Role.RUNS


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The image that runs what was published, and what it takes from the build stage."""
    base = shown.image.base
    found = image(base.reference)
    if base.os == "windows":
        return Obstacle(f"{base.name} is an image for Windows")
    if found is None:
        return Obstacle(f"which version and system {base.name} has is not known; a tag like 8.0 or 8.0-alpine says it")
    if found.kind != "sdk":
        return None
    if inherits(shown):
        return Obstacle("the stage does not say what it starts, so that it may be a base for other images")
    program = _start(shown)
    if isinstance(program, Obstacle):
        return program
    seen = sources(shown.facts.project)
    carries = _carries(shown, cut, program, seen)
    if isinstance(carries, Obstacle):
        return carries
    if seen.sdk is not None:
        return Obstacle(f"{seen.sdk.file}:{seen.sdk.line} uses {seen.sdk.fact}, which needs the SDK")
    project = published(shown.facts.project, program.name)
    kind, reason = _kind(project, program)
    settings, packages, facts = _settings(shown, found, kind, project)
    wanted = (*packages, *_tools(shown, (*cut.packages, *cut.tools)))
    if wanted and shown.facts.system(shown.image) not in ("debian", "alpine"):
        return Obstacle(f"{found.of(kind)} has no {wanted[0]}")
    if seen.programs is not None:
        facts.append(Evidence(f"{seen.programs.fact} starts another program", seen.programs.line, seen.programs.file))
    left = tuple(f"{folder}/" for folder in _folders(cut) if not any(is_within(folder, c.source) for c in carries))
    return Runtime(
        base=found.of(kind),
        carries=carries,
        message=f"the SDK of .NET {found.version} and all that the build downloads are in the image",
        evidence=(reason, *facts),
        proven=seen.whole and seen.programs is None,
        settings=settings,
        packages=wanted,
        left=(*left, *_OF_BUILDS),
    )


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The image without the SDK for a stage that only runs what another one published."""
    found = image(shown.image.base.reference)
    if found is None or found.kind != "sdk" or shown.image.base.os == "windows" or installs_alone(shown, ()) is None:
        return None
    if inherits(shown):
        return None  # an image for others
    program = _start(shown)
    if isinstance(program, Obstacle):
        return program
    project = published(shown.facts.project, program.name)
    kind, reason = _kind(project, program)
    settings, packages, facts = _settings(shown, found, kind, project)
    lacking = (*packages, *_tools(shown, ()))
    if lacking:
        return Obstacle(f"{found.of(kind)} has no {lacking[0]}")
    seen = sources(shown.facts.project)
    if seen.sdk is not None:
        return Obstacle(f"{seen.sdk.file}:{seen.sdk.line} uses {seen.sdk.fact}, which needs the SDK")
    proven = seen.whole and seen.programs is None
    doubt = "" if proven else f" (it may use the SDK, or start programs that only this image has; {_DEBUG}, {_CHECK})"
    return Counterpart(
        found.of(kind),
        f"the SDK of .NET {found.version} is shipped, and the program only runs{doubt}",
        (reason, *facts),
        proven,
        settings,
        frozenset(("env",)) if settings else frozenset(),
    )


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """The image without a shell for a stage that only starts a .NET program."""
    found = image(shown.image.base.reference)
    start = shown.start
    if found is None or found.kind == "sdk" or start.shell or start.unknown or len(start.commands) != 1:
        return None
    if any(i.keyword in ("RUN", "HEALTHCHECK", "SHELL", "VOLUME") for i in shown.image.stage.body):
        return None
    program = _start(shown)
    if isinstance(program, Obstacle):
        return None
    project = published(shown.facts.project, program.name)
    alone = project is not None and project.alone is not None and program.path != program.started.call.program
    kind = "runtime-deps" if alone and posixpath.basename(program.started.call.program) != "dotnet" else found.kind
    base = found.chiseled(kind)
    if base is None:
        return None
    invariant = project.invariant if project else None
    base = base if invariant else f"{base}-extra"
    root = shown.image.final.user in ("root", "0")
    whose = ", whose user is `app` in place of root" if root else ""
    facts = [program.started.fact(f"starts {program.path} alone")]
    return Minimal(
        base,
        f"{shown.image.base.name} has a shell and a package manager, and the container starts one program; "
        f"{base}{whose} has neither",
        f"{_DEBUG}; {_CHECK}",
        (*facts, *([invariant] if invariant else [])),
        declares=frozenset(("user",)) if root else frozenset(),
    )


# What is started


def _start(shown: Shown) -> _Program | Obstacle:
    """The published program that the container starts."""
    if shown.start.unknown:
        return Obstacle(f"it is not known what the container starts: {shown.start.unknown}")
    alone = _words("tools", "alone")
    found: list[_Program] = []
    for started in shown.start.commands:
        call = started.call
        name = posixpath.basename(call.program)
        where = f"{started.file}:{started.line}" if started.file else f"line {started.line}"
        if name in alone:
            return Obstacle(f"{where} runs {name}, which only the image of the SDK has")
        if name == "dotnet":
            sub = call.subcommand.partition(" ")[0]
            if sub in _words("commands", "starts") | _words("commands", "builds"):
                return Obstacle(
                    f"{where} starts the program with `dotnet {sub}`, which needs the SDK and the sources; "
                    "`dotnet publish` and `dotnet NAME.dll` would do without"
                )
            path = located(_assembly(call), started.folder)
            if path is None or not path.endswith(".dll"):
                return Obstacle(f"{where} starts an assembly whose name is not known")
            found.append(_Program(started, path, posixpath.basename(path).removesuffix(".dll")))
        elif "/" in (call.head.value or "") and (path := located(call.head.value, started.folder)):
            scripts = [script.file for script in shown.start.scripts]
            found += [_Program(started, path, posixpath.basename(path))] if shown.view.file(path) not in scripts else []
    words = "|".join(sorted(_words("commands", "starts") | _words("commands", "builds")))
    if told := told_elsewhere(shown, re.compile(rf"\bdotnet[\"', ]+(?:{words})\b")):
        return Obstacle(f"{told[1].file}:{told[1].line} runs {told[0]} in a service, which needs the SDK")
    if not found:
        return Obstacle("the container does not start a program of .NET")
    return found[-1]


def _assembly(call: Call) -> str | None:
    """The assembly that `dotnet` is told to run."""
    words = [word.value for word in call.statement.words[call.statement.words.index(call.head) + 1 :]]
    skip = False
    for word in words:
        if skip or word == "exec":
            skip = False
        elif word is not None and word.startswith("--"):
            skip = word in (
                "--depsfile",
                "--runtimeconfig",
                "--additionalprobingpath",
                "--fx-version",
                "--roll-forward",
            )
        else:
            return word
    return None


# What is carried


def _carries(shown: Shown, cut: Cut, program: _Program, seen: Sources) -> tuple[Carry, ...] | Obstacle:
    """What the container needs of the build stage: the published folder, else the whole project."""
    publishes = [c for c in cut.builds if c.call.subcommand == "publish" and c.call.program == "dotnet"]
    if not publishes:
        line = cut.builds[-1].run.instruction.first_line
        return Obstacle(
            f"line {line} does not publish, and only `dotnet publish` puts all that a program needs into one folder"
        )
    folder, at = posixpath.dirname(program.path), program.started.folder
    outputs = [path for command in publishes if (path := _output(command))]
    publishing = folder in outputs or folder.endswith("/publish")
    roots = [root for root in _folders(cut) if is_within(folder, root) or (at and is_within(at, root))]
    inner = at is None or (at != folder and any(is_within(at, root) for root in roots) and _reads(shown, at, seen))
    if publishing and not inner and folder not in _SYSTEM:
        return (Carry(f"{folder}/", f"{folder}/"),)
    if not roots:
        return Obstacle(f"where {program.path} comes from is not known")
    outer = [root for root in roots if not any(root != other and is_within(root, other) for other in roots)]
    if any(root in _SYSTEM for root in outer):
        return Obstacle(
            f"the project lies in {outer[0]}, together with files of the image; a WORKDIR of its own would tell them "
            "apart"
        )
    kept = [*outer, *(o for o in outputs if o == folder and not any(is_within(o, root) for root in outer))]
    return tuple(Carry(f"{root}/", f"{root}/") for root in kept)


def _reads(shown: Shown, folder: str, seen: Sources) -> bool:
    """Whether the program may read files of the project in `folder`, where it is started."""
    names: list[str] = knowledge.table("dotnet_runtime")["sources"]["content"]
    there = shown.view.into(folder)
    return not seen.whole or seen.relative is not None or any(there.kind(name) is not None for name in names)


def _folders(cut: Cut) -> list[str]:
    """The folders that the builds work in."""
    found = []
    for command in cut.builds:
        folder = command.run.state.workdir
        if command.folder is not None and command.call.program == "dotnet":
            inside = isinstance(folder, str) and folder not in _SYSTEM and is_within(command.folder, folder)
            found.append(str(folder) if inside else command.folder)
    return list(dict.fromkeys(found))


def _output(command: Command) -> str | None:
    """The folder that a command publishes to, where it is told one. Before .NET Core 3.0 a relative one lies beside the
    project: https://learn.microsoft.com/dotnet/core/tools/dotnet-publish#options"""
    folder = command.folder
    found = image(command.run.image.base.reference)
    if found is not None and found.number < (3, 0) and command.call.operands:
        project = located(command.call.operands[0].value, folder)
        folder = posixpath.dirname(project) if project and project.endswith("proj") else project
    path = located(command.call.value("-o", "--output"), folder)
    return None if path is None or "$" in path else path


# What the image lacks


def _kind(project: Published | None, program: _Program) -> tuple[str, Evidence]:
    """Which runtime the program needs; that of ASP.NET Core has the other one, too."""
    if project is not None and project.console is not None:
        return "runtime", project.console
    return "aspnet", program.started.fact(f"starts {program.path}, which is published")


def _settings(
    shown: Shown, found: Image, kind: str, project: Published | None
) -> tuple[tuple[str, ...], tuple[str, ...], list[Evidence]]:
    """Lines and packages for what only the SDK's image sets, and the evidence for those that are not needed."""
    lines: list[str] = []
    packages: tuple[str, ...] = ()
    facts: list[Evidence] = []
    own = {name for name, value in shown.image.final.env.items() if shown.image.start.env.get(name) != value}
    told = any(word.startswith(("--urls", "--server.urls")) for word in shown.start.words)
    if kind == "aspnet" and found.empties_urls and _URLS not in own and not told:
        lines += [f"# The image of the SDK has no {_URLS}, so that the program listens where it did", f"ENV {_URLS}="]
    if found.alpine and _INVARIANT not in own:
        if project is not None and project.invariant is not None:
            facts.append(project.invariant)
        else:
            lines.append(f"ENV {_INVARIANT}=false")
            packages = found.globalization
    return tuple(lines), packages, facts


def _tools(shown: Shown, installed: tuple[str, ...]) -> list[str]:
    """The tools of the SDK's image that the container starts, or checks its health with."""
    text = str(shown.image.final.healthcheck)
    programs = {posixpath.basename(started.call.program) for started in shown.start.commands}
    programs |= {mention.tool for mention in asked(shown, _words("tools", "packages"))}
    alpine = shown.image.base.distribution == "alpine"
    return [
        name
        for name in sorted(_words("tools", "packages"))
        if (name in programs or re.search(rf"\b{name}\b", text))
        and name not in installed
        and not (alpine and name == "wget")
    ]


def _words(table: str, name: str) -> frozenset[str]:
    return frozenset(knowledge.table("dotnet_runtime")[table][name].split())
