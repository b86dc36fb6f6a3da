"""Go's build cache and downloaded modules in an image that ships the Go tools.

What: adds `go clean` behind the last Go command of a shipped stage, in the same step. With `cache = "mount"`, mounts
both caches in every step that builds.

Why: the program is linked already. The build cache and the sources of all modules are often the largest part of such
an image, and nothing reads them again. (To ship no Go at all needs a second stage.)

Before:

    FROM golang:1.22
    WORKDIR /src
    COPY . .
    RUN go build -o /usr/local/bin/server .
    CMD ["server"]

After:

    FROM golang:1.22
    WORKDIR /src
    COPY . .
    RUN go build -o /usr/local/bin/server . && go clean -cache -modcache
    CMD ["server"]

Level: safe where the start command is the program that the step builds; standard where another program or a later step
might call Go.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined
from rewriter.facts import Facts, Run
from rewriter.steps import caches
from rewriter.steps.cleaning import (
    clean_behind,
    last_uses,
    may_use,
    mount,
    named_later,
    run_as,
    started,
    steps_known,
    used_later,
)
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call, spelling

_USES = spelling("go").install | {"list", "vet"}
# Go 1.10 brought the build cache. Before 1.13 `go clean -cache` removes the program in the current folder too
# (https://go.dev/issue/29925); before 1.16 `-modcache` can fail where no module is in use.
_CACHES, _CLEANS, _CLEANS_MODULES = (1, 10), (1, 13), (1, 16)
_REBUILT = (None, "bullseye", "bookworm", "trixie")
_BY_HAND = re.compile(r"/go\b|go-build|GOPATH|GOCACHE|GOMODCACHE|\.cache\b")
_NAMES = re.compile(r"\bpkg/mod\b|go-build\b|\bGOMODCACHE\b|\bGOCACHE\b|\bGOPROXY=off\b")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for the last Go command of each step."""
    for run, last in last_uses(facts, _uses, _may_use):
        if found := _judge(file, facts, run, last):
            yield found


def _uses(call: Call) -> bool:
    return call.program == "go" and call.subcommand in _USES


def _may_use(call: Call) -> bool:
    return _uses(call) or (call.program != "go" and may_use(call, "go"))


def _judge(file: Dockerfile, facts: Facts, run: Run, call: Call) -> Change | Declined | None:
    at, shipped = run.at(call), facts.shipped(run.image)
    if caches.mounted(run, "go") or caches.switched_off(run, "go"):
        return None
    wanted = caches.mounts_wanted(facts, "go")
    if not wanted and (not shipped or caches.empties(run, "go") or _by_hand(run)):
        return None
    version = _version(run)
    if version and version < _CACHES:
        return None
    if not wanted:
        if not run.image.base.has("go") or version is None:
            return Declined("which Go the step runs is not known: build in a stage of its own, on golang", at)
        if version < _CLEANS:
            return Declined("before Go 1.13 go clean may remove the program too: build in a stage of its own", at)
        if _fetches(run) and used_later(facts, run, _uses):
            return None
        if line := used_later(facts, run, _may_use):
            return Declined(f"line {line} may use Go again: join the two steps, or build in a stage of its own", at)
        if any(word.raw == "std" for other in run.calls if _uses(other) for word in other.operands):
            return Declined("the step compiles the standard library, which seems to be wanted in the cache", at)
    words = started(facts, "go") if shipped else ()
    if isinstance(words, str):
        return Declined(words, at)
    if line := named_later(facts, run, _NAMES):
        return Declined(f"line {line} names Go's cache, and may need it", at)
    if wanted:
        if line := used_later(facts, run, lambda other: _may_use(other) and not _uses(other)):
            return Declined(
                f"line {line} may use Go too, and would miss what is in a mounted cache: mount it there", at
            )
        return mount(file, facts, run, "go", call, "Go downloads and compiles the same packages in every build")
    earlier = any(_uses(other) for lower in facts.earlier(run) for other in lower.calls)
    modules = not earlier and version is not None and version >= _CLEANS_MODULES
    command = run_as(call, f"go clean -cache{' -modcache' if modules else ''}")
    edit = clean_behind(file, run, call, command, everywhere=True)
    if isinstance(edit, str):
        return Declined(f"{edit}: {command} has to be added by hand", at)
    proven = steps_known(facts, run) and posixpath.basename(words[0]) in _built(run)
    evidence = [facts.line(run.instruction, "no later step uses Go")]
    if proven:
        evidence.append(facts.line(run.instruction, f"Go builds {words[0]}, which the image starts"))
    message = "Go's build cache stays in the image" if not modules else "Go's build cache and modules stay in the image"
    return Change(message, (edit,), at, Alters.KEPT, proven, tuple(evidence))


def _fetches(run: Run) -> bool:
    """Whether the step only downloads modules, on purpose in a layer of its own."""
    return all(call.subcommand == "mod download" for call in run.calls if _uses(call))


def _by_hand(run: Run) -> bool:
    return any(call.program == "rm" and _BY_HAND.search(word.raw) for call in run.calls for word in call.operands)


def _version(run: Run) -> tuple[int, ...] | None:
    """Major and minor version of the base's Go, or one that it surely reaches; None where the tag does not say."""
    base = run.image.base
    parts = (base.version or "").split(".")[:2]
    if len(parts) == 2 and all(part.isdigit() for part in parts):
        return tuple(map(int, parts))
    open_tag = "$" in base.reference or "@" in base.reference or "onbuild" in base.variant
    # Tags without a version are rebuilt with every release, on the systems that still get one.
    return None if open_tag or base.release not in _REBUILT else _CLEANS_MODULES


def _built(run: Run) -> frozenset[str]:
    """The names of the programs that the step builds, as far as they are written out."""
    built = [call.value("-o") for call in run.calls if call.program == "go" and call.subcommand == "build"]
    return frozenset(posixpath.basename(name) for name in built if name)
