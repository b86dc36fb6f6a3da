"""What an instruction reads and writes, and so which two may change places (DESIGN.md rule 8).

Two steps may change places only if neither reads, lists or tests for what the other creates, changes or deletes, if
they do not both write the same, and if neither sets what the other sees of the environment and the settings. What is
not known reads and writes everything. Times of files do not count; their contents, owners, modes and existence do.
"""

from __future__ import annotations

from functools import lru_cache

from rewriter.effects.effect import STANDARD, Effect, above, canonical, clash, meets
from rewriter.effects.instructions import Links, of_instruction
from rewriter.effects.paths import Scope
from rewriter.effects.script import links_of, of_one
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.steps.downloads import with_folders
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

__all__ = ["Effect", "clash", "commute", "conflict", "meets", "of", "of_call", "there"]


def of(facts: Facts, instruction: Instruction) -> Effect:
    """What `instruction` reads and writes at its place in the file."""
    return _of(facts, instruction.span.start, _ById(instruction))


def of_call(call: Call, folder: str | None, run: Run) -> Effect:
    """What one command of `run` reads and writes, with its redirections; `folder` is where it runs, None where that is
    not known."""
    return of_one(call, folder, run)


def commute(facts: Facts, first: Instruction, second: Instruction) -> bool:
    """Whether two instructions of one stage may change places, as far as they themselves are concerned."""
    return conflict(facts, first, second) is None


def conflict(facts: Facts, first: Instruction, second: Instruction) -> str | None:
    """Why two instructions may not change places, in words for the user; None where they may."""
    image, other = facts.image_of(first), facts.image_of(second)
    if image is None or other is None or image is not other or "FROM" in (first.keyword, second.keyword):
        return "they stand in different stages"
    one, two = of(facts, first), of(facts, second)
    reason = clash(one, two, there(facts, min(first, second, key=lambda i: i.span.start)))
    if reason is None:
        return None
    for instruction, effect in ((first, one), (second, two)):
        if effect.unknown:
            return (
                f"what the {instruction.keyword} in line {instruction.first_line} does is not known: {effect.unknown}"
            )
    names = f"{first.keyword} in line {first.first_line} and {second.keyword} in line {second.first_line}"
    return f"of the {names}, {reason}"


class _ById:
    """Wraps an instruction for the cache, so that its text is not hashed."""

    __slots__ = ("instruction",)

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction

    def __hash__(self) -> int:
        return self.instruction.span.start

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.instruction.span == other.instruction.span


@lru_cache(maxsize=1024)
def _of(facts: Facts, start: int, wrapped: _ById) -> Effect:
    instruction = wrapped.instruction
    image = facts.image_of(instruction)
    if image is None:
        return Effect()
    at = next((i for i, other in enumerate(image.stage.body) if other.span.start == start), None)
    if at is None:  # the FROM itself
        return Effect()
    return of_instruction(facts, instruction, image.before[at], _links(facts, image, start))


def _links(facts: Facts, image: StageImage, start: int) -> Links:
    """The links that the steps below `start` make, in its stage and in those that it grows from."""
    indexes = {each.stage.index for each in facts.lineage(image)}
    found: dict[str, str | None] = {}
    for run in facts.runs:
        if run.instruction.span.start >= start or run.image.stage.index not in indexes or "ln" not in run.script.text:
            continue
        for call, folder in with_folders(run):
            if call.program == "ln":
                effect = of_one(call, folder, run)
                if not effect.unknown:
                    found |= links_of(call, effect, Scope(run, folder))
    return tuple(sorted(found.items()))


def there(facts: Facts, instruction: Instruction) -> frozenset[str]:
    """The folders that surely exist in front of `instruction`: what `clash` takes."""
    image = facts.image_of(instruction)
    if image is None:
        return frozenset("/")
    at = next((i for i, other in enumerate(image.stage.body) if other.span.start == instruction.span.start), 0)
    workdir = image.before[at].workdir
    standard = frozenset("/") if image.base.distribution in ("scratch", "distroless") else STANDARD
    return standard | (above(canonical(workdir)) if isinstance(workdir, str) else frozenset())
