r"""A package or a wheel that is copied into the image only to be installed from there.

What: mounts the files in the step that installs them (`RUN --mount=type=bind`) in the place of a COPY, and drops the
`rm` of them. Only BuildKit has mounts: it must be set, or shown by the file.

Why: what COPY brings stays in its layer, though a later step deletes it. The image holds the package twice: as the file
and installed.

Before:

    # syntax=docker/dockerfile:1
    FROM python:3.12 AS build
    RUN pip wheel --wheel-dir /wheels flask
    FROM python:3.12-slim
    COPY --from=build /wheels /wheels
    RUN pip install --no-cache-dir /wheels/*.whl && rm -r /wheels

After:

    # syntax=docker/dockerfile:1
    FROM python:3.12 AS build
    RUN pip wheel --wheel-dir /wheels flask
    FROM python:3.12-slim
    RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
        pip install --no-cache-dir /wheels/*.whl

Level: standard.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import pairwise

from rewriter.change import Alters, Change, Declined, Edit, overlap
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.steps.caches import mount_flags
from rewriter.steps.cleaning import before
from rewriter.steps.copies import PACKAGE, SYSTEM, Copied, copied_by, copied_on, may_fill, mentions, paths_of
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.edits import cut_commands, cut_words, drop_instruction
from rewriter.syntax.shell import Statement, Word
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_INSTALLS = {
    **dict.fromkeys(("dpkg", "apt-get", "apt"), ".deb"),
    **dict.fromkeys(("rpm", "yum", "dnf", "microdnf", "zypper"), ".rpm"),
    "apk": ".apk",
}
_LISTS = frozenset(("-r", "--requirement", "-c", "--constraint"))
_LINKS = frozenset(("-f", "--find-links"))
_EXTRACTS = re.compile(r"-?[A-Za-z]*x[A-Za-z]*\Z|--extract\Z")
_FOLDER = re.compile(r"wheel|whl|debs?\Z|rpms?\Z|apks?\Z|dist\Z")
# Folders that every distribution has: a COPY need not make them.
_THERE = re.compile(r"/(?:tmp|opt|root|srv|home|mnt|usr|usr/src|usr/local|var|var/tmp)?\Z")
# They leave the other files of a folder that they are given alone.
_HARMLESS = frozenset(("cd", "mkdir", "ls", "echo", "test", "set", "tar", "unzip", "pip", "uv", *_INSTALLS))
_BETWEEN = frozenset(("COPY", "ADD", "ENV", "ARG", "LABEL", "EXPOSE", "USER", "WORKDIR", "STOPSIGNAL"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for each COPY of what the next step installs."""
    if not facts.buildkit:
        return
    for image in facts.images:
        for at, copy in enumerate(image.stage.body):
            if copy.keyword == "COPY" and facts.shipped(image) and (copied := copied_by(facts, copy, image.before[at])):
                yield from _judge(file, facts, image, at, copied)


def _judge(file: Dockerfile, facts: Facts, image: StageImage, at: int, copied: Copied) -> Iterator[Change | Declined]:
    run = _next_run(facts, image, at, copied)
    if run is None or not any(_installed(facts, call, folder, copied) for call, folder in with_folders(run)):
        return
    place = copied.copy.span
    if copied.folder and (SYSTEM.match(copied.path) or f"{run.state.workdir}/".startswith(f"{copied.path}/")):
        yield Declined(f"a mount would hide what else is in {copied.path}: copy to a folder of its own", place)
        return
    if reason := _no_mount(facts, run, copied):
        yield Declined(reason, place)
        return
    gone = _without(file, run, copied)
    later = _later(file, facts, run, copied)
    if isinstance(later, str) or gone is None:
        yield Declined(later if isinstance(later, str) else "the rm of the files cannot be taken out", place)
        return
    edits = (*drop_instruction(file, copied.copy), mount_flags(file, run, [copied.mount]), *gone, *later)
    if overlap(edits):
        yield Declined("the steps that delete the files cannot be rewritten together", place)
        return
    yield Change(
        f"{copied.path} is copied only to be installed from there, and stays in its layer: mount it for that step",
        edits,
        place,
        Alters.KEPT,
        False,
        (facts.line(run.instruction, "installs it"),),
        frozenset(("mounts", "steps")),
    )


