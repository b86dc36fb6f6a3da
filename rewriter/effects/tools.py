"""What grep, sed, awk, find and the archivers read and write; see roles.py for what these functions are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from rewriter.effects.commands import Work
from rewriter.effects.paths import Path

_AWK_ACTS = re.compile(r"system|getline|print[^;}]*>|\|")
_SED_PLAIN = re.compile(
    r"(?:[\d,$!\s]|/(?:[^/\\]|\\.)*/)*(?:s(?P<d>[^\w\s\\])(?:(?!(?P=d))[^\\]|\\.)*(?P=d)(?:(?!(?P=d))[^\\]|\\.)*(?P=d)[gpiI\d]*|[dpqhHgGxnNDPl=]|y/[^/]*/[^/]*/)?\Z"
)


def _first_then(work: Work, act: Callable[..., None], *elsewhere: str) -> str | None:
    """The first operand is no path, unless an option stands in its place."""
    rest = work.given.operands if work.given.has(*elsewhere) else work.given.operands[1:]
    act(*rest)
    return None


def grep(work: Work) -> str | None:
    if work.given.has("-r", "-R", "--recursive", "--dereference-recursive") and len(work.given.operands) < 2:
        work.read(".")
    return _first_then(work, work.read, "-e", "--regexp", "-f", "--file")


def sed(work: Work) -> str | None:
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


def awk(work: Work) -> str | None:
    operands = work.given.operands
    if not work.given.has("-f", "--file"):
        if not operands or _AWK_ACTS.search(operands[0]):
            return "what the program of awk does is not known"
        operands = operands[1:]
    work.read(*operands)
    return None


def tar(work: Work) -> str | None:
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


def unzip(work: Work) -> str | None:
    work.read(*work.given.operands[:1])
    folders = work.given.values("-d") or ["."]
    if work.given.has("-l", "-t", "-p", "-Z", "-v"):
        return None
    for folder in folders:
        work.make(folder)
        for path in work.paths(folder):
            work.put(path, around=False)
    return None


def zipped(work: Work) -> str | None:
    """gzip and the like replace a file by one of another name beside it."""
    if work.given.has("-c", "--stdout", "--to-stdout") or work.call.program.endswith("cat"):
        work.read(*work.given.operands)
        return None
    for raw in work.given.operands:
        for path in work.paths(raw):
            work.put(path if path.open else Path(posixpath.dirname(path.path), open=True))
    return None


def find(work: Work) -> str | None:
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
