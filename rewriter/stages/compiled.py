"""What kits of compiled programs share: the files that they carry, and what a stage needs beside them.

A program is known by its path; the kit knows what it is built of.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.order.moves import block_start
from rewriter.project import kubernetes
from rewriter.project.fetches import Unclear
from rewriter.project.named import outermost
from rewriter.project.needs import View
from rewriter.stages.kit import Carry, Command, Cut, Shown
from rewriter.stages.programs import in_every_image, scripts_at
from rewriter.stages.shape import discards, written
from rewriter.stages.told import told
from rewriter.steps.context_copies import context_copy
from rewriter.steps.downloads import located, with_folders
from rewriter.syntax.tree import Instruction
from rewriter.within import is_within

_PROBE = re.compile(r"\b(curl|wget|nc)\b")
_OF_SHELLS = frozenset(
    (
        *(
            ".",
            "awk",
            "basename",
            "cut",
            "dirname",
            "exec",
            "expr",
            "grep",
            "head",
            "kill",
            "sleep",
            "sort",
            "source",
            "tail",
        ),
        *("tr", "uniq", "xargs"),
    )
)
_FOLDERS = frozenset(
    ("/bin", "/usr/bin", "/usr/local/bin", "/go/bin", "/sbin", "/usr/sbin", "/usr/local/sbin", "/opt", "/srv")
)
_SHELLS = frozenset(("sh", "ash"))
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Needed:
    """What the runtime stage needs: `static` shows that the program needs no C library, `shell` says why a shell is
    needed ("" where none is), `packages` are those of the distribution."""

    static: Evidence | None
    shell: str = ""
    packages: tuple[str, ...] = ()

    def with_shell(self, reason: str, packages: Collection[str]) -> Needed:
        """The same where steps of the stage need a shell, for the `reason`, or install packages."""
        wanted = self.shell or reason or ("the stage installs packages" if packages else "")
        return replace(self, shell=wanted, packages=self.packages if wanted else ())


def needs(
    shown: Shown,
    outputs: Collection[str],
    static: Evidence | None,
    run: Iterable[tuple[str, str]],
    installed: Collection[str],
) -> Needed:
    """What the start of the stage, its health checks and the programs `run` by the sources need beside `outputs`; each
    of `run` comes with who says so. Raises `Unclear`."""
    shell, packages = "", set[str]()
    start, alpine = shown.start, shown.image.base.distribution == "alpine"
    if start.shell:
        shell = "a shell reads the start command"
    if start.scripts:
        shell = f"{start.scripts[0].file} needs a shell"
    own = {posixpath.basename(path) for path in outputs}
    own |= {posixpath.basename(script.file) for script in start.scripts}
    known = _OF_SHELLS | _SHELLS | in_every_image()
    asked = [(name, f"the image starts {name}") for name in sorted(start.programs - known) + start.inits]
    asked += [*run, *_probes(shown, own)]
    for name, why in asked:
        if name in own:
            continue
        shell = shell or why
        if name not in known:
            packages |= _package(name, why, installed, alpine=alpine)
    if "TZ" in shown.image.final.env:
        packages.add("tzdata")
    return Needed(static, shell, tuple(sorted(packages)))


def _package(name: str, why: str, installed: Collection[str], *, alpine: bool) -> frozenset[str]:
    """The package of the program `name`; none where it comes with those that the stage has `installed`, since the image
    that builds has none of that name. Raises `Unclear`."""
    table = knowledge.table("native")
    package = table["runs"].get(name)
    if alpine and name in table["busybox"]["names"].split():
        return frozenset()
    if isinstance(package, str) and name != "source":
        return frozenset(package.split())
    if installed and name not in table["compiles"]["names"].split():
        return frozenset()
    raise Unclear(f"{why}: it is not known to be in a smaller image")


def _probes(shown: Shown, own: Collection[str]) -> Iterator[tuple[str, str]]:
    """The programs of health checks: that of the stage, and those of compose files beside it."""
    for instruction in shown.image.stage.body:
        if instruction.keyword == "HEALTHCHECK" and instruction.value.strip().upper() != "NONE":
            words = instruction.value.removeprefix("CMD").strip()
            line = f"the health check of line {instruction.first_line}"
            if not words.startswith("["):
                yield "sh", f"{line} needs a shell"
            names = re.findall(r"[\w./-]+", words)
            found = [name for name in names if posixpath.basename(name) in knowledge.table("native")["runs"]]
            if not found and not any(posixpath.basename(name) in own for name in names):
                raise Unclear(f"which program {line} runs is not known")
            yield from ((posixpath.basename(name), f"{line} runs {name}") for name in found)
    alone = shown.image.final.entrypoint == ("exec", ())
    for service, key, text in told(shown.facts.project, "healthcheck", "entrypoint", *(("command",) if alone else ())):
        where, name = f"{service.file}:{service.line_of(key)}", posixpath.basename(text.split()[0]) if text else ""
        if key == "healthcheck":
            yield from ((match[1], f"{where} runs {match[1]}") for match in _PROBE.finditer(text))
            if not text.startswith(("CMD ", "NONE")):
                yield "sh", f"{where} has a shell check the health of the service {service.name}"
        elif name and name not in own and not name.startswith("-"):
            yield "sh", f"{where} has the service {service.name} start {name}"
    for text, evidence in kubernetes.probes(shown.facts.project):
        names = [match[1] for match in _PROBE.finditer(text)]
        names += ["sh"] if posixpath.basename(text.split()[0]) in _SHELLS else []
        yield from ((name, str(evidence)) for name in names)


def follow(command: Command, found: dict[str, _Made], view: View) -> None:
    """Follow one of the programs `found` that is moved, copied or removed."""
    words = [word.value or "" for word in command.call.operands]
    paths = [posixpath.normpath(posixpath.join(command.folder or "/", word)) for word in words]
    taken = [path for path in paths if path in found]
    if command.call.program != "rm" and len(paths) == 2 and taken == paths[:1]:
        into = words[1].endswith("/") or paths[1] in _FOLDERS or view.kind(paths[1]) == "folder"
        found[posixpath.join(paths[1], posixpath.basename(paths[0])) if into else paths[1]] = found[paths[0]]
    if command.call.program != "cp":
        for path in taken:
            del found[path]


def kept(outputs: dict[str, _Made], running: Collection[str]) -> dict[str, _Made]:
    """`outputs` without the programs of which a copy is among those that are `running`."""
    there = {(posixpath.basename(path), id(outputs[path])) for path in running}
    return {
        path: made
        for path, made in outputs.items()
        if path in running or (posixpath.basename(path), id(made)) not in there
    }


def carries(shown: Shown, outputs: Container[str], paths: Iterable[str], bins: str) -> list[Carry]:
    """The files and folders `paths`, `outputs` first; one that lies in a carried folder is not named again. Programs in
    `bins`, which is in the search path of the build image alone, go where they are found."""
    wanted = [*paths, *(path for path in scripts_at(shown) if not _copied_alone(shown, path))]
    kept = sorted(outermost(wanted), key=lambda path: (path not in outputs, path))
    moved = {path for path in kept if posixpath.dirname(path) == bins and _by_name(shown, path)}
    return [Carry(path, f"/usr/local/bin/{posixpath.basename(path)}" if path in moved else path) for path in kept]


def _by_name(shown: Shown, path: str) -> bool:
    return any(started.call.head.value == posixpath.basename(path) for started in shown.start.commands)


def _copied_alone(shown: Shown, path: str) -> bool:
    """Whether a COPY of its own brings the file at `path`, which then comes to the runtime stage by itself."""
    return any(place.target == path for place in shown.view.places)


def left_behind(shown: Shown, cut: Cut, root: str) -> Iterator[Instruction]:
    """The copies whose files the program does without: they lie in the working directory or
    in `root`, where it was looked at what the program reads."""
    roots, scripts = (shown.view.folder, root), frozenset(scripts_at(shown))
    for state, instruction in zip(shown.image.before, shown.image.stage.body, strict=True):
        copy = context_copy(shown.facts, instruction, state) if instruction in cut.before else None
        if copy and any(place.target in scripts for place in copy.places):
            continue
        if copy and all(any(is_within(place.target, root) for root in roots) for place in copy.places):
            yield instruction


def sets(shown: Shown, cut: Cut, carries: Sequence[Carry]) -> Iterator[Instruction]:
    """The steps above the cut that set up the image, and that the runtime stage has to repeat in a shell."""
    builds = {id(command.call) for command in cut.builds}
    words = knowledge.table("stage_steps")
    quiet = frozenset(words["quiet"].split())
    harmless = frozenset((*quiet, *words["packages"].split(), "rm"))
    for run in shown.facts.runs:
        if run.instruction not in cut.before or run.image is not shown.image:
            continue
        for call, folder in with_folders(run):
            name = posixpath.basename(call.program)
            writes = any(r.operator.startswith(">") and r.target for r in call.statement.redirects)
            if id(call) in builds or (name in harmless and (not writes or name not in quiet or discards(call))):
                continue
            if name == "chown":
                line = run.instruction.first_line
                raise Unclear(f"line {line} gives files to another user, which the copy to a runtime stage would undo")
            if not _idle(Command(call, folder, run), shown, carries):
                yield run.instruction
                break


def _idle(command: Command, shown: Shown, carries: Sequence[Carry]) -> bool:
    """Whether the command only makes folders that WORKDIR and COPY make too, or sets the mode of what is carried."""
    paths = written(command)
    targets = [shown.view.folder, *(carry.target for carry in carries)]
    if not paths:
        return False
    if command.call.program == "mkdir":
        return all(any(is_within(target.rstrip("/"), path) for target in targets) for path in paths)
    carried = [carry.source.rstrip("/") for carry in carries]
    return command.call.program == "chmod" and all(any(is_within(path, each) for each in carried) for path in paths)


def awkward(shown: Shown, instructions: Iterable[Instruction]) -> Instruction | None:
    """A COPY to a folder of the system that is written without a slash: where the base has no such folder, it makes a
    file of that name. None where there is none."""
    for state, instruction in zip(shown.image.before, shown.image.stage.body, strict=True):
        if instruction.keyword in ("COPY", "ADD") and instruction in instructions:
            words = instruction.json or tuple(instruction.value.split())
            target = located(words[-1], state.workdir) if words and not words[-1].endswith("/") else None
            if target in _FOLDERS and target != state.workdir:
                return instruction
    return None


def named_account(instructions: Iterable[Instruction]) -> Instruction | None:
    """A USER or a copy with an owner that names an account which distroless images do not have; None where there is
    none. Source: https://github.com/GoogleContainerTools/distroless (common/variables.bzl)"""
    for instruction in instructions:
        names = [instruction.value.strip("\"'")] if instruction.keyword == "USER" else []
        names += instruction.flag_values("chown") if instruction.keyword in ("COPY", "ADD") else ()
        parts = {part for name in names for part in name.split(":") if not part.isdigit()}
        if not parts <= {"root", "nobody", "nonroot", ""}:
            return instruction
    return None