def _next_run(facts: Facts, image: StageImage, at: int, copied: Copied) -> Run | None:
    """The RUN behind the COPY, where nothing in between may touch what was copied."""
    for instruction in image.stage.body[at + 1 :]:
        if instruction.keyword == "RUN":
            return facts.run(instruction)
        if instruction.keyword not in _BETWEEN or mentions(instruction, copied):
            return None
        if instruction.keyword in ("COPY", "ADD") and may_fill(facts, instruction, copied):
            return None
    return None


def _no_mount(facts: Facts, run: Run, copied: Copied) -> str | None:
    """Why the step cannot have the files mounted; None where it can."""
    if run.chain is None or any(step.kind != "command" for step in run.chain) or run.script.substitutions:
        return "the step that installs the files joins its commands by other means than &&"
    if run.mounts(copied.path):
        return f"the step mounts something at {copied.path} already"
    for call, folder in with_folders(run):
        if copied.inside(folder):
            return f"{call.program} runs in {copied.path}, and a mounted folder cannot be written to"
        paths = paths_of(call, folder)
        named = [word for word, path in paths if copied.inside(path)]
        if any(posixpath.basename(copied.path) in word.raw for word, _ in paths if word not in named):
            return f"{call.program} names {copied.path} in a way that is not understood"
        above = any(copied.below(path) and not copied.inside(path) for _, path in paths)
        if above and call.program not in _HARMLESS:
            return f"{call.program} would meet the mounted files, which cannot be changed"
        if named and call.program != "rm" and any(_use(facts, call, word, copied) is None for word in named):
            return f"{call.program} may write where the files are, or keep them: a mount is there for one step alone"
    for other in before(facts, run):
        same = other.span == copied.copy.span
        if not same and (
            mentions(other, copied) or (other.keyword in ("COPY", "ADD") and may_fill(facts, other, copied))
        ):
            return f"line {other.first_line} may have put something at {copied.path} before"
    return None


def _installed(facts: Facts, call: Call, folder: str | None, copied: Copied) -> bool:
    """Whether `call` installs or unpacks what was copied; of a folder, where nothing but packages seems to be in it."""
    for word, path in paths_of(call, folder):
        if not copied.inside(path) or _use(facts, call, word, copied) != "package":
            continue
        if not copied.folder:
            return True
        direct = path == copied.path or posixpath.dirname(path or "") == copied.path
        names = (posixpath.basename(copied.path), posixpath.basename(copied.source))
        if direct and (copied.names != "*" or any(map(_FOLDER.search, names)) or _only_wheels(facts, copied)):
            return True
    return False


def _use(facts: Facts, call: Call, word: Word, copied: Copied) -> str | None:
    """What `call` takes the file `word` for: a "package" to install or unpack, a "list"; None where it does more."""
    words = list(call.statement.words)
    if word not in words:
        return None
    name = posixpath.basename(re.sub(r"\[[\w,]+\]\Z", "", word.raw.strip("\"'")).rstrip("/"))
    if copied.names != "*" and name != copied.names and not ("*" not in name and fnmatchcase(name, copied.names)):
        return None
    previous, option = words[words.index(word) - 1].raw, word.raw.partition("=")[0]
    match call.program:
        case "pip" | "uv" if call.installs:
            if previous in _LISTS or option in _LISTS:
                return "list"
            links = previous in _LINKS or option in _LINKS
            everything = name == "*" and _only_wheels(facts, copied)
            return "package" if links or everything or name.endswith(".whl") else None
        case "tar" | "unzip":
            extracts = call.program == "unzip" or any(_EXTRACTS.match(other.raw) for other in words[1:])
            into = previous in ("-C", "--directory", "-d")
            return "package" if extracts and not into and PACKAGE.search(name) else None
        case program if program in _INSTALLS and name.endswith(_INSTALLS[program]):
            return "package" if call.installs or call.subcommand == "localinstall" or _installing(call) else None
    return None


