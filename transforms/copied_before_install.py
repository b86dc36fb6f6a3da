"""A COPY of the source above the step that installs the dependencies.

What: copies the manifests and lock files first, lets the install run, then copies the rest. The install command stays
the writer's own; where one command installs and builds (`go build`, `mvn package`), its download step is put before it.
What the install would find lying around in the build context (`node_modules`) is left out by `.dockerignore`.

Why: a step is reused only while all that was copied above it is unchanged. With `COPY . .` above the install every
edit of a source file repeats the whole installation.

Before:

    FROM python:3.12-slim
    WORKDIR /app
    COPY . .
    RUN pip install --no-cache-dir flask gunicorn
    CMD ["python", "app.py"]

After:

    FROM python:3.12-slim
    WORKDIR /app
    RUN pip install --no-cache-dir flask gunicorn
    COPY . .
    CMD ["python", "app.py"]

Level: standard, with the build context as evidence; safe where the install reads nothing of the project.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rewriter import effects
from rewriter.change import Alters, Change, Declined, Edit, Evidence, apply
from rewriter.facts import ROOT, Facts, Run
from rewriter.image import RUN_SEES, StageImage
from rewriter.layers import repeated
from rewriter.order.context_copies import ContextCopy, context_copy, rest_follows, view_of
from rewriter.order.crossing import Command, Step, installs, steps_behind
from rewriter.order.division import (
    divide_run,
    manifest_lines,
    put_ahead,
    put_behind,
    rest_text,
    take_out,
    without,
)
from rewriter.order.first_half import Declines, Part, part_of
from rewriter.order.moves import unfinished
from rewriter.project.ecosystems import READERS, needs
from rewriter.project.inputs import is_manifest
from rewriter.project.needs import Needs
from rewriter.steps.downloads import with_folders
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# Commands that install and build at once.
_BUILDS = frozenset(("go", "cargo", "mvn", "mvnw", "gradle", "gradlew", "dotnet"))
# What a later member of the same step takes away again, so that dividing the step would keep it in a layer.
_REMOVES = frozenset(("rm", "purge", "del", "prune", "clean", "autoremove", "remove", "uninstall", "cleanup"))
# What sets the shell for the rest of a step: what can be said again in front of its second half, and what cannot.
_REPEATED = frozenset(("cd", "set", ".", "source"))
_STATE = frozenset(("export", "eval", "umask", "unset", "pushd", "popd", "alias", "exec", "shopt"))
# What may stand in one step with an install and has nothing to do with it.
_QUIET = frozenset(("cd", "set", "echo", "true", ":", "mkdir", "ls", "pwd"))
_STORE = re.compile(r"[$*]|/go\b|\.(?:cache|m2|cargo|gradle|nuget|npm|mix|hex)\b|/(?:cargo|root)\b")
_SOURCE = frozenset(
    (".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".go", ".rs", ".java", ".kt", ".cs", ".php", ".rb", ".ex")
)


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each COPY that an install behind it need not wait for."""
    if not any(posixpath.basename(call.program) in READERS for run in facts.runs for call in run.calls):
        return
    for image in facts.images:
        # From the last one up, so that copies keep their order where several move behind one step.
        for at in reversed(range(len(image.stage.body))):
            copy = context_copy(facts, image.stage.body[at], image.before[at])
            if copy is None or not _volatile(copy):
                continue
            try:
                change = _divided(file, facts, image, at, copy)
            except Declines as reason:
                if not rest_follows(facts, image, at, copy):
                    yield Declined(str(reason), copy.instruction.span)
            else:
                if change:
                    yield change


def _volatile(copy: ContextCopy) -> bool:
    """Whether the copy brings source files, and no others by name."""
    others = [place.source for place in copy.places if not is_manifest(place.source)]
    return bool(others) and (copy.folders or any(posixpath.splitext(source)[1] in _SOURCE for source in others))


