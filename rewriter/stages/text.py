"""How a plan is written: the edits that cut a stage in two, in the layout of the file."""

from __future__ import annotations

from collections.abc import Sequence

from rewriter.change import Edit
from rewriter.order.edits import put_ahead, take_out
from rewriter.order.moves import block_start, unfinished
from rewriter.stages.items import Item, Moved, Packages, Plan, Repeated
from rewriter.steps.apt import CLEAN_UP
from rewriter.syntax.tree import Dockerfile, Instruction, Stage

_NAMES = ("build", "builder", "build-stage", "compile")


def edits(file: Dockerfile, stage: Stage, plan: Plan, named: frozenset[str]) -> tuple[Edit, ...] | None:
    """The edits that carry out `plan` for `stage`, the last one of `file`; None where its lines do not allow it.

    `named` are the stages that other files name: such a name goes to the runtime stage."""
    taken_over = [item.instruction for item in plan.items if isinstance(item, Moved | Repeated)]
    if any(unfinished(file, instruction) for instruction in (stage.start, plan.last, *taken_over)):
        return None
    newline = file.source.newline
    taken = {other.name for other in file.stages}
    # A name that says what the stage does stays with it, unless whoever builds the image asks for it by that name.
    stays = stage.name in _NAMES and stage.name not in named
    # Beside a stage `builder`, nobody could tell what `build` is.
    names = ("install", *_NAMES) if any("build" in str(each.name) for each in file.stages[:-1]) else _NAMES
    name = str(stage.name) if stays else next(each for each in names if each not in taken)
    found = list(_named(file, stage, name))
    lines = [_from(file, stage, plan.runtime.base, None if stays else stage.name)]
    lines += [_text(file, item, name) for item in plan.items]
    finish = [cased(file, stage, line) for line in plan.runtime.finish]
    text = newline.join([*finish, "", *lines]) if finish else newline.join(["", *lines])
    if plan.runtime.command is not None:
        found += [_gone(file, instruction) for instruction in plan.gone if instruction.span.start > plan.last.span.end]
    found.append(Edit(plan.last.span.end, plan.last.span.end, newline + text))
    for instruction, ahead in plan.runtime.prepare:
        found.append(put_ahead(file, instruction, [cased(file, stage, line) for line in ahead]))
    gone = {i.instruction.span.start: i.instruction for i in plan.items if isinstance(i, Moved)}
    found += [take_out(file, instruction, []) for instruction in gone.values()]
    found += [_gone(file, instruction) for instruction in plan.gone if instruction.span.start < plan.last.span.start]
    return tuple(found)


def _gone(file: Dockerfile, instruction: Instruction) -> Edit:
    """Take `instruction` out; the comments above it stay."""
    above = file.source.text[block_start(file, instruction) : instruction.span.start].rstrip()
    return take_out(file, instruction, [above] if above else [])


def _named(file: Dockerfile, stage: Stage, name: str) -> Sequence[Edit]:
    """Give the stage its name."""
    start = stage.start
    if stage.name == name:
        return ()
    if stage.name is None:
        word = "as" if file.text(start.keyword_span).islower() else "AS"
        return (Edit(start.span.end, start.span.end, f" {word} {name}"),)
    at = start.span.end - len(stage.name)
    return (Edit(at, start.span.end, name),)


def _from(file: Dockerfile, stage: Stage, base: str, name: str | None) -> str:
    flags = [file.text(flag.span) for flag in stage.start.flags]
    words = [file.text(stage.start.keyword_span), *flags, base]
    if name:
        words += ["as" if words[0].islower() else "AS", name]
    return " ".join(words)


def cased(file: Dockerfile, stage: Stage, line: str) -> str:
    """`line` with its keyword in the case of the file."""
    keyword, blank, rest = line.partition(" ")
    lower = file.text(stage.start.keyword_span).islower()
    return f"{keyword.lower() if lower else keyword}{blank}{rest}"


def _text(file: Dockerfile, item: Item, name: str) -> str:
    stage = file.stages[-1]
    match item:
        case Moved(instruction):
            return file.source.text[block_start(file, instruction) : instruction.span.end]
        case Repeated(instruction):
            return file.text(instruction.span)
        case Packages():
            return cased(file, stage, _install(file, item))
        case str(line):
            return cased(file, stage, line.replace("--from=build ", f"--from={name} ", 1))


def _install(file: Dockerfile, item: Packages) -> str:
    if item.program == "apk":
        return f"RUN apk add --no-cache {' '.join(item.names)}"
    joint = f" {file.escape}{file.source.newline}"
    packages = joint.join(f"        {name}" for name in item.names)
    only = "" if item.recommended else " --no-install-recommends"
    lines = [
        "RUN apt-get update",
        f"    && apt-get install -y{only}{joint}{packages}",
        f"    && {CLEAN_UP}",
    ]
    return joint.join(lines)
