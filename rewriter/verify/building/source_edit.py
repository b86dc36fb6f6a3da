"""The edit that a rebuild is measured with: which source file of the program, and a comment at its end."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from rewriter import knowledge
from rewriter.discover import is_dockerfile_name
from rewriter.facts import Facts
from rewriter.layers import model
from rewriter.order.context_users import User
from rewriter.project import globs
from rewriter.project.context import Project, Unfit
from rewriter.project.dockerignore import Ignore
from rewriter.project.globs import BadPattern, Glob
from rewriter.project.inputs import is_manifest
from rewriter.project.sources import is_own
from rewriter.result import Options
from rewriter.source import Source
from rewriter.steps.final_view import final_view
from rewriter.steps.start import start
from rewriter.syntax.reader import read
from rewriter.verify.building.context import writable

# The groups of comments.toml, those that people edit most first; files of no group come behind them.
_GROUPS = ("program", "other")


def source_file(
    project: Project, options: Options, sides: Sequence[tuple[Source, Source | None]], copied: Path
) -> str | None:
    """The file to edit, as a path below the root of the context; None where there is none.

    `sides` are the Dockerfiles, each with its ignore file, and `copied` is the copy of the context. It is a file that
    on every side a step takes whose stage is built, and no manifest or test: of the program's sources what the
    container starts, else one that is called as main programs are, else the one that was changed last.
    """
    try:
        paths = [path for path in project.files() if _editable(path, project) and (copied / path).is_file()]
    except Unfit:
        return None
    started: set[str] = set()
    for dockerfile, ignore in sides:
        facts = Facts(read(dockerfile), options, project)
        hidden, taken = Ignore(ignore.text if ignore else ""), list(_taken(facts))
        paths = [path for path in paths if not hidden.hides(path) and any(glob.matches(path) for glob in taken)]
        started.update(_started(facts))
    return min(paths, key=lambda path: _rank(path, started, copied), default=None)


@contextmanager
def edited(copied: Path, path: str) -> Iterator[None]:
    """Add a comment to the end of the file `path` of the copied context; behind the block it is as it was.

    No two edits are alike: the build cache would have the results of an earlier one, or of the other side.
    """
    file = copied / path
    content, then = file.read_bytes(), file.stat()
    with writable(file):
        file.write_bytes(content + _comment(path, content))
    os.utime(file)  # BuildKit takes a file of the same size and time for the same
    try:
        yield
    finally:
        with writable(file):
            file.write_bytes(content)
        os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))


def _comment(path: str, content: bytes) -> bytes:
    """What is added to the file: a comment where its language has one, else blanks."""
    token = uuid4()
    _, form = _forms().get(_ending(path), (0, ""))
    blanks = "".join(" \n"[int(bit)] for bit in f"{token.int:0128b}")
    text = form.format(f"edited for a rebuild: {token}") if form else blanks
    gap = "" if content.endswith(b"\n") or not content else "\n"
    return f"{gap}{text}\n".encode()


def _editable(path: str, project: Project) -> bool:
    name = posixpath.basename(path)
    recipe = is_manifest(path) or is_dockerfile_name(name) or name.endswith("ignore")
    return is_own(path) and not recipe and not project.linked(path)


def _taken(facts: Facts) -> Iterator[Glob]:
    """What the stages that are built take of the context."""
    built = {layer.line for layer in model(facts) if layer.used}
    for line, path in User(None, facts).takes():
        if line in built and path is not None:
            try:
                yield globs.below(globs.read("**" if path == "." else path))
            except BadPattern:
                continue


def _started(facts: Facts) -> Iterator[str]:
    """The files of the context that the words of the start command name: a path, or a module as Python writes it."""
    image = facts.images[-1]
    view = final_view(facts, image)
    for each in start(facts, image).commands:
        inside = view.into(each.folder or view.folder)
        for word in (word.value or "" for word in each.call.statement.words):
            module = word.partition(":")[0].replace(".", "/")
            for name in (word, f"{module}.py", f"{module}/__main__.py", f"{module}/__init__.py"):
                if word and inside.kind(name) == "file" and (file := inside.file(name)):
                    yield file


def _rank(path: str, started: set[str], copied: Path) -> tuple[int, bool, bool, int, float, str]:
    group, _ = _forms().get(_ending(path), (len(_GROUPS), ""))
    stem = posixpath.splitext(posixpath.basename(path))[0].lower()
    main = stem in knowledge.table("comments")["main"]["names"]
    depth = path.count("/") if main else 0
    return group, path not in started, not main, depth, -(copied / path).stat().st_mtime, path


def _ending(path: str) -> str:
    return posixpath.splitext(path)[1][1:].lower()


@lru_cache(maxsize=1)
def _forms() -> dict[str, tuple[int, str]]:
    """The group and the form of a comment by the ending of a file."""
    table = knowledge.table("comments")
    return {
        ending: (at, entry["form"])
        for at, group in enumerate(_GROUPS)
        for entry in table[group]
        for ending in entry["endings"]
    }
