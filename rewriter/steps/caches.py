"""The caches of package managers: where they are, whether a step mounts or empties them, and how to mount them.

For a transform that cleans up behind a manager (`manager` is an entry of knowledge/caches.toml, e.g. "pip"):

    if mounted(run, manager): leave the step alone           # a --mount=type=cache is there already
    if switched_off(run, manager): leave it alone            # a variable such as PIP_NO_CACHE_DIR
    if mounts_wanted(facts, manager):                        # cache = "mount"; in every stage, shipped or not
        yield cleaning.mount(file, facts, run, manager, call, message)
    elif facts.shipped(run.image) and not emptied(run, manager): add the flag or the clean-up

`add_mount` takes flags and clean-ups that would defeat the mount out of the same step. Ask it once per RUN and manager.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Edit, overlap
from rewriter.facts import Facts, Run
from rewriter.image import Unknown
from rewriter.knowledge.bases import Base
from rewriter.steps.accounts import account
from rewriter.steps.edits import cut_commands, cut_words
from rewriter.syntax.shell import Word
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call
from rewriter.within import is_within

_HOME = re.compile(r"(?:~|\$HOME|\$\{HOME\})(?=/|\Z)")
_VARIABLE = re.compile(r"\$(\w+)")
_ASSIGNED = re.compile(r"(\w+)=")


@dataclass(frozen=True, slots=True)
class Cache:
    """One entry of caches.toml; see its head for the meaning of the fields."""

    programs: frozenset[str]
    folders: tuple[tuple[str, ...], ...]
    root: tuple[tuple[str, ...], ...]
    inside: tuple[str, ...]
    sharing: str
    mount: bool
    flags: frozenset[str]
    off: tuple[str, ...]
    cleans: tuple[str, ...]
    readers: frozenset[str]
    lacks: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return knowledge.table("caches")


@lru_cache(maxsize=64)
def cache(manager: str) -> Cache:
    """The entry of `manager`; raises KeyError where there is none."""
    entry: Mapping[str, Any] = _table()[manager]
    folders = tuple(tuple(paths) for paths in entry["folders"])
    return Cache(
        frozenset(entry.get("programs", (manager,))),
        folders,
        tuple(tuple(paths) for paths in entry["root"]) if "root" in entry else folders,
        tuple(entry.get("inside", ())),
        entry.get("sharing", ""),
        entry.get("mount", True),
        frozenset(entry.get("flags", ())),
        tuple(entry.get("off", ())),
        tuple(entry.get("cleans", ())),
        frozenset(entry.get("readers", ())),
        {name: tuple(releases) for name, releases in entry.get("lacks", {}).items()},
    )


def mounts_wanted(facts: Facts, manager: str) -> bool:
    """Whether the user wants the cache of `manager` mounted instead of cleaned, and it can be."""
    return facts.options.cache == "mount" and cache(manager).mount


def mounted(run: Run, manager: str) -> bool:
    """Whether the step has something mounted at, above or below a cache of `manager`, whoever's home that is in.

    A cache mount elsewhere counts where a folder of its path is named after the manager: `/var/.npm_cache`.
    """
    targets = [target for mount in run.instruction.mounts if (target := _target(mount))]
    if not targets:
        return False
    named = re.compile(rf"/\.?{re.escape(manager)}(?![a-z0-9])")
    if any("type=cache" in value and named.search(value) for value in run.instruction.flag_values("mount")):
        return True
    for path in (path for paths in (*cache(manager).folders, *cache(manager).root) for path in paths):
        if name := _VARIABLE.match(path):
            value = run.state.env.get(name[1])
            if isinstance(value, Unknown):
                return True
            if value is None and name[0] not in "".join(targets):
                continue
            path = path.replace(name[0], value or name[0])
        if any(is_within(path, target) or is_within(target, path) for target in targets):
            return True
        # Somebody's home folder: what counts is the part below it, or the whole of his ~/.cache.
        below = path.removeprefix("~")
        ends = (below, "/.cache") if below.startswith("/.cache/") else (below,)
        if below != path and any(target.endswith(ends) for target in targets):
            return True
    return False


def switched_off(run: Run, manager: str) -> bool:
    """Whether a variable that switches the cache of `manager` off is set: by ENV, ARG or the script itself."""
    off = cache(manager).off
    return bool(off) and any(name in run.state.env or name in run.state.args or name in _assigned(run) for name in off)


def knows_flags(base: Base, manager: str) -> bool | None:
    """Whether the distribution's own `manager` on `base` is new enough for its flags; None where that is not known."""
    if base.distribution is None:
        return None
    if base.release is None:
        # An open tag is one of the supported releases, which all are; another version may be of any age.
        return True if base.version is None else None
    number = ".".join(base.release.split(".")[:2])
    return not {number, number.partition(".")[0]} & set(cache(manager).lacks.get(base.distribution, ()))


