"""The same program on each base that the tables know for it, for `verify --compare slim,distroless`.

A choice comes from the rewrite itself, at the user's level or with the bases that only the level aggressive takes; a
variant that the rewrite does not choose comes from the tables of variants (`rewriter.stages.bases`): the Dockerfile is
put on it, and then rewritten as one that was on it from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rewriter import rewrite
from rewriter.change import Edit, Level, Outcome, apply
from rewriter.facts import Facts
from rewriter.image import StageImage, evaluate
from rewriter.knowledge.base_table import SAME_IMAGE, split
from rewriter.knowledge.bases import Base
from rewriter.project.context import MANIFEST_LIMIT, Project
from rewriter.result import Candidate, Options, Rewrite
from rewriter.source import Source
from rewriter.stages import bases
from rewriter.syntax.reader import read

AS_IT_WAS = "as it was"
# The transforms that choose the base of what is shipped, and say why they do not.
_CHOOSERS = ("heavy-base", "build-tools-shipped")
# The bases that nothing but a rewrite of the whole stage leads to.
_REWRITTEN = ("runtime", "distroless", "scratch")


@dataclass(frozen=True, slots=True)
class Offer:
    """A Dockerfile on one base: its `name` (`slim`, `distroless`), the image reference of the shipped stage, the text,
    and the ignore file that goes with it (None where there is none)."""

    name: str
    base: str
    text: Source
    ignore: Source | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A base that there is no Dockerfile for, and why."""

    name: str
    reason: str


def choices(source: Source, project: Project, options: Options, names: Sequence[str]) -> tuple[Offer | Missing, ...]:
    """The Dockerfile `source` as it is, then what each of `names` comes to: `full`, `slim`, `alpine`, `runtime` (an
    image with the run time alone, such as a JRE), `distroless` (any without a shell), `scratch`.

    All but the first are rewritten, by `options`. Raises `Unreadable` where `source` is no Dockerfile.
    """
    menu = _Menu(source, project, options)
    wanted = dict.fromkeys(names)
    return (menu.as_it_was, *(menu.offers.get(name) or Missing(name, menu.reason(name)) for name in wanted))


def available(source: Source, project: Project, options: Options) -> tuple[str, ...]:
    """The names for which `choices` has a Dockerfile. Raises `Unreadable` where `source` is no Dockerfile."""
    return tuple(_Menu(source, project, options).offers)


class _Menu:
    """What there is for one Dockerfile."""

    def __init__(self, source: Source, project: Project, options: Options) -> None:
        self.source, self.project, self.options = source, project, options
        there = project.head(project.ignore_file, MANIFEST_LIMIT)
        self.ignore = None if there is None else Source.decode(there)
        self.usual = rewrite(source.encode(), project, options)
        self.base = self._base(source.text)
        self.as_it_was = Offer(AS_IT_WAS, self.base.reference, source, self.ignore)
        self.boldest = self._rewritten(source, Level.AGGRESSIVE, self._bold)
        self.misfits: dict[str, str] = {}
        self.offers: dict[str, Offer] = {}
        for offer in self._offers() if self.base.known else ():
            self.offers.setdefault(offer.name, offer)

    def _offers(self) -> Iterator[Offer]:
        """The Dockerfiles, of a name the one first that the rewrite is surest of."""
        yield self._offer(self.usual)
        yield self._offer(self._rewritten(self.source, self.options.level, self._same_base))
        yield self._offer(self.boldest)
        yield self._offer(self._rewritten(self.source, Level.AGGRESSIVE, self._keeps_shell))
        plain = bases.plain(self.base.reference)
        for name, variant, everywhere in (
            ("full", lambda _: plain, False),
            ("slim", lambda _: bases.slim(plain), False),
            ("alpine", lambda reference: bases.alpine(bases.plain(reference)), True),
        ):
            text = None if name in self.offers else self._exchanged(name, variant, everywhere=everywhere)
            if text is not None:
                yield self._offer(self._rewritten(text, self.options.level, self._same_base))

    def reason(self, name: str) -> str:
        """Why there is no Dockerfile of that name."""
        if not self.base.known:
            return f"{self.base.name} is not known: say what it is like in [bases]"
        if name in self.misfits:
            return self.misfits[name]
        declined = (each.message for each in self.boldest.of(Outcome.DECLINED) if each.transform in _CHOOSERS)
        why = next((f": {message}" for message in declined), "") if name in _REWRITTEN else ""
        return f"no {name} image is known for {self.base.name} (known: {', '.join(self.offers)}){why}"

    def _base(self, text: str) -> Base:
        """The image that the last stage of `text` grows from."""
        return evaluate(read(Source(text)), self.options.bases)[-1].base

    def _name(self, base: Base) -> str:
        if base.reference == "scratch":
            return "scratch"
        if base.has_shell is False:
            return "distroless"
        if base.distribution == "alpine":
            return "alpine"
        if "slim" in base.variant:
            return "slim"
        was = self.options.bases.lookup(bases.plain(self.base.reference))
        return "full" if (_image(base), base.variant) == (_image(was), was.variant) else "runtime"

    def _offer(self, result: Rewrite) -> Offer:
        base = self._base(result.after.text)
        ignore = result.others[0].after if result.others else self.ignore
        return Offer(self._name(base), base.reference, result.after, ignore)

    def _rewritten(self, text: Source, level: Level, accept: Callable[[Candidate], bool]) -> Rewrite:
        return rewrite(text.encode(), self.project, replace(self.options, level=level, accept=accept))

    def _same_base(self, one: Candidate) -> bool:
        """Whether the change leaves what is shipped on the same kind of base."""
        return self._name(self._base(one.before)) == self._name(self._base(one.after))

    def _bold(self, one: Candidate) -> bool:
        """Whether the change is of the user's level, or about the base."""
        return one.change.level <= self.options.level or not self._same_base(one)

    def _keeps_shell(self, one: Candidate) -> bool:
        bare = self._base(one.after).has_shell is False and self._base(one.before).has_shell is not False
        return not bare and self._bold(one)

    def _exchanged(self, name: str, variant: Callable[[str], str | None], *, everywhere: bool) -> Source | None:
        """The Dockerfile with another variant of the shipped stage's base; `everywhere`: of all stages on the same
        image, so that what one builds fits the other. None where there is no such variant, and where a step does not
        fit it."""
        facts = Facts(read(self.source), self.options, self.project)
        shipped = _root(facts, facts.images[-1])
        edits = []
        for image in facts.images:
            same = image is shipped or (
                everywhere and image.parent is None and _image(image.base) == _image(shipped.base)
            )
            other = variant(image.base.reference) if same else None
            if other is not None:
                start = image.stage.start
                span = start.arguments.span(0, len(start.value.split()[0]))
                edits.append(Edit(span.start, span.end, other))
            elif image is shipped:
                return None
        text = Source(apply(self.source.text, edits))
        facts = Facts(read(text), self.options, self.project)
        for image in facts.images:
            shown, system = facts.shown_system(image), facts.system(image)
            if shown and shown != system:
                self.misfits[name] = f"a step installs packages of {shown}, and {image.base.name} is {system}"
                return None
        return text


def _root(facts: Facts, image: StageImage) -> StageImage:
    """The stage on an image from elsewhere that `image` grows from."""
    return list(facts.lineage(image))[-1]


def _image(base: Base) -> str:
    """The name of the image, without its tag and without what does not change it."""
    return SAME_IMAGE.sub("", split(base.reference)[0])
