"""What pip, and what speaks its language (`uv pip`, pip-sync), needs of the project.

Source: https://pip.pypa.io/en/stable/cli/pip_install/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from rewriter.project.needs import Needs
from rewriter.project.python.environments import check_surroundings, environments, write_environments
from rewriter.project.python.options import configured, given, surrounding
from rewriter.project.python.reading import Reading, Unknowable, word_text
from rewriter.project.python.requirements import Requirements

_INSTALLS = frozenset(("install", "wheel", "download", "uninstall"))
# Source: https://pip.pypa.io/en/stable/cli/
_APART = frozenset(("cache", "check", "config", "debug", "help", "inspect", "list", "search", "show", "index"))


def needs(reading: Reading) -> Needs | None:
    """What a pip or pip-sync command needs; raises `Unknowable`."""
    call = reading.call
    if call.program == "pip-sync":
        check_surroundings(reading)
        options = [*given(reading, "pip"), *surrounding(reading, "pip", "PIP_")]
        files = [("requirements", word_text(word, reading)) for word in call.operands]
        return install(
            reading, "pip", environments(reading), [*options, *(files or [("requirements", "requirements.txt")])]
        )
    if call.subcommand in _APART or (not call.subcommand and call.has("--version", "-V", "--help", "-h")):
        return Needs(reads=())
    if call.subcommand == "freeze" and not call.options:
        return Needs(reads=())
    if call.subcommand not in _INSTALLS:
        return None
    check_surroundings(reading)
    places = environments(reading)
    options = [*given(reading, "pip"), *surrounding(reading, "pip", "PIP_"), *configured(reading, places)]
    return install(reading, "pip", places, options, [word_text(word, reading) for word in call.operands])


def install(
    reading: Reading,
    tool: str,
    places: tuple[str, ...],
    options: list[tuple[str, str]],
    operands: list[str] | None = None,
) -> Needs:
    """What an installation into the environments at `places` needs, with `options` (see python_options.py) and the
    requirements `operands`; raises `Unknowable`."""
    requirements = Requirements(reading, tool, places)
    command = reading.title
    for kind, value in options:
        if kind == "python":
            places = (*places, *_environment(value))
        else:
            requirements.take(kind, value, command)
    for text in operands or ():
        requirements.requirement(text, f"{command} {text}")
    write_environments(reading, places)
    _defaults(reading)
    return reading.needs()


def _environment(python: str) -> Iterator[str]:
    """The environment that an interpreter named by its path belongs to, or that is named itself."""
    if "/" in python or python.startswith("."):
        folder, name = posixpath.split(python)
        yield posixpath.dirname(folder) if posixpath.basename(folder) == "bin" and name.startswith("py") else python


def _defaults(reading: Reading) -> None:
    """Folders that pip writes to without being told."""
    call = reading.call
    home = reading.env.get("HOME")
    for name in (".local", ".cache/pip") if home else ():
        reading.write(posixpath.join(home or "", name))
    told = {"wheel": ("-w", "--wheel-dir"), "download": ("-d", "--dest")}.get(call.subcommand)
    variables = {"wheel": "PIP_WHEEL_DIR", "download": "PIP_DEST"}.get(call.subcommand)
    if told and not call.has(*told) and variables not in reading.env:
        for place in reading.view.places:
            if f"{reading.view.folder}/".startswith(place.target.rstrip("/") + "/"):
                raise Unknowable(f"{reading.title} writes files into {reading.view.folder}, among those of the project")
