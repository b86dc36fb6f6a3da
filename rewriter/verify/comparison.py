"""The same program on each base that the tables offer, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rewriter.verify.building.bench import Bench, Text
from rewriter.verify.choices import Missing, Offer, choices
from rewriter.verify.cleaning import cleaned
from rewriter.verify.engine import Engine
from rewriter.verify.model import Behaviour, Choice, Side
from rewriter.verify.progress import Told
from rewriter.verify.proof import Subject, failures, unanswered
from rewriter.verify.request import Request
from rewriter.verify.running import comparing
from rewriter.verify.running.behaviour import observe
from rewriter.verify.running.questions import Plan, plan
from rewriter.verify.trouble import BuildFailed, OutOfTime, Unreachable


def compare(subject: Subject, engine: Engine, request: Request, names: Sequence[str], told: Told) -> tuple[Choice, ...]:
    """Build and run the program of `subject` as it was, and on the bases called `names`, as `choices` knows them.

    A base that there is no Dockerfile for, on which it does not build, or not behave as it was, is there with the
    reason. Raises `Trouble` where the engine fails.
    """
    source = subject.rewrite(subject.options).before
    with cleaned(engine), TemporaryDirectory(prefix="dockerslim-", ignore_cleanup_errors=True) as folder:
        bench = Bench(engine, subject.project, Path(folder), request.arguments, request.engine_args)
        shelf = _Shelf(bench, request, told)
        return tuple(map(shelf.tried, choices(source, subject.project, subject.options, names)))


class _Shelf:
    """The bases that were tried so far; the first one is that of the file as it was."""

    def __init__(self, bench: Bench, request: Request, told: Told) -> None:
        self.bench = bench
        self.request = request
        self.told = told
        self.timed = not request.quick
        self.first: tuple[Plan, Behaviour] | None = None

    def tried(self, offer: Offer | Missing) -> Choice:
        if isinstance(offer, Missing):
            return Choice(offer.name, "", None, offer.reason)
        text = Text(offer.text.encode(), None if offer.ignore is None else offer.ignore.encode())
        try:
            image, build = self.bench.build(offer.name.replace(" ", "-"), text, self.told, fresh=self.timed)
        except (BuildFailed, Unreachable, OutOfTime) as error:
            return Choice(offer.name, offer.base, None, f"it does not build: {error}")
        side = Side(image, build if self.timed else None)
        if not self.bench.engine.runs:
            return Choice(offer.name, offer.base, side)
        asked = self.first[0] if self.first else plan(self.request.questions, image)
        self.told(f"running {offer.name}", "")
        behaviour = observe(self.bench.engine, image, asked)
        self.first = self.first or (asked, behaviour)
        return Choice(offer.name, offer.base, replace(side, behaviour=behaviour), self._reason(behaviour))

    def _reason(self, behaviour: Behaviour) -> str:
        """What does not hold of a program that behaves so; "" where all does."""
        assert self.first is not None
        usual = self.first[1]
        if behaviour is usual:
            return "" if usual.working else f"it does not work: {unanswered(usual)}"
        return failures(comparing.compare(usual, behaviour, lambda: usual))
