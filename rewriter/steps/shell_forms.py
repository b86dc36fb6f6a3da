"""A start command in shell form: what it would be without the shell, and whether it needs one."""

from __future__ import annotations

import json
import posixpath
import re
from functools import lru_cache

from rewriter import knowledge
from rewriter.change import Edit, Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.steps.final_view import final_view
from rewriter.steps.start import own_program
from rewriter.syntax.shell import Script, Statement
from rewriter.syntax.tree import Instruction

_SCRIPT_ENDINGS = (".sh", ".bash", ".ksh", ".zsh")
_SYSTEM = ("", "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_RUNS_ARGUMENTS = (["exec", '"$@"'], ["exec", '"${@}"'])
_ARGUMENT = re.compile(r"\$(?:[1-9#*@]|\{[1-9#*@])")


def last_command(script: Script) -> Statement | str | None:
    """The command that `exec` can stand before: the last one. None where there is nothing to mend, else why not."""
    if not script.root.children:
        return None
    if any(operator.text == "&" for each in script.root.walk() for operator in each.operators):
        return "the shell must stay for what it runs in the background"
    if any(each.words[0].raw == "trap" for each in script.commands() if each.words):
        return "the shell has a trap of its own"
    last = script.root.children[-1]
    while last.kind == "list":
        if last.operators[-1].text != "&&":
            return "what runs behind `||` depends on what fails"
        last = last.children[-1]
    if last.kind == "assign" or (last.kind == "command" and not last.words):
        return None
    if last.kind != "command":
        return {"pipeline": "the command ends in a pipe", "loop": "the command ends in a loop"}.get(
            last.kind, "the command ends in a compound command"
        )
    program = last.words[0].value
    if program and " " in program:
        return f"a shell takes `{program}` in quotes for the name of one program"
    if program is None and "/" not in last.words[0].raw:
        return f"which program {last.words[0].raw} is shows only when the container starts"
    if program and re.search(
        rf"(?:\A|[\s;{{]){re.escape(program)}\s*\(\s*\)|\b(?:function|alias)\s+{re.escape(program)}\b", script.text
    ):
        return f"{program} is a function or an alias of the shell"
    return None if program in builtins() else last


@lru_cache(maxsize=1)
def builtins() -> frozenset[str]:
    """The words that a shell understands by itself."""
    return frozenset(name for entry in knowledge.table("shell_builtins").values() for name in entry["names"])


def exec_form(instruction: Instruction, script: Script) -> tuple[Edit, ...]:
    """The command as a JSON array, in its own layout; empty where it is more than the plain words of one command."""
    only = script.root.children[0]
    plain = len(script.root.children) == 1 and not script.root.operators and not script.comments
    if not plain or only.kind != "command" or only.assignments or only.redirects or only.negated:
        return ()
    text, edits = instruction.arguments, []
    for word in only.words:
        span = text.span(word.start, word.end)
        # bash takes `name=~/x` for an assignment, and puts the home folder in.
        if word.value is None or re.search(r"[=:]~", word.raw) or span.end - span.start != word.end - word.start:
            return ()
        first, last = word is only.words[0], word is only.words[-1]
        quoted = json.dumps(word.value, ensure_ascii=False)
        edits.append(Edit(span.start, span.end, f"{'[' * first}{quoted}{']' if last else ','}"))
    return tuple(edits)


def without_first_line(facts: Facts, image: StageImage, program: str) -> Evidence | None:
    """Why `program` may be a script without a `#!` line, which a shell runs all the same and exec form does not.

    Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_09_01_04
    """
    view = final_view(facts, image)
    place = own_program(view, program, image.final.workdir if isinstance(image.final.workdir, str) else None)
    if place is not None:
        head = facts.project.head(view.file(place) or "", 4) or b""
        return None if head.startswith((b"#!", b"\x7fELF")) else view.evidence("does not begin with #!", place, 1)
    folder, name = posixpath.split(program)
    unseen = facts.project.root is None and (folder not in _SYSTEM or _copied(facts, image, name))
    if name.endswith(_SCRIPT_ENDINGS) or unseen or _written(facts, image, name):
        return Evidence(f"whether {program} begins with #! is not known")
    return None


def _copied(facts: Facts, image: StageImage, name: str) -> bool:
    copies = [each for stage in facts.lineage(image) for each in stage.stage.body if each.keyword in ("COPY", "ADD")]
    words = [word for each in copies for word in each.json or each.value.split()]
    return any(posixpath.basename(word.rstrip("/")) == name for word in words)


def _written(facts: Facts, image: StageImage, name: str) -> bool:
    stages = {stage.stage.index for stage in facts.lineage(image)}
    scripts = [run.script for run in facts.runs if run.image.stage.index in stages]
    redirects = [each for script in scripts for part in script.root.walk() for each in part.redirects]
    return any(each.target and posixpath.basename(each.target.raw.strip("\"'")) == name for each in redirects)


def passes_on(script: Script) -> bool | None:
    """Whether an entry script runs its arguments and does nothing else with them; None where it does not run them."""
    runs = [each for each in script.commands() if [word.raw for word in each.words] in _RUNS_ARGUMENTS]
    if not runs:
        return None
    changes = any(each.words[0].raw in ("shift", "getopts") for each in script.commands() if each.words)
    return len(_ARGUMENT.findall(script.text)) == len(runs) and not changes
