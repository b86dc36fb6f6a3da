"""A base image with more in it than the program needs.

What: puts the shipped stage on the slim variant of its image, or on the run-time image of the same version. At the
level aggressive, a stage that only copies and starts a program goes on an image without a shell (distroless, scratch).

Why: what the program never uses is pulled, stored and scanned all the same, and each tool is one more for whoever
breaks in.

Before:

    FROM golang:1.22-bookworm AS build
    WORKDIR /src
    COPY . .
    RUN CGO_ENABLED=0 go build -o /server .

    FROM golang:1.22-bookworm
    COPY --from=build /server /server
    CMD ["/server"]

After:

    FROM golang:1.22-bookworm AS build
    WORKDIR /src
    COPY . .
    RUN CGO_ENABLED=0 go build -o /server .

    FROM gcr.io/distroless/static-debian12
    WORKDIR /go
    COPY --from=build /server /server
    CMD ["/server"]

Level: standard, where it is shown that nothing is used that the larger image adds; else aggressive.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.order.edits import take_out
from rewriter.project import kubernetes
from rewriter.stages.bases import brings, unpackers
from rewriter.stages.kit import Counterpart, Minimal, Obstacle
from rewriter.stages.shape import for_others, kit_for, shown
from rewriter.stages.text import cased
from rewriter.stages.told import open_tag, told, told_to_build
from rewriter.steps.installing import added, own_step
from rewriter.syntax.tree import Dockerfile

_COMMANDS = ("CMD", "ENTRYPOINT")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield the change of the shipped stage's base, or why it stays."""
    image = facts.images[-1]
    kit = kit_for(facts, image)
    if kit is None or image.parent is not None:
        return
    stage = shown(facts, image)
    if for_others(stage):
        return
    span = image.stage.start.span
    match kit.counterpart(stage):
        case Counterpart(base) if (
            lacking := open_tag(stage, base) or _lacking(facts, image, base) or told_to_build(stage, base)
        ):
            yield Declined(lacking, span)
        case Counterpart() as found:
            installs = _packages(file, facts, image, found.packages)
            if installs is None:
                what = " and ".join(found.packages)
                yield Declined(f"a health check asks for {what}, and {found.base} has no packages to install", span)
                return
            more = f" with {' and '.join(found.packages)}" if installs else ""
            yield Change(
                f"{found.message}: {found.base}{more} has what runs",
                (_base(image, found.base), *_settings(file, image, found.settings), *installs),
                span,
                Alters.BASE,
                found.proven,
                found.evidence,
                frozenset(("base", *(("steps",) if installs else ()), *found.declares)),
            )
        case Obstacle(reason):
            yield Declined(reason, span)
        case None:
            yield from _minimal(file, facts, image, kit.minimal(stage))


def _lacking(facts: Facts, image: StageImage, base: str) -> str:
    """Which program of the steps `base` may lack; "" where it has them all."""
    there = facts.options.bases.lookup(base)
    for run in facts.runs:
        for call in run.calls if run.image is image else ():
            for program in (call.program, *unpackers(call)):
                if package := brings(program, there):
                    return f"line {run.instruction.first_line} runs {program} of {package}, which {base} may lack"
    return ""


def _minimal(
    file: Dockerfile, facts: Facts, image: StageImage, found: Minimal | Obstacle | None
) -> Iterator[Change | Declined]:
    span = image.stage.start.span
    match found:
        case Obstacle(reason):
            yield Declined(reason, span)
        case Minimal() if instead := next(told(facts.project, "entrypoint", "command", "healthcheck"), None):
            service, key, text = instead
            where = f"{service.file}:{service.line_of(key)}"
            yield Declined(f"{where} runs `{text}` in the service {service.name}, which {found.base} may lack", span)
        case Minimal() if probe := next(kubernetes.probes(facts.project), None):
            yield Declined(f"{probe[1]}, which {found.base} may lack", span)
        case Minimal():
            gone = list(found.dropped)
            edits = [_base(image, found.base), *_settings(file, image, found.settings)]
            if found.command is not None:
                commands = [i for i in image.stage.body if i.keyword in _COMMANDS]
                lines = [cased(file, image.stage, line) for line in found.command]
                gone += commands[:-1]
                last = commands[-1].span
                edits.append(Edit(last.start, last.end, file.source.newline.join(lines)))
            edits += [take_out(file, instruction, []) for instruction in gone]
            yield Change(
                f"{found.message}; {found.check}",
                tuple(edits),
                span,
                Alters.BASE,
                False,
                found.evidence,
                frozenset(("base", "steps", *found.declares)),
            )


def _packages(file: Dockerfile, facts: Facts, image: StageImage, names: tuple[str, ...]) -> tuple[Edit, ...] | None:
    """The edits that install packages of the distribution; None where they cannot be installed."""
    edits: list[Edit] = []
    missing: list[str] = []
    for name in names:
        found = added(file, facts, image, name)
        edits += found or ()
        missing += [name] if found is None else []
    step = own_step(file, facts, image, " ".join(missing)) if missing else None
    if missing and step is None:
        return None
    return (*edits, *_settings(file, image, (step,) if step else ()))


def _base(image: StageImage, base: str) -> Edit:
    start = image.stage.start
    span = start.arguments.span(0, len(start.value.split()[0]))
    return Edit(span.start, span.end, base)


def _settings(file: Dockerfile, image: StageImage, lines: tuple[str, ...]) -> list[Edit]:
    end = image.stage.start.span.end
    text = "".join(f"{file.source.newline}{cased(file, image.stage, line)}" for line in lines)
    return [Edit(end, end, text)] if lines else []
