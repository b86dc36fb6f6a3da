"""Which user an image can run as, and how it is made where there is none."""

from __future__ import annotations

from dataclasses import dataclass

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.steps.accounts import following
from rewriter.syntax.vocabulary import Call

# Beyond the ids that a host gives to its own users, as advised in https://docs.docker.com/build/building/best-practices/
# #user and https://kubernetes.io/docs/concepts/security/pod-security-standards/.
_ID = 10001
_NAME = "app"
# https://github.com/GoogleContainerTools/distroless: its user without root
_NONROOT = 65532
_DEBIAN = (
    f"groupadd --gid {_ID} {_NAME}",
    # -l: no entries in the databases of logins, which are as large as the id is high; useradd(8).
    f"useradd -l --uid {_ID} --gid {_NAME} --create-home {_NAME}",
)
# https://busybox.net/downloads/BusyBox.html#adduser
_BUSYBOX = (f"addgroup -g {_ID} {_NAME}", f"adduser -D -u {_ID} -G {_NAME} {_NAME}")


@dataclass(frozen=True, slots=True)
class Account:
    """A user: `user` as USER takes it, `owner` as chown takes it; `create` are the commands that make it, `home` says
    that it has a home folder of its own."""

    user: str
    owner: str
    said: str
    create: tuple[str, ...] = ()
    home: bool = True
    evidence: tuple[Evidence, ...] = ()


def account(facts: Facts, image: StageImage) -> Account | str:
    """The user that the last stage can run as; a reason where several are possible."""
    created = _created(facts, image)
    if isinstance(created, Account | str):
        return created
    known = knowledge.table("accounts")
    for name in image.base.users:
        if name in known and not _changed(facts, image, name):
            uid, gid = known[name]["uid"], known[name]["gid"]
            said = f"{name}, the user of {image.base.name}"
            return Account(f"{uid}:{gid}", f"{name}:{name}", said, home=True)
    if not image.base.has_shell and image.base.known:
        return Account(f"{_NONROOT}:{_NONROOT}", f"{_NONROOT}:{_NONROOT}", "a user by its number", home=False)
    if no_steps(facts, image):
        return Account(f"{_ID}:{_ID}", f"{_ID}:{_ID}", "a user by its number", home=False)
    match facts.system(image):
        case "alpine":
            return Account(f"{_ID}:{_ID}", f"{_NAME}:{_NAME}", f"a new user {_NAME}", _BUSYBOX)
        case "debian":
            return Account(f"{_ID}:{_ID}", f"{_NAME}:{_NAME}", f"a new user {_NAME}", _DEBIAN)
    if image.base.has("useradd") and image.base.has("groupadd"):
        return Account(f"{_ID}:{_ID}", f"{_NAME}:{_NAME}", f"a new user {_NAME}", _DEBIAN)
    if image.base.has("adduser") and image.base.has("addgroup"):
        return Account(f"{_ID}:{_ID}", f"{_NAME}:{_NAME}", f"a new user {_NAME}", _BUSYBOX)
    return Account(f"{_ID}:{_ID}", f"{_ID}:{_ID}", "a user by its number", home=False)


def no_steps(facts: Facts, image: StageImage) -> bool:
    """Whether the stage is put together for other platforms without running a program of theirs: a RUN would need an
    emulator where there is none today.

    Source: https://docs.docker.com/build/building/multi-platform/#cross-compilation
    """
    stages = tuple(facts.lineage(image))
    crossed = any(
        "BUILDPLATFORM" in (stage.start.flag("platform") or "")
        for stage in facts.file.stages
        if stage not in [each.stage for each in stages]
    )
    return crossed and all(i.keyword != "RUN" for each in stages for i in each.stage.body)


def _created(facts: Facts, image: StageImage) -> Account | str | None:
    """The user that the file's own steps make, and that no USER names."""
    lines = {each.stage.index for each in facts.lineage(image)}
    made = [
        (run, call)
        for run in facts.runs
        if run.image.stage.index in lines
        for call in run.calls
        if (call.program == "useradd" and not call.has("-D", "--defaults")) or call.program == "adduser"
    ]
    for run, call in made:
        if call.statement.words[-1].value is None:
            return f"line {run.instruction.first_line} makes a user whose name is not known, and no USER names it"
    users = {name: _own(run, call, name) for run, call in made if (name := _user(call))}
    if len(users) > 1:
        return f"the steps make {len(users)} users ({', '.join(sorted(users))}), and none of them is the last USER"
    return next(iter(users.values()), None)


def _changed(facts: Facts, image: StageImage, name: str) -> bool:
    """Whether a step of the file removes or changes the user of the base image."""
    lines = {each.stage.index for each in facts.lineage(image)}
    return any(
        call.program in ("userdel", "deluser", "usermod") and any(word.raw == name for word in call.statement.words)
        for run in facts.runs
        if run.image.stage.index in lines
        for call in run.calls
    )


def _user(call: Call) -> str | None:
    """The name of the user that the command makes; `adduser NAME GROUP` adds to a group."""
    words = [word.value for word in call.statement.words]
    plain = words[-1] if words[-1] and words[-1][0].isalpha() else None
    return plain if plain and plain != call.program else None


def _own(run: Run, call: Call, name: str) -> Account:
    words = [word.value for word in call.statement.words]
    uid = following(words, ("-u", "--uid"))
    gid = following(words, ("-g", "--gid"))
    number = uid is not None and uid.isdecimal()
    user = f"{uid}:{gid}" if number and gid and gid.isdecimal() else str(uid) if number else name
    absent = call.has("-H", "--no-create-home", "-M")
    home = not absent and (call.program == "adduser" or call.has("-m", "--create-home"))
    line = run.instruction.first_line
    said = f"{name}, which line {line} makes"
    # `chown NAME:` gives to the user's own group; chown(1).
    return Account(user, user if ":" in user else f"{name}:", said, home=home)
