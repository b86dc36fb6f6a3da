"""What the packages of a language declare to need, and whether it is installed where they look for it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rewriter.verify.contents.listing import Listing
from rewriter.verify.contents.packages import Package, dependencies, json_object
from rewriter.verify.contents.tree import Tree

_VERSION = re.compile(r"/python(\d+\.\d+)/")


def distributions(before: Listing, after: Listing) -> Iterator[tuple[str, str]]:
    """The Python distributions that were there and that one which is still there requires: where each lay, and who
    requires it. Extras are not asked for, and what a deb or apk package brought is the distribution's business."""
    was: dict[str, list[Package]] = {}
    for package in before.packages:
        if package.manager == "pip":
            was.setdefault(package.name, []).append(package)
    there = [package for package in after.packages if package.manager == "pip"]
    for package in there:
        if _system(after, package):
            continue
        roots = _visible(after, package.root)
        names = {each.name for each in there if roots is None or each.root in roots}
        for name in _required(package) - names:
            if name in was:
                yield was[name][0].folders[0], f"{package.name} ({package.root})"


def modules(before: Listing, after: Listing) -> Iterator[tuple[str, str]]:
    """The Node modules that were found by one which is still there and depends on them, and are no longer: where each
    lay, and who depends on it. The project's own package.json counts like a module's."""
    for package in after.packages:
        if package.manager == "npm" and not _system(after, package):
            yield from _not_found(before.tree, after.tree, package.folders[0], package.needs, package.name)
    for path in after.texts:
        folder, name = posixpath.split(path)
        about = json_object(after.text(path)) if name == "package.json" else {}
        # What Next.js leaves for running has the project's package.json, and only those modules that are used.
        # Source: https://nextjs.org/docs/app/api-reference/config/next-config-js/output
        if about and not after.tree.kind(posixpath.join(folder, ".next")):
            yield from _not_found(before.tree, after.tree, folder, dependencies(about), path)


def _system(listing: Listing, package: Package) -> bool:
    """Whether a package of the distribution brought it."""
    metadata = (listing.owners.get(f"{package.folders[0]}/{name}") for name in ("METADATA", "PKG-INFO", "package.json"))
    return any(owner is not None and owner.system for owner in metadata)


def _visible(listing: Listing, root: str) -> set[str] | None:
    """The folders in which Python looks, seen from `root`; None where that may be any. Source: PEP 405."""
    environment = root.partition("/lib/")[0]
    settings = listing.text(f"{environment}/pyvenv.cfg")
    if not settings or re.search(r"(?mi)^include-system-site-packages\s*=\s*true", settings):
        return None
    return {root, root.replace("/lib/", "/lib64/"), root.replace("/lib64/", "/lib/")}


def _required(package: Package) -> set[str]:
    version = _VERSION.search(package.root)
    environment = {"extra": "", "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    environment |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    if version:
        environment |= {"python_version": version[1], "python_full_version": f"{version[1]}.0"}
    found = set()
    for text in package.needs:
        try:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(environment):
                found.add(canonicalize_name(requirement.name))
        except (InvalidRequirement, UndefinedEnvironmentName):
            continue  # pip let it pass, so it is none that decides
    return set(map(str, found))


def _not_found(before: Tree, after: Tree, folder: str, names: tuple[str, ...], by: str) -> Iterator[tuple[str, str]]:
    for name in names:
        place = _module(before, folder, name)
        if place and _module(after, folder, name) is None:
            yield place, by


def _module(tree: Tree, folder: str, name: str) -> str | None:
    """Where a module in `folder` finds the module `name`.

    Source: https://nodejs.org/api/modules.html#loading-from-node_modules-folders
    """
    while True:
        place = posixpath.join(folder, "node_modules", name)
        if posixpath.basename(folder) != "node_modules" and tree.resolve(place):
            return place
        if folder == "/":
            return None
        folder = posixpath.dirname(folder)
