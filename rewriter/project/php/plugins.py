"""Plugins and scripts of Composer: what runs beside an installation, and whether it looks at the source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.folders import nearest
from rewriter.project.manifests import json_object
from rewriter.project.needs import View
from rewriter.project.php.composer import Manifests


def plugins(manifests: Manifests, *, dev: bool) -> tuple[list[str], list[str]]:
    """The plugins that run, as far as the manifests tell, and the files of the project that they read.

    Raises `Unfit` for one that writes into the project, or of which that is not known.
    Source: https://getcomposer.org/doc/06-config.md#allow-plugins
    """
    table = knowledge.table("composer")["plugin"]
    names: list[str] = []
    reads: list[str] = []
    for name, version in _active(manifests, dev=dev):
        if name not in table:
            reason = f"installs the plugin {name}, and what that reads and writes is not known"
            raise manifests.stop(reason, name, lock=manifests.lock is not None)
        reads += _reads(manifests, name, version, table[name])
        names.append(name)
    return names, reads


def _active(manifests: Manifests, *, dev: bool) -> Iterator[tuple[str, str]]:
    """Name and version of each plugin. Without a lock file these are those that are allowed or asked for by name."""
    allowed = (manifests.section("config").get("allow-plugins")) or {}
    rules: Mapping[str, Any] = allowed if isinstance(allowed, dict) else {"*": allowed}
    if manifests.lock is not None:
        for package in manifests.packages(dev=dev):
            name = str(package.get("name")).lower()
            if package.get("type") in ("composer-plugin", "composer-installer") and rules.get(name) is not False:
                yield name, str(package.get("version")).removeprefix("v")
        return
    wanted = {**manifests.section("require"), **(manifests.section("require-dev") if dev else {})}
    asked = [name for name in wanted if name.lower() in knowledge.table("composer")["plugin"]]
    for name in dict.fromkeys((*asked, *(name for name, rule in rules.items() if rule))):
        if rules.get(name) is False:
            continue
        if "*" in name:
            raise manifests.stop(
                "allows any plugin, and there is no lock file that says which there are", "allow-plugins"
            )
        yield name.lower(), ""


def _reads(manifests: Manifests, name: str, version: str, entry: Mapping[str, Any]) -> list[str]:
    if does := entry.get("does"):
        raise manifests.stop(f"installs the plugin {name}, which {does}", name, lock=manifests.lock is not None)
    if manifests.lock is None and (does := entry.get("lock")):
        raise manifests.stop(f"has the plugin {name}, which {does} where there is no lock file", name)
    if entry.get("root", "") == manifests.data.get("type"):
        raise manifests.stop(f"is of a type for which the plugin {name} reads the source", "type")
    if setting := entry.get("unless"):
        *above, key = setting.split(".")
        if manifests.section("extra", *above).get(key):
            raise manifests.stop(f"makes the plugin {name} read a file of the project", key)
    if entry.get("types"):
        _types(manifests, name)
    if wanted := entry.get("patches"):
        if not version.startswith(wanted):
            raise manifests.stop(f"installs the plugin {name}, which patches packages with files of the project", name)
        return list(_patches(manifests))
    return []


def _types(manifests: Manifests, name: str) -> None:
    if manifests.lock is None:
        raise manifests.stop(f"has the plugin {name}, and there is no lock file that says what it puts where", name)
    for package in manifests.packages(dev=True):
        if (kind := str(package.get("type", "library"))) not in knowledge.table("composer")["types"]["names"]:
            reason = f"holds a package of the type {kind}, which {name} puts outside of the vendor folder"
            raise manifests.stop(reason, kind, lock=True)


def _patches(manifests: Manifests) -> Iterator[str]:
    """The patches that composer.json names.

    Source: https://github.com/cweagans/composer-patches/tree/1.7.3#usage
    """
    view, extra = manifests.view, manifests.section("extra")
    named: Any = extra.get("patches") or {}
    if not named and (file := extra.get("patches-file")):
        if not isinstance(file, str) or view.kind(file) != "file":
            raise manifests.stop(f"names {file}, which no copy brings from the context", "patches-file")
        yield posixpath.normpath(file)
        named = json_object(view, file).get("patches")
    for patches in named.values() if isinstance(named, dict) else ():
        for path in patches.values() if isinstance(patches, dict) else (patches,):
            if not isinstance(path, str):
                raise manifests.stop("names a patch that is none", "patches")
            if path.startswith(("https://", "http://")):
                continue
            if view.kind(path) != "file":
                raise manifests.stop(f"names {path}, which no copy brings from the context", "patches")
            yield posixpath.normpath(path)


def scripts(manifests: Manifests) -> list[str]:
    """The events of an installation for which composer.json has scripts. Raises `Unfit` where one of them must run
    before the download, or for each package.

    Source: https://getcomposer.org/doc/articles/scripts.md#event-names
    """
    events, found = knowledge.table("composer")["events"], manifests.section("scripts")
    for event in events["once"]:
        if found.get(event):
            raise manifests.stop(f"runs a script at {event}, and what that prepares is not known", event)
    return [event for event in events["again"] if found.get(event)]


def repository(manifests: Manifests, env: Mapping[str, str]) -> str | None:
    """The git repository from which the project's own version is read, None where it is not. Raises `Unfit` where
    that version decides what is installed.

    Source: https://getcomposer.org/doc/articles/versions.md#the-basics
    """
    view: View = manifests.view
    found = nearest(view, view.folder, ".git")
    if found is None or "version" in manifests.data or env.get("COMPOSER_ROOT_VERSION"):
        return None
    name = str(manifests.data.get("name")).lower()
    needed = [package for package in manifests.packages(dev=True) if name in _lower(package.get("require"))]
    if manifests.lock is None or needed:
        reason = "is copied into the image, and Composer reads the project's version there"
        raise Unfit(view.file(found) or found, f"{reason}: leave it out by .dockerignore")
    return found


def _lower(requires: Any) -> set[str]:
    return {str(name).lower() for name in requires} if isinstance(requires, dict) else set()


def scanned(manifests: Manifests, *, dev: bool, optimized: bool) -> tuple[str, str] | None:
    """What of the autoloader is found by a look into the source: a fact, and the key in composer.json that says so.

    `psr-4` and `psr-0` alone are written down as they are, and so are the paths of `files`.
    Source: https://getcomposer.org/doc/articles/autoloader-optimization.md
    """
    config = manifests.section("config")
    optimized = optimized or any(config.get(key) for key in ("optimize-autoloader", "classmap-authoritative"))
    for section in _sections(dev):
        rules = manifests.section(section)
        if rules.get("classmap"):
            return "finds classes by looking into the source (classmap)", "classmap"
        if optimized and (rules.get("psr-4") or rules.get("psr-0")):
            return "has classes, which an optimized autoloader lists", section
    return None


def loads_files(manifests: Manifests, *, dev: bool) -> bool:
    """Whether the autoloader loads files of the project at once, so that no plugin can use it without them."""
    return any(manifests.section(name).get("files") for name in _sections(dev))


def _sections(dev: bool) -> tuple[str, ...]:
    return ("autoload", "autoload-dev") if dev else ("autoload",)
