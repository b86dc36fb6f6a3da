"""What the operands of commands are: files that are read, written, copied, linked … One function a role.

A function adds to the effect of one command; it returns why that is not known, where it is not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from rewriter.effects.commands import Work
from rewriter.effects.fetching import curl, git, wget
from rewriter.effects.packages import account, apk, apt, apt_settings, dpkg, packages, requirements
from rewriter.effects.paths import Path
from rewriter.effects.tools import awk, find, grep, sed, tar, unzip, zipped

_SETGID = re.compile(r"[2367]\d{3}|.*s")
_FILE_TESTS = frozenset(f"-{letter}" for letter in "abcdefghkLNOGprsSuwx")
_BETWEEN = frozenset(("-nt", "-ot", "-ef"))


def _none(_: Work) -> str | None:
    return None


def _read(work: Work) -> str | None:
    alone = not work.given.operands and work.call.program in work.entry.get("here", "").split()
    work.read(*((".",) if alone else work.given.operands))
    return None


def _write(work: Work) -> str | None:
    work.write(*work.given.operands)
    return None


def _remove(work: Work) -> str | None:
    for path in (path for raw in work.given.operands for path in work.paths(raw)):
        work.put(path, around=False)
    return None


def _make(work: Work) -> str | None:
    """mkdir. A mode is that of the last folder alone. Source: POSIX, mkdir."""
    moded = work.given.has("-m", "--mode", "-Z", "--context")
    for raw in work.given.operands:
        if not work.given.has("-p", "--parents"):
            work.write(raw)
            continue
        work.make(raw)
        if moded:
            for path in work.paths(raw):
                work.put(path, around=False)
    return None


def _attributes(work: Work) -> str | None:
    """chmod, chown, chgrp: a folder's own attributes are one thing, those of all below it another."""
    given = work.given
    by_file = given.has("--reference")
    words, names = ((), given.operands) if by_file else (given.operands[:1], given.operands[1:])
    if work.call.program != "chmod":
        work.owner(words)
        work.owner(given.values("--from"))
    # Without a mode that new files inherit from their folder, what lies below is not concerned.
    inherits = work.call.program == "chmod" and any(_SETGID.match(word) for word in words)
    inherits = inherits or _setgid_seen(work)
    for raw in names:
        if given.has("-R", "--recursive") or inherits:
            work.write(raw)
        else:
            work.mark(raw)
    return None


def _setgid_seen(work: Work) -> bool:
    return bool(re.search(r"\+\S*s\b|\b[2367]\d{3}\b", work.scope.run.script.text))


def _copy(work: Work) -> str | None:
    given = work.given
    folders = given.values("-t", "--target-directory")
    sources = given.operands if folders else given.operands[:-1]
    targets = folders or given.operands[-1:]
    whole = given.has("-r", "-R", "-a", "--recursive", "--archive", "--parents", "-T", "--no-target-directory")
    if given.has("-l", "--link"):
        return "hard links have two names for one file"
    work.read(*sources)
    if work.call.program == "mv":
        _remove_each(work, sources)
        whole = True
    if folders and not whole:
        targets = [f"{target.rstrip('/')}/" for target in targets]
    for target in targets:
        work.into(sources, target, whole=whole and len(sources) == 1)
    return None


def _remove_each(work: Work, raws: tuple[str, ...]) -> None:
    for path in (path for raw in raws for path in work.paths(raw)):
        work.put(path)


def _install(work: Work) -> str | None:
    given = work.given
    work.owner(given.values("-o", "--owner", "-g", "--group"))
    if given.has("-d", "--directory"):
        for raw in given.operands:
            work.make(raw)
            for path in work.paths(raw):
                work.put(path, around=False)
        return None
    folders = given.values("-t", "--target-directory")
    sources = given.operands if folders else given.operands[:-1]
    work.read(*sources)
    for target in folders or given.operands[-1:]:
        if given.has("-D"):
            work.make(target if folders or target.endswith("/") else posixpath.dirname(target) or ".")
            for path in work.paths(target):
                work.put(path, around=False)
        else:
            work.into(sources, f"{target}/" if folders else target, whole=False)
    return None


def _link(work: Work) -> str | None:
    """ln. What the link leads to counts from now on for this step, see `Scope.links`."""
    given = work.given
    if not given.has("-s", "--symbolic"):
        return "a hard link gives one file two names"
    folders = given.values("-t", "--target-directory")
    targets = given.operands if folders or len(given.operands) == 1 else given.operands[:-1]
    places = folders or (list(given.operands[-1:]) if len(given.operands) > 1 else ["."])
    for place in places:
        found = work.paths(place)
        for path in found:
            names = [target.name for raw in targets for target in work.paths(raw)]
            if path.folder and all(names):
                for name in names:
                    work.put(Path(posixpath.join(path.path, name)))
            else:
                work.put(path)
    return None


def _test(work: Work) -> str | None:
    words = list(work.given.operands)
    for at, word in enumerate(words):
        if word in _FILE_TESTS and at + 1 < len(words):
            work.read(words[at + 1])
        elif word in _BETWEEN and 0 < at < len(words) - 1:
            work.read(words[at - 1], words[at + 1])
    return None


def _exports(work: Work) -> str | None:
    listed = not work.given.operands and not work.given.options
    return f"{work.call.program} tells the value of every variable" if listed else None


ROLES: dict[str, Callable[[Work], str | None]] = {
    "none": _none,
    "read": _read,
    "write": _write,
    "remove": _remove,
    "make": _make,
    "grep": grep,
    "attributes": _attributes,
    "copy": _copy,
    "install": _install,
    "link": _link,
    "test": _test,
    "sed": sed,
    "awk": awk,
    "tar": tar,
    "unzip": unzip,
    "find": find,
    "curl": curl,
    "wget": wget,
    "git": git,
    "account": account,
    "packages": packages,
    "exports": _exports,
    "apk": apk,
    "apt": apt,
    "apt-settings": apt_settings,
    "dpkg": dpkg,
    "requirements": requirements,
    "zip": zipped,
}
