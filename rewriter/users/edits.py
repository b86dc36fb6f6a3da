"""The lines that make a user, give it what it writes, and name it: where they stand, in the layout of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rewriter.change import Edit
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.order.moves import block_start, unfinished
from rewriter.syntax.tree import Dockerfile, Instruction

# Instructions of the end of a stage that a user says nothing to.
_TAIL = frozenset(("EXPOSE", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "CMD", "ENTRYPOINT"))
_WORK = frozenset(("RUN", "COPY", "ADD", "WORKDIR", "SHELL"))
_HEADER = frozenset(("WORKDIR", "ENV", "LABEL", "USER"))
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Lines:
    """What is to be written: the commands that make the user, those that give it its folders, and USER's word."""

    create: tuple[str, ...]
    own: tuple[str, ...]
    user: str


def edits(file: Dockerfile, facts: Facts, image: StageImage, lines: Lines) -> tuple[Edit, ...] | None:
    """The edits that write `lines` into the stage; None where an instruction around them does not end in its line."""
    body = image.stage.body
    last = max((at for at, each in enumerate(body) if each.keyword in _WORK), default=-1)
    tail = next((at for at in range(last + 1, len(body)) if body[at].keyword in _TAIL), len(body))
    own = min(tail, _volume(body))
    create = min(_early(facts, body), own) if lines.create else own
    upper = file.text(image.stage.start.keyword_span).isupper()
    steps: dict[int, list[str]] = {}
    commands: dict[int, tuple[str, ...]] = {}
    for at, wanted in ((create, lines.create), (own, lines.own)):
        commands[at] = commands.get(at, ()) + wanted
    for at, wanted in commands.items():
        if wanted:
            steps.setdefault(at, []).append(_run(file, wanted, upper))
    steps.setdefault(tail, []).append(f"{'USER' if upper else 'user'} {lines.user}")
    found = []
    for at, texts in steps.items():
        if at and unfinished(file, body[at - 1]):
            return None
        found.append(_insert(file, image, at, texts, alone=at == create and at != tail))
    return tuple(found)


def _volume(body: Sequence[Instruction]) -> int:
    """The first VOLUME: builders differ on what becomes of a change behind it."""
    return next((at for at, each in enumerate(body) if each.keyword == "VOLUME"), len(body))


def workdirs(image: StageImage) -> frozenset[str]:
    """The working directories that are there where the folders are given."""
    at = _volume(image.stage.body)
    states = (image.start, *image.before[: at + 1], *((image.final,) if at == len(image.stage.body) else ()))
    return frozenset(state.workdir for state in states if isinstance(state.workdir, str))


def _early(facts: Facts, body: Sequence[Instruction]) -> int:
    """Where a user is made so that neither an edit of the source nor one of a list of packages makes it again: behind
    the packages of the system, above the first copy."""
    first = 0
    for at, each in enumerate(body):
        run = facts.run(each)
        if run is not None and any(call.installs and call.program in _PACKAGES for call in run.calls):
            first = at + 1
    while first < len(body) and body[first].keyword in _HEADER:
        first += 1
    return first


_PACKAGES = frozenset(("apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper", "pacman"))


def _run(file: Dockerfile, commands: Sequence[str], upper: bool) -> str:
    keyword = "RUN" if upper else "run"
    one = f"{keyword} {' && '.join(commands)}"
    if len(one) <= _WIDTH and len(commands) < 3:
        return one
    return f"{keyword} " + f" {file.escape}{file.source.newline}    && ".join(commands)


def _insert(file: Dockerfile, image: StageImage, at: int, texts: Sequence[str], *, alone: bool) -> Edit:
    """Put `texts` above the instruction at `at` and its comments, or at the end of the stage."""
    source, body, newline = file.source, image.stage.body, file.source.newline
    if at == len(body):
        behind = (body[-1] if body else image.stage.start).span.end
        return Edit(behind, behind, "".join(f"{newline}{text}" for text in texts))
    start = block_start(file, body[at])
    number = source.line(start)
    apart = number > 1 and not source.line_text(number - 1).strip()
    following = source.line_text(body[at].last_line + 1).strip() if _more(file, body[at].last_line) else ""
    comment = number < body[at].first_line
    blank = apart and (alone or comment or not following)
    text = "".join(f"{text}{newline}" for text in texts)
    return Edit(start, start, text + (newline if blank else ""))


def _more(file: Dockerfile, line: int) -> bool:
    return line < len(file.source.line_starts)
