"""As much of HCL as bake files are made of: blocks, and attributes that are plain values.

Source: https://docs.docker.com/build/bake/reference/ and https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"""(?P<gap>[ \t\r]+|\#[^\n]*|//[^\n]*|/\*(?s:.*?)\*/)
      | (?P<text>"(?>\$\{[^{}\n]*\}|[^"\\\n]|\\.)*+")
      | (?P<here><<-?(?P<end>\w+)\n(?s:.*?)\n[ \t]*(?P=end)(?!\w))
      | (?P<name>[\w.*-]+)
      | (?P<mark>[{}\[\]=,\n]|(?s:.))""",
    re.X,
)
_ESCAPES = re.compile(r'\\([nrt"\\])')
_MEANINGS = {"n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 40
_Token = tuple[str, str]


@dataclass(frozen=True)
class Block:
    """`kind "label" { … }`. A value that is no text, list or map of such is None; in a text `${NAME}` stays."""

    kind: str
    labels: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)


def blocks(text: str) -> list[Block]:
    """The blocks at the top of the file. Raises `ValueError` for a text that is no HCL."""
    tokens = _Tokens(text)
    found: list[Block] = []
    while token := tokens.next():
        if token == ("mark", "\n"):
            continue
        if token[0] != "name":
            raise ValueError(f"unexpected {token[1]!r}")
        if tokens.peek() == ("mark", "="):
            tokens.next()
            _value(tokens, 0)
        else:
            found.append(_block(tokens, token[1], 0))
    return found


class _Tokens:
    def __init__(self, text: str) -> None:
        self._all = list(_tokens(text))
        self._at = 0

    def peek(self) -> _Token | None:
        return self._all[self._at] if self._at < len(self._all) else None

    def next(self) -> _Token | None:
        token = self.peek()
        self._at += 1
        return token

    def over_lines(self) -> _Token | None:
        while self.peek() == ("mark", "\n"):
            self.next()
        return self.peek()


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "end" else "here"
        if kind != "gap":
            yield str(kind), match[0]


def _block(tokens: _Tokens, kind: str, depth: int) -> Block:
    labels: list[str] = []
    while (token := tokens.next()) and token != ("mark", "{"):
        if token[0] not in ("text", "name"):
            raise ValueError(f"unexpected {token[1]!r}")
        labels.append(token[1].strip('"'))
    block = Block(kind, tuple(labels))
    while (token := tokens.over_lines()) != ("mark", "}"):
        tokens.next()
        if token is None or token[0] not in ("name", "text") or depth > _DEEPEST:
            raise ValueError("a block that is not closed")
        if tokens.peek() == ("mark", "="):
            tokens.next()
            block.values[token[1].strip('"')] = _value(tokens, depth + 1)
        else:
            _block(tokens, token[1], depth + 1)
    tokens.next()
    return block


def _value(tokens: _Tokens, depth: int) -> Any:
    """The expression that comes next, up to the end of its line, a comma or a closing bracket."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    token = tokens.next()
    match token:
        case ("text", text):
            value: Any = _ESCAPES.sub(lambda m: _MEANINGS.get(m[1], m[1]), text[1:-1])
        case ("name", name) if re.fullmatch(r"[A-Za-z_]\w*", name) and name not in ("true", "false", "null"):
            value = f"${{{name}}}"
        case ("mark", "["):
            value = _items(tokens, depth)
        case ("mark", "{"):
            value = _pairs(tokens, depth)
        case _:
            value = None
    if token in (("mark", "("), ("mark", "\n")) or not _at_end(tokens):
        _skip(tokens, 1 if token == ("mark", "(") else 0)
        return None
    return value


def _items(tokens: _Tokens, depth: int) -> list[Any]:
    items: list[Any] = []
    while (token := tokens.over_lines()) != ("mark", "]"):
        if token is None:
            raise ValueError("a list that is not closed")
        if token == ("mark", ","):
            tokens.next()
        else:
            items.append(_value(tokens, depth + 1))
    tokens.next()
    return items


def _pairs(tokens: _Tokens, depth: int) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    while (token := tokens.over_lines()) != ("mark", "}"):
        tokens.next()
        if token is None:
            raise ValueError("a map that is not closed")
        if token == ("mark", ","):
            continue
        if tokens.next() not in (("mark", "="), ("mark", ":")):
            raise ValueError("a map without values")
        pairs[token[1].strip('"')] = _value(tokens, depth + 1)
    tokens.next()
    return pairs


def _at_end(tokens: _Tokens) -> bool:
    return tokens.peek() in (None, ("mark", "\n"), ("mark", ","), ("mark", "}"), ("mark", "]"))


def _skip(tokens: _Tokens, depth: int) -> None:
    """Go behind an expression that is no plain value."""
    while (token := tokens.peek()) is not None:
        if depth == 0 and _at_end(tokens):
            return
        tokens.next()
        depth += (token[1] in ("(", "[", "{")) - (token[1] in (")", "]", "}"))
