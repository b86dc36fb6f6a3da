"""A user that is created for the program and never used.

What: adds USER at the end of the shipped stage, where the steps give the folder of the program to that user and the
container starts nothing that needs root. Where that is not shown, the user is reported.

Why: the container runs as root, though somebody has prepared it for less.

Before:

    FROM python:3.12-slim
    RUN useradd --uid 1001 app
    WORKDIR /srv/app
    COPY --chown=app:app . .
    CMD ["python", "main.py"]

After:

    FROM python:3.12-slim
    RUN useradd --uid 1001 app
    WORKDIR /srv/app
    COPY --chown=app:app . .
    USER 1001
    CMD ["python", "main.py"]

Level: standard; aggressive where a compose file mounts a volume, which may hold data of root; else it is reported.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter import knowledge
from rewriter.change import Alters, Change, Declined, Edit, Evidence, Report
from rewriter.facts import ROOT, Facts
from rewriter.image import StageImage, State
from rewriter.order.moves import block_start, unfinished
from rewriter.project.builds import COMPOSE
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of
from rewriter.steps.context_copies import context_copy
from rewriter.steps.created_users import Created, created
from rewriter.steps.downloads import located, plain, with_folders
from rewriter.steps.start import Start, copied_stage, final_view, start
from rewriter.syntax.tree import Dockerfile, Instruction

# Behind these nothing below USER writes or runs any more.
_SETTINGS = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK", "EXPOSE", "LABEL", "STOPSIGNAL", "ENV", "ARG"))
_ACCOUNTS = frozenset(("useradd", "adduser", "groupadd", "addgroup", "usermod", "passwd", "chpasswd", "mkdir"))
_OWNERS = frozenset(("chown", "chgrp", "install"))
_VOLUMES = r"^[ \t]+volumes:"


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined | Report]:
    """Yield a change, a refusal or a report for the last user that the shipped stage creates, if nothing uses it."""
    image = facts.images[-1]
    users = list(created(facts, image))
    own = image.final.own_cmd or any(i.keyword == "ENTRYPOINT" for i in image.stage.body)
    if not users or image.final.user not in ROOT or not own:
        return
    user = users[-1]
    started = start(facts, image)
    unread = started.unknown or _unread(facts, image, started)
    if unread or _gives_away(file, started) or _used(facts, image, user, started):
        return
    idle = f"the user {user.name} is created and never used, so that the container runs as root"
    at = user.run.at(user.call)
    given = _given(facts, image, user)
    if given is None:
        yield Report(f"{idle}: give it the folders that the program writes to, and add USER {user.name}", at)
    elif reason := _objection(facts, image, started):
        yield Declined(f"{idle}, but {reason}", at)
    else:
        yield _change(file, facts, image, user, idle, given)


def _change(
    file: Dockerfile, facts: Facts, image: StageImage, user: Created, idle: str, given: Evidence
) -> Change | Declined:
    at = user.run.at(user.call)
    edit = _user_line(file, image, user.uid or user.name)
    if edit is None:
        return Declined(f"{idle}; nothing can be put behind the last line of the stage", at)
    mounted = _mounted(facts)
    debug = "; see by `docker run` and `dockerslim verify` whether it still reads and writes what it needs"
    return Change(
        f"{idle}" + (f", and {mounted.file} mounts volumes, whose data may belong to root{debug}" if mounted else ""),
        (edit,),
        at,
        Alters.USER,
        proven=mounted is None,
        evidence=(given, *([mounted] if mounted else [])),
        declares=frozenset(("user",)),
    )


def _used(facts: Facts, image: StageImage, user: Created, started: Start) -> bool:
    """Whether anything but the steps that prepare it names the user: then it may be used in a way of its own."""
    names = {user.name, *([user.uid] if user.uid else [])}
    word = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w./-])")
    for stage in facts.lineage(image):
        for state, instruction in zip(stage.before, stage.stage.body, strict=True):
            if instruction.keyword == "USER" and word.search(instruction.value):
                return True
            if instruction.keyword in ("ENTRYPOINT", "CMD", "ENV", "HEALTHCHECK") and word.search(instruction.value):
                return True
            run = facts.run(instruction)
            if instruction.keyword == "RUN" and run is None and word.search(instruction.value):
                return True
            for call in run.calls if run else ():
                if call.program in _ACCOUNTS or call.program in _OWNERS:
                    continue
                if any(word.search(each.raw) for each in call.statement.words):
                    return True
            copy = context_copy(facts, instruction, state)
            for place in copy.places if copy else ():
                if facts.project.kind(place.source) == "file" and word.search(_text(facts, place.source)):
                    return True
    return any(word.search(script.script.text) for script in started.scripts)


def _text(facts: Facts, path: str) -> str:
    try:
        return facts.project.text(path)
    except Unfit:
        return ""


def _given(facts: Facts, image: StageImage, user: Created) -> Evidence | None:
    """The step that gives the working directory, or what is copied into it, to the user."""
    folder = image.final.workdir
    names = {user.name, user.uid}
    if not isinstance(folder, str) or folder == "/":
        return None
    for stage in facts.lineage(image):
        for state, instruction in zip(stage.before, stage.stage.body, strict=True):
            owner = (instruction.flag("chown") or "").partition(":")[0]
            if instruction.keyword in ("COPY", "ADD") and owner in names and instruction.value:
                target = located((instruction.json or tuple(instruction.value.split()))[-1], state.workdir)
                if target == folder:
                    return facts.line(instruction, f"{target} is given to {user.name}")
            run = facts.run(instruction)
            for call, place in with_folders(run) if run else ():
                if call.program != "chown" or not call.operands or call.operands[0].raw.partition(":")[0] not in names:
                    continue
                for target in (located(plain(word), place) for word in call.operands[1:]):
                    if target and call.has("-R", "--recursive") and f"{folder}/".startswith(f"{target.rstrip('/')}/"):
                        return facts.line(instruction, f"{target} is given to {user.name}")
    return None


def _unread(facts: Facts, image: StageImage, started: Start) -> bool:
    """Whether the container starts a script that is not at hand, and may use the user; those of the base do not."""
    if not any(i.keyword == "ENTRYPOINT" for each in facts.lineage(image) for i in each.stage.body):
        return False
    names = [each.call.head.value or "" for each in started.commands]
    return any(name.endswith(".sh") and not _own(facts, image, name) for name in names) and not started.scripts


def _gives_away(file: Dockerfile, started: Start) -> bool:
    """Whether the start needs root, or may make use of the user by itself."""
    table = knowledge.table("starts_as_root")
    drops, needs = table["drops"]["programs"].split(), table["needs"]["programs"].split()
    programs = {posixpath.basename(program) for program in started.programs}
    return bool(programs.intersection(drops + needs)) or any(
        name in file.source.text for name in table["drops"]["installed"].split()
    )


def _objection(facts: Facts, image: StageImage, started: Start) -> str | None:
    """What the container does that may need root."""
    plain_ones = knowledge.table("starts_as_root")["plain"]["programs"].split()
    for each in started.commands:
        name = posixpath.basename(each.call.program)
        if name not in plain_ones and not _own(facts, image, each.call.head.value or ""):
            return f"it is not known whether {name} needs root"
    ports = [port.partition("/")[0] for port in image.final.expose if isinstance(port, str)]
    ports += re.findall(r"(?:--port[= ]|-p |:)(\d{2,5})\b", " ".join(started.words))
    low = [port for port in ports if port.isdecimal() and int(port) < 1024]
    if low or len(ports) < len(image.final.expose):
        return f"port {low[0]} may need root" if low else "not all its ports are known"
    if image.final.volumes:
        return "a volume of today's containers holds data of root: chown it, then add USER"
    return None


def _own(facts: Facts, image: StageImage, program: str) -> bool:
    """Whether the program is made of the project: a file of the context, or one of another stage."""
    path = located(program, image.final.workdir)
    if path is None or "/" not in program:
        return False
    if final_view(facts, image).kind(path) == "file":
        return True
    return any(
        instruction.keyword == "COPY" and copied_stage(facts, instruction) and _covers(instruction, state, path)
        for stage in facts.lineage(image)
        for state, instruction in zip(stage.before, stage.stage.body, strict=True)
    )


def _covers(copy: Instruction, state: State, path: str) -> bool:
    target = located((copy.json or tuple(copy.value.split()))[-1], state.workdir)
    return target is not None and f"{path}/".startswith(f"{target.rstrip('/')}/")


def _mounted(facts: Facts) -> Evidence | None:
    """Where a compose file mounts volumes."""
    for name in facts.project.names():
        if COMPOSE.match(name) and (line := line_of(_text(facts, name), _VOLUMES)):
            return Evidence("volumes are mounted", line, name)
    return None


def _user_line(file: Dockerfile, image: StageImage, user: str) -> Edit | None:
    """A USER behind the last step of the stage: above the first of the settings below it, else at the end."""
    body = image.stage.body
    last = max((at for at, each in enumerate(body) if each.keyword not in _SETTINGS), default=-1)
    follower: Instruction | None = next(
        (each for each in body[last + 1 :] if each.keyword in ("CMD", "ENTRYPOINT")), None
    )
    keyword = "user" if file.text(image.stage.start.keyword_span).islower() else "USER"
    newline = file.source.newline
    if follower is not None:
        at = block_start(file, follower)
        return Edit(at, at, f"{keyword} {user}{newline}")
    end = body[-1]
    if unfinished(file, end):
        return None
    return Edit(end.span.end, end.span.end, f"{newline}{keyword} {user}")
