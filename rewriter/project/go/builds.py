"""What a go command builds, and where it writes the programs.

Source: https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from rewriter.project.context import Unfit
from rewriter.project.fetches import Unclear, assigned, folder_of, value_of
from rewriter.project.go import mod_files
from rewriter.project.go.sources import read
from rewriter.project.needs import View
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call
from rewriter.syntax.words import BadWord, UnknownValue, expand

_MAJOR = re.compile(r"v[0-9]+\Z")
_DOTTED_MAJOR = re.compile(r"\.v[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Built:
    """The programs (absolute paths) that a command writes; `published` are packages of others, by their names."""

    programs: tuple[str, ...]
    published: bool = False


def variables(call: Call, view: View) -> dict[str, str | None]:
    """The variables that `call` sees, None for a value that is not known. `view` knows the commands before it."""
    found: dict[str, str | None] = dict(view.env)
    for earlier in view.before:
        if earlier.program == "export":
            for word in earlier.operands:
                name, equals, _ = word.raw.partition("=")
                found[name] = value_of(word) if equals else found.get(name)
        elif earlier.program == "go" and earlier.subcommand == "env" and earlier.has("-w"):
            for word in earlier.operands:
                found.setdefault(word.raw.partition("=")[0], value_of(word))
    found |= {name: None for name in view.open if name not in found}
    return found | {name: value_of(word) for name, word in assigned(call).items()}


def built(call: Call, view: View) -> Built:
    """What `go build` or `go install` writes in the folder of `view`. Raises `Unclear`."""
    given = variables(call, view)
    if given.get("GOOS", "linux") not in ("linux", ""):
        raise Unclear(f"go {call.subcommand} builds for GOOS={given.get('GOOS') or '…'}")
    folder = _text(call.value("-C", "--C") or ".", given) if call.has("-C", "--C") else "."
    view = view.into(folder)
    names = [_text(_plain(word), given) for word in call.operands]
    if call.subcommand == "install":
        return _installed(view, given, names)
    if call.value("-buildmode", "--buildmode") not in (None, "exe", "pie", "default"):
        raise Unclear(f"go build makes no program with -buildmode={call.value('-buildmode', '--buildmode')}")
    packages = _packages(view, names)
    target = call.value("-o")
    if call.has("-o"):
        path = view.path(_text(target or "", given))
        if target and (target.endswith("/") or view.kind(path) == "folder"):
            return Built(tuple(posixpath.join(path, name) for name in packages.values()))
        if len(packages) > 1:
            raise Unclear(f"go build writes several programs to {target}, which must be a folder")
        return Built((path,))
    # Of several packages nothing is written.
    return Built((view.path(next(iter(packages.values()))),) if len(packages) == 1 else ())


def _plain(word: Word) -> str:
    raw = word.raw
    return word.value if word.value is not None else raw[1:-1] if raw[:1] == raw[-1:] == '"' else raw


def _text(word: str, given: Mapping[str, str | None]) -> str:
    """`word` with its variables replaced. Raises `Unclear`."""

    def lookup(name: str) -> str | None:
        if name in given and given[name] is None:
            raise UnknownValue(name)
        return given.get(name)

    if "$(" in word or "`" in word:
        raise Unclear(f"what {word} stands for is not known")
    try:
        return expand(word, lookup)
    except (BadWord, UnknownValue):
        raise Unclear(f"what {word} stands for is not known") from None


def _installed(view: View, given: Mapping[str, str | None], names: list[str]) -> Built:
    """What go install writes: https://pkg.go.dev/cmd/go#hdr-Compile_and_install_packages_and_dependencies"""
    if any(given.get(name) != "" for name in ("GOARCH", "GOARM") if name in given):
        raise Unclear("go install writes to another folder where GOARCH is another platform's")
    folder = given.get("GOBIN", "")
    if not folder:
        path = given.get("GOPATH", "/go")
        folder = posixpath.join(path.split(":")[0], "bin") if path else folder
    if not folder:
        raise Unclear("where go install writes is not known")
    published = bool(names) and all("@" in name for name in names)
    programs = (_last(name.partition("@")[0]) for name in names) if published else _packages(view, names).values()
    return Built(tuple(posixpath.join(folder, name) for name in programs), published)


def _packages(view: View, names: list[str]) -> dict[str, str]:
    """The packages `main` that are named, by their folders, each with the name of its program. Raises `Unclear`."""
    if names and all(name.endswith(".go") for name in names):
        name = posixpath.basename(names[0]).removesuffix(".go")
        return {view.path(posixpath.dirname(names[0]) or "."): name}
    found: dict[str, str] = {}
    for name in names or ["."]:
        if name.endswith("..."):
            base = view.path(name.removesuffix("...").rstrip("/") or ".")
            found |= {folder: _name(view, folder) for folder in _mains(view, base)}
        elif name in (".", "..") or name.startswith(("./", "../", "/")):
            found[view.path(name)] = _name(view, view.path(name))
        else:
            found[name] = _last(name)
    if not found:
        raise Unclear(f"no package main is found in {' '.join(names)}")
    return found


def _mains(view: View, base: str) -> list[str]:
    """The folders at and below `base` that hold a package main."""
    from rewriter.project.go.sources import sources

    try:
        files = sources(view, base).files
    except Unfit as error:
        raise Unclear(str(error)) from None
    return sorted({posixpath.dirname(path) for path, file in files.items() if file.package == "main"})


def _name(view: View, folder: str) -> str:
    """The name of the program whose package lies in `folder`: the last part of its import path."""
    root = folder_of(view.into(folder), "go.mod")
    if root != folder:
        made = next((call for call in view.before if (call.program, call.subcommand) == ("go", "mod init")), None)
        if root is None and made is not None and made.operands:
            return _last(made.operands[0].raw)
        if root is None and not folder.startswith("/go/src/") and not _is_main(view, folder):
            raise Unclear(f"{folder} is not among the copied files")
        return posixpath.basename(folder)
    manifest = mod_files.read(view.file(posixpath.join(folder, "go.mod")) or "go.mod", view.text(f"{folder}/go.mod"))
    if not manifest.module:
        raise Unclear("go.mod names no module")
    return _last(manifest.module)


def _is_main(view: View, folder: str) -> bool:
    names = [name for name in view.names(folder) if name.endswith(".go")]
    return any(read(view.text(posixpath.join(folder, name))).package == "main" for name in names)


def _last(path: str) -> str:
    """The last part of an import path that is no major version."""
    parts = [part for part in path.split("/") if part]
    if len(parts) > 1 and _MAJOR.match(parts[-1]):
        parts.pop()
    return _DOTTED_MAJOR.sub("", parts[-1]) if parts else path
