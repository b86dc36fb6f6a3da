"""The groups of a Gemfile: which gems an installation without some of them leaves out, and who would miss these.

Sources: https://bundler.io/man/gemfile.5.html#GROUPS, https://bundler.io/man/bundle-config.1.html (`without`, `frozen`)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rewriter import knowledge
from rewriter.project.code import Token, tokens
from rewriter.project.context import Unfit
from rewriter.project.needs import View
from rewriter.project.ruby.gemfile import Lock
from rewriter.syntax.vocabulary import Call

# The groups that Rails, and Bundler's own guides, keep for work on the program.
DEVELOPMENT = ("development", "test")
_OPENS = frozenset(("if", "unless", "case", "while", "until", "def", "begin", "class", "module", "for"))
_CONTINUED = frozenset((",", "(", "[", "{", "=>"))
_SPEC = re.compile(r" {4}(\S+) \(")
_INNER = re.compile(r" {6}(\S+)")
_LOCKED = re.compile(r" {2}(\S+?)(?: \(([^)]*)\))?(!)?\Z")
_ARCHES = ("x86_64", "aarch64")
_REQUIRE = re.compile(r"^[ \t]*require(?:_dependency)?[ \t(]+[\"']([\w./-]+)[\"']", re.MULTILINE | re.ASCII)
_COMMENT = re.compile(r"^[ \t]*#.*", re.MULTILINE)
# Where a program asks whether it may use a gem before it does.
_GUARD = re.compile(
    r"\bdefined\?|\bLoadError\b|\bRails\.env\b|\b(?:RAILS|RACK|APP)_ENV\b|\bdevelopment\?|\bgem_available"
)
_MOST = 30_000
_GUARDED_LINES = 8
_SOURCES = (".rb", ".ru", ".rake", "Rakefile")
_ASIDE = re.compile(
    r"(?:.*/)?(?:spec|tests?|features|node_modules|vendor|\.\w+)/|(?:.*/)?config/environments/(?!production\b)"
    r"|(?:.*/)?(?:Guardfile|Capfile)\Z"
)


@dataclass(frozen=True, slots=True)
class Dependency:
    """One gem that a Gemfile asks for: its groups, what it requires of the version (None where code decides that,
    or whether it is asked for at all), and the line."""

    name: str
    groups: frozenset[str]
    versions: frozenset[str] | None
    line: int


def dependencies(view: View, name: str) -> list[Dependency]:
    """The gems of the Gemfile `name`. Raises `Unfit` for a name that code decides, and for a file taken in."""
    found: list[Dependency] = []
    file = view.file(name) or name
    blocks: list[tuple[frozenset[str], bool]] = []
    statement: list[Token] = []
    for token in (*tokens(view, name, "ruby"), Token("line", "\n", 0)):
        if token.kind != "line":
            statement.append(token)
            continue
        if token.line and statement and statement[-1].text in _CONTINUED and statement[-1].kind == "mark":
            continue
        words = [each.text for each in statement if each.kind == "name"]
        first = statement[0].text if statement and statement[0].kind == "name" else ""
        if first == "gem":
            around = frozenset(group for groups, _ in blocks for group in groups)
            dependency = _dependency(statement, around, file)
            conditional = any(condition for _, condition in blocks)
            found.append(replace(dependency, versions=None) if conditional else dependency)
        elif "gem" in words or first == "eval_gemfile":
            raise Unfit(f"{file}:{statement[0].line}", "names gems in a way that is not known")
        if first == "end" and blocks:
            blocks.pop()
        elif "do" in words or (first in _OPENS and "end" not in words):
            groups = frozenset(_names(statement[1:])) if first == "group" else frozenset[str]()
            blocks.append((groups, first in _OPENS))
        statement = []
    return found


def _dependency(statement: Sequence[Token], around: frozenset[str], file: str) -> Dependency:
    rest = [token for token in statement[1:] if token.text not in ("(", ")")]
    name = rest[0].plain if rest else None
    if name is None:
        raise Unfit(f"{file}:{statement[0].line}", "names a gem by code")
    versions: set[str] | None = set()
    groups: list[str] = []
    plain = True
    for at, token in enumerate(rest[1:], 1):
        if token.text in ("group", "groups") and token.kind in ("key", "symbol"):
            groups = list(_names(rest[at + 1 :]))
        if token.kind == "key" or (token.kind == "symbol" and [each.text for each in rest[at + 1 : at + 2]] == ["=>"]):
            plain = False
        elif plain and token.kind == "string" and versions is not None:
            versions = versions | {_spelt(token.text)} if not token.inner else None
        elif token.text in ("if", "unless") or (plain and token.kind in ("name", "constant")):
            versions = None
            break
    return Dependency(name, around.union(groups), None if versions is None else frozenset(versions), statement[0].line)


def _names(found: Sequence[Token]) -> Iterator[str]:
    """The names of groups at the front of `found`, as symbols or strings, in brackets or not."""
    for at, token in enumerate(found):
        if [each.text for each in found[at + 1 : at + 2]] == ["=>"]:
            return
        if token.kind in ("symbol", "string"):
            yield from token.text.split()
        elif token.text not in ("[", ",", "(", "=>"):
            return


def _spelt(requirement: str) -> str:
    """A requirement as a lock file writes it: `1.2` is `= 1.2`."""
    text = " ".join(requirement.split())
    return text if text[:1] in "=<>~!" else f"= {text}"


def installed(lock: Lock, roots: Sequence[str]) -> frozenset[str]:
    """The gems `roots` and all that they need, by the lock file."""
    needs = needed(lock)
    done: set[str] = set()
    todo = list(roots)
    while todo:
        if (gem := todo.pop()) not in done:
            done.add(gem)
            todo += needs.get(gem, ())
    return frozenset(done)


def needed(lock: Lock) -> dict[str, list[str]]:
    """The gems of the lock file, each with those that it needs. Source: https://bundler.io/man/bundle-lock.1.html"""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for heading in ("GIT", "GEM", "PATH"):
        for _, line in lock.lines(heading):
            if match := _SPEC.match(line):
                current = found.setdefault(match[1], [])
            elif match := _INNER.match(line):
                current.append(match[1])
    return found


