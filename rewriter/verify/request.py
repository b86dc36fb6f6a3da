"""What a user asks of a verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rewriter.verify.limits import Limits, share, size
from rewriter.verify.running.questions import Questions

PATIENCE, TIMEOUT = 60, 1800


@dataclass(frozen=True)
class Request:
    """How to verify. `engine` is its name, None for the first that is there; `builder` the name of a buildx builder;
    `timeout` are the seconds that a build may take; `arguments` (`NAME=VALUE`) and `engine_args` (words) go into each
    build. `quick`: no build is timed, and so the build cache is used, and no rebuild is made."""

    engine: str | None = None
    builder: str | None = None
    timeout: float = TIMEOUT
    arguments: tuple[str, ...] = ()
    engine_args: tuple[str, ...] = ()
    questions: Questions = field(default_factory=Questions)
    limits: Limits = field(default_factory=Limits)
    hardened: bool = False
    quick: bool = False


def request(given: Mapping[str, Any], configured: Mapping[str, Any]) -> Request:
    """What the options of the command line say (None and empty: not said) over `Config.verify`, by the same names.

    Raises ValueError with a sentence for a size or a share that cannot be read.
    """
    said = {**configured, **{name: value for name, value in given.items() if value not in (None, (), False)}}
    return Request(
        engine=said.get("engine"),
        builder=said.get("builder"),
        timeout=said.get("timeout", TIMEOUT),
        arguments=tuple(said.get("build_arg", ())),
        engine_args=tuple(said.get("engine_arg", ())),
        questions=Questions(
            http=tuple(path for paths in said.get("http", ()) for path in paths.split(",") if path),
            commands=tuple(said.get("run", ())),
            port=said.get("port"),
            patience=said.get("patience", PATIENCE),
            run_args=tuple(said.get("run_arg", ())),
        ),
        limits=Limits(
            max_size=size(said["max_size"]) if "max_size" in said else None,
            min_saving=share(said["min_saving"]) if "min_saving" in said else None,
            max_layers=said.get("max_layers"),
            max_critical=said.get("max_critical"),
            max_high=said.get("max_high"),
        ),
        hardened=said.get("hardened", False),
        quick=said.get("quick", False),
    )
