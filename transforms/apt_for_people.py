"""A step that calls `apt`, which is made for people.

What: calls `apt-get` instead of `apt`, with the option or the name that does the same.

Why: apt's manual keeps the right to change what it does and prints, so it warns in every build log that its interface
is not stable, and it draws progress bars that no one watches.

Before:

    FROM debian:12
    RUN apt update && apt upgrade -y && apt install -y curl

After:

    FROM debian:12
    RUN apt-get update && apt-get upgrade --with-new-pkgs -y && apt-get install -y curl

Level: safe where the base image is known to delete the packages that it downloads, as the images of Debian and Ubuntu
do; standard otherwise, as apt deletes them by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.steps.edits import replace_word, word_after
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# Source: apt(8), apt-get(8), and apt's own defaults (`Binary::apt` in apt-private/private-cmndline.cc): apt upgrade may
# install new packages, and apt deletes what it downloaded. The solver is the same in all releases.
_SAME = frozenset(("autoclean", "autoremove", "build-dep", "clean", "dist-upgrade", "download", "install", "purge"))
_SAME |= {"remove", "source", "update"}
_NEW_PACKAGES = ("--with-new-pkgs", "--without-new-pkgs", "--no-with-new-pkgs")
_ARCHIVES = "/var/cache/apt/archives"


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each RUN with apt commands that apt-get knows too."""
    for run in facts.runs:
        calls = [call for call in run.calls if call.program == "apt" and call.head.raw in ("apt", "/usr/bin/apt")]
        edits: list[Edit] = []
        mended = []
        for call in calls:
            reason = _reason(run, call)
            if reason:
                yield Declined(reason, run.at(call))
            else:
                edits += _edits(run, call)
                mended.append(call)
        if mended:
            alters, proven, evidence = _kept(file, facts, run, mended)
            message = "apt is made for people, and does not promise to stay as it is; apt-get is for scripts"
            yield Change(message, tuple(edits), run.at(mended[0]), alters, proven, evidence)


def _reason(run: Run, call: Call) -> str | None:
    """Why the command has to stay as it is; None where apt-get does the same."""
    if call.subcommand not in (*_SAME, "upgrade", "full-upgrade"):
        if not call.subcommand:
            return "apt is called without a command that apt-get is known to share"
        return f"apt-get has no {call.subcommand} that does and prints the same: see apt-cache, dpkg-query and apt-mark"
    if _read_by_another(run.script.root, call.statement):
        return "another command reads what apt prints, and apt-get prints other lines"
    # Source: `Binary::apt::Dpkg::Lock::Timeout`.
    if any("/apt" in mount and _shared_cache(mount) for mount in run.instruction.flag_values("mount")):
        return "apt waits for its turn at a shared cache mount, apt-get does not: add sharing=locked to the mount"
    return None


def _shared_cache(mount: str) -> bool:
    parts = mount.split(",")
    return "type=cache" in parts and not {"sharing=locked", "sharing=private"}.intersection(parts)


def _read_by_another(tree: Statement, statement: Statement) -> bool:
    """Whether a pipe leads the output of `statement` into another command."""
    if tree.kind == "pipeline" and statement in tree.children[:-1]:
        return True
    return any(_read_by_another(child, statement) for child in tree.children)


def _edits(run: Run, call: Call) -> Iterator[Edit]:
    yield replace_word(run, call.head, f"{call.head.raw}-get")
    assert call.subcommand_word is not None
    match call.subcommand:
        case "upgrade" if not call.has(*_NEW_PACKAGES):
            yield word_after(run, call.subcommand_word, "--with-new-pkgs")
        case "full-upgrade":
            yield replace_word(run, call.subcommand_word, "dist-upgrade")


def _kept(file: Dockerfile, facts: Facts, run: Run, calls: list[Call]) -> tuple[Alters, bool, tuple[Evidence, ...]]:
    """What stays on disk after apt-get that apt would have deleted, and what shows that nothing does."""
    if not any(call.installs for call in calls):
        return Alters.NOTHING, True, ()
    if run.mounts(_ARCHIVES):
        return Alters.KEPT, True, (facts.line(run.instruction, f"{_ARCHIVES} is a mount"),)
    base = run.image.base
    if base.distribution not in ("debian", "ubuntu"):
        return Alters.KEPT, False, ()
    written = next((i for i in file.instructions if "docker-clean" in i.value), None)
    if written is not None:
        return Alters.KEPT, False, (facts.line(written, "docker-clean is changed"),)
    return Alters.KEPT, True, (Evidence(f"{base.name} deletes downloaded packages (apt.conf.d/docker-clean)"),)
