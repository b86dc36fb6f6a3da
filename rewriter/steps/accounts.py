"""Who runs a step: the home folder and the ids of a user, as far as base image and file show them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.facts import Facts, Run
from rewriter.image import Unknown


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs a step: the home folder, and the owner that a mounted cache must have (None for root)."""

    home: str
    uid: int | None = None
    gid: int | None = None


@lru_cache(maxsize=1)
def _known() -> dict[str, Any]:
    return knowledge.table("accounts")


def known_group(name: str) -> str | None:
    """The name of the group of a user that base images have; None where it is not known."""
    return name if name in _known() else None


def account(facts: Facts, run: Run) -> Account | str:
    """Who runs the step, or why that is not known. A home that ENV names is the one that programs see."""
    user = run.state.user
    home = run.state.env.get("HOME")
    if isinstance(home, Unknown):
        return "HOME is not known"
    if facts.is_root(run):
        return Account(home or "/root")
    if isinstance(user, Unknown):
        return "the user of the step is not known"
    name = user.partition(":")[0]
    entry = _known().get(name) if name in run.image.base.users else None
    found = Account(entry["home"], entry["uid"], entry["gid"]) if entry else _created(facts, run, name)
    if found is None:
        return f"the uid and the home folder of {name} are not known"
    return Account(home or found.home, found.uid, found.gid)


def _created(facts: Facts, run: Run, name: str) -> Account | None:
    """The user `name` as an earlier step of the file creates it, None where that says no uid."""
    for other in facts.earlier(run):
        for call in other.calls:
            if call.program not in ("useradd", "adduser"):
                continue
            words = [word.value for word in call.statement.words]
            uid = following(words, ("-u", "--uid"))
            if uid and uid.isdigit() and name in (words[-1], uid):
                home = following(words, ("-d", "--home", "--home-dir", "-h"))
                gid = following(words, ("-g", "--gid"))
                owner = int(gid) if gid and gid.isdigit() else None
                return Account(home or f"/home/{words[-1]}", int(uid), owner)
    return None


def following(words: list[str | None], names: tuple[str, ...]) -> str | None:
    """What stands behind one of the options `names` among the words of a command; None where none of them is given."""
    for at, word in enumerate(words):
        for name in names:
            if word == name and at + 1 < len(words):
                return words[at + 1]
            if word and name.startswith("--") and word.startswith(f"{name}="):
                return word[len(name) + 1 :]
    return None
