"""Small projects, and what the reader of a command answers for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rewriter.project.context import Project
from rewriter.project.ecosystems import needs
from rewriter.project.needs import Answer, Needs, Obstacle, Place, View
from rewriter.syntax.shell import parse
from rewriter.syntax.vocabulary import calls


def answer(
    root: Path,
    files: Mapping[str, str],
    command: str,
    *,
    folder: str = "/app",
    before: str = "",
    env: Mapping[str, str] | None = None,
) -> Answer:
    """The answer for the last command of `command`, run in `folder` after the whole context was copied to `/app`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        if text.startswith("#!"):
            path.chmod(0o755)
    script, earlier = parse(command), parse(before or "true")
    assert script is not None
    assert earlier is not None
    view = View(Project(root), (Place(".", "/app"),), folder, env or {}, calls(earlier))
    return needs(calls(script)[-1], view)


def known(found: Answer) -> Needs:
    assert isinstance(found, Needs), found
    return found


def obstacle(found: Answer) -> str:
    assert isinstance(found, Obstacle), found
    return found.reason