def _installing(call: Call) -> bool:
    """Whether a dpkg or rpm installs or upgrades."""
    wanted = r"-i\Z|--install\Z" if call.program == "dpkg" else r"-[a-zA-Z]*[iU][a-zA-Z]*\Z|--(install|upgrade)\Z"
    queries = call.program == "rpm" and any(re.match(r"-[a-zA-Z]*[qVe]", option.word.raw) for option in call.options)
    return not queries and any(re.match(wanted, option.word.raw) for option in call.options)


def _only_wheels(facts: Facts, copied: Copied) -> bool:
    """Whether the folder in the other stage is what a `pip wheel` of the file fills, so that all in it are wheels."""
    for run in facts.runs:
        if run.image.stage.name != (copied.copy.flag("from") or "").lower():
            continue
        for call, folder in with_folders(run):
            if call.program == "pip" and call.subcommand == "wheel":
                words = [word.raw for word in call.statement.words]
                places = [b for a, b in pairwise(words) if a in ("-w", "--wheel-dir")]
                places += [word.partition("=")[2] for word in words if word.startswith("--wheel-dir=")]
                if any(located(place, folder) == copied.source for place in places):
                    return True
    return False


def _without(file: Dockerfile, run: Run, copied: Copied) -> tuple[Edit, ...] | None:
    """Take the `rm` of the files out of the step; None where it cannot be."""
    whole: list[Statement] = []
    partly: list[Word] = []
    for call, folder in with_folders(run):
        named = [word for word, path in paths_of(call, folder) if copied.inside(path)]
        if call.program != "rm" or not named:
            continue
        if any(copied.meets(path) for _, path in paths_of(call, folder)):
            return None  # The pattern may take other files away, too.
        if len(named) == len(call.operands):
            whole.append(call.statement)
        else:
            partly += named
    cuts = (cut_words(file, run, *partly), cut_commands(file, run, whole))
    return None if cuts[0] is None or cuts[1] is None else (*cuts[0], *cuts[1])


def _later(file: Dockerfile, facts: Facts, run: Run, copied: Copied) -> tuple[Edit, ...] | str:
    """The edits that take later deletions of the files away; a reason where something else may need them."""
    edits: list[Edit] = []
    made, above = "", posixpath.dirname(copied.path)
    while not _THERE.match(above) and not f"{run.state.workdir}/".startswith(f"{above}/"):
        made, above = above, posixpath.dirname(above)
    for instruction in facts.later(run.instruction):
        if made and made in instruction.value and not mentions(instruction, copied):
            return f"line {instruction.first_line} may need {made}, which the COPY makes"
        if not mentions(instruction, copied):
            continue
        other = facts.run(instruction)
        reason = f"line {instruction.first_line} may need {copied.path}, too"
        if other is None or other.chain is None or other.script.substitutions:
            return reason
        deleting = [call for call, f in with_folders(other) if any(copied.inside(p) for _, p in paths_of(call, f))]
        words = [w for call, f in with_folders(other) for w, p in paths_of(call, f) if copied.inside(p)]
        rest = [w for call in other.calls for w in call.statement.words if w not in words]
        name = posixpath.basename(copied.path)
        if not words or any(call.program != "rm" for call in deleting) or any(name in word.raw for word in rest):
            return reason
        alone = len(other.calls) == len(deleting) == 1 and len(words) == len(deleting[0].operands)
        cut = drop_instruction(file, instruction) if alone else _without(file, other, copied)
        if cut is None:
            return reason
        edits += cut
    if taken := copied_on(facts, run, copied):
        return f"line {taken.first_line} copies {copied.path} on"
    return tuple(edits)
