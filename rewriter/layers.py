"""The layer model: which steps run again after an edit, and what share of the build that is.

A step is reused if its text, its inputs and all before it are unchanged; a miss invalidates all below.
Source: https://docs.docker.com/build/cache/invalidation/. Where builders differ, the model is BuildKit's, unless the
options name another: settings (LABEL, CMD) invalidate nothing, and a build argument is an input of each RUN below it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from rewriter.facts import Facts
from rewriter.image import StageImage, State, pairs
from rewriter.project.inputs import BOTH, inputs
from rewriter.source import Source, Unreadable
from rewriter.steps.costs import cost, sources
from rewriter.steps.downloads import located
from rewriter.steps.provenance import declared, is_provenance, variables
from rewriter.syntax.reader import read
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.words import BadWord, UnknownValue, expand

# A source edit changes one file of the program that is no manifest, and so the commit; a manifest edit a manifest or a
# lock file; a base update the images that the file names.
Edit = Literal["source", "manifest", "base"]
EDITS: tuple[Edit, ...] = ("source", "manifest", "base")
Edits = frozenset[Edit]
_TEXT = 240
# A smaller part of a build is within what the rules of thumb are wrong by.
_MUCH = 0.05
# Their words are expanded by the builder, so that the value of a variable is part of their text.
_EXPANDED = frozenset(("ADD", "ARG", "COPY", "ENV", "EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"))
_NONE: Edits = frozenset()
_BASE: Edits = frozenset(("base",))
_SOURCE: Edits = frozenset(("source",))


@dataclass(frozen=True, slots=True)
class Layer:
    """One step of a stage: `text` is its instruction in one line, `cost` its expected cost in seconds, `reruns` the
    edits after which it runs again. What is not `used` is in no stage that the last one needs, and is not built."""

    stage: int
    line: int
    text: str
    kind: str
    cost: float
    reruns: Edits
    used: bool = True


@dataclass(frozen=True, slots=True)
class _Stage:
    """What an edit changes of a stage: its `files` by the paths they lie below (None: anywhere), the `settings` that
    its RUN steps see, and the ENV `variables` whose values are other ones."""

    files: tuple[tuple[str | None, Edits], ...] = ()
    settings: Edits = _NONE
    variables: Mapping[str, Edits] | None = None

    @property
    def changed(self) -> Edits:
        return _NONE.union(*(edits for _, edits in self.files))

    def at(self, path: str | None) -> Edits:
        """After which edits what lies at `path` may be another: None stands for any path."""
        return _NONE.union(*(edits for place, edits in self.files if _meet(place, path)))


@lru_cache(maxsize=8)  # one change is looked at from several sides
def model(facts: Facts) -> tuple[Layer, ...]:
    """The steps of all stages, in the order of the file."""
    stages: list[_Stage] = []
    layers: list[Layer] = []
    used = _used(facts)
    for image in facts.images:
        walk = _Walk(facts, image, stages)
        layers += [replace(layer, used=image.stage.index in used) for layer in walk.layers()]
        stages.append(_Stage(tuple(walk.files), walk.settings, walk.variables))
    return tuple(layers)


def share(layers: Iterable[Layer], edit: Edit) -> float:
    """The expected share, 0 to 1, of the build that `edit` repeats."""
    costs = [(layer.cost, edit in layer.reruns) for layer in layers if layer.used]
    total = sum(seconds for seconds, _ in costs)
    return sum(seconds for seconds, again in costs if again) / total if total else 0.0


def percent(part: float) -> str:
    """A share as people write it; only nothing is 0 %, and only all is 100 %."""
    rounded = round(part * 100)
    if part > 0 and rounded == 0:
        return "<1 %"
    return ">99 %" if part < 1 and rounded == 100 else f"{rounded} %"


def improvement(before: Iterable[Layer], after: Iterable[Layer]) -> str:
    """In one line, which edit repeats how much less of the build; "" where none repeats much less."""
    before, after = tuple(before), tuple(after)
    shares = {edit: (share(before, edit), share(after, edit)) for edit in EDITS}
    edit = max(EDITS, key=lambda edit: shares[edit][0] - shares[edit][1])
    old, new = shares[edit]
    if old - new < _MUCH:
        return ""
    name = "base update" if edit == "base" else f"{edit} edit"
    return f"a {name} repeats {percent(new)} of the build instead of {percent(old)} (rule of thumb)"


def repeated(before: Facts, text_after: str) -> str:
    """The same for the text that a change leads to, as one line of its evidence."""
    try:
        file = read(Source(text_after))
    except Unreadable:
        return ""
    return improvement(model(before), model(Facts(file, before.options, before.project)))


def one_line(file: Dockerfile, instruction: Instruction) -> str:
    """An instruction in one line, its keyword in capitals; the bodies of here-documents belong to it."""
    flags = [file.text(flag.span) for flag in instruction.flags]
    bodies = [file.text(heredoc.body) for heredoc in instruction.heredocs]
    return shortened(" ".join(" ".join([instruction.keyword, *flags, instruction.value, *bodies]).split()), _TEXT)


def shortened(text: str, limit: int = 60) -> str:
    """`text`, cut to `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


class _Walk:
    """The walk down one stage. `files`, `settings` and `variables` are those of `_Stage`, so far."""

    def __init__(self, facts: Facts, image: StageImage, stages: list[_Stage]) -> None:
        self.facts, self.image, self.stages = facts, image, stages
        parent = stages[image.parent] if image.parent is not None else None
        self.files: list[tuple[str | None, Edits]] = list(parent.files) if parent else []
        if parent is None and image.base.reference != "scratch":
            self.files.append((None, _BASE))
        self.changed = _Stage(tuple(self.files)).changed
        self.settings = parent.settings if parent else _NONE
        self.variables: dict[str, Edits] = dict(parent.variables or {}) if parent else {}
        # ARGs end with the stage, and so does what they change.
        self.arguments: dict[str, Edits] = {}

    def layers(self) -> list[Layer]:
        image = self.image
        start = self._layer(image.stage.start, self.changed)
        for trigger in self._triggers():
            reruns = self._step(trigger, image.start, image.start)
            start = replace(start, cost=start.cost + cost(self.facts.file, trigger)[1], reruns=start.reruns | reruns)
        if image.parent is None and image.base.onbuild:
            self._change(None, BOTH)
            start = replace(start, reruns=start.reruns | BOTH)
        found = [start]
        states = (*image.before, image.final)
        for instruction, before, after in zip(image.stage.body, states, states[1:], strict=False):
            found.append(self._layer(instruction, self._step(instruction, before, after)))
        return found

    def _layer(self, instruction: Instruction, reruns: Edits) -> Layer:
        kind, seconds = cost(self.facts.file, instruction)
        text = one_line(self.facts.file, instruction)
        return Layer(self.image.stage.index, instruction.first_line, text, kind, seconds, reruns)

    def _triggers(self) -> list[Instruction]:
        """What the ONBUILD lines of the stage that this one grows from do at its beginning."""
        if self.image.parent is None:
            return []
        body = self.facts.images[self.image.parent].stage.body
        return [instruction.child for instruction in body if instruction.child]

    def _change(self, path: str | None, edits: Edits) -> None:
        if edits:
            self.files.append((path, edits))
            self.changed |= edits

    def _step(self, instruction: Instruction, before: State, after: State) -> Edits:
        """After which edits the step runs again; what it changes is noted."""
        below = self.changed
        own = self._mentioned(instruction) if instruction.keyword in _EXPANDED else _NONE
        match instruction.keyword:
            case "RUN":
                reruns = below.union(self.settings, *self.arguments.values(), self._mounted(instruction))
                self._change(None, reruns)
                return reruns
            case "COPY" | "ADD":
                own |= self._copied(instruction, before)
                # Run again for what is below it, it still brings the same files.
                self._change(_target(instruction, before), own)
                return own if instruction.flag("link") in ("", "true") else below | own
            case "WORKDIR":
                self._change(after.workdir if isinstance(after.workdir, str) else None, own)
            case "ARG":
                for name in declared(instruction, self.facts.file.escape):
                    own |= _SOURCE if is_provenance(name, after.args.get(name)) else _NONE
                    self.arguments |= {name: own} if own else {}
            case "ENV":
                self.settings |= own
                for name, value in pairs(instruction.value, self.facts.file.escape):
                    self.variables[name] = self._of_variables(variables(value))
            case "USER" | "SHELL":
                self.settings |= own
        if self.facts.options.builder in ("classic", "buildah", "kaniko") and instruction.keyword != "ARG":
            self._change(None, own)
        return below | own

    def _mentioned(self, instruction: Instruction) -> Edits:
        return self._of_variables(variables(instruction.value))

    def _of_variables(self, names: Iterable[str]) -> Edits:
        return _NONE.union(*(self.variables.get(name, self.arguments.get(name, _NONE)) for name in names))

    def _copied(self, instruction: Instruction, state: State) -> Edits:
        """After which edits a COPY or ADD finds other files."""
        words = [_expanded(word, state, self.facts.file.escape) for word in sources(instruction)]
        stage = instruction.flag("from")
        if stage is not None:
            return _NONE.union(*(self._from(stage, word) for word in words))
        local = [word for word in words if word is None or ("://" not in word and not word.startswith("git@"))]
        return _NONE.union(*(BOTH if word is None else inputs(self.facts.project, word) for word in local))

    def _mounted(self, instruction: Instruction) -> Edits:
        """After which edits the mounts of a RUN show it other files; caches and secrets are no inputs."""
        found = _NONE
        for mount in instruction.mounts:
            source = mount.get("source") or "."
            if "from" in mount:
                found |= self._from(mount["from"], source)
            elif mount.get("type", "bind") == "bind":
                found |= inputs(self.facts.project, source)
        return found

    def _from(self, stage: str, source: str | None) -> Edits:
        """After which edits what lies at `source` of a stage, or of an image, is another."""
        index = _stage(self.facts, stage, self.image.stage.index)
        if index is None:
            return _BASE
        return self.stages[index].at(None if source is None else posixpath.join("/", source))


def _used(facts: Facts) -> frozenset[int]:
    """The stages that the last one needs, directly or not: BuildKit builds no others."""
    found: set[int] = set()
    pending = [facts.images[-1]] if facts.images else []
    while pending:
        image = pending.pop()
        index = image.stage.index
        if index in found:
            continue
        found.add(index)
        names = [instruction.flag("from") for instruction in image.stage.body]
        for instruction in image.stage.body:
            mounts = [mount.split(",") for mount in instruction.flag_values("mount")]
            names += [part[5:] for mount in mounts for part in mount if part.startswith("from=")]
        needed = {image.parent, *(_stage(facts, name, index) for name in names if name is not None)}
        pending += [facts.images[other] for other in needed if other is not None]
    return frozenset(found)


def _stage(facts: Facts, name: str, below: int) -> int | None:
    """The index of the stage that `name` means in stage `below`; None for an image from elsewhere."""
    if name.isdecimal():
        return int(name) if int(name) < below else None
    named = [image.stage.index for image in facts.images[:below] if image.stage.name == name.lower()]
    return named[-1] if named else None


def _expanded(word: str, state: State, escape: str) -> str | None:
    """A source with its variables replaced, ARGs by their defaults; None where that is not known."""

    def lookup(name: str) -> str | None:
        value = state.args.get(name) if name in state.args and name not in state.env else state.lookup(name)
        if name in state.args and not isinstance(value, str):
            raise UnknownValue(name)
        return value if isinstance(value, str) else None

    try:
        return expand(word, lookup, escape)
    except (BadWord, UnknownValue):
        return None


def _target(instruction: Instruction, state: State) -> str | None:
    """The path below which a COPY or ADD writes; None where that is not known."""
    words = instruction.json or tuple(instruction.value.split())
    path = located(words[-1], state.workdir) if words else None
    return path if path and path.startswith("/") and not set("$\"'\\").intersection(path) else None


def _meet(place: str | None, path: str | None) -> bool:
    """Whether one of two paths lies below the other, or may do so."""
    if place is None or path is None or set("*?[").intersection(path):
        return True
    one, other = posixpath.normpath(place).rstrip("/") + "/", posixpath.normpath(path).rstrip("/") + "/"
    return one.startswith(other) or other.startswith(one)
