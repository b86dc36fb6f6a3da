"""What a Node program that is started by node alone could be on: a distroless image, without a shell."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence

from rewriter.project.context import Unfit
from rewriter.project.node import code
from rewriter.project.node.installed import installed
from rewriter.stages.kit import Minimal, Obstacle, Shown
from rewriter.stages.node.dev import sources
from rewriter.stages.node.programs import MANAGERS, data, words_of
from rewriter.stages.node.slim import libraries
from rewriter.steps.start import Started

# What the stage may say; anything else needs a shell, or a user that distroless images lack.
_PLAIN = frozenset(
    (
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "LABEL",
        "MAINTAINER",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    )
)
_RUNNERS = frozenset(("docker-entrypoint.sh", "cross-env", "env"))
_EXECUTES = frozenset(
    (
        "child_process",
        "node:child_process",
        "cross-spawn",
        "execa",
        "nano-spawn",
        "node-cmd",
        "node-pty",
        "shelljs",
        "tinyexec",
        "zx",
    )
)
_NODE = "/nodejs/bin/node"
_OF_NPM = ("npm_package_", "npm_config_", "npm_lifecycle_")
_CHECK = (
    "it has no shell: debug it with the tag `debug` of the same image or `docker debug`, and check with "
    "`dockerslim verify` that it still starts"
)


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """The distroless image of the same version of Node and the same release of Debian.

    Source: https://github.com/GoogleContainerTools/distroless/blob/main/nodejs/README.md: it has ENTRYPOINT
    ["/nodejs/bin/node"], the libraries of glibc, libstdc++ and OpenSSL, certificates and time zones.
    """
    base = shown.image.base
    table = data()["distroless"]
    major = (base.version or "").split(".")[0]
    if base.distribution != "debian" or major not in table["majors"] or base.version is None:
        return None
    if any(instruction.keyword == "RUN" for instruction in shown.image.stage.body):
        return None
    release = table["releases"].get(base.release or "bookworm")
    if release is None:
        return None
    try:
        command, settings = _command(shown)
        _check(shown)
    except Unfit:
        return None  # such a program is right where it is
    if named := _named_user(shown):
        return Obstacle(named)
    return Minimal(
        table["image"].format(major=major, release=release),
        f"{base.name} ships a shell, npm and a package manager beside node"
        + (f" (the new base has the newest Node {major})" if "." in base.version else ""),
        _CHECK,
        (shown.start.last.fact("starts node alone"),) if shown.start.last else (),
        settings=settings,
        command=_lines(shown, command),
        declares=frozenset(("cmd", "entrypoint", "env", "user", "workdir", "shell")),
    )


def _lines(shown: Shown, command: list[str]) -> tuple[str, ...]:
    """ENTRYPOINT and CMD for the new base: what the container is given at its start still comes behind ENTRYPOINT."""
    state = shown.image.final
    match state.entrypoint, state.cmd:
        case ("exec", tuple(entry)), ("exec", tuple(rest)) if (
            len(entry) > 1 and posixpath.basename(str(entry[0])) == "node"
        ):
            lines = [_json("ENTRYPOINT", [_NODE, *map(str, entry[1:])])]
            return (*lines, _json("CMD", [str(word) for word in rest])) if rest else tuple(lines)
    return (_json("CMD", command),)


def _json(keyword: str, words: list[str]) -> str:
    return f"{keyword} {json.dumps(words, ensure_ascii=False)}"


def _command(shown: Shown) -> tuple[list[str], tuple[str, ...]]:
    """What node is given, and the variables that a package script sets for it. Raises `Unfit` where more is started."""
    start = shown.start
    if start.unknown or start.scripts or start.inits:
        raise Unfit("the start command", start.unknown or "runs through a script or an init of the image")
    alone: list[Started] = []
    for started in start.commands:
        name = posixpath.basename(started.call.program)
        if name not in _RUNNERS and name not in MANAGERS and not (start.shell and name == "sh"):
            alone.append(started)
    if len(alone) != 1 or posixpath.basename(alone[0].call.program) != "node":
        raise Unfit("the start command", "runs more than one file by node")
    call, words = alone[0].call, words_of(alone[0].call)[1:]
    managed = any(posixpath.basename(each.call.program) in MANAGERS for each in start.commands)
    if not words or call.statement.redirects or any("$" in word or "*" in word for word in words):
        raise Unfit("the start command", "needs a shell")
    assigned: Sequence[str] = [word.raw for word in (*call.statement.assignments, *call.wrappers) if "=" in word.raw]
    if call.wrappers and len(assigned) != len(call.wrappers) + len(call.statement.assignments):
        raise Unfit("the start command", f"runs {call.wrappers[0].raw}")
    for each in start.commands:
        if posixpath.basename(each.call.program) == "cross-env":
            raise Unfit("the start command", "runs cross-env, which sets variables for it")
    if managed and alone[0].folder != shown.view.folder:
        raise Unfit("the start command", "runs in another folder")
    return words, tuple(f"ENV {word}" for word in assigned)


def _named_user(shown: Shown) -> str:
    """Where the stage names a user that distroless images lack; "" where it does not."""
    for instruction in shown.image.stage.body:
        user = instruction.value if instruction.keyword == "USER" else instruction.flag("chown")
        if user and not user.replace(":", "").isdigit():
            line = instruction.first_line
            return f"line {line} names the user {user}, which an image without a shell lacks: say its number"
    return ""


def _check(shown: Shown) -> None:
    """Raise `Unfit` where the stage or the program needs what such an image lacks."""
    for instruction in shown.image.stage.body:
        line = f"line {instruction.first_line}"
        if instruction.keyword not in _PLAIN:
            raise Unfit(line, f"has {instruction.keyword}, which needs a program of the image")
    view = shown.view
    if view.kind("package.json"):
        lock = installed(view)
        needed, _ = libraries(shown, lock)
        if needed:
            raise Unfit(lock.view.file(lock.file) or lock.file, f"has packages that need {' '.join(sorted(needed))}")
    for file in sources(view):
        text = view.project.text(file)
        root = code.tree_of(file, text)
        strings = code.strings(root) if root else filter(None, (code.named(text, _EXECUTES),))
        if found := next((each for each in strings if each.value in _EXECUTES), None):
            raise Unfit(f"{file}:{found.line}", f"names {found.value}, and runs other programs")
        if any(name in text for name in _OF_NPM):
            raise Unfit(file, "reads variables that npm sets")
