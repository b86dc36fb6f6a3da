"""What a Dockerfile needs of its engine, and what to say where the engine lacks it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from rewriter.knowledge import table
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.verify.engine import Ability, Engine
from rewriter.verify.trouble import Unable

# Source: https://docs.docker.com/reference/dockerfile/ for each instruction.
_FLAGS = {
    ("RUN", "mount"): Ability.RUN_MOUNT,
    ("RUN", "network"): Ability.RUN_NETWORK,
    ("COPY", "link"): Ability.COPY_LINK,
    ("ADD", "link"): Ability.COPY_LINK,
    ("COPY", "exclude"): Ability.COPY_EXCLUDE,
    ("ADD", "exclude"): Ability.COPY_EXCLUDE,
    ("COPY", "parents"): Ability.COPY_PARENTS,
    ("ADD", "checksum"): Ability.ADD_CHECKSUM,
}
# BuildKit names this step so for frontends only, and repeats the name of the step that failed at the end.
_FRONTEND_STEP = re.compile(r"^ > resolve image config for (?:docker-image://)?(\S+?):?$", re.MULTILINE)
_CAUSE = re.compile(r"^#\d+ ERROR: (.+)$", re.MULTILINE)


def needs(file: Dockerfile) -> Mapping[Ability, int]:
    """What `file` needs, with the first line (1-based) that needs it, in the order of these lines.

    What stands behind ONBUILD is needed by the image that starts from this one, so it counts only where a stage of the
    same file does; but the lines of its heredoc must be read in any case.
    """
    found: dict[Ability, int] = {}
    for instruction in file.instructions:
        inner = instruction.child or instruction
        if inner.heredocs:
            found.setdefault(Ability.HEREDOC, instruction.first_line)
        if inner is instruction or _triggers(file, instruction):
            for ability, line in _by_flags(file, inner):
                found.setdefault(ability, line)
    return found


def _by_flags(file: Dockerfile, instruction: Instruction) -> Iterator[tuple[Ability, int]]:
    for flag in instruction.flags:
        if ability := _FLAGS.get((instruction.keyword, flag.name)):
            yield ability, file.source.line(flag.span.start)


def _triggers(file: Dockerfile, onbuild: Instruction) -> bool:
    """Whether a stage of the file starts from the stage with this ONBUILD."""
    name = next((stage.name for stage in file.stages if onbuild in stage.body), None)
    return name is not None and any(stage.start.value.split()[0].lower() == name for stage in file.stages)


def frontend(file: Dockerfile) -> str | None:
    """The image that the `# syntax=` line names. Source: https://docs.docker.com/reference/dockerfile/#syntax"""
    return file.directives.get("syntax")


def probe(ability: Ability) -> str:
    """A Dockerfile that needs `ability`, for a build without a context that matters. The build fails in any case; an
    engine lacks the ability where `refused` says so of its message."""
    text: str = table("abilities")[ability.name]["probe"]
    return text.lstrip("\n")


def refused(message: str) -> bool:
    """Whether an engine's error message says that it does not know the syntax, rather than that the build failed."""
    return _refusals().search(message) is not None


@cache
def _refusals() -> re.Pattern[str]:
    patterns = [pattern for entry in table("abilities")["refused"] for pattern in entry["patterns"]]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def check(file: Dockerfile, engine: Engine) -> None:
    """Raise `Unable`, with what to do, where `engine` cannot build `file`.

    A frontend that cannot be fetched shows only in the build, see `frontend_missing`.
    """
    if frontend(file) and _takes_frontends(engine):
        return
    for ability, line in needs(file).items():
        if not engine.can(ability):
            raise Unable(_advice(ability, line, engine))


def _takes_frontends(engine: Engine) -> bool:
    """Whether the engine reads the file by the frontend that its `# syntax=` line names: only BuildKit does. Docker's
    builder of old, which ignores that line too, has no RUN --mount."""
    return is_buildkit(engine) and engine.can(Ability.RUN_MOUNT)


def is_buildkit(engine: Engine) -> bool:
    """Whether BuildKit builds what the engine is given, rather than Buildah."""
    return engine.name.split()[0] not in ("podman", "buildah")


def _advice(ability: Ability, line: int, engine: Engine) -> str:
    about = table("abilities")[ability.name]
    *versions, last = (f"{builder} {version}" for builder, version in about["since"].items())
    syntax = ", or begin the file with `# syntax=docker/dockerfile:1`" if is_buildkit(engine) else ""
    return (
        f"Line {line} uses {about['phrase']}, which {engine.name} cannot read: use {', '.join(versions)} or {last}, or "
        f"a newer version of one of them{syntax}."
    )


def frontend_missing(message: str) -> str | None:
    """What to tell the user where a build failed because the file's frontend cannot be fetched; None for any other
    failure. `message` is all that the engine said of the build."""
    step = _FRONTEND_STEP.search(message)
    if step is None:
        return None
    cause = _CAUSE.search(message)
    return (
        f"The engine cannot fetch the frontend {step[1]}, which the `# syntax=` line (or BUILDKIT_SYNTAX) names"
        f"{f' ({cause[1]})' if cause else ''}: pull it beforehand, name a copy that the engine reaches with "
        "`--build-arg BUILDKIT_SYNTAX=...`, or take the line out if the engine's own frontend is enough for the file."
    )
