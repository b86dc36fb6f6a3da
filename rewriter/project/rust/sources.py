"""The project's own Rust files, as far as a container cares: texts, and what is called.

Source: https://doc.rust-lang.org/reference/tokens.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rewriter.project.context import Unfit
from rewriter.project.folders import listing
from rewriter.project.needs import View

# In characters, all files together.
_LARGEST = 6_000_000
_MOST = 20
# What is left open reaches to the end, so that nothing is tried twice.
_TOKEN = re.compile(
    r"//[^\n]*|/\*(?:.*?\*/|.*)|[bc]?r(?P<hash>#*)\"(?:.*?\"(?P=hash)|.*)|[bc]?\"(?:[^\"\\]|\\.)*\"?"
    r"|b?'(?:[^'\\\n]|\\[^\n]{1,9}?)'|[^\W\d]\w*(?:::[^\W\d]\w*)*!?|\d[\w.]*|[^\s\w]",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A string of the source and its line (1-based); `macro` is the macro that it is given to, "" for none."""

    value: str
    line: int
    macro: str


@dataclass(frozen=True, slots=True)
class Called:
    """A call by its last two parts (`File::open`) or its name (`with_name`); `literal` says that all its arguments are
    strings."""

    name: str
    texts: tuple[str, ...]
    literal: bool
    line: int


@dataclass(frozen=True, slots=True)
class RustFile:
    """The strings and the calls of one file, in order."""

    texts: tuple[Text, ...]
    calls: tuple[Called, ...]


def sources(view: View, root: str) -> dict[str, RustFile]:
    """The Rust files at and below the folder `root` of the image by their paths; tests and examples are not among
    them. Raises `Unfit`."""
    found: dict[str, RustFile] = {}
    size = 0
    for path in listing(view, root):
        parts = path[len(root.rstrip("/")) + 1 :].split("/")
        if not path.endswith(".rs") or {"tests", "examples", "benches", "target", "vendor"}.intersection(parts[:-1]):
            continue
        if posixpath.basename(path) == "build.rs":
            continue
        text = view.text(path)
        size += len(text)
        if size > _LARGEST:
            raise Unfit(view.file(root) or root, "holds too much Rust to be looked through")
        found[path] = read(text)
    return found


@lru_cache(maxsize=512)
def read(text: str) -> RustFile:
    """Read one file; what is no Rust gives few or no facts, and no error."""
    tokens: list[tuple[str, int]] = []
    line, at = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if not match[0].startswith(("//", "/*")):
            tokens.append((match[0], line))
    texts: list[Text] = []
    return RustFile(*_walked(tokens, texts))


def _walked(tokens: Sequence[tuple[str, int]], texts: list[Text]) -> tuple[tuple[Text, ...], tuple[Called, ...]]:
    calls: list[Called] = []
    opened: list[tuple[str, int, list[str], bool]] = []
    macros: list[str] = [""]
    before = ("", "")
    for word, line in tokens:
        if word in "([{" and len(word) == 1:
            name = before[1] if before[1][-1:].isalnum() or before[1][-1:] in "_!" else ""
            if before[1] == "!" and before[0]:
                name = f"{before[0]}!"
            opened.append((name, line, [], True))
            macros.append(name[:-1].rpartition("::")[2] if name.endswith("!") else macros[-1])
        elif word in ")]}" and len(word) == 1 and opened:
            name, at, given, literal = opened.pop()
            macros.pop()
            if name and word == ")":
                calls.append(Called("::".join(name.split("::")[-2:]), tuple(given), literal, at))
            if opened:
                opened[-1][2].extend(given[:_MOST])
                opened[-1] = (*opened[-1][:3], opened[-1][3] and literal and not name)
        elif (value := _string(word)) is not None:
            texts.append(Text(value, line, macros[-1]))
            if opened:
                opened[-1][2].append(value)
        elif opened and word not in (",", "&"):
            opened[-1] = (*opened[-1][:3], False)
        before = (before[1], word)
    return tuple(texts), tuple(calls)


def _string(word: str) -> str | None:
    match = re.match(r"[bc]?r?(#*)\"", word)
    if match is None:
        return None
    end = f'"{match[1]}'
    return (
        word[match.end() : len(word) - len(end)]
        if word.endswith(end) and len(word) > match.end()
        else word[match.end() :]
    )


def calling(files: dict[str, RustFile], *names: str) -> Iterator[tuple[str, Called]]:
    """The calls of the functions `names`, with their files."""
    for path, file in files.items():
        yield from ((path, call) for call in file.calls if call.name in names)