def _assigned(run: Run) -> frozenset[str]:
    """The variables that the script sets anywhere, also for one command alone."""
    if "=" not in run.script.text:
        return frozenset()
    found = [word for statement in run.script.root.walk() for word in (*statement.assignments, *statement.words)]
    return frozenset(match[1] for word in found if (match := _ASSIGNED.match(word.raw)))


def folders(facts: Facts, run: Run, manager: str) -> tuple[str, ...] | str:
    """The folders of the step's own cache of `manager`, or why they are not known."""
    who = account(facts, run)
    if isinstance(who, str):
        return who
    if any(call.sudo for call in run.calls if call.program in cache(manager).programs):
        return f"{manager} runs by sudo, and which home folder it then takes is not known"
    known = cache(manager)
    found = []
    for paths in known.root if who.uid is None else known.folders:
        for path in paths:
            name = _VARIABLE.match(path)
            if name is None:
                found.append(path.replace("~", who.home, 1))
                break
            if name[1] in run.state.args or name[1] in _assigned(run):
                return f"{name[1]} moves the cache"
            value = run.state.env.get(name[1])
            if isinstance(value, Unknown) or (value is not None and not value.startswith("/")):
                return f"{name[1]} moves the cache"
            if value is not None:
                found.append(path.replace(name[0], value.rstrip("/"), 1))
                break
        else:
            return f"where {manager} has its cache is not known"
    return tuple(found)


def empties(run: Run, manager: str) -> tuple[Call, ...]:
    """The commands of the step that empty the cache of `manager`: its own one, and `rm` of a folder or all above it."""
    return tuple(call for call in run.calls if _empties_itself(call, manager) or removed(call, manager))


def emptied(run: Run, manager: str) -> bool:
    """Whether the cache of `manager` is emptied behind its last command that fills it."""
    known = cache(manager)
    fills = [c.head.start for c in run.calls if c.program in known.programs and not _empties_itself(c, manager)]
    return any(call.head.start > fills[-1] for call in empties(run, manager)) if fills else False


def _empties_itself(call: Call, manager: str) -> bool:
    known = cache(manager)
    if call.program not in known.programs:
        return False
    words = [*call.subcommand.split(), *(word.raw for word in call.operands)]
    for clean in known.cleans:
        names = [word for word in clean.split() if not word.startswith("-")]
        options = [word for word in clean.split() if word.startswith("-")]
        if words[: len(names)] == names and all(call.has(option) for option in options):
            return True
    return False


def removed(call: Call, manager: str) -> tuple[Word, ...]:
    """The operands of an `rm` that take a cache of `manager` away, with or without its folder itself."""
    if call.program != "rm":
        return ()
    deep = call.has("-r", "-R", "--recursive")
    known = cache(manager)
    paths = [*(path for group in (*known.folders, *known.root) for path in group), *known.inside]
    words = [word for word in call.operands if deep or word.raw.endswith("/*")]
    return tuple(word for word in words if any(_covers(word.raw, path) for path in paths))


def removed_alone(call: Call, manager: str) -> tuple[Word, ...]:
    """The operands of an `rm` that take away a cache of `manager` and nothing else."""
    known = cache(manager)
    paths = [*(path for group in (*known.folders, *known.root) for path in group), *known.inside]
    return tuple(word for word in removed(call, manager) if any(is_within(_bare(word.raw), path) for path in paths))


def _covers(raw: str, path: str) -> bool:
    """Whether removing `raw` (as written, of root's or anybody's home) removes what is in `path`."""
    bare = _bare(raw)
    return bool(bare) and "*" not in bare and is_within(path, bare)


