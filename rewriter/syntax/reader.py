"""Reads a Dockerfile as BuildKit's parser does.

Source of the rules: https://docs.docker.com/reference/dockerfile/#format and the behaviour of BuildKit's
`frontend/dockerfile/parser`; tests/test_reader.py holds this reader against that parser.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from rewriter.change import Span
from rewriter.source import BOM, Source, Unreadable
from rewriter.syntax.tree import Dockerfile, Flag, Heredoc, Instruction, Logical, Trivia
from rewriter.syntax.words import SPACE, BadWord, split, word_spans

INSTRUCTIONS = frozenset(
    (
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"),
        *("ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    )
)
_WITH_HEREDOCS = frozenset(("ADD", "COPY", "RUN"))
_MAYBE_JSON = frozenset(("ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME"))
# Bytes in one line. Source: BuildKit's parser scans lines with Go's bufio.Scanner and its default buffer.
_LONGEST = 65535
_DIRECTIVES = frozenset(("syntax", "escape", "check"))
_DIRECTIVE = re.compile(rf"#[{SPACE}]*([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*\Z")
_BLANKS = re.compile(r"[\t\v\f\r ]+")
_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z")


@dataclass(frozen=True, slots=True)
class _Line:
    """A physical line: `start` and `end` without the newline and any CR before it; `next` is where the next starts."""

    start: int
    end: int
    next: int


def read(source: Source) -> Dockerfile:
    """Return the tree of `source`. Raises `Unreadable`, with the line, for what BuildKit's parser refuses."""
    lines = _lines(source.text)
    directives, escape, at = _directives(source.text, lines)
    items: list[Trivia | Instruction] = [Trivia("directive", Span(lines[n].start, lines[n].end)) for n in range(at)]
    found = False
    while at < len(lines):
        line = lines[at]
        text = source.text[line.start : line.end].lstrip(SPACE)
        if not text or text[0] == "#":
            if text:
                items.append(Trivia("comment", Span(line.end - len(text), line.end)))
            elif line.end > line.start:
                items.append(Trivia("blank", Span(line.start, line.end)))
            at += 1
            continue
        instruction, at = _instruction(source.text, lines, at, escape)
        items.append(instruction)
        found = True
    if not found:
        raise Unreadable("the file has no instructions")
    return Dockerfile(source, escape, directives, tuple(items))


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    start = 1 if text.startswith(BOM) else 0
    while start < len(text):
        newline = text.find("\n", start)
        following = newline + 1 if newline >= 0 else len(text)
        end = newline if newline >= 0 else len(text)
        if end - start > _LONGEST // 4 and len(text[start:end].encode("utf-8", "surrogateescape")) > _LONGEST:
            raise Unreadable(f"the line is longer than the {_LONGEST} bytes that BuildKit reads", len(lines) + 1)
        while end > start and text[end - 1] == "\r":
            end -= 1
        lines.append(_Line(start, end, following))
        start = following
    return lines


def _directives(text: str, lines: list[_Line]) -> tuple[dict[str, str], str, int]:
    found: dict[str, str] = {}
    escape = "\\"
    for number, line in enumerate(lines):
        match = _DIRECTIVE.match(text[line.start : line.end].lstrip(SPACE))
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            return found, escape, number
        if name in found:
            raise Unreadable(f"only one {name} parser directive can be used", number + 1)
        found[name] = match[2]
        if name == "escape":
            if match[2] not in ("\\", "`"):
                raise Unreadable(f"invalid escape token {match[2]!r}: it must be \\ or `", number + 1)
            escape = match[2]
    return found, escape, len(lines)


def _continued(content: str, escape: str) -> int | None:
    """The length of `content` without its continuation character, None where it is not continued."""
    bare = content.rstrip("\t ")
    return len(bare) - 1 if bare.endswith(escape) and bare[-2:-1] != escape else None


def _instruction(text: str, lines: list[_Line], first: int, escape: str) -> tuple[Instruction, int]:
    start = lines[first].end - len(text[lines[first].start : lines[first].end].lstrip(SPACE))
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    comments: list[Span] = []
    blanks: list[Span] = []
    length, begin, at = 0, start, first
    while at < len(lines):
        line = lines[at]
        content = text[begin : line.end]
        bare = content.lstrip(SPACE)
        if at > first and (not bare or bare[0] == "#"):
            (comments if bare else blanks).append(
                Span(line.end - len(bare), line.end) if bare else Span(begin, line.end)
            )
        else:
            kept = _continued(content, escape)
            part = content if kept is None else content[:kept]
            if part:
                pieces.append((length, begin))
                parts.append(part)
                length += len(part)
            if kept is None:
                at += 1
                break
        at += 1
        begin = line.next
    # Lines that trail an open continuation at the end of the file stay outside the instruction's own text.
    joined = Logical("".join(parts), tuple(pieces or [(0, start)]))
    head = _head(joined, first + 1, escape)
    end = lines[at - 1].end
    heredocs: list[Heredoc] = []
    inner = head.child or head
    if inner.keyword in _WITH_HEREDOCS and inner.json is None and "<<" in joined.text:
        for heredoc in _heredocs(joined.text, first + 1):
            filled, at = _body(text, lines, at, heredoc, first + 1)
            heredocs.append(filled)
            end = filled.terminator.end
    tail = (start, end, first + 1, at, tuple(heredocs), tuple(comments), tuple(blanks))
    return _built(head, *tail), at


