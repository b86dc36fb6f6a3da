"""What is being done while it takes long: on a terminal one line that changes, else one line for each phase."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rewriter.verify.report.words import one_line

if TYPE_CHECKING:
    from rich.console import Console

# Takes a phase (`build before`) and a line of the engine in it ("" as the phase begins). May be called by any thread.
Told = Callable[[str, str], None]
# The lines of `docker build --progress=plain`, and of `buildah build`.
_BUILDKIT = re.compile(r"#(?P<number>\d+) (?P<said>.*)")
_STEP = re.compile(r"(\[\d+/\d+\] )?STEP \d+(/\d+)?: .*|\[[^\]]+\] .*")


@contextmanager
def shown(console: Console) -> Iterator[Told]:
    """Shows on `console` (of standard error) what the returned function is told, with the time that the phase takes.
    Nothing of it stays on a terminal."""
    steps = _Steps()
    if not console.is_terminal:

        def named(phase: str, _: str) -> None:
            if steps.begins(phase):
                console.print(phase, markup=False, highlight=False)

        yield named
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    unicode = console.encoding.startswith("utf")
    column = Column(ratio=1, no_wrap=True, overflow="ellipsis" if unicode else "crop")
    line = TextColumn("{task.description}", table_column=column, markup=False)
    columns = (SpinnerColumn("dots" if unicode else "line"), line, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, expand=True) as progress:
        task = progress.add_task("", total=None)

        def told(phase: str, said: str) -> None:
            if steps.begins(phase):
                progress.reset(task)
            words = f"{phase}: {step}" if (step := steps.of(said)) else phase
            progress.update(task, description=words.encode(console.encoding, "replace").decode(console.encoding))

        yield told


class _Steps:
    """Which step a phase is in. BuildKit works on several at once: the one that spoke last is shown."""

    def __init__(self) -> None:
        self.phase, self.current = "", ""
        self.numbered: dict[str, str] = {}

    def begins(self, phase: str) -> bool:
        """Whether another phase begins with this."""
        if phase == self.phase:
            return False
        self.phase, self.current, self.numbered = phase, "", {}
        return True

    def of(self, line: str) -> str:
        """The step that `line` shows the phase to be in; the last one where it shows none."""
        line = one_line(line)
        if numbered := _BUILDKIT.fullmatch(line):
            if _STEP.fullmatch(numbered["said"]):
                self.numbered[numbered["number"]] = numbered["said"]
            self.current = self.numbered.get(numbered["number"], self.current)
        elif _STEP.fullmatch(line):
            self.current = line
        return self.current
