"""What the program of a stage sees of the project: the files of the build context at their places in the image, also
those that were copied from another stage."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from rewriter.facts import Facts
from rewriter.image import StageImage, State
from rewriter.project.needs import Place, View
from rewriter.steps.context_copies import context_copy
from rewriter.steps.downloads import located
from rewriter.syntax.tree import Instruction

# As many stages as take files from each other, one behind the other.
_DEPTH = 6


def final_view(facts: Facts, image: StageImage) -> View:
    """What the program of the stage `image` sees of the project, also of what was copied from another stage."""
    folder = image.final.workdir if isinstance(image.final.workdir, str) else "/"
    env = {name: value for name, value in image.final.env.items() if isinstance(value, str)}
    return View(facts.project, places(facts, image), folder, env)


def places(facts: Facts, image: StageImage, depth: int = 0) -> tuple[Place, ...]:
    """What lies where of the context at the end of the stage `image`, in the order in which it was copied."""
    found: list[Place] = []
    for stage in reversed(tuple(facts.lineage(image))):
        for state, instruction in zip(stage.before, stage.stage.body, strict=True):
            if instruction.keyword != "COPY":
                continue
            if copy := context_copy(facts, instruction, state):
                found += copy.places
            elif depth < _DEPTH and (source := copied_stage(facts, instruction)) is not None:
                found += _taken(places(facts, source, depth + 1), instruction, state)
    return tuple(found)


def copied_stage(facts: Facts, copy: Instruction) -> StageImage | None:
    """The stage that a COPY --from names; None for the context and for another image."""
    name = copy.flag("from")
    if name is None:
        return None
    for image in facts.images:
        if image.stage.name == name.lower() or str(image.stage.index) == name:
            return image
    return None


def _taken(there: Sequence[Place], copy: Instruction, state: State) -> Iterator[Place]:
    """Those of the places `there`, in another stage, that `copy` takes over, at their new ones."""
    words = copy.json or tuple(copy.value.split())
    target = located(words[-1], state.workdir) if len(words) > 1 and "$" not in words[-1] else None
    if target is None:
        return
    for word in words[:-1]:
        source = posixpath.normpath(f"/{word}").replace("//", "/", 1)
        for place in there:
            at = posixpath.normpath(place.target)
            if at == source:
                into = words[-1].endswith("/") and posixpath.basename(place.source) == posixpath.basename(at)
                yield Place(place.source, posixpath.join(target, posixpath.basename(at)) if into else target)
            elif at.startswith(f"{source.rstrip('/')}/"):
                yield Place(place.source, posixpath.join(target, posixpath.relpath(at, source)))
            elif source.startswith(f"{at.rstrip('/')}/"):
                inner = posixpath.normpath(posixpath.join(place.source, posixpath.relpath(source, at)))
                name = posixpath.basename(inner) if words[-1].endswith("/") and posixpath.splitext(inner)[1] else ""
                yield Place(inner, posixpath.join(target, name) if name else target)