class _Head(NamedTuple):
    """What an instruction's joined line says."""

    keyword: str
    keyword_span: Span
    flags: tuple[Flag, ...]
    arguments: Logical
    json: tuple[str, ...] | None
    child: _Head | None


def _built(
    head: _Head,
    start: int,
    end: int,
    first_line: int,
    last_line: int,
    heredocs: tuple[Heredoc, ...],
    comments: tuple[Span, ...],
    blanks: tuple[Span, ...],
) -> Instruction:
    child = None
    if head.child:
        begin = head.child.keyword_span.start
        child = _built(head.child, begin, end, first_line, last_line, heredocs, (), ())
    return Instruction(
        head.keyword,
        head.keyword_span,
        Span(start, end),
        first_line,
        last_line,
        head.flags,
        head.arguments,
        head.json,
        heredocs,
        child,
        comments,
        blanks,
    )


def _head(line: Logical, first_line: int, escape: str) -> _Head:
    text = line.text
    end = len(text.rstrip(SPACE))
    begin = end - len(text[:end].lstrip(SPACE))
    match = _BLANKS.search(text, begin, end)
    stop = match.start() if match else end
    flags: tuple[Flag, ...] = ()
    rest = end
    if match:
        flags, rest = _flags(line, match.end(), end, escape)
        while rest < end and text[rest] in SPACE:
            rest += 1
    arguments = line.cut(rest, end)
    name = text[begin:stop].upper()
    try:
        values = _check(name, arguments.text, escape)
    except ValueError as error:
        raise Unreadable(str(error), first_line) from None
    child = _head(arguments, first_line, escape) if name == "ONBUILD" and arguments.text else None
    return _Head(name, line.span(begin, stop), flags, arguments, values, child)


def _flags(line: Logical, start: int, end: int, escape: str) -> tuple[tuple[Flag, ...], int]:
    text = line.text
    flags: list[Flag] = []
    at = start
    while True:
        while at < end and text[at] in SPACE:
            at += 1
        if not text.startswith("--", at, end):
            return tuple(flags), at
        begin, value, quote = at, [], ""
        while at < end:
            char = text[at]
            if not quote and char in SPACE:
                break
            if char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
            else:
                if char == escape:
                    at += 1
                value.append(text[at : at + 1])
            at += 1
        at = min(at, end)
        word = "".join(value)
        if word == "--":
            return tuple(flags), at
        name, equals, given = word[2:].partition("=")
        flags.append(Flag(name, given if equals else None, line.span(begin, at)))


@lru_cache(maxsize=8192)  # a file is read again after each change, with most of its lines as they were
def _check(keyword: str, text: str, escape: str) -> tuple[str, ...] | None:
    """Return the strings of an exec form; raise ValueError for what BuildKit's line parsers refuse."""
    if keyword in _MAYBE_JSON:
        if keyword == "HEALTHCHECK":
            text = text[len(text.split(None, 1)[0]) :].lstrip(SPACE) if text else ""
        return exec_form(text)
    if keyword in ("ENV", "LABEL") and text:
        spans = word_spans(text, escape)
        words = [text[start:end] for start, end in spans]
        if words and "=" not in words[0]:
            if len(_BLANKS.split(text, maxsplit=1)) < 2:
                raise ValueError(f"{keyword} must have two arguments")
        elif missing := next((word for word in words if "=" not in word), None):
            raise ValueError(f"syntax error: can't find = in {missing!r}; must be of the form name=value")
    return None


def exec_form(text: str) -> tuple[str, ...] | None:
    """Return the strings of the JSON array `text`, None where it is no JSON array (and so shell form).

    Raises ValueError for an array with anything but strings in it, which BuildKit refuses.
    """
    text = text.lstrip(SPACE)
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        raise ValueError("when using JSON array syntax, arrays must be comprised of strings only")
    return tuple(values)


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _heredocs(line: str, number: int) -> list[Heredoc]:
    try:
        words = split(line, raw=True)
    except BadWord:
        return []
    found = []
    nowhere = Span(0, 0)
    for word in words:
        if (match := _HEREDOC.match(word)) is None or not match[3]:
            continue
        try:
            plain, raw = split(match[3]), _raw_quotes(match[3])
        except BadWord as error:
            raise Unreadable(f"heredoc {word}: {error}", number) from None
        if len(plain) == 1:
            quotes = sum(plain[0].count(quote) for quote in "'\"")
            expands = quotes == sum(raw.count(quote) for quote in "'\"")
            found.append(Heredoc(plain[0], expands, match[2] == "-", int(match[1] or 0), nowhere, nowhere))
    return found


def _raw_quotes(word: str) -> str:
    return "".join(split(word, raw=True))


def _body(text: str, lines: list[_Line], at: int, heredoc: Heredoc, number: int) -> tuple[Heredoc, int]:
    start = lines[at].start if at < len(lines) else len(text)
    for index in range(at, len(lines)):
        line = lines[index]
        content = text[line.start : line.end]
        if (content.lstrip("\t") if heredoc.chomp else content) == heredoc.name:
            return replace(heredoc, body=Span(start, line.start), terminator=Span(line.start, line.end)), index + 1
    raise Unreadable(f"unterminated heredoc {heredoc.name}", number)
