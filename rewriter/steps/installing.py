"""A further package of the distribution in a stage: in a list that the stage installs already, else in its own step."""

from __future__ import annotations

from rewriter.change import Edit
from rewriter.facts import ROOT, Facts, Run
from rewriter.image import StageImage
from rewriter.steps.edits import add_operands
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_MANAGERS = {"debian": ("apt-get", "apt"), "alpine": ("apk",)}
# What makes an install another one than "these packages, to stay": other releases, packages that are removed again.
_OTHER = (
    "-t",
    "--target-release",
    "--default-release",
    "--virtual",
    "-d",
    "--download-only",
    "--reinstall",
    "--root",
    "-p",
)
# Sources: https://www.debian.org/releases/ (moved to archive.debian.org) and https://old-releases.ubuntu.com/releases/
_GONE = frozenset(
    (
        *("wheezy", "jessie", "stretch", "buster", "precise", "artful", "cosmic", "disco", "eoan", "groovy", "hirsute"),
        *("impish", "kinetic", "lunar", "mantic", "oracular"),
    )
)


def added(file: Dockerfile, facts: Facts, image: StageImage, package: str) -> tuple[Edit, ...] | None:
    """The edits that add `package` to the list of an install step of the stage itself; empty where it is installed in
    the stage or below it, None where there is no such list."""
    managers = _MANAGERS.get(facts.system(image) or "", ())
    stages = {stage.stage.index for stage in facts.lineage(image)}
    found: tuple[Run, Call] | None = None
    for run in facts.runs:
        if run.image.stage.index not in stages:
            continue
        for call in run.plain_calls:
            if call.program not in managers or not call.installs:
                continue
            if any(word.raw == package for word in call.operands):
                return ()
            fits = run.image is image and call.operands and not call.has(*_OTHER) and facts.is_root(run)
            if fits and found is None and all(word.value is not None for word in call.operands):
                found = run, call
    return add_operands(file, found[0], found[1], [package]) if found else None


def own_step(file: Dockerfile, facts: Facts, image: StageImage, package: str) -> str | None:
    """The RUN that installs `package` in a stage of a known distribution that begins as root; None for others, and for
    releases that the mirrors no longer hold: the step would fail."""
    if not image.base.known or image.start.user not in ROOT or image.base.release in _GONE:
        return None
    match facts.system(image):
        case "alpine" if image.base.has("apk-no-cache") or image.base.distribution == "alpine":
            return f"RUN apk add --no-cache {package}"
        case "debian":
            lines = [
                "RUN apt-get update",
                f"    && apt-get install -y --no-install-recommends {package}",
                "    && rm -rf /var/lib/apt/lists/*",
            ]
            return f" {file.escape}{file.source.newline}".join(lines)
    return None
