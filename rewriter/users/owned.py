"""The commands that give a user the folders in which its program writes."""

from __future__ import annotations

from collections.abc import Collection

from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.final_view import final_view
from rewriter.users.found import Found
from rewriter.within import is_within

_OPEN_MODES = frozenset(("777", "0777", "a+w", "a+rw", "a+rwx", "a+rwX", "ugo+rwx"))
_SOURCES = (".py", ".js", ".mjs", ".ts", ".rb", ".php")


def commands(facts: Facts, image: StageImage, found: Found, owner: str, made: Collection[str]) -> tuple[str, ...]:
    """The commands, none where the program writes nothing or has its folders already. `made` are folders that exist.

    A folder that holds the program is given by itself, with the files in it that are written: the code stays root's.
    """
    given = [] if facts.options.openshift else _given(facts, image, owner)
    folders = [f for f in sorted(found.folders) if not any(is_within(f, other) for other in given)]
    whole = [f for f in folders if f in found.whole or not _holds_code(facts, image, f)]
    whole = [f for f in whole if not any(f != other and is_within(f, other) for other in whole)]
    alone = [f for f in folders if f not in whole and not any(is_within(f, other) for other in whole)]
    files = [f for f in found.files if not any(is_within(f, other) for other in (*whole, *given))]
    steps = []
    if missing := [f for f in (*whole, *alone) if f not in made and f not in found.made]:
        steps.append(f"mkdir -p {' '.join(missing)}")
    # A user of any number has the rights of its group alone.
    shared = ("chmod -R g=u", "chmod g=u") if facts.options.openshift else ()
    if whole:
        steps += [f"{command} {' '.join(whole)}" for command in (f"chown -R {owner}", *shared[:1])]
    if alone:
        steps += [f"{command} {' '.join((*alone, *files))}" for command in (f"chown {owner}", *shared[1:])]
    return tuple(steps)


def _holds_code(facts: Facts, image: StageImage, folder: str) -> bool:
    """Whether the folder holds more than what the program writes: it is the working directory, or sources lie in it."""
    if folder == image.final.workdir:
        return True
    view = final_view(facts, image)
    return any(name.endswith(_SOURCES) or name == "package.json" for name in view.names(folder))


def _given(facts: Facts, image: StageImage, owner: str) -> list[str]:
    """The folders that steps of the stage give to the user, or to everybody, already."""
    name = owner.partition(":")[0]
    lines = {each.stage.index for each in facts.lineage(image)}
    found = []
    for run in facts.runs:
        if run.image.stage.index not in lines:
            continue
        for call, folder in with_folders(run):
            if call.program not in ("chown", "chmod") or not call.has("-R", "--recursive") or not call.operands:
                continue
            first = call.operands[0].value or ""
            if first in _OPEN_MODES if call.program == "chmod" else first.partition(":")[0] == name:
                found += [path for word in call.operands[1:] if (path := located(word.value, folder))]
    return found
