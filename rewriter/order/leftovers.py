"""What build tools have left in the build context, and whether a build writes it again."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.order.context_users import User
from rewriter.project.context import MANIFEST_LIMIT, Project, Unfit
from rewriter.project.git_ignored import git_ignored
from rewriter.steps.context_copies import context_copy
from rewriter.steps.downloads import with_folders
from rewriter.syntax.from_context import from_context
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

# Folders with a manifest of one kind: beyond that many, one line each is no ignore file that people want.
_MOST = 12
_ANY = "any/folder"
_RUNNERS = frozenset(("npm", "npx", "yarn", "pnpm", "pnpx", "bun", "bunx", "corepack"))


@dataclass(frozen=True)
class Leftover:
    """One folder of the context that `pattern` leaves out: `name`, below `folder`. `doubt` says why it may be more
    than a leftover; `evidence` what shows that it is none of the program's files."""

    entry: dict[str, Any]
    folder: str
    name: str
    pattern: str
    doubt: str | None
    evidence: tuple[Evidence, ...]


def may_be_left(facts: Facts) -> list[dict[str, Any]]:
    """What a command of the Dockerfile writes again, as entries of the table."""
    calls = [call for run in facts.runs for call in run.calls]
    return [entry for entry in knowledge.table("leftovers")["leftover"] if any(_writes(call, entry) for call in calls)]


@lru_cache(maxsize=4)
def _by_name(listing: tuple[str, ...]) -> dict[str, list[str]]:
    """The folders in which there are files of each name."""
    found: dict[str, list[str]] = {}
    for path in listing:
        folder, _, name = path.rpartition("/")
        found.setdefault(name, []).append(folder or ".")
    return found


def leftovers(
    project: Project, entries: Iterable[dict[str, Any]], listing: tuple[str, ...], copied: Iterable[str]
) -> Iterator[Leftover]:
    """The leftovers that the manifests among the files of `listing` let expect, in the folders that are `copied`."""
    whole = sorted(copied)
    for entry in entries:
        found = {
            folder
            for name, folders in _by_name(listing).items()
            if any(fnmatchcase(name, manifest) for manifest in entry["manifests"])
            for folder in folders
        }
        here = sorted(folder for folder in found if any(_within(folder, root) for root in whole))
        chosen = here if entry.get("each") else [folder for folder in here if folder in whole]
        name = entry["pattern"]
        # What git ignores in any folder is none of the program's files in any folder.
        root = next((root for root in whole if all(_within(folder, root) for folder in chosen)), None)
        anywhere = posixpath.normpath(posixpath.join(root or ".", _ANY, name))
        everywhere = len(chosen) > 1 and root is not None and git_ignored(project, f"{anywhere}/") is not None
        if len(chosen) > _MOST and not everywhere:
            continue
        for folder in chosen:
            path = posixpath.normpath(posixpath.join(folder, name))
            pattern = posixpath.normpath(posixpath.join(root or ".", "**", name)) if everywhere else path
            if name == "node_modules" and _workspaces(project, folder):
                pattern = posixpath.normpath(posixpath.join(folder, "**", name))
            doubt, evidence = _program(project, path, own=entry.get("own", False))
            if entry.get("shown") and not evidence and not _there(project, path):
                continue
            yield Leftover(entry, folder, name, pattern, doubt, evidence)


def written_again(user: User, leftover: Leftover) -> tuple[Evidence, ...] | str:
    """What shows that each stage of `user` that takes the leftover writes it again; else a reason."""
    shown: list[Evidence] = []
    facts = user.facts
    for image in facts.images:
        takers = list(_takers(user, image, leftover))
        if not takers:
            continue
        found = _writer(facts, image, leftover, takers)
        if found is None:
            if other := _from_another_stage(image, leftover.name):
                shown.append(facts.line(other, f"{leftover.name} comes from {other.flag('from')}"))
                continue
            return f"{user.named(takers[0].first_line)} may need it, as its stage does not write it"
        run, call = found
        words = " ".join(filter(None, (call.program, call.subcommand)))
        if leftover.name == "node_modules" and _misses(facts, run, call):
            line = user.named(run.instruction.first_line)
            return f"{line} installs no dev packages, which a later step may need"
        if leftover.name == ".venv" and (place := _uses_venv(user)):
            return f"{place} names it"
        does = "installs anew what it holds" if leftover.name == ".venv" else f"writes {leftover.name} again"
        shown.append(facts.line(run.instruction, f"{words} {does}"))
    return tuple(dict.fromkeys(shown))


def _takers(user: User, image: StageImage, leftover: Leftover) -> Iterator[Instruction]:
    """The instructions of the stage that take the folder with the leftover, or one above."""
    base = posixpath.dirname(user.path or "")
    body = {instruction.span.start for instruction in image.stage.body}
    for taken in from_context(user.facts.file):
        if taken.instruction.span.start in body and any(
            path is not None
            and (_within(leftover.folder, path) or _within(leftover.folder, posixpath.join(base, path)))
            for path in taken.paths
        ):
            yield taken.instruction


def _within(folder: str, root: str) -> bool:
    root = posixpath.normpath(root)
    return root in (".", "*") or folder == root or folder.startswith(f"{root}/")


