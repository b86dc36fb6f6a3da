"""Whether one path lies in another."""

from __future__ import annotations


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it; both as written, with or without a slash at the end of `folder`."""
    folder = folder.rstrip("/")
    return path == folder or path.startswith(f"{folder}/")
