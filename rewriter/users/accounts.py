"""Which user an image can run as, and how it is made where there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import ROOT, Facts
from rewriter.image import StageImage
from rewriter.knowledge.base_table import SAME_IMAGE, split
from rewriter.steps.created_users import Created, created

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
# The system's users that files are given to; ids of Debian and of alpine. Their home folders are not theirs to write.
# Sources: https://sources.debian.org/src/base-passwd/ (passwd.master), alpine-baselayout's passwd, and, for www-data on
# alpine, https://github.com/docker-library/php/blob/master/Dockerfile-linux.template
_SYSTEM = {"nobody": {"debian": 65534, "alpine": 65534}, "www-data": {"debian": 33, "alpine": 82}}
_BARE = frozenset(("debian", "ubuntu", "alpine", "busybox", "fedora", "rockylinux", "almalinux", "amazonlinux"))
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

    def in_group_0(self) -> Account:
        """The same user in the group of root, to which OpenShift's users of any number belong.

        Source: https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/images/creating-images
        """
        user, owner = self.user.partition(":")[0], self.owner.partition(":")[0]
        return replace(self, user=f"{user}:0", owner=f"{owner}:0")


def account(facts: Facts, image: StageImage, *, owns: bool = False) -> Account | str:
    """The user that the last stage can run as; a reason where several are possible. `owns` says that folders are to be
    given to it, which takes a step in any case."""
    created = _created(facts, image)
    if isinstance(created, Account | str):
        return created
    if copied := _copied(facts, image):
        return copied
    known = knowledge.table("accounts")
    for name in image.base.users:
        if name in known and not _changed(facts, image, name):
            uid, gid = known[name]["uid"], known[name]["gid"]
            said = f"{name}, the user of {image.base.name}"
            return Account(f"{uid}:{gid}", f"{name}:{name}", said, home=True)
    if not image.base.has_shell and image.base.known:
        return Account(f"{_NONROOT}:{_NONROOT}", f"{_NONROOT}:{_NONROOT}", "a user by its number", home=False)
    if not owns and no_steps(facts, image):
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


def _copied(facts: Facts, image: StageImage) -> Account | None:
    """The one user to whom the copies of the stage give their files; None where there are several, or root alone."""
    copies = [i for each in facts.lineage(image) for i in each.stage.body if i.keyword in ("COPY", "ADD")]
    owners = {owner: copy for copy in copies if (owner := copy.flag("chown"))}
    names = {owner.partition(":")[0] for owner in owners} - set(ROOT)
    if len(names) != 1:
        return None
    name = names.pop()
    line = next(copy.first_line for owner, copy in owners.items() if owner.partition(":")[0] == name)
    ids = _SYSTEM.get(name, {}).get(facts.system(image) or "")
    if ids is None and not name.isdecimal():
        return None
    user = f"{ids}:{ids}" if ids else next(owner for owner in owners if owner.partition(":")[0] == name)
    if not re.fullmatch(r"\d+(?::\d+)?", user):
        return None
    return Account(user, user, f"{name}, to whom line {line} gives its files", home=False)


def no_steps(facts: Facts, image: StageImage) -> bool:
    """Whether the stage is put together for other platforms without running a program of theirs, or the file only
    puts what was built outside of it on a system: a RUN would need an emulator where there is none today.

    Source: https://docs.docker.com/build/building/multi-platform/#cross-compilation
    """
    stages = tuple(facts.lineage(image))
    crossed = any(
        "BUILDPLATFORM" in (stage.start.flag("platform") or "")
        for stage in facts.file.stages
        if stage not in [each.stage for each in stages]
    )
    wraps = len(facts.file.stages) == 1 and SAME_IMAGE.sub("", split(image.base.reference)[0]) in _BARE
    return (crossed or wraps) and all(i.keyword != "RUN" for each in stages for i in each.stage.body)


def _created(facts: Facts, image: StageImage) -> Account | str | None:
    """The user that the file's own steps make, and that no USER names."""
    lines = {each.stage.index for each in facts.lineage(image)}
    for run in facts.runs:
        for call in run.calls if run.image.stage.index in lines else ():
            if call.program in ("useradd", "adduser") and any(word.value is None for word in call.operands):
                return f"line {run.instruction.first_line} makes a user whose name is not known, and no USER names it"
    users = {each.name: each for each in created(facts, image)}
    if len(users) > 1:
        return f"the steps make {len(users)} users ({', '.join(sorted(users))}), and none of them is the last USER"
    return next((_own(each) for each in users.values()), None)


def _changed(facts: Facts, image: StageImage, name: str) -> bool:
    """Whether a step of the file removes or changes the user of the base image."""
    lines = {each.stage.index for each in facts.lineage(image)}
    return any(
        call.program in ("userdel", "deluser", "usermod") and any(word.raw == name for word in call.statement.words)
        for run in facts.runs
        if run.image.stage.index in lines
        for call in run.calls
    )


def _own(made: Created) -> Account:
    numbers = made.uid is not None and made.group is not None and made.group.isdecimal()
    user = f"{made.uid}:{made.group}" if numbers else made.uid or made.name
    call = made.call
    absent = call.has("-H", "--no-create-home", "-M")
    home = not absent and (call.program == "adduser" or call.has("-m", "--create-home"))
    said = f"{made.name}, which line {made.run.instruction.first_line} makes"
    # `chown NAME:` gives to the user's own group; chown(1).
    return Account(user, user if numbers else f"{made.name}:", said, home=home)
