"""Go: the program goes on distroless, or on the slim image of the same release where the runtime stage needs a shell.

Sources: https://hub.docker.com/_/golang, https://github.com/GoogleContainerTools/distroless
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.project.context import Unfit
from rewriter.project.fetches import Unclear
from rewriter.project.go.builds import Built, built
from rewriter.project.go.cgo import Program, program
from rewriter.project.go.reads import reads
from rewriter.project.named import Reads
from rewriter.project.needs import Obstacle, View
from rewriter.stages.compiled import (
    awkward,
    carries,
    everywhere,
    follow,
    installed,
    installs_data,
    kept,
    left_behind,
    named_account,
    own_folder,
    sets,
)
from rewriter.stages.go import bases as go_bases
from rewriter.stages.kit import Command, Counterpart, Cut, Minimal, Role, Runtime, Shown
from rewriter.stages.programs import copied_to, found_program
from rewriter.stages.told import start_words
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.steps.final_view import copied_stage, final_view
from rewriter.syntax.tree import Instruction

_BUILDS = frozenset(
    ("build", "install", "get", "generate", "vet", "test", "fmt", "list", "env", "version", "clean", "tool", "fix")
)
_GIT = frozenset(("config", "describe", "rev-parse", "log", "status"))
# Variables that only the go command reads: https://pkg.go.dev/cmd/go#hdr-Environment_variables
_BUILD_ONLY = frozenset(
    (
        *("GO111MODULE", "GOFLAGS", "GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOINSECURE"),
        *("GOOS", "GOARCH", "GOARM", "GOAMD64", "GOBIN", "GOCACHE", "GOMODCACHE", "GOTOOLCHAIN", "GOWORK", "GOVCS"),
        *("CGO_ENABLED", "CGO_CFLAGS", "CGO_LDFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS"),
    )
)


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command is for: the go command and the usual tools build; what `go run` runs may do anything."""
    del shown
    call, line = command.call, command.run.instruction.first_line
    name = posixpath.basename(call.program)
    if name == "go":
        if call.subcommand == "mod init":
            return Obstacle(f"line {line} makes go.mod anew: commit go.mod and go.sum, which say what is needed")
        if call.subcommand in _BUILDS or call.subcommand.startswith(("mod", "work")):
            return Role.BUILDS
        return Obstacle(f"line {line} runs a program by `go {call.subcommand}`: what it writes is not known")
    if name == "make":
        return Obstacle(f"what make in line {line} builds is not looked up: `go build` in its place can be followed")
    if name in _names("tools") or (name == "git" and call.subcommand in _GIT):
        return Role.BUILDS
    return None


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The runtime stage: the programs that are started or installed, and the files that their sources name."""
    try:
        return _runtime(shown, cut)
    except (Unclear, Unfit) as error:
        return Obstacle(str(error))


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The smaller base of a stage on golang that builds nothing: what it starts comes from another stage."""
    try:
        return _counterpart(shown)
    except (Unclear, Unfit) as error:
        return Obstacle(str(error))


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """An image without a shell for a stage that only starts a Go program of another stage."""
    try:
        return _minimal(shown)
    except (Unclear, Unfit):
        return None


def _runtime(shown: Shown, cut: Cut) -> Runtime:
    _check(shown)
    outputs = _outputs(shown.facts, cut.builds, shown.view)
    running = _started(shown, outputs)
    if not running:
        last = shown.start.last
        raise Unclear(f"what the image starts ({last.call.head.raw if last else '?'}) is not what the stage builds")
    outputs = kept(outputs, running)
    made = _program(shown, outputs[running[0]][0])
    files = _reads(made, shown)
    static = _static(shown, outputs, shown.image, (*cut.tools, *cut.packages))
    needed = go_bases.needed(shown, made, outputs, static, cut.packages)
    folder = f"{shown.view.folder.rstrip('/')}/"
    carried = carries(shown, outputs, [*outputs, *((folder,) if files.whole else files.paths)], "/go/bin")
    steps = [*sets(shown, cut, carried), *(i for i in cut.after if i.keyword == "RUN")]
    if account := named_account(shown.image.stage.body):
        steps.append(account)
    needed = needed.with_shell(f"line {steps[0].first_line} needs a whole system" if steps else "", cut.packages)
    base, packages = go_bases.base(shown.image, made, needed, (*cut.tools, *cut.packages))
    if base.startswith("gcr.io/distroless/") and (copy := awkward(shown, cut.after)):
        raise Unclear(f"line {copy.first_line} copies to a folder that {base} has not: end its name with a slash")
    settings = () if steps or cut.packages else tuple(_only_for_build(cut, made))
    facts = [needed.static, *(made.evidence if made else ()), *((files.whole,) if files.whole else files.evidence)]
    return Runtime(
        base,
        tuple(carried),
        "the Go tools, the sources and the modules of the build are shipped beside the program",
        tuple(fact for fact in facts if fact),
        made is not None,
        packages=packages,
        unneeded=(*(() if files.whole or made is None else left_behind(shown, cut, made.root)), *settings),
        declares=frozenset(("env",)) if settings else frozenset(),
    )


