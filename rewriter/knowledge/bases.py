"""What is known about base images: `Bases().lookup("python:3.11-slim")`. The facts are data, in bases.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from rewriter.knowledge.base_table import UNKNOWN, Facts, facts_of, names, overlaid, split


def _base(reference: str, facts: Facts) -> Base:
    """The `Base` that `facts` come to."""
    values = {key: value for key, value in facts.items() if key in FIELDS and value is not None and value != UNKNOWN}
    for key in SETS & values.keys():
        values[key] = frozenset(word for word in values[key].split() if word[0] != "-")
    for key in LISTS & values.keys():
        values[key] = tuple(values[key])
    if "env" in values:
        values["env"] = tuple((name, text) for name, text in values["env"].items() if UNKNOWN not in text)
    if values.get("has_shell") is not True:
        values.pop("shell", None)
    if "user" not in values or (values.get("home") == "/root" and values["user"] != "root"):
        values.pop("home", None)
    return Base(reference, True, **values)


@lru_cache(maxsize=4096)
def _built_in(reference: str) -> Base:
    facts = facts_of(reference)
    return Base(reference, False) if facts is None else _base(reference, facts)


def _check(pattern: str, entry: Mapping[str, Any]) -> None:
    """Raise ValueError where `entry`, given by the user for `pattern`, is not one that `Bases` takes."""
    from difflib import get_close_matches  # slow to import, and few have entries of their own

    for key, value in entry.items():
        if key not in FIELDS and key != "like":
            close = get_close_matches(key, [*FIELDS, "like"], 1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; the keys are like, {', '.join(sorted(FIELDS))}"
            raise ValueError(f"bases.{pattern!r}: unknown key {key!r}{hint}")
        if key in TEXTS or key == "like":
            fits, wanted = isinstance(value, str), "a text"
        elif key in FLAGS:
            fits, wanted = isinstance(value, bool), "true or false"
        elif key == "env":
            fits = isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())
            wanted = "a table of texts"
        else:
            fits = isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)
            wanted = "a list of texts"
        if not fits:
            raise ValueError(f"bases.{pattern!r}: {key} must be {wanted}")
    if "like" in entry and facts_of(entry["like"]) is None:
        name = split(entry["like"])[0]
        close = get_close_matches(name, names()[0], 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"bases.{pattern!r}: like: no image {name!r} in the table{hint}")


def _given(entry: Mapping[str, Any]) -> Facts:
    """What the user says in `entry`, as facts."""
    facts = {key: " ".join(value) if key in SETS else value for key, value in entry.items() if key != "like"}
    if "distribution" in entry:
        facts = {"release": None} | facts
    if entry.get("shell"):
        facts = {"has_shell": True} | facts
    return facts


@dataclass(frozen=True, slots=True)
class Base:
    """What is known about one image; where `known` is False, every other field is None or empty."""

    reference: str  # as written in FROM
    known: bool
    os: str | None = None  # "linux" or "windows"
    distribution: str | None = None  # "debian", "alpine", "rhel", "distroless", "scratch", "windows" ...
    release: str | None = None  # a codename for debian and ubuntu, else the version; None where an open tag decides
    version: str | None = None  # of the image's own product, as far as the tag says it
    variant: frozenset[str] = frozenset()  # what the tag's words name: "slim", "alpine", "fpm", "jre" ...
    shell: tuple[str, ...] | None = None  # what SHELL is; None where there is none, and where it is not known
    has_shell: bool | None = None
    user: str | None = None
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None  # () none, None not known; `cmd` likewise
    cmd: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()  # those variables whose value is known
    onbuild: bool | None = None  # whether it has ONBUILD triggers
    users: tuple[str, ...] = ()  # unprivileged users that it has by name
    home: str | None = None  # of its user
    tools: frozenset[str] = frozenset()
    pip: str | None = None  # its pip is of this major.minor version or newer
    exposes: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stopsignal: str | None = None

    @property
    def name(self) -> str:
        """The reference as a message names it: without a digest, where it has a tag."""
        name, _, _ = self.reference.partition("@")
        return name if ":" in name.rpartition("/")[2] else self.reference

    def has(self, tool: str) -> bool:
        """Whether `tool` is known to be there in every supported version of the image."""
        return tool in self.tools


FIELDS = frozenset(f.name for f in fields(Base)) - {"reference", "known"}
TEXTS = frozenset({"os", "distribution", "release", "version", "user", "workdir", "home", "pip", "stopsignal"})
FLAGS = frozenset({"has_shell", "onbuild"})
SETS = frozenset({"variant", "tools"})
LISTS = frozenset({"shell", "entrypoint", "cmd", "users", "exposes", "volumes"})


@dataclass(frozen=True)
class Bases:
    """The built-in table, with the user's own entries laid over it.

    `overrides` maps a pattern (of fnmatch; on `name:tag`, or on the name alone) to fields of `Base` and `like`, a
    reference whose facts are taken; a `*` in it stands for the tag that is looked up. `tools`, `variant` and `env`
    are added to, any other field is replaced. Of several patterns that match, the last one holds. Raises ValueError
    for a key that is none, for a value of another type, and for a `like` that the table does not know.
    """

    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for pattern, entry in self.overrides.items():
            _check(pattern, entry)

    def lookup(self, reference: str) -> Base:
        """The facts about the image `reference`, as written in FROM; its variables are not expanded.

        A variable in the tag, or a digest alone, leaves the version open, and only what all supported versions share
        is said. A variable in the name makes the image unknown (DESIGN.md, Words).
        """
        if self.overrides:
            name, tag = split(reference)
            for pattern in reversed(tuple(self.overrides)):
                if fnmatchcase(f"{name}:{tag}", pattern) or fnmatchcase(name, pattern):
                    entry = self.overrides[pattern]
                    like = str(entry.get("like", reference)).replace("*", tag)
                    return _base(reference, overlaid(facts_of(like) or {}, _given(entry)))
        return _built_in(reference)
