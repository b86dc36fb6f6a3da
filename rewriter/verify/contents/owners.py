"""Whose the files of two images are: users, groups and permissions that are not as they were."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from rewriter.verify.contents.grouping import parts, place
from rewriter.verify.contents.listing import Listing
from rewriter.verify.contents.tree import Entry, shown
from rewriter.verify.model import Owners


def owner_changes(before: Listing, after: Listing) -> tuple[Owners, ...]:
    """What is owned by another user or group, or has other permissions, in both images: by the highest folder in which
    that is so for everything that both have. The permissions of a symbolic link mean nothing, nor do those of a file
    with another content, which was written anew; caches are left out."""
    old, new = before.files, after.files
    users, groups = (before.users(), after.users()), (before.groups(), after.groups())
    common = [path for path in new if path in old and old[path].kind == new[path].kind and place(path) is None]
    changed: dict[str, list[str]] = {}
    for path in common:
        for change in _changes(old[path], new[path], users, groups):
            changed.setdefault(change, []).append(path)
    if not changed:
        return ()
    inside = _below(common)
    found = []
    for change, paths in changed.items():
        same = _below(paths)
        whole = {path for path in paths if same.get(path, 0) == inside.get(path, 0)}
        found += [Owners(shown(part.path), change, len(part.paths)) for part in parts(paths, whole, lambda _: 1)]
    return tuple(sorted(found, key=lambda each: (-each.files, each.folder, each.change)))


def _changes(
    old: Entry,
    new: Entry,
    users: tuple[Mapping[int, str], Mapping[int, str]],
    groups: tuple[Mapping[int, str], Mapping[int, str]],
) -> list[str]:
    found = []
    if old.uid != new.uid:
        found.append(f"{users[0].get(old.uid, old.uid)} → {users[1].get(new.uid, new.uid)}")
    elif old.gid != new.gid:
        found.append(f"group {groups[0].get(old.gid, old.gid)} → {groups[1].get(new.gid, new.gid)}")
    if old.mode != new.mode and old.kind != "link" and old.same(new):
        found.append(f"{old.mode:04o} → {new.mode:04o}")
    return found


def _below(paths: list[str]) -> dict[str, int]:
    """How many of `paths` lie below each folder."""
    found: dict[str, int] = {}
    for path in paths:
        folder = posixpath.dirname(path)
        while folder != "/":
            found[folder] = found.get(folder, 0) + 1
            folder = posixpath.dirname(folder)
    return found
