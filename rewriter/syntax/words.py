"""Words, quotes and variable substitution as BuildKit's own lexer reads them (not as a shell does).

Source of the rules: https://docs.docker.com/reference/dockerfile/#environment-replacement, and the behaviour of
BuildKit's `frontend/dockerfile/shell` and `parser` packages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

# What Go's unicode.IsSpace accepts; Python's str.isspace also takes U+001C to U+001F.
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_SPACES = frozenset(SPACE)
_SPECIAL_PARAMETERS = frozenset("@*#?-$!0")
_PLAIN = re.compile(r"[\w./:@+,=~^%-]*\Z", re.ASCII)

Lookup = Callable[[str], str | None]


class BadWord(ValueError):
    """A word that BuildKit refuses: an open quote, a bad substitution, or `${x:?message}` of an unset variable."""


class UnknownValue(Exception):
    """Raised by a lookup for a variable that is set to something that the file does not show."""


def expand(word: str, lookup: Lookup, escape: str = "\\") -> str:
    """Return `word` with quotes removed and variables replaced.

    `lookup` returns a variable's value, or None where it is unset (which expands to nothing); it may raise
    `UnknownValue`, which passes through. Raises `BadWord` for what BuildKit refuses.
    """
    if _PLAIN.match(word):
        return word
    return _Lexer(word, lookup, escape)._until(None, False)[0]


def split(text: str, *, escape: str = "\\", raw: bool = False) -> list[str]:
    """Return the words of `text`, split at unquoted white space, variables left as they are.

    With `raw`, quotes and escapes stay in the words. Raises `BadWord` for an open quote or substitution.
    """
    return _Lexer(text, lambda _: None, escape, raw_quotes=raw, raw_escapes=raw, keep_unset=True)._until(None, raw)[1]


def word_spans(text: str, escape: str) -> list[tuple[int, int]]:
    """Return start and end of each word of an ENV, LABEL or ARG line; quotes and escapes stay part of a word."""
    spans, start, quote, at = [], None, "", 0
    while at < len(text):
        char = text[at]
        if start is None:
            if char not in _SPACES:
                start = at
                continue
        elif quote:
            if char == quote:
                quote = ""
            elif char == escape and quote == '"':
                at += 1
        elif char in _SPACES:
            spans.append((start, at))
            start = None
        elif char in "'\"":
            quote = char
        elif char == escape:
            at += 1
        at += 1
    if start is not None:
        # An escape character that ends the line belongs to no word.
        end = len(text) - (at > len(text))
        if end > start:
            spans.append((start, end))
    return spans


class _Lexer:
    """One pass over one text. The four switches are those of BuildKit's lexer."""

    def __init__(
        self,
        text: str,
        lookup: Lookup,
        escape: str,
        *,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        keep_unset: bool = False,
    ) -> None:
        self.text, self.at = text, 0
        self.lookup, self.escape = lookup, escape
        self.raw_quotes, self.raw_escapes, self.keep_unset = raw_quotes, raw_escapes, keep_unset

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _next(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += len(char)
        return char

    def _until(self, stop: str | None, raw_escapes: bool) -> tuple[str, list[str]]:
        outer, self.raw_escapes = self.raw_escapes, raw_escapes
        result: list[str] = []
        words: list[str] = []
        word: list[str] = []
        while char := self._peek():
            if char == stop:
                self._next()
                break
            match char:
                case "'" | '"' | "<":
                    text = self._single() if char == "'" else self._double() if char == '"' else self._angle()
                    result.append(text)
                    word.append(text)
                case "$":
                    text = self._dollar()
                    result.append(text)
                    for part in text:
                        _add(part, word, words)
                case self.escape:
                    self._next()
                    if raw_escapes:
                        result.append(char)
                        word.append(char)
                    if escaped := self._next():
                        result.append(escaped)
                        word.append(escaped)
                case _:
                    self._next()
                    result.append(char)
                    _add(char, word, words)
        else:
            if stop is not None:
                raise BadWord(f"no matching {stop}")
        if any(word):
            words.append("".join(word))
        self.raw_escapes = outer
        return "".join(result), words

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise BadWord("unexpected end while looking for the matching single quote")
        raw = self.text[self.at : end + 1]
        self.at = end + 1
        return raw if self.raw_quotes else raw[1:-1]

    def _double(self) -> str:
        result = [self._next()] if self.raw_quotes else [self._next()][:0]
        while char := self._peek():
            if char == '"':
                self._next()
                if self.raw_quotes:
                    result.append(char)
                return "".join(result)
            if char == "$":
                result.append(self._dollar())
                continue
            self._next()
            if char == self.escape:
                if self.raw_escapes:
                    result.append(char)
                follower = self._peek()
                if not follower:
                    break
                if follower in ('"', "$", self.escape):
                    char = self._next()
            result.append(char)
        raise BadWord("unexpected end while looking for the matching double quote")

    def _angle(self) -> str:
        self._next()
        if self._peek() != "<":
            return "<"
        self._next()
        start = self.at
        while self._peek() in ("\t", "\r", " "):
            self._next()
        return "<<" + self.text[start : self.at]

    def _name(self) -> str:
        start = self.at
        first = self._peek()
        if first.isdigit():
            while self._peek().isdigit():
                self._next()
        elif first in _SPECIAL_PARAMETERS and first:
            self._next()
        else:
            while (char := self._peek()) and (char.isalpha() or char.isdigit() or char == "_"):
                self._next()
        return self.text[start : self.at]

    def _dollar(self) -> str:
        self._next()
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self.lookup(name)
            return (f"${name}" if self.keep_unset else "") if value is None else value
        self._next()
        if self._peek() in ("", "{", "}", ":"):
            raise BadWord("bad substitution")
        name = self._name()
        operator = self._next()
        if operator == "}":
            value = self.lookup(name)
            return (f"${{{name}}}" if self.keep_unset else "") if value is None else value
        if operator == "/":
            return self._replace(name)
        null_is_unset = operator == ":"
        if null_is_unset:
            operator = self._next()
        if operator not in ("+", "-", "?", "#", "%") or (null_is_unset and operator in "#%"):
            raise BadWord("unsupported modifier in substitution")
        word, _ = self._until("}", operator in "#%")
        value = self.lookup(name)
        if value is None and self.keep_unset:
            return f"${{{name}{':' * null_is_unset}{operator}{word}}}"
        missing = value is None or (null_is_unset and value == "")
        match operator:
            case "-":
                return word if missing else (value or "")
            case "+":
                return "" if missing else word
            case "?":
                if missing:
                    raise BadWord(f"{name}: {word or 'is not allowed to be unset'}")
                return value or ""
            case _:
                greedy = word.startswith(operator)
                return _trim(word[greedy:], value or "", greedy, operator == "%")

    def _replace(self, name: str) -> str:
        every = self._peek() == "/"
        if every:
            self._next()
        pattern, _ = self._until("/", True)
        replacement, _ = self._until("}", True)
        value = self.lookup(name)
        if value is None and self.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        return _pattern(pattern, True).sub(lambda _: replacement, value or "", count=0 if every else 1)


def _add(char: str, word: list[str], words: list[str]) -> None:
    if char not in _SPACES:
        word.append(char)
    elif any(word):
        words.append("".join(word))
        word.clear()


@lru_cache(maxsize=256)
def _pattern(pattern: str, greedy: bool) -> re.Pattern[str]:
    parts, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            parts.append(".*" if greedy else ".*?")
        elif char == "?":
            parts.append(".")
        elif char == "\\":
            follower = pattern[at : at + 1]
            at += 1
            if not follower or follower not in "*?\\}/":
                raise BadWord(f"invalid escape '\\{follower}'")
            parts.append(re.escape(follower))
        else:
            parts.append(re.escape(char))
    return re.compile("".join(parts))


def _trim(pattern: str, value: str, greedy: bool, suffix: bool) -> str:
    expression = _pattern(pattern, True)
    ends = range(len(value) + 1)
    if suffix:
        cuts = (at for at in (ends if greedy else reversed(ends)) if expression.fullmatch(value, at))
        return value[: next(cuts, len(value))]
    cuts = (at for at in (reversed(ends) if greedy else ends) if expression.fullmatch(value, 0, at))
    return value[next(cuts, 0) :]
