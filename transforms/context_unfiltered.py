"""A whole folder of the build context is copied, with what only lies around in it.

What: writes or completes the ignore file (`.dockerignore`): git's history, and what build tools leave in the folder
and the build writes again, such as `node_modules`. A new file also leaves out caches, settings of editors, and the
Dockerfile itself. Nothing is left out that any Dockerfile of the context copies by name, that git may track, or, for
the history, that a step or a file of the project may ask for.

Why: every commit changes `.git`, and so repeats the copy and all steps behind it. What lies around makes the context
slow to send and the image larger, and lays packages of another system over those that the build installed.

Before:

    FROM node:20-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    COPY . .
    CMD ["node", "server.js"]

Left out:

    .git
    node_modules
    Dockerfile
    .dockerignore

Level: standard, with the build context as evidence.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rewriter import knowledge
from rewriter.change import Alters, Change, Declined, Evidence
from rewriter.facts import Facts
from rewriter.order.context_users import PRUNED, User, named_by, users
from rewriter.order.leftovers import Leftover, leftovers, may_be_left, written_again
from rewriter.project.context import Project, Unfit
from rewriter.project.history import line_that_asks, reader_of_history
from rewriter.steps.context_copies import ContextCopy, context_copy
from rewriter.syntax.tree import Dockerfile

# What only the root of a repository has. Any folder may have a `.gitignore` and a `.gitattributes`.
_REPOSITORY = (".git", ".github", ".gitmodules")


@dataclass(frozen=True)
class _Found:
    """Patterns that may be left out, in order, with what shows it, and the reasons why others may not."""

    patterns: dict[str, tuple[Evidence, ...]]
    refused: list[str]


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change where a folder of the context is copied with what lies around in it."""
    if not any(instruction.keyword == "COPY" for instruction in file.instructions) or facts.project.root is None:
        return
    copies = [
        copy
        for image in facts.images
        for state, instruction in zip(image.before, image.stage.body, strict=True)
        if (copy := context_copy(facts, instruction, state)) and copy.folders
    ]
    if not copies:
        return
    at = copies[0].instruction.span
    try:
        found = _found(facts, copies)
    except Unfit as unfit:
        yield Declined(str(unfit), at)
        return
    if found.patterns:
        yield _change(facts, _taker(copies, found.patterns), found.patterns)
    elif found.refused:
        yield Declined(found.refused[0], at)


def _change(facts: Facts, copy: ContextCopy, patterns: dict[str, tuple[Evidence, ...]]) -> Change:
    main = [pattern for pattern, evidence in patterns.items() if evidence]
    names = ", ".join(main[:-1]) + " and " * (len(main) > 1) + main[-1]
    message = f"COPY {' '.join(copy.words)} also takes {names}, which no step needs: "
    message += f"{facts.project.ignore_file} leaves {'them' if len(main) > 1 else 'it'} out"
    evidence = tuple(fact for shown in patterns.values() for fact in shown)
    return Change(message, (), copy.instruction.span, Alters.FILES, True, evidence, excludes=tuple(patterns))


def _taker(copies: Sequence[ContextCopy], patterns: Iterable[str]) -> ContextCopy:
    """The first of `copies` that takes the folder of one of `patterns`."""
    folders = {posixpath.dirname(pattern.removeprefix("**/")) or "." for pattern in patterns}
    for copy in copies:
        for place in copy.places:
            if any(place.source in (".", folder) or folder.startswith(f"{place.source}/") for folder in folders):
                return copy
    return copies[0]


