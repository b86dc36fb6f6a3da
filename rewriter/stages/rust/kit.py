"""Rust: the program goes on the slim image of the same release, with the libraries that its crates load.

Sources: https://hub.docker.com/_/rust, https://doc.rust-lang.org/reference/linkage.html (the C library is linked at run
time, for musl it is compiled in), https://github.com/GoogleContainerTools/distroless/tree/main/cc
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.project.context import Unfit
from rewriter.project.fetches import Unclear
from rewriter.project.named import Reads
from rewriter.project.needs import Obstacle, View
from rewriter.project.rust.programs import Built, Program, built, certificates, libraries, program, reads
from rewriter.project.rust.sources import calling
from rewriter.stages.compiled import (
    Needed,
    awkward,
    carries,
    everywhere,
    follow,
    installed,
    installs_data,
    kept,
    left_behind,
    named_account,
    needs,
    own_folder,
    sets,
)
from rewriter.stages.kit import Command, Counterpart, Cut, Minimal, Role, Runtime, Shown
from rewriter.stages.programs import copied_to, found_program
from rewriter.stages.told import start_words
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.steps.final_view import copied_stage, final_view
from rewriter.syntax.vocabulary import Call

Outputs = dict[str, tuple[Command, Built]]

_CARGO_BIN = "/usr/local/cargo/bin"
_BUILDS = frozenset(
    (
        *(
            "add",
            "b",
            "bench",
            "build",
            "c",
            "check",
            "chef",
            "clean",
            "clippy",
            "doc",
            "fetch",
            "fmt",
            "generate-lockfile",
        ),
        *(
            "generate-lockfile",
            "init",
            "install",
            "metadata",
            "new",
            "rustc",
            "sqlx",
            "t",
            "test",
            "tree",
            "update",
            "vendor",
            "version",
        ),
    )
)
_TOOLS = frozenset(
    ("rustup", "rustc", "rustfmt", "strip", "upx", "ldd", "file", "protoc", "wasm-pack", "trunk", "sqlx")
)
_WATCHERS = frozenset(("cargo", "bacon", "watchexec", "rustc", "gdb", "lldb", "systemfd"))
_DISTROLESS = {"buster": 12, "bullseye": 12, "bookworm": 12, "trixie": 13}
_STATIC = "gcr.io/distroless/static-debian12"


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command is for: cargo and the usual tools build; what `cargo run` runs may do anything."""
    del shown
    call, line = command.call, command.run.instruction.first_line
    name = posixpath.basename(call.program)
    if name == "cargo":
        words = [word for word in (call.subcommand, *(each.raw for each in call.operands)) if not word.startswith("+")]
        if words and words[0] in _BUILDS:
            return Role.BUILDS
        return Obstacle(f"line {line} runs a program by `cargo {' '.join(words[:1])}`: what it writes is not known")
    if name == "make":
        return Obstacle(f"what make in line {line} builds is not looked up: `cargo build` in its place can be followed")
    return Role.BUILDS if name in _TOOLS else None


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The runtime stage: the programs, the libraries of their crates, and the files that their sources name."""
    try:
        return _runtime(shown, cut)
    except (Unclear, Unfit) as error:
        return Obstacle(str(error))


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The smaller base of a stage on rust that builds nothing: what it starts comes from another stage."""
    try:
        return _counterpart(shown)
    except (Unclear, Unfit) as error:
        return Obstacle(str(error))


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """An image without a shell for a stage that only starts a Rust program of another stage."""
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
    files: Reads = reads(made, shown.view, start_words(shown))
    needed, _, facts = _needed(shown, made, outputs, shown.image, cut.packages)
    carried = carries(shown, outputs, [*outputs, *files.paths], _CARGO_BIN)
    steps = [*sets(shown, cut, carried), *(i for i in cut.after if i.keyword == "RUN")]
    libraries_ = needed.packages
    if account := named_account(shown.image.stage.body):
        steps.append(account)
    needed = needed.with_shell(f"line {steps[0].first_line} needs a whole system" if steps else "", cut.packages)
    if shown.image.base.distribution == "debian" and needed.static and not needed.shell:
        base, packages = _STATIC, tuple[str, ...]()
    else:
        base, packages = _slim(shown.image, needed), libraries_
    return Runtime(
        base,
        tuple(carried),
        "the Rust tools, the sources and all that is compiled on the way are shipped beside the program",
        (*([needed.static] if needed.static else ()), *facts, *files.evidence),
        packages=packages,
        unneeded=tuple(left_behind(shown, cut, made.root)),
    )


