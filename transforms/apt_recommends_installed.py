"""An `apt-get install` that also installs what the packages merely recommend.

What: adds `--no-install-recommends` in stages that are shipped, and names those recommended packages that would be
missed, such as `ca-certificates` beside curl, unless the base has them. What is no longer installed, and its size, is
read from Debian's own package index.

Why: recommended packages (documentation, desktop integration, build tools) often weigh more than what was asked for.

Before:

    FROM debian:bookworm
    RUN apt-get update && apt-get install -y curl

After:

    FROM debian:bookworm
    RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl

Level: safe where nothing is lost; standard where all that is lost is known not to be needed (on Ubuntu: judged by the
nearest Debian release); aggressive for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.knowledge import apt_packages
from rewriter.knowledge.apt_needed import advise
from rewriter.steps.edits import add_operands, word_after
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

# On a base whose release is open, what these have in common is relied on: the releases that Debian still supports.
_SUPPORTED = 2
# Packages by these names are in every release of Debian and Ubuntu that can still be installed from.
_NAMES = """
    automake bsd-mailx build-essential bzip2 ca-certificates curl dbus dirmngr fakeroot file g++ gcc geoip-database
    gfortran ghostscript gnupg gpgv libc6-dev libltdl-dev librsvg2-common libsasl2-modules libtool logrotate make
    netbase openssh-client patch perl pkg-config poppler-data procps psmisc python3-dev shared-mime-info ssl-cert unzip
    xauth xfonts-base xz-utils zip
"""
_EVERYWHERE = frozenset(_NAMES.split())
# What brings packages from elsewhere, whose recommendations the index of Debian does not know.
_OTHER_SOURCES = re.compile(r"/etc/apt\b|\bsources\.list|\b(?:add-apt|apt-add)-repository\b|\bnodesource\b")
# Taken away where apt's caches are mounted; it sets nothing about sources or recommendations.
_DOCKER_CLEAN = "/etc/apt/apt.conf.d/docker-clean"
_OPTION = re.compile(r"-o\s*[\"']?APT::Install-Recommends=\S+", re.IGNORECASE)
# Those tools of the table of bases that official images on Debian have from the package of the same name.
_BROUGHT = frozenset(("ca-certificates", "curl", "g++", "gcc", "git", "make", "openssh-client"))
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class _Loss:
    """What a step would lose, over all releases that come into question."""

    add: tuple[str, ...]
    lost: tuple[str, ...]
    size: int
    doubtful: tuple[str, ...]
    unknown: tuple[str, ...]


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each `apt-get install` without `--no-install-recommends`, in stages that are shipped."""
    named: dict[Run, set[str]] = {}
    for run in facts.runs:
        if not facts.shipped(run.image):
            continue
        for call in run.calls:
            if call.program in ("apt-get", "apt") and call.subcommand == "install" and call.operands:
                yield from _judge(file, facts, run, call, named)


def _judge(
    file: Dockerfile, facts: Facts, run: Run, call: Call, named: dict[Run, set[str]]
) -> Iterator[Change | Declined]:
    text = run.text.text[call.statement.start : call.end]
    if call.has("--no-install-recommends", "--install-recommends") or "ecommends" in text or _by_variable(run, text):
        return
    if line := _configured(facts, run):
        yield Declined(f"line {line} may set APT::Install-Recommends already", run.at(call))
        return
    requested = tuple(word.value or word.raw for word in call.operands)
    releases, exact = _releases(run, requested)
    exact = exact and not call.has("-t", "--target-release", "--default-release") and not _elsewhere(facts, run)
    # What an earlier command gets named is there with its change, and without, as one of its recommendations.
    before = (name for other in (*facts.earlier(run), run) for name in named.get(other, ()))
    loss = _lost(releases, exact, requested, _present(facts, run, call).union(before))
    if loss.add and _cleaned_up(run, call):
        named_too = ", ".join(loss.add[:_SHOWN])
        yield Declined(f"{named_too} would have to be named, and so outlive the autoremove of this step", run.at(call))
        return
    if any(plain.statement is call.statement for plain in run.plain_calls):
        named.setdefault(run, set()).update(loss.add)
    words = call.statement.words
    behind = words[words.index(call.operands[0]) - 1]
    if behind.raw == "--" and call.subcommand_word is not None:
        behind = call.subcommand_word
    edits: tuple[Edit, ...] = (word_after(run, behind, "--no-install-recommends"),)
    if loss.add:
        edits += add_operands(file, run, call, loss.add)
    certain = not loss.unknown and not loss.doubtful
    nothing = not loss.lost and exact
    where = f"Debian's package index of {' and '.join(releases)}"
    dates = ", ".join(dict.fromkeys(map(apt_packages.table_date, releases)))
    yield Change(
        _message(loss),
        edits,
        run.at(call),
        alters=Alters.NOTHING if nothing and certain else Alters.FILES,
        proven=certain,
        evidence=(Evidence(f"{where} ({dates}){'' if exact else ', the nearest to this base'}"),),
    )


def _message(loss: _Loss) -> str:
    parts = ["apt-get install also installs what the packages merely recommend"]
    if loss.lost:
        shown = ", ".join(loss.lost[:_SHOWN]) + (
            f" and {len(loss.lost) - _SHOWN} more" if len(loss.lost) > _SHOWN else ""
        )
        parts.append(f"no longer installed: {shown} ({loss.size / 1024:.1f} MB)")
    elif not loss.unknown:
        parts.append("here that is nothing today")
    if loss.add:
        parts.append(f"named instead, because it is needed: {', '.join(loss.add)}")
    if loss.doubtful:
        parts.append(f"may be needed: {', '.join(loss.doubtful[:_SHOWN])}")
    if loss.unknown:
        parts.append(f"not in the index: {', '.join(loss.unknown[:_SHOWN])}")
    return "; ".join(parts)


def _releases(run: Run, requested: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The Debian releases to judge by, and whether the base is surely one of them."""
    base = run.image.base
    if base.distribution == "debian" and base.release is None:
        # A tag with a version may be an old one; without, it is what Debian supports today.
        return apt_packages.releases()[-_SUPPORTED:], base.version is None
    if base.distribution in ("debian", "ubuntu") and base.release:
        nearest = apt_packages.nearest_release(base.distribution, base.release)
        if nearest and nearest == apt_packages.codename(base.distribution, base.release):
            return (nearest,), True
    else:
        nearest = None
    return (apt_packages.best_release(requested, nearest or apt_packages.releases()[-1]),), False


@lru_cache(maxsize=4096)  # asked again in each pass over the file
def _lost(releases: tuple[str, ...], exact: bool, requested: tuple[str, ...], present: frozenset[str]) -> _Loss:
    advice = [found for release in releases if (found := advise(release, requested, present))]
    wanted = sorted({name for _, verdict in advice for name in verdict.add})
    # A name that the base may not have would end the build.
    there = {n for n in wanted if n in _EVERYWHERE or (exact and all(apt_packages.has(r, n) for r in releases))}
    missed = [name for name in wanted if name not in there]
    return _Loss(
        add=tuple(name for name in wanted if name in there),
        lost=tuple(dict.fromkeys([*missed, *(name for dropped, _ in advice for name in dropped.packages)])),
        size=max(dropped.size for dropped, _ in advice),
        doubtful=tuple(dict.fromkeys([*missed, *(name for _, verdict in advice for name in verdict.doubtful)])),
        unknown=tuple(dict.fromkeys(name for dropped, _ in advice for name in dropped.unknown)),
    )


def _present(facts: Facts, run: Run, call: Call) -> frozenset[str]:
    """The packages that the base brings along or steps before have surely asked for, and none has removed again."""
    found: set[str] = set(_BROUGHT & run.image.base.tools)
    for other in (*reversed(tuple(facts.earlier(run))), run):
        plain = {plain.statement for plain in other.plain_calls}
        for before in other.calls:
            if other is run and before.statement.start >= call.statement.start:
                break
            if before.program not in ("apt-get", "apt"):
                continue
            names = [word.value for word in before.operands]
            if before.subcommand == "install" and before.statement in plain:
                found.update(name for name in names if name)
            elif before.subcommand in ("remove", "purge"):
                # A variable may stand for any of them.
                found = set() if None in names else found.difference(names)
    return frozenset(found)


def _by_variable(run: Run, text: str) -> bool:
    """Whether a variable in the command, of ENV, ARG or the step itself, may hold the option."""
    if "$" not in text:
        return False
    values = (*run.state.env.values(), *run.state.args.values(), run.text.text)
    return any(isinstance(value, str) and "ecommends" in value for value in values)


def _elsewhere(facts: Facts, run: Run) -> bool:
    """Whether the step, or one before it in the file, brings packages from other sources than the base's own."""
    return any(
        instruction.keyword in ("RUN", "COPY", "ADD") and _OTHER_SOURCES.search(_settings(instruction))
        for image in facts.images
        for instruction in image.stage.body
        if instruction.span.start <= run.instruction.span.start
    )


def _cleaned_up(run: Run, call: Call) -> bool:
    """Whether the step later removes a package of `call`, with all that came along and nobody asked for."""
    later = [c for c in run.calls if c.program in ("apt-get", "apt") and c.statement.start > call.statement.start]
    requested = {word.raw for word in call.operands}
    removed = any(c.subcommand in ("remove", "purge") and requested & {word.raw for word in c.operands} for c in later)
    return removed and any(c.subcommand == "autoremove" or c.has("--auto-remove", "--autoremove") for c in later)


def _configured(facts: Facts, run: Run) -> int | None:
    """The line of an earlier step that writes apt's configuration."""
    for image in facts.images:
        for instruction in image.stage.body:
            if instruction.span.start > run.instruction.span.start:
                return None
            if "apt.conf" in (value := _settings(instruction)) or "Install-Recommends" in value:
                return instruction.first_line
    return None


def _settings(instruction: Instruction) -> str:
    return _OPTION.sub("", instruction.value.replace(_DOCKER_CLEAN, ""))
