"""Build arguments that say where an image comes from: their value changes with each commit."""

from __future__ import annotations

import re

from rewriter import knowledge
from rewriter.image import Value
from rewriter.syntax.tree import Instruction
from rewriter.syntax.words import word_spans

_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)


def is_provenance(name: str, default: Value | None) -> bool:
    """Whether the build argument `name` is handed in anew with each commit or build.

    A `default` that says something is a version that the writer chose (`ARG VERSION=3.1`), and so is no provenance.
    """
    table = knowledge.table("provenance")
    said = default.strip("\"'").lower() if isinstance(default, str) else ""
    return name.upper() in table["names"] and said in table["open"]


def declared(arg: Instruction, escape: str) -> tuple[str, ...]:
    """The names that an ARG declares, in order."""
    text = arg.value
    return tuple(text[start:end].partition("=")[0] for start, end in word_spans(text, escape))


def forces(name: str) -> bool:
    """Whether the build argument `name` stands where it is to make the steps below it run again."""
    return name.upper() in knowledge.table("provenance")["forcing"]


def variables(text: str) -> frozenset[str]:
    """The names of the variables that `text` mentions."""
    return frozenset(_VARIABLE.findall(text))
