"""Where a Python package manager installs to, and what Python itself takes from the folders around it."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator

from rewriter.project.python.reading import Reading, Unknowable, word_text
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call

_BIN = re.compile(r"(.*/|)bin/[^/]+\Z")
_USUAL = re.compile(r"/\.?(?:v|virtual|py)?env/bin/?\Z")
_SITE = ("sitecustomize", "usercustomize")
# Version managers whose `pip` and `python` ask a file which version they are.
# Source: https://github.com/pyenv/pyenv#understanding-python-version-selection, https://asdf-vm.com/manage/configuration.html
_SHIMS = {"pyenv": ".python-version", "asdf": ".tool-versions", "mise": ".tool-versions"}
_VALUES = frozenset(
    ("-p", "--python", "--prompt", "--creator", "--discovery", "--seeder", "--app-data", "--activators")
)


def environments(reading: Reading) -> tuple[str, ...]:
    """The virtual environments that the command may install into: those that earlier commands made or switched to."""
    found: dict[str, None] = {}
    if (active := reading.env.get("VIRTUAL_ENV")) is not None:
        found[reading.view.path(active)] = None
    elif "VIRTUAL_ENV" in reading.env:
        raise Unknowable("the value of VIRTUAL_ENV is not known")
    for word in (reading.call.head, *reading.call.wrappers):
        if (match := _BIN.match(word.value or "")) and not word.raw.startswith(("/usr/", "/bin/")):
            found[reading.view.path(match[1] or "/")] = None
    for entry in (reading.env.get("PATH") or "").split(":"):
        if _USUAL.search(entry):
            found[posixpath.dirname(posixpath.normpath(entry))] = None
    for call in reading.view.before:
        for name in _made(call, reading):
            found[_located(reading, name)] = None
    return tuple(found)


def made(reading: Reading) -> tuple[str, ...] | None:
    """The environments that the command makes; None where it makes none. Raises `Unknowable`."""
    words = _operands(reading.call)
    return None if words is None else tuple(word_text(word, reading) for word in words)


def write_environments(reading: Reading, places: tuple[str, ...]) -> None:
    """The command writes to the environments at `places`, where they lie among the project's files."""
    for place in places:
        if place != "/":
            reading.write(place)


def check_surroundings(reading: Reading) -> None:
    """Take into account what Python and its version managers read from the working directory and from PYTHONPATH."""
    if reading.env.get("PYTHONPATH") is None and "PYTHONPATH" in reading.env:
        raise Unknowable("the value of PYTHONPATH is not known")
    folders = [folder for folder in (reading.env.get("PYTHONPATH") or "").split(":") if folder]
    if reading.call.program != "pip" and any(word.raw == "-m" for word in reading.call.wrappers):
        folders.append(".")  # pip takes the working directory out of the search again
    for folder in folders:
        _shadows(reading, folder)
    known = reading.env.get("PATH")
    for manager, name in _SHIMS.items():
        if known is None or manager in known:
            for place in (".", *reading.above()):
                reading.read_any(posixpath.join(place, name))
    head = reading.call.head.raw
    for entry in (known or "").split(":") if "/" not in head else [""]:
        if (entry or "/" in head) and reading.view.kind(posixpath.join(entry, head)) is not None:
            raise Unknowable(f"{reading.where(posixpath.join(entry, head))} is a program of the project")


def _shadows(reading: Reading, folder: str) -> None:
    """Raise `Unknowable` where a module of `folder` stands in for one that the tool imports."""
    for entry in reading.view.names(folder):
        name, kind = posixpath.splitext(entry)
        path = posixpath.join(folder, entry)
        if kind in (".egg-info", ".dist-info"):
            raise Unknowable(f"{reading.where(path)} counts as an installed package")
        module = kind in (".py", ".so", ".pth") or reading.view.kind(f"{path}/__init__.py") is not None
        taken = name in sys.stdlib_module_names or name in (*_SITE, "pip", "setuptools", "wheel", reading.call.program)
        if module and taken:
            raise Unknowable(f"{reading.where(path)} is imported in the place of Python's own {name}")


def _made(call: Call, reading: Reading) -> Iterator[str]:
    if call.program in (".", "source"):
        for word in call.operands[:1]:
            if word.raw.endswith("/bin/activate"):
                yield word_text(word, reading).removesuffix("/bin/activate")
    for word in _operands(call) or ():
        yield word_text(word, reading)


def _operands(call: Call) -> list[Word] | None:
    """The words that name the environments that `call` makes; None where it makes none."""
    name = posixpath.basename(call.program).rstrip("0123456789.")
    words = list(call.statement.words)
    words = words[words.index(call.head) + 1 :] if call.head in words else []
    if name == "uv" and call.subcommand == "venv":
        return list(call.operands[:1])
    raws = [word.raw for word in words]
    if (
        name in ("python", "pypy")
        and "-m" in raws
        and raws[raws.index("-m") + 1 : raws.index("-m") + 2]
        in (
            ["venv"],
            ["virtualenv"],
        )
    ):
        words = words[raws.index("-m") + 2 :]
    elif name not in ("virtualenv", "pyvenv"):
        return None
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.raw.startswith("-"):
            skip = word.raw in _VALUES
        else:
            found.append(word)
    return found


def _located(reading: Reading, name: str) -> str:
    """Where an environment lies that an earlier command names `name`, maybe from another working directory."""
    if name.startswith("/"):
        return posixpath.normpath(name)
    for entry in (reading.env.get("PATH") or "").split(":"):
        if entry.endswith(f"/{posixpath.normpath(name)}/bin"):
            return posixpath.dirname(entry)
    folder = reading.view.folder
    if any(
        folder.startswith(place.target.rstrip("/") + "/") and folder != place.target for place in reading.view.places
    ):
        raise Unknowable(f"it is not known in which folder the virtual environment {name} lies")
    return reading.view.path(name)
