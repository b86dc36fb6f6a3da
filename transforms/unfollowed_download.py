"""A `curl` that takes an error page for the file.

What: adds `-f` to a `curl` of a RUN that writes a file and whose failure would be noticed.

Why: curl succeeds as soon as the server answers, whatever it answers. On a wrong address or a broken day the page that
says so is stored as the file, and the build goes on with it. With `-f` (`--fail`) an answer of 400 or above is a
failure, and no file is written. wget does so by itself.

Before:

    FROM debian:12
    RUN curl -sSL -o /usr/local/bin/tool https://example.org/tool && chmod +x /usr/local/bin/tool

After:

    FROM debian:12
    RUN curl -fsSL -o /usr/local/bin/tool https://example.org/tool && chmod +x /usr/local/bin/tool

Level: standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Edit
from rewriter.facts import Facts, Run
from rewriter.steps.downloads import downloads
from rewriter.steps.edits import word_after
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call, call, spelling

# Source: https://curl.se/docs/manpage.html. These decide about failures themselves, or ask about the answer.
_DECIDED = (
    *("-f", "--fail", "--fail-with-body", "-w", "--write-out", "-i", "--include", "-D", "--dump-header"),
    *("-K", "--config", "-C", "--continue-at", "-h", "--help", "-V", "--version", "-Z", "--parallel"),
)
_CLUSTER = re.compile(r"-[A-Za-z#0-9]+\Z", re.ASCII)
# A failure of curl is not seen, or is asked for, inside these; `||` is looked at by itself.
_GIVES_UP = frozenset(("exit", "return", "false", "curl", "wget"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    """Yield a change for each curl that stores whatever the server answers."""
    if "curlrc" in file.source.text:
        return
    for run in facts.runs:
        counted = frozenset(_counted(run.script.root, _pipefail(run)))
        for each in run.calls:
            if each.program == "curl" and each.statement in counted and _stores(run, each):
                message = "curl without -f stores the server's error page as if it were the file"
                edits = (_flagged(run, each),)
                yield Change(message, edits, run.at(each), Alters.NOTHING, proven=False)


def _stores(run: Run, each: Call) -> bool:
    """Whether `each` writes what it is answered into a file, or into a pipe whose failure counts."""
    if each.has(*_DECIDED) or (each.statement.redirects and not _to_a_file(each.statement)):
        return False
    found = downloads(each, None)
    words = [option.value for option in each.options if option.name in ("-o", "--output")]
    if not found or "/dev/null" in words or any(download.url.startswith("ftp") for download in found):
        return False
    printed = all(download.path == "" for download in found)
    return not printed or bool(each.statement.redirects) or _piped(run.script.root, each.statement)


def _to_a_file(statement: Statement) -> bool:
    return all(
        redirect.descriptor == "2" or (redirect.target is not None and redirect.target.raw != "/dev/null")
        for redirect in statement.redirects
    )


def _piped(tree: Statement, statement: Statement) -> bool:
    return any(each.kind == "pipeline" and statement in each.children[:-1] for each in tree.walk())


def _pipefail(run: Run) -> bool:
    """Whether a pipe of the step fails with any of its members: by its SHELL, or by a `set` that surely runs."""
    shell = run.state.shell if isinstance(run.state.shell, tuple) else ()
    words = [word.raw for each in run.plain_calls if each.program == "set" for word in each.statement.words]
    return "pipefail" in shell or "pipefail" in words


def _counted(tree: Statement, pipefail: bool) -> Iterator[Statement]:
    """The commands of `tree` whose failure the writer wants to be one: not those that he asks about, tolerates, or
    pipes on without looking at it."""
    if tree.kind == "command":
        yield tree
    if tree.negated or tree.kind == "function":
        return
    for at, child in enumerate(tree.children):
        operator = tree.operators[at].text if at < len(tree.operators) else ""
        asked = tree.kind in ("if", "loop") and at == 0 and child.kind != "sequence"
        tolerated = tree.kind == "list" and any(
            other.text == "||" and not _gives_up(tree.children[at + 1 + index])
            for index, other in enumerate(tree.operators[at:])
        )
        unseen = tree.kind == "pipeline" and not pipefail and at + 1 < len(tree.children)
        if not (asked or tolerated or unseen or operator == "&"):
            yield from _counted(child, pipefail)


def _gives_up(statement: Statement) -> bool:
    """Whether what stands behind `||` ends the step, or tries another address."""
    while statement.children:
        statement = statement.children[-1]
    understood = call(statement)
    return understood is not None and understood.program in _GIVES_UP


def _flagged(run: Run, each: Call) -> Edit:
    values = spelling("curl").values
    for option in each.options:
        word = option.word
        letters = word.raw[1:]
        if _CLUSTER.match(word.raw) and not any(f"-{letter}" in values for letter in letters[:-1] or letters):
            span = run.span(word.start, word.end)
            return Edit(span.start + 1, span.start + 1, "f")
    short = any(_CLUSTER.match(option.word.raw) for option in each.options) or not each.options
    return word_after(run, each.head, "-f" if short else "--fail")
