r"""A downloaded file that a later step deletes, while the layer below keeps it.

What: makes one RUN of a download and the steps behind it that use and delete the file. An `ADD` of an address in front
of such a step becomes a curl or wget in it, where the image is known to have one.

Why: a file only disappears from the image where the same step that fetched it deletes it. Deleted later it is hidden,
and shipped all the same.

Before:

    FROM buildpack-deps:bookworm
    RUN wget -O /tmp/tool.tar.gz https://example.org/tool.tar.gz
    RUN tar xzf /tmp/tool.tar.gz -C /opt
    RUN rm /tmp/tool.tar.gz

After:

    FROM buildpack-deps:bookworm
    RUN wget -O /tmp/tool.tar.gz https://example.org/tool.tar.gz && tar xzf /tmp/tool.tar.gz -C /opt \
        && rm /tmp/tool.tar.gz

Level: standard.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise

from rewriter.change import Alters, Change, Declined, Edit, Span
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.knowledge.bases import Base
from rewriter.steps.downloads import downloads, located, plain, with_folders
from rewriter.steps.edits import drop_instruction, insert_ahead
from rewriter.steps.merge import leaks, merge, no_merge, steps
from rewriter.syntax.shell import Word
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

_CLEANING = frozenset(("clean", "autoclean", "autoremove", "remove", "purge", "del", "cache clean", "clean all"))
_MANAGERS = frozenset(("apt-get", "apt", "apk", "yum", "dnf", "microdnf", "npm", "yarn"))
# They look at a file, run or unpack it, and hand its owner and mode on to nothing: an ADD makes it root's, mode 600.
_READERS = re.compile(
    r"(?:tar|unzip|bsdtar|dpkg|rpm|apt-get|apt|apk|yum|dnf|apt-key|gpg|ba?sh|sh|(?:python|perl|ruby|php|node|java)[\d.]*|pip"
    r"|chmod|chown|rm|ls|file|test|\[|(?:sha\d*|md5)sum)\Z"
)
# Folders that every distribution has; Filesystem Hierarchy Standard 3.0. ADD makes its folder, curl and wget do not.
_FOLDERS = frozenset(
    ("/", "/tmp", "/opt", "/root", "/srv", "/home", "/mnt", "/var/tmp", "/usr/local", "/usr/local/bin")
)
# Their certificates or TLS no longer reach today's servers, while an ADD is fetched by the builder.
_OLD = frozenset(
    (
        *("squeeze", "wheezy", "jessie", "stretch"),
        *("lucid", "precise", "quantal", "raring", "saucy", "trusty", "utopic", "vivid", "wily", "xenial"),
    )
)
_ENDING = re.compile(r"(?:\.tar)?\.[a-z]\w*\Z")
_WIDTH = 100
_WHY = (
    "the file stays in the layer that fetched it, though a later step deletes it: fetch, use and delete it in one step"
)


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for each download that a later step of its stage deletes."""
    text = file.source.text
    if "rm " not in text or not ("curl" in text or "wget" in text or "://" in text):
        return
    for image in facts.images:
        body, at = image.stage.body, 0
        while at < len(body) and facts.shipped(image):
            paths = _fetched(facts, image, at)
            last = _deleted(facts, body, at, paths) if paths else None
            if last is not None:
                yield _joined(file, facts, body[at : last + 1], paths)
                at = last
            at += 1


def _fetched(facts: Facts, image: StageImage, at: int) -> frozenset[str]:
    """The files that an instruction fetches and leaves behind."""
    instruction = image.stage.body[at]
    if instruction.keyword == "ADD":
        words = instruction.value.split()
        if len(words) != 2 or not words[0].startswith(("http://", "https://")):
            return frozenset()
        path = located(_target(words[0], words[1]), image.before[at].workdir)
        return frozenset((path,) if path else ())
    run = facts.run(instruction)
    if run is None or not ("curl" in run.text.text or "wget" in run.text.text):
        return frozenset()
    found: set[str] = set()
    for call, folder in with_folders(run):
        found |= {download.path for download in downloads(call, folder) if download.path}
        found -= {path for path in found if _deletes(call, folder, path)}
    return frozenset(found)