def _writer(facts: Facts, image: StageImage, leftover: Leftover, takers: list[Instruction]) -> tuple[Run, Call] | None:
    """A command of the stage, or of those it grows from, that writes the leftover where `takers` put it."""
    places = set()
    for taker in takers:
        copy = context_copy(facts, taker, image.before[image.stage.body.index(taker)])
        for place in copy.places if copy else ():
            if _within(leftover.folder, place.source):
                inner = posixpath.relpath(leftover.folder, place.source)
                places.add(posixpath.normpath(posixpath.join(place.target, inner)))
    stages = {other.stage.index for other in facts.lineage(image)}
    for run in facts.runs:
        if run.image.stage.index in stages:
            for call, folder in with_folders(run):
                if _writes(call, leftover.entry) and _reaches(leftover.entry, folder, places):
                    return run, call
    return None


def _reaches(entry: dict[str, Any], folder: str | None, places: set[str]) -> bool:
    """Whether a command in `folder` of the image writes below one of `places`."""
    if entry.get("anywhere") or folder in places:
        return True
    return bool(entry.get("each")) and folder is not None and any(place.startswith(f"{folder}/") for place in places)


def _writes(call: Call, entry: dict[str, Any]) -> bool:
    verbs = entry["programs"].get(call.program)
    if verbs is None or call.has(*entry["elsewhere"]):
        return False
    if call.subcommand in entry.get("with", {}) and not call.has(*entry["with"][call.subcommand]):
        return False
    said = {call.subcommand} if call.subcommand else {word.raw.strip(",") for word in call.operands} or {""}
    return not said.isdisjoint(verbs)


def _from_another_stage(image: StageImage, name: str) -> Instruction | None:
    """The COPY by which the stage takes it from another stage or image."""
    return next(
        (
            i
            for i in image.stage.body
            if i.keyword == "COPY" and i.flag("from") and name in i.value.split()[0].split("/")
        ),
        None,
    )


def _misses(facts: Facts, run: Run, call: Call) -> bool:
    """Whether an install leaves the dev packages out and something behind it may need them."""
    only = call.value("--only") or ""
    bare = call.has("--production", "--prod", "-P") or call.value("--omit") == "dev" or only.startswith("prod")
    if not bare and run.state.env.get("NODE_ENV") != "production":
        return False
    for later in facts.later(run.instruction):
        other = facts.run(later)
        if other is not None and any(_runs_script(c) for c in other.calls):
            return True
        if later.keyword in ("CMD", "ENTRYPOINT") and not _starts_node(facts.project, later):
            return True
    return False


def _runs_script(call: Call) -> bool:
    quiet = {"cache", "config", "install", "ci", "i", "clean-install", "prune", "set", "--version"}
    if call.program in ("npm", "yarn", "pnpm", "bun"):
        return (call.subcommand or "install") not in quiet
    return call.program in _RUNNERS


def _starts_node(project: Project, start: Instruction) -> bool:
    """Whether a start command runs nothing but what the program's own packages bring."""
    words = list(start.json or start.value.split())
    if not words or words[0] not in _RUNNERS:
        return not any(word in ("nodemon", "ts-node", "tsx", "vite", "next", "webpack") for word in words)
    if [word for word in words[1:] if word != "run"] != ["start"]:
        return False
    try:
        scripts = json.loads(project.text("package.json")).get("scripts", {})
        return str(scripts.get("start", "node server.js")).split()[:1] == ["node"]
    except (Unfit, ValueError, AttributeError, RecursionError):
        return False


def _uses_venv(user: User) -> str | None:
    """Where something names the environment that no step makes."""
    made = any(
        (call.program in ("uv", "poetry", "pdm") and call.subcommand in ("sync", "install", "venv"))
        or any(word.raw.endswith(".venv") for word in call.operands)
        for run in user.facts.runs
        for call in run.calls
    )
    if made:
        return None
    for instruction in user.facts.file.instructions:
        if ".venv" in instruction.value:
            return user.named(instruction.first_line)
    project = user.facts.project
    scripts = (path for path in project.files() if path.endswith(".sh"))
    return next((path for path in scripts if b".venv" in (project.head(path, MANIFEST_LIMIT) or b"")), None)


def _workspaces(project: Project, folder: str) -> bool:
    """Whether an install in `folder` also writes to the folders of the packages below.

    Source: https://docs.npmjs.com/cli/using-npm/workspaces, https://pnpm.io/workspaces
    """
    if project.kind(posixpath.join(folder, "pnpm-workspace.yaml")) == "file":
        return True
    try:
        return bool(json.loads(project.text(posixpath.join(folder, "package.json"))).get("workspaces"))
    except (Unfit, ValueError, AttributeError, RecursionError):
        return False


def _program(project: Project, path: str, *, own: bool) -> tuple[str | None, tuple[Evidence, ...]]:
    """Why the folder `path` may hold files of the program, and what shows that it holds none."""
    if found := git_ignored(project, f"{path}/"):
        file, line = found
        return None, (Evidence(f"git ignores {path}", line, file),)
    tracked = _there(project, path) and (project.kind(".git") or project.kind(".gitignore"))
    if tracked or not own:
        return ".gitignore does not name it, so that it may hold files of the program", ()
    return None, ()


def _there(project: Project, path: str) -> bool:
    return posixpath.basename(path) in project.names(posixpath.dirname(path) or ".")
