"""A dnf, yum, microdnf, tdnf or zypper that leaves its metadata in the image, or that would ask.

What: cleans up behind the last command of a step that installs (`dnf clean all`, `zypper clean --all`), in stages that
are shipped, and adds `-y` (zypper: `--non-interactive`) where it is missing, in all. With `cache = "mount"` too: these
managers delete a package once it is installed, so that there is little to keep.

Why: the metadata of the repositories is 20 to 200 MB, and only the same step can take it out of the layer. A build has
no terminal, so that a command that asks aborts.

Before:

    FROM fedora:40
    RUN dnf install nginx

After:

    FROM fedora:40
    RUN dnf install -y nginx && dnf clean all

Level: safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Evidence
from rewriter.facts import Facts, Run
from rewriter.steps.caches import empties, mounted
from rewriter.steps.cleaning import clean_behind, run_as
from rewriter.steps.edits import word_after
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# Source: dnf(8), yum(8), microdnf(8), https://github.com/vmware/tdnf/wiki, zypper(8).
_CLEANS = {
    "dnf": "clean all",
    "yum": "clean all",
    "microdnf": "clean all",
    "tdnf": "clean all",
    "zypper": "clean --all",
}
_INSTALLS = frozenset(
    (
        *("install", "localinstall", "reinstall", "update", "upgrade", "downgrade", "distro-sync", "swap", "builddep"),
        *("groupinstall", "groupupdate", "group", "module"),
        *("in", "up", "dup", "dist-upgrade", "patch", "si", "source-install"),
    )
)
_REMOVES = frozenset(("remove", "rm", "erase", "autoremove", "groupremove"))
_GROUPS = frozenset(("install", "update", "upgrade", "remove", "enable", "disable", "reset", "switch-to"))
_NO_CHANGE = ("--downloadonly", "--download-only", "--assumeno", "--dry-run", "--help")
_OFFLINE = {"zypper": ("--no-refresh",)}


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each command that would ask, and one for each manager of a step that needs a clean-up."""
    for run in facts.runs:
        calls = [call for call in run.calls if call.program in _CLEANS and _acts(call)]
        for call in calls:
            if found := _asking(facts, run, call):
                yield found
        if calls and facts.shipped(run.image):
            installs = [call for call in calls if call.subcommand in _INSTALLS and not call.has(*_NO_CHANGE)]
            for last in {call.program: call for call in installs}.values():
                if not mounted(run, last.program) and (found := _keeping(file, facts, run, last)):
                    yield found


def _acts(call: Call) -> bool:
    """Whether the command installs or removes something, and so may ask."""
    if call.subcommand in ("group", "module"):
        return bool(call.operands) and call.operands[0].raw in _GROUPS
    return call.subcommand in _INSTALLS or call.subcommand in _REMOVES


def _asking(facts: Facts, run: Run, call: Call) -> Change | Declined | None:
    # microdnf never asks; a -y is accepted and does nothing.
    if call.program == "microdnf" or call.says_yes or call.has("--assumeno", "--dry-run", "--help"):
        return None
    at = run.at(call)
    if run.fed(call):
        return Declined("its input may hold the answer", at)
    if any("assumeyes" in step.text.text for step in (run, *facts.earlier(run))):
        return Declined("a configuration written before may say yes already", at)
    assert call.subcommand_word is not None
    if call.program == "zypper":
        edit, answer = word_after(run, call.head, "--non-interactive"), "--non-interactive"
    else:
        word = call.head if call.subcommand in ("group", "module") else call.subcommand_word
        edit, answer = word_after(run, word, "-y"), "-y"
    message = f"{call.program} {call.subcommand} without {answer} waits for an answer that nobody gives"
    return Change(message, (edit,), at)


def _keeping(file: Dockerfile, facts: Facts, run: Run, last: Call) -> Change | Declined | None:
    """The clean-up behind `last`, the last command of its manager in the step that fills the cache."""
    manager, at = last.program, run.at(last)
    family = (manager,) if manager in ("zypper", "tdnf") else ("dnf", "yum", "microdnf")
    if any(call.head.start > last.head.start for name in family for call in empties(run, name)):
        return None
    if last.has("--installroot", "--root", "-R"):
        return Declined(f"{manager} installs into another root folder: clean up there", at)
    for instruction in (run.instruction, *facts.later(run.instruction)):
        step = facts.run(instruction)
        for call in step.calls if step else ():
            if call.program in family and call.has(*_OFFLINE.get(manager, ("-C", "--cacheonly"))):
                return Declined(f"line {instruction.first_line} works from the cache of {manager}", at)
    command = run_as(last, f"{last.head.raw} {_CLEANS[manager]}")
    edit = clean_behind(file, run, last, command, everywhere=run.image.base.has(manager))
    if isinstance(edit, str):
        return Declined(f"{edit}: {command} has to be added by hand", at)
    evidence = Evidence(f"no later step works from the cache of {manager}", run.instruction.first_line)
    return Change(f"{manager} leaves its metadata in the image", (edit,), at, Alters.KEPT, evidence=(evidence,))
