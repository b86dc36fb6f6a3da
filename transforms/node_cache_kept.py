"""A download cache of npm, yarn, pnpm or bun that stays in the image.

What: empties the package manager's cache behind its last install of a step, in stages that are shipped. With
`cache = "mount"`, mounts the cache instead.

Why: what was downloaded is in node_modules already; the cache stores it a second time, and nobody reads it again. Only
the same step can take it out of the layer. Yarn 2 and later may run the program from their cache, and are left alone.

Before:

    FROM node:20-alpine
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    COPY . .
    CMD ["node", "server.js"]

After:

    FROM node:20-alpine
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev && npm cache clean --force
    COPY . .
    CMD ["node", "server.js"]

Level: safe; standard for yarn where the context may hold a Yarn 2 that the Dockerfile does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Evidence
from rewriter.facts import Facts, Run
from rewriter.steps import caches
from rewriter.steps.cleaning import clean_behind, mount, run_as, used_later
from rewriter.steps.yarn import berry, classic
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call, spelling

_INSTALLS = {
    "npm": spelling("npm").install - {"rebuild", "rb"},
    "yarn": spelling("yarn").install,
    "pnpm": spelling("pnpm").install,
    "bun": spelling("bun").install,
}
_FETCHES_NOTHING = ("-v", "--version", "-h", "--help", "--offline")
# Sources: https://docs.npmjs.com/cli/commands/npm-cache (npm 5 and later want --force, older ones take it),
# https://classic.yarnpkg.com/en/docs/cli/cache, https://pnpm.io/cli/store ("not harmful"). `bun pm cache rm` fails
# where there is no package.json (https://github.com/oven-sh/bun/issues/24225), so bun's folder is removed.
_CLEANS = {"npm": "cache clean --force", "yarn": "cache clean", "pnpm": "store prune"}
_BY_HAND = re.compile(r"\b(npm config get cache|npm get cache|yarn cache dir|pnpm store path|_cacache)\b")
_OFFLINE = re.compile(r"--(?:prefer-)?offline\b|\bnpm_config_(?:prefer_)?offline\b", re.IGNORECASE)
_UNSHOWN = "no line shows Yarn 2 or later, though what is copied could bring one"
_MOVED = re.compile(r"(?:npm_config_cache|yarn_cache_folder|home)=", re.IGNORECASE)


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for the last install of each manager, and each user of it, in a step."""
    for run in facts.runs:
        last = {
            (call.program, run_as(call, "")): call
            for call in run.calls
            if call.program in _INSTALLS and _installs(call)
        }
        for call in last.values():
            if found := _judge(file, facts, run, call):
                yield found


def _installs(call: Call) -> bool:
    return call.subcommand in _INSTALLS[call.program] and not call.has(*_FETCHES_NOTHING)


def _judge(file: Dockerfile, facts: Facts, run: Run, call: Call) -> Change | Declined | None:
    manager, at = call.program, run.at(call)
    if caches.mounted(run, manager):
        return None
    wanted = caches.mounts_wanted(facts, manager) and not call.has("--no-cache")
    if not wanted and (not facts.shipped(run.image) or _emptied(facts, run, call)):
        return None
    if reason := _elsewhere(call) or (berry(facts, run) if manager == "yarn" else None):
        return Declined(reason, at)
    if wanted:
        return mount(file, facts, run, manager, call, f"{manager} downloads the same packages in every build")
    if manager == "npm" and _replaced(facts, run):
        return Declined("the step replaces npm, and no later command shows that the new one runs on this Node", at)
    if line := _offline(facts, run, call):
        return Declined(f"line {line} installs offline, and may need the cache", at)
    if manager == "bun":
        folders = caches.folders(facts, run, manager)
        if isinstance(folders, str):
            return Declined(f"where bun's cache lies is not known: {folders}", at)
        command = f"rm -rf {' '.join(folders)}"
    else:
        command = run_as(call, f"{call.head.raw} {_CLEANS[manager]}")
    everywhere = manager == "bun" or run.image.base.has(manager)
    edit = clean_behind(file, run, call, command, everywhere=everywhere)
    if isinstance(edit, str):
        return Declined(f"{edit}: {command} has to be added by hand", at)
    message = f"the packages that {manager} downloaded stay in the layer a second time, in its cache"
    if manager == "pnpm":  # node_modules has hard links to the store
        message = "what pnpm downloaded but no project uses stays in the layer, and so does its cache of metadata"
    evidence = (facts.line(run.instruction, "nothing behind this step installs offline"),)
    if manager != "yarn":
        return Change(message, (edit,), at, Alters.KEPT, evidence=evidence)
    proof = classic(facts, run, call)
    return Change(message, (edit,), at, Alters.KEPT, proof is not None, (*evidence, proof or Evidence(_UNSHOWN)))


def _emptied(facts: Facts, run: Run, call: Call) -> bool:
    """Whether the user empties the cache himself: behind the install, or (too late) in a later step of its own."""
    if any(other.head.start > call.head.start for other in _cleans(run, call.program)):
        return True
    later = (facts.run(instruction) for instruction in facts.later(run.instruction))
    return any(
        other.state.user == run.state.user
        and _cleans(other, call.program)
        and not any(c.program == call.program and _installs(c) for c in other.calls)
        for other in later
        if other is not None
    )


def _cleans(run: Run, manager: str) -> tuple[Call, ...]:
    by_hand = (
        call for call in run.calls if call.program == "rm" and any(_BY_HAND.search(w.raw) for w in call.operands)
    )
    return (*caches.empties(run, manager), *by_hand)


def _elsewhere(call: Call) -> str | None:
    """Why the cache of the command is not where its clean-up looks for it."""
    for option in call.options:
        if option.name in ("--cache", "--cache-folder", "--cache-dir", "--store-dir"):
            return f"{option.name} puts the cache into a folder of its own: remove that in the same step"
    for word in (*call.statement.assignments, *call.wrappers):
        if _MOVED.match(word.raw):
            return f"{word.raw} puts the cache into a folder of its own: remove that in the same step"
    return None


def _replaced(facts: Facts, run: Run) -> bool:
    """Whether the step installs another npm, which nothing else calls: a clean-up would be the first to fail."""
    calls = [call for call in run.calls if call.program == "npm"]
    new = [
        call for call in calls if any(re.match(r"npm(@|\Z)", word.raw) for word in call.operands) and _installs(call)
    ]
    return bool(new) and calls[-1] is new[-1] and not used_later(facts, run, lambda call: call.program == "npm")


def _offline(facts: Facts, run: Run, call: Call) -> int | None:
    """The line of something behind the install that asks for packages from the cache."""
    if _OFFLINE.search(run.script.text, call.end) or any(_OFFLINE.match(name) for name in run.state.env):
        return run.instruction.first_line
    for instruction in facts.later(run.instruction):
        if _OFFLINE.search(facts.file.text(instruction.span)):
            return instruction.first_line
    return None
