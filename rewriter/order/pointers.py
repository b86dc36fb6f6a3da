"""What an install may find among the copied files though no word of its command says so: by variables, the search
path, a home folder, and what earlier steps set up."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rewriter.effects.paths import POINTS
from rewriter.facts import ROOT, Facts, Run
from rewriter.image import Unknown
from rewriter.order.crossing import Command
from rewriter.steps.context_copies import ContextCopy
from rewriter.steps.downloads import located
from rewriter.syntax.vocabulary import Call

_SEPARATORS = re.compile(r"[\s:=,;'\"]+")
# What tools look for in the home folder, whatever project they work on.
_OF_HOME = (".ssh", ".netrc", ".gitconfig", ".config", ".curlrc", ".wgetrc")
# What installs start themselves.
_HELPERS = frozenset(("bash", "cc", "curl", "env", "gcc", "git", "make", "node", "python", "python3", "sh", "ssh"))
_LASTING = frozenset(("export", "declare", "typeset"))
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)\Z", re.ASCII | re.DOTALL)


def pointed(
    facts: Facts, copy: ContextCopy, commands: Sequence[Command], until: Run, sources: Sequence[str]
) -> str | None:
    """Why `commands`, the last of which is in the step `until`, may read more of the `copy` than `sources`; None where
    nothing points to it."""

    def brought(path: str | None) -> bool:
        found = copy.brings(path) if path and path != copy.target else ()
        return any(not _within(source, sources) for source in found)

    programs = _HELPERS.union(posixpath.basename(command.call.head.raw) for command in commands)
    for name, value in _variables(until, commands):
        entries = [part for part in _SEPARATORS.split(value) if part]
        if POINTS.match(name):
            for entry in entries:
                if brought(located(entry, commands[-1].folder)):
                    return f"{name} names {entry}, which the copy brings"
        for entry in entries if name == "PATH" else ():
            for program in sorted(programs):
                if brought(located(posixpath.join(entry, program), commands[-1].folder)):
                    return f"{entry}/{program}, which the copy brings, stands on the search path"
    for home in _homes(copy, until):
        for name in _OF_HOME:
            if brought(posixpath.join(home, name)):
                return f"the copy brings {posixpath.join(home, name)}, where tools keep their settings"
    earlier = [call for run in facts.earlier(until) for call in run.calls]
    for each in (*earlier, *(command.call for command in commands)):
        for path in _set_up(each, programs):
            if brought(path):
                return f"{each.program} leads to {path}, which the copy brings"
    return None


def _within(source: str, sources: Sequence[str]) -> bool:
    return any(source == each.rstrip("/") or (each.endswith("/") and source.startswith(each)) for each in sources)


def _variables(until: Run, commands: Sequence[Command]) -> Iterator[tuple[str, str]]:
    """The variables that one of the commands may find, with their values as far as they are known."""
    for name, value in until.state.env.items():
        yield name, value.of if isinstance(value, Unknown) else value
    for command in commands:
        each = command.call
        words = [*each.statement.assignments, *each.wrappers, *(each.operands if each.program in _LASTING else ())]
        for word in words:
            if match := _ASSIGNMENT.match(word.raw):
                yield match[1], match[2]


def _homes(copy: ContextCopy, until: Run) -> tuple[str, ...]:
    """What may be the home folder of the user: that of one whom an earlier step made may be any."""
    home = until.state.env.get("HOME")
    if home is None:
        return ("/root",) if until.state.user in ROOT else tuple(place.target for place in copy.places)
    return (home,) if isinstance(home, str) else ()


def _set_up(each: Call, programs: frozenset[str]) -> Iterator[str]:
    """The absolute paths to which a link leads, or a setting of a tool."""
    words = [word.raw for word in each.statement.words]
    if each.program == "ln":
        folder, name = posixpath.split(words[-1])
        if posixpath.basename(folder) in ("bin", "sbin") and name not in programs:
            return
    elif "config" not in (*words[1:3], *each.subcommand.split()):
        return
    yield from (path for word in words for path in _SEPARATORS.split(word) if path.startswith("/"))
