"""A Python package manager that leaves its downloads in the image.

What: adds `--no-cache-dir` to `pip install` and `--no-cache` to uv, and cleans up behind conda, poetry and pipenv in
the same step, in stages that are shipped. With `cache = "mount"`, mounts the cache instead.

Why: pip keeps every file that it fetched and every wheel that it built in `~/.cache/pip`, conda every package as an
archive and once more unpacked. Nothing in a container asks for them again.

Before:

    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install -r requirements.txt

After:

    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt

Level: safe where pip is known to have the flag (6.0, 2014), else standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.steps.caches import emptied, knows_flags, mounted, mounts_wanted, switched_off
from rewriter.steps.cleaning import clean_behind, copied_out, mount, run_as
from rewriter.steps.edits import word_after
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# The commands that fill each cache.
_FILLS: dict[str, frozenset[str]] = {
    "pip": frozenset(("install",)),
    "uv": frozenset(("pip install", "pip sync", "sync", "add", "tool install")),
    "poetry": frozenset(("install", "add", "update", "sync")),
    "pipenv": frozenset(("install", "sync", "update")),
    "conda": frozenset(("install", "create", "update", "upgrade", "env create", "env update")),
}
_ELSEWHERE = ("--cache-dir", "--dry-run", "--help")
_FLAGS = {"pip": "--no-cache-dir", "uv": "--no-cache"}
# poetry's --no-cache still writes the archives, and its virtual environments lie beside them.
# Source: https://python-poetry.org/docs/configuration/#cache-dir, poetry/installation/executor.py
_CLEANS = {
    "poetry": "rm -rf ~/.cache/pypoetry/cache ~/.cache/pypoetry/artifacts",
    "pipenv": "rm -rf ~/.cache/pipenv ~/.cache/pip",
}
_MOVED = ("POETRY_CACHE_DIR", "PIPENV_CACHE_DIR", "PIP_CACHE_DIR", "XDG_CACHE_HOME")
_OFFLINE = re.compile(r"--offline\b|\bUV_OFFLINE\b")
_UV_RUN = re.compile(r"\buv\b\W+run\b")
_SETTLED = re.compile(r"global\.no-cache-dir|pip\.conf.*no-cache-dir|no-cache-dir.*pip\.conf", re.DOTALL)
_PIP_PINNED = re.compile(r"pip(?:\[[^]]*\])?\s*(===?|~=|<=?)\s*(\d+)")
_PIP_BROUGHT = re.compile(r"get-pip|easy_install\S*\s+(?:-\S+\s+)*pip\b|conda", re.IGNORECASE)
_PYTHON2_PACKAGE = frozenset(("python-pip", "py-pip", "python2-pip"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each command, or for each step where a cache is mounted or a clean-up is added."""
    for run in facts.runs:
        fills: dict[str, list[Call]] = {}
        for call in run.calls:
            if call.program in _FILLS and call.subcommand in _FILLS[call.program] and not call.has(*_ELSEWHERE):
                fills.setdefault(call.program, []).append(call)
        for manager, calls in fills.items():
            if mounted(run, manager) or switched_off(run, manager):
                continue
            if mounts_wanted(facts, manager):
                message = f"{manager} downloads the same packages in every build"
                yield mount(file, facts, run, manager, calls[0], message)
            elif facts.shipped(run.image):
                yield from _clean(file, facts, run, manager, calls)


def _clean(file: Dockerfile, facts: Facts, run: Run, manager: str, calls: list[Call]) -> Iterator[Change | Declined]:
    if manager in _FLAGS:
        calls = [c for c in calls if not any(o.name.startswith("--no-cache") or o.name == "-n" for o in c.options)]
    if not calls or emptied(run, manager) or (manager == "pip" and _settled(facts, run)):
        return
    last = calls[-1]
    if reason := _needed(facts, run, manager):
        yield Declined(reason, run.at(last))
    elif manager == "pip":
        for call in calls:
            yield _flagged(facts, run, call)
    elif manager == "uv":
        for call in calls:
            yield Change(_message(call), (_flag(run, call),), run.at(call), Alters.KEPT)
    else:
        # Without -f, which is younger than --all; what it removes in addition are hard links to installed packages.
        command = run_as(last, f"{last.head.raw} clean --all --yes" if manager == "conda" else _CLEANS[manager])
        everywhere = manager != "conda" or run.image.base.has("conda")
        edit = clean_behind(file, run, last, command, everywhere=everywhere)
        if isinstance(edit, str):
            yield Declined(f"{edit}: {command} has to be added by hand", run.at(last))
        else:
            yield Change(_message(last), (edit,), run.at(last), Alters.KEPT)


