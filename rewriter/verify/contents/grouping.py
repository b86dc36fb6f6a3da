"""Many paths in few groups: the highest folders that belong together, and the large ones by themselves."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rewriter import knowledge
from rewriter.verify.contents.tree import Entry, shown
from rewriter.verify.model import Group

# More groups than this in one folder become one, but for those with a good part of its bytes.
_FEW = 4
_LARGE = 0.2
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Paths that are told together: the folder or file `path`; `whole` says that it is all that is there."""

    path: str
    whole: bool
    paths: tuple[str, ...]


def group(what: str, name: str, paths: Iterable[str], files: Mapping[str, Entry]) -> Group:
    """The group `name` of `paths`, whose entries are in `files`. Folders count for nothing."""
    counted = [path for path in paths if files[path].kind != "folder"]
    largest = sorted(counted, key=lambda path: (-files[path].takes, path))[:_EXAMPLES]
    size = sum(files[path].takes for path in counted)
    return Group(what, shown(name), len(counted), size, tuple(shown(path) for path in largest))


def grouped(paths: Iterable[str], files: Mapping[str, Entry]) -> list[Group]:
    """Group `paths`, whose entries are in `files`: known places by what they are, then folders that are among `paths`
    with everything in them, then what is left."""
    places: dict[str, dict[str, list[str]]] = {}
    rest = []
    for path in paths:
        if known := place(path):
            folder, name = known
            places.setdefault(name, {}).setdefault(folder, []).append(path)
        else:
            rest.append(path)
    found = []
    for name, folders in places.items():
        below = [path for each in folders.values() for path in each]
        found.append(group("folder", f"{', '.join(sorted(folders))} ({name})", below, files))
    whole = {path for path in rest if files[path].kind == "folder"}
    for part in parts(rest, whole, lambda path: files[path].takes):
        if not part.whole:
            found.append(group("folder", f"{part.path} (in part)", part.paths, files))
        else:
            what = "folder" if files[part.path].kind == "folder" else "file"
            found.append(group(what, part.path, part.paths, files))
    return found


def place(path: str) -> tuple[str, str] | None:
    """The folder of a known place that `path` lies in, and what the place is; None for any other path."""
    if path.endswith((".pyc", "/__pycache__")):
        return "*.pyc", "compiled Python"
    for pattern, name in _places():
        if found := pattern.match(path):
            return found[1], name
    return None


@lru_cache(maxsize=1)
def _places() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(f"({re.escape(folder).replace(re.escape('*'), '[^/]+')})(?:/|\\Z)"), entry["name"])
        for entry in knowledge.table("image_files")["place"]
        for folder in entry["folders"]
    )


def parts(paths: Iterable[str], whole: set[str], size: Callable[[str], int]) -> list[Part]:
    """Divide `paths` into few parts: a folder of `whole` is one with all below it; where a folder would make many
    parts, the small ones become one. `size` weighs a path."""
    children: dict[str, set[str]] = {}
    here = set(paths)
    for path in here:
        while path != "/" and path not in children.setdefault(above := posixpath.dirname(path), set()):
            children[above].add(path)
            path = above

    def below(path: str) -> list[str]:
        own = [path] if path in here else []
        return own + [each for child in sorted(children.get(path, ())) for each in below(child)]

    def divided(path: str) -> list[Part]:
        if path in whole or (path in here and path not in children):
            return [Part(path, True, tuple(below(path)))]
        found = [part for child in sorted(children.get(path, ())) for part in divided(child)]
        found += [Part(path, False, (path,))] if path in here else []
        if len(found) <= _FEW or path == "/":
            return found
        sizes = {part: sum(map(size, part.paths)) for part in found}
        least = _LARGE * sum(sizes.values())
        small = [part for part in found if sizes[part] < least or not least]
        if len(small) < 2:
            return found
        large = [part for part in found if part not in small]
        return [*large, Part(path, False, tuple(each for part in small for each in part.paths))]

    return divided("/")