def _target(url: str, target: str) -> str | None:
    """Where an ADD puts what it fetches, as a path that may be relative; None where that is not plain."""
    name = posixpath.basename(url.partition("//")[2])
    folder = target.endswith("/") or posixpath.basename(target) in (".", "..")
    if folder and not name:
        return None
    word = posixpath.join(target.removeprefix("./"), name) if folder else target
    return plain(Word(0, 0, word, None)) if "?" not in word else None


def _deleted(facts: Facts, body: Sequence[Instruction], at: int, paths: frozenset[str]) -> int | None:
    """The place of the first RUN behind `at` that deletes one of `paths`; None where none does, or it is not alone."""
    for later in range(at + 1, len(body)):
        run = facts.run(body[later])
        if run is None or "rm" not in run.text.text:
            continue
        clean = all(c.program == "rm" or (c.program in _MANAGERS and c.subcommand in _CLEANING) for c in run.calls)
        for call, folder in with_folders(run):
            if any(_deletes(call, folder, path, literal=not clean) for path in paths):
                return later
    return None


def _deletes(call: Call, folder: str | None, path: str, *, literal: bool = False) -> bool:
    """Whether `call` is an rm that takes `path` away; with `literal`, by its own name."""
    if call.program != "rm":
        return False
    for word in call.operands:
        named = located(plain(word), folder)
        if named == path or (not literal and named and call.has("-r", "-R") and path.startswith(f"{named}/")):
            return True
        above, _, pattern = word.raw.strip("\"'").rpartition("/")
        if not literal and named is None and pattern and not set(above) & set("*?["):
            where = located(above or ("/" if word.raw.startswith("/") else "."), folder)
            if where == posixpath.dirname(path) and fnmatchcase(posixpath.basename(path), pattern):
                return True
    return False


def _joined(file: Dockerfile, facts: Facts, group: Sequence[Instruction], paths: frozenset[str]) -> Change | Declined:
    """The change that makes one step of `group`, whose first instruction fetches and whose last one deletes."""
    first, at = group[0], Span(group[0].span.start, group[-1].span.end)
    rest = group if first.keyword == "RUN" else group[1:]
    runs = [run for instruction in rest if (run := facts.run(instruction))]
    if len(runs) < len(rest):
        between = next(instruction for instruction in rest if not facts.run(instruction))
        return Declined(
            f"line {between.first_line} stands between the download and the step that deletes the file", first.span
        )
    names = {posixpath.basename(path) for path in paths}
    for call, _ in with_folders(runs[-1]):
        names |= {posixpath.basename(plain(word) or "") for word in call.operands if call.program == "rm"}
    # The folder that an archive unpacks to mostly has its name.
    names |= {stem for name in names if len(stem := _ENDING.sub("", name)) > 3}
    for run in runs[1:-1] if first.keyword == "RUN" else runs[:-1]:
        if not any(name and name in _normal(run.text.text) for name in names):
            return Declined(
                f"line {run.instruction.first_line} has nothing to do with the file: move it, so that the steps that "
                "fetch and delete the file follow one another",
                first.span,
            )
    for one, other in pairwise(runs):
        if reason := no_merge(file, one, other) or leaks(one, other, last=other is runs[-1]):
            return Declined(reason, first.span)
    edits = merge(file, [piece for run in runs for piece in steps(run)], join_lists=False)
    if first.keyword == "RUN":
        return Change(_WHY, edits, at, Alters.KEPT, False, (facts.line(group[-1], "deletes the file"),))
    replaced = _instead_of_add(file, facts, first, runs)
    if isinstance(replaced, str):
        return Declined(replaced, first.span)
    message = f"{_WHY} (unlike ADD, a RUN from the cache does not look whether the file has changed)"
    return Change(message, (*replaced, *edits), at, Alters.KEPT, False, (facts.line(group[-1], "deletes the file"),))


