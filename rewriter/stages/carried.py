"""What the runtime stage copies from the build stage, and what of the stage's steps is thereby done."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from rewriter.effects import of_call
from rewriter.effects.effect import canonical
from rewriter.stages.kit import Carry, Command, Role, Runtime, Shown
from rewriter.stages.shape import Refused, Step, written
from rewriter.steps.downloads import located, plain
from rewriter.syntax.shell import Word
from rewriter.syntax.words import BadWord, UnknownValue, expand

# Folders of the base image, which has files of its own there.
_SYSTEM = re.compile(
    r"/(?:(?:usr/|usr/local/)?(?:bin|etc|games|include|lib\w*|sbin|share|src)|usr|usr/local|var|root|home)?"
)
# File tools that leave files behind.
_PUTS = frozenset(("cat", "cp", "gunzip", "install", "ln", "mv", "sed", "tar", "tee", "unzip"))


class Carried:
    """The places that are copied: those that the kit names, and what file tools put elsewhere after a build. `done` are
    the commands that set up what is carried, or stays behind: nothing of them is repeated. Raises `Refused` where it is
    not known what a command writes."""

    def __init__(self, stage: Shown, steps: Mapping[int, Step], runtime: Runtime) -> None:
        self.stage = stage
        self.steps = steps
        self.runtime = runtime
        self.carries = list(runtime.carries)
        self.taken: list[Command] = []
        self.done: list[Command] = []
        self._carry_files()

    def has(self, path: str) -> bool:
        """Whether `path` is carried, or lies in a folder that is."""
        folders = [carry.source for carry in self.carries]
        return any(path == source.rstrip("/") or path.startswith(f"{source.rstrip('/')}/") for source in folders)

    def known(self, path: str) -> bool:
        """Whether what lies at `path` is carried, be it by the names of what a folder holds."""
        return self.has(path) or any(carry.source.startswith(f"{path}/") for carry in self.carries)

    def left(self, path: str) -> bool:
        """Whether `path` lies in a folder whose files stay in the build stage."""
        return any(f"{path}/".startswith(folder) for folder in self.runtime.left)

    def below(self, path: str) -> bool:
        """Whether `path` lies in a carried folder, and is not that folder itself."""
        return any(path.startswith(f"{carry.source.rstrip('/')}/") for carry in self.carries)

    def _carry_files(self) -> None:
        """Carry what file tools put elsewhere after something was built, or take from what is carried, and the output
        of what builds and runs."""
        for step in self.steps.values():
            for command, role in step.commands:
                puts = posixpath.basename(command.call.program) in _PUTS
                takes = role is Role.SETS and puts and self._takes(command)
                if (role is Role.BUILDS and puts) or takes:
                    paths = written(command)
                elif role in (Role.BUILDS, Role.RUNS):
                    paths = _outputs(command)
                else:
                    continue
                if paths is None:
                    line = step.instruction.first_line
                    raise Refused(
                        f"where {command.call.program} in line {line} writes is not known", step.instruction.span
                    )
                if takes:
                    self.taken.append(command)
                there = sorted(paths - _moved_away(command))
                if system := next((path for path in there if _SYSTEM.fullmatch(path) and not self.known(path)), None):
                    raise Refused(
                        f"line {step.instruction.first_line} puts files in {system}, and which ones is not known",
                        step.instruction.span,
                    )
                self.carries += [Carry(path, path) for path in there if not (self.known(path) or self.left(path))]
        self.done = self._all_done()

    def _takes(self, command: Command) -> bool:
        """Whether a file tool takes something that is carried, which is not there before that."""
        reads = of_call(command.call, command.folder, command.run).reads
        return any(self.has(path) for path in reads) and not self._done(command)

    def _all_done(self) -> list[Command]:
        """The commands that set up what is carried, or stays behind. A folder is made again where another command
        needs it."""
        sets = [command for step in self.steps.values() for command in step.of(Role.SETS)]
        done = [c for c in sets if c in self.taken or self._done(c) or self._stands_in(c)]
        rest = [path for command in sets if command not in done for path in written(command) or ()]
        for command in done[:]:
            paths = written(command) if command.call.program == "mkdir" else None
            for path in paths or ():
                if any(f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in rest):
                    done.remove(command)
                    break
        return done

    def _stands_in(self, command: Command) -> bool:
        """Whether a command only makes files that a later one of the same step removes again, or the folders of them,
        which come with the context: `mkdir src && touch src/main.rs && cargo fetch && rm src/main.rs`."""
        later = (c for c in self.steps[command.run.instruction.span.start].commands if c[0].call.program == "rm")
        after = (c for c, _ in later if c.call.statement.start > command.call.statement.start)
        gone = {path for c in after for path in of_call(c.call, c.folder, c.run).writes}
        paths = written(command)
        if not paths or not gone:
            return False
        view = self.stage.view
        return all(
            path in gone or (view.kind(path) == "folder" and any(each.startswith(f"{path}/") for each in gone))
            for path in paths
        )

    def _done(self, command: Command) -> bool:
        """Whether all that the command sets up is carried, or stays behind."""
        paths = written(command)
        if paths and command.call.program == "chmod" and not any(self.has(path) for path in paths):
            return all(self.left(path) and f"{path}/" not in self.runtime.left for path in paths)
        if paths and command.call.program == "mkdir":
            known = all(_path(command, word) for word in command.call.operands)
            return known and all(self.below(path) or self._made(path) for path in paths)
        if paths and command.call.program == "chmod" and all(self.has(path) for path in paths):
            return True
        if command.call.program == "find" and command.call.operands:
            return self.has(_path(command, command.call.operands[0]) or "/")
        if paths and any(self.below(path) for path in paths) and not all(self.has(path) for path in paths):
            at = command.run.instruction
            made = {p for other in self.steps[at.span.start].of(Role.SETS) for p in self.makes(other)}
            below = next((path for path in sorted(paths) if self.below(path) and path not in made), None)
            if below and command.call.program in ("chmod", "chown", "chgrp"):
                raise Refused(f"line {at.first_line} changes {below} and what lies elsewhere at once", at.span)
        return paths is not None and all(self.below(path) for path in paths)

    def makes(self, command: Command) -> frozenset[str]:
        """The folders that a command makes."""
        return written(command) or frozenset() if command.call.program == "mkdir" else frozenset()

    def _made(self, path: str) -> bool:
        """Whether the folder `path` is made by what the runtime stage copies, or by its WORKDIR."""
        targets = [self.stage.view.folder, *(carry.target for carry in self.carries)]
        return any(target.rstrip("/") == path or target.startswith(f"{path}/") for target in targets)


def _outputs(command: Command) -> frozenset[str] | None:
    """The files that a command's output is written to; None where one is not known."""
    found = set[str]()
    for redirect in command.call.statement.redirects:
        if redirect.operator.startswith((">", "&>")) and redirect.operator != ">&" and redirect.target is not None:
            path = _path(command, redirect.target)
            if path is None:
                return None
            if not path.startswith(("/dev/", "/proc/", "/tmp/")):
                found.add(canonical(path))
    return frozenset(found)


def _path(command: Command, word: Word) -> str | None:
    """Where a file lies that `command` names by `word`, with the variables of the stage in it."""
    text = plain(word)
    if text is None:
        return None
    try:
        return located(expand(text, command.run.state.lookup), command.folder)
    except (BadWord, UnknownValue):
        return None


def _moved_away(command: Command) -> frozenset[str]:
    """What `mv` takes from its place: it is not there any more."""
    call = command.call
    sources = call.operands[:-1] if posixpath.basename(call.program) == "mv" else ()
    return frozenset(canonical(path) for word in sources if (path := _path(command, word)))