def _bare(raw: str) -> str:
    bare = _HOME.sub("~", raw.strip("\"'")).removesuffix("/*").rstrip("/")
    return re.sub(r"\A(/root|/home/[^/]+)(?=/|\Z)", "~", re.sub(r"\$\{(\w+)\}", r"$\1", bare))


def _target(mount: Mapping[str, str]) -> str | None:
    """The target of a mount, with `~` for the variable HOME."""
    target = mount.get("target")
    return _HOME.sub("~", target).rstrip("/") or "/" if target else None


def add_mount(file: Dockerfile, facts: Facts, run: Run, manager: str) -> tuple[Edit, ...] | str:
    """Mount the caches of `manager` in the step, and take out of it what would defeat that; else the reason why not.

    The change must declare "mounts". For a user other than root it is not proven: the folders between the home and the
    cache are root's while the step runs.
    """
    if not facts.buildkit:
        return 'cache mounts need BuildKit: set builder = "buildkit", or name a syntax in the first line'
    who, targets = account(facts, run), folders(facts, run, manager)
    if isinstance(who, str) or isinstance(targets, str):
        return f"no cache can be mounted: {who if isinstance(who, str) else targets}"
    known = cache(manager)
    owner = "".join(f",{key}={number}" for key, number in (("uid", who.uid), ("gid", who.gid)) if number is not None)
    sharing = f",sharing={known.sharing}" if known.sharing else ""
    edits = [mount_flags(file, run, [f"type=cache,target={target}{sharing}{owner}" for target in targets])]
    words = [
        option.word
        for call in run.calls
        for option in call.options
        if call.program in known.programs and option.name in known.flags and option.value is None
    ]
    emptying = empties(run, manager)
    for call in emptying:
        alone = removed_alone(call, manager)
        if more := next((word for word in removed(call, manager) if word not in alone), None):
            return f"no cache can be mounted: the step removes {more.raw}, which holds more than the cache"
    for cut in (cut_words(file, run, *words), _without(file, run, manager, emptying)):
        if cut is None:
            return "the step empties or switches off the cache in a way that cannot be taken out: do that by hand"
        edits += cut
    return "what would defeat the mount cannot be taken out of the step" if overlap(edits) else tuple(edits)


def _without(file: Dockerfile, run: Run, manager: str, emptying: tuple[Call, ...]) -> tuple[Edit, ...] | None:
    """Take the commands `emptying` out, or just the operands of `rm` that are the cache's; None where it cannot be."""
    words = [(call, removed_alone(call, manager)) for call in emptying]
    partly = [word for call, found in words if len(found) < len(call.operands) for word in found]
    whole = [call.statement for call, found in words if not found or len(found) == len(call.operands)]
    cuts = (cut_words(file, run, *partly), cut_commands(file, run, whole))
    return None if cuts[0] is None or cuts[1] is None else (*cuts[0], *cuts[1])


def mount_flags(file: Dockerfile, run: Run, mounts: list[str]) -> Edit:
    """Put `--mount=…` flags behind RUN and the flags that it has, each on a line of its own but for a heredoc's."""
    instruction, text = run.instruction, file.source.text
    at = instruction.flags[-1].span.end if instruction.flags else instruction.keyword_span.end
    flags = [f"--mount={mount}" for mount in mounts]
    newline = f" {file.escape}{file.source.newline}"
    command = run.text.source(0)
    if instruction.heredocs:
        return Edit(at, at, "".join(f" {flag}" for flag in flags))
    if file.source.line(command) > file.source.line(at):
        # The flags of the file stand on lines of their own, or RUN does.
        above = at if file.source.line(at) > instruction.first_line else command
        between = newline + _indent_at(file, above)
        return Edit(at, at, (between if instruction.flags else " ") + between.join(flags))
    indent = "    "
    gap = len(text[at:command])
    surplus = max(gap - len(indent), 0)
    return Edit(at, at + surplus, " " + f"{newline}{indent}".join(flags) + newline + indent[gap:])


def _indent_at(file: Dockerfile, offset: int) -> str:
    line = file.source.line_text(file.source.line(offset))
    return line[: len(line) - len(line.lstrip())]
