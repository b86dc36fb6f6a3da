"""The texts of a Python program, in libcst's tree: what its literals say, f-strings and neighbours included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst


def texts(node: cst.BaseString) -> Iterator[str]:
    """The texts of `node`, each as far as no expression interrupts it."""
    text = ""
    for piece in pieces(node):
        if isinstance(piece, str):
            text += piece
        else:
            yield text
            text = ""
    yield text


def pieces(node: cst.BaseString) -> Iterator[str | cst.CSTNode | None]:
    """What `node` is made of: texts and expressions, and None behind the format of an expression."""
    match node:
        case cst.ConcatenatedString(left=left, right=right):
            yield from pieces(left)
            yield from pieces(right)
        case cst.SimpleString():
            value = node.evaluated_value
            yield value if isinstance(value, str) else value.decode("latin-1")
        case cst.FormattedString(parts=parts):
            yield from _formatted(parts, node)
        case _:
            yield node


def _formatted(
    parts: Sequence[cst.BaseFormattedStringContent], text: cst.FormattedString
) -> Iterator[str | cst.CSTNode | None]:
    for part in parts:
        match part:
            case cst.FormattedStringText(value=value):
                yield _plain(value.replace("{{", "{").replace("}}", "}"), text)
            case cst.FormattedStringExpression(expression=expression, format_spec=spec):
                yield expression
                yield from _formatted(spec or (), text)
                yield None


def _plain(value: str, text: cst.FormattedString) -> str:
    """What the part `value` of `text` says, its escapes resolved."""
    if "r" in text.prefix or "\\" not in value:
        return value
    if (len(value) - len(value.rstrip("\\"))) % 2:
        value += "\\"  # it stood before a brace, and there it stands for itself
    return str(cst.SimpleString(f"{text.end}{value}{text.end}").evaluated_value)
