"""Text and bytes: encoding, BOM, newline style, offsets to lines and columns.

A Dockerfile is bytes. They are decoded once, undecodable bytes included, so that
`Source.decode(data).encode() == data` holds for every input. All spans of the tree are
offsets into `Source.text`, counted in characters of the Python string.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

BOM = "\ufeff"


class Unreadable(Exception):
    """A file that is no Dockerfile: `reason` is a sentence, `line` is 1-based, None for the whole file."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class Source:
    """The immutable text of one file. `text` keeps the BOM, CR characters and undecodable bytes (as surrogates)."""

    text: str

    @classmethod
    def decode(cls, data: bytes) -> Source:
        """Return the source for `data` (UTF-8 or anything close to it). Raises `Unreadable` for binary data."""
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Unreadable("the file is UTF-16; Docker reads UTF-8")
        if (nul := data.find(b"\0")) >= 0:
            raise Unreadable("the file is binary (it has a NUL byte)", data.count(b"\n", 0, nul) + 1)
        return cls(data.decode("utf-8", "surrogateescape"))

    def encode(self) -> bytes:
        """Return the bytes of the file, the ones it was decoded from where nothing was edited."""
        return self.text.encode("utf-8", "surrogateescape")

    @cached_property
    def line_starts(self) -> list[int]:
        """Offsets at which lines start; a line ends at LF alone, as for BuildKit and git."""
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @property
    def newline(self) -> str:
        """The newline that inserted lines must use: CRLF where the first line ends with it, else LF."""
        end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    def line(self, offset: int) -> int:
        """The 1-based line on which `offset` lies."""
        return bisect_right(self.line_starts, offset)

    def column(self, offset: int) -> int:
        """The 1-based column of `offset`, in characters."""
        return offset - self.line_starts[self.line(offset) - 1] + 1

    def utf16_column(self, offset: int) -> int:
        """The 0-based column of `offset` in UTF-16 code units, as the Language Server Protocol counts."""
        start = self.line_starts[self.line(offset) - 1]
        return sum(2 if ord(ch) > 0xFFFF else 1 for ch in self.text[start:offset])

    def line_text(self, number: int) -> str:
        """The text of the 1-based line `number`, without its newline."""
        starts = self.line_starts
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].removesuffix("\r")
