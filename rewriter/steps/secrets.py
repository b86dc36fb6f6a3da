"""What is a secret of a build, and which commands read it or leave it in a file. The facts are in secrets.toml."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.facts import Facts, Run
from rewriter.project.context import Project, Unfit
from rewriter.project.manifests import line_of
from rewriter.syntax.vocabulary import Call

_ASSIGNED = re.compile(r"^[ \t]{0,40}(?:export[ \t]+)?(\w{1,100})[ \t]*=[ \t]*[\"']?([^\s\"'#]{1,500})", re.MULTILINE)
# What stands for a value that is to be given, and what is none.
_STAND_IN = re.compile(
    r"\W*\Z|\W*(?:change_?me|your\b|replace|todo|example|dummy|xxx|required|<)"
    r"|(?:none|null|true|false|yes|no|on|off|\d{1,2})\Z|[./~]|\$",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"[a-z+]{1,20}://[^\s/@:$]{1,200}:[^\s/@$]{1,500}@")


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file of the context that holds a secret: a `kind` of one, at `line`, and what to do `instead` of copying it."""

    path: str
    kind: str
    instead: str
    line: int | None = None


@lru_cache(maxsize=1)
def _names() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], frozenset[str]]:
    entry = knowledge.table("secrets")["names"]
    word = "(?i:(?:_|\\A)(?:{})(?:_|\\Z))"
    last = "|".join(entry["last"].split())
    return (
        re.compile(word.format("|".join(entry["words"].split()))),
        re.compile(word.format("|".join(entry["allowed"].split()))),
        re.compile(rf"(?i:(?:_|\A)(?:{last})\Z)"),
        frozenset(entry["addresses"].split()),
    )


def is_secret(name: str) -> bool:
    """Whether a variable of that name holds a secret. BuildKit's own check asks about more names.

    Source: https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/
    """
    word, allowed, last, _ = _names()
    return bool(last.search(name) and word.search(name)) and not allowed.search(name)


def is_written(name: str, value: str) -> bool:
    """Whether a secret is written as the `value` of a variable: no path, no variable, and nothing that stands for one
    that is to be given; in an address it is the password."""
    if name in _names()[3]:
        return bool(_PASSWORD.match(value))
    return is_secret(name) and not _STAND_IN.match(value)


def named(name: str) -> re.Pattern[str]:
    """What the variable `name` looks like where a shell or Docker reads it."""
    return re.compile(rf"\$(?:{re.escape(name)}(?!\w)|\{{{re.escape(name)}(?!\w))")


def reads(facts: Facts, run: Run, name: str) -> bool:
    """Whether the step reads the variable `name`: its text names it, or one of its programs reads it by itself."""
    text = run.text.text
    if named(name).search(text) or re.search(rf"\bprintenv\b.*\b{re.escape(name)}\b", text):
        return True
    for reader in knowledge.table("secrets")["readers"]:
        programs, work = reader["programs"].split(), reader.get("subcommands", "").split()
        calls = [call for call in run.calls if posixpath.basename(call.program) in programs]
        if not any(not work or set(call.subcommand.split()).intersection(work) for call in calls):
            continue
        if any(fnmatchcase(name, pattern) for pattern in reader.get("names", "").split()):
            return True
        if "file" in reader and re.search(rf"\$\{{?{re.escape(name)}\b", _text(facts.project, reader["file"])):
            return True
    return False


def keeps(run: Run, name: str) -> str | None:
    """The file that the step writes the variable `name` into, and does not delete again; None for none."""
    pattern = named(name)
    for at, call in enumerate(run.calls):
        words = " ".join(word.raw for word in call.statement.words)
        if not pattern.search(words):
            continue
        entry = knowledge.table("secrets")["keeps"].get(posixpath.basename(call.program))
        behind = run.calls[at + 1 :]
        if entry and _starts(call, entry["words"]):
            undone = any(other.program == call.program and _starts(other, entry["undone"]) for other in behind)
            if not undone and not _removed(behind, entry["file"]):
                return str(entry["file"])
        for target in _written(run, call):
            if not _removed(behind, target):
                return target
    return None


def _starts(call: Call, phrases: Sequence[str]) -> bool:
    """Whether the words behind the command's name begin with one of `phrases`."""
    words = [word.raw for word in call.statement.words if word.start > call.head.start]
    return any(words[: len(phrase.split())] == phrase.split() for phrase in phrases)


def _written(run: Run, call: Call) -> Iterator[str]:
    """The files that the output of `call` goes to, itself or through a pipe into tee."""
    if call.program == "sed" and call.operands and any(word.raw.startswith("-i") for word in call.statement.words):
        yield call.operands[-1].raw
    for statement in run.script.root.walk():
        if statement.start <= call.statement.start and call.statement.end <= statement.end:
            for redirect in statement.redirects:
                if redirect.operator in (">", ">>", ">|") and redirect.target and redirect.target.raw != "/dev/null":
                    yield redirect.target.raw
            if statement.kind == "pipeline":
                for other in run.calls:
                    if statement.start <= other.statement.start < statement.end and other.program == "tee":
                        yield from (word.raw for word in other.operands)


def _removed(calls: Sequence[Call], file: str) -> bool:
    name = posixpath.basename(file.strip("\"'"))
    removing = [call for call in calls if call.program in ("rm", "unlink", "shred")]
    return any(posixpath.basename(word.raw.strip("\"'")) == name for call in removing for word in call.operands)


def _text(project: Project, path: str) -> str:
    try:
        return project.text(path) if project.kind(path) == "file" else ""
    except Unfit:
        return ""


@lru_cache(maxsize=1)
def _file_names() -> re.Pattern[str]:
    patterns = (name for entry in knowledge.table("secrets")["files"] for name in entry["names"].split())
    return re.compile("|".join(translate(pattern) for pattern in patterns))


def secret_file(project: Project, path: str) -> SecretFile | None:
    """What secret the file `path` of the context holds; None where it is not known to hold one."""
    name = posixpath.basename(path)
    if not _file_names().match(name):
        return None
    for entry in knowledge.table("secrets")["files"]:
        if not any(fnmatchcase(name, pattern) for pattern in entry["names"].split()):
            continue
        line = _found(entry, _text(project, path))
        if line is not None:
            return SecretFile(path, entry["kind"], entry["instead"], line or None)
    return None


def _found(entry: dict[str, Any], text: str) -> int | None:
    """The line of the secret that `entry` is about; 0 where all of the file is one, None where there is none."""
    if "holds" in entry:
        return line_of(text, entry["holds"])
    if "variables" not in entry:
        return 0
    for match in _ASSIGNED.finditer(text):
        if is_written(match[1], match[2]):
            return text.count("\n", 0, match.start(1)) + 1
    return None
