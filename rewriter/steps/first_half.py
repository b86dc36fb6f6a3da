"""The first half of a divided COPY: what the installs need of it, and what must not come with the second half."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import Value
from rewriter.project.context import Unfit
from rewriter.steps.context_copies import PLAIN, ContextCopy, copies_below, view_of
from rewriter.steps.context_users import PRUNED, named_by, users
from rewriter.steps.crossing import Command, installs, shared


class Declines(Exception):
    """Why the copy stays where it is."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be copied first (`sources`, of the context), left out by `.dockerignore`, and told. `proven` says that
    no content of the context matters."""

    sources: tuple[str, ...]
    excludes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    proven: bool


def part_of(facts: Facts, copy: ContextCopy, commands: Sequence[Command], until: Run) -> Part:
    """What `commands` need of `copy`; raises `Declines`."""
    if any(shared(place.target) for place in copy.places) and any(installs(command) for command in commands):
        raise Declines(f"the copy goes to {copy.target}, where tools keep files of their own")
    below = copies_below(facts, until.instruction)
    sources: dict[str, None] = {}
    patterns: dict[str, None] = {}
    evidence: dict[Evidence, None] = {}
    for command in commands:
        if command.needs is None:
            continue
        evidence |= dict.fromkeys(command.needs.evidence)
        view = view_of(facts, until, command.folder, ())
        for read in command.needs.reads:
            if source := _source(copy, below, view.path(read)):
                sources[source + "/" * read.endswith("/")] = None
        for leaf in command.needs.leaves:
            patterns |= dict.fromkeys(_patterns(facts, copy, command.folder, leaf))
    for command in commands:
        _reached(copy, command, until.state.workdir, tuple(sources))
    excludes = tuple(pattern for pattern in patterns if not facts.project.ignore.covers(pattern))
    proven = not sources and not excludes and not any(command.looked for command in commands)
    return Part(tuple(sources), _agreed(facts, excludes, tuple(sources)), tuple(evidence), proven)


def _reached(copy: ContextCopy, command: Command, workdir: Value, sources: Sequence[str]) -> None:
    """Raise `Declines` where `command` changes to a folder that the first half of the copy does not bring."""
    if command.call.program != "cd" or not command.call.operands:
        return
    path = posixpath.normpath(posixpath.join(command.folder, command.call.operands[0].raw))
    folder = copy.brings(path)
    if folder is None or (isinstance(workdir, str) and f"{workdir}/".startswith(f"{path}/")):
        return
    if not any(folder == "." or source.startswith(f"{folder}/") for source in sources):
        raise Declines(f"the step changes to {path}, which only the whole copy brings")


def _source(copy: ContextCopy, below: Sequence[ContextCopy], path: str) -> str | None:
    """Where in the context the file at `path` comes from, where `copy` alone brings it."""
    found = copy.brings(path)
    if found is None and any(place.target.startswith(f"{path}/") for place in copy.places):
        raise Declines(f"the install reads {path}, of which the copy brings a part")
    for other in below:
        brought = other.brings(path)
        later = other.instruction.span.start > copy.instruction.span.start
        if other.instruction is not copy.instruction and brought and (later or brought == found):
            return None
    if found and not PLAIN.match(found.replace("*", "")):
        raise Declines(f"the name of {found} cannot stand in a COPY as it is")
    return found


def _patterns(facts: Facts, copy: ContextCopy, folder: str, leaf: str) -> Iterator[str]:
    """What of the context could be laid over `leaf`, which a command in `folder` writes."""
    path = posixpath.normpath(posixpath.join(folder, leaf.removeprefix("**/")))
    for place in copy.places:
        if facts.project.kind(place.source) != "folder":
            continue
        above = place.target.rstrip("/") + "/"
        if f"{path}/".startswith(above) and path + "/" != above:
            inner = posixpath.relpath(folder, place.target) if leaf.startswith("**/") else ""
            found = posixpath.join(inner, leaf) if inner else posixpath.relpath(path, place.target)
            yield posixpath.normpath(posixpath.join(place.source, found))
        elif leaf.startswith("**/") and above.startswith(f"{folder.rstrip('/')}/"):
            yield posixpath.normpath(posixpath.join(place.source, leaf))
        elif above.startswith(f"{path}/"):
            raise Declines(f"the copy goes into {path}, which the install writes")


def _agreed(facts: Facts, excludes: tuple[str, ...], sources: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns `excludes`, if nothing speaks against leaving them out of the context; raises `Declines`."""
    if not excludes:
        return ()
    after = facts.project.excluding(excludes)
    for pattern in excludes:
        if not after.ignore.covers(pattern):
            raise Declines(f"{facts.project.ignore_file} brings back what {pattern} would leave out")
    try:
        shared = users(facts, facts.project.beneath(*PRUNED))
    except Unfit as unfit:
        raise Declines(str(unfit)) from None
    for pattern in excludes:
        if named := named_by(shared, pattern):
            raise Declines(f"{pattern} would have to be left out of the context, but {named}")
    for source in sources:
        if after.hides(source.rstrip("/")):
            raise Declines(f"the install reads {source}, and writes there, too")
    return excludes
