"""What the start command of a Python image shows: that the tools which install are needed when it runs."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from rewriter.stages.kit import Shown
from rewriter.stages.python.system import COMPILERS
from rewriter.syntax.vocabulary import Call


def needs_tools(shown: Shown) -> Iterator[str]:
    """Why what the container starts, or who uses it, needs the tools that install."""
    image = shown.image
    own = [i for other in shown.facts.lineage(image) for i in other.stage.body if i.keyword in ("CMD", "ENTRYPOINT")]
    if not own:
        yield "no CMD or ENTRYPOINT says what the container runs: others may build on this image"
    last = shown.start.last
    if last is not None and _for_people(last.call):
        yield f"people work in the container: it starts {posixpath.basename(last.call.program)}"
    for started in shown.start.commands:
        call = started.call
        where = f"{started.file or 'line'}{':' if started.file else ' '}{started.line}"
        name = posixpath.basename(call.program)
        if name in ("poetry", "pipenv", "pdm"):
            yield f"{where} starts the program through {name}, which would have to be shipped: start it directly"
        elif name == "uv":
            yield f"{where} starts the program through uv, which installs when it starts: start it directly"
        elif name == "pip" or call.installs:
            yield f"{where} installs packages when the container starts"
        elif name in COMPILERS:
            yield f"{where} runs {name} when the container starts"
        elif any(word.raw in ("pip", "setup.py") for word in call.operands[:1]):
            yield f"{where} installs packages when the container starts"


def _for_people(call: Call) -> bool:
    """Whether the command waits for what a person types."""
    name = posixpath.basename(call.program)
    alone = len(call.statement.words) - call.statement.words.index(call.head) == 1
    return name in ("jupyter", "jupyter-lab", "jupyter-notebook", "ipython") or (
        name in ("bash", "sh", "zsh", "python", "python3") and alone
    )
