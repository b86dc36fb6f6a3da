"""Which reader answers for which command.

Each ecosystem has a room of its own below this one; the module of the reader is imported when its command is met.
"""

from __future__ import annotations

import posixpath
import re
from importlib import import_module
from typing import cast

from rewriter.project.context import Unfit
from rewriter.project.needs import Answer, Obstacle, View
from rewriter.syntax.vocabulary import Call

_COMMANDS = {
    "python.reader": ". pip pip-sync pdm pipenv poetry pypy python pyvenv source uv virtualenv",
    "node.reader": "bun corepack node npm npx pnpm yarn",
    "go.reader": "go",
    "rust.reader": "cargo",
    "java.maven": "mvn",
    "java.gradle": "gradle",
    "dotnet.reader": "dotnet",
    "php.reader": "composer",
    "ruby.reader": "bundle gem",
    "elixir.reader": "mix",
}
READERS: dict[str, str] = {command: reader for reader, names in _COMMANDS.items() for command in names.split()}
# fmt: off
# How the variables begin that a tool takes for its options, and how those end that say nothing about files.
_VARIABLES: dict[str, tuple[str, ...]] = {
    "python": ("PIP_", "UV_", "POETRY_", "PIPENV_", "PDM_", "VIRTUAL_ENV"), "node": ("NPM_CONFIG_", "YARN_", "PNPM_"),
    "go": ("GO",), "rust": ("CARGO_",), "java": ("MAVEN_", "GRADLE_"), "dotnet": ("NUGET_", "DOTNET_"),
    "php": ("COMPOSER",), "ruby": ("BUNDLE_",), "elixir": ("MIX_", "HEX_"),
}
# fmt: on
_HARMLESS = re.compile(
    r"(?i).*(?:ARCH|HOST|HTTP|LEVEL|LOGLEVEL|MEMORY|OPTOUT|OS|PASSWORD|PROXY|REGISTRY|RETRIES|TIMEOUT|TOKEN|URL|USER|"
    r"USERNAME|VERSION|_ENV|SUMDB|PRIVATE|COLOR|LOGO)\Z"
)


def has_reader(call: Call) -> bool:
    """Whether a reader answers for commands of this name."""
    return posixpath.basename(call.program) in READERS


def needs(call: Call, view: View) -> Answer:
    """What `call` needs of the project that it sees in `view`; None for a command of no ecosystem, and for one that
    neither installs nor builds."""
    name = posixpath.basename(call.program)
    reader = READERS.get(name) or READERS.get(name.rstrip(".0123456789"))  # python3.12
    if reader is None:
        return None
    for name in sorted(view.open):
        if name.upper().startswith(_VARIABLES[reader.partition(".")[0]]) and not _HARMLESS.match(name):
            return Obstacle(f"the value of {name} is not known")
    try:
        return cast("Answer", import_module(f"rewriter.project.{reader}").needs(call, view))
    except Unfit as error:
        return Obstacle(str(error))