def version(lock: Lock, gem: str) -> tuple[int, ...] | None:
    """The version of `gem` that the lock file holds, None where it holds none."""
    for heading in ("GIT", "GEM"):
        for _, line in lock.lines(heading):
            if match := re.match(rf" {{4}}{re.escape(gem)} \((\d+(?:\.\d+)*)", line):
                return tuple(map(int, match[1].split(".")))
    return None


def frozen_fits(lock: Lock, wanted: Sequence[Dependency], libc: str) -> None:
    """Raise `Unfit` where Bundler would refuse the lock file for this Gemfile once it may not write it again; `libc` is
    `gnu` or `musl`. Source: https://bundler.io/man/bundle-config.1.html (`frozen`),
    https://bundler.io/man/bundle-platform.1.html"""
    locked: dict[str, frozenset[str]] = {}
    for number, line in lock.lines("DEPENDENCIES"):
        if not (match := _LOCKED.match(line)):
            raise Unfit(f"{lock.file}:{number}", "is not understood")
        locked[match[1]] = frozenset(_spelt(each) for each in (match[2] or "").split(",") if each.strip())
    for each in wanted:
        if each.name not in locked:
            raise Unfit(lock.file, f"does not have {each.name}, which the Gemfile asks for in line {each.line}")
        if each.versions is None or each.versions - {">= 0"} != locked[each.name] - {">= 0"}:
            raise Unfit(lock.file, f"may not hold what the Gemfile asks for in line {each.line} ({each.name})")
    if more := locked.keys() - {each.name for each in wanted}:
        raise Unfit(lock.file, f"has {min(more)}, which the Gemfile does not ask for")
    platforms = {line.strip() for _, line in lock.lines("PLATFORMS")}
    for arch in _ARCHES:
        if not platforms & {"ruby", f"{arch}-linux", f"{arch}-linux-{libc}"}:
            advice = f"`bundle lock --add-platform {arch}-linux` adds it"
            raise Unfit(lock.file, f"has no platform for {arch}, so that a frozen install fails there: {advice}")


