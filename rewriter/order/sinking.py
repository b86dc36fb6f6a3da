"""Build arguments that a commit changes, on their way down a stage to the first step that needs them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rewriter import effects
from rewriter.facts import Facts
from rewriter.image import StageImage, pairs
from rewriter.layers import Layer
from rewriter.steps.provenance import declared, forces, is_provenance, variables
from rewriter.syntax.tree import Dockerfile

MAKES_FILES = frozenset(("ADD", "COPY", "RUN", "WORKDIR"))
# In seconds, by the rules of thumb: what costs less is not worth a changed line.
WORTH = 2.0


def sink(file: Dockerfile, facts: Facts, image: StageImage, layers: Sequence[Layer]) -> Sinking:
    """How far down the build arguments of a stage may move, whose body has the layers `layers`."""
    found = Sinking(file, facts, image, layers, frozenset())
    # What would cross nothing of worth stays where it is, and what goes into it stops above it.
    while light := [i for group, to in found.moves for i in group if found.passed(i, to) < WORTH]:
        reasons = found.reasons
        found = Sinking(file, facts, image, layers, found.fixed.union(light))
        found.reasons = reasons | found.reasons
    return found


class Sinking:
    """The way down of the build arguments of one stage; steps that are `fixed` do not come along.

    `moves` are groups of steps (places in the stage's body, in order) with the place above which they come to stand;
    `reasons` say for an argument which step it cannot cross, and why, though it is not named there.
    """

    def __init__(
        self, file: Dockerfile, facts: Facts, image: StageImage, layers: Sequence[Layer], fixed: frozenset[int]
    ) -> None:
        self.file, self.facts, self.image, self.layers, self.fixed = file, facts, image, layers, fixed
        self.body = image.stage.body
        self.moves: list[tuple[list[int], int]] = []
        self.reasons: dict[int, tuple[int, str]] = {}
        self._makes: dict[int, frozenset[str]] = {}  # the steps under way, and the variables that each sets
        end = self._end()
        for at in range(end):
            if not self._joins(at):
                self._stop(at)
        self._leave(list(self._makes), end)

    def passed(self, at: int, to: int) -> float:
        """What the RUN steps cost that the step at `at` crosses on its way to `to`."""
        return sum(self.layers[i].cost for i in range(at + 1, to) if self.body[i].keyword == "RUN")

    def _end(self) -> int:
        """Where the stage's last words begin: the first CMD or ENTRYPOINT behind all that makes files."""
        end = len(self.body)
        for at in reversed(range(len(self.body))):
            if self.body[at].keyword in MAKES_FILES:
                break
            if self.body[at].keyword in ("CMD", "ENTRYPOINT"):
                end = at
        return end

    def _joins(self, at: int) -> bool:
        """Let the step come along, where it is a build argument of provenance or is made of one."""
        step, under_way = self.body[at], frozenset().union(*self._makes.values())
        if at in self.fixed or step.keyword not in ("ARG", "ENV", "LABEL"):
            return False
        mentioned = variables(step.value)
        if step.keyword == "ARG":
            after = (*self.image.before, self.image.final)[at + 1]
            names = declared(step, self.file.escape)
            if not all(is_provenance(name, after.args.get(name)) and not forces(name) for name in names):
                return False
            if mentioned and not mentioned & under_way:
                return False
            self._makes[at] = frozenset(names)
        elif not mentioned & under_way:
            return False
        else:
            names_set = (name for name, _ in pairs(step.value, self.file.escape))
            self._makes[at] = frozenset() if step.keyword == "LABEL" else frozenset(names_set)
        return True

    def _stop(self, at: int) -> None:
        """Leave behind what the step at `at` needs or meets."""
        step = self.body[at]
        text = self.file.text(step.span)
        # The words of a copy are all that a variable can change of it.
        copies = step.keyword in ("ADD", "COPY") and not step.heredocs
        stuck: set[int] = set()
        for other, names in self._makes.items():
            if any(re.search(rf"\b{re.escape(name)}\b", text) for name in names):
                stuck.add(other)
            elif copies:
                continue
            elif reason := effects.conflict(self.facts, self.body[other], step):
                stuck.add(other)
                if self.layers[at].cost >= WORTH and self.body[other].keyword != "LABEL":
                    self.reasons.setdefault(other, (at, reason))
        if not stuck:
            return
        while more := [i for i in self._makes if i not in stuck and self._tied(i, stuck)]:
            stuck.update(more)
        self._leave(sorted(stuck), at)

    def _tied(self, at: int, stuck: set[int]) -> bool:
        """Whether a step must stay with those that are stuck: it goes into one of them, or is made of them alone."""
        mine = self._makes[at]
        if any(mine & variables(self.body[other].value) for other in stuck if other > at):
            return True
        sources = [i for i, names in self._makes.items() if i < at and names & variables(self.body[at].value)]
        return bool(sources) and stuck.issuperset(sources)

    def _leave(self, group: list[int], to: int) -> None:
        if any(self.body[i].keyword == "ARG" for i in group) and group[0] < to - len(group):
            self.moves.append((group, to))
        for at in group:
            del self._makes[at]