def _normal(text: str) -> str:
    return re.sub(r"\$(\w+)", r"${\1}", text)


def _instead_of_add(file: Dockerfile, facts: Facts, add: Instruction, runs: Sequence[Run]) -> tuple[Edit, ...] | str:
    """The edits that turn an ADD of an address into a command of the step behind it, or why that may not work."""
    run = runs[0]
    source, target = add.value.split()
    url, path = plain(Word(0, 0, source, None)), _target(source, target)
    if add.flags or run.instruction.flags or url is None or path is None:
        return "ADD and RUN have flags, or an address, that are left as they are"
    if run.chain is None or (reason := no_merge(file, run, run)):
        return "the step that uses the file cannot be continued" if run.chain is None else str(reason)
    if not facts.is_root(run):
        return "the step may not run as root, who owns what ADD fetches"
    folder = posixpath.dirname(located(path, run.state.workdir) or "")
    if folder not in _FOLDERS and folder != run.state.workdir:
        return f"the folder {folder} may not exist before the ADD"
    name, used = posixpath.basename(path), False
    for call in (call for run in runs for call in run.calls):
        named = any(name in _normal(word.raw) for word in call.statement.words)
        used = used or (named and call.program != "rm")
        if named and name not in _normal(call.head.raw) and not _READERS.match(call.program):
            return f"{call.program} may hand on the owner and the mode that ADD gives the file"
    if not used:
        return "nothing uses the file: the ADD may be there to rebuild the step whenever the address changes"
    tool = _downloader(facts, run)
    if tool is None:
        return "neither curl nor wget with certificates is known to be in the image: install one in an earlier step"
    words = (path if target.endswith(("/", ".")) else target, source)
    quoted = (f'"{word}"' if "$" in word else word for word in words)
    command = " ".join(("curl -fsSL -o" if tool == "curl" else "wget -q -O", *quoted))
    ahead = insert_ahead(file, run, run.chain[0], command)
    if ahead is None:
        return "a failed download would not end the step: join its commands by && instead of ;"
    line = file.source.line_text(file.source.line(ahead.start))
    long = len(runs) > 1 or len(line) + len(ahead.text) > _WIDTH
    if ahead.text == f"{command} && " and long:
        ahead = Edit(ahead.start, ahead.end, f"{command} {file.escape}{file.source.newline}    && ")
    return (*drop_instruction(file, add), ahead)


def _downloader(facts: Facts, run: Run) -> str | None:
    """curl or wget, where it and the certificates are surely there when `run` starts; None where they may not be."""
    base = run.image.base
    if not _reaches_servers(base):
        return None
    tools = {tool for tool in ("curl", "wget", "ca-certificates") if base.has(tool)}
    if base.has("wget") and not base.has("gnu-wget"):
        tools.discard("wget")
    for earlier in reversed(tuple(facts.earlier(run))):
        surely = {call.statement for call in earlier.plain_calls}
        for call in earlier.calls:
            named = {word.value for word in call.operands} & {"curl", "wget", "ca-certificates"}
            if call.program in _MANAGERS and call.subcommand in _CLEANING:
                tools -= named
            elif call.program in ("apt-get", "apt", "apk") and call.installs and call.statement in surely:
                tools |= {name for name in named if name}
                recommends = call.program != "apk" and not call.has("--no-install-recommends", "-o", "--option")
                # libcurl and wget recommend ca-certificates on Debian; Alpine's libcurl depends on its bundle.
                if recommends or (call.program == "apk" and "curl" in named):
                    tools |= {"ca-certificates"} if named else set()
    if "ca-certificates" not in tools:
        return None
    return next((tool for tool in ("curl", "wget") if tool in tools), None)


def _reaches_servers(base: Base) -> bool:
    match base.distribution:
        case "debian" | "ubuntu":
            return base.release not in _OLD if base.release else base.version is None
        case "alpine":
            number = re.match(r"3\.(\d+)", base.release or "")
            return int(number[1]) >= 10 if number else base.version is None
    return False
