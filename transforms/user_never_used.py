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

Level: standard; where the files do not show that the program needs no root, it is declined or reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Evidence, Report
from rewriter.facts import ROOT, Facts
from rewriter.image import StageImage
from rewriter.project.context import Unfit
from rewriter.steps.context_copies import context_copy
from rewriter.steps.created_users import Created, created
from rewriter.steps.downloads import located, plain, with_folders
from rewriter.steps.start import Start, start
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call
from rewriter.users.accounts import account
from rewriter.users.edits import Lines, edits
from rewriter.users.evidence import collect

_ACCOUNTS = frozenset(("useradd", "adduser", "groupadd", "addgroup", "usermod", "passwd", "chpasswd", "mkdir"))
_OWNERS = frozenset(("chown", "chgrp", "install"))
# They start a program as another user, whatever is in the image.
_GIVES_AWAY = re.compile(r"\b(?:gosu|su-exec|s6-setuidgid|s6-overlay|setuser|runuser|supervisor\w*)\b")
# What stands in front of the name of a user that something is to run as.
_AS = r"(?<![a-z0-9])(?:u|user|username|uid|chuid|setuid|owner|su|sudo|run_?as\w{0,6})\b[\s=:\"',\[-]{1,6}"


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined | Report]:
    """Yield a change, a refusal or a report for the user that the shipped stage creates, if nothing uses it."""
    if not facts.images or facts.images[-1].final.user not in ROOT or _GIVES_AWAY.search(file.source.text):
        return
    image = facts.images[-1]
    users, own = list(created(facts, image)), account(facts, image)
    named = any(i.keyword == "USER" for each in facts.lineage(image) for i in each.stage.body)
    if len(users) != 1 or isinstance(own, str) or own.create or named:
        return
    user = users[0]
    found = collect(facts, image)
    if found.refusal or _used(facts, image, user, start(facts, image)):
        return
    idle = f"the user {user.name} is created and never used, so that the program runs as root"
    at, given = user.run.at(user.call), _given(facts, image, user)
    if given is None:
        yield Report(f"{idle}: give it the folders in which the program writes, and name it by USER", at)
        return
    folder, evidence = given
    missing = [place for place in found.folders if not f"{place}/".startswith(f"{folder}/")]
    doubts = [doubt for doubt in found.doubts if doubt not in found.places]
    if missing or doubts:
        reason = doubts[0] if doubts else f"{found.folders[missing[0]]}, which nothing gives to it"
        yield Declined(f"{idle}, but {reason}", at)
    elif made := edits(file, facts, image, Lines((), (), own.user)):
        yield Change(
            f"{idle}; USER {own.user} runs it as that user",
            made,
            at,
            Alters.USER,
            evidence=(evidence, *found.evidence),
            declares=frozenset(("user",)),
        )


def _used(facts: Facts, image: StageImage, user: Created, started: Start) -> bool:
    """Whether a step, the start or a copied file says to do something as that user."""
    names = "|".join(re.escape(name) for name in (user.name, user.uid) if name)
    mention = re.compile(rf"{_AS}(?:{names})(?![\w.-])", re.IGNORECASE)
    for stage in facts.lineage(image):
        for state, instruction in zip(stage.before, stage.stage.body, strict=True):
            run = facts.run(instruction)
            if run is not None:
                texts = [" ".join(word.raw for word in call.statement.words) for call in run.calls if _is_use(call)]
            else:
                texts = [instruction.value] if instruction.keyword not in ("COPY", "ADD", "LABEL") else []
            copy = context_copy(facts, instruction, state)
            files = [place.source for place in copy.places] if copy else []
            texts += [_text(facts, path) for path in files if facts.project.kind(path) == "file"]
            if any(mention.search(text) for text in texts):
                return True
    return any(mention.search(script.script.text) for script in started.scripts)


def _is_use(call: Call) -> bool:
    return call.program not in _ACCOUNTS and call.program not in _OWNERS


def _text(facts: Facts, path: str) -> str:
    try:
        return facts.project.text(path)
    except Unfit:
        return ""


def _given(facts: Facts, image: StageImage, user: Created) -> tuple[str, Evidence] | None:
    """The folder that a step gives to the user, if the working directory is in it; with that step."""
    folder, names = image.final.workdir, {user.name, user.uid}
    if not isinstance(folder, str) or folder == "/":
        return None
    for stage in facts.lineage(image):
        for state, instruction in zip(stage.before, stage.stage.body, strict=True):
            owner = (instruction.flag("chown") or "").partition(":")[0]
            if instruction.keyword in ("COPY", "ADD") and owner in names and instruction.value:
                target = located((instruction.json or tuple(instruction.value.split()))[-1], state.workdir)
                if target == folder:
                    return target, facts.line(instruction, f"{target} is given to {user.name}")
            run = facts.run(instruction)
            for call, place in with_folders(run) if run else ():
                if call.program != "chown" or not call.operands or call.operands[0].raw.partition(":")[0] not in names:
                    continue
                for target in (located(plain(word), place) for word in call.operands[1:]):
                    if target and call.has("-R", "--recursive") and f"{folder}/".startswith(f"{target.rstrip('/')}/"):
                        return target.rstrip("/"), facts.line(instruction, f"{target} is given to {user.name}")
    return None
