"""What a transform does, read from its own docstring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

_SECTION = re.compile(r"^(What|Why|Beside|Before|After|Left out|Level|Options):[ \t]*", re.M)


@dataclass(frozen=True, slots=True)
class Documentation:
    """The parts of a transform's docstring. `before` and `after` are whole Dockerfiles, dedented; `left_out` is what
    the ignore file says afterwards, where the example is about that one and the Dockerfile stays as it is."""

    problem: str
    what: str
    why: str
    before: str
    after: str
    level: str
    options: str = ""
    left_out: str = ""
    beside: str = ""


def read(docstring: str) -> Documentation:
    """Take a transform's docstring apart; raises KeyError for one that lacks a section."""
    head, *parts = _SECTION.split(dedent(docstring))
    sections = dict(zip((name.lower() for name in parts[::2]), parts[1::2], strict=True))
    return Documentation(
        problem=" ".join(head.split()),
        what=" ".join(sections["what"].split()),
        why=" ".join(sections["why"].split()),
        before=_code(sections["before"]),
        after=_code(sections["before"] if "left out" in sections else sections["after"]),
        level=" ".join(sections["level"].split()),
        options=sections.get("options", "").strip(),
        left_out=_code(sections["left out"]) if "left out" in sections else "",
        beside=_code(sections["beside"]) if "beside" in sections else "",
    )


def _code(text: str) -> str:
    return dedent(text).strip("\n") + "\n"


def explanation(name: str, docstring: str) -> str:
    """The text that `dockerslim explain NAME` prints."""
    from textwrap import indent

    found = read(docstring)
    parts = [
        name,
        "=" * len(name),
        _fill(found.problem),
        "",
        _fill(f"What: {found.what}"),
        "",
        _fill(f"Why: {found.why}"),
        "",
        *(["Beside the Dockerfile:", "", indent(found.beside, "    ")] if found.beside else []),
        "Before:",
        "",
        indent(found.before, "    "),
        "After, in .dockerignore:" if found.left_out else "After:",
        "",
        indent(found.left_out or found.after, "    "),
        _fill(f"Level: {found.level}"),
    ]
    return "\n".join(parts)


def _fill(text: str) -> str:
    """`text` in lines of 90 characters, which do not break inside of `…`."""
    from textwrap import fill

    kept = re.sub(r"`[^`]+`", lambda code: code[0].replace(" ", "\0").replace("-", "\1"), text)
    return fill(kept, 90).replace("\0", " ").replace("\1", "-")


def table(documentation: dict[str, str]) -> str:
    """The README's table of transforms: `documentation` maps names to docstrings."""
    rows = ["| name | what is wrong | level |", "|---|---|---|"]
    for name, docstring in documentation.items():
        found = read(docstring)
        rows.append(f"| `{name}` | {found.problem.rstrip('.')} | {found.level.rstrip('.')} |")
    return "\n".join(rows) + "\n"
