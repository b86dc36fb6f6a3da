"""Proves a rewrite: builds the file as it was and the rewrite, asks both, and leaves out what does not hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from rewriter.change import Outcome
from rewriter.facts import Facts
from rewriter.project.context import Project
from rewriter.result import Options, Rewrite
from rewriter.syntax.reader import read
from rewriter.verify import kept, limits, scanners
from rewriter.verify.building import context
from rewriter.verify.building.base_images import base_images
from rewriter.verify.building.bench import Bench, Text
from rewriter.verify.cleaning import cleaned
from rewriter.verify.engine import Build, Engine, Image
from rewriter.verify.engines import abilities
from rewriter.verify.leaving_out import Failure, left_out
from rewriter.verify.limits import Limits
from rewriter.verify.measuring import measured
from rewriter.verify.model import Behaviour, Difference, LeftOut, Side, Verdict, Verification, Weight
from rewriter.verify.progress import Told
from rewriter.verify.request import Request
from rewriter.verify.running import comparing, settings
from rewriter.verify.running.behaviour import observe
from rewriter.verify.running.questions import Fallback, Plan, plan
from rewriter.verify.trouble import BuildFailed, OutOfTime

_EXITED = "exit "
# What failed once may have failed for a moment.
_LASTING = (Verdict.HOLDS, Verdict.UNCHANGED)


@dataclass(frozen=True)
class Subject:
    """One Dockerfile: its path, how it is rewritten (with `options`, or with others), what lies beside it, and the
    names of the transforms in the order of the chain."""

    path: Path
    rewrite: Callable[[Options], Rewrite]
    options: Options
    project: Project
    chain: tuple[str, ...]

    def changing(self, rewrite: Rewrite) -> list[str]:
        """The transforms whose changes are in `rewrite`."""
        changed = {finding.transform for finding in rewrite.of(Outcome.CHANGED)}
        return [name for name in self.chain if name in changed]


@dataclass(frozen=True)
class _Built:
    """A side that was built, and run where the engine can."""

    image: Image
    cold: Build | None
    behaviour: Behaviour | None


@dataclass(frozen=True)
class _Tried:
    """A rewrite that was tried: it holds where `failure` is None. `side` is None where nothing had to be built, as the
    rewrite changes nothing, and where it could not be."""

    rewrite: Rewrite
    side: _Built | None = None
    differences: tuple[Difference, ...] = ()
    failure: Failure | None = None


def verify(subject: Subject, engine: Engine, request: Request, told: Told) -> Verification:
    """Return what building and running the Dockerfile as it was and its rewrite shows.

    Everything is built from a private copy of the context. All that was made is gone in the end but the build cache.
    `told` hears what is being done. Raises `Trouble` where the engine fails or cannot build such a file.
    """
    with cleaned(engine), TemporaryDirectory(prefix="dockerslim-", ignore_cleanup_errors=True) as folder:
        rewrite = subject.rewrite(subject.options)
        for source in {rewrite.before.text: rewrite.before, rewrite.after.text: rewrite.after}.values():
            abilities.check(read(source), engine)
        bench = Bench(engine, subject.project, Path(folder), request.arguments, request.engine_args)
        name = _kept_as(rewrite, bench, request)
        found = kept.load(name)
        if found is None:
            found = _Proof(subject, bench, request, told, rewrite).verification()
            if found.verdict in _LASTING:
                kept.save(name, found)
    gates = limits.judge(request.limits, found.before, found.after, found.scans)
    return replace(found, path=str(subject.path), gates=gates)


def _kept_as(rewrite: Rewrite, bench: Bench, request: Request) -> str:
    """The name of a result that is kept: a digest of all that decides it. Limits are judged anew; what is known of
    vulnerabilities changes from day to day."""
    bases = sorted(base_images(read(rewrite.before)) | base_images(read(rewrite.after)))
    parts = {
        "texts": [(text.dockerfile, text.ignore) for text in bench.texts(rewrite)],
        "context": context.digest(bench.context),
        "engine": bench.engine.key,
        "bases": list(zip(bases, bench.engine.base_ids(bases), strict=True)),
        "request": asdict(replace(request, limits=Limits(), engine=None, timeout=0)),
        "day": date.today().isoformat() if scanners.installed() else None,
    }
    return kept.key(parts)


class _Proof:
    def __init__(self, subject: Subject, bench: Bench, request: Request, told: Told, rewrite: Rewrite) -> None:
        self.subject = subject
        self.bench = bench
        self.engine = bench.engine
        self.request = request
        self.told = told
        self.tried: dict[Text, _Tried] = {}
        self.rewrite = rewrite
        self.original = bench.texts(rewrite)[0]
        self.again: Behaviour | None = None
        self.timed = not request.quick

    def verification(self) -> Verification:
        text = self.rewrite.before.text
        found = Verification(str(self.subject.path), self.engine.name, Verdict.ORIGINAL, "", text)
        try:
            before, asked = self._first()
        except BuildFailed as error:
            return replace(found, reason=_unbuildable(error), builds=self.bench.builds)
        if before.behaviour is not None and not before.behaviour.working:
            reason = f"the image as it was does not work: {unanswered(before.behaviour)}"
            side = Side(before.image, before.cold, behaviour=before.behaviour)
            return replace(found, reason=reason, before=side, builds=self.bench.builds)
        return self._compared(found, before, asked)

    def _first(self) -> tuple[_Built, Plan]:
        """Build and run the file as it was, and choose what is asked: a program that does not answer at its port or to
        its HEALTHCHECK, for lack of a database, say, is asked whether it ends alike."""
        image, build = self.bench.build("before", self.original, self.told, fresh=self.timed)
        cold = build if self.timed else None
        asked = plan(self.request.questions, image)
        if not self.engine.runs:
            return _Built(image, cold, None), asked
        behaviour = self._observed("before", image, asked)
        if not behaviour.working and asked.fallback in (Fallback.HEALTHCHECK, Fallback.PORT):
            asked = replace(asked, fallback=Fallback.UP)
            behaviour = self._observed("before", image, asked)
        return _Built(image, cold, behaviour), asked

    def _observed(self, name: str, image: Image, asked: Plan) -> Behaviour:
        self.told(f"running {name}", "")
        return observe(self.engine, image, asked)

    def _compared(self, found: Verification, before: _Built, asked: Plan) -> Verification:
        def attempt(tried: Rewrite, fresh: bool) -> _Tried:
            return self._attempt(tried, before, asked, fresh=fresh)

        def only(names: Collection[str]) -> Failure | None:
            options = replace(self.subject.options, select=frozenset(names))
            return attempt(self.subject.rewrite(options), False).failure

        def without(names: Collection[str]) -> tuple[Sequence[str], Failure | None]:
            rest = attempt(self._without(names), True)
            return self.subject.changing(rest.rewrite), rest.failure

        last = attempt(self.rewrite, True)
        out: tuple[LeftOut, ...] = ()
        if last.failure is not None:
            out = left_out(self.subject.changing(self.rewrite), last.failure, only, without)
            last = attempt(self._without([each.transform for each in out]), True)
        verdict, reason = self._verdict(before, last, out)
        found = replace(
            found,
            verdict=verdict,
            reason=reason,
            text=last.rewrite.after.text,
            ignore=next((other.after.text for other in last.rewrite.others), None),
            transforms=tuple(self.subject.changing(last.rewrite)),
            differences=last.differences,
            left_out=out,
        )
        sides = _side(before), _side(last.side or before)
        found = measured(found, self.bench, self.subject.options, last.rewrite, sides, asked, self.request, self.told)
        return replace(found, builds=self.bench.builds)

    def _without(self, names: Collection[str]) -> Rewrite:
        options = self.subject.options
        return self.subject.rewrite(replace(options, ignore=options.ignore | frozenset(names)))

    def _attempt(self, rewrite: Rewrite, before: _Built, asked: Plan, *, fresh: bool) -> _Tried:
        """Build a rewrite, run it, and compare it with the file as it was; what was tried before is not built again."""
        if not rewrite.changed:
            return _Tried(rewrite)
        text = self.bench.texts(rewrite)[1]
        if text not in self.tried:
            self.tried[text] = self._tried(rewrite, text, before, asked, fresh)
        return self.tried[text]

    def _tried(self, rewrite: Rewrite, text: Text, before: _Built, asked: Plan, fresh: bool) -> _Tried:
        name = f"after-{len(self.tried)}" if self.tried else "after"
        try:
            image, build = self.bench.build(name, text, self.told, fresh=fresh and self.timed)
        except BuildFailed as error:
            return _Tried(rewrite, failure=Failure(error.step, error.line, error.message))
        except OutOfTime as error:  # what was before has been built in time
            return _Tried(rewrite, failure=Failure("", None, str(error)))
        differences = settings.compare(before.image, image, self._foreseen(rewrite))
        side = _Built(image, build if fresh and self.timed else None, None)
        if before.behaviour is not None:
            side = replace(side, behaviour=self._observed(name, image, asked))
            assert side.behaviour is not None
            differences += self._behaves(before, side.behaviour, asked)
        bad = failures(differences)
        failure = Failure("", None, bad) if bad else None
        return _Tried(rewrite, side, differences, failure)

    def _behaves(self, before: _Built, after: Behaviour, asked: Plan) -> tuple[Difference, ...]:
        assert before.behaviour is not None
        if _crashed(before.behaviour):  # what it says then names its own paths
            before_said, after_said = (_without_bodies(each) for each in (before.behaviour, after))
            return comparing.compare(before_said, after_said, lambda: before_said)
        return comparing.compare(
            before.behaviour,
            after,
            lambda: observe(self.engine, before.image, asked, once=True),
            lambda: self._rebuilt(asked),
        )

    def _rebuilt(self, asked: Plan) -> Behaviour:
        """How the file as it was behaves when it is built once more."""
        if self.again is None:
            image, _ = self.bench.build("before-again", self.original, self.told, fresh=True)
            self.again = observe(self.engine, image, asked, once=True)
        return self.again

    def _foreseen(self, rewrite: Rewrite) -> settings.Foreseen:
        options, project = self.subject.options, self.subject.project
        return settings.foreseen(
            Facts(read(rewrite.before), options, project), Facts(read(rewrite.after), options, project)
        )

    def _verdict(self, before: _Built, last: _Tried, out: Sequence[LeftOut]) -> tuple[Verdict, str]:
        if not last.rewrite.changed:
            if out:
                return Verdict.FAILS, "none of the changes holds"
            return Verdict.UNCHANGED, "there is nothing to rewrite"
        if before.behaviour is None:
            return Verdict.UNPROVEN, f"both images build; {self.engine.name} cannot run them"
        if _crashed(before.behaviour):
            status = before.behaviour.answers[0].status
            return Verdict.UNPROVEN, (
                f"both images build, and both programs end by themselves ({status}): give them what they need with "
                "--run-arg, or ask them something with --run"
            )
        if out:
            return Verdict.PARTLY, "what is left builds and behaves as before"
        return Verdict.HOLDS, "it builds and behaves as before"


def _side(built: _Built) -> Side:
    return Side(built.image, built.cold, behaviour=built.behaviour)


def _crashed(behaviour: Behaviour) -> bool:
    """Whether the program, which nobody asked anything, ended by itself with an error."""
    status = behaviour.answers[0].status if behaviour.answers else ""
    asked = behaviour.answers[0].asked if behaviour.answers else ""
    return asked == Fallback.UP.value and status.startswith(_EXITED) and status != f"{_EXITED}0"


def _without_bodies(behaviour: Behaviour) -> Behaviour:
    return replace(behaviour, answers=tuple(replace(answer, body=b"") for answer in behaviour.answers))


def _unbuildable(error: BuildFailed) -> str:
    where = f"line {error.line}: " if error.line else ""
    return f"the Dockerfile as it is does not build: {where}{error.step or 'the build'} failed: {error.message}"


def unanswered(behaviour: Behaviour) -> str:
    """What a program was asked and said, in words."""
    return "; ".join(f"{answer.asked}: {answer.status}" for answer in behaviour.answers)


def failures(differences: Sequence[Difference]) -> str:
    """The differences that must not be, in words; "" where there is none."""
    return "; ".join(_words(each) for each in differences if each.weight is Weight.FAILS)


def _words(difference: Difference) -> str:
    change = f"{difference.before or 'nothing'} → {difference.after or 'nothing'}"
    return f"{difference.what}: {change}" + (f" ({difference.why})" if difference.why else "")
