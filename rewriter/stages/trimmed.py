"""Leaves out of the runtime stage what it need not repeat, and adds the tools that its steps lack."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from rewriter.stages.bases import brings, unpackers
from rewriter.stages.items import BEHIND, Item, Moved, Packages, Repeated, with_packages
from rewriter.stages.kit import Runtime, Shown
from rewriter.stages.shape import Refused
from rewriter.syntax.tree import Dockerfile, Instruction

_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)


def check_shell(stage: Shown, runtime: Runtime, items: Sequence[Item], after: Sequence[Instruction]) -> None:
    """Raise `Refused` where a step of the runtime stage needs a shell that its base has not."""
    if stage.facts.options.bases.lookup(runtime.base).has_shell is not False:
        return
    kept = [item.instruction for item in items if isinstance(item, Moved | Repeated)]
    run = next((i for i in (*kept, *after) if i.keyword == "RUN"), None)
    if run is not None or any(isinstance(item, Packages) or str(item).startswith("RUN ") for item in items):
        line = f"line {run.first_line}" if run is not None else "a step"
        raise Refused(f"{line} needs a shell, which {runtime.base} has not", stage.image.stage.start.span)


def with_tools(stage: Shown, runtime: Runtime, items: list[Item], after: Sequence[Instruction]) -> list[Item]:
    """`items` with the packages that bring the tools of its steps, in front of them."""
    base = stage.facts.options.bases.lookup(runtime.base)
    there = {i.instruction.span.start for i in items if isinstance(i, Moved | Repeated)}
    there |= {i.span.start for i in after}
    lines = " ".join(item for item in items if isinstance(item, str))
    runs = [run for run in stage.facts.runs if run.image is stage.image]
    needed = set[str]()
    for call in (call for run in runs for call in run.calls):
        at = next(run for run in runs if call in run.calls).instruction.span.start
        if at in there or call.program in lines.split():
            needed |= {brings(program, base) or "" for program in (call.program, *unpackers(call))}
    listed = {name for item in items if isinstance(item, Packages) for name in item.names}
    missing = tuple(sorted(needed - {""} - listed))
    return with_packages(items, "apt-get", missing) if missing else items


def without_idle_folders(stage: Shown, items: Sequence[Item], after: Sequence[Instruction]) -> list[Item]:
    """`items` without a WORKDIR that an absolute one follows, there or in `after`, before anything depends on it:
    one that the build alone works in, or that the following one makes as well."""
    steps = (i for i in after if i.keyword not in BEHIND and i.keyword not in ("ENV", "ARG", "LABEL"))
    first = next(steps, None)
    following = _folder(first) if first is not None else None
    found: list[Item] = []
    for item in reversed(items):
        keyword = item.instruction.keyword if isinstance(item, Repeated | Moved) else ""
        if keyword == "WORKDIR" and isinstance(item, Repeated):
            folder = _folder(item.instruction)
            made = following and folder and f"{following}/".startswith(f"{folder.rstrip('/')}/")
            if not following or not (made or _works_in(stage, item.instruction)):
                found.append(item)
            following = folder
            continue
        if keyword not in ("ENV", "ARG", "LABEL", "MAINTAINER"):
            following = None
        found.append(item)
    return found[::-1]


def _works_in(stage: Shown, workdir: Instruction) -> bool:
    """Whether a step stands between `workdir` and the next one."""
    for other in stage.image.stage.body[stage.image.stage.body.index(workdir) + 1 :]:
        if other.keyword in ("RUN", "COPY", "ADD", "WORKDIR"):
            return other.keyword != "WORKDIR"
    return False


def with_arguments(
    file: Dockerfile, items: Sequence[Item], behind: Sequence[Item], after: Sequence[Instruction]
) -> list[Item]:
    """`items` without the ARGs that nothing uses: neither they, nor those `behind` what is copied, nor what stands
    below the cut."""
    if any(instruction.keyword == "RUN" for instruction in after):
        return list(items)  # a program of the project may read any of them from its environment
    used = {name for i in after for name in _VARIABLE.findall(file.text(i.span))}
    found: list[Item] = []
    for item in reversed((*items, *behind)):
        instruction = None if isinstance(item, Packages | str) else item.instruction
        sets = {word.partition("=")[0] for word in instruction.value.split()} if instruction else set[str]()
        if instruction is not None and instruction.keyword == "ARG" and not used & sets:
            continue
        used |= set(_VARIABLE.findall(file.text(instruction.span) if instruction else str(item)))
        found.append(item)
    return [item for item in found[::-1] if item not in behind]


def _folder(instruction: Instruction) -> str | None:
    """The absolute folder that a WORKDIR names in plain words; None for any other instruction."""
    folder = instruction.value.strip("\"'")
    plain = instruction.keyword == "WORKDIR" and folder.startswith("/") and "$" not in folder
    return posixpath.normpath(folder) if plain else None