def _counterpart(shown: Shown) -> Counterpart | None:
    image = shown.image
    if not image.base.has("go") or not any(i.keyword in ("CMD", "ENTRYPOINT") for i in image.stage.body):
        return None
    _check(shown)
    found = _copied(shown)
    running = _started(shown, found)
    if not running:
        if any(call.program == "go" for run in shown.facts.runs if run.image is image for call in run.calls):
            return None  # the stage builds it itself, and build-tools-shipped says why it is not divided
        raise Unclear("what the image starts is not what another stage builds with go")
    steps = [instruction for instruction in image.stage.body if instruction.keyword == "RUN"]
    for instruction in steps:
        if not everywhere(shown.facts.run(instruction)):
            raise Unclear(f"what line {instruction.first_line} runs may need the Go image")
    steps += filter(None, [named_account(image.stage.body)])
    base, packages, facts = _small(shown, found, f"line {steps[0].first_line} needs a whole system" if steps else "")
    if base.startswith("gcr.io/distroless/") and (copy := awkward(shown, image.stage.body)):
        raise Unclear(f"line {copy.first_line} copies to a folder that {base} may not have: end its name with a slash")
    if packages:
        raise Unclear(f"on a smaller image {' and '.join(packages)} would have to be installed")
    settings = () if own_folder(image) or image.start.workdir == "/" else (f"WORKDIR {image.start.workdir}",)
    known = shown.facts.project.root is not None
    return Counterpart(base, "the Go tools are shipped beside the program", facts, known, settings)


def _minimal(shown: Shown) -> Minimal | None:
    image = shown.image
    if image.base.distribution not in ("debian", "ubuntu", "alpine") or image.base.has("go"):
        return None
    _check(shown)
    found = _copied(shown)
    if not _started(shown, found) or shown.start.shell or shown.start.scripts:
        return None
    if awkward(shown, image.stage.body) or named_account(image.stage.body):
        return None
    dropped = [instruction for instruction in image.stage.body if instruction.keyword == "RUN"]
    if not all(installs_data(shown, instruction) for instruction in dropped):
        return None
    base, _, facts = _small(shown, found, "")
    if not base.startswith("gcr.io/distroless/"):
        return None
    return Minimal(
        base,
        f"{image.base.name} has a shell and a package manager that the program does not use",
        f"to debug it, build on {base}:debug, which has a shell, or attach one with `kubectl debug` or `docker debug`; "
        "`dockerslim verify` shows whether it still works",
        facts,
        dropped=tuple(dropped),
    )


def _copied(shown: Shown) -> dict[str, tuple[Command, Built]]:
    """The Go programs that the stage copies from other stages, at their places in it."""
    facts, image = shown.facts, shown.image
    found: dict[str, tuple[Command, Built]] = {}
    for state, copy in zip(image.before, image.stage.body, strict=True):
        source = copied_stage(facts, copy) if copy.keyword == "COPY" else None
        if source is None or not source.base.has("go"):
            continue
        runs = [run for run in facts.runs if run.image is source]
        builds = [Command(call, folder, run) for run in runs for call, folder in with_folders(run)]
        programs = _outputs(facts, builds, final_view(facts, source))
        for path, command in programs.items():
            if target := copied_to(copy, state, path):
                found[target] = command
    return found


