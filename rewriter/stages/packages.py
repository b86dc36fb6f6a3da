"""PLACEHOLDER until the helper's version arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.image import StageImage


@dataclass(frozen=True, slots=True)
class Division:
    build: tuple[str, ...]
    runtime: tuple[str, ...]
    kept: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def divide(names: Sequence[str], image: StageImage) -> Division:
    tools = knowledge.table("build_tools")["apt"]
    return Division(tuple(n for n in names if n in tools), tuple(n for n in names if n not in tools))
