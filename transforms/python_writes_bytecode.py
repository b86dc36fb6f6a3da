"""A Python program whose container keeps compiled files and holds its output back.

What: sets `PYTHONDONTWRITEBYTECODE` and `PYTHONUNBUFFERED` in the stage that is shipped, where it starts Python and
neither the Dockerfile nor an entry script sets them. One that is set, to whatever, stays.

Why: Python writes what it compiles beside the sources, into each container's own layer, where the next container does
not find it; on a read-only file system it tries in vain. And it collects its output when that goes to no terminal, so
that `docker logs` shows nothing for a while, and loses the last lines of a program that is killed.

Before:

    FROM python:3.12-slim
    WORKDIR /srv
    COPY . .
    CMD ["gunicorn", "shop.wsgi"]

After:

    FROM python:3.12-slim
    ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
    WORKDIR /srv
    COPY . .
    CMD ["gunicorn", "shop.wsgi"]

Level: standard; aggressive where the base image is not known, which may set them otherwise.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter import knowledge
from rewriter.change import Alters, Change
from rewriter.facts import Facts
from rewriter.order.placing import at_head, spelled
from rewriter.steps.start import Start, Started, start
from rewriter.steps.started import says_start
from rewriter.syntax.tree import Dockerfile

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z|[\w.-]+\.py\Z")
# Source: https://docs.python.org/3/using/cmdline.html#environment-variables, with the option that means the same.
_SETTINGS = {"PYTHONDONTWRITEBYTECODE": "B", "PYTHONUNBUFFERED": "u"}
_DOES = {
    "PYTHONDONTWRITEBYTECODE": "writes compiled files into the container",
    "PYTHONUNBUFFERED": "holds its output back from `docker logs`",
}


def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    """Yield a change for the shipped stage where it starts Python and does not say how."""
    image = facts.images[-1]
    if not says_start(facts, image):
        return
    started = start(facts, image)
    last = started.last
    if last is None or not _python(last):
        return
    missing = [
        name for name, option in _SETTINGS.items() if name not in image.final.env and not _says(started, name, option)
    ]
    missing = [name for name in missing if name not in image.final.args]
    line = " ".join([spelled(file, "ENV"), *(f"{name}=1" for name in missing)])
    other = next((name for name in _SETTINGS if name in image.final.env), "PYTHON")
    edit = at_head(file, image, line, other) if missing else None
    if edit is None:
        return
    does, names = (" and ".join(words) for words in ((_DOES[name] for name in missing), missing))
    message = f"Python {does}: {names} {'is' if len(missing) == 1 else 'are'} not set"
    if not image.base.known:
        message += f"; what {image.base.name} sets is not known (`dockerslim verify` shows whether it starts)"
    yield Change(
        message,
        (edit,),
        image.stage.start.span,
        Alters.SETTINGS,
        proven=image.base.known,
        evidence=(last.fact(f"starts {posixpath.basename(last.call.program)}"),),
        declares=frozenset(("env",)),
    )


def _python(started: Started) -> bool:
    name = posixpath.basename(started.call.program)
    if _PYTHON.match(name):
        return name.endswith(".py") or len(started.call.statement.words) > 1
    return name in knowledge.table("servers")["python"]["programs"]


def _says(started: Start, name: str, option: str) -> bool:
    """Whether a command or an entry script sets the variable, or the last command gives `option` to Python."""
    texts = [*started.words, *(script.script.text for script in started.scripts)]
    if any(name in text for text in texts):
        return True
    words = started.last.call.statement.words if started.last else ()
    given = [word.raw for word in words if re.match(r"-[bBdEhiIOqsSuvVx]+\Z", word.raw)]
    return any(option in word for word in given)
