"""Processes that Ctrl-C reaches."""

from __future__ import annotations

import signal


def heed() -> None:
    """For `preexec_fn`: end at SIGINT, which a shell has its background jobs ignore, and all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
