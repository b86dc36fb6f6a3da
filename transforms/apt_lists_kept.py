"""The lists of packages that `apt-get update` leaves in the layer.

What: removes them in the same step. A later step that installs from them gets an `apt-get update` of its own.

Why: the lists take 20 to 50 MB and are out of date within days. Removed in a later step they stay in the image.

Before:

    FROM debian:12
    RUN apt-get update && apt-get install -y nginx
    CMD ["nginx", "-g", "daemon off;"]

After:

    FROM debian:12
    RUN apt-get update && apt-get install -y nginx && rm -rf /var/lib/apt/lists/*
    CMD ["nginx", "-g", "daemon off;"]

Level: safe where all that runs later is known not to read the lists, else standard.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, overlap
from rewriter.facts import Facts, Run
from rewriter.steps.apt import CLEAN_UP, LISTS, NO_UPDATE, only_updates, removes, update_words, updates
from rewriter.steps.apt_lists import Uses, uses
from rewriter.steps.caches import add_mount, mounted
from rewriter.steps.cleaning import run_as
from rewriter.steps.edits import append_step, cut_commands, insert_ahead, no_append
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_MESSAGE = "the lists that `apt-get update` fetches stay in the layer"
_IDLE = "`apt-get update` fetches lists here that only a later step reads, which may find them out of date"
_MOUNTED = "apt's lists and archives are fetched again by each build: mount them as caches"
# Source: https://docs.docker.com/reference/dockerfile/#example-cache-apt-packages
_KEEP_ARCHIVES = "rm -f /etc/apt/apt.conf.d/docker-clean"


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each step that fetches the lists and leaves them."""
    if "apt" not in file.source.text:
        return
    for run in facts.runs:
        update = next((found for found in reversed(run.calls) if updates(found)), None)
        if update is None or run.mounts(LISTS) or only_updates(run):
            continue
        at = run.at(update)
        if facts.options.cache == "mount" and not mounted(run, "apt"):
            found = uses(facts, run)
            edits = None if found.surely else _mounting(file, facts, run, update, found)
            if edits is not None:
                fact = facts.line(run.instruction, "fetches the lists")
                mounts = frozenset(("mounts",))
                yield Change(_MOUNTED, edits, at, Alters.KEPT, not found.doubts, (fact, *found.doubts), mounts)
                continue
        if facts.shipped(run.image) and not _removed(run, update):
            yield from _cleaned(file, facts, run, update)


def _removed(run: Run, update: Call) -> bool:
    """Whether the step removes the lists behind `update`, in whatever branch, or in a function."""
    functions = [statement for statement in run.script.root.walk() if statement.kind == "function"]
    return any(
        removes(run, found)
        and (
            found.statement.start > update.statement.start
            or any(function.start < found.statement.start < function.end for function in functions)
        )
        for found in run.calls
    )


def _cleaned(file: Dockerfile, facts: Facts, run: Run, update: Call) -> Iterator[Change | Declined]:
    at = run.at(update)
    if reason := no_append(run.script):
        yield Declined(f"a clean-up cannot be added: {reason}", at)
        return
    found = uses(facts, run)
    if found.surely:
        yield Declined(f"the lists must stay: {found.surely}", at)
        return
    # Lists that only later steps read are not fetched at all, as those get an update of their own.
    idle = bool(found.needy) and [*run.script.commands()][-1] is update.statement
    idle = idle and any(call.statement is update.statement for call in run.plain_calls)
    taken = cut_commands(file, run, [update.statement]) if idle else None
    edits: list[Edit | None] = [append_step(file, run, run_as(update, CLEAN_UP))] if taken is None else [*taken]
    for other, anchor, needy in found.needy:
        inserted = insert_ahead(file, other, anchor, run_as(needy, update_words(update)))
        if inserted is None:
            yield Declined(f"line {other.instruction.first_line} installs from the lists, and {NO_UPDATE}", at)
            return
        edits.append(inserted)
        if facts.shipped(other.image) and not _removed(other, needy):
            edits.append(append_step(file, other, run_as(needy, CLEAN_UP)))
    made = tuple(edit for edit in edits if edit is not None)
    if len(made) < len(edits):
        yield Declined("a clean-up cannot be added to each step that needs the lists: one does not end plainly", at)
        return
    evidence = (
        facts.line(
            run.instruction, "fetches the lists and does not " + ("remove" if taken is None else "read") + " them"
        ),
        *(facts.line(other.instruction, "installs from them, and gets its own update") for other, _, _ in found.needy),
        *found.doubts,
    )
    yield Change(_MESSAGE if taken is None else _IDLE, made, at, Alters.KEPT, not found.doubts, evidence)


def _mounting(file: Dockerfile, facts: Facts, run: Run, update: Call, found: Uses) -> tuple[Edit, ...] | None:
    """The edits that mount apt's caches in the step and in those that read its lists; None where that cannot be."""
    edits: list[Edit] = []
    ahead = {other: (anchor, run_as(needy, update_words(update))) for other, anchor, needy in found.needy}
    for each in (run, *ahead):
        mounts = add_mount(file, facts, each, "apt")
        # A step taken out in front of the shell's own comment would leave a line that Docker takes for one.
        if isinstance(mounts, str) or each.script.comments or mounted(each, "apt"):
            return None
        edits += mounts
        first = each.script.root.children[0]
        start = each.text.source(first.start)
        command, joiner = _KEEP_ARCHIVES, " && "
        if each.instruction.heredocs:
            line = file.source.line_text(file.source.line(start))
            joiner = file.source.newline + line[: file.source.column(start) - 1]
        if each in ahead:
            anchor, fetch = ahead[each]
            if anchor.start == first.start:
                joiner = f"{joiner}{fetch} && "
            else:
                inserted = insert_ahead(file, each, anchor, fetch)
                if inserted is None:
                    return None
                edits.append(inserted)
        edits.append(Edit(start, start, f"{command}{joiner}"))
    return None if overlap(edits) else tuple(edits)
