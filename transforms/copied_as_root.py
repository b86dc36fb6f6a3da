"""A COPY behind USER whose files the program writes: they belong to root.

What: adds `--chown` to a COPY below a USER, where a step or the program writes into a copied folder, or over a copied
file, as that user.

Why: USER says who runs steps and the container, not to whom copied files belong: COPY gives them to root. The program
fails with "permission denied" at its first write, often long after it has started.

Before:

    FROM node:22-slim
    WORKDIR /home/node/app
    USER node
    COPY bin/migrate bin/
    RUN chmod +x bin/migrate

After:

    FROM node:22-slim
    WORKDIR /home/node/app
    USER node
    COPY --chown=node:node bin/migrate bin/
    RUN chmod +x bin/migrate

Level: standard.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rewriter.change import Alters, Change, Edit, Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.steps.context_copies import ContextCopy, context_copy
from rewriter.steps.created_users import owner
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.start import start
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call
from rewriter.users.program import programs

# Which of their operands they write to. Source: POSIX, Shell and Utilities.
_ALL = frozenset(("mkdir", "touch", "rm", "rmdir", "tee", "truncate", "gunzip", "gzip", "unlink"))
_LAST = frozenset(("cp", "mv", "ln", "install"))


@dataclass(frozen=True, slots=True)
class _Write:
    """Something that is written at `path`; `made` says that it is a folder, which need not be made where it is."""

    path: str
    made: bool
    fact: Evidence


def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    """Yield a change for each COPY of files that somebody without root writes."""
    del file
    for image in facts.images:
        for at, instruction in enumerate(image.stage.body):
            state = image.before[at]
            copy = context_copy(facts, instruction, state)
            user = owner(facts, image, state, instruction)
            if copy is None or user is None or instruction.flag("chown") is not None:
                continue
            name = str(state.user)
            writes = _writes(facts, image, instruction, name)
            fresh = _is_fresh(facts, image, copy)
            needed = next((write for write in writes if _is_needed(copy, write, fresh)), None)
            if needed is not None and not _owner_changes(facts, instruction):
                end = instruction.flags[-1].span.end if instruction.flags else instruction.keyword_span.end
                yield Change(
                    f"COPY gives its files to root whatever USER says, and {needed.path} is written as {name}",
                    (Edit(end, end, f" --chown={user}"),),
                    instruction.span,
                    Alters.FILES,
                    evidence=(needed.fact, facts.line(instruction, f"USER is {name}")),
                )


def _is_needed(copy: ContextCopy, write: _Write, fresh: bool) -> bool:
    """Whether the write needs a folder or a file that `copy` brings: the closest one that is there. The destination
    itself counts where it is `fresh`."""
    path = posixpath.normpath(write.path)
    if not path.startswith("/"):
        return False  # a variable is in front
    if copy.brings(path) and (path != copy.target or not copy.folders):
        return not write.made
    if path == copy.target:
        return fresh and not write.made
    while path != "/" and (path := posixpath.dirname(path)) != copy.target:
        if copy.brings(path):
            return True
    return path == copy.target != "/" and fresh


def _is_fresh(facts: Facts, image: StageImage, copy: ContextCopy) -> bool:
    """Whether the destination is a folder that `copy` makes: nothing above it names it, or a folder in it."""
    if not copy.folders or not image.base.known or f"{image.base.workdir}/".startswith(f"{copy.target}/"):
        return False
    for stage in facts.lineage(image):
        for state, other in zip(stage.before, stage.stage.body, strict=True):
            if other.span.start >= copy.instruction.span.start:
                continue
            inside = isinstance(state.workdir, str) and f"{state.workdir}/".startswith(f"{copy.target}/")
            if inside or copy.target in other.value or posixpath.basename(copy.target) in other.value.split():
                return False
    state = image.before[image.stage.body.index(copy.instruction)]
    return isinstance(state.workdir, str) and not f"{state.workdir}/".startswith(f"{copy.target}/")


def _writes(facts: Facts, image: StageImage, copy: Instruction, user: str) -> Iterator[_Write]:
    """What is written as `user` below `copy`: by steps, and by the container if it runs as that user."""
    later = {each.span.start for each in facts.later(copy)}
    for run in facts.runs:
        if run.instruction.span.start in later and run.state.user == user:
            for call, folder in with_folders(run):
                for path in _written(call, folder):
                    fact = facts.line(run.instruction, f"{call.program} writes {path}")
                    yield _Write(path, call.program == "mkdir", fact)
    last = facts.images[-1]
    if last.final.user == user and image.stage.index in {each.stage.index for each in facts.lineage(last)}:
        yield from _container(facts)


@lru_cache(maxsize=16)
def _container(facts: Facts) -> tuple[_Write, ...]:
    """What the container writes, as far as the project's own files show it."""
    last, found = facts.images[-1], []
    folder = last.final.workdir if isinstance(last.final.workdir, str) else None
    for program in programs(facts, last, start(facts, last)):
        for write in program.code.writes:
            known = write.path if "\0" not in write.path else write.place
            place = located(known, folder) if not write.free else None
            if place:
                fact = Evidence(f"writes {place} ({write.what})", write.line, write.file)
                found.append(_Write(place, write.folder and write.what == "mkdir", fact))
    return tuple(found)


def _written(call: Call, folder: str | None) -> Iterator[str]:
    """The paths that the command writes to; a command with a wrapper may write as another user."""
    if call.wrappers and call.wrappers[0].raw != "env":
        return
    words = [word.value for word in call.operands]
    match call.program:
        case "chmod" | "chgrp":
            words = words[1:]
        case "sed" if not call.has("-i", "--in-place"):
            words = []
        case "sed":
            words = words[1:]
        case program if program in _LAST:
            words = words[-1:]
        case program if program not in _ALL:
            words = []
    targets = [r.target.value for r in call.statement.redirects if r.target and r.operator in (">", ">>", ">|")]
    yield from (path for word in (*words, *targets) if (path := located(word, folder)))


def _owner_changes(facts: Facts, copy: Instruction) -> bool:
    """Whether a step below sets owners or rights as root: then who may write is decided there."""
    later = {each.span.start for each in facts.later(copy)}
    return any(
        call.program in ("chown", "chgrp", "chmod") and (facts.is_root(run) or call.sudo)
        for run in facts.runs
        if run.instruction.span.start in later
        for call in run.calls
    )
