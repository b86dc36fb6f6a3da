"""composer.json and composer.lock: what an installation takes from the project, and what it writes into it.

Sources: https://getcomposer.org/doc/04-schema.md, https://getcomposer.org/doc/06-config.md,
https://getcomposer.org/doc/05-repositories.md
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.folders import inside, nearest, written
from rewriter.project.manifests import json_object, line_of
from rewriter.project.needs import View

_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:|//", re.IGNORECASE)
_LOCAL_SCHEME = re.compile(r"file:|phar:|[a-z]:\\", re.IGNORECASE)
_WILD = re.compile(r"[*?\[{]")


@dataclass(frozen=True)
class Manifests:
    """The manifests in the folder of `view`. `lock` is None where there is no lock file."""

    view: View
    name: str
    data: dict[str, Any]
    lock_name: str
    lock: dict[str, Any] | None

    @property
    def reads(self) -> tuple[str, ...]:
        """The manifests as a COPY names them, one that a lock file added tomorrow matches, too."""
        if self.lock is None:
            return (f"{posixpath.splitext(self.name)[0]}.*",)
        return (self.name, self.lock_name)

    def line(self, key: str) -> int | None:
        """The line of composer.json in which `key` stands first."""
        return line_of(self.view.text(self.name), rf'"{re.escape(key)}"\s*:')

    def stop(self, reason: str, key: str, *, lock: bool = False) -> Unfit:
        """Why the file is in the way, at the line where `key` stands as a key or a value."""
        name = self.lock_name if lock else self.name
        line = line_of(self.view.text(name), f'"{re.escape(key)}"')
        file = self.view.file(name) or name
        return Unfit(f"{file}:{line}" if line else file, reason)

    def section(self, *keys: str) -> dict[str, Any]:
        """The object at `keys` of composer.json; PHP writes an empty one as `[]`. Raises `Unfit` for another value."""
        found: Any = self.data
        for key in keys:
            found = found.get(key) or {}
            if not isinstance(found, dict):
                raise self.stop(f"holds no object as {key}", key)
        return dict(found)

    def packages(self, *, dev: bool) -> list[dict[str, Any]]:
        """The packages of the lock file, those for development with `dev`."""
        found: list[dict[str, Any]] = []
        for key in ("packages", "packages-dev") if dev else ("packages",):
            entries = (self.lock or {}).get(key) or []
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise self.stop(f"holds no list of {key}", key, lock=True)
            found += entries
        return found


def read(view: View, name: str) -> Manifests:
    """The manifest `name` in the folder of `view` and its lock file. Raises `Unfit` for what cannot be used."""
    if not re.fullmatch(r"[\w-]+\.json", name):
        raise Unfit(f"COMPOSER={name}", "names a manifest that is not in the working directory")
    lock_name = f"{posixpath.splitext(name)[0]}.lock"
    data = json_object(view, name)
    there = view.file(lock_name) is not None and view.project.kind(view.file(lock_name) or "") is not None
    manifests = Manifests(view, name, data, lock_name, json_object(view, lock_name) if there else None)
    _no_secrets(manifests)
    return manifests


def _no_secrets(manifests: Manifests) -> None:
    advice = "which would become a layer of its own: mount it (RUN --mount=type=secret)"
    if (file := nearest(manifests.view, manifests.view.folder, "auth.json")) == manifests.view.path("auth.json"):
        raise Unfit(manifests.view.file(file) or file, f"holds credentials, {advice}")
    config = manifests.section("config")
    for key in knowledge.table("composer")["secrets"]["names"]:
        if config.get(key):
            raise manifests.stop(f"holds credentials, {advice}", key)


def written_folders(manifests: Manifests, env: Mapping[str, str]) -> tuple[str, ...]:
    """The folders of the project that an installation writes, as patterns. Raises `Unfit` where one holds more.

    Sources: https://getcomposer.org/doc/06-config.md#vendor-dir, https://getcomposer.org/doc/03-cli.md#composer-vendor-dir
    """
    view, config = manifests.view, manifests.section("config")
    vendor = env.get("COMPOSER_VENDOR_DIR") or config.get("vendor-dir", "vendor")
    binaries = env.get("COMPOSER_BIN_DIR") or config.get("bin-dir", "{$vendor-dir}/bin")
    if not isinstance(vendor, str) or not isinstance(binaries, str):
        raise manifests.stop("names no folder as vendor-dir or bin-dir", "config")
    binaries = binaries.replace("{$vendor-dir}", vendor)
    if re.search(r"[$~%{]", vendor + binaries):
        raise manifests.stop("sets a folder by a variable", "vendor-dir" if "vendor-dir" in config else "bin-dir")
    for key in knowledge.table("composer")["folders"]["names"]:
        if isinstance(value := config.get(key), str) and not value.startswith(("/", "~", "$")):
            raise manifests.stop(f"keeps {key} in the project", key)
    found = [path for path in (view.path(vendor), view.path(binaries)) if inside(view, path)]
    if view.folder == view.path(vendor) or f"{view.folder}/".startswith(f"{view.path(vendor)}/"):
        raise manifests.stop("installs into the project's own folder", "vendor-dir")
    _only_packages(manifests, vendor)
    if f"{view.path(binaries)}/".startswith(f"{view.path(vendor)}/"):
        found = found[:1]
    elif view.kind(binaries):
        raise manifests.stop(f"puts programs of packages into {binaries}, which holds files of the project", "bin-dir")
    for name in ("COMPOSER_HOME", "COMPOSER_CACHE_DIR"):
        if (path := env.get(name)) and inside(view, path):
            if view.kind(path):
                raise Unfit(view.file(path) or path, f"is {name}, and may hold settings")
            found.append(view.path(path))
    return tuple(written(view, path) for path in dict.fromkeys(found))


def _only_packages(manifests: Manifests, vendor: str) -> None:
    """Raise `Unfit` where the vendor folder of the project holds what Composer would not install there again."""
    view = manifests.view
    if not view.kind(vendor):
        return
    if manifests.lock is None:
        raise Unfit(
            view.file(vendor) or vendor, f"holds packages, and there is no {manifests.lock_name} that says which"
        )
    known = {str(package.get("name")).lower() for package in manifests.packages(dev=True)} | {"composer", "bin"}
    for owner in view.names(vendor):
        folder = posixpath.join(vendor, owner)
        if owner.lower() in known or view.kind(folder) != "folder":
            continue
        for name in view.names(folder):
            path = posixpath.join(folder, name)
            if f"{owner}/{name}".lower() not in known and view.kind(path) == "folder":
                raise Unfit(view.file(path) or path, f"is not in {manifests.lock_name}: Composer would not install it")


def local_folders(manifests: Manifests) -> list[str]:
    """The folders of the project from which packages are taken. Raises `Unfit` where they are not known.

    Source: https://getcomposer.org/doc/05-repositories.md#path
    """
    repositories = manifests.data.get("repositories") or []
    if not isinstance(repositories, dict | list):
        raise manifests.stop("holds no list of repositories", "repositories")
    found: list[str] = []
    for entry in repositories.values() if isinstance(repositories, dict) else repositories:
        if not isinstance(entry, dict):
            if entry is False:
                continue
            raise manifests.stop("names a repository that is none", "repositories")
        found += _of_repository(manifests, entry)
    for package in manifests.packages(dev=True):
        for url in _urls(package):
            if not _is_remote(url) and not _covered(manifests.view, url, found):
                raise manifests.stop(f"takes a package from {url}, and composer.json does not say so", url, lock=True)
    return list(dict.fromkeys(found))


def _of_repository(manifests: Manifests, entry: dict[str, Any]) -> Iterator[str]:
    match entry:
        case {"type": "path" | "artifact", "url": str(url)}:
            yield _folder(manifests, url)
        case {"type": "package", "package": dict() | list() as packages}:
            for package in packages if isinstance(packages, list) else [packages]:
                for url in _urls(package):
                    if not _is_remote(url):
                        raise manifests.stop(f"takes a package from {url}", url)
        case {"type": str(), "url": str(url)}:
            if not _is_remote(url):
                raise manifests.stop(f"has a repository at {url}, which may be a folder", url)
        case {**fields} if fields and not any(fields.values()):
            return
        case _:
            raise manifests.stop("names a repository that is not known", "repositories")


def _urls(package: Any) -> Iterator[str]:
    """Where a package comes from, by the way of archives and by that of version control."""
    for kind in ("dist", "source"):
        match package:
            case {**fields} if isinstance(origin := fields.get(kind), dict) and isinstance(origin.get("url"), str):
                yield origin["url"]


def _folder(manifests: Manifests, url: str) -> str:
    """The folder in which the packages of the path or pattern `url` lie."""
    view = manifests.view
    parts = url.rstrip("/").split("/")
    plain = list(takewhile(lambda part: not _WILD.search(part), parts))
    path = view.path("/".join(plain) or ("/" if url.startswith("/") else "."))
    if re.search(r"[$~%\\]", url) or f"{view.folder}/".startswith(f"{path}/"):
        raise manifests.stop(f"takes packages from {url}, which is not one folder of the project", url)
    if view.kind(path) != "folder":
        raise manifests.stop(f"takes packages from {url}, which no copy brings from the context", url)
    return written(view, path) + "/"


def _is_remote(url: str) -> bool:
    return bool(_REMOTE.match(url)) and not _LOCAL_SCHEME.match(url)


def _covered(view: View, url: str, folders: list[str]) -> bool:
    return any(f"{view.path(url)}/".startswith(f"{view.path(folder)}/") for folder in folders)
