"""How a project says that its images are built: compose files, bake files, and the workflows of GitHub.

Hostile files do no harm: they are small or not read, nothing in them is run, and a repeated anchor costs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewriter.project import plain_yaml

COMPOSE = re.compile(r"(?:docker-)?compose(?:[._-][\w.-]+)?\.ya?ml\Z", re.IGNORECASE)
BAKE = re.compile(r"docker-bake(?:\.override)?\.(?:hcl|json)\Z")
_MAIN_COMPOSE = re.compile(r"(?:docker-)?compose\.ya?ml\Z", re.IGNORECASE)
# Larger files of these kinds are not written by people.
_LARGEST = 400_000
_MOST = 40
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::?-([^{}$]*))?\}|(\w+)|)")
_SETTING = re.compile(r"(?:export )?([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|[^\s#\"']*)[ \t]*(?:#.*)?\Z", re.ASCII)
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/:]+@[^/:]+:|github\.com/|\{\{")


@dataclass(frozen=True)
class Declared:
    """A build that a file declares. `context` and `dockerfile` are the paths it names, as absolute as `file` is;
    `service` holds what a compose file says of the service besides, and how it is run."""

    file: Path
    name: str
    context: Path
    dockerfile: Path
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    service: Mapping[str, Any] = field(default_factory=dict)


def declared(folder: Path) -> Iterator[Declared]:
    """The builds that the compose and bake files in `folder` declare."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return
    compose = [name for name in names if COMPOSE.match(name)][:_MOST]
    yield from _compose(folder, sorted(compose, key=lambda name: (not _MAIN_COMPOSE.match(name), name)))
    yield from _bake(folder, [name for name in names if BAKE.match(name)])


def workflows(root: Path) -> Iterator[Declared]:
    """The builds of docker/build-push-action in the workflows of the repository at `root`.

    Source: https://github.com/docker/build-push-action#inputs: without a context it is the repository.
    """
    folder = root / ".github" / "workflows"
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".yml", ".yaml"))[:_MOST]
    except OSError:
        return
    for file in files:
        for name, job in _items(_yaml(file, "build-push-action"), "jobs"):
            steps = job.get("steps") if isinstance(job, dict) else None
            for step in steps if isinstance(steps, list) else ():
                if isinstance(step, dict) and str(step.get("uses", "")).startswith("docker/build-push-action@"):
                    given = step.get("with")
                    build = dict(given) if isinstance(given, dict) else {}
                    context = _plain(build.get("context", "."))
                    if context is None:
                        continue
                    path = _plain(build["file"]) if "file" in build else f"{context}/Dockerfile"
                    if path is not None:
                        args = _args(str(build.get("build-args", "")).splitlines(), _plain)
                        yield Declared(file, name, root / context, root / path, _plain(build.get("target")), args)


def _compose(folder: Path, names: list[str]) -> Iterator[Declared]:
    """What the main file says is completed by the others; names in it may come from the file `.env` beside it.

    Source: https://docs.docker.com/reference/compose-file/build/ and merge/, and
    https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/
    """
    variables = _environment(folder / ".env") if names else {}

    def known(value: object) -> str | None:
        return _known(value, variables)

    main: dict[str, dict[str, Any]] = {}
    for file in (folder / name for name in names):
        for name, service in _items(_yaml(file, "services"), "services"):
            service = service if isinstance(service, dict) else {}
            build = service.get("build")
            own = {"context": build} if isinstance(build, str) else build if isinstance(build, dict) else {}
            whole = {**main.get(name, {}), **own}
            if _MAIN_COMPOSE.match(file.name):
                main[name] = whole
            if "dockerfile_inline" in whole or not {"context", "dockerfile"} & whole.keys():
                continue
            context, path = known(whole.get("context", ".")), known(whole.get("dockerfile", "Dockerfile"))
            if context is not None and path is not None:
                args = _args(whole.get("args"), _known)
                at = folder / context
                yield Declared(file, name, at, at / path, known(whole.get("target")), args, service)


def _environment(file: Path) -> dict[str, str]:
    """The plain variables of an environment file.

    Source: https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
    """
    found: dict[str, str] = {}
    for line in text_of(file).splitlines():
        if (match := _SETTING.match(line)) and (value := _known(match[2].strip("\"'"), found)) is not None:
            found[match[1]] = value
    return found


