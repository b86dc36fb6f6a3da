"""What git leaves out of the project, by the `.gitignore` files of the context.

Source: https://git-scm.com/docs/gitignore
"""

from __future__ import annotations

import posixpath
from functools import lru_cache

from rewriter.project.context import Project, Unfit

# pathspec makes regular expressions of the lines, which more wildcards could make slow.
_STARS = 6


@lru_cache(maxsize=1024)  # a project is a snapshot
def git_ignored(project: Project, path: str) -> tuple[str, int] | None:
    """The `.gitignore`, and its line, that make git ignore `path` of the context (a folder's ends in `/`); None where
    none does, and where one cannot be read."""
    from pathspec import GitIgnoreSpec

    folder = posixpath.dirname(path.rstrip("/"))
    while True:
        file = posixpath.join(folder, ".gitignore")
        inside = posixpath.relpath(path, folder or ".") + "/" * path.endswith("/")
        try:
            lines = project.text(file).split("\n") if project.kind(file) else []
            if any(line.count("*") > _STARS for line in lines):
                return None
            said = GitIgnoreSpec.from_lines(lines).check_file(inside).include
            if said:
                alone = (n for n, line in enumerate(lines, 1) if GitIgnoreSpec.from_lines([line]).match_file(inside))
                return file, next(alone, 1)
        except (Unfit, ValueError):
            return None
        if said is False or not folder:
            return None
        folder = posixpath.dirname(folder)
