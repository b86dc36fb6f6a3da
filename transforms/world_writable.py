"""A `chmod 777` for want of an owner.

What: in a stage that ends with a user without root, gives the folder to that user (`chown`) and takes the right to
write from everybody else. From a script or a program, which is only run, it takes that right, too. What cannot be
given to anyone is reported.

Why: any process of the container, also one that an attacker has taken over, may replace what lies there, a script that
root runs next among it.

Options: level=aggressive

Before:

    FROM debian:12
    RUN useradd app && mkdir -p /srv/uploads && chmod -R 777 /srv/uploads
    USER app

After:

    FROM debian:12
    RUN useradd app && mkdir -p /srv/uploads && chown -R app:app /srv/uploads && chmod -R 755 /srv/uploads
    USER app

Level: aggressive, as no file says whether the container may be started with another user; else it is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Edit, Evidence, Report
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.steps.context_copies import copies_below
from rewriter.steps.created_users import created, owner
from rewriter.steps.downloads import located, plain, with_folders
from rewriter.steps.edits import insert_ahead, replace_word
from rewriter.syntax.shell import Word
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# Source: https://www.gnu.org/software/coreutils/manual/html_node/File-permissions.html
_OCTAL = re.compile(r"(0?[0246]?)([0-7])([0-7])([2367])\Z")
_CLAUSE = re.compile(r"([ugoa]*)([+=])([rwxX]+)\Z")
# A right for everybody on purpose: for a user id that only the start of the container knows.
_MEANT = re.compile(r"(?i)\buid\b|arbitrary|openshift|(?:any|every|other|random|different) user|--user\b|rootless")
# Folders of the whole system: Filesystem Hierarchy Standard 3.0.
_SHARED = re.compile(
    r"/(?:(?:bin|boot|dev|dev/shm|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)?|"
    r"(?:usr|usr/local|var)/\w+|root/.*)\Z"
)
_PROGRAM = re.compile(r".*\.(?:sh|bash|py|pl|rb|js|jar|bin|run|phar)\Z|(?:/usr(?:/local)?)?/s?bin/[\w.-]+\Z")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Report]:
    """Yield a change, or a report, for each chmod of a shipped stage that lets everybody write."""
    if "openshift" in file.source.lower:
        return
    for run in facts.runs:
        if not facts.shipped(run.image) or _is_meant(file, run):
            continue
        for call, folder in with_folders(run):
            mode = call.operands[0] if call.program == "chmod" and len(call.operands) > 1 else None
            if mode is not None and mode.value and (narrow := _narrowed(mode.value)):
                yield from _judge(file, facts, run, call, folder, mode, narrow)


def _judge(
    file: Dockerfile, facts: Facts, run: Run, call: Call, folder: str | None, mode: Word, narrow: str
) -> Iterator[Change | Report]:
    image = facts.images[-1]
    targets = " ".join(word.raw for word in call.operands[1:])
    everyone = f"chmod {mode.raw} lets every process of the container write to {targets}"
    check = "look at the log of a start, and compare with `dockerslim verify`"
    if all(_is_program(facts, run, word, folder) for word in call.operands[1:]):
        yield Change(
            f"{everyone}, which is only to be run; {check}",
            (replace_word(run, mode, narrow),),
            run.at(call),
            Alters.FILES,
            proven=False,
        )
        return
    user = owner(facts, image, image.final, run.instruction)
    places = [located(plain(word), folder) or word.raw for word in call.operands[1:]]
    shared = any(_SHARED.match(place) for place in places)
    late = any(each.run is run and each.call.statement.start > call.statement.start for each in created(facts, image))
    edits: tuple[Edit, ...] = ()
    if user and not shared and not late and call in run.plain_calls and facts.is_root(run) and not call.wrappers:
        recursive = "-R " if call.has("-R", "--recursive") else ""
        ahead = insert_ahead(file, run, call.statement, f"chown {recursive}{user} {targets}")
        given = all(_given(facts, run, call, place, image) for place in places)
        edits = () if ahead is None else (replace_word(run, mode, narrow), *(() if given else (ahead,)))
    if not edits:
        yield Report(f"{everyone}: give it to the user that does (chown); root needs no such right", run.at(call))
        return
    yield Change(
        f"{everyone}; it is {(user or '').partition(':')[0]} who needs to. A container that is started with another "
        f"user no longer can: {check}",
        edits,
        run.at(call),
        Alters.FILES,
        proven=False,
        evidence=tuple(_named(facts, image)),
        declares=frozenset(("steps",)),
    )


def _given(facts: Facts, run: Run, call: Call, path: str, image: StageImage) -> bool:
    """Whether a chown before `call` gives `path` to the user that the stage ends with."""
    user = str(image.final.user).partition(":")[0]
    known = {user, *(each.name for each in created(facts, image) if each.uid == user)}
    known |= {each.uid for each in created(facts, image) if each.name == user and each.uid}
    for each in (run, *facts.earlier(run)):
        for other, folder in with_folders(each):
            if other is call:
                break
            if other.program != "chown" or other.operands[:1] == () or other.operands[0].raw.split(":")[0] not in known:
                continue
            for word in other.operands[1:]:
                place = located(plain(word), folder)
                below = other.has("-R", "--recursive") and place and path.startswith(f"{place.rstrip('/')}/")
                if (place == path and (other.has("-R", "--recursive") or not call.has("-R", "--recursive"))) or below:
                    return True
    return False


def _is_meant(file: Dockerfile, run: Run) -> bool:
    """Whether a comment at the step says that it is for whoever runs the container."""
    above = file.source.text[: run.instruction.span.start].rstrip("\r\n").rpartition("\n")[2]
    comments = [file.text(span) for span in run.instruction.comments]
    comments += [run.text.text[slice(*span)] for span in run.script.comments]
    return any(_MEANT.search(text) for text in (*comments, above if above.lstrip().startswith("#") else ""))


def _narrowed(mode: str) -> str | None:
    """`mode` with the right to write for the owner alone; None where not everybody has it, or the mode is sticky."""
    if match := _OCTAL.match(mode):
        prefix, user, group, others = match.groups()
        return f"{prefix}{user}{int(group) & ~2}{int(others) & ~2}"
    clauses: list[str] = []
    for clause in mode.split(","):
        match = _CLAUSE.match(clause)
        if match is None:
            return None
        who, operator, rights = match.groups()
        if "w" in rights and set("oa") & set(who):
            rest = rights.replace("w", "")
            clauses += [f"u{operator}{rights}", *([f"go{operator}{rest}"] if rest else [])]
        else:
            clauses.append(clause)
    narrow = ",".join(clauses)
    return None if narrow == mode else narrow


def _is_program(facts: Facts, run: Run, word: Word, folder: str | None) -> bool:
    """Whether the word names a file that is there to be run."""
    path = located(plain(word), folder)
    if path is None:
        return False
    if _PROGRAM.match(path):
        return True
    sources = [source for copy in copies_below(facts, run.instruction) for source in copy.brings(path)]
    return any(facts.project.kind(each) == "file" and facts.project.executable(each) for each in sources)


def _named(facts: Facts, image: StageImage) -> Iterator[Evidence]:
    """The USER that the stage ends with."""
    for each in facts.lineage(image):
        users = [instruction for instruction in each.stage.body if instruction.keyword == "USER"]
        if users:
            yield facts.line(users[-1], f"the container runs as {users[-1].value}")
            return
