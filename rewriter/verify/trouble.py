"""What can go wrong with an engine. Every message is a sentence for the user that says what to do."""

from __future__ import annotations


class Trouble(Exception):
    """The verification cannot go on. What was made is cleaned up, and nothing was learnt about the rewrite."""


class NoEngine(Trouble):
    """No engine is installed, or none answers."""


class EngineGone(Trouble):
    """The engine stopped answering in the middle."""


class OutOfTime(Trouble):
    """A build took longer than `--timeout`."""


class DiskFull(Trouble):
    """The engine has no room left."""


class Unreachable(Trouble):
    """A registry or a package mirror did not answer, though it was asked again."""


class Unable(Trouble):
    """The engine cannot build such a file: it is too old for a heredoc, or cannot fetch the file's frontend."""


class BuildFailed(Exception):
    """A step of the Dockerfile failed; this says something about the file.

    `step` is the failing instruction as the engine names it (`RUN npm ci`), "" where it names none; `line` is 1-based
    in the Dockerfile that was built, None where the engine does not say it; `message` is the engine's own, in full
    lines.
    """

    def __init__(self, step: str, line: int | None, message: str) -> None:
        super().__init__(f"{step or 'the build'} failed: {message}")
        self.step = step
        self.line = line
        self.message = message
