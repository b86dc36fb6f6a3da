"""The command line: `dockerslim fix`, `check`, `layers` and `explain`.

Exit codes: 0 nothing to do, or all written; 1 findings, or a diff; 2 an error. Messages go to standard error.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from rewriter.batch import Done, Settings, find, process, process_all, process_bytes
from rewriter.change import Finding, Level, Outcome
from rewriter.cli_options import shared_options, unknown
from rewriter.config import ConfigError
from rewriter.discover import Found, Trouble
from rewriter.report import text as report
from rewriter.report.text import instruction_text
from transforms import NAMES

_SHOWN = (Outcome.CHANGED, Outcome.REPORTED, Outcome.DROPPED)
_ALSO_VERBOSE = (Outcome.OFFERED, Outcome.DECLINED)
_PROGRESS_AFTER = 1.0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dockerslim")
def dockerslim() -> None:
    """Rewrite Dockerfiles so that images get smaller, rebuild faster and run without root."""


@dockerslim.command()
@shared_options
@click.option("--diff", is_flag=True, help="Print the changes as a diff; write nothing.")
@click.option("--check", is_flag=True, help="Only say whether files would change; write nothing.")
@click.option("--patch", "-p", is_flag=True, help="Ask about each change, like `git add -p`.")
def fix(paths: tuple[Path, ...], diff: bool, check: bool, patch: bool, **given: Any) -> None:
    """Rewrite the Dockerfiles at PATHS (files, folders, or - for standard input; default: this folder)."""
    settings, colours = _settings(given), _colours(sys.stdout)
    if _is_stdin(paths):
        sys.exit(_fix_stdin(settings, given, diff=diff, check=check))
    if patch:
        from rewriter.patch import Asker

        settings = replace(settings, overrides={**settings.overrides, "accept": Asker()})
    results: list[Done] = []
    for result in _in_turn(_run(paths, settings, given, serial=patch), settings):
        if result.rewrite and result.rewrite.changed:
            if diff:
                _write(_diff(result, colours))
            elif not check:
                result = _save(result)
        results.append(result)
        _say(result, given["verbose"])
    verb = "would change" if diff or check else "changed"
    if not given["quiet"]:
        click.echo(report.summary(results, verb), err=True)
    sys.exit(_code(results, any(r.rewrite and r.rewrite.changed for r in results) and (diff or check)))


def _in_turn(results: Iterable[Done], settings: Settings) -> Iterator[Done]:
    """The results one after another: what an earlier one added to an ignore file is there for those that share it."""
    beside: dict[Path, str] = {}
    for done in results:
        result = done
        if any(path in beside for path in done.others):
            result = process(Found(done.path, explicit=True), replace(settings, beside=beside))
        beside |= {path: other.after.text for path, other in result.others.items()}
        yield result


def _diff(done: Done, colours: bool) -> str:
    assert done.rewrite is not None
    context = _diff_path(done.context) if done.context else None
    return done.rewrite.diff(_diff_path(done.path), context=context, color=colours)


def _fix_stdin(settings: Settings, given: dict[str, Any], *, diff: bool, check: bool) -> int:
    path = given["stdin_filename"] or Path("Dockerfile")
    if not diff:  # standard output takes one file
        settings = replace(settings, overrides={**settings.overrides, "beside": False})
    done = process_bytes(sys.stdin.buffer.read(), path, settings)
    _say(done, given["verbose"])
    if done.rewrite is None:
        return 2
    if diff:
        _write(_diff(done, _colours(sys.stdout)))
    elif not check:
        sys.stdout.buffer.write(done.rewrite.after.encode())
        return 0
    return int(done.rewrite.changed)


@dockerslim.command()
@shared_options
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to print the findings.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Show only findings that are not in this file; it is written where it does not exist.",
)
def check(paths: tuple[Path, ...], style: str, baseline: Path | None, **given: Any) -> None:
    """List the findings in the Dockerfiles at PATHS, at their own lines; writes nothing."""
    settings = _settings(given)
    outcomes = (*_SHOWN, *_ALSO_VERBOSE) if given["verbose"] else _SHOWN
    results = _results(paths, settings, given)
    for done in results:
        _say(done, verbose=False)
    found = [(done, list(done.rewrite.of(*outcomes))) for done in results if done.rewrite]
    if baseline or (baseline := _configured_baseline(settings)):
        found = _new_only(baseline, found)
    counted = any(finding.outcome in _SHOWN for _, findings in found for finding in findings)
    if style == "text":
        colours = _colours(sys.stdout)
        for done, findings in found:
            assert done.rewrite is not None
            for finding in findings:
                for line in report.finding_lines(
                    done.path, done.rewrite.before, finding, verbose=given["verbose"], colours=colours
                ):
                    click.echo(line, color=colours)
        if not given["quiet"]:
            click.echo(report.tally(f for _, findings in found for f in findings), err=True)
    else:
        from importlib import import_module

        module = import_module(f"rewriter.report.{'as_json' if style == 'json' else style}")
        _write(module.render(found, results))
    sys.exit(_code(results, counted))


@dockerslim.command()
@shared_options
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
def layers(paths: tuple[Path, ...], style: str, **given: Any) -> None:
    """Show which steps run again after an edit of the source, of a manifest or of the base image: before and after
    the rewrite of the Dockerfiles at PATHS. Writes nothing."""
    from rewriter.cli_layers import show

    settings = _settings(given)
    results = _results(paths, settings, given)
    for done in results:
        _say(done, given["verbose"])
    show(results, settings, style, colours=_colours(sys.stdout))
    sys.exit(_code(results, False))


@dockerslim.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Explain every transform.")
def explain(name: str | None, everything: bool) -> None:
    """Explain the transform NAME: what it does, why, an example, and its level."""
    from rewriter.explain import explanation
    from transforms import CHAIN

    if not everything and name is None:
        raise click.UsageError("name a transform, or use --all")
    if not everything and name not in NAMES:
        raise click.UsageError(unknown(name or ""))
    chosen = [transform for transform in CHAIN if everything or transform.name == name]
    click.echo("\n\n".join(explanation(transform.name, transform.documentation) for transform in chosen))


def _settings(given: dict[str, Any]) -> Settings:
    overrides: dict[str, Any] = {
        "level": Level.parse(given["level"]) if given["level"] else None,
        "select": frozenset().union(*given["select"]) if given["select"] else None,
        "ignore": frozenset().union(*given["ignore"]) if given["ignore"] else None,
        "builder": given["builder"],
        "cache": given["cache"],
    }
    return Settings(overrides, given["context"], given["config"])


def _is_stdin(paths: Sequence[Path]) -> bool:
    if Path("-") in paths and len(paths) > 1:
        raise click.UsageError("standard input (-) stands alone")
    return list(paths) == [Path("-")]


def _run(paths: Sequence[Path], settings: Settings, given: dict[str, Any], serial: bool = False) -> Iterator[Done]:
    found = find(paths or [Path()], settings)
    if not found:
        click.echo("no Dockerfiles found", err=True)
    done = _one_by_one(found, settings) if serial else process_all(found, settings, given["jobs"])
    return _with_progress(done, len(found)) if _shows_progress(given, serial) else iter(done)


def _results(paths: Sequence[Path], settings: Settings, given: dict[str, Any]) -> list[Done]:
    """What comes of the files at `paths`, or of standard input; writes nothing."""
    if not _is_stdin(paths):
        return list(_run(paths, settings, given))
    path = given["stdin_filename"] or Path("Dockerfile")
    return [process_bytes(sys.stdin.buffer.read(), path, settings)]


def _one_by_one(found: Sequence[Found | Trouble], settings: Settings) -> Iterator[Done]:
    """Rewrite file by file, and tell who is asked about the changes which file it is."""
    for one in found:
        settings.overrides["accept"].path = _diff_path(one.path)
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


def _save(done: Done) -> Done:
    from rewriter.files import write_all

    assert done.rewrite is not None
    try:
        others = [(path, other.after.encode()) for path, other in done.others.items()]
        write_all([*others, (done.path, done.rewrite.after.encode())])
    except OSError as error:
        return Done(done.path, error=str(error))
    return done


def _say(done: Done, verbose: bool) -> None:
    """What is said about one file on standard error: errors always, the rest with --verbose."""
    colours = _colours(sys.stderr)
    if done.error:
        click.echo(report.error_line(done, colours), err=True, color=colours)
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


def _new_only(path: Path, found: list[tuple[Done, list[Finding]]]) -> list[tuple[Done, list[Finding]]]:
    """The findings that the baseline at `path` does not hold; it is written with all of them where there is none."""
    from rewriter import baseline

    named = [
        (done, baseline.key(done.path, path), [(f, instruction_text(done.rewrite, f)) for f in findings])
        for done, findings in found
        if done.rewrite
    ]
    if not path.exists():
        path.write_text(baseline.dump({key: pairs for _, key, pairs in named}), "utf-8")
    known = baseline.load(path)
    return [(done, known.new(key, pairs)) for done, key, pairs in named]


def _diff_path(path: Path) -> str:
    """How a diff names the file: from the working folder, where `git apply` and `patch` are run; never upwards."""
    absolute = Path(os.path.abspath(path))
    here = Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute.relative_to("/")).as_posix()


def _configured_baseline(settings: Settings) -> Path | None:
    try:
        return settings.load(Path()).baseline
    except ConfigError:
        return None  # reported with the first file that it holds for


def _colours(stream: Any) -> bool:
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _code(results: Sequence[Done], found: bool) -> int:
    return 2 if any(done.error for done in results) else int(found)
