"""A `COPY` whose files a `RUN chown` or `RUN chmod` stores a second time.

What: turns `COPY` and the `RUN chown` right behind it into `COPY --chown`, and a numeric `RUN chmod` of the copied
file into `COPY --chmod` where BuildKit is shown or set. Where the folder itself existed before, only its own owner is
still changed by a step.

Why: changing the owner of a file in a later layer stores the whole file again; the image holds everything twice.

Before:

    FROM node:20
    WORKDIR /srv/app
    COPY . .
    RUN chown -R node:node /srv/app

After:

    FROM node:20
    WORKDIR /srv/app
    COPY --chown=node:node . .
    RUN chown node:node /srv/app

Level: safe where all that lies below the folder came from that COPY; standard where an unknown step may have written
there before, and for chmod.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rewriter.change import Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage, State
from rewriter.steps.edits import cut_instruction, cut_words
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

_OWNER = re.compile(r"[A-Za-z_0-9][\w.-]*:[A-Za-z_0-9][\w.-]*\Z", re.ASCII)
_MODE = re.compile(r"0?[0-7]{3}\Z")
# Folders that come with a distribution, so that a COPY may add to what is there; Filesystem Hierarchy Standard 3.0.
_SYSTEM = re.compile(r"/(bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)?\Z")
_BELOW_SYSTEM = re.compile(r"/(bin|boot|dev|etc|home|lib\w*|media|mnt|proc|root|run|sbin|sys|tmp|usr|var)/")
# They write where their packages and users go, and nowhere below a folder of the application.
_ELSEWHERE = frozenset(
    ("apt-get", "apt", "apk", "yum", "dnf", "microdnf", "groupadd", "addgroup", "useradd", "adduser")
)


@dataclass(frozen=True, slots=True)
class _Copied:
    """A COPY of one source: `path` is where its file or folder lies afterwards."""

    copy: Instruction
    source: str
    path: str
    folder: bool


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for each COPY with a chown or chmod of its files right behind it."""
    for image in facts.images:
        body = image.stage.body
        for at in range(len(body) - 1):
            copy, step = body[at], body[at + 1]
            if copy.keyword != "COPY" or step.keyword != "RUN" or not (run := facts.run(step)):
                continue
            if not run.chain or len(run.calls) != 1 or run.calls[0].program not in ("chown", "chmod"):
                continue
            yield from _judge(file, facts, image, at, run, run.calls[0])


def _judge(
    file: Dockerfile, facts: Facts, image: StageImage, at: int, run: Run, call: Call
) -> Iterator[Change | Declined]:
    copy, place = image.stage.body[at], run.at(call)
    flag = call.program
    copied = _copied(facts, copy, image.before[at])
    words = [word.value for word in call.operands]
    targets = [_resolved(word, run.state) for word in words[1:]]
    if copied is None or copy.flag(flag) is not None or not words or copied.path not in targets:
        return
    if len(targets) != 1 or call.statement.redirects:
        yield Declined(f"{call.program} changes other files in the same step", place)
    elif any(option.name not in ("-R", "--recursive", "-v", "-f") for option in call.options):
        yield Declined(f"{call.program} has options that COPY has no word for", place)
    elif not facts.is_root(run):
        yield Declined(f"the step may not run as root, so that {call.program} may do something else", place)
    elif call.program == "chmod":
        yield from _chmod(file, facts, copied, run, words[0] or "")
    elif not words[0] or not _OWNER.match(words[0]):
        yield Declined("COPY --chown needs user:group in plain text; chown of a user alone keeps the group", place)
    elif copied.folder and not call.has("-R", "--recursive"):
        return
    else:
        yield from _chown(file, facts, image, at, copied, run, call, words[0])


def _chmod(file: Dockerfile, facts: Facts, copied: _Copied, run: Run, mode: str) -> Iterator[Change]:
    edits = cut_instruction(file, run.instruction)
    if copied.folder or not _MODE.match(mode) or not facts.buildkit or edits is None:
        return
    message = f"chmod stores {copied.path} a second time; COPY --chmod sets its mode at once"
    yield Change(
        message,
        (_flagged(copied.copy, f"--chmod={mode}"), *edits),
        run.instruction.span,
        proven=False,
        evidence=(facts.line(copied.copy, f"COPY writes {copied.path}"),),
        declares=frozenset(("steps",)),
    )


