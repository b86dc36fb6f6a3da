"""The command line: `dockerslim fix`, `check`, `layers`, `verify` and `explain`.

Exit codes: 0 nothing to do, or all written; 1 findings, or a diff; 2 an error. Messages go to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from rewriter.batch import Done, Settings, process, process_bytes
from rewriter.change import Finding, Outcome
from rewriter.cli_options import BUILDER, SHARED, unknown, with_options
from rewriter.cli_run import code, coloured, diff_path, is_stdin, results_of, run, save, say, settings_of, write
from rewriter.cli_verify import ASKING, Settle, asked_by, settling, verify
from rewriter.config import ConfigError
from rewriter.discover import Found
from rewriter.report import text as report
from rewriter.report.text import instruction_text
from transforms import NAMES

_SHOWN = (Outcome.CHANGED, Outcome.REPORTED, Outcome.DROPPED)
_ALSO_VERBOSE = (Outcome.OFFERED, Outcome.DECLINED)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dockerslim")
def dockerslim() -> None:
    """Rewrite Dockerfiles so that images get smaller, rebuild faster and run without root."""


dockerslim.add_command(verify)


@dockerslim.command()
@with_options(*SHARED, BUILDER)
@click.option("--diff", is_flag=True, help="Print the changes as a diff; write nothing.")
@click.option("--check", is_flag=True, help="Only say whether files would change; write nothing.")
@click.option("--patch", "-p", is_flag=True, help="Ask about each change, like `git add -p`.")
@click.option("--verify", "proving", is_flag=True, help="Build and run both images first; write only what passed.")
@with_options(*ASKING)
def fix(paths: tuple[Path, ...], diff: bool, check: bool, patch: bool, proving: bool, **given: Any) -> None:
    """Rewrite the Dockerfiles at PATHS (files, folders, or - for standard input; default: this folder)."""
    settings, colours = settings_of(given), coloured(sys.stdout)
    _reject_combinations(paths, patch, proving, given)
    if is_stdin(paths):
        sys.exit(_fix_stdin(settings, given, diff=diff, check=check))
    if patch:
        from rewriter.patch import Asker

        settings = replace(settings, overrides={**settings.overrides, "accept": Asker()})
    results: list[Done] = []
    with settling(given) if proving else nullcontext(_as_it_is) as settle:
        for result in _in_turn(run(paths, settings, given, serial=patch), settings, settle):
            if result.rewrite and result.rewrite.changed:
                if diff:
                    write(_diff(result, colours))
                elif not check:
                    result = save(result)
            results.append(result)
            say(result, given["verbose"])
    verb = "would change" if diff or check else "changed"
    if not given["quiet"]:
        click.echo(report.summary(results, verb), err=True)
    found = any(r.rewrite and r.rewrite.changed for r in results) and (diff or check)
    sys.exit(code(results, found or any(r.unproven for r in results)))


def _reject_combinations(paths: tuple[Path, ...], patch: bool, proving: bool, given: dict[str, Any]) -> None:
    if proving and (patch or is_stdin(paths)):
        raise click.UsageError("--verify goes with files, and without --patch")
    if not proving and (named := asked_by(given)):
        raise click.UsageError(f"--{named[0]} goes with --verify")


def _as_it_is(done: Done, _settings: Settings) -> Done:
    return done


def _in_turn(results: Iterable[Done], settings: Settings, settle: Settle) -> Iterator[Done]:
    """The results one after another, settled: what an earlier one added to an ignore file is there for those that
    share it."""
    beside: dict[Path, str] = {}
    for done in results:
        result, now = done, settings
        if any(path in beside for path in done.others):
            now = replace(settings, beside=beside)
            result = process(Found(done.path, explicit=True), now)
        result = settle(result, now)
        beside |= {path: other.after.text for path, other in result.others.items()}
        yield result


def _diff(done: Done, colours: bool) -> str:
    assert done.rewrite is not None
    context = diff_path(done.context) if done.context else None
    return done.rewrite.diff(diff_path(done.path), context=context, color=colours)


def _fix_stdin(settings: Settings, given: dict[str, Any], *, diff: bool, check: bool) -> int:
    path = given["stdin_filename"] or Path("Dockerfile")
    if not diff:  # standard output takes one file
        settings = replace(settings, overrides={**settings.overrides, "beside": False})
    done = process_bytes(sys.stdin.buffer.read(), path, settings)
    say(done, given["verbose"])
    if done.rewrite is None:
        return 2
    if diff:
        write(_diff(done, coloured(sys.stdout)))
    elif not check:
        sys.stdout.buffer.write(done.rewrite.after.encode())
        return 0
    return int(done.rewrite.changed)


@dockerslim.command()
@with_options(*SHARED, BUILDER)
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
    settings = settings_of(given)
    outcomes = (*_SHOWN, *_ALSO_VERBOSE) if given["verbose"] else _SHOWN
    results = results_of(paths, settings, given)
    for done in results:
        say(done, verbose=False)
    found = [(done, list(done.rewrite.of(*outcomes))) for done in results if done.rewrite]
    if baseline or (baseline := _configured_baseline(settings)):
        found = _new_only(baseline, found)
    counted = any(finding.outcome in _SHOWN for _, findings in found for finding in findings)
    if style == "text":
        colours = coloured(sys.stdout)
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
        write(module.render(found, results))
    sys.exit(code(results, counted))


@dockerslim.command()
@with_options(*SHARED, BUILDER)
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
def layers(paths: tuple[Path, ...], style: str, **given: Any) -> None:
    """Show which steps run again after an edit of the source, of a manifest or of the base image: before and after
    the rewrite of the Dockerfiles at PATHS. Writes nothing."""
    from rewriter.cli_layers import show

    settings = settings_of(given)
    results = results_of(paths, settings, given)
    for done in results:
        say(done, given["verbose"])
    show(results, settings, style, colours=coloured(sys.stdout))
    sys.exit(code(results, False))


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


def _configured_baseline(settings: Settings) -> Path | None:
    try:
        return settings.load(Path()).baseline
    except ConfigError:
        return None  # reported with the first file that it holds for
