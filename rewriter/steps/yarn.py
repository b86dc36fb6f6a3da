"""Which Yarn a step runs: Yarn 1, or a later one, whose programs may run from its cache."""

from __future__ import annotations

import re

from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object
from rewriter.project.needs import View
from rewriter.steps.cleaning import before
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

# What only Yarn 2 and later have, or what brings them.
_BERRY = re.compile(
    r"""(?<![\w-])(?:\.yarn(?!/bin\b)(?:rc\.yml)?(?=[\s/"',\\\]]|\Z)|\.pnp\b)|\bcorepack\b|\bYARN_(?:NODE_LINKER|ENABLE_)"""
    r"|\byarn (?:set version|dlx|plugin|workspaces focus)\b|\byarn@(?:berry|stable|canary|\W?[2-9])"
    r"|--immutable\b|--inline-builds\b|--check-cache\b"
)
# Options that Yarn 2 refuses; its `yarn global` is gone. Source: https://yarnpkg.com/migration/guide
_CLASSIC = ("--production", "--prod", "--pure-lockfile", "--no-lockfile", "--network-timeout", "--ignore-optional")
_FETCHES = frozenset(("git", "curl", "wget", "tar", "unzip", "svn", "hg"))
_ONE_FILE = re.compile(
    r"(?:\A|/)[^/]*(?:package|yarn)[^/]*\.(?:json|lock)\Z|\.(?:js|sh|ts|json|lock|conf|npmrc|yarnrc)\Z"
)

_ELSEWHERE = re.compile(
    r"""^(?:nodeLinker:\s*["']?(?:node-modules|pnpm)\b|enableGlobalCache:\s*["']?false\b|(?:cache|global)Folder:)""",
    re.M,
)
_SHOWS = "shows Yarn 2 or later, which may run from its cache"


def berry(facts: Facts, run: Run) -> str | None:
    """Where Yarn 2 or later shows, whose programs may run from the cache (Plug'n'Play, zero-installs); None if nowhere.

    Sources: https://yarnpkg.com/features/pnp, https://yarnpkg.com/features/caching
    """
    for instruction in (run.instruction, *before(facts, run)):
        if shown := _BERRY.search(facts.file.text(instruction.span)):
            return f"line {instruction.first_line} ({shown[0]}) {_SHOWS}"
    for name in (".yarnrc.yml", ".pnp.cjs", ".pnp.js", ".yarn"):
        for folder in ("", *_folders(facts, run)):
            path = f"{folder}/{name}".lstrip("/")
            if facts.project.kind(path):
                return f"{path} {_SHOWS}"
    return None


def classic(facts: Facts, run: Run, call: Call) -> Evidence | None:
    """What shows that the Yarn of the step is Yarn 1, where nothing shows a later one; None where nothing does."""
    if call.subcommand.startswith("global") or call.has(*_CLASSIC):
        return facts.line(run.instruction, "only Yarn 1 takes this command")
    fetched = any(call.program in _FETCHES for other in (run, *facts.earlier(run)) for call in other.calls)
    if fetched or _folders(facts, run) or run.instruction.flag_values("mount") or not run.image.base.known:
        return None
    return Evidence(
        "no known image or package source brings Yarn 2, and only single files are copied before the install"
    )


def plugged(view: View, settings: str) -> str:
    """The file that shows that an install in `view` leaves the packages in the cache of the user's home folder, where
    the program loads them (Plug'n'Play of Yarn 4); "" where none does. `settings` are the variables of the step.

    Sources: https://yarnpkg.com/configuration/yarnrc#enableGlobalCache, #nodeLinker, #cacheFolder
    """
    try:
        text = view.text(".yarnrc.yml") if view.kind(".yarnrc.yml") == "file" else ""
        manager = json_object(view, "package.json").get("packageManager") if view.kind("package.json") else None
    except Unfit:
        return ""
    newer = re.search(r"\byarn-(?:[4-9]|\d\d)", text) or re.match(r"yarn@(?:[4-9]|\d\d)", str(manager))
    elsewhere = r"YARN_(?:NODE_LINKER|ENABLE_GLOBAL_CACHE|CACHE_FOLDER|GLOBAL_FOLDER)\b"
    if not newer or re.search(_ELSEWHERE, text) or re.search(elsewhere, settings):
        return ""
    name = ".yarnrc.yml" if text else "package.json"
    return view.file(name) or name


def _folders(facts: Facts, run: Run) -> tuple[str, ...]:
    """The sources of copies before the step that may be folders."""
    return tuple(
        source.removeprefix("./").rstrip("/")
        for instruction in before(facts, run)
        if instruction.keyword in ("COPY", "ADD")
        for source in _sources(instruction)
        if not _ONE_FILE.search(source)
    )


def _sources(instruction: Instruction) -> tuple[str, ...]:
    return tuple(instruction.json or instruction.value.split())[:-1]
