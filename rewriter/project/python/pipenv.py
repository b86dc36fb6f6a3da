"""What pipenv needs of the project.

Source: https://pipenv.pypa.io/en/latest/; what the commands open was seen with strace and pipenv 2026.
"""

from __future__ import annotations

import posixpath
from typing import Any

from rewriter.project import manifests
from rewriter.project.needs import Needs
from rewriter.project.python.environments import check_surroundings
from rewriter.project.python.options import given
from rewriter.project.python.reading import Reading, Unknowable
from rewriter.project.python.requirements import Requirements

_ELSEWHERE = frozenset(("PIPENV_PIPFILE", "PIPENV_CUSTOM_VENV_NAME"))


def needs(reading: Reading) -> Needs | None:
    """What a pipenv command needs; None for `pipenv run` and others that install nothing. Raises `Unknowable`."""
    call = reading.call
    match call.subcommand:
        case "install" | "sync":
            return _install(reading)
        case "update" | "lock" | "upgrade" | "uninstall":
            raise Unknowable(f"{reading.title} changes Pipfile.lock")
        case "" if call.has("--version"):
            return Needs(reads=())
    return None


def _install(reading: Reading) -> Needs:
    call = reading.call
    view = reading.view
    check_surroundings(reading)
    for _ in given(reading, "pipenv"):
        raise Unknowable(f"an option of {reading.title} names files")
    if call.operands:
        raise Unknowable("pipenv install with packages changes the Pipfile")
    if elsewhere := sorted(_ELSEWHERE.intersection(reading.env)):
        raise Unknowable(f"{elsewhere[0]} leads pipenv to other files")
    data = manifests.toml(view, "Pipfile")
    reading.read("Pipfile")
    if view.kind("Pipfile.lock") == "file":
        reading.read("Pipfile.lock")
        reading.fact("pins what is installed", "Pipfile.lock")
        sections = manifests.json_object(view, "Pipfile.lock")
    elif call.has("--skip-lock"):
        reading.fact("lists what is installed", "Pipfile")
        sections = data
    else:
        raise Unknowable(f"{reading.where('Pipfile')} has no Pipfile.lock that is copied beside it: commit one")
    reading.read_any(".env", "pylock.toml")
    for section, packages in (*data.items(), *sections.items()):
        if section not in ("_meta", "source", "requires", "scripts", "pipenv") and isinstance(packages, dict):
            _packages(reading, packages, "Pipfile")
    _environment(reading)
    return reading.needs()


def _packages(reading: Reading, packages: dict[str, Any], name: str) -> None:
    requirements = Requirements(reading, "pip", ())
    for package in packages.values():
        if isinstance(package, dict):
            for key in ("path", "file"):
                if isinstance(path := package.get(key), str):
                    text = path if "://" in path or path.startswith((".", "/")) else f"./{path}"
                    requirements.requirement(text, f"{reading.where(name)} {path}")
            if "git" in package and package.get("editable"):
                raise Unknowable(f"{reading.where(name)} keeps the sources of a repository in a folder src")


def _environment(reading: Reading) -> None:
    """Find out where pipenv installs to: https://pipenv.pypa.io/en/latest/virtualenv.html"""
    if reading.call.has("--system") or reading.flag("PIPENV_SYSTEM"):
        return
    inside = reading.flag("PIPENV_VENV_IN_PROJECT")
    if inside is not True and "PIPENV_VENV_IN_PROJECT" not in reading.env and reading.view.kind(".venv"):
        advice = "leave it out of the context"
        raise Unknowable(f"{reading.where('.venv')} is copied into the image, and pipenv would use it: {advice}")
    if active := reading.env.get("VIRTUAL_ENV"):
        reading.write(active)
    if workon := reading.env.get("WORKON_HOME"):
        reading.write(workon)
    reading.write(posixpath.join(reading.view.folder, ".venv"))
