"""What `dockerslim verify` and `dockerslim fix --verify` do with files that were rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rewriter import rewrite
from rewriter.batch import Done, Settings, surroundings
from rewriter.config import ConfigError
from rewriter.verify.comparison import compare
from rewriter.verify.engine import Engine
from rewriter.verify.engines import find
from rewriter.verify.model import Choice, Verdict, Verification
from rewriter.verify.progress import Told
from rewriter.verify.proof import Subject, verify
from rewriter.verify.request import Request, request
from rewriter.verify.trouble import DiskFull, EngineGone, NoEngine, Trouble
from transforms import NAMES

_HOPELESS = (NoEngine, EngineGone, DiskFull)


class NotVerified(Exception):
    """A file that could not be verified, with a sentence for the user. `hopeless`: nor could any other."""

    def __init__(self, reason: str, *, hopeless: bool) -> None:
        super().__init__(reason)
        self.hopeless = hopeless


class Prover:
    """Verifies files one after another, as the options `given` on the command line and the configuration of each say;
    `told` hears what is being done. Every method raises `NotVerified`."""

    def __init__(self, given: Mapping[str, Any], told: Told) -> None:
        self.given = given
        self.told = told
        self._engines: dict[tuple[str | None, str | None, float], Engine] = {}

    @property
    def left(self) -> tuple[str, ...]:
        """The commands that remove what could not be removed."""
        return tuple(command for engine in self._engines.values() for command in engine.left)

    def verified(self, done: Done, settings: Settings) -> Verification:
        """Verify the rewrite `done`, which was made with `settings`."""
        with _told_plainly():
            wanted = self._request(done, settings)
            return verify(_subject(done, settings), self._engine(wanted), wanted, self.told)

    def compared(self, done: Done, settings: Settings, names: Sequence[str]) -> tuple[Choice, ...]:
        """The program of `done` on the bases called `names`."""
        with _told_plainly():
            wanted = self._request(done, settings)
            return compare(_subject(done, settings), self._engine(wanted), wanted, names, self.told)

    def settled(self, done: Done, settings: Settings) -> Done:
        """What passed of the rewrite `done`, and in `unproven` what did not."""
        found = self.verified(done, settings)
        match found.verdict:
            case Verdict.HOLDS:
                return done
            case Verdict.PARTLY:
                about = _subject(done, settings)
                out = frozenset(each.transform for each in found.left_out)
                left = about.rewrite(replace(about.options, ignore=about.options.ignore | out))
                reasons = (f"{each.transform} is left out: {each.message}" for each in found.left_out)
                return replace(done, rewrite=left, unproven="; ".join(reasons))
            case _:
                return Done(done.path, unproven=f"left as it is: {found.reason}")

    def _request(self, done: Done, settings: Settings) -> Request:
        return request(self.given, settings.load(done.path.parent).verify)

    def _engine(self, wanted: Request) -> Engine:
        key = wanted.engine, wanted.builder, wanted.timeout
        if key not in self._engines:
            self._engines[key] = find(wanted.engine, builder=wanted.builder, timeout=wanted.timeout)
        return self._engines[key]


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except (Trouble, ConfigError, ValueError) as error:
        raise NotVerified(str(error), hopeless=isinstance(error, _HOPELESS)) from error


def _subject(done: Done, settings: Settings) -> Subject:
    assert done.rewrite is not None
    data = done.rewrite.before.encode()
    options, project = surroundings(done.rewrite.before, done.path, settings)
    return Subject(done.path, lambda other: rewrite(data, project, other), options, project, NAMES)
