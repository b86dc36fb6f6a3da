"""The options that commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from rewriter.change import Level
from rewriter.result import Builder
from transforms import NAMES


class Names(click.ParamType[frozenset[str]]):
    """One or several names of transforms, separated by commas."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        if isinstance(value, frozenset):
            return value
        names = [name.strip() for name in str(value).split(",") if name.strip()]
        for name in names:
            if name not in NAMES:
                self.fail(unknown(name), param, ctx)
        return frozenset(names)


def unknown(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, NAMES, 1)
    return f"there is no transform {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


Command = Callable[..., None]
BUILDERS = get_args(Builder)
BUILDER = click.option(
    "--builder",
    type=click.Choice(BUILDERS),
    help="The builder that the result must build with (default: what the file shows).",
)
# What all commands that rewrite have in common, but for the builder.
SHARED = (
    click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True)),
    click.option(
        "--level",
        type=click.Choice([level.label for level in Level]),
        help="Make changes of this level and below (default: standard).",
    ),
    click.option("--select", type=Names(), multiple=True, help="Run these transforms only."),
    click.option("--ignore", type=Names(), multiple=True, help="Leave these transforms out."),
    click.option(
        "--context",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="The build context (default: what compose, bake and CI files say, else the Dockerfile's folder).",
    ),
    click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="Use this configuration file and no other.",
    ),
    click.option(
        "--cache",
        type=click.Choice(["clean", "mount"]),
        help="Clean package caches, or keep them in cache mounts (default: clean).",
    ),
    click.option(
        "--stdin-filename",
        type=click.Path(path_type=Path),
        help="The path that the standard input (`-`) stands for.",
    ),
    click.option("--jobs", "-j", type=click.IntRange(1), help="How many processes (default: one per core)."),
    click.option("--verbose", "-v", is_flag=True, help="Also say what was declined and why, and the evidence."),
    click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors."),
)


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that gives a command `options`, which its help lists in this order."""

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated
