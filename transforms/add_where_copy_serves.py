"""An `ADD` of local files where nothing is to be unpacked.

What: turns `ADD` into `COPY` where the sources are folders, or files that are no tar archive.

Why: `ADD` unpacks every file that it finds to be a tar archive, whatever its name, and downloads URLs. `COPY` says that
neither happens, and that nobody needs to look into the files to know what will be in the image.

Before:

    FROM python:3.12-slim
    ADD requirements.txt /tmp/
    ADD . /app

After:

    FROM python:3.12-slim
    COPY requirements.txt /tmp/
    COPY . /app

Level: safe.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache

from rewriter import knowledge
from rewriter.change import Change, Declined, Edit, Evidence
from rewriter.facts import Facts
from rewriter.project.context import Project
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.words import BadWord, UnknownValue, expand

# Flags that mean the same in both: https://docs.docker.com/reference/dockerfile/#copy
_SHARED_FLAGS = frozenset(("chown", "chmod", "link", "exclude"))
_RC = re.compile(r"\.?[a-z_-]+rc\Z")
_WANTED_TAR = re.compile(r"\.(tar|tgz|tbz2?|txz|tzst|tlz)(\.[a-z0-9]+)?\Z", re.IGNORECASE)
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/:]+@[^/:]+:|github\.com/")
# gzip, bzip2, xz, zstd with its skippable frames: what BuildKit unpacks before it looks for tar.
# The size of a tar archive's header, in bytes.
_BLOCK = 512
_PACKED = re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each ADD whose sources are all shown to be local, and no archives."""
    for instruction in file.instructions:
        add = instruction.child or instruction
        if add.keyword != "ADD" or any(flag.name not in _SHARED_FLAGS for flag in add.flags):
            continue
        # An ONBUILD runs on the context of another build.
        project = Project() if instruction.child else facts.project
        words = add.value.split() if add.json is None else add.json
        shown = [_source(word, file.escape, add, project) for word in words[:-1]]
        if not shown or any(result is None for result in shown):
            continue
        doubt = next((result for result in shown if isinstance(result, str)), None)
        if doubt is not None:
            yield Declined(doubt, instruction.span)
            continue
        start, end = add.keyword_span.start, add.keyword_span.end
        copy = _in_case_of(file.source.text[start:end])
        # Arguments that are set out in a column stay in it.
        aligned = file.source.text[end : end + 2] == "  "
        yield Change(
            "ADD unpacks archives and downloads; COPY is all that is needed here",
            (Edit(start, end + aligned, copy),),
            instruction.span,
            evidence=tuple(result for result in shown if isinstance(result, Evidence)),
            declares=frozenset(("onbuild",)) if instruction.child else frozenset(),
        )


def _source(word: str, escape: str, add: Instruction, project: Project) -> Evidence | str | None:
    """What shows that a source is no archive; else why that cannot be known; None where ADD is what it takes."""
    if add.heredocs and re.match("[0-9]*<<", word):
        return Evidence("a heredoc is written as it is", add.first_line)
    if _REMOTE.match(word.strip("\"'")):
        return None
    try:
        path = expand(word, _no_variables, escape)
    except UnknownValue:
        return f"a variable decides what {word} is: it may be an archive or a URL"
    except BadWord:
        return None
    if _WANTED_TAR.search(path.rstrip("/")) or (path.endswith(".git") and posixpath.basename(path) != ".git"):
        return None
    pattern = not set("*?[").isdisjoint(path)
    found = None if pattern else _in_context(path, project)
    if found is not None:
        return found
    if posixpath.basename(path) in ("", ".", ".."):
        return Evidence(f"{path} is a folder", add.first_line)
    if _named_harmless(posixpath.basename(path)):
        return Evidence(f"{path} is no tar archive by its name", add.first_line)
    if pattern:
        return f"{path} may match a tar archive, which ADD would unpack"
    return f"{path} may be a tar archive, which ADD would unpack: use COPY if it is a folder or should stay as it is"


def _no_variables(name: str) -> str:
    raise UnknownValue(name)


def _in_context(path: str, project: Project) -> Evidence | str | None:
    """What the build context shows: evidence for a COPY or a reason against it; None where it shows nothing."""
    # Source: https://docs.docker.com/reference/dockerfile/#adding-files-from-the-build-context: all paths are below it.
    inside = posixpath.normpath(f"/{path}").lstrip("/") or "."
    if project.hides(inside):
        return None
    match project.kind(inside):
        case "folder":
            return Evidence("a folder, which ADD does not unpack", file=inside)
        case "file":
            head = project.head(inside, _BLOCK)
            if head is None:
                return None
            if _is_tar(head):
                return f"{inside} holds a tar archive, or is compressed and may hold one, which ADD unpacks"
            return Evidence("no tar archive by its content", file=inside)
    return None


def _is_tar(head: bytes) -> bool:
    """Whether a file that begins so is a tar archive, or is compressed and may hold one.

    Old archives have no magic number: as in BuildKit, the checksum of the first header decides.
    """
    if _PACKED.match(head):
        return True
    import tarfile  # with a context only

    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


@lru_cache(maxsize=1)
def _no_tar() -> tuple[frozenset[str], frozenset[str]]:
    """The endings and the names of files that are no tar archive."""
    table = knowledge.table("endings")
    return frozenset(table["endings"].split()), frozenset(table["names"].split())


def _named_harmless(name: str) -> bool:
    """Whether a file of that name, or all that a pattern such as `*.py` matches, is no tar archive."""
    endings, names = _no_tar()
    stem, _, ending = name.rpartition(".")
    return bool(stem and ending.lower() in endings) or name in names or bool(_RC.match(name))


def _in_case_of(keyword: str) -> str:
    if keyword.islower():
        return "copy"
    return "Copy" if keyword.istitle() else "COPY"