def _divided(file: Dockerfile, facts: Facts, image: StageImage, at: int, copy: ContextCopy) -> Change | None:
    steps = list(steps_behind(facts, image, at, copy))
    passed = [step for step in steps if not step.why]
    last = max((i for i, step in enumerate(passed) if any(map(installs, step.commands))), default=-1)
    blocked = steps[-1] if steps and steps[-1].why else None
    if last >= 0:
        commands = [command for step in passed[: last + 1] for command in step.commands]
        return _moved(file, facts, copy, passed[: last + 1], commands)
    if blocked and any(map(installs, blocked.commands[:-1])):
        return _split(file, facts, copy, passed, blocked)
    if blocked is None or not _wanted(facts, image, at, blocked):
        return None
    if _fetches(blocked):
        return _fetched(file, facts, image, at, copy, passed, blocked)
    further = list(steps_behind(facts, image, at, copy, near=True))
    if _fetches(further[-1]) and _same(image, at, further) and all(c.near for s in further[:-1] for c in s.commands):
        return _fetched(file, facts, image, at, copy, [], further[-1])
    raise Declines(blocked.why)


def _fetches(step: Step) -> bool:
    """Whether the step is stopped by a command that has a download step of its own."""
    needs = step.commands[-1].needs if step.commands and step.why else None
    return needs is not None and needs.fetch is not None


def _same(image: StageImage, at: int, steps: Sequence[Step]) -> bool:
    """Whether the last of `steps` runs as a step at the place of the copy would, with no file copied in between."""
    if any(step.instruction.keyword in ("COPY", "ADD") for step in steps):
        return False
    return all(getattr(steps[-1].state, name) == getattr(image.before[at], name) for name in RUN_SEES)


def _wanted(facts: Facts, image: StageImage, at: int, blocked: Step) -> bool:
    """Whether an install waits for the copy that is not already cared for above it."""
    body = image.stage.body
    waiting = [run for run in facts.runs if run.instruction in body[at + 1 :]]
    waiting = [run for run in waiting if run.instruction.span.start >= blocked.instruction.span.start]
    programs = {
        posixpath.basename(call.program).removesuffix("w")
        for run in waiting
        for call in run.calls
        if call.installs or posixpath.basename(call.program) in _BUILDS
    }
    return any(
        program in READERS and not _handled(facts, waiting[0], body[at].span.start, program) for program in programs
    )


def _handled(facts: Facts, run: Run, start: int, program: str) -> bool:
    """Whether a step above the copy already installs with `program` what the project asks for."""
    for earlier in facts.earlier(run):
        if earlier.instruction.span.start > start:
            continue
        for call, folder in with_folders(earlier):
            if posixpath.basename(call.program).removesuffix("w") != program or folder is None:
                continue
            answer = needs(call, view_of(facts, earlier, folder, ()))
            if answer is None and program == "gradle" and call.operands:
                return True  # a task, which may load the whole build
            if answer is not None and answer != Needs(()) and getattr(answer, "reads", True):
                return True
    return False


def _moved(
    file: Dockerfile, facts: Facts, copy: ContextCopy, steps: Sequence[Step], commands: Sequence[Command]
) -> Change | None:
    """The copy moves behind the last of `steps`."""
    run = steps[-1].run
    assert run is not None
    part = part_of(facts, copy, commands, run)
    if (told := _first(file, copy, part)) is None:
        return None
    lines, gone = told
    if unfinished(file, run.instruction):
        raise Declines(f"line {run.instruction.last_line} goes on in a line that is not there")
    _same_folder(facts, copy, steps, part)
    text = rest_text(file, copy, gone, _destination(copy, steps))
    edits = (take_out(file, copy, lines), put_behind(file, copy, run.instruction, text))
    return _change(facts, copy, part, edits, [command for command in commands if installs(command)])


def _first(file: Dockerfile, copy: ContextCopy, part: Part) -> tuple[list[str], list[str]] | None:
    """The lines of what is copied first, and the words of the copy that they take over; None where nothing is gained
    because all is read."""
    manifests = {source.rstrip("/") for source in part.sources}
    if any(place.source in manifests for place in copy.places) and len(copy.places) == 1:
        return None
    named = [word for word in copy.words[:-1] if posixpath.normpath(word) in manifests]
    gone = [] if copy.instruction.comments else named
    if len(named) == len(copy.words) - 1:
        return None
    return manifest_lines(file, copy, part.places), gone


