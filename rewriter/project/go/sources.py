"""The project's own Go files, as far as a build and a container care: imports, texts, and what is called.

Source: https://go.dev/ref/spec#Lexical_elements
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.folders import listing
from rewriter.project.needs import View

# In characters, all files together: more than the programs of one image have, and read in a moment.
_LARGEST = 6_000_000
# Texts of an inner call that count as those of the outer one.
_MOST = 20
# What is left open reaches to the end, so that nothing is tried twice.
_TOKEN = re.compile(
    r"//[^\n]*|/\*(?:.*?\*/|.*)"
    r"|\"(?:[^\"\\\n]|\\.)*\"?|`[^`]*`?|'(?:[^'\\\n]|\\.)*'?"
    r"|[^\W\d]\w*(?:\.[^\W\d]\w*)*|\.[^\W\d]\w*|\d[\w.]*|[^\s\w]",
    re.DOTALL,
)
_EMBED = re.compile(r"//go:embed[ \t]+(.+)")
_LINKED = re.compile(r"^[ \t/*]*#cgo\b[^\n]*(?:-l|pkg-config)", re.MULTILINE)
_PATTERN = re.compile(r"\"([^\"]*)\"|`([^`]*)`|(\S+)")
_PLATFORM = re.compile(
    r"_(?:darwin|windows|freebsd|netbsd|openbsd|solaris|plan9|js|wasip1|ios|android|aix)(?:_\w+)?\.go"
)

_KEYWORDS = frozenset(
    ("func", "import", "var", "const", "type", "return", "if", "for", "switch", "range", "go", "defer")
)
# Functions whose result is as plain as what they are given.
_JOINS = frozenset(
    ("filepath.Join", "path.Join", "filepath.FromSlash", "http.Dir", "os.DirFS", "template.Must", "nil", "")
)


@dataclass(frozen=True, slots=True)
class Text:
    """A string of the source and its line (1-based)."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Called:
    """A call: `name` as it is written (`os.Open`, `r.LoadHTMLGlob`), `texts` the strings among its arguments;
    `literal` says that all its arguments are strings, numbers and names of constants that are written out."""

    name: str
    texts: tuple[str, ...]
    literal: bool
    line: int

    @property
    def method(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class GoFile:
    """One file. `imports` are paths with their lines, `names` the local names of those that are renamed, `embeds` the
    patterns of //go:embed; `links` says that cgo is told to link a library."""

    package: str
    imports: tuple[Text, ...]
    names: tuple[tuple[str, str], ...]
    texts: tuple[Text, ...]
    calls: tuple[Called, ...]
    embeds: tuple[str, ...]
    links: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """The Go files of a module that the programs for Linux are built from, by their absolute paths in the image; tests
    are not among them. `vendored` are those of the vendor folder."""

    view: View
    files: dict[str, GoFile]
    vendored: dict[str, GoFile]

    def fact(self, path: str, line: int, text: str) -> Evidence:
        """A fact that a line of the file at `path` shows."""
        return self.view.evidence(text, path, line)

    def importing(self, *modules: str) -> Evidence | None:
        """Where one of the packages `modules` is imported first; None where none is."""
        for path, file in self.files.items():
            for text in file.imports:
                if text.value in modules:
                    return self.fact(path, text.line, f"imports {text.value}")
        return None

    def calling(self, *names: str) -> Evidence | None:
        """Where one of the functions `names` (`time.LoadLocation`) is called first; None where none is."""
        for path, file in self.files.items():
            for call in file.calls:
                if call.name in names:
                    return self.fact(path, call.line, f"calls {call.name}")
        return None


def sources(view: View, root: str, *more: str) -> Sources:
    """The Go files at and below the folder `root` of the image, and those of the modules in the folders `more`; other
    modules that lie below are not among them. Raises `Unfit` for one that cannot be read, and where there are too
    many."""
    found: dict[str, GoFile] = {}
    vendored: dict[str, GoFile] = {}
    size = 0
    roots = (root, *(folder for folder in more if not folder.startswith(f"{root.rstrip('/')}/")))
    paths = {path: each for each in dict.fromkeys(roots) for path in listing(view, each)}
    nested = {posixpath.dirname(path) for path in paths if posixpath.basename(path) == "go.mod"} - {*roots, *more}
    for path, base in paths.items():
        if any(path.startswith(f"{folder}/") for folder in nested):
            continue
        name = posixpath.basename(path)
        parts = path[len(base.rstrip("/")) + 1 :].split("/")
        if not name.endswith(".go") or name.endswith("_test.go") or name.startswith(("_", ".")):
            continue
        # Source: https://pkg.go.dev/cmd/go#hdr-Package_lists_and_patterns
        if "testdata" in parts or any(part.startswith(("_", ".")) for part in parts) or _PLATFORM.search(name):
            continue
        text = view.text(path)
        size += len(text)
        if size > _LARGEST:
            raise Unfit(view.file(root) or root, "holds too much Go to be looked through")
        (vendored if "vendor" in parts[:-1] else found)[path] = read(text)
    return Sources(view, found, vendored)


@lru_cache(maxsize=1024)
def read(text: str) -> GoFile:
    """Read one file; what is no Go gives few or no facts, and no error."""
    tokens: list[tuple[str, int]] = []
    embeds: list[str] = []
    links = False
    line, at = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        word = match[0]
        if word.startswith(("//", "/*")):
            if embed := _EMBED.match(word):
                embeds += [first or second or third for first, second, third in _PATTERN.findall(embed[1])]
            links = links or bool(_LINKED.search(word))
            continue
        tokens.append((word, line))
    imports, names, rest = _imports(tokens)
    texts = tuple(Text(_unquoted(word), line) for word, line in tokens[rest:] if word[0] in '"`')
    package = tokens[1][0] if len(tokens) > 1 and tokens[0][0] == "package" else ""
    return GoFile(package, tuple(imports), tuple(names), texts, tuple(_calls(tokens[rest:])), tuple(embeds), links)


def _imports(tokens: Sequence[tuple[str, int]]) -> tuple[list[Text], list[tuple[str, str]], int]:
    """The imports, the names given to them, and where the rest begins."""
    found: list[Text] = []
    names: list[tuple[str, str]] = []
    at, block = 2, False
    while at < len(tokens):
        word, line = tokens[at]
        if word == "import":
            block = at + 1 < len(tokens) and tokens[at + 1][0] == "("
            at += 1 + block
            continue
        if word[0] in '"`':
            found.append(Text(_unquoted(word), line))
            if tokens[at - 1][0] not in ("import", "(", ";", "_", ".") and tokens[at - 1][0][0] not in '"`':
                names.append((tokens[at - 1][0], _unquoted(word)))
        elif word == ")" and block:
            block = False
        elif word in ("func", "type", "var", "const"):
            break
        at += 1
    return found, names, at


def _calls(tokens: Sequence[tuple[str, int]]) -> Iterator[Called]:
    """The calls among `tokens`; those inside the arguments of others, too."""
    opened: list[tuple[str, int, list[str], bool]] = []
    before = ""
    for word, line in tokens:
        if word == "(":
            named = bool(before) and (before[0].isalpha() or before[0] in "._") and before not in _KEYWORDS
            opened.append((before if named else "", line, [], True))
        elif word == ")" and opened:
            name, at, texts, literal = opened.pop()
            if name:
                yield Called(name.lstrip("."), tuple(texts), literal, at)
            if opened:
                outer = opened[-1]
                outer[2].extend(texts[:_MOST])
                opened[-1] = (outer[0], outer[1], outer[2], outer[3] and literal and name in _JOINS)
        elif opened and word[0] in '"`':
            opened[-1][2].append(_unquoted(word))
        elif opened and word not in (",", "+", ".", "..."):
            plain = word[0].isdigit() or word in _JOINS or word.startswith(("os.O_", "fs.Mode"))
            opened[-1] = (*opened[-1][:3], opened[-1][3] and plain)
        before = word


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[-1] == word[0] else word[1:]
