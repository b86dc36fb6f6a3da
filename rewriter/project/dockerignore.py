"""`.dockerignore`, read by Docker's own rules.

Source: https://docs.docker.com/build/concepts/context/#dockerignore-files, and what BuildKit does with the file:
moby/patternmatcher (`ignorefile.ReadAll`, `PatternMatcher.MatchesUsingParentResults`) in the walk over the context of
tonistiigi/fsutil (filter.go).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from rewriter.project import globs
from rewriter.project.globs import BadPattern, Glob

# What Go's strings.TrimSpace removes (https://pkg.go.dev/unicode#IsSpace); Python's strip() removes more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# bufio.Scanner, which reads the file, fails at a longer line (https://pkg.go.dev/bufio#pkg-constants).
_LINE = 64 * 1024
_PATTERNS = 1_000


@dataclass(frozen=True)
class Pattern:
    """One line: what it matches is left out of the context or, after a `!`, kept."""

    text: str
    keeps: bool
    glob: Glob


@dataclass(frozen=True)
class _Run:
    """Patterns with the same effect that stand together: it is enough that one of them matches."""

    keeps: bool
    patterns: tuple[Pattern, ...]

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(text for pattern in self.patterns if (text := pattern.glob.literal) is not None)

    @cached_property
    def _expression(self) -> re.Pattern[str] | None:
        found = [p.glob.regex for p in self.patterns if p.glob.literal is None and p.glob.regex is not None]
        return re.compile("|".join(found)) if found else None

    @cached_property
    def _slow(self) -> tuple[Glob, ...]:
        return tuple(p.glob for p in self.patterns if p.glob.literal is None and p.glob.regex is None)

    def matches(self, path: str) -> bool:
        return (
            path in self._texts
            or (self._expression is not None and self._expression.fullmatch(path) is not None)
            or any(glob.matches(path) for glob in self._slow)
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the walk over the context found at a path; `matched` says it of every run of patterns."""

    hidden: bool
    matched: tuple[bool, ...]
    pruned: bool = False


class Ignore:
    """The patterns of one `.dockerignore`.

    `broken` says why the file cannot be used: a pattern that makes the build fail, or one that Docker reads in a way
    that is not modelled here. All paths count as hidden then, and no pattern as covered.
    """

    def __init__(self, text: str, *, broken: str | None = None) -> None:
        self.text = text
        self.broken = broken
        self.patterns: tuple[Pattern, ...] = ()
        try:
            self.patterns = () if broken else tuple(_patterns(text))
        except BadPattern as problem:
            self.broken = str(problem)
        self._runs = tuple(_runs(self.patterns))
        self._kept = tuple(pattern for pattern in self.patterns if pattern.keeps)
        self._walked: dict[str, _Seen] = {"": _Seen(False, (False,) * len(self._runs))}

    def hides(self, path: str) -> bool:
        """Whether `path` (relative to the context, without `./`) is left out of the context.

        A folder that is left out is in the context all the same when a `!` brings back something below it.
        """
        if self.broken:
            return True
        if path in {"", "."} or not self._runs:
            return False
        folder, _, _ = path.rpartition("/")
        above = self._folder(folder)
        return above.pruned or self._at(path, above).hidden

    def prunes(self, folder: str) -> bool:
        """Whether `folder` is left out and nothing below it is looked at."""
        return bool(self.broken) or self._folder(folder).pruned

    def covers(self, pattern: str) -> bool:
        """Whether every path that `pattern` can match, and all below it, is left out, whatever the context holds.

        `pattern` is written as in the file: `node_modules`, `**/obj`, `client/.venv`. False where that is not sure.
        """
        if self.broken:
            return False
        try:
            wanted = list(_patterns(pattern))
            # What covers a folder covers all that lies below it.
            steps = [
                globs.read("/".join(names[: count + 1]))
                for line in wanted
                for names in [line.text.split("/")]
                for count in range(len(names))
            ]
        except BadPattern:
            return False
        return len(wanted) == 1 and not wanted[0].keeps and any(self._covers(step) for step in reversed(steps))

    def _covers(self, wanted: Glob) -> bool:
        """A pattern matches at least `wanted`, and no `!` can bring back what it hides.

        The walk skips a pattern that changes nothing at a folder and does not know about it below: so a `!` for
        something below `wanted` counts wherever it stands; one for a folder above only behind the pattern that hides,
        and when that folder can be hidden itself.
        """
        tree = globs.below(wanted)
        if any(globs.meets(kept.glob, tree) for kept in self._kept):
            return False
        fixed = not any(globs.above(kept.glob, wanted) for kept in self._kept)
        return any(
            not pattern.keeps
            and globs.includes(globs.below(pattern.glob) if fixed else pattern.glob, wanted)
            and not any(self._returns(later, wanted) for later in range(place + 1, len(self.patterns)))
            for place, pattern in enumerate(self.patterns)
        )

    def _returns(self, place: int, wanted: Glob) -> bool:
        """Whether the pattern at `place` can bring back a hidden folder in which `wanted` lies."""
        pattern = self.patterns[place]
        return (
            pattern.keeps
            and globs.above(pattern.glob, wanted)
            and any(globs.meets(globs.below(p.glob), pattern.glob) for p in self.patterns[:place] if not p.keeps)
        )

    def _folder(self, folder: str) -> _Seen:
        """What the walk finds at `folder`, after what it finds at the folders above."""
        if (known := self._walked.get(folder)) is not None:
            return known
        seen = self._walked[""]
        for end in [place for place, char in enumerate(folder) if char == "/"] + [len(folder)]:
            path, above = folder[:end], seen
            if (known := self._walked.get(path)) is None:
                seen = above if above.pruned else self._at(path, above)
                if seen.hidden and not seen.pruned and self._passes_over(path):
                    seen = _Seen(True, seen.matched, pruned=True)
                self._walked[path] = seen
            else:
                seen = known
        return seen

    def _at(self, path: str, above: _Seen) -> _Seen:
        hidden, matched = False, []
        for run, inherited in zip(self._runs, above.matched, strict=True):
            match = inherited or (run.keeps is hidden and run.matches(path))
            matched.append(match)
            hidden = not run.keeps if match else hidden
        return _Seen(hidden, tuple(matched))

    def _passes_over(self, folder: str) -> bool:
        """Whether the walk does not look below a hidden folder: no `!` has wildcards, and none names a path below."""
        return self._prefixes is not None and not any(prefix.startswith(f"{folder}/") for prefix in self._prefixes)

    @cached_property
    def _prefixes(self) -> tuple[str, ...] | None:
        texts = [pattern.text.removesuffix("/**").removesuffix("/*") for pattern in self._kept]
        return None if any(set(text) & set("*[]?^\\") for text in texts) else tuple(f"{text}/" for text in texts)


