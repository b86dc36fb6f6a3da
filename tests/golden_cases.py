"""The golden cases, found by themselves: golden/<transform or chain>/<case>/.

A case is a folder with a `Dockerfile` and the expected `fixed.Dockerfile`; one named `keep-…` must stay byte for byte.
The folder is the build context, too; `fixed.dockerignore` is the `.dockerignore` that the same change completes.
An (empty) file `build` has the case built by a real engine; `rebuild` names a source file, whose edit must not repeat
an install; `answers` says how to ask the program, before and after (see test_chains.py). `dockerslim.toml` beside it
sets the options; `declined.txt` holds words that a reason for declining must contain, `reported.txt` words of a report.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rewriter import Options, Project, Rewrite
from rewriter.config import load
from rewriter.engine import Transform, run
from rewriter.source import Source
from rewriter.syntax.reader import read
from transforms import CHAIN

_OF_THE_CASE = (
    *("fixed.Dockerfile", "fixed.dockerignore", "dockerslim.toml", "declined.txt", "reported.txt"),
    *("build", "rebuild", "answers"),
)
GOLDEN = Path(__file__).parent.parent / "golden"


@dataclass(frozen=True)
class Case:
    folder: Path

    @property
    def id(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def keeps(self) -> bool:
        return self.folder.name.startswith("keep-")

    @property
    def before(self) -> str:
        return _text(self.folder / "Dockerfile")

    @property
    def expected(self) -> str:
        return self.before if self.keeps else _text(self.fixed)

    @property
    def fixed(self) -> Path:
        return self.folder / "fixed.Dockerfile"

    @property
    def ignore(self) -> Path:
        return self.folder / "fixed.dockerignore"

    def words(self, name: str) -> list[str]:
        """The lines of `declined.txt` or `reported.txt`."""
        file = self.folder / f"{name}.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def context(self, folder: Path, *, fixed: bool) -> Path:
        """Write the project to `folder`, with the ignore file of before or after, without what makes it a case."""
        shutil.copytree(self.folder, folder, symlinks=True)
        if fixed and self.ignore.exists():
            shutil.copy(self.ignore, folder / ".dockerignore")
        for name in _OF_THE_CASE:
            if (folder / name).is_file():  # a project may have a folder of that name
                (folder / name).unlink()
        return folder

    def options(self) -> Options:
        return load(self.folder, [transform.name for transform in CHAIN]).options()

    @property
    def chain(self) -> list[Transform]:
        """The transform of the case alone, or the whole chain."""
        group = self.folder.parent.name
        found = [transform for transform in CHAIN if group in ("chain", transform.name)]
        assert found, f"{group} is no transform"
        return found

    def rewrite(self, text: str, *, again: bool = False) -> Rewrite:
        """Rewrite `text` as the case does; `again` is for a second run, which finds the files as the first one left
        them."""
        completed = {".dockerignore": _text(self.ignore)} if again and self.ignore.exists() else {}
        return run(Source(text), self.chain, Project(self.folder, overlay=completed), self.options())


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


def cases() -> list[Case]:
    return [Case(path.parent) for path in sorted(GOLDEN.glob("*/*/Dockerfile"))]


def variants(text: str) -> Iterator[tuple[str, str]]:
    """The same file written differently, by name; a variant that does not apply to the file is left out."""
    if "\r" not in text:
        yield "crlf", text.replace("\n", "\r\n")
    if text.endswith("\n"):
        yield "no-final-newline", text[:-1]
    yield "lower-case", lower_case(text)
    if "`" not in text and "escape=" not in text and "<<" not in text:
        yield "backtick", backtick(text)


def vary(name: str, text: str) -> str:
    """The variant `name` of `text`."""
    match name:
        case "crlf":
            return text.replace("\n", "\r\n")
        case "no-final-newline":
            return text.removesuffix("\n")
        case "lower-case":
            return lower_case(text)
        case "backtick":
            return backtick(text)
    raise ValueError(name)


def lower_case(text: str) -> str:
    """The file with its keywords (and FROM's AS, and the instruction of an ONBUILD) in lower case."""
    for instruction in reversed(read(Source(text)).instructions):
        spans = [instruction.keyword_span, *([instruction.child.keyword_span] if instruction.child else [])]
        for span in sorted(spans, key=lambda s: -s.start):
            text = text[: span.start] + text[span.start : span.end].lower() + text[span.end :]
        if instruction.keyword == "FROM":
            line = text[instruction.span.start : instruction.span.end]
            lowered = re.sub(r"\s(?i:AS)\s", lambda m: m[0].lower(), line)
            text = text[: instruction.span.start] + lowered + text[instruction.span.end :]
    return text


def backtick(text: str) -> str:
    """The file with the backtick as its escape character."""
    head = re.match(r"(\ufeff?(?:#[ \t]*(?:syntax|check)[ \t]*=.*\n)*)", text)
    assert head is not None
    rest = re.sub(r"\\([ \t]*)$", r"`\1", text[head.end() :], flags=re.MULTILINE)
    return f"{head[0]}# escape=`\n{rest}"