def _small(
    shown: Shown, found: dict[str, tuple[Command, Built]], shell: str
) -> tuple[str, tuple[str, ...], tuple[Evidence, ...]]:
    """The smallest base for the copied programs `found`, its packages, and what that rests on."""
    command = found[_started(shown, found)[0]][0]
    builder = command.run.image
    made = _program(shown, command)
    static = _static(shown, found, builder, installed(shown.facts, builder))
    needed = go_bases.needed(shown, made, found, static, ()).with_shell(shell, ())
    base, packages = go_bases.base(builder, made, needed, ())
    facts = (needed.static, *(made.evidence if made else ()))
    return base, packages, tuple(fact for fact in facts if fact)


def _program(shown: Shown, command: Command) -> Program | None:
    """What the program is built of that `command` builds; None where there is no build context to look at."""
    if shown.facts.project.root is None:
        return None
    view = view_of(shown.facts, command.run, command.folder or "/", ())
    return program(view)


def _started(shown: Shown, outputs: dict[str, tuple[Command, Built]]) -> list[str]:
    """Which of `outputs` the image starts, in order."""
    return [path for each in shown.start.commands if (path := found_program(each, shown, outputs))]


def _static(
    shown: Shown, outputs: dict[str, tuple[Command, Built]], image: StageImage, tools: Collection[str]
) -> Evidence | None:
    """What shows that all programs are linked without the C library."""
    found = [go_bases.static(command, image, shown, tools) for command, _ in outputs.values()]
    return found[0] if found and all(found) else None


def _check(shown: Shown) -> None:
    """Raise `Unclear` where the stage does not end as a program that was built and is started."""
    start = shown.start
    if start.unknown:
        raise Unclear(f"what the image starts is not known: {start.unknown}")
    if shown.image.base.os == "windows":
        raise Unclear("the image is one of Windows")
    if name := next(iter(start.programs & _names("watchers")), None):
        raise Unclear(f"the image starts {name}, which needs the Go tools")
    if "BUILDPLATFORM" in (shown.image.stage.start.flag("platform") or ""):
        raise Unclear("the stage runs on the platform of the builder (--platform): divide it by hand")


def _outputs(facts: Facts, builds: Sequence[Command], view: View) -> dict[str, tuple[Command, Built]]:
    """The programs that `builds` leave behind, each with the command that builds it."""
    found: dict[str, tuple[Command, Built]] = {}
    for command in builds:
        call, folder = command.call, command.folder
        if call.program == "go" and call.subcommand in ("build", "install"):
            if folder is None:
                raise Unclear(f"the folder that line {command.run.instruction.first_line} builds in is not known")
            ahead = command.run.calls[: command.run.calls.index(call)]
            each = built(call, view_of(facts, command.run, folder, ahead))
            found |= {path: (command, each) for path in each.programs if not path.startswith("/dev/")}
        elif call.program in ("mv", "cp", "rm") and call.operands:
            follow(command, found, view)
    used = {posixpath.basename(command.call.program) for command in builds} | _names("tools") | _names("watchers")
    return {p: value for p, value in found.items() if not (value[1].published and posixpath.basename(p) in used)}


def _reads(made: Program | None, shown: Shown) -> Reads:
    """What the program reads. Raises `Unclear` where that is all of the base's own working directory."""
    unknown = Evidence("what the program reads is not known without the build context")
    found = reads(made, shown.view, start_words(shown)) if made else Reads(whole=unknown)
    if found.whole and shown.view.folder in ("/", "/go", "/usr/local/bin", "/bin"):
        raise Unclear(f"{found.whole}, and the working directory {shown.view.folder} holds more than the project")
    return found


def _only_for_build(cut: Cut, made: Program | None) -> Iterator[Instruction]:
    """The ENVs that only the go command reads."""
    if made is None:
        return
    read = {text.value for file in made.sources.files.values() for text in file.texts}
    for instruction in cut.before:
        if instruction.keyword == "ENV":
            names = {word.partition("=")[0] for word in instruction.value.split()}
            plain = all("=" in word for word in instruction.value.split())
            if plain and names <= _BUILD_ONLY - read:
                yield instruction


@lru_cache(maxsize=8)
def _names(entry: str) -> frozenset[str]:
    return frozenset(knowledge.table("go_modules")[entry]["names"].split())
