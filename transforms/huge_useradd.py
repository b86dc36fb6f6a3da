"""A `useradd` with a high user id, which writes a huge login database.

What: adds `-l` to a `useradd` that names a user id beyond those of ordinary users.

Why: `useradd` writes an entry to /var/log/lastlog and another to /var/log/faillog, as far from the start as the
id is high. The gap takes no room on a disk but counts in a layer: 290 MB for the id 1000000.

Before:

    FROM debian:12
    RUN useradd --create-home --uid 1000790000 app

After:

    FROM debian:12
    RUN useradd -l --create-home --uid 1000790000 app

Level: safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change
from rewriter.facts import Facts
from rewriter.steps.edits import word_after
from rewriter.syntax.tree import Dockerfile

# UID_MAX of login.defs(5), the last id of an ordinary user: up to it the gap is below 18 MB.
_HIGHEST = 60_000
# sizeof(struct lastlog) on Linux, see lastlog(8).
_ENTRY = 292


def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    """Yield a change for each useradd with a high id. `-l` (`--no-log-init`): useradd(8)."""
    del file
    for run in facts.runs:
        for call in run.calls:
            if call.program != "useradd" or call.has("-l", "--no-log-init", "-D", "--defaults"):
                continue
            uid = call.value("-u", "--uid") or ""
            if uid.isdecimal() and int(uid) > _HIGHEST:
                size = int(uid) * _ENTRY // 1_000_000
                message = f"useradd with the id {uid} and without -l adds a login database of {size} MB to the layer"
                yield Change(message, (word_after(run, call.head, "-l"),), run.at(call), Alters.KEPT)