def _found(facts: Facts, copies: Sequence[ContextCopy]) -> _Found:
    """What may be left out. Raises `Unfit` where that cannot be known."""
    project = facts.project
    if other := project.container_ignore:
        raise Unfit(
            other, f"is what Podman and Buildah read, and {project.ignore_file} is what Docker reads: one is meant"
        )
    if project.ignore.broken:
        raise Unfit(project.ignore_file, f"cannot be used: {project.ignore.broken}")
    folders = {place.source for copy in copies for place in copy.places if project.kind(place.source) == "folder"}
    history = "." in folders and any(project.kind(name) for name in _REPOSITORY) and not project.ignore.covers(".git")
    entries = [entry for entry in may_be_left(facts) if not project.ignore.covers(f"**/{entry['pattern']}")]
    if not history and not entries:
        return _Found({}, [])
    listing = project.beneath(*PRUNED)
    shared = users(facts, listing)
    found = _Found({}, [])
    if history:
        _add(found, shared, ".git", _unread(shared, project))
    alike: dict[str, list[Leftover]] = {}
    for leftover in leftovers(project, entries, listing, folders):
        alike.setdefault(leftover.pattern, []).append(leftover)
    for pattern, several in alike.items():
        if not project.ignore.covers(pattern):
            _add(found, shared, pattern, _again(shared, several))
    if found.patterns and "." in folders and project.head(project.ignore_file, 1) is None:
        for pattern in _small(project, listing):
            if not named_by(shared, pattern):
                found.patterns[pattern] = ()
    return found


def _add(found: _Found, shared: tuple[User, ...], pattern: str, shown: tuple[Evidence, ...] | str) -> None:
    project = shared[0].facts.project
    if isinstance(shown, str):
        found.refused.append(f"{pattern} is not left out: {shown}")
    elif named := named_by(shared, pattern):
        found.refused.append(f"{pattern} is not left out: {named}")
    elif not project.excluding((pattern,)).ignore.covers(pattern):
        found.refused.append(f"{pattern} is not left out: {project.ignore_file} brings part of it back")
    else:
        found.patterns[pattern] = shown


def _unread(shared: tuple[User, ...], project: Project) -> tuple[Evidence, ...] | str:
    """What shows that nothing reads the history of git; else why that is not sure."""
    programs = knowledge.table("leftovers")["history"]["programs"]
    for user in shared:
        for run in user.facts.runs:
            for call in run.calls:
                if call.subcommand in programs.get(call.program, ()) and call.value("-buildvcs") != "false":
                    line = run.instruction.first_line
                    words = f"{call.program} {call.subcommand}"
                    return f"{user.named(line)} runs {words}, which writes the commit into its result"
        for instruction in user.facts.file.instructions:
            said = instruction.value.replace("-buildvcs=false", "")
            if instruction.keyword in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK") and line_that_asks(said):
                return f"{user.named(instruction.first_line)} may read it"
    try:
        place = reader_of_history(project)
    except Unfit as unfit:
        return str(unfit)
    if place:
        return f"{place} may read it"
    return (Evidence("no step and no file of the context asks git for anything"),)


def _again(shared: tuple[User, ...], alike: Sequence[Leftover]) -> tuple[Evidence, ...] | str:
    """What shows that every build that takes the leftovers writes them again; else which one does not."""
    shown: dict[Evidence, None] = {}
    for leftover in alike:
        if leftover.doubt:
            return leftover.doubt
        for user in shared:
            evidence = written_again(user, leftover)
            if isinstance(evidence, str):
                return evidence
            shown |= dict.fromkeys(evidence if user.path is None else ())
        shown |= dict.fromkeys(leftover.evidence)
    return tuple(shown)


def _small(project: Project, listing: tuple[str, ...]) -> Iterator[str]:
    """What nobody needs and a new ignore file may well leave out, too."""
    if any(path.endswith(".py") for path in listing):
        yield "**/__pycache__"
    yield from (name for name in knowledge.table("leftovers")["caches"]["names"] if project.kind(name) == "folder")
    own = project.dockerfile or "Dockerfile"
    if project.kind(own) == "file" and posixpath.normpath(own) == own and not own.startswith("../"):
        yield own
    if project.ignore_file == ".dockerignore":
        yield ".dockerignore"
