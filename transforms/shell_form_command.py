"""A CMD or ENTRYPOINT in shell form: a shell stands between Docker and the program.

What: writes the command in exec form where all its words are plain text and the program is none of the shell's own.
Where it needs the shell, for variables, several commands or assignments, puts `exec` before the last command. Leaves
a command that ends in a pipe, a loop or a background job, and one that an ENTRYPOINT is given as its arguments.

Why: `docker stop` sends its signal to process 1. That is the shell, which does not pass it on, so that the program
is killed after ten seconds, in the middle of what it does. Some shells make way for a single command by themselves;
the exec form does not depend on it.

Before:

    FROM python:3.12-slim
    WORKDIR /srv
    COPY . .
    CMD gunicorn shop.wsgi --bind 0.0.0.0:8000

After:

    FROM python:3.12-slim
    WORKDIR /srv
    COPY . .
    CMD ["gunicorn", "shop.wsgi", "--bind", "0.0.0.0:8000"]

Level: standard.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, posix
from rewriter.image import StageImage, State, Unknown
from rewriter.project.services import services
from rewriter.steps.shell_forms import exec_form, last_command, passes_on, without_first_line
from rewriter.steps.start import hands_on, start
from rewriter.syntax.shell import Script, parse
from rewriter.syntax.tree import Dockerfile, Instruction

# As process 1 they take no notice of SIGTERM either: signal(7), and pid_namespaces(7) for process 1.
_DEAF = frozenset(("tail", "sleep", "cat", "cp"))
_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for each CMD and ENTRYPOINT in shell form that has an effect."""
    del file
    for image in facts.images:
        last = {instruction.keyword: at for at, instruction in enumerate(image.stage.body)}
        for keyword in ("ENTRYPOINT", "CMD"):
            at = last.get(keyword)
            if at is None or image.stage.body[at].json is not None or not image.stage.body[at].value.strip():
                continue
            if found := _judge(facts, image, image.stage.body[at], image.before[at]):
                yield found


def _judge(facts: Facts, image: StageImage, instruction: Instruction, state: State) -> Change | Declined | None:
    if image.base.os == "windows" or _windows(state):
        return None
    if instruction.value.lstrip().startswith("["):
        reason = "it looks like the exec form and is no JSON (in double quotes), so that Docker gives it to a shell"
        return Declined(reason, instruction.span)
    script = parse(instruction.value)
    if script is None:
        return Declined("the command is not understood", instruction.span)
    last = last_command(script)
    if last is None:
        return None
    if isinstance(last, str):
        return Declined(f"{last}; with an entry script that ends in `exec` the signals would arrive", instruction.span)
    if isinstance(state.shell, Unknown):
        return Declined(f"which shell {image.base.name} has is not known", instruction.span)
    if not posix(state.shell):
        return Declined(f"what {state.shell[0]} does with the command is not known", instruction.span)
    used = _used(facts, image, instruction)
    if used is None or isinstance(used, str):
        return Declined(used, instruction.span) if used else None
    needs_shell = used or _needs_shell(facts, image, state, script)
    name = posixpath.basename(last.words[0].value or last.words[0].raw)
    edits = () if isinstance(needs_shell, Evidence) else exec_form(instruction, script)
    if not edits and (name in _DEAF or (name in _SHELLS and len(last.words) == 1)):
        return None
    if not edits:
        at = instruction.arguments.source(last.words[0].start)
        edits = (Edit(at, at, "exec "),)
        message = f"the shell that starts {name} stays process 1 and passes no signal on; exec puts {name} in its place"
    else:
        message = f"a shell starts {name} and may pass no signal on to it; the exec form starts it without one"
    evidence = needs_shell if isinstance(needs_shell, Evidence) else facts.line(instruction, "is in shell form")
    return Change(
        message,
        edits,
        instruction.span,
        Alters.SETTINGS,
        evidence=(evidence,),
        declares=frozenset((instruction.keyword.lower(),)),
    )


def _windows(state: State) -> bool:
    name = state.shell[0].rpartition("/")[2].lower().removesuffix(".exe") if isinstance(state.shell, tuple) else ""
    return name in ("cmd", "powershell", "pwsh")


def _used(facts: Facts, image: StageImage, instruction: Instruction) -> Evidence | str | bool | None:
    """Whether the shell form means what it says: None where it has no effect, a text why it cannot be changed, and
    evidence for why a shell must stay.

    Source: https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact
    """
    part = instruction.keyword.lower()
    own = getattr(image.final, part)
    users = [each for each in (image, *facts.derived(image)) if getattr(each.final, part) == own]
    if instruction.keyword == "ENTRYPOINT":
        if any(each.final.cmd != ("exec", ()) for each in users):
            return Evidence("a CMD, which the shell form of ENTRYPOINT ignores, would become its arguments")
        told = next((each for each in services(facts.project) if each.values.get("command")), None)
        return told.fact("has a command, which the shell form of ENTRYPOINT ignores") if told else False
    needed: Evidence | bool = False
    for each in users:
        match each.final.entrypoint:
            case Unknown():
                return (
                    f"whether {image.base.name} has an ENTRYPOINT, whose arguments the command would be, is not known"
                )
            case ("shell", *_):
                return None
            case ("exec", tuple() as words) if words and not hands_on(facts, each, words):
                scripts = start(facts, each).scripts
                passes = [passes_on(script.script) for script in scripts[:1]]
                if not passes or passes[0] is None:
                    return (
                        f"the ENTRYPOINT gets `sh -c …` as its arguments, and what {words[0]} does with it is not known"
                    )
                if not passes[0]:
                    needed = Evidence("looks at its arguments", file=scripts[0].file)
    return needed


def _needs_shell(facts: Facts, image: StageImage, state: State, script: Script) -> Evidence | bool:
    """Why the program needs the shell although its words are plain: evidence; False where it does not."""
    shell = state.shell if isinstance(state.shell, tuple) else ()
    if any(word == "--login" or (word[:1] == "-" and word[1:2] != "-" and "l" in word) for word in shell[1:]):
        return Evidence(f"{' '.join(shell)} reads the profile first")
    if any(re.fullmatch(r"-[a-z]*i[a-z]*", word) for word in shell[1:]):
        return Evidence(f"{' '.join(shell)} reads ~/.bashrc first")
    if posixpath.basename(shell[0]) == "bash" and "BASH_ENV" in state.env:
        return Evidence("bash reads the file that BASH_ENV names first")
    program = next((each.words[0].value for each in script.commands() if each.words), None) or ""
    return without_first_line(facts, image, program) or False
