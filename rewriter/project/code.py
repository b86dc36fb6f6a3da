"""Manifests that are programs (Gemfile, mix.exs): their tokens, so that a reader can say whether it knows them all.

Ruby and Elixir share what matters here: comments, strings with `#{…}`, symbols, `key:`, lists of words. Where a file
uses more than that (heredocs, backticks, …), it is not read at all.
Sources: https://docs.ruby-lang.org/en/master/syntax/literals_rdoc.html,
https://hexdocs.pm/elixir/syntax-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rewriter.project.context import Unfit
from rewriter.project.needs import View

Kind = Literal["name", "constant", "string", "symbol", "key", "number", "mark", "line"]
Language = Literal["ruby", "elixir"]

# In characters; a longer one was not written by hand.
_LONGEST = 200_000
_NESTED = 8
_SPACE = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_NUMBER = re.compile(r"[0-9][0-9_]*(?:\.[0-9]+)?\w*", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]\w*[?!]?", re.ASCII)
_SYMBOL = re.compile(r":([A-Za-z_]\w*[?!]?)", re.ASCII)
_PLAIN = re.compile(r"[^\\#\"'\n]+")
_MARK = re.compile(r"\|\||&&|=>|==|=~|!~|!=|->|<-|\|>|<>|\+\+|::|<=|>=|\.\.|[-\[\]{}(),.=<>|&!+*^%?:@;$/]")
_WORDS = {
    "ruby": re.compile(r"%([wWiIqQr]?)([\[({<!|/])"),
    "elixir": re.compile(r"~([a-zA-Z])([\[({<|/\"'])"),
}
_HEREDOC = re.compile(r"<<[~-]?[A-Z\"'`]|`")
_REGEX = re.compile(r"/(?:[^/\\\n]|\\.)+/[a-z]*")
_BEFORE_REGEX = frozenset(("=~", "!~", "(", ","))
_CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `text` is the name, or what a string holds; `inner` is the code that is set into a string."""

    kind: Kind
    text: str
    line: int
    inner: tuple[Token, ...] = ()

    @property
    def plain(self) -> str | None:
        """What a string stands for; None for any other token, and where code decides that."""
        return self.text if self.kind == "string" and not self.inner else None


def tokens(view: View, name: str, language: Language) -> tuple[Token, ...]:
    """The tokens of the file `name`. Raises `Unfit` with the line for what is not read."""
    text = view.text(name)
    file = view.file(name) or name
    if len(text) > _LONGEST:
        raise Unfit(file, "is too long to be read as a program")
    return tuple(_Lexer(text, language, file).run())


def flat(found: Sequence[Token]) -> Iterator[Token]:
    """All tokens, each followed by those inside of it."""
    for token in found:
        yield token
        yield from flat(token.inner)


