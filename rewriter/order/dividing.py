"""A COPY divided around installs: behind whole steps, within one step, or behind a download step of its own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rewriter import effects
from rewriter.change import Edit
from rewriter.facts import ROOT, Facts, Run
from rewriter.image import RUN_SEES, StageImage
from rewriter.order.crossing import Command, Step, installs
from rewriter.order.edits import (
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
from rewriter.project.needs import Needs
from rewriter.steps.context_copies import ContextCopy
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# What a later member of the same step takes away again, so that dividing the step would keep it in a layer.
_REMOVES = frozenset(("rm", "purge", "del", "prune", "clean", "autoremove", "remove", "uninstall", "cleanup"))
# What sets the shell for the rest of a step: what can be said again in front of its second half, and what cannot.
_REPEATED = frozenset(("cd", "set", ".", "source"))
_STATE = frozenset(("export", "eval", "umask", "unset", "pushd", "popd", "alias", "exec", "shopt"))
# What may stand in one step with an install and has nothing to do with it.
_QUIET = frozenset(("cd", "set", "echo", "true", ":", "mkdir", "ls", "pwd"))
_STORE = re.compile(r"[$*]|/go\b|\.(?:cache|m2|cargo|gradle|nuget|npm|mix|hex)\b|/(?:cargo|root)\b")


@dataclass(frozen=True, slots=True)
class Divided:
    """A divided copy: its first half, the edits, and the commands that need not wait any more."""

    part: Part
    edits: tuple[Edit, ...]
    commands: tuple[Command, ...]


def same_place(image: StageImage, at: int, steps: Sequence[Step]) -> bool:
    """Whether the last of `steps` runs as a step at the place of the copy would, with no file copied in between."""
    if any(step.instruction.keyword in ("COPY", "ADD") for step in steps):
        return False
    return all(getattr(steps[-1].state, name) == getattr(image.before[at], name) for name in RUN_SEES)


def moved(
    file: Dockerfile, facts: Facts, copy: ContextCopy, steps: Sequence[Step], commands: Sequence[Command]
) -> Divided | None:
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
    edits = (take_out(file, copy.instruction, lines), put_behind(file, copy, run.instruction, text))
    return Divided(part, edits, tuple(filter(installs, commands)))


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
        raise Declines(f"the destination of {copy.text} changes with the WORKDIR, and there are comments within it")
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


def split(file: Dockerfile, facts: Facts, copy: ContextCopy, passed: Sequence[Step], blocked: Step) -> Divided:
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
    edits = (take_out(file, copy.instruction, told[0]), edit)
    return Divided(part, edits, tuple(filter(installs, commands)))


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


def fetched(
    file: Dockerfile,
    facts: Facts,
    image: StageImage,
    at: int,
    copy: ContextCopy,
    passed: Sequence[Step],
    blocked: Step,
) -> Divided | None:
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
    fetch = " && ".join([*_settings(run, blocked.commands), answer.fetch or ""])
    fetch = fetch if stopped.folder == workdir else f"cd {stopped.folder} && {fetch}"
    lines = [*told[0], f"{head}{fetch}"]
    if same_place(image, at, [*passed, blocked]) and not any(step.run for step in passed):
        edits: tuple[Edit, ...] = (put_ahead(file, copy.instruction, lines), *without(file, copy, told[1]))
    else:
        rest = rest_text(file, copy, [], _destination(copy, passed))
        edits = (take_out(file, copy.instruction, lines[:-1]), put_ahead(file, run.instruction, [lines[-1], rest]))
    return Divided(part, edits, (stopped,))


def _settings(run: Run, commands: Sequence[Command]) -> list[str]:
    """The commands of the step that set up the tool that the last of `commands` calls: its download needs them."""
    stopped = commands[-1].call
    return [
        run.text.text[command.call.statement.start : command.call.statement.end]
        for command in commands[:-1]
        if command.call.program == stopped.program and command.needs == Needs(())
    ]


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
