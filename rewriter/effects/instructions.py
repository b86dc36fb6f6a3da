"""What each instruction of a Dockerfile reads and writes. Source: https://docs.docker.com/reference/dockerfile/."""

from __future__ import annotations

import posixpath
import re

from rewriter.effects.commands import provided
from rewriter.effects.effect import ROOT_MADE, Effect, canonical, covered, everything
from rewriter.effects.paths import GLOB, OPEN, Reader
from rewriter.effects.script import of_run
from rewriter.facts import ROOT, Facts, Run
from rewriter.image import PLATFORM_ARGS, PROXY_ARGS, State, Unknown, pairs
from rewriter.project.ecosystems import needs
from rewriter.project.needs import Needs
from rewriter.steps.context_copies import view_of
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call
from rewriter.syntax.words import BadWord, UnknownValue, expand, split, word_spans
from rewriter.within import is_within

Links = tuple[tuple[str, str | None], ...]
_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)
_GLOB = re.compile(r"[*?\[]")
_SYSTEM_PATH = frozenset(("/usr/bin", "/usr/local/bin"))
_NUMERIC = re.compile(r"\d+(?::\d+)?\Z")
_FILE = re.compile(r"[^*?\[$]*[^*?\[$/.]\Z")
_SETGID = re.compile(r"\bchmod\b[^\n;&|]*?(?:\+\S*s|\b[2367]\d{3}\b)|mkdir[^\n;&|]*\b[2367]\d{3}\b")
# Variables that the builder itself acts upon. Source: https://docs.docker.com/reference/dockerfile/#predefined-args
_BUILDER = re.compile(r"BUILDKIT_|SOURCE_DATE_EPOCH\Z|BUILDX_")


def of_instruction(facts: Facts, instruction: Instruction, state: State, links: Links) -> Effect:
    """The effect of `instruction`, in front of which the settings are `state`."""
    asks = frozenset(_VARIABLE.findall(facts.file.text(instruction.span)))
    match instruction.keyword:
        case "RUN":
            run = facts.run(instruction)
            return of_run(run, links, _reader(facts, run)) if run else everything("its script is not understood")
        case "COPY" | "ADD":
            return _copy(facts, instruction, state, dict(links)) | Effect(asks=asks)
        case "WORKDIR":
            return _workdir(facts, instruction, state, dict(links)) | Effect(asks=asks)
        case "ENV":
            names = frozenset(name for name, _ in pairs(instruction.value, facts.file.escape))
            return Effect(asks=asks, sets=names)
        case "ARG":
            return _arg(facts, instruction, asks)
        case "USER":
            return Effect(asks=asks, changes=frozenset(("user",)))
        case "SHELL":
            return Effect(changes=frozenset(("shell",)))
        case "LABEL":
            keys = (name.strip("\"'") for name, _ in pairs(instruction.value, facts.file.escape))
            names = frozenset(f"label {name}" for name in keys)
            return Effect(asks=asks, changes=names)
        case "CMD" | "ENTRYPOINT" | "HEALTHCHECK":
            shell = frozenset(() if instruction.json is not None else ("shell",))
            return Effect(uses=shell, changes=frozenset((instruction.keyword.lower(),)))
        case "EXPOSE":
            return Effect(asks=asks)
        case "STOPSIGNAL" | "ONBUILD" | "MAINTAINER":
            return Effect(asks=asks, changes=frozenset((instruction.keyword.lower(),)))
        case "VOLUME":
            # Builders differ on what becomes of later writes below a volume.
            return Effect(frozenset("/"), frozenset("/"), asks=asks)
    return everything(f"{instruction.keyword} is not a known instruction")


def _reader(facts: Facts, run: Run) -> Reader:
    """What the package managers of `run` read of the project: what their readers say, anything where they cannot."""

    def reads(call: Call, folder: str) -> frozenset[str]:
        before = tuple(each for each in run.calls if each.statement.start < call.statement.start)
        view = view_of(facts, run, folder, before)
        answer = needs(call, view) if facts.project.root is not None else None
        if not isinstance(answer, Needs):
            return frozenset("/")
        return frozenset(view.path(_GLOB.split(read)[0].rpartition("/")[0] or ".") for read in answer.reads)

    return reads


def _arg(facts: Facts, instruction: Instruction, asks: frozenset[str]) -> Effect:
    text = instruction.value
    names = frozenset(text[start:end].partition("=")[0] for start, end in word_spans(text, facts.file.escape))
    if any(name in PROXY_ARGS or name in PLATFORM_ARGS or _BUILDER.match(name) for name in names):
        # They act on every step, whether it names them or not.
        return Effect(frozenset("/"), frozenset("/"), asks=asks, sets=names)
    return Effect(asks=asks, sets=names)


