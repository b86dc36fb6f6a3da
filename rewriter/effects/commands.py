"""What a command reads and writes. Which commands and options are known is data: `rewriter/knowledge/effects.toml`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rewriter import knowledge
from rewriter.effects.effect import ROOT_MADE, Effect, everything
from rewriter.effects.options import Given, Unlisted, taken
from rewriter.effects.paths import Path, Scope, search_path
from rewriter.effects.places import fixed
from rewriter.facts import ROOT
from rewriter.syntax.vocabulary import Call

_DEVICES = re.compile(r"/dev/(?:null|zero|full|u?random|std(?:in|out|err)|tty|fd/\d)\Z|/proc/self/fd/\d\Z")
# Folders in which commands are looked for, and those around them.
_SEARCHED = frozenset(("bin", "sbin"))
_AROUND = frozenset(("/", "/usr", "/usr/local"))
_NUMERIC = re.compile(r"\d*(?:[:.]\d*)?\Z")
_FILE_URL = re.compile(r"file:(?://)?")
_PATH_LIKE = re.compile(
    r"[./~\0\1]|[a-z+]*\+?file:|.*\.(?:whl|tgz|tar\.gz|tar\.bz2|tar\.xz|zip|deb|rpm|apk|gem|crate)\Z"
)


@dataclass
class Work:
    """One command while its effect is put together."""

    scope: Scope
    call: Call
    entry: Mapping[str, Any]
    given: Given
    sudo: bool
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    makes: set[tuple[str, str]] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    asks: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    provides: set[str] = field(default_factory=set)
    # Whether it reads files of the project, and those that they name.
    local: bool = False

    @property
    def how(self) -> str:
        """Who makes folders in the way of `mkdir -p`."""
        return made_by(self.scope, self.sudo)

    def paths(self, raw: str) -> tuple[Path, ...]:
        found = self.scope.paths(_FILE_URL.sub("", raw) if raw.startswith("file:") else raw)
        return tuple(path for path in found if path.open or not _DEVICES.match(path.path))

    def read(self, *raws: str) -> None:
        """It depends on the files and folders that `raws` lead to, or on their absence."""
        for path in (path for raw in raws for path in self.paths(raw)):
            self.reads |= self.scope.reach(path.path)

    def write(self, *raws: str) -> None:
        """It creates, changes or deletes the files and folders that `raws` lead to; the folder around must be there."""
        for path in (path for raw in raws for path in self.paths(raw)):
            self.put(path)

    def put(self, path: Path, *, around: bool = True) -> None:
        reached = self.scope.reach(path.path)
        self.writes |= reached
        if around:
            self.needs |= {each if path.open else posixpath.dirname(each) for each in reached}
        self.provides |= provided(path.path)

    def mark(self, raw: str) -> None:
        """It sets the owner or the mode of what `raw` leads to, and nothing below."""
        for path in self.paths(raw):
            if path.open or self.how != ROOT_MADE:
                self.put(path)
            else:
                self.marks |= self.scope.reach(path.path)
                self.needs.add(path.path)

    def make(self, raw: str) -> None:
        """It makes the folder `raw` and those above it, where they are missing."""
        for path in self.paths(raw):
            if path.open:
                self.put(path)
            else:
                self.makes |= {(each, self.how) for each in self.scope.reach(path.path)}

    def into(self, sources: Iterable[str], target: str, *, whole: bool) -> None:
        """It writes files by the names of `sources` into `target`, or writes `target` itself. `whole`: whatever is
        copied, `target` may also become a new folder."""
        sources = tuple(sources)
        for path in self.paths(target):
            names = [source.name for raw in sources for source in self.paths(raw)]
            into = (len(sources) > 1 or path.folder) and not whole and not path.open
            if into and all(names):
                self.needs.add(path.path)
                for name in names:
                    self.put(Path(posixpath.join(path.path, name)))
            else:
                self.put(path)

    def owner(self, words: Iterable[str]) -> None:
        """Names of users and groups are looked up."""
        if not all(_NUMERIC.match(word.strip("\"'")) for word in words):
            self.reads |= {"/etc/passwd", "/etc/group"}

    def effect(self) -> Effect:
        return Effect(
            frozenset(self.reads),
            frozenset(self.writes),
            frozenset(self.needs),
            frozenset(self.makes),
            frozenset(self.marks),
            frozenset(self.asks),
            runs=frozenset(self.runs),
            provides=frozenset(self.provides),
        )


def made_by(scope: Scope, sudo: bool) -> str:
    """How a folder that a command makes comes out: by its owner, and by the umask where the script sets one."""
    user = scope.run.state.user
    owner = ROOT_MADE if sudo or user in ROOT else f"user {user}"
    return f"{owner}, umask" if "umask" in scope.run.script.text else owner


def provided(path: str) -> frozenset[str]:
    """The commands that a file at `path`, or files below it, may become."""
    if path in _AROUND or posixpath.basename(path) in _SEARCHED:
        return frozenset("*")
    return frozenset((posixpath.basename(path),) if posixpath.basename(posixpath.dirname(path)) in _SEARCHED else ())


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """The entries of commands by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, entry in knowledge.table("effects").items():
        for each in (name, *entry.get("names", "").split()):
            found[each] = entry
    return found