def _bake(folder: Path, names: list[str]) -> Iterator[Declared]:
    """Source: https://docs.docker.com/build/bake/reference/"""
    targets: dict[str, dict[str, Any]] = {}
    files: dict[str, Path] = {}
    variables: dict[str, str] = {}
    for name in sorted(names, key=lambda name: ("override" in name, name)):
        file = folder / name
        for kind, label, values in _hcl(file) if name.endswith(".hcl") else _bake_json(file):
            if kind == "variable" and isinstance(values.get("default"), str):
                variables[label] = values["default"]
            if kind == "target":
                targets[label] = {**targets.get(label, {}), **values}
                files[label] = file

    def known(value: object) -> str | None:
        return _known(value, variables)

    for label, file in files.items():
        build = _inherited(label, targets, known)
        if "dockerfile-inline" in build or not {"context", "dockerfile"} & build.keys():
            continue
        spelled = str(build.get("dockerfile", "Dockerfile"))
        context, path = known(build.get("context", ".")), known(spelled.removeprefix("cwd://"))
        if context is not None and path is not None:
            at = folder / context
            beside = (folder if spelled.startswith("cwd://") else at) / path
            yield Declared(file, label, at, beside, known(build.get("target")), _args(build.get("args"), known))


def _inherited(
    label: str, targets: Mapping[str, dict[str, Any]], known: Callable[[object], str | None]
) -> dict[str, Any]:
    """The values of a target with those of the targets that it inherits from."""
    order: list[str] = []
    todo = [label]
    while todo:
        name = todo.pop()
        if name in targets and name not in order:
            order.append(name)
            above = targets[name].get("inherits")
            todo += [text for one in above if (text := known(one))] if isinstance(above, list) else []
    whole: dict[str, Any] = {}
    for values in (targets[name] for name in reversed(order)):
        args = [part for part in (whole.get("args"), values.get("args")) if isinstance(part, dict)]
        whole |= {**values, "args": {name: value for part in args for name, value in part.items()}}
    return whole


def _hcl(file: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    from rewriter.project.hcl import blocks

    try:
        found = blocks(text_of(file))
    except ValueError:
        return
    for block in found:
        if len(block.labels) == 1:
            yield block.kind, block.labels[0], block.values


def _bake_json(file: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    try:
        found = json.loads(text_of(file) or "{}")
    except (ValueError, RecursionError):
        return
    for kind in ("variable", "target"):
        for label, values in _items(found, kind):
            if isinstance(values, dict):
                yield kind, label, values


def _yaml(file: Path, word: str) -> Any:
    """The YAML `file` in plain values; None where it does not hold `word`, or cannot be read."""
    text = text_of(file)
    if word not in text:
        return None
    try:
        return plain_yaml.load(text)
    except ValueError:
        return None


def text_of(file: Path) -> str:
    """The text of `file`; empty where it is too large, no file or not UTF-8."""
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            return ""
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def _items(found: object, key: str) -> list[tuple[str, Any]]:
    below = found.get(key) if isinstance(found, dict) else None
    return [(str(name), value) for name, value in below.items()] if isinstance(below, dict) else []


def _args(given: object, known: Callable[[object], str | None]) -> dict[str, str]:
    """Build arguments, as a map or as `NAME=value` lines, as far as their values are known."""
    if isinstance(given, list):
        pairs = [str(line).strip().partition("=") for line in given]
        given = {name: value for name, found, value in pairs if found}
    named = given if isinstance(given, dict) else {}
    return {str(name): text for name, value in named.items() if (text := known(value)) is not None}


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) and "${{" not in value and not _REMOTE.match(value) else None


def _known(value: object, variables: Mapping[str, str] | None = None) -> str | None:
    """`value` with its variables replaced by `variables` and their defaults; None where one has none, and for an
    address.

    Source: https://docs.docker.com/reference/compose-file/interpolation/
    """
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    text, unknown = str(value), False

    def replaced(match: re.Match[str]) -> str:
        nonlocal unknown
        dollar, name, default, bare = match.groups()
        if dollar:
            return "$"
        found = (variables or {}).get(name or bare or "", default)
        unknown = unknown or found is None
        return found or ""

    text = _VARIABLE.sub(replaced, text)
    return None if unknown or _REMOTE.match(text) else text
