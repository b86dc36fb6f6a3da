"""Debugging information in the programs that are shipped.

What: adds `-ldflags="-s -w"` to `go build` and `go install` where the program goes into the image, `-trimpath` where
its sources do not ask for their own place, and `CGO_ENABLED=0` where the project shows that nothing of it needs cgo.
For cargo, sets `CARGO_PROFILE_RELEASE_STRIP` for the command: to `debuginfo` before Rust 1.77, which does that by
itself, else to `symbols`. Existing flags are kept, and an image with the compiler that starts nothing of its own is
left alone. A GOARCH that is written out in a build for several platforms is reported.

Why: tables for debuggers are a quarter to a third of a program, and no debugger runs in the image; panics still name
functions and lines in Go. Without cgo a program needs no C library, so that it can run on an image without one.

Before:

    FROM golang:1.22-bookworm AS build
    WORKDIR /src
    COPY . .
    RUN go build -ldflags "-X main.version=1.4.0" -o /server .

    FROM gcr.io/distroless/base-debian12
    COPY --from=build /server /server
    CMD ["/server"]

After:

    FROM golang:1.22-bookworm AS build
    WORKDIR /src
    COPY . .
    RUN go build -ldflags "-s -w -X main.version=1.4.0" -o /server .

    FROM gcr.io/distroless/base-debian12
    COPY --from=build /server /server
    CMD ["/server"]

Level: standard; aggressive for Rust's symbols where the project may want them in its backtraces.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Change, Declined, Report
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.stages.shape import for_others, shown
from rewriter.steps.debug_go import go
from rewriter.steps.debug_rust import rust
from rewriter.steps.final_view import copied_stage
from rewriter.syntax.tree import Dockerfile


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined | Report]:
    """Yield a change for each command that builds a program for the image, and a report for a platform written out."""
    del file
    if _for_work(facts):
        return
    reached = _reached(facts)
    for run in facts.runs:
        if run.image.stage.index not in reached:
            continue
        for call in run.calls:
            if call.program == "go" and call.subcommand in ("build", "install"):
                yield from go(facts, run, call)
            elif call.program == "cargo":
                yield from rust(facts, run, call)


def _for_work(facts: Facts) -> bool:
    """Whether the image has the compiler and starts nothing of its own: what it builds are tools for people."""
    image = facts.images[-1]
    return (image.base.has("go") or image.base.has("cargo")) and for_others(shown(facts, image)) is not None


def _reached(facts: Facts) -> frozenset[int]:
    """The stages whose files may be in the image: the shipped ones, and those that they copy from."""
    todo: list[StageImage] = [facts.images[-1]]
    found: set[int] = set()
    while todo:
        image = todo.pop()
        for stage in facts.lineage(image):
            if stage.stage.index in found:
                continue
            found.add(stage.stage.index)
            todo += [source for copy in stage.stage.body if (source := copied_stage(facts, copy))]
            mounts = [value for copy in stage.stage.body for value in copy.flag_values("mount")]
            todo += [other for other in facts.images if any(f"from={other.stage.name}" in mount for mount in mounts)]
    return frozenset(found)