def _chown(
    file: Dockerfile, facts: Facts, image: StageImage, at: int, copied: _Copied, run: Run, call: Call, owner: str
) -> Iterator[Change | Declined]:
    if copied.folder and (_SYSTEM.match(copied.path) or _BELOW_SYSTEM.match(copied.path)):
        yield Declined(
            f"the base image may hold files below {copied.path} too, and chown -R changes these as well", run.at(call)
        )
        return
    earlier = _writers(facts, image, at, copied.path)
    if copied.folder and isinstance(earlier, Instruction):
        reason = (
            f"line {earlier.first_line} may have written below {copied.path} too, and chown -R changes that as well"
        )
        yield Declined(reason, run.at(call))
        return
    existed = copied.folder and _existed(facts, image, at, copied.path)
    recursive = tuple(option.word for option in call.options if option.name in ("-R", "--recursive"))
    edits = cut_words(file, run, *recursive) if existed else cut_instruction(file, run.instruction)
    if edits is None:
        yield Declined("the comment inside the step would be lost", run.at(call))
        return
    kept = f"; {copied.path} itself existed before, so that its own owner is still changed" if existed else ""
    yield Change(
        f"chown stores what was copied to {copied.path} a second time; COPY --chown sets the owner at once{kept}",
        (_flagged(copied.copy, f"--chown={owner}"), *edits),
        run.instruction.span,
        proven=not copied.folder or earlier is True,
        evidence=(Evidence(f"nothing but COPY writes below {copied.path}", copied.copy.first_line),),
        declares=frozenset(("steps",)),
    )


def _flagged(copy: Instruction, flag: str) -> Edit:
    end = copy.flags[-1].span.end if copy.flags else copy.keyword_span.end
    return Edit(end, end, f" {flag}")


def _copied(facts: Facts, copy: Instruction, state: State) -> _Copied | None:
    words = list(copy.json or copy.value.split())
    if len(words) != 2 or copy.heredocs or any(set(word) & set("$*?[\"'\\") for word in words):
        return None
    source, target = words
    folder = source.rstrip("/") in ("", ".") or source.endswith("/")
    if not folder and copy.flag("from") is None:
        folder = facts.project.kind(source) == "folder"
    path = _resolved(target, state)
    if path is None or folder:
        return _Copied(copy, source, path, True) if path else None
    name = posixpath.basename(source)
    if target.endswith("/"):
        return _Copied(copy, source, posixpath.join(path, name), False) if posixpath.splitext(name)[1] else None
    # With the same ending, source and target are files; without, either may be a folder.
    same = posixpath.splitext(name)[1] == posixpath.splitext(path)[1] != ""
    return _Copied(copy, source, path, False) if same else None


def _resolved(path: str | None, state: State) -> str | None:
    if path is None or not isinstance(state.workdir, str):
        return posixpath.normpath(path) if path and path.startswith("/") else None
    return posixpath.normpath(posixpath.join(state.workdir, path))


def _lineage(facts: Facts, image: StageImage, at: int) -> Iterator[tuple[Instruction, State]]:
    """The instructions before the one at `at`, with their states, from the base image on."""
    _, *below = facts.lineage(image)
    for lower in reversed(below):
        yield from zip(lower.stage.body, lower.before, strict=True)
    yield from zip(image.stage.body[:at], image.before[:at], strict=True)


def _writers(facts: Facts, image: StageImage, at: int, path: str) -> Instruction | bool:
    """What wrote below `path` before: an instruction that may have, True for nothing, False where that is not known."""
    known = image.base.known
    for instruction, state in _lineage(facts, image, at):
        match instruction.keyword:
            case "COPY" | "ADD":
                words = instruction.json or instruction.value.split()
                target = _resolved(words[-1], state) if words else None
                if target is None or target == path or target.startswith(f"{path}/") or path.startswith(f"{target}/"):
                    return instruction
            case "WORKDIR":
                folder = _resolved(instruction.value, state) or "/"
                if folder.startswith(f"{path}/"):
                    return instruction
            case "RUN":
                run = facts.run(instruction)
                elsewhere = run is not None and all(call.program in _ELSEWHERE for call in run.calls)
                inside = not isinstance(state.workdir, str) or f"{state.workdir}/".startswith(f"{path}/")
                if path in instruction.value or (inside and not elsewhere):
                    return instruction
                known = known and elsewhere
    return known


def _existed(facts: Facts, image: StageImage, at: int, path: str) -> bool:
    """Whether a WORKDIR (or the base) may have made the folder `path` before the COPY at `at`."""
    if image.base.workdir is None or f"{image.base.workdir}/".startswith(f"{path}/"):
        return True
    return any(
        instruction.keyword == "WORKDIR" and f"{_resolved(instruction.value, state)}/".startswith(f"{path}/")
        for instruction, state in _lineage(facts, image, at)
    )
