"""What is known about base images: `Bases().lookup("python:3.11-slim")`. The facts are data, in bases.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Base:
    """What is known about one image; where `known` is False, every other field is None or empty."""

    reference: str
    known: bool
    os: str | None = None
    distribution: str | None = None
    release: str | None = None
    version: str | None = None
    variant: frozenset[str] = frozenset()
    shell: tuple[str, ...] | None = None
    has_shell: bool | None = None
    user: str | None = None
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    onbuild: bool | None = None
    users: tuple[str, ...] = ()
    home: str | None = None
    tools: frozenset[str] = frozenset()
    pip: str | None = None
    exposes: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stopsignal: str | None = None

    def has(self, tool: str) -> bool:
        """Whether `tool` is known to be there in every supported version of the image."""
        return tool in self.tools


class Bases:
    """The built-in table, with the user's own entries laid over it."""

    def __init__(self, overrides: Mapping[str, Mapping[str, Any]] = {}) -> None:  # noqa: B006
        self.overrides = overrides

    def lookup(self, reference: str) -> Base:
        """The facts about the image `reference`, as written in FROM."""
        return Base(reference, False)