def missed(view: View, gone: frozenset[str]) -> None:
    """Raise `Unfit` with the line of the program that may use one of the gems `gone` without asking whether it is
    there. Tests, and what Rails loads in another environment than production, are left out."""
    files = {gem.replace("-", "/"): gem for gem in gone} | {gem: gem for gem in gone}
    constants = {_constant(gem) for gem in gone}
    # The first letter counts: `Rspec` finds RSpec, and no word of a sentence.
    named = re.compile("|".join(rf"\b{c[0]}(?i:{re.escape(c[1:])})(?=::|\.\w)" for c in sorted(constants)))
    for path in shipped_files(view, _SOURCES):
        text = _COMMENT.sub("", view.project.text(path))
        for match in _REQUIRE.finditer(text):
            parts = match[1].split("/")
            gem = next((files[name] for i in range(len(parts), 0, -1) if (name := "/".join(parts[:i])) in files), None)
            if gem and not _guarded(text, match.start()):
                raise Unfit(_at(path, text, match.start(1)), f"requires {gem}, a gem for development")
        for match in named.finditer(text):
            if not _guarded(text, match.start()):
                raise Unfit(_at(path, text, match.start()), f"may use {match[0]}, of a gem for development")


def _at(path: str, text: str, offset: int) -> str:
    return f"{path}:{text.count(chr(10), 0, offset) + 1}"


def shipped_files(view: View, endings: tuple[str, ...]) -> Iterator[str]:
    """The files of the project with one of the `endings` that lie in the image, as paths of the context, but for those
    that only work on the program needs. Raises `Unfit` where there are too many."""
    sources = [place.source.rstrip("/") for place in view.places]
    files = view.project.files()
    if len(files) > _MOST:
        raise Unfit("the context", f"holds more than {_MOST:,} files, too many to look for who uses what")
    for path in files:
        if not path.endswith(endings) or _ASIDE.match(path) or view.project.linked(path):
            continue
        if any(source in (".", path) or path.startswith(f"{source}/") for source in sources):
            yield path


def _guarded(text: str, at: int) -> bool:
    start = at
    for _ in range(_GUARDED_LINES):
        start = text.rfind("\n", 0, max(start, 0))
        if start < 0:
            break
    stop = text.find("\n", at)
    behind = text[at : at + 400]
    return bool(_GUARD.search(text[max(start, 0) : stop if stop >= 0 else len(text)])) or "rescue LoadError" in behind


def _constant(gem: str) -> str:
    """The module that a gem is likely to define: `dotenv-rails` is Dotenv."""
    name = re.sub(r"[-_](?:rails|ruby)\Z", "", gem)
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]", name))


def bundled(call: Call) -> list[str]:
    """The words of a command, without `bundle exec` in front."""
    words = [word.value or word.raw for word in call.statement.words]
    words = words[call.statement.words.index(call.head) :]
    return words[2:] if call.program == "bundle" and call.subcommand == "exec" else words


def runs(words: Sequence[str], gone: frozenset[str]) -> str | None:
    """What of the gems `gone` the command `words` (without `bundle exec`) runs, or may run: a program of theirs, or a
    task for development; None where it runs nothing of the kind."""
    table = knowledge.table("bundler")["development"]
    name = words[0].rpartition("/")[2] if words else ""
    if any(gem in gone for gem in table["programs"].get(name, [name])):
        return name
    if name not in ("rake", "rails"):
        return None
    tasks = [word for word in words[1:] if re.match(r"[A-Za-z]", word) and "=" not in word]
    if name == "rake" and not tasks:
        return "rake"
    task = next((task for task in tasks if task.partition(":")[0] in table["tasks"]), None)
    return f"{name} {task}" if task else None
