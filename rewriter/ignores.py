"""Comments that tell the tool to leave something alone, its own and those of other tools.

`# dockerslim ignore=name[,name] -- reason` above an instruction, `# dockerslim ignore-file=name[,name]` anywhere;
`# hadolint ignore=DL3008` and `# hadolint global ignore=…`, `# tally ignore=…` and `# tally global ignore=…`, and
BuildKit's `# check=skip=…` directive, through the table knowledge/foreign_ignores.toml. `all` stands for every name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from rewriter import knowledge
from rewriter.change import Finding, Outcome, Span
from rewriter.syntax.tree import Dockerfile, Instruction, Trivia

NAME = "unused-ignore"
_COMMENT = re.compile(
    r"#\s*(?P<tool>dockerslim|hadolint|tally)\s+(?P<file>global\s+)?ignore(?P<whole>-file)?\s*=\s*(?P<names>[^#]*)",
    re.I,
)
_SKIP = re.compile(r"skip=([^;]*)", re.I)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One ignore comment: which transforms, in `scope` (None: the whole file). `own` is False for other tools'."""

    names: frozenset[str]
    comment: Span
    scope: Span | None
    own: bool

    def blocks(self, transform: str, spans: Sequence[Span]) -> bool:
        if transform not in self.names and "all" not in self.names:
            return False
        return self.scope is None or any(
            span.start <= self.scope.end and self.scope.start <= span.end for span in spans
        )


@dataclass(frozen=True, slots=True)
class Ignores:
    """The ignore comments of one file."""

    all: tuple[Ignore, ...]

    def blocking(self, transform: str, spans: Sequence[Span]) -> tuple[Ignore, ...]:
        """The comments that forbid `transform` to touch any of `spans`."""
        return tuple(ignore for ignore in self.all if ignore.blocks(transform, spans))

    def idle(
        self, used: Collection[tuple[int, str]], known: Collection[str], wanted: Collection[str]
    ) -> tuple[Finding, ...]:
        """A finding for each name of an own ignore that did nothing.

        `used` holds (start of the comment, name) of those that did, `known` all names, `wanted` those that were run.
        """
        return tuple(
            Finding(NAME, Outcome.REPORTED, message, ignore.comment)
            for ignore in self.all
            if ignore.own
            for name in sorted(ignore.names)
            if (message := _idle(name, ignore, used, known, wanted))
        )


def _idle(
    name: str, ignore: Ignore, used: Collection[tuple[int, str]], known: Collection[str], wanted: Collection[str]
) -> str:
    if name != "all" and name not in known:
        near = get_close_matches(name, known, 1)
        return f"there is no transform {name!r} to ignore" + (f"; did you mean {near[0]!r}?" if near else "")
    ran = set(wanted) if name == "all" else {name} & set(wanted)
    if not ran or any((ignore.comment.start, each) in used for each in ran):
        return ""
    return f"the ignore of {name!r} does nothing here: take it out"


def read_ignores(file: Dockerfile) -> Ignores:
    """Read the ignore comments of `file`."""
    found: list[Ignore] = []
    waiting: list[tuple[frozenset[str], Span, bool]] = []
    for item in file.items:
        if isinstance(item, Instruction):
            found += [Ignore(names, comment, item.span, own) for names, comment, own in waiting]
            waiting.clear()
            for comment in item.comments:
                if (read := _read(file.text(comment))) and read[2]:
                    found.append(Ignore(read[0], comment, None, read[1]))
        elif item.kind == "comment" and (read := _read(file.text(item.span))):
            names, own, whole = read
            if whole:
                found.append(Ignore(names, item.span, None, own))
            else:
                waiting.append((names, item.span, own))
        elif item.kind == "directive":
            found += _directive(file, item)
    found += [Ignore(names, comment, comment, own) for names, comment, own in waiting]
    return Ignores(tuple(found))


def _read(text: str) -> tuple[frozenset[str], bool, bool] | None:
    """Names, whether the comment is ours, and whether it is about the whole file; None for any other comment."""
    if "ignore" not in text or not (match := _COMMENT.match(text)):
        return None
    own = match["tool"].lower() == "dockerslim"
    listed = re.split(r"\s--?\s|\breason=", match["names"])[0]
    codes = [code for code in re.split(r"[,;\s]+", listed.strip()) if code]
    whole = bool(match["file"] or match["whole"])
    return (frozenset(codes) if own else _translated(codes)), own, whole


def _directive(file: Dockerfile, item: Trivia) -> list[Ignore]:
    if "check" not in file.directives or "check" not in file.text(item.span).lower():
        return []
    skipped = _SKIP.search(file.directives["check"])
    codes = [code.strip() for code in skipped[1].split(",")] if skipped else []
    table = _foreign()
    names = set(_translated(codes))
    if "all" in codes:
        names = {name for code in _checks() for name in table[code]}
    return [Ignore(frozenset(names), item.span, None, False)] if names else []


def _translated(codes: Sequence[str]) -> frozenset[str]:
    # tally writes the tool in front: hadolint/DL3009, buildkit/StageNameCasing.
    return frozenset(name for code in codes for name in _foreign().get(code.rsplit("/", 1)[-1].lower(), ()))


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, list[str]]]:
    return knowledge.table("foreign_ignores")


@lru_cache(maxsize=1)
def _foreign() -> dict[str, list[str]]:
    return {code.lower(): names for section in _table().values() for code, names in section.items()}


def _checks() -> list[str]:
    return [code.lower() for code in _table()["check"]]
