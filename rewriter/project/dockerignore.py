"""`.dockerignore`, read by Docker's own rules.

Source: https://docs.docker.com/build/concepts/context/#dockerignore-files and moby/patternmatcher.
"""

from __future__ import annotations


class Ignore:
    """The patterns of one `.dockerignore`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def hides(self, path: str) -> bool:
        """Whether `path` (relative to the context, without `./`) is left out of the context."""
        if not self.text:
            return False
        raise NotImplementedError

    def covers(self, pattern: str) -> bool:
        """Whether every path that `pattern` can match, and all below it, is left out, whatever the context holds.

        False where that is not sure.
        """
        if not self.text:
            return False
        raise NotImplementedError
