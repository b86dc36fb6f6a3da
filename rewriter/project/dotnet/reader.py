""".NET: `dotnet restore` reads project files and the settings of NuGet; the commands that compile run it first.

`dotnet build`, `publish`, `test` and `pack` restore by themselves
(https://learn.microsoft.com/dotnet/core/tools/dotnet-restore#implicit-restore). Their restore can run before the
sources are there; they look at it again and fetch what is missing, so a restore with fewer settings costs time, and
breaks nothing. What a restore reads is in `msbuild`.
"""

from __future__ import annotations

import posixpath
import re
import shlex

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.dotnet import msbuild
from rewriter.project.dotnet.msbuild import Restore, Unknown
from rewriter.project.folders import inside, nearest, written
from rewriter.project.manifests import json_object, line_of
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.starts import prefix
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call

_COMPILING = ("build", "publish", "test", "pack")
_SLASH = re.compile(
    r"(?i)/(p|property|m|maxcpucount|v|verbosity|nologo|nodereuse|nr|bl|clp|tl|warnaserror|nowarn)(:|\Z)"
)


def needs(call: Call, view: View) -> Answer:
    """What a `dotnet` command needs. Raises `Unfit` for a project file that cannot be read."""
    match call.subcommand:
        case "restore":
            return _needs(call, view)
        case "build" | "publish" | "test" | "pack":
            if call.has("--no-restore", "--no-build") or any(_restores(earlier) for earlier in view.before):
                return None  # the restore has its own step already
            return _needs(call, view)
        case "tool restore" | "tool install":
            return _tools(call, view)
    return None


def _restores(call: Call) -> bool:
    return call.program == "dotnet" and call.subcommand in ("restore", *_COMPILING)


def _needs(call: Call, view: View) -> Answer:
    compiles = call.subcommand != "restore"
    projects, options = _arguments(call)
    if len(projects) > 1 or any(word.value is None for word in projects):
        return Obstacle(f"`dotnet {call.subcommand}` names its project in a way that is not known")
    start = _start(view, projects[0].value or "." if projects else ".")
    if isinstance(start, Obstacle):
        return start
    found = msbuild.read(view, start)
    if isinstance(found, Obstacle):
        return found
    try:
        words = _options(call, view, options, found)
        if compiles and found.configuration is not None:
            words += _configuration(call, found.configuration)
    except Unknown as error:
        return Obstacle(str(error))
    moved = [name for name in knowledge.table("dotnet")["properties"]["names"] if view.env.get(name)]
    if moved:
        return Obstacle(f"the variable {moved[0]} moves what is restored")
    reads = _reads(view, start, found)
    answer = Needs(reads, _leaves(view, found), _evidence(view, start, found))
    if not compiles:
        return answer
    before = prefix(call)
    if isinstance(before, Obstacle):
        return before
    named = [projects[0].raw] if projects else []
    fetch = " ".join((*before, call.head.raw, "restore", *named, *words))
    return Needs(
        answer.reads, answer.leaves, answer.evidence, fetch, f"dotnet {call.subcommand} still compiles everything"
    )


def _arguments(call: Call) -> tuple[list[Word], list[tuple[Word, str, str | None]]]:
    """The operands that name a project, and the options as (word, name, value), those of MSBuild among them."""
    projects, options = [], []
    for word in call.operands:
        if _SLASH.match(word.raw):
            name, colon, value = word.raw.partition(":")
            options.append((word, "-" + name[1:].lower(), value if colon else None))
        elif word.raw not in ("true", "false"):
            projects.append(word)
    for option in call.options:
        name, colon, value = option.word.raw.partition(":")
        options.append((option.word, name, value) if colon else (option.word, option.name, option.value))
    return projects, options


def _start(view: View, name: str) -> str | Obstacle:
    """The project or solution that MSBuild takes for `name`; for a folder, the only one in it."""
    if view.kind(name) == "file" or not view.names(name):
        return name if view.file(name) is not None else Obstacle(f"{view.path(name)} does not come from the context")
    solutions = [entry for entry in view.names(name) if entry.endswith((".sln", ".slnx"))]
    projects = [entry for entry in view.names(name) if re.search(r"(?i)\.[a-z]+proj\Z", entry)]
    match solutions, projects:
        case ([one], []) | ([], [one]):
            return posixpath.join(name, one)
        case [[one], [other]] if posixpath.splitext(one)[0] == posixpath.splitext(other)[0]:
            return posixpath.join(name, one)
        case [], []:
            return Obstacle(f"{view.file(name)} holds no project and no solution")
    return Obstacle(f"{view.file(name)} holds more than one of {', '.join((*solutions, *projects)[:4])}")