def _counterpart(shown: Shown) -> Counterpart | None:
    image = shown.image
    if not image.base.has("cargo") or not any(i.keyword in ("CMD", "ENTRYPOINT") for i in image.stage.body):
        return None
    _check(shown)
    found = _copied(shown)
    running = _started(shown, found)
    if not running:
        if any(call.program == "cargo" for run in shown.facts.runs if run.image is image for call in run.calls):
            return None  # the stage builds it itself, and build-tools-shipped says why it is not divided
        raise Unclear("what the image starts is not what another stage builds with cargo")
    for instruction in image.stage.body:
        if instruction.keyword == "RUN" and not everywhere(shown.facts.run(instruction)):
            raise Unclear(f"what line {instruction.first_line} runs may need the Rust image")
    command = found[running[0]][0]
    made = _program(shown, command)
    needed, _, facts = _needed(shown, made, found, command.run.image, ())
    missing = sorted(set(needed.packages) - installed(shown.facts, image))
    if missing:
        raise Unclear(f"on a smaller image {' and '.join(missing)} would have to be installed")
    settings = () if own_folder(image) or image.start.workdir == "/" else (f"WORKDIR {image.start.workdir}",)
    base = _slim(command.run.image, needed)
    return Counterpart(base, "the Rust tools are shipped beside the program", facts, True, settings)


def _minimal(shown: Shown) -> Minimal | None:
    image = shown.image
    if image.base.distribution not in ("debian", "ubuntu", "alpine") or image.base.has("cargo"):
        return None
    _check(shown)
    found = _copied(shown)
    running = _started(shown, found)
    if not running:
        return None
    command = found[running[0]][0]
    builder = command.run.image
    needed, there, facts = _needed(shown, _program(shown, command), found, builder, ())
    if awkward(shown, image.stage.body) or named_account(image.stage.body):
        return None
    dropped = [instruction for instruction in image.stage.body if instruction.keyword == "RUN"]
    extra = tuple(needed.packages) if there else ()
    if needed.shell or not there or not all(installs_data(shown, each, *extra, "openssl") for each in dropped):
        return None
    if needed.static is None and builder.base.release not in _DISTROLESS:
        return None
    base = _STATIC if needed.static else f"gcr.io/distroless/cc-debian{_DISTROLESS[str(builder.base.release)]}"
    return Minimal(
        base,
        f"{image.base.name} has a shell and a package manager that the program does not use",
        f"to debug it, build on {base}:debug, which has a shell, or attach one with `kubectl debug` or `docker debug`; "
        "`dockerslim verify` shows whether it still works",
        (*([needed.static] if needed.static else ()), *facts),
        dropped=tuple(dropped),
    )


def _check(shown: Shown) -> None:
    """Raise `Unclear` where the stage does not end as a program that was built and is started."""
    start = shown.start
    if start.unknown:
        raise Unclear(f"what the image starts is not known: {start.unknown}")
    if name := next(iter(start.programs & _WATCHERS), None):
        raise Unclear(f"the image starts {name}, which needs the Rust tools")
    if "BUILDPLATFORM" in (shown.image.stage.start.flag("platform") or ""):
        raise Unclear("the stage runs on the platform of the builder (--platform): divide it by hand")


def _program(shown: Shown, command: Command) -> Program:
    return program(_view(shown.facts, command))


def _view(facts: Facts, command: Command) -> View:
    if command.folder is None:
        raise Unclear(f"the folder that line {command.run.instruction.first_line} builds in is not known")
    return view_of(facts, command.run, command.folder, command.run.calls[: command.run.calls.index(command.call)])


