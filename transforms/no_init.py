"""A program as process 1 that does not do what process 1 has to do.

What: installs tini and puts it in front of the command where the container starts a node program whose code handles
no SIGTERM, a package manager that starts one, or a script of the project that does not `exec` its last command. An
ENTRYPOINT, also that of the base image, stays behind it. Leaves what is run by an init already, in the Dockerfile or
by a compose file.

Why: the kernel gives process 1 no signal that it does not handle, so that `docker stop` waits ten seconds and then
kills; and the processes that others leave behind are nobody's, and stay.

Before:

    FROM node:20-alpine
    RUN apk add --no-cache ffmpeg
    WORKDIR /srv
    COPY . .
    CMD ["node", "server.js"]

After:

    FROM node:20-alpine
    RUN apk add --no-cache ffmpeg tini
    WORKDIR /srv
    COPY . .
    ENTRYPOINT ["tini", "--", "docker-entrypoint.sh"]
    CMD ["node", "server.js"]

Level: aggressive.

Options: level=aggressive
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from rewriter import knowledge
from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.order.placing import at_head, spelled
from rewriter.project.context import Unfit
from rewriter.project.services import services
from rewriter.project.sources import JAVASCRIPT, sources
from rewriter.steps.installing import added, own_step
from rewriter.steps.start import Start, start
from rewriter.steps.started import copied_sources, process_one, says_start, staying_shell
from rewriter.syntax.tree import Dockerfile

_INITS = frozenset(
    ("supervisord", "s6-svscan", "runsvdir", "runit", "my_init", "init", "pm2-runtime", "pm2", "systemd")
)
_HANDLER = re.compile(r"\bSIG(?:TERM|INT)\b|\benableShutdownHooks\b")
# Before them the distribution has no package of that name: https://tracker.debian.org/pkg/tini
_TOO_OLD = frozenset(("wheezy", "jessie", "stretch", "precise", "trusty", "xenial"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for the shipped stage where nothing does the work of process 1."""
    image = facts.images[-1]
    if not says_start(facts, image):
        return
    found = start(facts, image)
    if found.inits or found.programs & _INITS or any(each.values.get("init") for each in services(facts.project)):
        return
    problem = _problem(facts, image, found)
    if problem is None:
        return
    evidence, group = problem
    edits = _edits(file, facts, image, ["tini", "-g", "--"] if group else ["tini", "--"])
    if isinstance(edits, str):
        yield Declined(f"{edits}; `docker run --init` puts one in front without it", image.stage.start.span)
        return
    yield Change(
        f"{evidence.fact} as process 1, which leaves signals and orphaned processes alone: tini goes in front of it "
        "(`docker run --init` is the same without a package); `docker top` shows it, `dockerslim verify` checks it",
        edits,
        image.stage.start.span,
        Alters.SETTINGS,
        proven=False,
        evidence=(evidence,),
        declares=frozenset(("entrypoint", "steps")),
    )


def _problem(facts: Facts, image: StageImage, found: Start) -> tuple[Evidence, bool] | None:
    """Who is process 1 and should not be, and whether the signals must go to all that it starts."""
    last = found.last
    if last is None or found.unknown:
        return None
    script = staying_shell(found)
    if script is not None:
        traps = any(each.words and each.words[0].raw == "trap" for each in script.script.commands())
        served = image.final.expose and not traps
        return (Evidence("the script runs without `exec` at its end", 1, script.file), True) if served else None
    if posixpath.basename(last.call.program) != "node" or _handles(facts):
        return None
    manager = next((each for each in found.commands if each.call.program in ("npm", "yarn", "pnpm")), None)
    if manager is not None:
        return manager.fact(f"{manager.call.program} runs"), True
    return (last.fact("node runs"), False) if process_one(facts, image) else None


def _handles(facts: Facts) -> bool:
    """Whether the code of the project, or a package for that, handles the signal."""
    if facts.project.root is None:
        return False
    words = knowledge.table("servers")["node"]["handles"]
    try:
        for source in sources(facts.project, copied_sources(facts), *JAVASCRIPT, "package.json"):
            if _HANDLER.search(source.text) or any(f'"{word}"' in source.text for word in words):
                return True
    except Unfit:
        return True
    return False


def _edits(file: Dockerfile, facts: Facts, image: StageImage, words: list[str]) -> tuple[Edit, ...] | str:
    """The edits that install tini and put `words` in front; else why that cannot be done."""
    if image.base.release in _TOO_OLD:
        return f"{image.base.release} has no package of an init"
    before = _in_front(file, image, words)
    if isinstance(before, str):
        return before
    package = () if image.base.has("tini") else added(file, facts, image, "tini")
    if package is not None:
        return (*package, before)
    step = own_step(file, facts, image, "tini")
    edit = at_head(file, image, step.replace("RUN", spelled(file, "RUN"), 1)) if step else None
    return (edit, before) if edit else f"{image.base.name} has no package list that a step could install an init from"


def _in_front(file: Dockerfile, image: StageImage, words: list[str]) -> Edit | str:
    own = {each.keyword: each for each in image.stage.body if each.keyword in ("ENTRYPOINT", "CMD")}
    entry, cmd = own.get("ENTRYPOINT"), own.get("CMD")
    if entry is not None:
        if entry.json is None:
            return "ENTRYPOINT is in shell form"
        at = entry.arguments.source(entry.value.index("[") + 1)
        at += len(file.source.text[at:]) - len(file.source.text[at:].lstrip(" \t"))
        return Edit(at, at, "".join(f"{json.dumps(word)}, " for word in words))
    match image.final.entrypoint:
        case ("exec", tuple() as there) if cmd is not None:
            line = f"{spelled(file, 'ENTRYPOINT')} {json.dumps([*words, *there])}{file.source.newline}"
            return Edit(cmd.span.start, cmd.span.start, line)
    return f"the ENTRYPOINT of {image.base.name} is not known, or its CMD is not this stage's"
