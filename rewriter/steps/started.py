"""What is asked about the start of a container: what gets its signals, and what of the project it is."""

from __future__ import annotations

import posixpath
from itertools import takewhile

from rewriter.facts import Facts, posix
from rewriter.image import StageImage
from rewriter.steps.context_copies import context_copy
from rewriter.steps.shell_forms import builtins
from rewriter.steps.start import EntryScript, Start, Started, hands_on, start
from rewriter.syntax.shell import Script, Statement, parse


def process_one(facts: Facts, image: StageImage) -> Started | None:
    """The command that gets the signals of a container of the stage: process 1, or what a program made for that starts.
    None where a shell or a package manager stays in front of it, and where what is started is not known."""
    found = start(facts, image)
    last, words = found.last, found.words
    if last is None or found.unknown or (last.file or "").endswith("package.json"):
        return None
    if words[0].endswith(".sh") and not found.scripts and not hands_on(facts, image, words[:1]):
        return None
    given = posix(words[-3:-1])
    text = parse(words[-1]) if given else None
    if given and not (text and _makes_way(text, alone=True)):
        return None
    stays = any(word.raw == "sudo" for word in last.call.wrappers)
    return None if stays or not all(_makes_way(each.script) for each in found.scripts) else last


def staying_shell(found: Start) -> EntryScript | None:
    """The script of the project whose shell stays process 1: it ends in a program that it does not `exec`."""
    if not found.scripts or posix(found.words[-3:-1]):
        return None
    script = found.scripts[0]
    above = list(takewhile(lambda each: each.file != script.file, found.commands))
    end = _end(script.script)
    program = end is not None and end.kind == "command" and bool(end.words) and end.words[0].raw not in builtins()
    return script if program and all(each.file is None for each in above) else None


def _end(script: Script) -> Statement | None:
    """The last statement of the script, of a list its last member."""
    end = script.root.children[-1] if script.root.children else None
    while end is not None and end.kind == "list":
        end = end.children[-1]
    return end


def _makes_way(script: Script, *, alone: bool = False) -> bool:
    """Whether the shell that runs `script` gives its place to the last command: for `exec`, and where `alone` is true
    also for a single command."""
    end = _end(script)
    if end is None or end.kind != "command" or not end.words:
        return False
    return end.words[0].raw == "exec" or (alone and script.chain == (end,))


def says_start(facts: Facts, image: StageImage) -> bool:
    """Whether the file itself says what a container of the stage starts, and not the base image alone."""
    return any(each.keyword in ("CMD", "ENTRYPOINT") for stage in facts.lineage(image) for each in stage.stage.body)


def copied_sources(facts: Facts) -> frozenset[str]:
    """The paths of the context that any stage copies; `.`, for all of it, where one of them is not known."""
    found: set[str] = set()
    for image in facts.images:
        for state, instruction in zip(image.before, image.stage.body, strict=True):
            if instruction.keyword not in ("COPY", "ADD") or instruction.flag("from") is not None:
                continue
            copy = context_copy(facts, instruction, state) if instruction.keyword == "COPY" else None
            found.update(posixpath.normpath(place.source) for place in copy.places) if copy else found.add(".")
    return frozenset(found)
