"""A COPY of the build context: which files it brings, to which places, and what a later step sees of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rewriter.facts import Facts, Run
from rewriter.image import StageImage, State
from rewriter.project.context import Kind, Project
from rewriter.project.needs import Place, View
from rewriter.steps.downloads import located
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call
from rewriter.syntax.words import BadWord, UnknownValue, expand

# Characters that mean themselves in a COPY, in a pattern of `.dockerignore` and in a shell.
PLAIN = re.compile(r"[\w./@+~-]+\Z", re.ASCII)
_FLAGS = frozenset(("chown", "chmod", "link"))
_PATTERN = re.compile(r"[\w./@+~*?-]+\Z", re.ASCII)
_VARIABLE = re.compile(r"[\w./@+~${}-]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContextCopy:
    """A COPY from the context. `words` are its sources and its destination as they are written; `target` is the
    absolute path of the destination, `fixed` that it is written as one, `places` say what lies where in the image,
    `folders` that some source is one."""

    project: Project
    instruction: Instruction
    words: tuple[str, ...]
    target: str
    fixed: bool
    places: tuple[Place, ...]
    folders: bool

    @property
    def text(self) -> str:
        """The COPY as a message names it."""
        return f"COPY {' '.join(self.words)}"

    def brings(self, path: str) -> tuple[str, ...]:
        """Where in the context the file or folder at `path` of the image comes from, if it is this copy that brings it.

        Of several sources that hold a file of that name, the first one counts; a folder comes from all of them. The
        last part of `path` may be a pattern.
        """
        found: list[str] = []
        for place in reversed(self.places):
            above = place.target.rstrip("/") + "/"
            if fnmatchcase(place.target, path):
                found.append(place.source)
            elif path.startswith(above):
                source = posixpath.normpath(posixpath.join(place.source, path[len(above) :]))
                if self.project.root is None or any(map(self._there, _expanded(self.project, source))):
                    found.append(source)
        return tuple(dict.fromkeys(found))

    def _there(self, source: str) -> bool:
        return self.project.kind(source) is not None and not self.project.hides(source)


def context_copy(facts: Facts, copy: Instruction, state: State) -> ContextCopy | None:
    """Read `copy`, in front of which the settings are `state`; None for anything but a COPY of the context whose words
    are all plain, but for known variables in the destination, whose sources are there, and whose flags do not choose
    among them.

    Source for files and folders: https://docs.docker.com/reference/dockerfile/#copy
    """
    if copy.keyword != "COPY" or copy.heredocs or any(flag.name not in _FLAGS for flag in copy.flags):
        return None
    words = copy.json or tuple(copy.value.split())
    destination = _destination(words[-1], state) if len(words) > 1 and all(map(_PATTERN.match, words[:-1])) else None
    target = located(destination, state.workdir)
    if destination is None or target is None:
        return None
    into = destination.endswith(("/", "/.", "/..")) or destination in (".", "..") or len(words) > 2
    places: list[Place] = []
    folders = False
    for word in words[:-1]:
        for source in _expanded(facts.project, word):
            match facts.project.kind(source) or _guessed(facts, word, source):
                case "folder":
                    folders = True
                    places.append(Place(source, target))
                case "file":
                    name = posixpath.join(target, posixpath.basename(source))
                    places.append(Place(source, name if into or target == state.workdir else target))
    fixed = destination[0] == "/"
    return ContextCopy(facts.project, copy, words, target, fixed, tuple(places), folders) if places else None


def _destination(word: str, state: State) -> str | None:
    """The last word of a COPY with its variables replaced; None where one is not known, or the rest is not plain.

    Source: https://docs.docker.com/reference/dockerfile/#environment-replacement
    """
    if not _VARIABLE.match(word):
        return None
    try:
        found = expand(word, state.lookup)
    except (BadWord, UnknownValue):
        return None
    return found if PLAIN.match(found) else None


def _guessed(facts: Facts, word: str, source: str) -> Kind | None:
    """What a source is by its spelling, where there is no context to look into."""
    folder = source == "." or word.endswith("/")
    return "folder" if folder and facts.project.root is None else None


def _expanded(project: Project, word: str) -> Iterator[str]:
    """The paths of the context that a source stands for. Patterns are read in the last part of a path alone."""
    path = posixpath.normpath(f"/{word}").lstrip("/") or "."
    folder, name = posixpath.split(path)
    if not set("*?").intersection(path):
        yield path
    elif not set("*?").intersection(folder):
        for entry in project.names(folder or "."):
            found = posixpath.join(folder, entry)
            if fnmatchcase(entry, name) and not project.hides(found):
                yield found


def rest_follows(facts: Facts, image: StageImage, at: int, copy: ContextCopy) -> bool:
    """Whether all of the context comes with a later step than `copy`, which is `image.stage.body[at]`: then the writer
    has chosen what comes with this one."""
    later = (context_copy(facts, image.stage.body[i], image.before[i]) for i in range(at + 1, len(image.stage.body)))
    return all(place.source != "." for place in copy.places) and any(
        place.source == "." for other in later if other for place in other.places
    )


def copies_below(facts: Facts, instruction: Instruction) -> list[ContextCopy]:
    """The COPYs of the context whose files `instruction` finds, in order: those of its stage above it, and of the
    stages that it grows from."""
    image = facts.image_of(instruction)
    if image is None:
        return []
    found: list[ContextCopy] = []
    for stage in reversed(tuple(facts.lineage(image))):
        for state, other in zip(stage.before, stage.stage.body, strict=True):
            if other.span.start < instruction.span.start and (copy := context_copy(facts, other, state)):
                found.append(copy)
    return found


def view_of(facts: Facts, run: Run, folder: str, before: tuple[Call, ...]) -> View:
    """What a command of `run` sees of the project from `folder`; `before` are the commands of the step ahead of it."""
    places = tuple(place for copy in copies_below(facts, run.instruction) for place in copy.places)
    env = {name: value for name, value in run.state.env.items() if isinstance(value, str)}
    exported = {w.raw.partition("=")[0] for call in before if call.program == "export" for w in call.operands}
    unknown = exported.union(run.state.args, run.state.env) - (env.keys() - exported)
    earlier = tuple(call for other in reversed(tuple(facts.earlier(run))) for call in other.calls)
    return View(facts.project, places, folder, env, (*earlier, *before), frozenset(unknown))