def _destination(copy: ContextCopy, steps: Sequence[Step]) -> str | None:
    """The destination as it must be written behind `steps`, None where it may stay."""
    if copy.fixed or not any(step.instruction.keyword == "WORKDIR" for step in steps):
        return None
    if copy.instruction.comments:
        raise Declines(f"the destination of {_named(copy)} changes with the WORKDIR, and there are comments within it")
    return f"{copy.target}/"


def _same_folder(facts: Facts, copy: ContextCopy, steps: Sequence[Step], part: Part) -> None:
    """Raise `Declines` where the copy makes its folder for an owner, and one of `steps` would make it for another.

    COPY gives a folder that it makes to the owner of `--chown`, and leaves one alone that is there.
    """
    if part.places or copy.target in effects.there(facts, copy.instruction):
        return
    owned = copy.instruction.flag("chown") is not None
    for step in steps:
        made = step.instruction.keyword == "WORKDIR" and (owned or step.state.user not in ROOT)
        if made or (owned and any(command.needs and command.needs.leaves for command in step.commands)):
            raise Declines(f"line {step.instruction.first_line} would make the folder {copy.target} for another owner")


def _split(file: Dockerfile, facts: Facts, copy: ContextCopy, passed: Sequence[Step], blocked: Step) -> Change:
    """The copy moves into the step `blocked`, behind the installs that its `&&` list begins with."""
    run = blocked.run
    assert run is not None
    members = run.chain or ()
    stop = blocked.commands[-1].call.statement
    at = next((i for i, member in enumerate(members) if member.start <= stop.start < member.end), 0)
    if at == 0:
        raise Declines(f"line {run.instruction.first_line} installs and builds in one command: {blocked.why}")
    first = [command for command in blocked.commands if command.call.statement.end <= members[at - 1].end]
    rest = [call for call in run.calls if call.statement.start >= members[at].start]
    again = _again(run, members[:at], first)
    if facts.shipped(run.image) and any(_removes(call) for call in rest):
        raise Declines(f"line {run.instruction.first_line} installs, builds and removes in one step: {blocked.why}")
    commands = [command for step in passed for command in step.commands] + first
    part = part_of(facts, copy, commands, run)
    told = _first(file, copy, part)
    _same_folder(facts, copy, [*passed, blocked], part)
    text = rest_text(file, copy, told[1] if told else [], _destination(copy, passed))
    edit = divide_run(file, run, members[at - 1], members[at], text, again) if told else None
    if told is None or edit is None:
        raise Declines(f"line {run.instruction.first_line} installs and builds in one step: {blocked.why}")
    edits = (take_out(file, copy, told[0]), edit)
    return _change(facts, copy, part, edits, [command for command in commands if installs(command)])


def _again(run: Run, members: Sequence[Statement], commands: Sequence[Command]) -> str:
    """What the second half of a step begins with, to be where the first half left off: `members` with `commands`."""
    apart = [each for member in members for each in member.walk() if each.kind in ("subshell", "pipeline")]
    again = ""
    for statement in (each for member in members for each in member.walk()):
        if any(other.start <= statement.start < other.end for other in apart):
            continue
        program = next((command.call.program for command in commands if command.call.statement is statement), "")
        if program in _REPEATED and statement in members:
            again += f"{run.text.text[statement.start : statement.end]} && "
        elif program in _STATE or program in _REPEATED or (statement.assignments and not statement.words):
            raise Declines(f"line {run.instruction.first_line} sets variables for the rest of the step")
    return again


def _removes(call: Call) -> bool:
    words = {call.program, *call.subcommand.split(), *(word.raw for word in call.operands[:1])}
    return not words.isdisjoint(_REMOVES)


