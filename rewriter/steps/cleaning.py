"""Clean-up behind a package manager's command: in the same step, right behind the command, in the file's own layout."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from rewriter.change import Alters, Change, Declined, Edit
from rewriter.facts import Facts, Run
from rewriter.image import State
from rewriter.steps import caches
from rewriter.steps.edits import insert_behind
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

_UNITS = frozenset(("if", "loop", "case", "pipeline"))
_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh"))
_BUILDERS = frozenset(("bash", "bazel", "cmake", "just", "make", "ninja", "sh"))
# Commands that read no other package manager's cache, and run no program of the context.
# fmt: off
_PLAIN = frozenset((
    "[", ":", "addgroup", "adduser", "apk", "apt-get", "cat", "cd", "chgrp", "chmod", "chown", "command", "cp",
    "curl", "dnf", "echo", "export", "false", "find", "gem", "getent", "groupadd", "id", "ldconfig", "ln", "ls",
    "mkdir", "mv", "npm", "pip", "printf", "pwd", "rm", "rmdir", "sed", "set", "sleep", "strip", "tar", "tee",
    "test", "touch", "tr", "true", "unlink", "unzip", "update-ca-certificates", "useradd", "usermod", "wget",
    "which", "yarn", "yum",
))
# fmt: on


def run_as(call: Call, command: str) -> str:
    """`command` as the user who runs `call`: behind the same sudo, where it has one."""
    return " ".join([*(word.raw for word in call.wrappers), command]) if call.sudo else command


def clean_behind(file: Dockerfile, run: Run, call: Call, command: str, *, everywhere: bool) -> Edit | str:
    """Add `&& command` behind `call`, so that it runs only where the call succeeded; else the reason why not.

    A call in an `if`, a loop, a pipeline or a `||` list is followed by the clean-up behind the whole of it; then the
    call may not have run, so that `everywhere` must say that `command` succeeds in any case.
    """
    path = _path(run.script.root, call.statement)
    at = len(path) - 1
    for depth, (parent, index) in enumerate(path):
        member = parent.children[index]
        if parent.negated or parent.kind == "function":
            return f"the step runs it in a {'condition' if parent.negated else 'function'}"
        if member.kind in _UNITS or (member.kind == "list" and any(op.text == "||" for op in member.operators)):
            at = min(at, depth)
    parent, index = path[at]
    unit = parent.children[index]
    if unit is not call.statement and not everywhere:
        return "the step does not always run it"
    if index < len(parent.operators) and parent.operators[index].text == "&":
        return "the step runs it in the background"
    if call.statement.words[0].raw == "exec":
        return "the step ends with exec"
    return insert_behind(file, run, parent, index, command)


def _path(root: Statement, wanted: Statement) -> list[tuple[Statement, int]]:
    """The way from `root` down to `wanted`: each statement with the index of the child that leads on."""
    for index, child in enumerate(root.children):
        if child is wanted:
            return [(root, index)]
        if child.start <= wanted.start and wanted.end <= child.end and child.children:
            return [(root, index), *_path(child, wanted)]
    return []


def mount(file: Dockerfile, facts: Facts, run: Run, manager: str, call: Call, message: str) -> Change | Declined:
    """The change that mounts the cache of `manager` in the step of `call`, or why it cannot be made."""
    at = run.at(call)
    edits = caches.add_mount(file, facts, run, manager)
    if isinstance(edits, str):
        return Declined(edits, at)
    if taken := copied_out(facts, run, manager):
        return Declined(f"line {taken.first_line} copies {manager}'s cache into another stage", at)
    evidence = (facts.line(run.instruction, f"fills {manager}'s cache, which no other stage copies"),)
    mounts = frozenset(("mounts",))
    return Change(message, edits, at, Alters.KEPT, facts.is_root(run), evidence, mounts)


def copied_out(facts: Facts, run: Run, manager: str) -> Instruction | None:
    """A COPY that takes the step's cache of `manager`, or a folder around it, out of the stage; None if unseen."""
    where = caches.folders(facts, run, manager)
    if isinstance(where, str):
        return None
    stages = (run.image, *facts.derived(run.image))
    names = {name for image in stages for name in (image.stage.name, str(image.stage.index)) if name}
    for instruction in facts.file.instructions:
        if instruction.keyword != "COPY" or (instruction.flag("from") or "").lower() not in names:
            continue
        words = instruction.json or tuple(instruction.value.split())
        for source in words[:-1]:
            if any(_meets(posixpath.join("/", source), folder) for folder in where):
                return instruction
    return None