def _runs(patterns: Iterable[Pattern]) -> Iterator[_Run]:
    run: list[Pattern] = []
    for pattern in patterns:
        if run and run[-1].keeps is not pattern.keeps:
            yield _Run(run[-1].keeps, tuple(run))
            run = []
        run.append(pattern)
    if run:
        yield _Run(run[-1].keeps, tuple(run))


def _patterns(text: str) -> Iterator[Pattern]:
    """The patterns of a file. Raises `BadPattern` with the line it is about."""
    count = 0
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        try:
            pattern = _pattern(line)
        except BadPattern as problem:
            raise BadPattern(f"line {number}: {problem}") from None
        count += pattern is not None
        if count > _PATTERNS:
            raise BadPattern(f"there are more than {_PATTERNS:,} patterns")
        if pattern is not None:
            yield pattern


def _pattern(line: str) -> Pattern | None:
    if len(line.encode(errors="surrogateescape")) >= _LINE:
        raise BadPattern("the line is too long")
    text = line.strip(_SPACE)
    if line.startswith("#") or not text:
        return None
    if not text.isprintable() and any("\ud800" <= char <= "\udfff" for char in text):
        raise BadPattern("the line is not UTF-8")
    # The file's reader cleans the path behind a `!`, the matcher then the whole line, and looks for a `!` again.
    marks, text = ("!", text[1:].strip(_SPACE)) if text[0] == "!" else ("", text)
    if text:
        text = _clean(text)
        text = text[1:] if len(text) > 1 and text[0] == "/" else text
    text = (marks + text).strip(_SPACE)
    if not text:
        return None
    text = _clean(text)
    keeps = text[0] == "!"
    text = text[1:] if keeps else text
    if not text:
        raise BadPattern("`!` without a pattern")
    return Pattern(text, keeps, globs.read(text))


def _clean(path: str) -> str:
    """The shortest spelling, as Go's filepath.Clean has it (posixpath keeps two leading slashes)."""
    return posixpath.normpath("/" + path.lstrip("/") if path.startswith("/") else path)
