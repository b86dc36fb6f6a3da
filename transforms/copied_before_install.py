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
from collections.abc import Iterator, Sequence

from rewriter.change import Alters, Change, Declined, Evidence, apply
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.layers import repeated
from rewriter.order.crossing import Command, Step, installs, steps_behind
from rewriter.order.dividing import Divided, fetched, moved, same_place, split
from rewriter.order.first_half import Declines
from rewriter.project.ecosystems import has_reader, needs
from rewriter.project.inputs import is_manifest
from rewriter.project.needs import Needs
from rewriter.steps.context_copies import ContextCopy, context_copy, rest_follows, view_of
from rewriter.steps.downloads import with_folders
from rewriter.syntax.tree import Dockerfile

# Commands that install and build at once.
_BUILDS = frozenset(("go", "cargo", "mvn", "gradle", "dotnet"))
_SOURCE = frozenset(
    (".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".go", ".rs", ".java", ".kt", ".cs", ".php", ".rb", ".ex")
)


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each COPY that an install behind it need not wait for."""
    if not any(has_reader(call) for run in facts.runs for call in run.calls):
        return
    for image in facts.images:
        # From the last one up, so that copies keep their order where several move behind one step.
        for at in reversed(range(len(image.stage.body))):
            copy = context_copy(facts, image.stage.body[at], image.before[at])
            if copy is None or not _volatile(copy):
                continue
            try:
                divided = _divided(file, facts, image, at, copy)
            except Declines as reason:
                if not rest_follows(facts, image, at, copy):
                    yield Declined(str(reason), copy.instruction.span)
            else:
                if divided:
                    yield _change(facts, copy, divided)


def _volatile(copy: ContextCopy) -> bool:
    """Whether the copy brings source files, and no others by name."""
    others = [place.source for place in copy.places if not is_manifest(place.source)]
    return bool(others) and (copy.folders or any(posixpath.splitext(source)[1] in _SOURCE for source in others))


def _divided(file: Dockerfile, facts: Facts, image: StageImage, at: int, copy: ContextCopy) -> Divided | None:
    steps = list(steps_behind(facts, image, at, copy))
    passed = [step for step in steps if not step.why]
    last = max((i for i, step in enumerate(passed) if any(map(installs, step.commands))), default=-1)
    blocked = steps[-1] if steps and steps[-1].why else None
    if last >= 0:
        commands = [command for step in passed[: last + 1] for command in step.commands]
        return moved(file, facts, copy, passed[: last + 1], commands)
    # For a tool alone (`npm install -g x && npm install`) no step of the writer's is divided.
    if blocked and any(installs(command) and command.needs.reads for command in blocked.commands[:-1] if command.needs):
        return split(file, facts, copy, passed, blocked)
    if blocked is None or not _wanted(facts, image, at, blocked):
        return None
    if _fetches(blocked):
        return fetched(file, facts, image, at, copy, passed, blocked)
    further = list(steps_behind(facts, image, at, copy, near=True))
    if (
        _fetches(further[-1])
        and same_place(image, at, further)
        and all(c.near for s in further[:-1] for c in s.commands)
    ):
        return fetched(file, facts, image, at, copy, [], further[-1])
    raise Declines(blocked.why)


def _fetches(step: Step) -> bool:
    """Whether the step is stopped by a command that has a download step of its own."""
    needs = step.commands[-1].needs if step.commands and step.why else None
    return needs is not None and needs.fetch is not None


def _wanted(facts: Facts, image: StageImage, at: int, blocked: Step) -> bool:
    """Whether an install waits for the copy that is not already cared for above it."""
    body = image.stage.body
    waiting = [run for run in facts.runs if run.instruction in body[at + 1 :]]
    waiting = [run for run in waiting if run.instruction.span.start >= blocked.instruction.span.start]
    calls = [call for run in waiting for call in run.calls if call.installs or call.program in _BUILDS]
    programs = {call.program for call in calls if has_reader(call)}
    return any(not _handled(facts, waiting[0], body[at].span.start, program) for program in programs)


def _handled(facts: Facts, run: Run, start: int, program: str) -> bool:
    """Whether a step above the copy already installs with `program` what the project asks for."""
    for earlier in facts.earlier(run):
        if earlier.instruction.span.start > start:
            continue
        for call, folder in with_folders(earlier):
            if call.program != program or folder is None:
                continue
            answer = needs(call, view_of(facts, earlier, folder, ()))
            if answer is None and program == "gradle" and call.operands:
                return True  # a task, which may load the whole build
            if answer is not None and answer != Needs(()) and getattr(answer, "reads", True):
                return True
    return False


def _change(facts: Facts, copy: ContextCopy, divided: Divided) -> Change:
    part = divided.part
    saved = repeated(facts, apply(facts.file.source.text, divided.edits))
    evidence = (*part.evidence, *([Evidence(saved)] if saved else []))
    message, span = _message(copy, divided), copy.instruction.span
    return Change(message, divided.edits, span, Alters.ORDER, part.proven, evidence, excludes=part.excludes)


def _message(copy: ContextCopy, divided: Divided) -> str:
    part = divided.part
    names = " and ".join(dict.fromkeys(map(_name, divided.commands)))
    message = f"{copy.text} stands before {names}"
    answer = divided.commands[-1].needs
    if answer and answer.fetch:
        message += (
            f", so that each edit of the source downloads all again: {answer.fetch} on the manifests alone is kept"
        )
        message += f"; {answer.still}" if answer.still else ""
    else:
        need = "need" if " and " in names else "needs"
        message += f", which only {need} {_list(part.sources)}" if part.sources else ""
        message += ": each edit of the source repeats it all"
    return message + (f"; .dockerignore keeps {_list(part.excludes)} of the context out" if part.excludes else "")


def _name(command: Command) -> str:
    return " ".join(filter(None, (command.call.head.raw, command.call.subcommand)))


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