def _meets(path: str, folder: str) -> bool:
    path = posixpath.normpath(path)
    return f"{folder}/".startswith(f"{path.rstrip('/')}/") or path.startswith(f"{folder}/")


def before(facts: Facts, run: Run) -> Iterator[Instruction]:
    """The instructions whose layers lie below the step: those of its stage, and of the stages that it grows from."""
    start = run.instruction.span.start
    return (i for image in facts.lineage(run.image) for i in image.stage.body if i.span.start < start)


def last_uses(
    facts: Facts, uses: Callable[[Call], bool], may_use: Callable[[Call], bool]
) -> Iterator[tuple[Run, Call]]:
    """Each step with a command that surely fills a cache (`uses`), and its last command that may (`may_use`)."""
    for run in facts.runs:
        if any(map(uses, run.calls)):
            yield run, [call for call in run.calls if may_use(call)][-1]


def start_words(state: State) -> tuple[str, ...] | None:
    """The words of what a container starts, ENTRYPOINT and CMD together; None where the base decides.

    A shell form gives the words of its script.
    """
    found: list[str] = []
    for command in (state.entrypoint, state.cmd):
        if not isinstance(command, tuple):
            return None
        match command:
            case ("exec", words) if isinstance(words, tuple):
                found += (str(word) for word in words)
            case (*_, script):
                found += str(script).split()
    return tuple(found)


def may_use(call: Call, manager: str) -> bool:
    """Whether the command may call the tool of `manager`: by itself, or because it runs what the project says."""
    readers = caches.cache(manager).readers
    return call.program in readers or call.program in _BUILDERS or call.program.endswith(".sh")


def used_later(facts: Facts, run: Run, uses: Callable[[Call], bool]) -> int | None:
    """The line of the first step on top of the step with a call that `uses` names; None where there is none."""
    for instruction in facts.later(run.instruction):
        later = facts.run(instruction)
        if later is not None and any(uses(call) for call in later.calls):
            return instruction.first_line
    return None


def named_later(facts: Facts, run: Run, names: re.Pattern[str]) -> int | None:
    """The line of the first instruction on top of the step whose text names the cache; None where there is none."""
    return next((i.first_line for i in facts.later(run.instruction) if names.search(facts.file.text(i.span))), None)


def steps_known(facts: Facts, run: Run) -> bool:
    """Whether every step on top of the step is read, and runs only commands that are known to look at no cache."""
    later = [facts.run(i) for i in facts.later(run.instruction) if i.keyword == "RUN"]
    calls = [call for other in later if other is not None for call in other.calls]
    onbuild = any(i.keyword == "ONBUILD" for i in facts.later(run.instruction))
    return None not in later and not onbuild and all(call.program in _PLAIN for call in calls)


def started(facts: Facts, manager: str) -> tuple[str, ...] | str:
    """The words that the shipped image starts; else why that may need the cache of `manager`."""
    words = start_words(facts.images[-1].final)
    if words is None or not words or all(posixpath.basename(word) in _SHELLS or word in ("-l", "-i") for word in words):
        return "the image starts no program of its own, so that whoever uses it may need the cache"
    parts = tuple(part for word in words for part in word.split())
    reader = next((part for part in parts if posixpath.basename(part) in caches.cache(manager).readers), None)
    return f"the image starts {reader}, which may need {manager}'s cache" if reader else parts
