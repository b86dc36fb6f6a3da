"""What pdm needs of the project.

Source: https://pdm-project.org/en/latest/usage/dependency/, https://pdm-project.org/en/latest/usage/hooks/; what the
commands open was seen with strace and pdm 2.29.
"""

from __future__ import annotations

import posixpath

from rewriter.project import manifests
from rewriter.project.needs import Needs
from rewriter.project.python.command import ahead
from rewriter.project.python.environments import check_surroundings
from rewriter.project.python.local import project_folder
from rewriter.project.python.options import given
from rewriter.project.python.reading import Reading, Unknowable

_ENVIRONMENTS = (".venv", "__pypackages__")
_TAKEN = (*_ENVIRONMENTS, "venv", "env", ".pdm-python", ".pdm-plugins")


def needs(reading: Reading) -> Needs | None:
    """What a pdm command needs; None for `pdm run` and others that install nothing. Raises `Unknowable`."""
    call = reading.call
    match call.subcommand:
        case "install" | "sync":
            return _install(reading)
        case "add" | "remove" | "update" | "lock":
            raise Unknowable(f"{reading.title} changes pyproject.toml or pdm.lock")
        case "config" if not call.has("--local", "-l"):
            return Needs(reads=())
        case "" if call.has("--version", "-V"):
            return Needs(reads=())
    return None


def _install(reading: Reading) -> Needs:
    call = reading.call
    view = reading.view
    check_surroundings(reading)
    for _ in given(reading, "pdm"):
        raise Unknowable(f"an option of {reading.title} names files")
    data = manifests.toml(view, "pyproject.toml")
    where = reading.where("pyproject.toml")
    tools = data.get("tool")
    tool = tools.get("pdm", {}) if isinstance(tools, dict) else {}
    tool = tool if isinstance(tool, dict) else {}
    reading.read("pyproject.toml")
    if view.kind("pdm.lock") != "file":
        raise Unknowable(f"{where} has no pdm.lock that is copied beside it: commit one")
    reading.read("pdm.lock")
    reading.read_any("pdm.toml", ".pdm.toml", ".python-version")
    for hook in tool.get("scripts", {}) if isinstance(tool.get("scripts"), dict) else ():
        if hook.startswith(("pre_", "post_")) or hook == "_":
            raise Unknowable(f"{where} runs its script {hook} with the installation")
    if "plugins" in tool:
        raise Unknowable(f"{where} asks for plugins of pdm, and what those read is not known")
    for name in _TAKEN:
        if view.kind(name) is not None:
            raise Unknowable(
                f"{reading.where(name)} is copied into the image, and pdm would use it: leave it out of the context"
            )
    reading.fact("pins what is installed", "pdm.lock")
    packages = manifests.toml(view, "pdm.lock").get("package", [])
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, dict) and isinstance(path := package.get("path"), str):
            lock = reading.where("pdm.lock")
            match view.kind(path):
                case "file":
                    reading.read(path)
                case "folder":
                    project_folder(reading, posixpath.normpath(path), lock)
                case None:
                    raise Unknowable(f"{lock} names {path}, which is not among the files of the project")
    if active := reading.env.get("VIRTUAL_ENV"):
        reading.write(active)
    for name in (*_ENVIRONMENTS, ".pdm-python"):
        reading.write(name)
    distribution = tool.get("distribution", "build-system" in data)
    if not distribution or call.has("--no-self") or reading.flag("PDM_NO_SELF"):
        return reading.needs()
    return reading.needs(ahead(call, "--no-self"), "pdm still installs the project itself")
