"""`fix --patch`: asks change by change, as `git add -p` does."""

from __future__ import annotations

import sys

import click

from rewriter.result import Candidate

_HELP = """y - make this change
n - do not make this change
a - make this change and all that follow
q - make neither this change nor any that follows
? - print help"""


class Asker:
    """Asks about each change on the terminal; remembers the answers that hold for all that follow."""

    def __init__(self) -> None:
        self.standing: bool | None = None
        self.path = "Dockerfile"  # of the file that the changes are in

    def __call__(self, candidate: Candidate) -> bool:
        """Whether to make the change."""
        if self.standing is not None:
            return self.standing
        from rewriter.diff import unified

        colours = sys.stdout.isatty()
        diff = unified(candidate.before, candidate.after, self.path, color=colours)
        click.echo(diff, nl=False, color=colours)
        click.echo(f"{candidate.transform} [{candidate.change.level.label}] {candidate.change.message}")
        if candidate.change.excludes:
            click.echo(f"    and adds to .dockerignore: {' '.join(candidate.change.excludes)}")
        for evidence in candidate.change.evidence:
            click.echo(f"    because {evidence}")
        while True:
            answer = click.prompt("Make this change [y,n,a,q,?]?", prompt_suffix=" ", default="?", show_default=False)
            match answer.strip().lower()[:1]:
                case "y":
                    return True
                case "n":
                    return False
                case "a":
                    self.standing = True
                    return True
                case "q":
                    self.standing = False
                    return False
                case _:
                    click.echo(_HELP)
