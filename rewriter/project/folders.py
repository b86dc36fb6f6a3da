"""Paths of the image, as a reader walks them: a command's folder, the folders above it, names as one writes them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from rewriter.project.needs import View


def upwards(path: str) -> Iterator[str]:
    """The absolute folder `path` and all folders above it, nearest first; one with a variable in front (`$GOPATH/src`)
    ends there."""
    while path:
        yield path
        if path == "/":
            return
        path = posixpath.dirname(path)


def nearest(view: View, folder: str, *names: str) -> str | None:
    """The first of `names` in the nearest folder from the absolute `folder` upwards, as an absolute path."""
    for above in upwards(folder):
        for name in names:
            if view.kind(found := posixpath.join(above, name)) is not None:
                return found
    return None


def written(view: View, path: str) -> str:
    """The absolute `path` as a command in the view's folder would write it: relative where it lies in there."""
    below = posixpath.relpath(path, view.folder)
    return path if below == ".." or below.startswith("../") else below


def inside(view: View, path: str) -> bool:
    """Whether `path` lies in the folder that the project is copied to."""
    absolute = view.path(path)
    return any(absolute == place.target or absolute.startswith(place.target.rstrip("/") + "/") for place in view.places)


def listing(view: View, root: str) -> Iterator[str]:
    """The absolute paths of the project's files at and below the folder `root` of the image. Raises `Unfit`."""
    seen: set[str] = set()
    for place in view.places:
        source = posixpath.normpath(place.source)
        if view.project.kind(source) == "file":
            below = [(source, place.target)]
        else:
            prefix = "" if source == "." else f"{source}/"
            files = [file for file in view.project.files() if file.startswith(prefix)]
            below = [(file, posixpath.join(place.target, file[len(prefix) :])) for file in files]
        for file, path in below:
            if path.startswith(f"{root.rstrip('/')}/") and path not in seen and not view.project.hides(file):
                seen.add(path)
                yield path
