"""Compilers, headers and package managers in the image that is shipped.

What: divides the stage in two. The build stage keeps the writer's own steps; the runtime stage has the same settings,
stands on the smaller image of the same version, and copies what was built.

Why: nothing that only builds is needed to run: it makes the image several times as large, and each tool in it is one
more to keep free of known holes.

Before:

    FROM golang:1.22-bookworm
    WORKDIR /src
    COPY . .
    RUN go build -o /usr/local/bin/server .
    EXPOSE 8080
    CMD ["server"]

After:

    FROM golang:1.22-bookworm AS build
    WORKDIR /src
    COPY . .
    RUN go build -o /usr/local/bin/server .

    FROM gcr.io/distroless/base-debian12
    WORKDIR /src
    COPY --from=build /usr/local/bin/server /usr/local/bin/server
    EXPOSE 8080
    CMD ["server"]

Level: standard, where the project shows that nothing that is left behind is needed to run; else aggressive.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined
from rewriter.facts import Facts
from rewriter.project.discovery import targets
from rewriter.stages import text
from rewriter.stages.plan import plan
from rewriter.stages.shape import Refused, kit_of, shown
from rewriter.syntax.tree import Dockerfile

_CHECK = (
    "to debug it, build the stage above it alone (`docker build --target NAME .`); "
    "`dockerslim verify` shows whether it still works"
)


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield the change that divides the shipped stage, or why it is left as it is."""
    image = facts.images[-1]
    kit = kit_of(image)
    if kit is None or not any(instruction.keyword == "RUN" for instruction in image.stage.body):
        return
    start = image.stage.start
    try:
        found = plan(shown(facts, image), kit)
    except Refused as refused:
        yield Declined(refused.reason, refused.at)
        return
    if found is None:
        return
    edits = text.edits(file, image.stage, found, targets(facts.project.root))
    if edits is None:
        yield Declined("an instruction trails off into comments or blank lines", start.span)
        return
    runtime = found.runtime
    message = f"{runtime.message}; the runtime stage on {runtime.base} has what runs"
    yield Change(
        message if runtime.proven else f"{message}; {_CHECK}",
        edits,
        start.span,
        Alters.FILES,
        runtime.proven,
        (*runtime.evidence, *found.evidence),
        frozenset(("stages", "base", "steps", *runtime.declares)),
    )
