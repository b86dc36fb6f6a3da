"""What the commands have in common: they run over files, say what came of each, and end with a code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from rewriter.batch import Done, Settings, find, process, process_all, process_bytes
from rewriter.change import Level
from rewriter.discover import Found, Trouble
from rewriter.report import text as report

_PROGRESS_AFTER = 1.0


def settings_of(given: dict[str, Any]) -> Settings:
    overrides: dict[str, Any] = {
        "level": Level.parse(given["level"]) if given["level"] else None,
        "select": frozenset().union(*given["select"]) if given["select"] else None,
        "ignore": frozenset().union(*given["ignore"]) if given["ignore"] else None,
        "builder": given["builder"],
        "cache": given["cache"],
    }
    return Settings(overrides, given["context"], given["config"])


def is_stdin(paths: Sequence[Path]) -> bool:
    if Path("-") in paths and len(paths) > 1:
        raise click.UsageError("standard input (-) stands alone")
    return list(paths) == [Path("-")]


def run(paths: Sequence[Path], settings: Settings, given: dict[str, Any], serial: bool = False) -> Iterator[Done]:
    found = find(paths or [Path()], settings)
    if not found:
        click.echo("no Dockerfiles found", err=True)
    done = _one_by_one(found, settings) if serial else process_all(found, settings, given["jobs"])
    return _with_progress(done, len(found)) if _shows_progress(given, serial) else iter(done)


def results_of(paths: Sequence[Path], settings: Settings, given: dict[str, Any]) -> list[Done]:
    """What comes of the files at `paths`, or of standard input; writes nothing."""
    if not is_stdin(paths):
        return list(run(paths, settings, given))
    path = given["stdin_filename"] or Path("Dockerfile")
    return [process_bytes(sys.stdin.buffer.read(), path, settings)]


def _one_by_one(found: Sequence[Found | Trouble], settings: Settings) -> Iterator[Done]:
    """Rewrite file by file, and tell who is asked about the changes which file it is."""
    for one in found:
        settings.overrides["accept"].path = diff_path(one.path)
        yield process(one, settings)


def _shows_progress(given: dict[str, Any], serial: bool) -> bool:
    return not given["quiet"] and not serial and sys.stderr.isatty()


def _with_progress(results: Iterable[Done], total: int) -> Iterator[Done]:
    """Show a progress bar on the terminal as soon as more than a second of work remains."""
    began = time.monotonic()
    bar: Any = None
    for count, done in enumerate(results, 1):
        spent = time.monotonic() - began
        if bar is None and spent > 0.2 and spent / count * (total - count) > _PROGRESS_AFTER:
            bar = click.progressbar(length=total, label="dockerslim", file=sys.stderr)
            bar.__enter__()
            bar.update(count - 1)
        if bar is not None:
            bar.update(1)
        yield done
    if bar is not None:
        bar.__exit__(None, None, None)


def say(done: Done, verbose: bool) -> None:
    """What is said about one file on standard error: errors always, the rest with --verbose."""
    colours = coloured(sys.stderr)
    if done.error:
        click.echo(report.error_line(done, colours), err=True, color=colours)
    if done.unproven:
        click.echo(f"{done.path}: {done.unproven}", err=True)
    if not verbose:
        return
    if done.skipped:
        click.echo(f"{done.path}: skipped: {done.skipped}", err=True)
    if done.rewrite:
        for note in done.rewrite.notes:
            click.echo(f"{done.path}: note: {note}", err=True)
        for finding in done.rewrite.findings:
            for line in report.finding_lines(done.path, done.rewrite.before, finding, verbose=True, colours=colours):
                click.echo(line, err=True, color=colours)


def diff_path(path: Path) -> str:
    """How a diff names the file: from the working folder, where `git apply` and `patch` are run; never upwards."""
    absolute = Path(os.path.abspath(path))
    here = Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute.relative_to("/")).as_posix()


def coloured(stream: Any) -> bool:
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def code(results: Sequence[Done], found: bool) -> int:
    return 2 if any(done.error for done in results) else int(found)


def save(done: Done) -> Done:
    from rewriter.files import write_all

    assert done.rewrite is not None
    try:
        others = [(path, other.after.encode()) for path, other in done.others.items()]
        write_all([*others, (done.path, done.rewrite.after.encode())])
    except OSError as error:
        return Done(done.path, error=str(error))
    return done
