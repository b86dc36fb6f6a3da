"""An image whose program runs as root though it needs no root.

What: names a user without root at the end of the last stage: that of the base image (`node`, `nonroot`, `app`), one
that the file makes and never uses, or a new one; on images without a shell a number alone. USER is a number, so that an
orchestrator can check it. What the program writes below its working directory is given to that user.

Why: whoever breaks into a program that runs as root owns the container, and stands one mistake of the kernel or of a
mount away from the host. Kubernetes' restricted profile refuses such an image.

Before:

    FROM python:3.12-slim
    WORKDIR /srv/app
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    COPY . .
    EXPOSE 8000
    CMD ["gunicorn", "--bind", "0.0.0.0:8000", "shop.wsgi"]

After:

    FROM python:3.12-slim
    WORKDIR /srv/app
    RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    COPY . .
    USER 10001:10001
    EXPOSE 8000
    CMD ["gunicorn", "--bind", "0.0.0.0:8000", "shop.wsgi"]

Options: level=aggressive

Level: standard where the project's own files show the ports, all that the program writes, and that no entry script
needs root; aggressive where something of that is not known, for ports below 1024, and where a volume holds what root
has written.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Evidence
from rewriter.facts import ROOT, Facts, posix
from rewriter.image import StageImage
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.users.accounts import Account, account
from rewriter.users.edits import Lines, edits, workdirs
from rewriter.users.evidence import collect
from rewriter.users.found import Found
from rewriter.users.owned import commands


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for the last stage where it ends as root."""
    if not facts.images or facts.images[-1].base.os == "windows":
        return
    image = facts.images[-1]
    at = _last(image)
    named = [i for each in facts.lineage(image) for i in each.stage.body if i.keyword == "USER"]
    if not _is_root(facts, image):
        return
    if named:
        yield Declined(f"line {named[-1].first_line} says USER {named[-1].value}: root was chosen", named[-1].span)
        return
    found = collect(facts, image)
    if found.refusal:
        yield Declined(found.refusal, at.span)
        return
    user = account(facts, image, owns=bool(found.folders))
    if isinstance(user, str):
        yield Declined(user, at.span)
        return
    yield from _judge(file, facts, image, found, user.in_group_0() if facts.options.openshift else user)


def _judge(
    file: Dockerfile, facts: Facts, image: StageImage, found: Found, user: Account
) -> Iterator[Change | Declined]:
    at = _last(image)
    own = commands(facts, image, found, user.owner, workdirs(image))
    shell = image.final.shell
    if own and not (image.base.has_shell is not False and isinstance(shell, tuple) and posix(shell)):
        folder, evidence = next(iter(found.folders.items()))
        where = f"{evidence.file}:{evidence.line}" if evidence.file else f"line {evidence.line}"
        yield Declined(f"{where}: {evidence.fact}, and the image has no shell to give {folder} to a user", at.span)
        return
    if not user.home and not found.native:
        found.doubt("the user has no home folder")
    made = edits(file, facts, image, Lines(user.create, own, user.user))
    if made is None:
        yield Declined("the last instruction does not end in its own line", at.span)
        return
    yield Change(
        _message(found, user),
        made,
        at.span,
        Alters.USER,
        not found.doubts,
        tuple(_evidence(found)),
        frozenset(("user", "steps")),
    )


def _message(found: Found, user: Account) -> str:
    said = f"the program runs as root; USER {user.user} runs it as {user.said}"
    if found.folders:
        said += f", which owns {', '.join(sorted(found.folders))}"
    if not found.doubts:
        return said
    check = "; start it once with `dockerslim verify`, and look for `Permission denied` in `docker logs`"
    volume = any("today's containers" in doubt or " mounts " in doubt for doubt in found.doubts)
    how = f"; once for each: `docker run --user 0 --entrypoint chown … -R {user.user} FOLDER`" if volume else ""
    return f"{said}. Not shown: {'; '.join(found.doubts[:4])}{how}{check}"


def _evidence(found: Found) -> Iterator[Evidence]:
    yield from dict.fromkeys(found.evidence).keys()
    yield from found.folders.values()


def _last(image: StageImage) -> Instruction:
    for instruction in reversed(image.stage.body):
        if instruction.keyword in ("CMD", "ENTRYPOINT"):
            return instruction
    return image.stage.start


def _is_root(facts: Facts, image: StageImage) -> bool:
    user = image.final.user
    if isinstance(user, str):
        return user.partition(":")[0] in ROOT
    # The steps show root where the base image is not known, and no USER stands between.
    runs = [run for run in facts.runs if run.image is image and run.state.user == user]
    return user == image.start.user and bool(runs) and facts.is_root(runs[-1])
