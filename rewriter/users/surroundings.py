"""What lies beside the Dockerfile and says how its containers are run: compose files, actions, dev containers."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.project.builds import text_of
from rewriter.project.context import Project, Unfit
from rewriter.project.discovery import above
from rewriter.project.services import services

_ACTIONS = ("action.yml", "action.yaml")
# Where dev containers are described, and how the root of the project is named there.
# Source: https://containers.dev/implementors/json_reference/#image-specific
_DEV = {".devcontainer/devcontainer.json": "../", ".devcontainer.json": ""}
# Where a project shows how its image is run: `docker run -v /var/run/docker.sock:…`
_READMES = ("README.md", "README.rst", "README.txt", "README")
_SOCKET = "docker.sock:"
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
    for name, root_ in _DEV.items():
        if _says(project, name, f'"{root_}{dockerfile}"'):
            return f"{name} makes it a dev container, which has its own settings for the user"
    return ""


def _says(project: Project, name: str, word: str) -> bool:
    if project.kind(name) != "file":
        return False
    try:
        return word in project.text(name)
    except Unfit:
        return False


def mounts(facts: Facts, *, read: bool = False) -> Iterator[tuple[str, str, Evidence]]:
    """What compose files mount into the service and let it write, or only `read` as well: source, target, and where
    that is said."""
    for service in services(facts.project):
        volumes = service.values.get("volumes")
        for volume in volumes if isinstance(volumes, list) else ():
            source, target, mode = "", "", ""
            if isinstance(volume, str):
                source, _, rest = volume.replace("${", "{").partition(":")
                target, _, mode = rest.partition(":")
                target = target or source
            elif isinstance(volume, dict):
                source, target = str(volume.get("source", "")), str(volume.get("target", ""))
                mode = "ro" if volume.get("read_only") else ""
            if read or "ro" not in mode.split(","):
                yield source, target, Evidence(f"mounts {target}", service.line_of(target), service.file)


def rights(facts: Facts) -> str:
    """Why a compose file shows that the service needs more than a user has; "" where none does."""
    for service in services(facts.project):
        for key in _RIGHTS:
            if service.values.get(key):
                return f"{service.file} gives the service {key}"
    for source, target, evidence in mounts(facts, read=True):
        if "docker.sock" in source or "containerd.sock" in source:
            return f"{evidence.file}:{evidence.line} mounts {source}, which root alone may use"
        if f"{posixpath.normpath(target)}/".startswith("/root/"):
            return f"{evidence.file}:{evidence.line} mounts {target}, and no other user may enter /root"
    return ""


def ports(facts: Facts) -> Iterator[int]:
    """The ports of the container that compose files publish.

    Source: https://docs.docker.com/reference/compose-file/services/#ports
    """
    for service in services(facts.project):
        given = service.values.get("ports")
        for each in given if isinstance(given, list) else ():
            port = str(each.get("target", "") if isinstance(each, dict) else each)
            last = port.rpartition(":")[2].partition("/")[0].partition("-")[0]
            if last.isdecimal():
                yield int(last)


def socket(facts: Facts) -> str:
    """Why the project's own words show that containers are given Docker's socket; "" where they do not."""
    if facts.project.root is None:
        return ""
    root = Path(os.path.abspath(facts.project.root))
    for folder in above(root):
        for name in _READMES:
            file = os.path.relpath(folder / name, root)
            facts.project.asked.add(file)
            lines = text_of(folder / name).split("\n")
            line = next((number for number, text in enumerate(lines, 1) if _SOCKET in text), None)
            if line is not None:
                return f"{file}:{line} mounts docker.sock, which root alone may use"
    return ""
