"""What a Python stage that only copies and starts could be on distroless.

Source: https://github.com/GoogleContainerTools/distroless/tree/main/python3: Debian's own Python, of one version per
release, without a shell; ENTRYPOINT is the interpreter.
"""

from __future__ import annotations

import json
import posixpath
import re

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.stages.kit import Minimal, Obstacle, Shown
from rewriter.stages.mentions import sources
from rewriter.stages.python.native import Native
from rewriter.stages.python.packages import Installed

_MODULES = frozenset(("gunicorn", "uvicorn", "hypercorn", "granian", "flask", "celery", "waitress", "daphne"))


def distroless(shown: Shown, found: Installed, needs: Native) -> Minimal | Obstacle | None:
    """The stage on distroless; None where it is none for it, an Obstacle where a person may want to know why not."""
    image = shown.image
    if any(instruction.keyword in ("RUN", "ADD", "HEALTHCHECK", "VOLUME", "SHELL") for instruction in image.stage.body):
        return None
    if shown.start.unknown or shown.start.shell or shown.start.scripts or len(shown.start.commands) != 1:
        return None
    if not found.packages or found.open or needs.unknown or needs.libraries or needs.compiling:
        return None
    version = ".".join((image.base.version or "").split(".")[:2])
    entry = knowledge.table("python_runtime")["distroless"].get(version)
    if entry is None:
        return None
    if needs.built and any(other.base.release != entry["release"] for other in shown.facts.images):
        return None  # what is compiled on a newer release needs that one's C library
    venv = _environment(shown)
    command = _command(shown)
    if venv is None or command is None:
        return None
    texts = sources(shown.view)
    if isinstance(texts, Obstacle):
        return texts
    runs = next((file for file, text in texts.items() if re.search(r"\bsubprocess\b|os\.system|os\.popen", text)), None)
    if runs:
        return Obstacle(f"{runs} runs other programs, and there are none on an image without a shell")
    site = f"{venv}/lib/python{version}/site-packages"
    return Minimal(
        base=entry["image"],
        message=f"a shell and a package manager are shipped with a program that Python {version} alone can start",
        check=(
            "to debug it, add a shell for the while (`docker debug`, `kubectl debug`) or use the tag `debug`; "
            "`dockerslim verify` shows whether it still works"
        ),
        evidence=(Evidence(f"starts {shown.start.words[0]}", shown.start.commands[0].line),),
        settings=(f"ENV PYTHONPATH={site}",),
        command=(f"CMD {json.dumps(command)}",),
        declares=frozenset(("env", "cmd", "entrypoint")),
    )


def _environment(shown: Shown) -> str | None:
    """The virtual environment that is copied into the stage: the folder whose programs PATH names first."""
    path = shown.image.final.env.get("PATH")
    if not isinstance(path, str) or "PYTHONPATH" in shown.image.final.env:
        return None
    first = path.split(":")[0]
    return posixpath.dirname(first) if first.endswith("/bin") and first not in ("/usr/local/bin", "/usr/bin") else None


def _command(shown: Shown) -> list[str] | None:
    """The arguments of the interpreter that start the same; None where they are not known."""
    program, *rest = shown.start.words
    name = posixpath.basename(program)
    if re.fullmatch(r"python(3(\.\d+)?)?", name):
        return rest or None
    return ["-m", name, *rest] if name in _MODULES and "/" not in program else None
