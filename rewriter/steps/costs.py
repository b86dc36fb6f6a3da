"""What a step costs, by rules of thumb. The figures are data, in costs.toml."""

from __future__ import annotations

import posixpath
import shlex
from functools import lru_cache

from rewriter import knowledge
from rewriter.facts import script_text
from rewriter.syntax.shell import parse
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call, calls


def cost(file: Dockerfile, instruction: Instruction) -> tuple[str, float]:
    """The kind of a step, one of the tables in costs.toml, and its expected cost in seconds."""
    match instruction.keyword:
        case "FROM":
            return _flat("base")
        case "ADD" if any("://" in word or word.startswith("git@") for word in sources(instruction)):
            return _flat("remote")
        case "COPY" | "ADD":
            return _flat("copy")
        case "RUN":
            return _of_run(file, instruction)
    return _flat("metadata")


def sources(instruction: Instruction) -> tuple[str, ...]:
    """The sources of a COPY or ADD as they are written, without here-documents."""
    words = instruction.json or tuple(instruction.value.split())
    return tuple(word for word in words[:-1] if not word.startswith("<<"))


def kind_of(call: Call) -> str:
    """The kind of one command."""
    return _of_call(call)[0]


def _flat(kind: str) -> tuple[str, float]:
    return kind, float(knowledge.table("costs")[kind]["seconds"])


def _of_run(file: Dockerfile, instruction: Instruction) -> tuple[str, float]:
    if instruction.json is not None:
        text = shlex.join(instruction.json)
    else:
        logical = script_text(file, instruction)
        text = logical.text if logical else ""
    script = parse(text) if text.strip() else None
    found = [_of_call(call) for call in calls(script)] if script else []
    if not found:
        return _flat("run")
    # By cost alone: of equal ones the first names the step.
    kind = max(found, key=lambda kind_and_cost: kind_and_cost[1])[0]
    return kind, round(sum(seconds for _, seconds in found) + _flat("start")[1], 1)


@lru_cache(maxsize=1)
def _commands() -> dict[str, tuple[str, float]]:
    table = knowledge.table("costs")
    return {
        command: (kind, float(seconds))
        for kind, entry in table.items()
        if kind != "each"
        for command, seconds in entry.get("commands", {}).items()
    }


def _of_call(call: Call) -> tuple[str, float]:
    program = posixpath.basename(call.program)
    operand = call.operands[0].raw if call.operands else ""
    word = (call.subcommand.split() or [operand])[0]
    group = f"{word.partition(':')[0]}:*" if ":" in word else f"{word.partition('.')[0]}.*"
    tried = [f"{program} {word}", f"{program} {group}", *([f"{program} *"] if word else []), program]
    known = _commands()
    name = next((name for name in tried if name in known), None)
    if name is None:
        return _flat("run")
    kind, seconds = known[name]
    each = knowledge.table("costs")["each"].get(name)
    named = each is not None and call.operands and not any(word.raw.startswith((".", "/")) for word in call.operands)
    return kind, min(seconds, float(each * len(call.operands))) if named else seconds
