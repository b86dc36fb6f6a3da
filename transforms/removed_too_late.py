"""A clean-up in a step of its own, behind the step whose files it deletes.

What: makes a RUN that only cleans up (`rm`, `npm cache clean` …) the end of the step that wrote the files, where no
step between the two has to do with them.

Why: a layer keeps what was in it when its step ended. Deleted by a later step the files are hidden, and shipped all
the same.

Before:

    FROM node:20
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY src ./src
    RUN npm cache clean --force

After:

    FROM node:20
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci && npm cache clean --force
    COPY src ./src

Level: safe.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from rewriter import effects
from rewriter.change import Alters, Change, Declined, Edit
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.steps.downloads import with_folders
from rewriter.steps.edits import append_step, drop_instruction, no_append
from rewriter.steps.merge import leaks, merge, no_merge, steps
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

# The commands by which package managers empty their own caches.
_CLEANS: dict[str, frozenset[str]] = {
    "apt-get": frozenset(("clean", "autoclean")),
    "apk": frozenset(("cache clean",)),
    "yum": frozenset(("clean",)),
    "dnf": frozenset(("clean",)),
    "microdnf": frozenset(("clean",)),
    "zypper": frozenset(("clean", "cc")),
    "npm": frozenset(("cache clean",)),
    "yarn": frozenset(("cache clean",)),
    "pnpm": frozenset(("store prune",)),
    "pip": frozenset(("cache purge",)),
    "composer": frozenset(("clear-cache", "clearcache", "cc")),
}
# They write no files of their own.
_CHANGE = frozenset(("rm", "mkdir", "chmod", "chown", "ln", "mv"))
# What installing leaves behind for nobody.
_CACHE = re.compile(
    r"/var/(?:cache|lib/(?:apt/lists|dnf|yum)|log|tmp)\b|/usr/share/(?:doc|man|info|locale)\b|/(?:root|home/[^/]+)/\.\w+|/tmp/.+"
)
_QUIET = frozenset(("true", "echo", ":"))
_ARCHIVE = re.compile(r".*\.(?:zip|tar|t[gbx]z|tbz2|gz|bz2|xz|zst|deb|rpm|whl|jar|run|sh|iso|7z)[\"']?\Z")
_WHY = "the files stay in the layer of the step that wrote them, though a later step deletes them"


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for each step that only cleans up behind an earlier one."""
    for image in facts.images:
        if not facts.shipped(image):
            continue
        for at, instruction in enumerate(image.stage.body):
            run = facts.run(instruction) if instruction.keyword == "RUN" else None
            if run and run.chain and _only_cleans(run):
                yield from _judge(file, facts, image, at, run)


def _only_cleans(run: Run) -> bool:
    calls, chain = run.calls, run.chain or ()
    if len(calls) != len(chain) or run.script.substitutions or run.instruction.flags or run.instruction.heredocs:
        return False
    return any(map(_cleans, calls)) and all(_cleans(call) or call.program in _QUIET for call in calls)


def _cleans(call: Call) -> bool:
    if call.statement.redirects and any(redirect.target for redirect in call.statement.redirects):
        return False
    if call.program == "rm":
        large = call.has("-r", "-R", "--recursive") or all(_ARCHIVE.match(word.raw) for word in call.operands)
        return bool(call.operands) and large and all(word.raw.lstrip("\"'").startswith("/") for word in call.operands)
    return call.subcommand in _CLEANS.get(call.program, ())


def _judge(file: Dockerfile, facts: Facts, image: StageImage, at: int, run: Run) -> Iterator[Change | Declined]:
    effect = effects.of(facts, run.instruction)
    if effect.unknown or "/" in effect.writes:
        return
    between: list[tuple[Instruction, str]] = []
    for other in reversed(image.stage.body[:at]):
        writer = facts.run(other) if other.keyword == "RUN" else None
        if writer and _wrote(writer, run):
            yield _joined(file, facts, writer, run, between)
            return
        if reason := effects.conflict(facts, other, run.instruction):
            between.append((other, reason))


def _wrote(writer: Run, run: Run) -> bool:
    """Whether the step is known to write what the clean-up deletes, into its own layer."""
    if _only_cleans(writer):
        return False
    for call, folder in with_folders(writer):
        if call.program in _CHANGE or call.subcommand in _CLEANS.get(call.program, ()):
            continue
        written = effects.of_call(call, folder, writer)
        if written.unknown or "/" in written.writes:
            continue
        for clean in run.calls:
            if clean.program == "rm":
                if any(_gone(writer, word.raw, written.writes, call.installs) for word in clean.operands):
                    return True
            elif call.installs and call.program == clean.program and not writer.instruction.flags:
                return True
    return False


def _gone(writer: Run, raw: str, written: Collection[str], installs: bool) -> bool:
    """Whether the path or pattern `raw` of an rm stands for one of the files `written`."""
    pattern = raw.strip("\"'").removesuffix("/*").rstrip("/")
    if not pattern or set(pattern) & set("$`~{\\") or writer.mounts(pattern):
        return False
    if any(fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}/*") for path in written):
        return True
    return installs and bool(_CACHE.match(pattern)) and effects.meets((pattern,), written)


def _joined(
    file: Dockerfile, facts: Facts, writer: Run, run: Run, between: Sequence[tuple[Instruction, str]]
) -> Change | Declined:
    at = run.at(run.calls[0])
    if between:
        return Declined(f"{_WHY}, and line {between[0][0].first_line} stands between them: {between[0][1]}", at)
    if reason := leaks(writer, run, last=True):
        return Declined(f"{_WHY}: {reason}", at)
    edits = _edits(file, writer, run)
    if isinstance(edits, str):
        return Declined(f"{_WHY}: {edits}", at)
    line = writer.instruction.first_line
    message = f"{_WHY}: they are to be deleted in the step of line {line}"
    evidence = facts.line(writer.instruction, "writes what is deleted")
    return Change(message, edits, at, Alters.KEPT, True, (evidence,), frozenset(("steps",)))


def _edits(file: Dockerfile, writer: Run, run: Run) -> tuple[Edit, ...] | str:
    body = run.image.stage.body
    done = {_text(writer, step) for step in writer.chain or ()}
    commands = [text for step in run.chain or () if (text := _text(run, step)) not in done]
    if body.index(run.instruction) == body.index(writer.instruction) + 1 and len(commands) == len(run.chain or ()):
        if reason := no_merge(file, writer, run):
            return reason
        return merge(file, (*steps(writer), *steps(run)), join_lists=False)
    if reason := no_append(writer.script):
        return reason
    if run.instruction.comments or run.script.comments:
        return "the comments inside the step would be lost: put them on lines of their own above it"
    if file.source.line_text(run.instruction.first_line - 1).lstrip().startswith("#"):
        return "the comment above the step would stand alone: move them both behind the earlier step, or take it out"
    edit = append_step(file, writer, " && ".join(commands)) if commands else None
    if commands and edit is None:
        return "the earlier step trails off into comments"
    return (*((edit,) if edit else ()), *drop_instruction(file, run.instruction))


def _text(run: Run, step: Statement) -> str:
    return re.sub(r"\s+", " ", run.text.text[step.start : step.end])
