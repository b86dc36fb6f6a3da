"""What the readers share whose tools download and build in one command, so that a download can be put before it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Set

from rewriter.project.context import Unfit
from rewriter.project.folders import upwards
from rewriter.project.needs import View
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call

# Wrappers that let the command see what it would see without them.
_TRANSPARENT = frozenset(("env", "time", "nice", "ionice", "nohup", "exec", "command", "eatmydata"))
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)\Z", re.ASCII | re.DOTALL)
_VARIABLE = re.compile(r"\"?\$(?:(\w+)|\{(\w+)\})\"?\Z", re.ASCII)
# What a tool that reaches for the network is told: where home and programs are, proxies, certificates, git and ssh.
_NETWORK = r"HOME|PATH|NETRC|XDG_\w+|GIT_\w+|SSH_\w+|SSL_CERT_\w+|CURL_CA_BUNDLE|(?i:(?:https?|all|no|ftp)_proxy)"
_LOOKS = frozenset(
    (
        "[",
        "cat",
        "chmod",
        "chown",
        "echo",
        "grep",
        "head",
        "ls",
        "md5sum",
        "printf",
        "sha256sum",
        "stat",
        "tail",
        "test",
    )
)


class Unclear(Exception):
    """Why it cannot be known what a command reads; the text of an `Obstacle`."""


def folder_of(view: View, name: str) -> str | None:
    """The folder (absolute) of the file `name` that lies nearest at or above the working directory; None where there
    is none. Raises `Unfit` where `.dockerignore` leaves it out."""
    for folder in upwards(view.folder):
        path = posixpath.join(folder, name)
        if view.kind(path) == "file":
            return folder
        file = view.file(path)
        if file is not None and view.project.kind(file) == "file":
            raise Unfit(file, "is left out by .dockerignore")
    return None


def assigned(call: Call) -> dict[str, Word]:
    """The variables that are set for `call` alone: `X=1 go build`, `env X=1 go build`."""
    words = (*call.statement.assignments, *call.wrappers)
    return {match[1]: word for word in words if (match := _ASSIGNMENT.match(word.raw))}


def carried(call: Call, own: str) -> str:
    """The words that must stand before the command that only downloads: variables for `call` alone that matter to a
    download, those of the network and the tool's `own` (a regular expression).

    Raises `Unclear` where they are not plain, and for a command that runs as somebody else.
    """
    if any(word.raw not in _TRANSPARENT and not _ASSIGNMENT.match(word.raw) for word in call.wrappers):
        raise Unclear(f"{call.program} runs through {' '.join(word.raw for word in call.wrappers)}")
    kept = [word for name, word in assigned(call).items() if re.fullmatch(f"{_NETWORK}|{own}", name)]
    for word in kept:
        if set(word.raw) & set("$`"):
            raise Unclear(f"{call.program} runs with {word.raw}, whose value is not known")
    return "".join(f"{word.raw} " for word in kept)


def environment(call: Call, view: View) -> dict[str, str]:
    """The variables that `call` sees, as far as they are known; one that is set for it alone by words that are not
    plain has these words as its value."""
    own = {name: (value_of(word), word.raw.partition("=")[2]) for name, word in assigned(call).items()}
    return {**view.env, **{name: raw if value is None else value for name, (value, raw) in own.items()}}


def value_of(word: Word) -> str | None:
    """What the assignment `word` sets; None where that is not known."""
    match = _ASSIGNMENT.match(word.value or "")
    return match[2] if match else None


def arguments(call: Call) -> Iterator[Word]:
    """The words of `call` that are read by the tool itself: those in front of `--`."""
    for word in call.statement.words:
        if word.raw == "--":
            return
        if word.start > call.head.start:
            yield word


def require_plain(call: Call, view: View) -> None:
    """Raise `Unclear` where a variable or a substitution stands in the place of options."""
    ahead = set(map(id, arguments(call)))
    for word in call.operands:
        if id(word) in ahead and word.value is None and word.raw.lstrip('"').startswith(("$", "`")):
            match = _VARIABLE.match(word.raw)
            known = view.env.get(match[1] or match[2]) if match else None
            if known is None or known.lstrip().startswith("-"):
                raise Unclear(f"{call.program} {call.subcommand} takes options from {word.raw}")


def require_untouched(view: View, names: Set[str]) -> None:
    """Raise `Unclear` where an earlier command may have changed one of the files `names`."""
    for call in view.before:
        told: Iterable[Word] = () if call.program in _LOOKS else call.statement.words
        aims = [redirect.target for redirect in call.statement.redirects if ">" in redirect.operator]
        for word in (*told, *filter(None, aims)):
            # `./go.mod`, and `--file=./go.mod`
            if posixpath.basename(word.raw.strip("\"'").rpartition("=")[2]) in names:
                raise Unclear(f"{call.program} may have changed {word.raw.strip(chr(34))} before")
