"""What lies beside the Dockerfile and says how its containers are run: compose files, actions, dev containers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.project import plain_yaml
from rewriter.project.builds import COMPOSE
from rewriter.project.context import Project, Unfit
from rewriter.project.manifests import line_of

_ACTIONS = ("action.yml", "action.yaml")
# Where dev containers are described, and how the root of the project is named there.
# Source: https://containers.dev/implementors/json_reference/#image-specific
_DEV = {".devcontainer/devcontainer.json": "../", ".devcontainer.json": ""}
# Source: https://docs.docker.com/reference/compose-file/services/
_RIGHTS = ("privileged", "cap_add", "devices", "pid")


def special(facts: Facts) -> str:
    """Why images of this Dockerfile must run as root whatever is in them; "" where nothing says so."""
    project = facts.project
    dockerfile = project.dockerfile or "Dockerfile"
    for name in _ACTIONS:
        # Source: https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
        if _says(project, posixpath.join(posixpath.dirname(dockerfile), name), "docker") or _says(
            project, name, "docker"
        ):
            return f"{name} makes it a GitHub action, and those must run as root"
    root = project.root.name if project.root is not None else ""
    if ".devcontainer" in (*dockerfile.split("/"), root):
        return "it is a dev container, which has its own settings for the user"
    for name, above in _DEV.items():
        if _says(project, name, f'"{above}{dockerfile}"'):
            return f"{name} makes it a dev container, which has its own settings for the user"
    return ""


def _says(project: Project, name: str, word: str) -> bool:
    if project.kind(name) != "file":
        return False
    try:
        return word in project.text(name)
    except Unfit:
        return False


def services(facts: Facts) -> Iterator[tuple[str, dict[str, Any]]]:
    """The services that the compose files in the context build from this Dockerfile, each with its file."""
    project = facts.project
    for name in project.names("."):
        if not COMPOSE.match(name):
            continue
        try:
            document = plain_yaml.load(project.text(name))
        except (Unfit, ValueError):
            continue
        found = document.get("services") if isinstance(document, dict) else None
        for service in (found if isinstance(found, dict) else {}).values():
            if isinstance(service, dict) and _builds(project, service.get("build")):
                yield name, service


def _builds(project: Project, build: object) -> bool:
    """Whether `build`, of a compose file in the context's root, builds this Dockerfile from the context."""
    context = build if isinstance(build, str) else build.get("context", ".") if isinstance(build, dict) else None
    if not isinstance(context, str) or posixpath.normpath(context) != ".":
        return False
    named = build.get("dockerfile", "Dockerfile") if isinstance(build, dict) else "Dockerfile"
    return posixpath.normpath(str(named)) == posixpath.normpath(project.dockerfile or "Dockerfile")


def mounts(facts: Facts) -> Iterator[tuple[str, str, Evidence]]:
    """What compose files mount into the service and let it write: source, target, and where that is said."""
    for name, service in services(facts):
        volumes = service.get("volumes")
        for volume in volumes if isinstance(volumes, list) else ():
            source, target, mode = "", "", ""
            if isinstance(volume, str):
                source, _, rest = volume.replace("${", "{").partition(":")
                target, _, mode = rest.partition(":")
                target = target or source
            elif isinstance(volume, dict):
                source, target = str(volume.get("source", "")), str(volume.get("target", ""))
                mode = "ro" if volume.get("read_only") else ""
            if "ro" not in mode.split(","):
                line = line_of(facts.project.text(name), re.escape(target))
                yield source, target, Evidence(f"mounts {target}", line, name)


def rights(facts: Facts) -> str:
    """Why a compose file shows that the service needs more than a user has; "" where none does."""
    for name, service in services(facts):
        for key in _RIGHTS:
            if service.get(key):
                return f"{name} gives the service {key}"
    for source, _, evidence in mounts(facts):
        if "docker.sock" in source or "containerd.sock" in source:
            return f"{evidence.file}:{evidence.line} mounts {source}, which root alone may use"
    return ""
