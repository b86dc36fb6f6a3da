"""The files of the application itself: where they lie in an image, and which of them a running program reads."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from rewriter import knowledge
from rewriter.verify.contents.grouping import Part, parts
from rewriter.verify.contents.listing import Listing
from rewriter.verify.contents.packages import json_object
from rewriter.verify.contents.tree import normal, shown, within
from rewriter.verify.engine import Image

# Folders of the system; what is copied there is not told from what is the system's.
_SYSTEM = re.compile(
    r"/(?:(?:usr|bin|sbin|lib|lib64|etc|var|tmp|dev|proc|sys|run|opt|home|srv|mnt|media)?\Z|usr/(?!src/.)|etc/)"
)
# What the engines write in front of a step that is no RUN; see the history of an image.
_COPY = re.compile(r"(?:COPY|ADD)\s+(?!.*--from=)(?:--\S+\s+)*\S.*?\s(/\S+)(?:\s+#.*)?\Z")
_EXAMPLES = 3


def folders(image: Image) -> tuple[str, ...]:
    """Where the application lies: the working directory, and the absolute folders that COPY and ADD name."""
    copied = [found[1] for layer in image.layers if (found := _COPY.match(layer.step))]
    named = [normal(path) for path in (image.settings.workdir or "/", *copied)]
    return tuple(dict.fromkeys(path for path in named if not _SYSTEM.match(path)))


def gone(before: Listing, after: Listing, before_image: Image) -> Iterator[tuple[str, str]]:
    """What the application's program could read when it runs and that is gone: the highest folders (or single files),
    and what they hold, in words. A file with the same content elsewhere was moved on purpose."""
    kept = {(entry.size, entry.content) for entry in after.files.values() if entry.size}
    found: dict[str, list[str]] = {}
    roots = set(folders(before_image))
    for folder in roots:
        built = _built(before, after, folder)
        embedded = _embedded(before, folder)
        for path, entry in before.files.items():
            if not within(path, folder) or path in after.files or path in before.owners or not entry.size:
                continue
            kind = kind_of(path[len(folder) + 1 :])
            if kind and (entry.size, entry.content) not in kept and not built(path) and not embedded(path):
                found.setdefault(kind, []).append(path)
    full = {posixpath.dirname(path) for path in before.files}
    for path, entry in before.files.items():
        if entry.kind == "folder" and path not in full and path not in after.files and path not in before.owners:
            own = next((root for root in roots if within(path, root) and path != root), None)
            if own and not ignored(f"{path[len(own) + 1 :]}/"):
                yield path, "an empty folder of the application, which it may write to"
    for kind, paths in found.items():
        above = {each for path in paths for each in _above(path) if each not in after.files}
        whole = {each for each in above if any(within(each, root) and each != root for root in roots)}
        for part in parts(paths, whole, lambda path: before.files[path].takes):
            yield part.path, f"{kind} of the application{_examples(part)}, which its program may read when it runs"


def _above(path: str) -> Iterator[str]:
    while (path := posixpath.dirname(path)) != "/":
        yield path


def _examples(part: Part) -> str:
    if part.paths == (part.path,):
        return ""
    names = sorted(shown(posixpath.relpath(path, part.path)) for path in part.paths)
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return f" ({', '.join(names[:_EXAMPLES])}{more})"


def kind_of(name: str) -> str | None:
    """What the file `name` (relative to the application's folder) is to a running program, in words; None where none
    reads it."""
    if ignored(name):
        return None
    base = posixpath.basename(name)
    return _kinds().get("env" if base.startswith(".env.") else base.rpartition(".")[2].lower())


def ignored(name: str) -> bool:
    """Whether no running program reads the file `name` (relative to the application's folder): it serves those who work
    on the project, and their tools."""
    return any(skip.search(name) for skip in _skips())


def _built(before: Listing, after: Listing, folder: str) -> Callable[[str], bool]:
    """Whether a path below `folder` is a source that a build script of a package.json makes into something else: the
    whole project, where nothing of it is left, else what lies in a folder of sources that is gone."""
    names = knowledge.table("image_files")["data"]["built"]["folders"]
    sources: list[str] = []
    for path in before.texts:
        project, name = posixpath.split(path)
        about = json_object(before.text(path)) if name == "package.json" and within(path, folder) else {}
        if isinstance(scripts := about.get("scripts"), dict) and "build" in scripts:
            left = any(within(each, project) and each in before.files for each in after.files if each != project)
            candidates = [posixpath.join(project, each) for each in names] if left else [project]
            sources += [each for each in candidates if not left or each not in after.files]
    return lambda path: any(within(path, source) for source in sources)


def _embedded(before: Listing, folder: str) -> Callable[[str], bool]:
    """Whether a path below `folder` is among those that a source file there takes into its program. What a pattern is
    relative to differs (the source's folder, the folder of its package), so that all folders above it count."""
    targets = {
        normal(posixpath.join(above, below, pattern.strip('"`').removeprefix("all:")))
        for path, patterns in before.embedded.items()
        for text in patterns
        for pattern in text.split()
        for above in _above(path)
        if within(above, folder) and not ignored(path[len(folder) + 1 :])
        for below in ("", "templates")
    }
    return lambda path: any(within(path, target) or fnmatchcase(path, target) for target in targets)


@lru_cache(maxsize=1)
def _skips() -> tuple[re.Pattern[str], ...]:
    of_data = knowledge.table("image_files")["data"]["skip"]
    return re.compile(of_data), re.compile(knowledge.table("writes")["sources"]["skip"])


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    kinds = knowledge.table("image_files")["data"]["kinds"]
    return {ending: kind for kind, endings in kinds.items() for ending in endings.split()}
