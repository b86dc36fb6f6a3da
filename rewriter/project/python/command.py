"""The command that downloads ahead of a command that also needs the source."""

from __future__ import annotations

from rewriter.syntax.vocabulary import Call


def ahead(call: Call, *options: str, without: frozenset[str] = frozenset()) -> str:
    """The words of `call` as they are written, without those in `without`, and with `options` at the end."""
    words = [word.raw for word in (*call.statement.assignments, *call.statement.words) if word.raw not in without]
    return " ".join([*words, *options])
