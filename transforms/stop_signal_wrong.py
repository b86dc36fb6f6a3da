"""A stop signal that the program takes for something else, or one that is spelled as nobody looks for it.

What: sets `STOPSIGNAL` where the container starts nginx, PHP-FPM, Apache or systemd as process 1 on an image that
sets none, and writes the name of a signal for its number or short form.

Why: `docker stop` sends SIGTERM, on which nginx, PHP-FPM and Apache drop the requests they are about to answer, and
systemd starts itself anew instead of stopping. Each has another signal for an orderly end.

Before:

    FROM debian:12-slim
    RUN apt-get update && apt-get install -y --no-install-recommends nginx && rm -rf /var/lib/apt/lists/*
    CMD ["nginx", "-g", "daemon off;"]

After:

    FROM debian:12-slim
    RUN apt-get update && apt-get install -y --no-install-recommends nginx && rm -rf /var/lib/apt/lists/*
    STOPSIGNAL SIGQUIT
    CMD ["nginx", "-g", "daemon off;"]

Level: standard; safe for the spelling.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from rewriter import knowledge
from rewriter.change import Alters, Change, Edit
from rewriter.facts import Facts
from rewriter.image import StageImage, Unknown
from rewriter.knowledge.base_table import facts_of
from rewriter.order.placing import above_start, spelled
from rewriter.steps.start import Started
from rewriter.steps.started import process_one
from rewriter.syntax.tree import Dockerfile, Instruction

# The numbers that are the same on all of Linux: signal(7). Docker takes them, and names with and without SIG, in
# either case: https://docs.docker.com/reference/dockerfile/#stopsignal
_NUMBERS = {"1": "SIGHUP", "2": "SIGINT", "3": "SIGQUIT", "6": "SIGABRT", "9": "SIGKILL", "15": "SIGTERM"}
_NAME = re.compile(r"(?:SIG)?(HUP|INT|QUIT|ABRT|KILL|TERM|USR1|USR2|WINCH|ALRM|PIPE|RTMIN(?:\+[0-9]{1,2})?)\Z")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    """Yield a change for each signal that is spelled otherwise, and for the shipped stage where it needs another."""
    for instruction in file.instructions:
        if instruction.keyword == "STOPSIGNAL" and (change := _named(instruction)):
            yield change
    if facts.images and (change := _wrong(file, facts, facts.images[-1])):
        yield change


def _named(instruction: Instruction) -> Change | None:
    text = instruction.value.strip()
    name = _NAME.match(text.upper())
    canonical = _NUMBERS.get(text) or (name and f"SIG{name[1]}")
    if canonical is None or canonical == text:
        return None
    at = instruction.arguments.span(0, len(instruction.value.rstrip()))
    message = f"STOPSIGNAL {text} is {canonical}, and nobody who looks for that finds it"
    declares = frozenset(("stopsignal",))
    return Change(message, (Edit(at.start, at.end, canonical),), instruction.span, declares=declares)


def _wrong(file: Dockerfile, facts: Facts, image: StageImage) -> Change | None:
    """The change for a program of the table, on an image that surely has no STOPSIGNAL."""
    base = image.base
    known = facts_of(base.reference)
    if known is None or known.get("stopsignal") or not isinstance(image.final.stopsignal, Unknown):
        return None
    first = process_one(facts, image)
    entry = _entry(first, base.distribution or "") if first else None
    if first is None or entry is None:
        return None
    edit = above_start(file, image, f"{spelled(file, 'STOPSIGNAL')} {entry['signal']}")
    if edit is None:
        return None
    return Change(
        f"{entry['why']}: STOPSIGNAL {entry['signal']}",
        (edit,),
        image.stage.start.span,
        Alters.SETTINGS,
        evidence=(first.fact(f"starts {posixpath.basename(first.call.program)} as process 1"),),
        declares=frozenset(("stopsignal",)),
    )


def _entry(started: Started, distribution: str) -> Mapping[str, Any] | None:
    path = started.call.head.value or ""
    words = [word.raw for word in started.call.statement.words]
    entries: Iterable[Mapping[str, Any]] = knowledge.table("signals").values()
    for entry in entries:
        named = any(fnmatchcase(posixpath.basename(path), name) for name in entry.get("names", ()))
        stays = not entry.get("needs") or any(word in words for word in entry["needs"])
        if (named and stays) or (path in entry.get("paths", ()) and distribution not in entry["without"]):
            return entry
    return None