def _started(shown: Shown, outputs: Outputs) -> list[str]:
    """Which of `outputs` the image starts, in order."""
    return [path for each in shown.start.commands if (path := found_program(each, shown, outputs))]


def _outputs(facts: Facts, builds: Sequence[Command], view: View) -> Outputs:
    """The programs that `builds` leave behind, each with the command that builds it."""
    found: Outputs = {}
    for command in builds:
        if command.call.program == "cargo" and _subcommand(command.call) in ("build", "b", "install"):
            each = built(command.call, _view(facts, command))
            found |= dict.fromkeys(each.programs, (command, each))
        elif command.call.program in ("mv", "cp", "rm", "install") and command.call.operands:
            follow(command, found, view)
    return {path: value for path, value in found.items() if not value[1].published}


def _subcommand(call: Call) -> str:
    words = [word for word in (call.subcommand, *(each.raw for each in call.operands)) if not word.startswith("+")]
    return words[0] if words else ""


def _copied(shown: Shown) -> Outputs:
    """The Rust programs that the stage copies from other stages, at their places in it."""
    facts, image = shown.facts, shown.image
    found: Outputs = {}
    for state, copy in zip(image.before, image.stage.body, strict=True):
        source = copied_stage(facts, copy) if copy.keyword == "COPY" else None
        if source is None or not source.base.has("cargo"):
            continue
        runs = [run for run in facts.runs if run.image is source]
        builds = [Command(call, folder, run) for run in runs for call, folder in with_folders(run)]
        for path, command in _outputs(facts, builds, final_view(facts, source)).items():
            if target := copied_to(copy, state, path):
                found[target] = command
    return found


def _needed(
    shown: Shown, made: Program, outputs: Outputs, builder: StageImage, present: Sequence[str]
) -> tuple[Needed, bool, tuple[Evidence, ...]]:
    """What the programs need of their image, whether distroless images have their libraries, and what shows that."""
    static = _static(outputs, builder)
    loaded, there, facts = frozenset[str](), True, tuple[Evidence, ...]()
    if static is None:
        if builder.base.distribution != "debian" or builder.base.release is None:
            raise Unclear(f"which Debian {builder.base.name} stands on is not known: name the release in its tag")
        loaded, there, facts = libraries(made, builder.base.release)
    found = needs(shown, outputs, static, tuple(_run(made)), present)
    packages = {*found.packages, *loaded}
    if certificates(made):
        packages.add("ca-certificates")
    return replace(found, packages=tuple(sorted(packages))), there, facts


def _static(outputs: Outputs, builder: StageImage) -> Evidence | None:
    """What shows that the C library is compiled into all programs."""
    targets = {each.target for _, each in outputs.values()}
    line = min(command.run.instruction.first_line for command, _ in outputs.values())
    musl = builder.base.distribution == "alpine" and targets <= {""}
    if any("crt-static" in command.run.text.text for command, _ in outputs.values()):
        return None
    if musl or all("-musl" in target for target in targets):
        return Evidence("for musl the C library is compiled into the program", line)
    return None


def _run(made: Program) -> Iterator[tuple[str, str]]:
    """The programs that the sources run, each with who says so. Raises `Unclear`."""
    for path, call in calling(made.files, "Command::new"):
        where = f"{made.view.file(path)}:{call.line}"
        if any("clap" in name for name in made.locked) and call.literal:
            text = made.view.text(path)
            if "process::Command" not in text and "process" not in text:
                continue  # clap's own Command
        if not call.literal or not call.texts:
            raise Unclear(f"{where} runs a program whose name is not written out")
        yield posixpath.basename(call.texts[0]), f"{where} runs {call.texts[0]}"


def _slim(image: StageImage, needed: Needed) -> str:
    """The slim image of the release that the program was built on."""
    if image.base.distribution == "alpine":
        return f"alpine:{image.base.release or 3}"
    if image.base.release is None and needed.static is None:
        raise Unclear(f"which Debian {image.base.name} stands on is not known: name the release in its tag")
    return f"debian:{image.base.release}-slim" if image.base.release else "debian:stable-slim"
