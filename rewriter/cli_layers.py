"""What `dockerslim layers` prints. Apart from the command line, so that other commands start without it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click

from rewriter.batch import Done, Settings, surroundings
from rewriter.facts import Facts
from rewriter.layers import model
from rewriter.project.context import Project
from rewriter.report.layers import Compared, Style, as_json, closing, legend, table
from rewriter.syntax.reader import read


def show(results: Sequence[Done], settings: Settings, style: str, *, colours: bool) -> None:
    """Print the layers of each file, in the order of `results`; files with errors are left out of the tables."""
    compared = [_compared(done, settings) for done in results if done.rewrite]
    if style == "json":
        errors = [{"path": str(done.path), "line": done.line, "message": done.error} for done in results if done.error]
        click.echo(as_json(compared, errors), nl=False)
        return
    looks = Style(max(80, shutil.get_terminal_size().columns), colours, sys.stdout.encoding or "ascii")
    for file in compared:
        for line in table(file, looks):
            click.echo(line, color=colours)
        click.echo(f"\n{closing(file)}\n", color=colours)
    if compared:
        click.echo(legend(looks), color=colours)


def _compared(done: Done, settings: Settings) -> Compared:
    assert done.rewrite is not None
    options, project = surroundings(done.rewrite.before, done.path, settings)
    completed = {other.path: other.after.text for other in done.rewrite.others}
    beside = Project(project.root, overlay={**project.overlay, **completed}) if completed else project
    before, after = (
        model(Facts(read(source), options, context))
        for source, context in ((done.rewrite.before, project), (done.rewrite.after, beside))
    )
    return Compared(done.path, before, after, done.rewrite.changed)