def _fetched(
    file: Dockerfile,
    facts: Facts,
    image: StageImage,
    at: int,
    copy: ContextCopy,
    passed: Sequence[Step],
    blocked: Step,
) -> Change | None:
    """The download step of the command that stops `blocked` runs on the manifests, and the copy stands behind it."""
    stopped = blocked.commands[-1]
    run, answer = blocked.run, stopped.needs
    assert run is not None
    assert answer is not None
    if any("type=cache" in mount for mount in run.instruction.flag_values("mount")):
        return None
    _alone(facts, run, blocked.commands)
    commands = [command for step in (*passed, blocked) for command in step.commands]
    part = part_of(facts, copy, commands, run)
    told = _first(file, copy, part)
    if told is None:
        return None
    head = file.source.text[run.instruction.span.start : run.text.source(0)]
    workdir = run.state.workdir
    fetch = answer.fetch if stopped.folder == workdir else f"cd {stopped.folder} && {answer.fetch}"
    lines = [*told[0], f"{head}{fetch}"]
    if _same(image, at, [*passed, blocked]) and not any(step.run for step in passed):
        edits: tuple[Edit, ...] = (put_ahead(file, copy.instruction, lines), *without(file, copy, told[1]))
    else:
        rest = rest_text(file, copy, [], _destination(copy, passed))
        edits = (take_out(file, copy, lines[:-1]), put_ahead(file, run.instruction, [lines[-1], rest]))
    message = f"{_named(copy)} stands before {_name(stopped)}, so that each edit of the source downloads all again: "
    message += f"{answer.fetch} on the manifests alone is kept" + (f"; {answer.still}" if answer.still else "")
    return _done(facts, copy, part, edits, message)


def _alone(facts: Facts, run: Run, commands: Sequence[Command]) -> None:
    """Raise `Declines` where the last of `commands` cannot have a download step of its own above the step `run`."""
    line = f"line {run.instruction.first_line}"
    stopped = commands[-1].call
    for command in commands[:-1]:
        own = command.needs is not None and command.call.program == stopped.program
        if not command.near and not own and command.call.program not in _QUIET:
            raise Declines(f"{line} runs {command.call.program} in one step with {stopped.program}")
    if stopped not in run.plain_calls:
        raise Declines(f"{line} does not always run {stopped.program}")
    later = [call for other in facts.later(run.instruction) if (found := facts.run(other)) for call in found.calls]
    later += [call for call in run.calls if call.statement.start > stopped.statement.start]
    if facts.shipped(run.image) and any(_removes(call) and _stores(call) for call in later):
        raise Declines(f"what {stopped.program} downloads is removed again, and would stay in a layer of its own")


def _stores(call: Call) -> bool:
    """Whether a command that removes something may remove downloads: a tool does, and `rm` outside of known places."""
    return call.program != "rm" or any(_STORE.search(word.raw) for word in call.operands)


def _change(
    facts: Facts, copy: ContextCopy, part: Part, edits: tuple[Edit, ...], installs: Sequence[Command]
) -> Change:
    names = " and ".join(dict.fromkeys(map(_name, installs)))
    need = "need" if " and " in names else "needs"
    needed = f", which only {need} {_list(part.sources)}" if part.sources else ""
    message = f"{_named(copy)} stands before {names}{needed}: each edit of the source repeats it all"
    return _done(facts, copy, part, edits, message)


def _done(facts: Facts, copy: ContextCopy, part: Part, edits: tuple[Edit, ...], message: str) -> Change:
    if part.excludes:
        message += f"; .dockerignore keeps {_list(part.excludes)} of the context out"
    span = copy.instruction.span
    saved = repeated(facts, apply(facts.file.source.text, edits))
    evidence = (*part.evidence, *([Evidence(saved)] if saved else []))
    return Change(message, edits, span, Alters.ORDER, part.proven, evidence, excludes=part.excludes)


def _named(copy: ContextCopy) -> str:
    return f"COPY {' '.join(copy.words)}"


def _name(command: Command) -> str:
    return " ".join(filter(None, (command.call.head.raw, command.call.subcommand)))


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