def _options(call: Call, view: View, options: list[tuple[Word, str, str | None]], found: Restore) -> list[str]:
    """The options that the restore takes over, as written; files that they name are added to `found`."""
    known = knowledge.table("dotnet")
    restores = call.subcommand == "restore"
    words = []
    for word, name, value in options:
        if name in ("-p", "--property", "-property"):
            setting = (value or "").partition("=")[0]
            if not setting or setting in known["properties"]["names"]:
                raise Unknown(f"{word.raw} moves what is restored")
            if setting in known["options"]["properties"]:
                continue
        if not restores and name in ("--self-contained", "--sc"):
            after = next((other.raw for other in call.operands if other.start > word.end), "")
            told = call.has("-r", "--runtime") and "false" not in (value, after)
            words += ["-p:SelfContained=true"] if told else []
        elif restores and name in known["restore"]["options"]:
            _named(view, name, value, found)
        elif not restores and name in known["options"]["restore"]:
            if word.value is None or (value is None):
                raise Unknown(f"`dotnet {call.subcommand}` is told {name} by a variable")
            _named(view, name, value, found)
            apart = not re.search(r"[:=]", word.raw)
            words.append(f"{word.raw} {shlex.quote(value)}" if apart else word.raw)
        elif restores or name not in known["options"]["build"]:
            raise Unknown(f"what `dotnet {call.subcommand} {word.raw}` reads of the project is not known")
    return words


def _named(view: View, name: str, value: str | None, found: Restore) -> None:
    if name not in ("-s", "--source", "--configfile", "--packages"):
        return
    if value is None:
        raise Unknown(f"{name} is told by a variable")
    match name:
        case "--configfile":
            msbuild.config(view, view.path(value), found)
        case "--packages":
            found.packages.append(view.path(value))
        case _:
            msbuild.source(view, view.folder, value, name, found)


def _configuration(call: Call, where: str) -> list[str]:
    """What tells the restore the configuration, for projects that depend on it."""
    given = call.has("-c", "--configuration")
    value = call.value("-c", "--configuration")
    if (given and value is None) or (not given and call.subcommand in ("publish", "pack")):
        raise Unknown(f"{where} depends on $(Configuration), which `dotnet {call.subcommand}` gets in another way")
    return [f"-p:Configuration={shlex.quote(value)}"] if value else []


def _reads(view: View, start: str, found: Restore) -> tuple[str, ...]:
    first = view.path(start)
    sdk = nearest(view, view.folder, "global.json")
    paths = [first, *([sdk] if sdk else []), *found.shared, *found.projects]
    names = [written(view, path.rstrip("/")) + ("/" if path.endswith("/") else "") for path in paths]
    return tuple(sorted(dict.fromkeys(names), key=lambda name: "/" in name))


def _leaves(view: View, found: Restore) -> tuple[str, ...]:
    below = view.folder.rstrip("/") + "/"
    objects = [posixpath.join(posixpath.dirname(project), "obj") for project in found.projects]
    inner = [path for path in objects if path.startswith(below)]
    # One pattern for all is what people write; it must not hide a folder of sources that happens to be called so.
    if len(inner) > 1 and not _other_objects(view, found):
        objects = ["**/obj", *(path for path in objects if path not in inner)]
    places = [*found.packages, *([view.path(view.env["NUGET_PACKAGES"])] if view.env.get("NUGET_PACKAGES") else [])]
    leaves = [*objects, *(path for path in places if inside(view, path))]
    return tuple(dict.fromkeys(written(view, path) if path.startswith("/") else path for path in leaves))


def _other_objects(view: View, found: Restore) -> bool:
    """Whether a folder `obj` that no restore writes lies near the projects."""
    own = {posixpath.dirname(project) for project in found.projects}
    near = {posixpath.join(folder, name) for folder in (*own, view.folder) for name in view.names(folder)}
    return any(view.kind(posixpath.join(folder, "obj")) is not None for folder in {view.folder, *near} - own)


def _evidence(view: View, start: str, found: Restore) -> tuple[Evidence, ...]:
    name = written(view, view.path(start))
    if start.endswith((".sln", ".slnx")):
        line = line_of(view.text(start), r"^[ \t]*<?Project")
        return (view.evidence(f"names its {len(found.projects)} projects", name, line),)
    line = line_of(view.text(start), r"<(PackageReference|ProjectReference|TargetFramework)")
    return (view.evidence("declares the dependencies", name, line),)


def _tools(call: Call, view: View) -> Answer:
    """`dotnet tool` reads the settings of NuGet; `tool restore` also the list of tools."""
    found = Restore()
    reads = []
    if call.subcommand == "tool restore":
        manifest = nearest(view, view.folder, ".config/dotnet-tools.json", "dotnet-tools.json")
        if manifest is None or call.options or call.operands:
            return Obstacle(
                "`dotnet tool restore` finds no .config/dotnet-tools.json in the context, or is told another"
            )
        json_object(view, manifest)
        reads = [manifest]
    elif not call.has("-g", "--global", "--tool-path") or call.has("--configfile", "--add-source"):
        return None
    try:
        msbuild.configs(view, view.folder, found)
    except Unknown as error:
        return Obstacle(str(error))
    sdk = nearest(view, view.folder, "global.json")
    paths = [*reads, *([sdk] if sdk else []), *found.shared]
    names = [written(view, path.rstrip("/")) + ("/" if path.endswith("/") else "") for path in paths]
    evidence = tuple(view.evidence("lists the tools", name, None) for name in names[:1] if reads)
    return Needs(tuple(names), (), evidence)
