"""What a command does with apt's package lists and caches: fetch, read or remove them.

The commands are data, in knowledge/apt.toml.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.facts import Run
from rewriter.syntax.shell import Statement, Word
from rewriter.syntax.vocabulary import Call, call

LISTS = "/var/lib/apt/lists"
CLEAN_UP = "rm -rf /var/lib/apt/lists/*"
NO_UPDATE = "no update can be put in front of it so that its failure ends the step: write `set -e` lists with `;` alone"
MANAGERS = frozenset(("apt-get", "apt", "aptitude"))
_SIMULATED = ("-s", "--simulate", "--dry-run", "--just-print", "--no-act", "--recon")
_UPGRADES = frozenset(("upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade", "dselect-upgrade"))
_CLEANS = frozenset(("clean", "autoclean"))
_LISTS_PATH = re.compile(r"/var/lib/(?:apt(?:/|\Z)|\*|\{(?:[^}]*,)?apt[,/}])|\Aapt/lists|/var/\{[^}]*lib/apt")
_CACHE_PATH = re.compile(
    r"/(?:var/(?:lib/apt|cache|tmp|log)|tmp|usr/share/(?:doc|man|info|locale)|root/\.cache)(?:/|\Z)"
)
_VARIABLE = re.compile(r"[\"']?\$\{?(\w+)\}?")
_SETUP = frozenset(
    (
        *("apt-key", "add-apt-repository", "apt-add-repository", "apt-mark", "dpkg", "debconf-set-selections", "gpg"),
        *("echo", "printf", "tee", "cat", "sed", "mkdir", "install", "chmod", "cp", "mv", "ln", "rm", "curl", "wget"),
    )
)
_PRELUDE = frozenset(("set", "export"))
_QUIET = frozenset(("-q", "--quiet", "-y", "--yes", "--assume-yes"))


class Kind(Enum):
    """What one step of a chain is."""

    UPDATE = auto()
    INSTALL = auto()
    UPGRADE = auto()
    CLEAN = auto()  # empties caches, by paths that do not depend on the shell's state
    OTHER_APT = auto()  # removes packages, and the like
    SETUP = auto()  # sources and keys; leaves nothing behind in the shell
    PRELUDE = auto()  # settings of the shell
    OTHER = auto()


# Steps that only apt's own commands and caches are part of.
PURE = frozenset((Kind.UPDATE, Kind.INSTALL, Kind.UPGRADE, Kind.CLEAN, Kind.OTHER_APT))
READING = frozenset((Kind.INSTALL, Kind.UPGRADE))


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The data of knowledge/apt.toml."""
    return knowledge.table("apt")


def kind(step: Statement) -> Kind:
    """What `step`, a member of a `&&` chain, is."""
    if step.kind == "pipeline":
        parts = [call(child) for child in step.children]
        return Kind.SETUP if all(part and part.program in _SETUP for part in parts) else Kind.OTHER
    found = call(step)
    if found is None:
        return Kind.OTHER
    if updates(found):
        return Kind.UPDATE
    if found.program in MANAGERS:
        name = verb(found)
        if name in _CLEANS:
            return Kind.CLEAN
        if name in _UPGRADES:
            return Kind.UPGRADE
        return Kind.INSTALL if reads(found) else Kind.OTHER_APT
    if empties(found):
        return Kind.CLEAN
    if found.program in _PRELUDE:
        return Kind.PRELUDE
    return Kind.SETUP if found.program in _SETUP else Kind.OTHER


def empties(found: Call) -> bool:
    """Whether the command does nothing but remove caches, by absolute paths."""
    if found.program == "find":
        paths = found.operands[:1]
        if found.statement.words[-1].raw != "-delete":
            return False
    elif found.program == "rm" and found.operands and not found.statement.redirects:
        paths = found.operands
    else:
        return False
    return all("$" not in word.raw and _CACHE_PATH.match(word.raw.strip("\"'")) for word in paths)


def verb(found: Call) -> str:
    """The sub-command, also behind options that only the shell knows (`apt-get $OPTIONS install`)."""
    return found.subcommand or next((word.value for word in found.operands if word.value), "")


def updates(found: Call) -> bool:
    """Whether the command fetches the lists."""
    return found.program in MANAGERS and verb(found) == "update"


def quiet_update(found: Call) -> bool:
    """Whether the command is an update without options that change what it fetches."""
    return updates(found) and all(option.name in _QUIET for option in found.options)


def reads(found: Call) -> bool:
    """Whether the command reads the lists."""
    entry = table()["reads"].get(found.program)
    if entry is None or (found.program in MANAGERS and found.has("--print-uris", *_SIMULATED)):
        return False
    verbs = str(entry["verbs"]).split()
    words = (found.subcommand, *(word.value for word in found.operands))
    return verbs == ["*"] or any(word in verbs for word in words[:2])


def removes(run: Run, found: Call) -> bool:
    """Whether the command removes the lists, however spelt: `rm`, `find … -delete`, a folder above, a variable."""
    if found.program not in ("rm", "find", "cd", "rmdir", "truncate", "mv"):
        return False
    return any(_names_lists(run, word) for word in found.operands)


def _names_lists(run: Run, word: Word) -> bool:
    bare = re.sub(r"/{2,}", "/", word.raw.replace('"', "").replace("'", ""))
    if _LISTS_PATH.search(bare):
        return True
    if (variable := _VARIABLE.match(word.raw)) is None:
        return False
    value = run.state.env.get(variable[1])
    assigned = re.search(rf"\b{variable[1]}=(\S+)", run.text.text)
    known = value if isinstance(value, str) else assigned[1] if assigned else variable[1].lower()
    return "apt" in known


def brings_sources(found: Call) -> bool:
    """Whether the command installs a package that brings a source of packages, or the means to read one."""
    words = str(table()["sources"]["words"]).split()
    names = [word.raw.partition("=")[0] for word in found.operands]
    return any("/" in name or "$" in name or "*" in name or any(word in name for word in words) for name in names)


def only_updates(run: Run) -> bool:
    """Whether a RUN fetches the lists and does nothing else."""
    kinds = [kind(step) for step in run.chain or ()]
    return Kind.UPDATE in kinds and set(kinds) <= {Kind.UPDATE, Kind.CLEAN} and not run.instruction.flags


def update_words(update: Call) -> str:
    """The update in its own words, where they mean the same in another step."""
    words = update.statement.words[update.statement.words.index(update.head) :]
    plain = all(word.value is not None for word in words)
    return " ".join(word.raw for word in words) if plain else "apt-get update"
