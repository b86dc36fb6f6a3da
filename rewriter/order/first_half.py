"""The first half of a divided COPY: what the installs need of it, and what must not come with the second half."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rewriter import effects
from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import State
from rewriter.order.crossing import Command, installs, known_folder, shared
from rewriter.order.excluding import objection
from rewriter.order.kept_locks import stale
from rewriter.order.pointers import pointed
from rewriter.project.ecosystems import has_reader
from rewriter.project.needs import Place
from rewriter.steps.context_copies import PLAIN, ContextCopy, copies_below, view_of
from rewriter.steps.downloads import located, plain

_WRITES = frozenset(("add", "init", "lock", "pkg", "tidy", "update", "upgrade", "version"))


class Declines(Exception):
    """Why the copy stays where it is."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be copied first (`places`: sources of the context, of which folders end in `/`, and the folders that
    they come to), left out by `.dockerignore`, and told. `proven` says that no content of the context matters."""

    places: tuple[Place, ...]
    excludes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    proven: bool

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(place.source for place in self.places)


def part_of(facts: Facts, copy: ContextCopy, commands: Sequence[Command], until: Run) -> Part:
    """What `commands` need of `copy`; raises `Declines`."""
    elsewhere = "/." in copy.target or any(shared(place.target) for place in copy.places)
    if elsewhere and any(installs(command) for command in commands):
        raise Declines(f"the copy goes to {copy.target}, where tools keep files of their own")
    below = copies_below(facts, until.instruction)
    places: dict[Place, None] = {}
    patterns: dict[str, None] = {}
    evidence: dict[Evidence, None] = {}
    for command in commands:
        if command.needs is None:
            continue
        evidence |= dict.fromkeys(command.needs.evidence)
        view = view_of(facts, until, command.folder, ())
        for read in command.needs.reads:
            for source in _sources(facts, copy, below, view.path(read)):
                folder = view.path(read if read.endswith("/") else posixpath.dirname(read) or ".")
                places[Place(source + "/" * read.endswith("/"), folder)] = None
        for leaf in command.needs.leaves:
            patterns |= dict.fromkeys(_patterns(facts, copy, command.folder, leaf))
    sources = tuple(place.source for place in places)
    for command in commands:
        _reached(copy, command, until.state, sources)
    if any(map(installs, commands)) and (why := pointed(facts, copy, commands, until, sources)):
        raise Declines(why)
    if why := stale(facts, commands, until):
        raise Declines(why)
    excludes = tuple(pattern for pattern in patterns if not facts.project.ignore.covers(pattern))
    proven = not sources and not excludes and not any(command.looked for command in commands)
    return Part(tuple(places), _agreed(facts, excludes, sources), tuple(evidence), proven)


def _reached(copy: ContextCopy, command: Command, state: State, sources: Sequence[str]) -> None:
    """Raise `Declines` where `command` changes to a folder that the first half of the copy does not bring."""
    if command.call.program != "cd" or not command.call.operands:
        return
    path = known_folder(located(plain(command.call.operands[0]), command.folder), state)
    if path is None:
        raise Declines(f"where cd {command.call.operands[0].raw} leads is not known")
    folders = copy.brings(path)
    if not folders or (isinstance(state.workdir, str) and f"{state.workdir}/".startswith(f"{path}/")):
        return
    if not any(folder == "." or source.startswith(f"{folder}/") for folder in folders for source in sources):
        raise Declines(f"the step changes to {path}, which only the whole copy brings")


def _sources(facts: Facts, copy: ContextCopy, below: Sequence[ContextCopy], path: str) -> tuple[str, ...]:
    """Where in the context the file or folder at `path` comes from, where `copy` alone brings it."""
    found = copy.brings(path)
    if not found and any(place.target.startswith(f"{path}/") for place in copy.places):
        raise Declines(f"the install reads {path}, of which the copy brings a part")
    if set("*?").intersection(path):
        found = _by_pattern(copy, found, posixpath.basename(path))
    elif len(found) > 1:
        raise Declines(f"{' and '.join(sorted(found))} come to one place, {path}")
    for other in below:
        if other.instruction is copy.instruction or not (brought := other.brings(path)):
            continue
        if other.instruction.span.start > copy.instruction.span.start:
            return ()
        if brought == found and not _changed(facts, other, copy, path):
            return ()
    for source in found:
        if not PLAIN.match(source.replace("*", "")) or f"/{source}".startswith("/-"):
            raise Declines(f"the name of {source} cannot stand in a COPY as it is")
        if facts.project.linked(source):
            raise Declines(f"{source} is a symbolic link")
    return found


def _by_pattern(copy: ContextCopy, found: tuple[str, ...], pattern: str) -> tuple[str, ...]:
    """The sources `found` for a pattern: a file that the pattern matches tomorrow must come with them, too."""
    words = [posixpath.normpath(word) for word in copy.words[:-1] if set("*?").intersection(word)]
    for word in words:
        if posixpath.basename(word) == pattern:
            return (word,)
    if words:
        raise Declines(f"{words[0]} may stand for more files one day that the install reads")
    return found


def _changed(facts: Facts, first: ContextCopy, second: ContextCopy, path: str) -> bool:
    """Whether what `first` brings to `path` may be another file when `second` brings it again."""
    image = facts.image_of(first.instruction)
    if image is None or image is not facts.image_of(second.instruction):
        return True
    between = range(first.instruction.span.end, second.instruction.span.start)
    steps = [step for step in image.stage.body if step.span.start in between]
    # A package manager may write its own lock file anew, which the project holds as well: see `Needs`.
    steps = [step for step in steps if not _manages(facts.run(step))]
    return any(effects.meets(effects.of(facts, step).writes, (path,)) for step in steps)


def _manages(run: Run | None) -> bool:
    """Whether a step only has package managers do what the project's files ask for. Named packages, and commands that
    are there for it, would change those files."""
    calls = run.calls if run else ()
    return bool(calls) and not any(
        not has_reader(call) or call.operands or _WRITES.intersection(call.subcommand.split()) for call in calls
    )


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
    if problem := objection(facts, after, excludes):
        raise Declines(problem)
    for source in sources:
        if after.hides(source.rstrip("/")):
            raise Declines(f"the install reads {source}, and writes there, too")
    return excludes