def own_folder(image: StageImage) -> bool:
    """Whether the stage sets its working directory before anything is put there."""
    for instruction in image.stage.body:
        if instruction.keyword == "WORKDIR":
            return instruction.value.lstrip("\"'").startswith("/")
        words = instruction.json or tuple(instruction.value.split())
        if instruction.keyword in ("COPY", "ADD") and not words[-1].startswith("/"):
            return False
    return False


def installed(facts: Facts, image: StageImage) -> frozenset[str]:
    """The packages that the steps of the stage install."""
    calls = (call for run in facts.runs if run.image is image for call in run.calls)
    return frozenset(word.raw for call in calls if call.installs for word in call.operands)


def installs_data(shown: Shown, instruction: Instruction, *more: str) -> bool:
    """Whether the step only installs what distroless images have, too."""
    run, file = shown.facts.run(instruction), shown.facts.file
    if run is None or instruction.comments or block_start(file, instruction) != instruction.span.start:
        return False
    names = [word.raw for call in run.calls if call.installs for word in call.operands]
    known = all(call.program in ("apk", "apt-get", "rm", "update-ca-certificates") for call in run.calls)
    return known and bool(names) and set(names) <= {"ca-certificates", "tzdata", *more}


def everywhere(run: Run | None) -> bool:
    """Whether the step runs only what every image with a shell can run."""
    return run is not None and all(posixpath.basename(call.program) in in_every_image() for call in run.calls)
