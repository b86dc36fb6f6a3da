"""`dockerslim verify`, and what `fix --verify` does with it. What they need is loaded when they are asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rewriter.batch import Done, Settings
from rewriter.cli_options import BUILDERS, SHARED, with_options
from rewriter.cli_run import results_of, say, settings_of, write

if TYPE_CHECKING:
    from rewriter.verify.command import Prover
    from rewriter.verify.model import Choice, Verification

# Takes a result of `fix` and how it was made, and returns what is left of it.
Settle = Callable[[Done, Settings], Done]
# The exit code of a program that Ctrl-C ends, as shells have it.
_INTERRUPTED = 130
# How both images are built, and what they are asked.
_ASKED: Mapping[str, dict[str, Any]] = {
    "engine": {"help": "docker, podman, buildah or buildctl (default: the first of them that answers)."},
    "build-arg": {"multiple": True, "metavar": "NAME=VALUE", "help": "A build argument."},
    "engine-arg": {"multiple": True, "metavar": "WORD", "help": "A word for the engine's build command."},
    "run-arg": {"multiple": True, "metavar": "WORD", "help": "A word for the engine's run command."},
    "http": {"multiple": True, "metavar": "/PATH[,…]", "help": "Ask both programs for these paths."},
    "run": {"multiple": True, "metavar": "COMMAND", "help": "Run this command in both images."},
    "port": {"type": click.IntRange(1, 65535), "help": "Where the program listens (default: the port it exposes)."},
    "timeout": {"type": click.IntRange(1), "help": "The seconds that a build may take (default: 1800)."},
    "patience": {"type": click.IntRange(1), "help": "The seconds to wait for an answer (default: 60)."},
}
ASKING = tuple(click.option(f"--{name}", **about) for name, about in _ASKED.items())
_JUDGING = (
    click.option("--hardened", is_flag=True, help="Also run with a read-only root and without capabilities."),
    click.option("--quick", is_flag=True, help="Time no build: use the build cache, and make no rebuild."),
    click.option("--max-size", metavar="SIZE", help="End with 1 where the image is larger (200MB)."),
    click.option("--min-saving", metavar="SHARE", help="End with 1 where the rewrite saves less (50%)."),
    click.option("--max-layers", type=click.IntRange(0), help="End with 1 where the image has more layers."),
    click.option("--max-critical", type=click.IntRange(0), help="The same for known critical vulnerabilities."),
    click.option("--max-high", type=click.IntRange(0), help="The same for known high vulnerabilities."),
)
_PRINTING = (
    click.option("--compare", metavar="BASE[,…]", help="Also build the program on these bases: slim, distroless, …"),
    click.option(
        "--bandwidth",
        type=click.FloatRange(0, min_open=True),
        default=100.0,
        show_default=True,
        metavar="MBIT/S",
        help="For the time that a pull takes.",
    ),
    click.option(
        "--format",
        "style",
        type=click.Choice(["text", "json", "markdown", "html"]),
        default="text",
        show_default=True,
        help="How to print.",
    ),
)


@click.command()
@with_options(
    *SHARED,
    click.option("--builder", metavar="NAME", help=f"{', '.join(BUILDERS)}, or the name of a buildx builder to use."),
    *ASKING,
    *_JUDGING,
    *_PRINTING,
)
def verify(paths: tuple[Path, ...], **given: Any) -> None:
    """Prove the rewrite of the Dockerfiles at PATHS by building it: both images are built, run, measured and compared,
    and the transforms whose changes do not hold are named. Writes nothing."""
    from rewriter.verify.command import NotVerified

    named = given["builder"] if given["builder"] not in BUILDERS else None
    settings = settings_of({**given, "builder": "buildkit" if named else given["builder"]})
    results = results_of(paths, settings, given)
    for done in results:
        say(done, given["verbose"])
    errors = [(str(done.path), done.error) for done in results if done.error]
    found: list[Verification] = []
    compared: dict[str, Sequence[Choice]] = {}
    with _proving({**given, "builder": named}) as prover:
        for done in results:
            if done.rewrite is None:
                continue
            try:
                found.append(prover.verified(done, settings))
                if given["compare"]:
                    compared[str(done.path)] = prover.compared(done, settings, given["compare"].split(","))
            except NotVerified as error:
                errors.append((str(done.path), str(error)))
                click.echo(f"{done.path}: {error}", err=True)
                if error.hopeless:
                    break
    _print(found, compared, errors, given)
    sys.exit(2 if errors else int(not all(each.passed for each in found)))


def asked_by(given: Mapping[str, Any]) -> list[str]:
    """The options of `ASKING` that are given."""
    return [name for name in _ASKED if given[name.replace("-", "_")] not in (None, ())]


@contextmanager
def settling(given: Mapping[str, Any]) -> Iterator[Settle]:
    """What `fix --verify` does with each result: what did not pass is taken back."""
    from rewriter.verify.command import NotVerified

    with _proving({**given, "builder": None}) as prover:

        def settle(done: Done, settings: Settings) -> Done:
            if done.rewrite is None or not done.rewrite.changed:
                return done
            try:
                return prover.settled(done, settings)
            except NotVerified as error:
                if error.hopeless:
                    raise click.ClickException(str(error)) from error
                return Done(done.path, error=str(error))

        yield settle


@contextmanager
def _proving(given: Mapping[str, Any]) -> Iterator[Prover]:
    """A prover for the files of one command, which shows what it does on standard error."""
    from rich.console import Console

    from rewriter.verify.cleaning import interruptible
    from rewriter.verify.command import Prover
    from rewriter.verify.progress import shown

    with interruptible(), shown(Console(stderr=True, quiet=given["quiet"])) as told:
        prover = Prover(given, told)
        try:
            yield prover
        except KeyboardInterrupt:
            click.echo("stopped; what was made for the verification is removed", err=True)
            sys.exit(_INTERRUPTED)
        finally:
            for command in prover.left:
                click.echo(f"something could not be removed; this does it: {command}", err=True)


def _print(
    found: Sequence[Verification],
    compared: Mapping[str, Sequence[Choice]],
    errors: Sequence[tuple[str, str]],
    given: Mapping[str, Any],
) -> None:
    bandwidth = given["bandwidth"]
    match given["style"]:
        case "text":
            from rich.console import Console

            from rewriter.verify.report import terminal

            terminal.render(found, Console(), bandwidth=bandwidth, verbose=given["verbose"], comparisons=compared)
        case "json":
            from rewriter.verify.report import as_json

            told = [{"path": path, "message": message} for path, message in errors]
            write(as_json.render(found, bandwidth=bandwidth, comparisons=compared, errors=told))
        case "markdown":
            from rewriter.verify.report import markdown

            write(markdown.render(found, bandwidth=bandwidth, comparisons=compared))
        case _:
            from rewriter.verify.report import html

            write(html.render(found, bandwidth=bandwidth, comparisons=compared))