def _message(call: Call) -> str:
    return f"{call.program} {call.subcommand} leaves its downloads in the image"


def _flag(run: Run, call: Call) -> Edit:
    assert call.subcommand_word is not None
    return word_after(run, call.subcommand_word, _FLAGS[call.program])


def _flagged(facts: Facts, run: Run, call: Call) -> Change | Declined:
    """The change that adds pip's flag, as far as this pip is known to have it."""
    at = run.at(call)
    base, first = run.image.base, run.image.stage.start
    proven, evidence = False, Evidence(f"{base.name} does not show how old its pip is", first.first_line)
    upgraded = _upgraded(facts, run, call)
    if isinstance(upgraded, Declined):
        return upgraded
    if upgraded is not None:
        proven, evidence = True, upgraded
    elif base.pip is not None:
        proven, evidence = True, Evidence(f"{base.name} has pip {base.pip} or newer", first.first_line)
    else:
        match knows_flags(base, "pip"):
            case True:
                proven = True
                evidence = Evidence(
                    f"{base.distribution} {base.release or ''}".strip() + " has pip 6 or newer", first.first_line
                )
            case False if not _brought(facts, run):
                return Declined(f"pip of {base.distribution} {base.release} is too old for --no-cache-dir", at)
            case None if _packaged(facts, run):
                return Declined("the base's own pip may be older than 6.0, which has no --no-cache-dir", at)
    return Change(_message(call), (_flag(run, call),), at, Alters.KEPT, proven, (evidence,))


def _upgraded(facts: Facts, run: Run, call: Call) -> Evidence | Declined | None:
    """Where the same pip was replaced before `call`: by a new one, or (a reason to decline) by one that is too old."""
    name = _name(call)
    for other in (run, *facts.earlier(run)):
        for before in reversed(other.calls):
            if before.program != "pip" or before.subcommand != "install" or _name(before) != name:
                continue
            if other is run and before.head.start >= call.head.start:
                continue
            for word in before.operands:
                bare = word.raw.strip("\"'")
                if match := _PIP_PINNED.match(bare):
                    if int(match[2]) < 6 or (match[1] == "<" and int(match[2]) == 6):
                        return Declined(f"{bare} has no --no-cache-dir", run.at(call))
                    return facts.line(other.instruction, f"{bare} is installed")
                if (bare == "pip" and before.has("-U", "--upgrade")) or re.match(r"pip\s*>", bare):
                    return facts.line(other.instruction, "pip is upgraded")
    return None


def _name(call: Call) -> str:
    """The words that name a pip, such as `python3 -m pip`."""
    return " ".join([*(word.raw for word in call.wrappers if word.raw not in ("sudo", "-H", "-E")), call.head.raw])


def _brought(facts: Facts, run: Run) -> bool:
    """Whether an earlier step brings a pip that is not the distribution's."""
    return any(_PIP_BROUGHT.search(other.text.text) for other in (run, *facts.earlier(run)))


def _packaged(facts: Facts, run: Run) -> bool:
    """Whether the pip in use is surely the distribution's own for Python 2."""
    steps = (run, *facts.earlier(run))
    packages = {word.raw for other in steps for c in other.calls if c.installs for word in c.operands}
    return bool(packages & _PYTHON2_PACKAGE) and not _brought(facts, run)


def _settled(facts: Facts, run: Run) -> bool:
    """Whether an earlier step switches pip's cache off in its configuration."""
    steps = (run, *facts.earlier(run))
    return any("no-cache-dir" in other.text.text and _SETTLED.search(other.text.text) for other in steps)


def _needed(facts: Facts, run: Run, manager: str) -> str | None:
    """Why the cache must stay, or may be elsewhere; None where it can go."""
    if taken := copied_out(facts, run, manager):
        return f"line {taken.first_line} copies the cache of {manager} into another stage"
    steps = (run, *facts.earlier(run))
    if manager in _CLEANS and (
        any(name in run.state.env for name in _MOVED) or any("cache-dir" in step.text.text for step in steps)
    ):
        return f"the cache of {manager} is moved elsewhere: empty it there, in the same step"
    if manager == "uv" and ("symlink" in run.text.text or run.state.env.get("UV_LINK_MODE", "copy") == "symlink"):
        return "uv links the installed packages to its cache"
    for instruction in facts.later(run.instruction) if manager in ("uv", "conda") else ():
        if _OFFLINE.search(instruction.value):
            return f"line {instruction.first_line} works offline, and may need the cache of {manager}"
        if instruction.keyword in ("CMD", "ENTRYPOINT") and _UV_RUN.search(instruction.value):
            return f"line {instruction.first_line} starts uv, which may look into its cache"
    return None