def of_command(call: Call, scope: Scope, roles: Mapping[str, Callable[[Work], str | None]]) -> Effect:
    """The effect of `call`, without its redirections. `roles` are the functions for what operands are."""
    if "/" in call.program:
        return everything(f"{call.head.raw} is a program of its own")
    entry = table().get(call.program)
    if entry is None or "source" not in entry or call.program == "provenance":
        return everything(f"{call.program} is not a known command")
    words = [_word(word.raw, word.value) for word in call.statement.words if word.start > call.head.start]
    if entry.get("style") == "letters":
        words = _dashed(words, entry)
    if entry.get("subcommands"):
        words = _without_subcommand(words, call.subcommand)
        form = _form(entry, call, words)
        if form is None:
            return everything(f"{call.program} {call.subcommand}".rstrip() + " is not a known command")
        entry = {**entry, **form, **{key: f"{entry.get(key, '')} {form.get(key, '')}" for key in _JOINED}}
    try:
        given = taken(entry, words)
    except Unlisted as option:
        return everything(f"what {option} makes {call.program} do is not known")
    work = Work(scope, call, entry, given, call.sudo)
    _program(work)
    _options(work)
    work.local = "." in entry.get("reads", "").split()
    if reason := roles[entry["operands"]](work):
        return everything(reason)
    if work.local:
        work.reads |= scope.project(call)
    return work.effect()


_JOINED = ("flags", "text", "read", "write", "folder", "own", "reads", "writes")


def _word(raw: str, value: str | None) -> str:
    return value if value is not None and value.startswith("-") else raw


def _without_subcommand(words: list[str], subcommand: str) -> list[str]:
    words = list(words)
    for part in subcommand.split():
        at = next((i for i, word in enumerate(words) if word.strip("\"'") == part), None)
        if at is not None:
            del words[at]
    return words


def _dashed(words: list[str], entry: Mapping[str, Any]) -> list[str]:
    """`tar xzf a.tgz` as `tar -x -z -f a.tgz`. Source: the manual of GNU tar, 3.3.3 Old Option Style."""
    if not words or not re.match(r"[a-zA-Z]+\Z", words[0]):
        return words
    rest = words[1:]
    found: list[str] = []
    for letter in words[0]:
        found.append(f"-{letter}")
        if f"-{letter}" in entry["own"].split() and rest:
            found.append(rest.pop(0))
    return found + rest


def _form(entry: Mapping[str, Any], call: Call, words: list[str]) -> Mapping[str, Any] | None:
    """The first form of the command that its sub-command and its options ask for."""
    for form in entry["forms"]:
        if call.subcommand not in form["names"].split() and not (
            call.subcommand in form.get("nested", ()) or (not call.subcommand and form.get("bare"))
        ):
            continue
        wanted = form.get("if", "").split()
        if wanted and not any(word.partition("=")[0] in wanted for word in words):
            continue
        return {"operands": "none", **form}
    return None


def _program(work: Work) -> None:
    """The program itself must be there, and what it needs to run."""
    part = work.entry.get("part", "").split()
    asks = work.entry.get("env", "").split()
    if "@ci" in asks:
        asks += knowledge.table("effects")["provenance"]["ci"].split()
    work.asks.update(asks)
    if "builtin" in part:
        return
    work.runs.add(work.call.program)
    base = work.scope.run.image.base
    if "core" not in part and base.distribution not in part and not (part and base.has(work.call.program)):
        work.reads.update(fixed(work.scope, "@program"))
        work.reads.update(search_path(work.scope))
    if work.entry.get("subcommands") or "env" in work.entry:
        work.asks.update(knowledge.table("effects")["sets"]["network"].split())
    work.reads.update(fixed(work.scope, work.entry.get("reads", "")))
    work.writes.update(fixed(work.scope, work.entry.get("writes", "")))
    work.needs.update(work.entry.get("needs", "").split())


def _options(work: Work) -> None:
    for kind, act in (("read", work.read), ("write", work.write), ("folder", work.write)):
        for value in work.given.values(*work.entry.get(kind, "").split()):
            act(value)
    if work.sudo:
        work.reads.update(("/etc/passwd", "/etc/group", "/etc/sudoers", "/etc/sudoers.d"))


def path_like(raw: str) -> bool:
    """Whether the operand of a package manager is a path and not a package's name."""
    return bool(_PATH_LIKE.match(raw.strip("\"'"))) or raw.lstrip("\"'").startswith("$")
