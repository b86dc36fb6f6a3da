"""The options of Python's package managers, wherever they stand: in the command, the environment, a configuration file.

Which option does what is data: rewriter/knowledge/python_tools.toml.
"""

from __future__ import annotations

import configparser
import posixpath
from collections.abc import Iterable, Iterator
from functools import cache

from rewriter import knowledge
from rewriter.project.python.reading import Reading, Unknowable, option_text

_OFF = frozenset(("", "0", "off", "false", "no"))


@cache
def kinds(tool: str) -> dict[str, str]:
    """For each option of `tool` what it does with files, in the words of the table."""
    table = knowledge.table("python_tools")[tool]
    return {name: kind for kind, names in table.items() if isinstance(names, list) for name in names}


def given(reading: Reading, tool: str) -> Iterator[tuple[str, str]]:
    """The options of the command that have to do with files, as (kind, value). Raises `Unknowable` for an option that
    is not known, and for a value that the shell decides."""
    known = kinds(tool)
    for option in reading.call.options:
        match known.get(option.name):
            case None:
                raise Unknowable(f"what the option {option.name} of {reading.title} does is not known")
            case "plain":
                continue
            case "index" if option.value is None or "$" in option.value:  # with a token in it
                continue
            case kind:
                yield kind, option_text(option, reading)


def surrounding(reading: Reading, tool: str, prefix: str) -> Iterator[tuple[str, str]]:
    """The same for the variables that start with `prefix`, which are named for the long options of `tool`.

    Source: https://pip.pypa.io/en/stable/topics/configuration/#environment-variables
    """
    for name, value in reading.env.items():
        if name.startswith(prefix):
            yield from _setting(tool, name, name.removeprefix(prefix), value)


def configured(reading: Reading, environments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The same for pip's configuration files, and for what `pip config set` wrote into them earlier.

    Source: https://pip.pypa.io/en/stable/topics/configuration/#location
    """
    homes = [home for home in (reading.env.get("HOME"), "/root") if home]
    names = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf", *(posixpath.join(place, "pip.conf") for place in environments)]
    names += [posixpath.join(home, name) for home in homes for name in (".pip/pip.conf", ".config/pip/pip.conf")]
    if reading.env.get("XDG_CONFIG_HOME"):
        names.append(posixpath.join(reading.env["XDG_CONFIG_HOME"] or "", "pip/pip.conf"))
    if "PIP_CONFIG_FILE" in reading.env:
        names.append(_known("PIP_CONFIG_FILE", reading.env["PIP_CONFIG_FILE"]))
    for name in names:
        if reading.view.kind(name) == "file":
            reading.read(name)
            yield from _file(reading, name)
    for call in reading.view.before:
        words = [word.value for word in call.operands]
        if call.program == "pip" and call.subcommand == "config" and words[:1] == ["set"] and len(words) == 3:
            yield from _setting("pip", f"pip config set {words[1]}", (words[1] or "").partition(".")[2], words[2])


def _file(reading: Reading, name: str) -> Iterator[tuple[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(reading.view.text(name))
    except configparser.Error:
        raise Unknowable(f"{reading.where(name)} is no configuration of pip") from None
    for section in ("global", reading.call.subcommand):
        for key, value in parser.items(section) if parser.has_section(section) else ():
            yield from _setting("pip", f"{key} in {reading.where(name)}", key, value)


def _setting(tool: str, title: str, key: str, value: str | None) -> Iterator[tuple[str, str]]:
    kind = kinds(tool).get("--" + key.lower().replace("_", "-"))
    if kind in (None, "plain") or (kind == "index" and value is None):
        return
    if kind == "writes" and value is not None and value.lower() in _OFF:
        return
    for part in _known(title, value).split():
        yield kind or "", part


def _known(title: str, value: str | None) -> str:
    if value is None:
        raise Unknowable(f"the value of {title} is not known")
    return value
