"""What the operands of commands are: files that are read, written, copied, linked … One function a role.

A function adds to the effect of one command; it returns why that is not known, where it is not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from rewriter.effects.commands import Work
from rewriter.effects.fetching import curl, git, wget
from rewriter.effects.packages import account, apk, apt, dpkg, packages, requirements
from rewriter.effects.paths import Path

_SETGID = re.compile(r"[2367]\d{3}|.*s")
_FILE_TESTS = frozenset(f"-{letter}" for letter in "abcdefghkLNOGprsSuwx")
_BETWEEN = frozenset(("-nt", "-ot", "-ef"))
_AWK_ACTS = re.compile(r"system|getline|print[^;}]*>|\|")
_SED_FILES = re.compile(r"[wWrRe]")
_SED_PLAIN = re.compile(
    r"(?:[\d,$!\s]|/(?:[^/\\]|\\.)*/)*(?:s(?P<d>[^\w\s\\])(?:(?!(?P=d))[^\\]|\\.)*(?P=d)(?:(?!(?P=d))[^\\]|\\.)*(?P=d)[gpiI\d]*|[dpqhHgGxnNDPl=]|y/[^/]*/[^/]*/)?\Z"
)


def _none(_: Work) -> str | None:
    return None


def _read(work: Work) -> str | None:
    work.read(*work.given.operands)
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


def _first_then(work: Work, act: Callable[..., None], *elsewhere: str) -> str | None:
    """The first operand is no path, unless an option stands in its place."""
    rest = work.given.operands if work.given.has(*elsewhere) else work.given.operands[1:]
    act(*rest)
    return None


def _grep(work: Work) -> str | None:
    if work.given.has("-r", "-R", "--recursive", "--dereference-recursive") and len(work.given.operands) < 2:
        work.read(".")
    return _first_then(work, work.read, "-e", "--regexp", "-f", "--file")


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


def _sed(work: Work) -> str | None:
    given = work.given
    scripts = given.values("-e", "--expression")
    files = given.operands
    if not scripts and not given.has("-f", "--file"):
        scripts, files = list(files[:1]), files[1:]
    for script in scripts:
        if not all(_SED_PLAIN.match(part.strip()) for part in script.strip("\"'").split(";")):
            return "what the script of sed does is not known"
    if given.has("-i", "--in-place"):
        work.write(*files)
    else:
        work.read(*files)
    return None


def _awk(work: Work) -> str | None:
    operands = work.given.operands
    if not work.given.has("-f", "--file"):
        if not operands or _AWK_ACTS.search(operands[0]):
            return "what the program of awk does is not known"
        operands = operands[1:]
    work.read(*operands)
    return None


def _tar(work: Work) -> str | None:
    given = work.given
    folders = given.values("-C", "--directory")
    archives = given.values("-f", "--file")
    if len(folders) > 1 or len(archives) > 1:
        return "tar with several folders or archives"
    modes = [
        mode
        for mode in ("-x", "-c", "-t")
        if given.has(mode, {"-x": "--extract", "-c": "--create", "-t": "--list"}[mode])
    ]
    modes = ["-x"] if given.has("--get") else modes
    if len(modes) != 1:
        return "what tar is to do is not known"
    if given.has("-P", "--absolute-names"):
        return "tar with absolute names may write anywhere"
    if modes == ["-c"]:
        work.write(*archives)
        folder = folders[0] if folders else "."
        work.needs.update(path.path for path in work.paths(folder))
        for raw in given.operands:
            plain = raw.strip("\"'")
            work.read(raw if plain.startswith("/") or not folders else f"{folder}/{plain}")
        work.reads |= {"/etc/passwd", "/etc/group"}
        return None
    work.read(*archives)
    if modes == ["-x"]:
        folder = folders[0] if folders else "."
        for path in work.paths(folder):
            work.put(path, around=False)
            work.needs.add(path.path)
        if not given.has("--no-same-owner", "-o"):
            work.reads |= {"/etc/passwd", "/etc/group"}
    return None


def _unzip(work: Work) -> str | None:
    work.read(*work.given.operands[:1])
    folders = work.given.values("-d") or ["."]
    if work.given.has("-l", "-t", "-p", "-Z", "-v"):
        return None
    for folder in folders:
        work.make(folder)
        for path in work.paths(folder):
            work.put(path, around=False)
    return None


def _find(work: Work) -> str | None:
    """find: the folders, then the expression."""
    words = [word.raw for word in work.call.statement.words if word.start > work.call.head.start]
    while words and words[0] in ("-H", "-L", "-P"):
        del words[0]
    count = next((i for i, word in enumerate(words) if word[0] in "-(!\\"), len(words))
    folders, rest = words[:count] or ["."], words[count:]
    acts = False
    at = 0
    known = work.entry["tests"].split()
    while at < len(rest):
        word = rest[at]
        at += 1
        if word in ("-exec", "-execdir"):
            end = next((i for i in range(at, len(rest)) if rest[i] in ("\\;", "';'", '";"', "+")), None)
            command = rest[at:end]
            if (
                end is None
                or not command
                or command[0] not in ("rm", "chmod", "chown", "chgrp", "rmdir", "touch", "strip")
            ):
                return "what find runs is not known"
            if command[0] in ("chown", "chgrp"):
                work.owner(command[1:-1])
            if command[-1] != "{}" or any(word.startswith(("/", "--")) for word in command[1:-1]):
                return "what find runs is not known"
            acts, at = True, end + 1
        elif word == "-delete":
            acts = True
        elif word in ("-user", "-group"):
            work.owner(rest[at : at + 1])
            at += 1
        elif word in ("-newer", "-samefile", "-cnewer", "-anewer"):
            work.read(*rest[at : at + 1])
            at += 1
        elif word in work.entry["valued"].split():
            at += 1
        elif word not in known:
            return f"what {word} makes find do is not known"
    for folder in folders:
        for path in work.paths(folder):
            if acts:
                work.put(path)
            work.reads |= work.scope.reach(path.path)
    return None


def _zip(work: Work) -> str | None:
    """gzip and the like replace a file by one of another name beside it."""
    if work.given.has("-c", "--stdout", "--to-stdout") or work.call.program.endswith("cat"):
        work.read(*work.given.operands)
        return None
    for raw in work.given.operands:
        for path in work.paths(raw):
            work.put(path if path.open else Path(posixpath.dirname(path.path), open=True))
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
    "grep": _grep,
    "attributes": _attributes,
    "copy": _copy,
    "install": _install,
    "link": _link,
    "test": _test,
    "sed": _sed,
    "awk": _awk,
    "tar": _tar,
    "unzip": _unzip,
    "find": _find,
    "curl": curl,
    "wget": wget,
    "git": git,
    "account": account,
    "packages": packages,
    "exports": _exports,
    "apk": apk,
    "apt": apt,
    "dpkg": dpkg,
    "requirements": requirements,
    "zip": _zip,
}
