"""How the files of two images differ: by package, by folder, and one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from rewriter import knowledge
from rewriter.verify.contents import lost
from rewriter.verify.contents.grouping import group, grouped, place
from rewriter.verify.contents.listing import Listing
from rewriter.verify.contents.owners import owner_changes
from rewriter.verify.contents.packages import Package
from rewriter.verify.contents.tree import twin
from rewriter.verify.engine import Image
from rewriter.verify.model import FileChanges, Group

# From so many packages on, all of one folder are told as one group.
_MANY = 4
_ANEW = "written anew by each build (records of packages, caches, logs, compiled Python)"


@dataclass(frozen=True, eq=False, slots=True)
class _Side:
    """One of the images: the paths that the other one lacks, as far as no group tells them yet, and the paths of each
    package, folders not counted."""

    listing: Listing
    only: set[str]
    owned: dict[Package, list[str]]

    def tell(self, what: str, name: str, packages: Iterable[Package], among: set[str]) -> Group:
        """The group of those files of `packages` that are `among` these; nothing else tells them."""
        paths = [path for package in packages for path in self.owned[package] if path in among]
        self.only.difference_update(paths)
        return group(what, name, paths, self.listing.files)


def compare(before: Listing, after: Listing, before_image: Image, after_image: Image) -> FileChanges:
    """How the files of the second image differ from those of the first, and what is lost with them.

    A package that is in both is told once, with what became of it (another version, another place), and not as gone
    and new; files that it lacks in the second (its manual) are told by their folder. Times are not compared.
    """
    old, new = before.files, after.files
    one = _Side(before, {path for path in old if path not in new and twin(path) not in new}, _owned(before))
    other = _Side(after, {path for path in new if path not in old and twin(path) not in old}, _owned(after))
    differing = {path for path in old if path in new and not old[path].same(new[path])}
    gone: list[Package] = []
    come: list[Package] = []
    kept: list[tuple[Package, Package]] = []
    for first, second in _pairs(list(one.owned), list(other.owned)):
        if first and second:
            kept.append((first, second))
        elif first and _mostly(one, first):
            gone.append(first)
        elif second and _mostly(other, second):
            come.append(second)
    changed = [*_moved(one, other, kept), *_other_versions(one, other, kept, differing)]
    went = [*_together(one, gone), *grouped(_settled(one), old)]
    came = [*_together(other, come), *grouped(_settled(other), new)]
    changed += _differing(after, differing)
    return FileChanges(
        _sorted(went),
        _sorted(came),
        _sorted(changed),
        owner_changes(before, after),
        lost.find(before, after, before_image, after_image),
    )


def _owned(listing: Listing) -> dict[Package, list[str]]:
    found: dict[Package, list[str]] = {}
    for path, package in listing.owners.items():
        if listing.files[path].kind != "folder":
            found.setdefault(package, []).append(path)
    return found


def _pairs(
    before: Sequence[Package], after: Sequence[Package]
) -> Iterator[tuple[Package, None] | tuple[None, Package] | tuple[Package, Package]]:
    """Each package with what it became: the one of its name in its place, else of its version, else any other."""
    named: dict[tuple[str, str], list[Package]] = {}
    for package in after:
        named.setdefault((package.manager, package.name), []).append(package)
    open_: list[Package] = []
    for alike in ("root version", "root", "version", ""):
        for package in before if alike == "root version" else open_.copy():
            candidates = named.get((package.manager, package.name), [])
            found = next((each for each in candidates if _alike(package, each, alike.split())), None)
            if found:
                candidates.remove(found)
                yield package, found
            if alike == "root version" and not found:
                open_.append(package)
            elif alike != "root version" and found:
                open_.remove(package)
    for package in open_:
        yield package, None
    for candidates in named.values():
        for package in candidates:
            yield None, package


def _alike(one: Package, other: Package, names: Iterable[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _mostly(side: _Side, package: Package) -> bool:
    """Whether most files of a package are in this image alone. An image that lacks the record of its packages may have
    the packages all the same."""
    paths = side.owned[package]
    return 2 * sum(path in side.only for path in paths) >= len(paths)


def _moved(one: _Side, other: _Side, kept: Iterable[tuple[Package, Package]]) -> Iterator[Group]:
    """The packages that lie in another folder, those of one folder together."""
    moved: dict[tuple[str, str, str], list[tuple[Package, Package]]] = {}
    for first, second in kept:
        if first.version == second.version and first.root != second.root:
            moved.setdefault((first.manager, first.root, second.root), []).append((first, second))
    for (manager, source, target), pairs in moved.items():
        names = f"{len(pairs)} packages" if len(pairs) > 1 else f"{pairs[0][0].name} {pairs[0][0].version}"
        one.tell("package", "", [first for first, _ in pairs], one.only)
        seconds = [second for _, second in pairs]
        paths = {path for second in seconds for path in other.owned[second]}
        yield other.tell("package", f"{manager}: {names} moved from {source} to {target}", seconds, paths)


def _other_versions(
    one: _Side, other: _Side, kept: Iterable[tuple[Package, Package]], differing: set[str]
) -> Iterator[Group]:
    """The packages that have another version, and those of the same version in which files differ."""
    for first, second in kept:
        if first.version != second.version:
            one.tell("package", "", [first], {path for path in one.only if place(path) is None})
            name = f"{first.manager} {first.name} {first.version} → {second.version}"
            paths = set(other.owned[second])
            yield other.tell("package", name, [second], paths)
            differing -= paths
        elif first.root == second.root:
            paths = {path for path in other.owned[second] if path in differing and not _anew(path)}
            if paths:
                yield other.tell("package", f"{_named(second)}, the same version", [second], paths)
                differing -= paths


def _together(side: _Side, packages: Sequence[Package]) -> Iterator[Group]:
    """A group for each package; one for all, where all that one folder has of a kind go (or come) together."""
    everywhere: dict[tuple[str, str], list[Package]] = {}
    for package in side.owned:
        if not package.system:
            everywhere.setdefault((package.manager, package.root), []).append(package)
    apart = set(packages)
    for (manager, root), all_of_it in everywhere.items():
        if len(all_of_it) >= _MANY and apart.issuperset(all_of_it):
            yield side.tell("package", f"{manager}: all {len(all_of_it)} packages of {root}", all_of_it, side.only)
            apart.difference_update(all_of_it)
    for package in packages:
        if package in apart:
            yield side.tell("package", _named(package), [package], side.only)


def _named(package: Package) -> str:
    version = "" if package.system else f" {package.version}"
    return f"{package.manager} {package.name}{version}"


def _settled(side: _Side) -> set[str]:
    """The paths that are still to be told. A folder counts where something in it is told, or where it was empty."""
    files = side.listing.files
    full = {path.rpartition("/")[0] for path in files}
    told = {path for path in side.only if files[path].kind != "folder" or path not in full}
    for path in tuple(told):
        while (path := path.rpartition("/")[0]) in side.only and path not in told:
            told.add(path)
    return told


def _differing(after: Listing, paths: set[str]) -> list[Group]:
    anew = {path for path in paths if _anew(path)}
    found = grouped({path for path in paths - anew if after.files[path].kind != "folder"}, after.files)
    return [*found, group("folder", _ANEW, anew, after.files)] if anew else found


@lru_cache(maxsize=1)
def _patterns() -> re.Pattern[str]:
    patterns = knowledge.table("image_files")["written_anew"]["patterns"]
    return re.compile("|".join(translate(pattern) for pattern in patterns))


def _anew(path: str) -> bool:
    return _patterns().match(path) is not None


def _sorted(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted((each for each in groups if each.files), key=lambda each: (-each.size, -each.files, each.name)))
