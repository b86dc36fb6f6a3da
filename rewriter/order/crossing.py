"""How far down a COPY of the context may move: the steps behind it, and what each needs of what it copies.

The theorem is in DESIGN.md rule 8: a step may run before the copy if all that it reads of the copied files is there
already, and if nothing that it writes among them can come out of the context again.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rewriter import effects
from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage, State
from rewriter.project.ecosystems import has_reader, needs
from rewriter.project.needs import Needs, Obstacle
from rewriter.steps.context_copies import PLAIN, ContextCopy, view_of
from rewriter.steps.downloads import with_folders
from rewriter.syntax.shell import Redirect, Statement
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call, call

# Folders that tools themselves write to: system folders, and the homes in which package managers keep their caches.
# Source: https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html
_SHARED = re.compile(
    r"/(?:bin|boot|dev|etc|go|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)?\Z"
    r"|/(?:bin|boot|dev|etc|lib\w*|proc|run|sbin|sys)/|/home/[^/]+\Z|/usr/(?:local|share|src)\Z"
    r"|/usr/(?:(?:bin|etc|games|include|lib\w*|sbin|tmp)(?:/|\Z)|share/\w+\Z|local/(?!src|app))"
)
_LEADING = re.compile(r"\$(?:(\w+)|\{(\w+)\})(?=/|\Z)", re.ASCII)
_SUBSTITUTION = re.compile(r"\$\(|`|[<>]\(")
# Operators of `[` and `[[` that look at files. Source: https://www.gnu.org/software/bash/manual/html_node/Bash-Conditional-Expressions.html
_LOOKS = re.compile(rf"{_SUBSTITUTION.pattern}|(?<![\w-])-(?:[abcdefghkprstuwxGLNOS]|[eno][ft])(?![\w-])")
_SETTINGS = frozenset(
    ("CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "SHELL", "STOPSIGNAL", "USER", "WORKDIR")
)
_COMPOUND = frozenset(("list", "pipeline", "sequence", "subshell", "group", "if"))
_NAMED = re.compile(r"\$\{?(\w+)", re.ASCII)
_NOWHERE = frozenset(("/dev/null", "/dev/stdout", "/dev/stderr", "1", "2", "&1", "&2", "-"))
# What sets variables by their names.
_SETS = frozenset(
    ("export", "declare", "typeset", "readonly", "local", "read", "unset", "getopts", "mapfile", "readarray")
)
# Commands after which every file still says what it said, so that a download between COPY and them finds all it needs.
_MARKS = frozenset(("chgrp", "chmod", "chown", "mkdir"))
# Folders of installed packages, which nobody wants of the build context who removes them behind the COPY.
_INSTALLED = frozenset(("node_modules", "bower_components", ".venv", "venv"))


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a RUN as it meets the copy: what it needs of the project, or `why` it cannot run before it.

    `looked` says that the answer rests on what the context holds, or does not hold, today; `near` that the
    command is done to the copied files, and leaves all that they say (`chmod +x mvnw`).
    """

    call: Call
    folder: str
    needs: Needs | None = None
    why: str = ""
    looked: bool = False
    near: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction behind the copy. A RUN has its commands up to the first that cannot run before the copy; `why`
    says why the instruction as a whole cannot."""

    instruction: Instruction
    state: State
    run: Run | None = None
    commands: tuple[Command, ...] = ()
    why: str = ""


def steps_behind(facts: Facts, image: StageImage, at: int, copy: ContextCopy, *, near: bool = False) -> Iterator[Step]:
    """The instructions behind `copy`, which is `image.stage.body[at]`, down to the first that must stay behind it,
    and with that one. With `near` the commands that are `near` are no reason to end."""
    for state, instruction in zip(image.before[at + 1 :], image.stage.body[at + 1 :], strict=True):
        step = _step(facts, state, instruction, copy, near)
        yield step
        if step.why:
            return


def installs(command: Command) -> bool:
    """Whether the command installs what the project asks for, and may do so before the copy."""
    return command.needs is not None and not command.why and bool(command.needs.reads or command.call.installs)


def shared(target: str) -> bool:
    """Whether tools write to the folder `target` on their own, so that what a copy lays there may meet it."""
    return bool(_SHARED.match(target))


def known_folder(folder: str | None, state: State) -> str | None:
    """The path of `folder`, which may begin with a variable (see `located`); None where that is not known."""
    if folder is None or folder.startswith("/"):
        return folder
    name = _LEADING.match(folder)
    value = state.env.get(name[1] or name[2]) if name else None
    if name is None or not isinstance(value, str) or not value.startswith("/"):
        return None
    return posixpath.normpath(value + folder[name.end() :])


def _step(facts: Facts, state: State, instruction: Instruction, copy: ContextCopy, near: bool) -> Step:
    line = f"line {instruction.first_line}"
    match instruction.keyword:
        case "RUN":
            run = facts.run(instruction)
            if run is None:
                return Step(instruction, state, why=f"what {line} does is not known")
            if why := _mounts(run, copy):
                return Step(instruction, state, why=why)
            commands, why = _commands(facts, run, copy, near)
            return Step(instruction, state, run, commands, why)
        case "ENV" | "ARG":
            if "$" in facts.file.text(copy.instruction.span):
                return Step(instruction, state, why=f"{line} may change what the words of the COPY stand for")
        case "COPY" | "ADD":
            if why := effects.conflict(facts, copy.instruction, instruction):
                return Step(instruction, state, why=f"{line}: {why}")
        case keyword if keyword not in _SETTINGS:
            return Step(instruction, state, why=f"no copy moves across the {keyword} of {line}")
    return Step(instruction, state)


def _mounts(run: Run, copy: ContextCopy) -> str | None:
    for place in copy.places:
        if run.mounts(place.target) and any("type=bind" in value for value in run.instruction.flag_values("mount")):
            return f"line {run.instruction.first_line} mounts files over the copied ones"
    return None


def _commands(facts: Facts, run: Run, copy: ContextCopy, near: bool) -> tuple[tuple[Command, ...], str]:
    """The commands of `run` in order, up to the first that needs more of the copied files; and why that is."""
    line = f"line {run.instruction.first_line}"
    unread = [(s.start, why) for s in run.script.root.walk() if (why := _unread(s, run))]
    found: list[Command] = []
    for each, place in with_folders(run):
        folder = known_folder(place, run.state)
        stop = next((why for start, why in unread if start < each.statement.start), None)
        if folder is None or stop:
            return tuple(found), f"{line} {stop}" if stop else f"where {line} runs {each.program} is not known"
        command = _command(facts, run, each, folder, copy, tuple(c.call for c in found))
        if not command.why and _substitutes(each.statement):
            command = replace(command, why=f"{line} uses the output of a command")
        found.append(command)
        if command.why and not (near and command.near):
            return tuple(found), command.why
    return tuple(found), f"{line} {unread[-1][1]}" if unread else ""


def _cleared(each: Call, run: Run) -> Needs | None:
    """What `rm -rf node_modules` behind a COPY asks for: that the COPY brings none, and `.dockerignore` sees to it."""
    names = [word.value or "" for word in each.operands]
    options = {option.name for option in each.options}
    if each.program != "rm" or not names or "-f" not in options or options - {"-r", "-R", "-f"}:
        return None  # without -f it would fail where there is none
    if not all(PLAIN.match(name) and posixpath.basename(name.rstrip("/")) in _INSTALLED for name in names):
        return None
    evidence = Evidence("takes out again what is copied of them", run.instruction.first_line)
    return Needs((), tuple(name.rstrip("/") for name in names), (evidence,))


def _unread(statement: Statement, run: Run) -> str | None:
    """Why not all is known of what stands behind `statement`; None where it is."""
    if statement.kind in _COMPOUND:
        aside = any(_aside(redirect) for redirect in statement.redirects)
        return "reads or writes a file for several commands at once" if aside else None
    if statement.kind in ("loop", "case"):
        return "runs commands more than once, or some of several"
    if statement.kind == "test":
        condition = run.text.text[statement.start : statement.end]
        return "tests for files, or uses the output of a command" if _LOOKS.search(condition) else None
    understood = call(statement)
    assigned = statement.assignments if not statement.words else ()
    if understood is None and not assigned:
        return f"runs {statement.words[0].raw}, which is not known" if statement.words else "runs what is not known"
    if understood and understood.program in _SETS:
        assigned = understood.operands
    if any(word.raw.partition("=")[0] in run.state.env for word in assigned):
        return "sets variables of the image anew"
    # The shell fills in the words before the assignments of a command hold.
    own = {
        word.raw.partition("=")[0] for word in (*statement.assignments, *(understood.wrappers if understood else ()))
    }
    if own.intersection(name for word in statement.words for name in _NAMED.findall(word.raw)):
        return "uses a variable that it sets for the command alone"
    return "keeps the output of a command" if not understood and _substitutes(statement) else None


def _aside(redirect: Redirect) -> bool:
    """Whether a redirection reads or writes a file."""
    return redirect.target is not None and redirect.target.raw not in _NOWHERE


def _substitutes(statement: Statement) -> bool:
    """Whether the words of a command hold the output of other commands."""
    words = (*statement.words, *statement.assignments, *(r.target for r in statement.redirects if r.target))
    return any(_SUBSTITUTION.search(word.raw) for word in words)


def _command(facts: Facts, run: Run, each: Call, folder: str, copy: ContextCopy, before: tuple[Call, ...]) -> Command:
    line = f"line {run.instruction.first_line}"
    name = " ".join(filter(None, (each.program, each.subcommand)))
    view = view_of(facts, run, folder, before)
    answer, looked = facts.project.watched(lambda: needs(each, view))
    if looked and facts.project.root is None and not isinstance(answer, Obstacle):
        return Command(each, folder, why=f"what {name} reads of the build context is not known: there is none")
    match answer:
        case Obstacle(reason):
            return Command(each, folder, why=reason)
        case Needs(fetch=str()):
            return Command(each, folder, answer, f"{name} needs the source", looked=looked)
        case Needs():
            if any(map(_aside, each.statement.redirects)):
                return Command(each, folder, why=f"{line} writes the output of {name} to a file")
            return Command(each, folder, answer, looked=looked)
    if has_reader(each) and each.program not in (".", "source"):
        return Command(each, folder, why=f"{name} in {line} needs the source, and nothing can be fetched before")
    effect = effects.of_call(each, folder, run)
    if effect.unknown:
        return Command(each, folder, why=f"{line} runs {name}, which may read the copied files ({effect.unknown})")
    # Whether the folder is there, the first half of the copy decides.
    there = effects.there(facts, copy.instruction)
    if each.program != "cd" and (why := effects.clash(effects.of(facts, copy.instruction), effect, there)):
        if cleared := _cleared(each, run):
            return Command(each, folder, cleared)
        near = each.program in _MARKS and not each.statement.redirects
        return Command(each, folder, why=f"of the COPY and {name} in {line}, {why}", near=near)
    return Command(each, folder)