def _workdir(facts: Facts, instruction: Instruction, state: State, links: dict[str, str | None]) -> Effect:
    path, opened, _ = _located(facts, instruction.value, state)
    relative = not instruction.value.lstrip("\"'").startswith("/")
    settings = Effect(uses=frozenset(("workdir", "user") if relative else ("user",)), changes=frozenset(("workdir",)))
    if opened:
        return settings | Effect(frozenset((path,)), frozenset((path,)))
    if any(is_within(path, link) or is_within(link, path) for link in links):
        return settings | everything("the folder lies behind a link")
    # Builders differ on who owns the folder where the user is not root.
    how = ROOT_MADE if state.user in ROOT else f"workdir of {state.user}"
    return settings | Effect(makes=frozenset((each, how) for each in covered(path)))


def _copy(facts: Facts, instruction: Instruction, state: State, links: dict[str, str | None]) -> Effect:
    words = _words(facts, instruction)
    if len(words) < 2:
        return everything("its words are not understood")
    target, opened, folder = _located(facts, words[-1], state)
    if any(is_within(target, link) or is_within(link, target) for link in links):
        return everything("its target lies behind a link")
    relative = not words[-1].lstrip("\"'").startswith("/")
    reads: set[str] = set()
    owner = instruction.flag("chown")
    if owner is not None and not _NUMERIC.match(owner):
        reads |= {"/etc/passwd", "/etc/group"}
    names = [_name(facts, instruction, word) for word in words[:-1]]
    into = folder or len(words) > 2
    makes: set[tuple[str, str]] = set()
    how = _how(facts, instruction)
    if opened:
        writes = {target}
    elif into and all(names) and instruction.flag("parents") is None:
        writes = {posixpath.join(target, name) for name in names if name}
        makes |= {(target, how)}
    else:
        writes = {target}
        makes |= {(posixpath.dirname(target), how)}
    if instruction.flag("link") is not None:
        # A layer of its own brings all folders on the way along, with their owner and mode.
        reads.add("/")
    provides = frozenset(name for path in writes for name in provided(path))
    provides |= _on_search_path(facts, instruction, state, frozenset(writes))
    uses = frozenset(("workdir",) if relative else ())
    return Effect(
        frozenset(reads | writes),
        frozenset(path for each in writes for path in covered(each)),
        makes=frozenset(makes),
        uses=uses,
        provides=provides,
    )


def _on_search_path(facts: Facts, instruction: Instruction, state: State, writes: frozenset[str]) -> frozenset[str]:
    """The commands that a COPY of folders brings to the search path: `/app/bin`, where that stands in it."""
    image = facts.image_of(instruction)
    paths = [each.env.get("PATH", "") for each in (image.before if image else (state,))]
    entries = {entry for path in paths for entry in (path.of if isinstance(path, Unknown) else path).split(":")}
    found: set[str] = set()
    for entry in (canonical(entry) for entry in entries if entry.startswith("/")):
        for target in writes:
            if not is_within(entry, target) or entry in _SYSTEM_PATH:
                continue
            if facts.project.root is None or instruction.flag("from") is not None:
                return frozenset(("*",))
            for word in _words(facts, instruction)[:-1]:
                found.update(facts.project.names(posixpath.join(word, posixpath.relpath(entry, target))))
    return frozenset(found)


def _how(facts: Facts, instruction: Instruction) -> str:
    """How a folder comes out that a COPY makes on the way. Below a folder with the setgid bit, a RUN's own differ."""
    flags = " ".join(
        sorted(facts.file.text(flag.span) for flag in instruction.flags if flag.name in ("chown", "chmod"))
    )
    setgid = " beside setgid" if _SETGID.search(facts.file.source.text) else ""
    return (f"copy {flags}" if flags or setgid else ROOT_MADE) + setgid


def _words(facts: Facts, instruction: Instruction) -> list[str]:
    if instruction.json is not None:
        return list(instruction.json)
    try:
        return split(instruction.value, escape=facts.file.escape, raw=True)
    except BadWord:
        return []


def _located(facts: Facts, word: str, state: State) -> tuple[str, bool, bool]:
    """Where `word` leads: a path, whether it is only a folder around it, and whether `word` ends as a folder's name."""

    def lookup(name: str) -> str | None:
        try:
            return state.lookup(name)
        except UnknownValue:
            return OPEN

    try:
        text = expand(word, lookup, facts.file.escape)
    except BadWord:
        return "/", True, False
    sure = re.split(f"[{OPEN}{GLOB}]", text, maxsplit=1)[0]
    opened = sure != text
    if opened:
        sure = sure[: sure.rfind("/") + 1]
        if not sure.startswith("/") or ".." in text.split("/"):
            return "/", True, False
    if not sure.startswith("/"):
        if not isinstance(state.workdir, str):
            return "/", True, False
        sure = posixpath.join(state.workdir, sure)
    ends = text.endswith(("/", "/.")) or text in (".", "..", "")
    return canonical(sure), opened, ends


def _name(facts: Facts, instruction: Instruction, word: str) -> str | None:
    """The name under which a source that is surely one file comes into a folder; None where it may be a folder."""
    if instruction.keyword == "ADD" or instruction.flag("from") is not None:
        return None
    if word.startswith("<<"):
        return word.lstrip("<-").strip("\"'")
    if not _FILE.match(word) or facts.project.kind(word) != "file":
        return None
    return posixpath.basename(word)
