"""A cache mount that its own step empties, or does not use.

What: reports an option, a variable or a clean-up that defeats a `--mount=type=cache` of the same RUN, and apt's mount
where the base image deletes what apt downloads.

Why: the mount is there so that the next build finds the downloads. A step that empties it, or passes it by, downloads
everything again. What lies in the mount is not in the image, so that there is nothing to clean up.

Before:

    # syntax=docker/dockerfile:1
    FROM python:3.12
    RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir flask

After:

    # syntax=docker/dockerfile:1
    FROM python:3.12
    RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir flask

Level: report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rewriter.change import Report
from rewriter.facts import Facts, Run
from rewriter.steps import caches
from rewriter.steps.cleaning import before
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call
from rewriter.within import is_within

# Those whose commands say by themselves that they pass the cache by, or empty it.
_MANAGERS = ("apk", "dnf", "yum", "microdnf", "zypper", "pip", "uv", "poetry", "npm", "yarn", "pnpm", "bun", "composer")
_FOLDERS = (*_MANAGERS, "apt", "yarn-berry", "go", "cargo")
_ON = frozenset(("1", "true", "True", "yes", "on"))
_HOME = re.compile(r"(?:/root|\$HOME|\$\{HOME\})(?=/|\Z)")
# Source: https://docs.docker.com/reference/dockerfile/#example-cache-apt-packages
_KEEPS_ARCHIVES = re.compile(r"docker-clean|apt\.conf|Keep-Downloaded-Packages|Binary::apt")
_ARCHIVES = "/var/cache/apt/archives"


def find(file: Dockerfile, facts: Facts) -> Iterator[Report]:
    """Yield a report for each command of a step that defeats a cache mount of the step."""
    if "type=cache" not in file.source.text:
        return
    for run in facts.runs:
        targets = _targets(run)
        for call in run.calls if targets else ():
            if message := _defeats(run, call, targets):
                yield Report(message, run.at(call))
        if any(is_within(_ARCHIVES, target) for target in targets) and _deletes_archives(facts, run):
            yield from (
                Report(
                    "the base image deletes what apt downloads (/etc/apt/apt.conf.d/docker-clean), so that the mounted "
                    "cache stays empty: remove that file before the install",
                    run.at(call),
                )
                for call in run.calls
                if call.program in ("apt-get", "apt") and call.subcommand == "install"
            )


def _targets(run: Run) -> tuple[str, ...]:
    """Where the step mounts caches, with `~` for root's home and HOME."""
    mounts = run.instruction.mounts
    return tuple(_bare(mount["target"]) for mount in mounts if mount.get("type") == "cache" and mount.get("target"))


def _defeats(run: Run, call: Call, targets: tuple[str, ...]) -> str | None:
    """How `call` defeats a cache mounted at one of `targets`; None where it does not."""
    if call.program == "rm":
        paths = [_bare(word.raw) for word in call.operands if call.has("-r", "-R", "--recursive") or "*" in word.raw]
        emptied = next((t for path in paths for t in targets if _empties(path, t)), None)
        return emptied and f"rm empties the cache mounted at {emptied}; what is there is not in the image"
    if call.program in ("apt-get", "apt") and call.subcommand in ("clean", "distclean"):
        emptied = next((t for t in targets if is_within(_ARCHIVES, t)), None)
        return emptied and f"{call.program} {call.subcommand} empties the cache mounted at {emptied}"
    for manager in _MANAGERS:
        known = caches.cache(manager)
        if call.program not in known.programs or not caches.mounted(run, manager):
            continue
        if flag := next((option.name for option in call.options if option.name in known.flags), None):
            hint = "; --update-cache fetches a fresh index instead" if manager == "apk" else ""
            return f"{flag} makes {manager} pass the mounted cache by{hint}"
        if call in caches.empties(run, manager):
            return f"{manager} {call.subcommand} empties the mounted cache"
        if call.installs and (name := next((n for n in known.off if run.state.env.get(n) in _ON), None)):
            return f"{name} makes {manager} pass the mounted cache by"
    return None


def _bare(path: str) -> str:
    return _HOME.sub("~", path.strip("\"'")).removesuffix("/*").rstrip("/")


def _empties(path: str, target: str) -> bool:
    """Whether `rm` of `path` empties what is mounted at `target`: all of it, or a package manager's folder in it."""
    return bool(path) and (is_within(target, path) or (is_within(path, target) and path in _known_folders()))


@lru_cache(maxsize=1)
def _known_folders() -> frozenset[str]:
    entries = [caches.cache(manager) for manager in _FOLDERS]
    paths = [path for entry in entries for group in (*entry.folders, *entry.root, entry.inside) for path in group]
    return frozenset(_bare(path) for path in paths)


def _deletes_archives(facts: Facts, run: Run) -> bool:
    """Whether the step's base is known to delete apt's archives, and nothing before seems to change that."""
    if run.image.base.distribution not in ("debian", "ubuntu") or _KEEPS_ARCHIVES.search(run.text.text):
        return False
    for instruction in before(facts, run):
        words = instruction.json or instruction.value.split()
        folder = words[-1] if words and instruction.keyword in ("COPY", "ADD") else ""
        if _KEEPS_ARCHIVES.search(facts.file.text(instruction.span)) or folder == "/" or folder.startswith("/etc"):
            return False
    return True
