"""Manifests, lock files and programs, read without running anything: JSON, TOML, XML, YAML, Python.

A file that cannot be parsed raises `Unfit`, so that whoever asked can decline and name it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rewriter.project.context import Unfit
from rewriter.project.needs import View

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import libcst

_JSON_EXTRAS = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\]|\\.)*\"|,(?=\s*[}\]])", re.DOTALL)


def json_object(view: View, name: str, *, comments: bool = False) -> dict[str, Any]:
    """The JSON object in the file `name`; `comments` allows comments and trailing commas. Raises `Unfit`."""
    import json

    text = view.text(name)
    if comments:
        text = _JSON_EXTRAS.sub(lambda match: match[0] if match[0].startswith('"') else "", text)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise _unfit(view, name, f"is no JSON (line {error.lineno}: {error.msg})") from None
    except RecursionError:
        raise _unfit(view, name, "is nested too deeply") from None
    if not isinstance(found, dict):
        raise _unfit(view, name, "holds no JSON object")
    return found


def toml(view: View, name: str) -> dict[str, Any]:
    """The TOML file `name`. Raises `Unfit`."""
    import tomli

    try:
        return tomli.loads(view.text(name))
    except tomli.TOMLDecodeError as error:
        raise _unfit(view, name, f"is no TOML: {error}") from None
    except RecursionError:
        raise _unfit(view, name, "is nested too deeply") from None


def xml(view: View, name: str) -> Element:
    """The root of the XML file `name`, its tags without namespaces. Raises `Unfit`, also for one with a DTD."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(view.text(name), forbid_dtd=True)
    except DefusedXmlException:
        raise _unfit(view, name, "declares a DTD or entities") from None
    except (ParseError, ValueError) as error:
        raise _unfit(view, name, f"is no XML: {error}") from None
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def yaml(view: View, name: str) -> Any:
    """The YAML file `name`, in plain lists, dicts and scalars. Raises `Unfit`."""
    from rewriter.project import plain_yaml

    try:
        return plain_yaml.load(view.text(name))
    except ValueError as error:
        raise _unfit(view, name, str(error)) from None


def python(view: View, name: str) -> libcst.Module:
    """The Python 3 module `name`. Raises `Unfit`."""
    from rewriter.project import plain_python

    try:
        return plain_python.load(view.text(name))
    except ValueError as error:
        raise _unfit(view, name, str(error)) from None


def line_of(text: str, pattern: str) -> int | None:
    """The line (1-based) of the first match of the regular expression `pattern` in `text`, None where there is none."""
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _unfit(view: View, name: str, reason: str) -> Unfit:
    return Unfit(view.file(name) or name, reason)
