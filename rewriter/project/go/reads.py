"""Which files of the project a Go program may read when it runs, apart from those that are compiled into it.

A program is taken to read what its sources name, and everything where they read files by names that they make up.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.folders import listing
from rewriter.project.go.cgo import Program, is_known
from rewriter.project.go.sources import Called, GoFile
from rewriter.project.named import HOLE, Reads, is_data, is_source, lies_at, names_in, outermost
from rewriter.project.needs import View

_WORD = re.compile(r"[\w-]*\Z")


def reads(program: Program, view: View, words: Iterable[str] = ()) -> Reads:
    """What `program` may read of the project's files from the working directory of `view`; `words` are those that start
    it. Raises `Unfit`."""
    files = dict(_files(program, view))
    if not files:
        return Reads(evidence=(_nothing(program, "nothing lies beside the Go sources that the program could read"),))
    if any(files.values()) and (whole := _made_up(program) or _foreign(program)):
        return Reads(whole=whole)
    found: dict[str, Evidence] = {}
    roots = dict.fromkeys((view.folder, program.root))
    for word in words:
        for name in (word, word.rpartition("=")[2]):
            if there := lies_at(posixpath.normpath(posixpath.join(view.folder, name)), view.folder, files):
                found.setdefault(there, Evidence(f"the start command names {name}"))
    for path, file in program.sources.files.items():
        said = _said(file)
        for text in file.texts:
            for name in names_in(text.value) if text.value not in said else ():
                for root in roots:
                    if there := lies_at(posixpath.normpath(posixpath.join(root, name)), view.folder, files):
                        found.setdefault(there, program.sources.fact(path, text.line, f"names {name}"))
        for module in file.imports:
            name = knowledge.table("go_modules")["defaults"]["files"].get(module.value)
            if name and (there := lies_at(posixpath.normpath(posixpath.join(view.folder, name)), view.folder, files)):
                found.setdefault(
                    there, program.sources.fact(path, module.line, f"imports {module.value}, which reads {name}")
                )
        for call in _opening(file):
            if call.literal and any(name in (".", "./", "/") for name in call.texts):
                return Reads(whole=program.sources.fact(path, call.line, f"{call.name} opens the working directory"))
    outer = outermost(found)
    if not outer:
        return Reads(evidence=(_nothing(program, "no Go file of the project names a file that it could read"),))
    return Reads(outer, None, tuple(found[path] for path in outer))


def _nothing(program: Program, fact: str) -> Evidence:
    return program.sources.view.evidence(fact, next(iter(program.sources.files)))


def _files(program: Program, view: View) -> Iterator[tuple[str, bool]]:
    """The project's files that are neither sources nor compiled in, and whether a program that makes up their names
    might read them."""
    embedded = [
        posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern.removeprefix("all:")))
        for path, file in program.sources.files.items()
        for pattern in file.embeds
    ]
    for root in dict.fromkeys((view.folder, program.root)):
        for path in listing(view, root):
            below = path[len(root.rstrip("/")) + 1 :]
            if not is_source(below) and not any(_embeds(pattern, path) for pattern in embedded):
                yield path, is_data(below)


def _said(file: GoFile) -> frozenset[str]:
    """The single words that a file only gives to functions of the standard library that open no files: names of flags,
    keys of logs."""
    names = {posixpath.basename(text.value): text.value for text in file.imports} | dict(file.names)
    said, passed = list[str](), set[str]()
    opening = set(_opening(file))
    for call in file.calls:
        package = names.get(call.name.partition(".")[0], "")
        plain = package and "." not in package.partition("/")[0] and call not in opening
        if plain and package not in ("path/filepath", "path"):
            said += call.texts
        else:
            passed.update(call.texts)
    counted = Counter(text.value for text in file.texts)
    return frozenset(
        text
        for text, times in Counter(said).items()
        if text not in passed and _WORD.match(text) and counted[text] <= times
    )


def _embeds(pattern: str, path: str) -> bool:
    """Whether //go:embed's `pattern` takes in the file at `path`: https://pkg.go.dev/embed#hdr-Directives"""
    if not HOLE.search(pattern) and "[" not in pattern:
        return path == pattern or path.startswith(f"{pattern}/")
    parts, given = pattern.split("/"), path.split("/")
    return len(given) >= len(parts) and all(_fits(part, name) for part, name in zip(parts, given, strict=False))


def _fits(part: str, name: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(name, part)


@lru_cache(maxsize=1)
def _openers() -> tuple[frozenset[str], frozenset[str]]:
    entry = knowledge.table("go_modules")["opens"]
    return frozenset(entry["functions"]), frozenset(entry["methods"])


def _opening(file: GoFile) -> Iterator[Called]:
    """The calls of a file that open files."""
    functions, methods = _openers()
    names = {posixpath.basename(text.value): text.value for text in file.imports} | dict(file.names)
    for call in file.calls:
        head, _, method = call.name.rpartition(".")
        if f"{names.get(head, head)}.{method}" in functions or method in methods:
            yield call


def _made_up(program: Program) -> Evidence | None:
    """Where the program opens a file whose name is not written out."""
    for path, file in program.sources.files.items():
        for call in _opening(file):
            if not call.literal:
                return program.sources.fact(path, call.line, f"{call.name} opens files whose names are not written out")
    return None


def _foreign(program: Program) -> Evidence | None:
    """A module that may open files by itself."""
    frameworks = knowledge.table("go_modules")["frameworks"]["modules"]
    for module in sorted(program.modules):
        if any(f"{module}/".startswith(f"{each.rstrip('/')}/") for each in frameworks) or not is_known(module):
            return Evidence(f"the program is built with {module}, which may read files")
    return None