class _Lexer:
    def __init__(self, text: str, language: Language, file: str) -> None:
        self.text = text
        self.language: Language = language
        self.file = file
        self.at = 0
        self.line = 1

    def run(self, depth: int = 0) -> list[Token]:
        """The tokens up to the end of the text, or inside a string up to the `}` that ends the code."""
        found: list[Token] = []
        braces = 0
        while self.at < len(self.text):
            if self.skip():
                continue
            char = self.text[self.at]
            if depth and char == "}" and not braces:
                return found
            braces += (char == "{") - (char == "}")
            found.append(self.token(char, found[-1] if found else None, depth))
            if found[-1].text == "__END__" and self.language == "ruby":
                return found[:-1]
        if depth:
            raise self.stop("a string without an end")
        return found

    def stop(self, what: str) -> Unfit:
        return Unfit(f"{self.file}:{self.line}", f"holds {what}, which is not understood")

    def skip(self) -> bool:
        match = _SPACE.match(self.text, self.at) or _COMMENT.match(self.text, self.at)
        if match:
            self.line += match[0].count("\n")
            self.at = match.end()
        return match is not None

    def take(self, kind: Kind, match: re.Match[str], text: str | None = None) -> Token:
        self.at = match.end()
        return Token(kind, match[0] if text is None else text, self.line)

    def token(self, char: str, last: Token | None, depth: int) -> Token:
        if char == "\n":
            self.at += 1
            self.line += 1
            return Token("line", "\n", self.line - 1)
        if char in "\"'":
            return self.string(char, depth)
        if char == ":" and self.text[self.at + 1 : self.at + 2] in ('"', "'"):
            self.at += 1
            inner = self.string(self.text[self.at], depth)
            return Token("symbol", inner.text, inner.line, inner.inner)
        if _HEREDOC.match(self.text, self.at):
            raise self.stop("a heredoc or the output of a command")
        if match := _NUMBER.match(self.text, self.at):
            return self.take("number", match)
        if match := _WORD.match(self.text, self.at):
            return self.word(match, last)
        if (match := _SYMBOL.match(self.text, self.at)) and (last is None or last.text != ":"):
            return self.take("symbol", match, match[1])
        if match := _WORDS[self.language].match(self.text, self.at):
            return self.words(match)
        if char == "/" and self.language == "ruby" and last and last.text in _BEFORE_REGEX:
            if (match := _REGEX.match(self.text, self.at)) and "#{" not in match[0]:
                return self.take("number", match)
            raise self.stop("a regular expression")
        if char in "?/%" and not self.plain_operator(char):
            raise self.stop(repr(char))
        if match := _MARK.match(self.text, self.at):
            return self.take("mark", match)
        raise self.stop(repr(char))

    def plain_operator(self, char: str) -> bool:
        """Whether a character that may also begin a literal (`?"`, `/"/`, `%x[…]`) stands by itself."""
        if self.language == "elixir":
            return char != "?"
        if char == "/":
            return False
        return self.text[self.at + 1 : self.at + 2].isspace()

    def word(self, match: re.Match[str], last: Token | None) -> Token:
        text, end = match[0], match.end()
        if text[-1] in "?!" and self.text[end : end + 1] == "=" and self.text[end : end + 2] not in ("==", "=~", "=>"):
            text, end = text[:-1], end - 1  # a != b
        following = self.text[end : end + 2]
        ternary = last is not None and last.text == "?"
        self.at = end
        if following[:1] == ":" and following != "::" and not ternary:
            self.at += 1
            return Token("key", text, self.line)
        return Token("constant" if text[0].isupper() else "name", text, self.line)

    def words(self, match: re.Match[str]) -> Token:
        """`%w[…]`, `~r/…/`: taken as one string."""
        close = _CLOSING.get(match[2], match[2])
        if self.text.startswith(match[2] * 3, match.end() - 1) and match[2] in "\"'":
            raise self.stop("a heredoc")
        end = self.text.find(close, match.end())
        content = self.text[match.end() : end]
        if end < 0 or "#{" in content or (close != match[2] and match[2] in content):
            raise self.stop(f"{match[0]}…{close}")
        line = self.line
        self.line += content.count("\n")
        self.at = end + 1
        while self.text[self.at : self.at + 1].isalpha():
            self.at += 1
        return Token("string", content, line)

    def string(self, quote: str, depth: int) -> Token:
        if depth > _NESTED:
            raise self.stop("too many strings in each other")
        fence = quote * 3 if self.language == "elixir" and self.text.startswith(quote * 3, self.at) else quote
        line = self.line
        self.at += len(fence)
        parts: list[str] = []
        inner: list[Token] = []
        while not self.text.startswith(fence, self.at):
            if self.at >= len(self.text):
                raise self.stop("a string without an end")
            char = self.text[self.at]
            if char == "\\":
                self.line += self.text[self.at + 1 : self.at + 2] == "\n"
                parts.append(self.text[self.at : self.at + 2])
                self.at += 2
            elif self.text.startswith("#{", self.at) and (quote == '"' or self.language == "elixir"):
                self.at += 2
                inner += (*self.run(depth + 1), Token("line", "", self.line))
                self.at += 1
            else:
                match = _PLAIN.match(self.text, self.at)
                parts.append(match[0] if match else char)
                self.line += char == "\n"
                self.at += len(parts[-1])
        self.at += len(fence)
        text = "".join(parts)
        if "\\" in text:
            inner = inner or [Token("line", "", line)]  # what an escape stands for is not worked out
        following = self.text[self.at : self.at + 2]
        if following[:1] == ":" and following != "::":
            self.at += 1
            return Token("key", text, line, tuple(inner))
        return Token("string", text, line, tuple(inner))
