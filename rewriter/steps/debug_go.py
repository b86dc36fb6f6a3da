"""Go programs without what only debuggers read: flags of the linker and the compiler, and cgo.

Sources: https://pkg.go.dev/cmd/link (-s, -w), https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Report
from rewriter.facts import Facts, Run
from rewriter.project.context import Unfit
from rewriter.project.fetches import Unclear
from rewriter.project.go.builds import variables
from rewriter.project.go.cgo import Program, program
from rewriter.project.needs import View
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.steps.start import start
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call

# https://go.dev/doc/go1.13#trimpath
_TRIMS = (1, 13)
# A program that is built to be looked into, or to be part of another one.
_SPECIAL = ("-race", "-msan", "-asan", "-cover", "-gcflags", "--gcflags", "-linkshared", "-toolexec", "-n")
_MODES = (None, "exe", "default", "pie")
_STRIPS = re.compile(r"(?:^|[\s\"'=])-[sw]\b(?!=false)")
_DEBUGGERS = re.compile(r"\bdlv\b|\bdelve\b|\bgdb\b|-N -l\b")
# They find files beside the sources that call them.
_FINDERS = ("github.com/GeertJohan/go.rice", "github.com/gobuffalo/packr", "github.com/markbates/pkger")
# They tell where the sources lay.
_PLACES = ("runtime.Caller", "runtime.Callers", "runtime.GOROOT", "build.Import", "build.ImportDir", "packages.Load")


def go(facts: Facts, run: Run, call: Call) -> Iterator[Change | Declined | Report]:
    """What can be done about one `go build` or `go install`."""
    folder = next((folder for each, folder in with_folders(run) if each is call), None)
    view = view_of(facts, run, folder or "/", run.calls[: run.calls.index(call)])
    given = variables(call, view)
    yield from _platform(facts, run, call, given)
    if _is_special(facts, call, given):
        return
    if call.operands and all("@" in word.raw or word.raw == "tool" for word in call.operands):
        return  # tools of others, which need not be shipped at all: https://go.dev/doc/modules/managing-dependencies#tools
    made = _program(view) if folder else None
    if made and (reason := _is_taken_apart(facts, made)):
        yield Declined(reason, run.at(call))
        return
    edits, does = list[Edit](), list[str]()
    flags = _linker(run, call)
    if flags is not None:
        edits.append(flags)
        does.append("its symbols and tables for debuggers are left out")
    evidence = [facts.line(run.instruction, f"go {call.subcommand} keeps what only debuggers read")] if flags else []
    if flags and made and _trims(run) and not _has(call, "trimpath") and not _looks_for_itself(made):
        edits.insert(0, _behind(run, call, " -trimpath"))
        if edits[0].start == flags.start:
            edits = [Edit(flags.start, flags.end, f" -trimpath{flags.text}")]
        does.append("so are the paths of the build")
    if made and made.pure and _cgo_is_open(run, call, given):
        edits.append(_ahead(run, call, "CGO_ENABLED=0 "))
        evidence += made.evidence
        does.append("no C library is linked, as nothing of it needs cgo")
    if edits:
        message = "the program is larger than it has to be: " + ", ".join(does)
        yield Change(message, tuple(edits), run.at(call), Alters.FILES, True, tuple(evidence))


def _platform(facts: Facts, run: Run, call: Call, given: dict[str, str | None]) -> Iterator[Report]:
    """Report a GOARCH that is written out where the file is made for several platforms."""
    architecture = given.get("GOARCH")
    if not architecture:
        return
    several = [image for image in facts.images if "PLATFORM" in (image.stage.start.flag("platform") or "")]
    names = {name for image in facts.images for state in (*image.before, image.final) for name in state.args}
    if several or names & {"TARGETARCH", "TARGETPLATFORM", "TARGETOS"}:
        yield Report(
            f"GOARCH={architecture} is written out in a build for several platforms: every one of them gets a program "
            f"for {architecture}; declare ARG TARGETARCH in this stage and use GOARCH=$TARGETARCH",
            run.at(call),
        )


def _is_special(facts: Facts, call: Call, given: dict[str, str | None]) -> bool:
    """Whether the command builds no program that is just to be run, or is run where it cannot be told."""
    words = [word.raw.strip("\"'") for word in call.statement.words]
    if any(
        word.lstrip("-").partition("=")[0] in {name.lstrip("-") for name in _SPECIAL}
        for word in words
        if word[:1] == "-"
    ):
        return True
    if call.value("-buildmode", "--buildmode") not in _MODES or call.value("-o") == "/dev/null":
        return True
    if given.get("GOFLAGS", "") is None or re.search(r"ldflags|gcflags|trimpath|-race", given.get("GOFLAGS") or ""):
        return True
    if any(
        word.value is None and word.raw.lstrip('"').startswith(("$", "`")) and "-" not in word.raw
        for word in call.operands
    ):
        return True  # a variable may hold flags
    text = facts.file.source.text
    if _DEBUGGERS.search(text):
        return True
    return bool(start(facts, facts.images[-1]).programs & frozenset(("dlv", "gdb", "air", "reflex", "CompileDaemon")))


def _program(view: View) -> Program | None:
    """What the program is built of; None where that is not known."""
    if view.project.root is None:
        return None
    try:
        return program(view)
    except (Unclear, Unfit):
        return None


def _is_taken_apart(facts: Facts, made: Program) -> str:
    """Why the program, or one that is loaded with it, must be built as it is; "" where nothing says so.

    Sources: https://pkg.go.dev/plugin#hdr-Warnings (all parts must be built with exactly the same flags),
    https://pkg.go.dev/debug/elf
    """
    if found := made.sources.importing("plugin"):
        return f"{found}: plugins must be built with the same flags as the program"
    if re.search(r"-buildmode[= ]*(?:plugin|shared)", facts.file.source.text):
        return "the file builds a plugin, which must be built with the same flags as the program"
    if found := made.sources.importing("debug/elf", "debug/dwarf", "debug/macho", "debug/pe", "debug/gosym"):
        return f"{found}: it may read the tables of its own file"
    return ""


def _looks_for_itself(made: Program) -> bool:
    """Whether the program may look for files where its sources lay."""
    finders = tuple(f"{module}/" for module in _FINDERS)
    return made.sources.calling(*_PLACES) is not None or any(f"{path}/".startswith(finders) for path in made.modules)


def _has(call: Call, name: str) -> bool:
    return any(word.raw.strip("\"'").lstrip("-").partition("=")[0] == name for word in call.statement.words)


def _linker(run: Run, call: Call) -> Edit | None:
    """The edit that gives the linker `-s -w`; None where it has one of them, or where its flags cannot be added to."""
    words = call.statement.words
    found = [(at, word) for at, word in enumerate(words) if re.match(r"[\"']?--?ldflags\b", word.raw)]
    if not found:
        return _behind(run, call, ' -ldflags="-s -w"')
    at, word = found[-1]
    if word.raw in ("-ldflags", "--ldflags"):
        if at + 1 == len(words):
            return None
        word, value, begin = words[at + 1], words[at + 1].raw, words[at + 1].start
    elif word.raw[0] in "\"'":
        name, _, value = word.raw.partition("=")
        begin = word.start + len(name) + 1
        return _inside(run, word, f"{word.raw[0]}{value}", begin - 1)
    else:
        name, _, value = word.raw.partition("=")
        begin = word.start + len(name) + 1
    return _inside(run, word, value, begin)


def _inside(run: Run, word: Word, value: str, begin: int) -> Edit | None:
    """Put `-s -w` into the quotes of `value`, which begins at `begin`."""
    if _STRIPS.search(value):
        return None
    if value[:1] not in ("'", '"') or value[-1:] not in ("'", '"'):
        if not re.fullmatch(r"-[\w.=/:@+-]*", value):
            return None
        start, end = run.text.source(begin), run.text.source_end(word.end)
        return Edit(start, end, f'"-s -w {value}"')
    inner = value[1:-1].lstrip()
    # A pattern of packages in front of the flags: https://pkg.go.dev/cmd/go (-ldflags '[pattern=]arg list')
    if inner and inner[0] not in "-$":
        return None
    at = run.text.source(begin + 1)
    return Edit(at, at, "-s -w " if inner else "-s -w")


def _behind(run: Run, call: Call, text: str) -> Edit:
    """Insert `text` right behind the subcommand."""
    assert call.subcommand_word is not None
    at = run.text.source_end(call.subcommand_word.end)
    return Edit(at, at, text)


def _ahead(run: Run, call: Call, text: str) -> Edit:
    at = run.text.source(call.statement.start)
    return Edit(at, at, text)


def _trims(run: Run) -> bool:
    """Whether the stage's Go surely knows -trimpath."""
    parts = re.findall(r"\d+", run.image.base.version or "")[:2]
    if len(parts) == 2:
        return tuple(map(int, parts)) >= _TRIMS
    reference = run.image.base.reference
    return run.image.base.known and "golang" in reference and "$" not in reference and "@" not in reference


def _cgo_is_open(run: Run, call: Call, given: dict[str, str | None]) -> bool:
    """Whether nothing says yet if cgo is used, on an image where it would be."""
    base = run.image.base
    if {"CGO_ENABLED", "CC", "GODEBUG"} & given.keys() or not (base.known and "golang" in base.reference):
        return False
    plain = call.statement.start == call.head.start or bool(call.statement.assignments)
    return (
        plain and not call.wrappers and not _has(call, "linkmode") and "-linkmode" not in (call.value("-ldflags") or "")
    )
