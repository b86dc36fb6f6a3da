"""What `prisma generate` reads and writes: the schema, and where its generators put the client.

Sources: https://www.prisma.io/docs/orm/prisma-schema/overview/location, https://www.prisma.io/docs/orm/prisma-schema/overview/generators
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from rewriter.project.context import Unfit
from rewriter.project.node.manifests import Found, Package

_STEMS = ("prisma.config", ".config/prisma")
_CONFIG = tuple(f"{stem}.{end}" for stem in _STEMS for end in ("ts", "mts", "cts", "js", "mjs", "cjs"))
_PLACES = ("prisma/schema.prisma", "schema.prisma", "prisma/schema")
_GENERATOR = re.compile(r"(?m)^[ \t]*generator\s+\w+\s*\{([^}]{0,4000})\}")
_SETTING = re.compile(r'(?m)^[ \t]*(provider|output)[ \t]*=[ \t]*("[^"\n]*"|\S+)')
# Generators of Prisma itself: others are programs of the project or read more.
_OWN = ("prisma-client-js", "prisma-client")


def read(found: Found, each: Package, who: str, words: Sequence[str], script: str | None) -> None:
    """Add what `prisma generate`, run in the folder of `each` with the arguments `words`, reads, and what it writes
    beside node_modules. Raises `Unfit` where that is not known."""
    view = each.view
    for name in _CONFIG:
        if view.kind(each.path(name)):
            raise Unfit(view.file(each.path(name)) or name, f"is read by {who}, and what it reads besides is not known")
    asked = " ".join(words).removeprefix("--schema").lstrip("= ") or each.strings("prisma").get("schema")
    path = next((p for p in ([asked] if asked else _PLACES) if view.kind(each.path(p))), None)
    if path is None:
        if script is not None:
            raise each.stop("runs prisma generate, and where its schema lies is not known", script, "scripts")
        return
    kind, path = view.kind(each.path(path)), posixpath.normpath(path)
    if path == ".":
        raise Unfit(view.file(each.name) or each.name, "has its whole folder as the Prisma schema")
    files = [path] if kind == "file" else _schemas(each, path)
    found.read(each.path(path) + "/" * (kind == "folder"))
    for name in (".env", posixpath.join(posixpath.dirname(path), ".env")):
        found.read_if_there(each.folder, (name,))
    for file in files:
        _generators(found, each, file)
    found.fact(f"{who} reads it", each.path(path))


def _schemas(each: Package, folder: str) -> list[str]:
    names = [posixpath.join(folder, name) for name in each.view.names(each.path(folder))]
    return [name for name in names if name.endswith(".prisma") and each.view.kind(each.path(name)) == "file"]


def _generators(found: Found, each: Package, file: str) -> None:
    text = each.view.text(each.path(file))
    for block in _GENERATOR.finditer(text):
        settings = dict(_SETTING.findall(block[1]))
        where = f"{each.view.file(each.path(file))}:{text.count(chr(10), 0, block.start()) + 1}"
        provider, output = settings.get("provider", "").strip('"'), settings.get("output", "")
        if provider not in _OWN:
            raise Unfit(where, f"generates with {provider or 'an unknown program'}, and what that reads is not known")
        if not output or "node_modules" in output:
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), output.strip('"')))
        if not output.startswith('"') or target.startswith(("/", "..")) or target == ".":
            raise Unfit(where, f"generates into {output}, and whether that meets the source is not known")
        if each.view.kind(each.path(target)):
            there = each.view.file(each.path(target)) or target
            raise Unfit(there, f"is what {where} generates, and is copied as well: leave it out by .dockerignore")
        found.leaves[each.path(target)] = None
