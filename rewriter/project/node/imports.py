"""Which files of the project a node program loads, and which packages they name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object
from rewriter.project.needs import View
from rewriter.syntax.shell import literal, parse

_LOADS = re.compile(r"""(?:\brequire\(\s*|\bimport\(\s*|\bfrom\s*|\bimport\s*)(?:"([^"\n]*)"|'([^'\n]*)')""")
# What loads more than a literal names, or runs other programs.
_OPEN = re.compile(
    r"""\brequire\(\s*[^"'\s]|\bimport\(\s*[^"'\s]|\brequire\b(?!\s*\()|["'](?:node:)?(?:child_process|worker_threads|module|vm)["']"""
)
_QUOTED = re.compile(r"""["'`]((?:@[\w.-]+/)?[\w.-]+)(?=["'`/])""")
_TRIES = ("", ".js", ".json", ".mjs", ".cjs", "/index.js")
_FILES = 400


def started(view: View, words: tuple[str, ...]) -> str:
    """The file that a container with the command `words` runs by node. Raises `Unfit` for another command.

    Sources: https://docs.npmjs.com/cli/v11/commands/npm-start, https://nodejs.org/api/cli.html
    """
    if words[:1] == ("docker-entrypoint.sh",):  # of the node images: it runs what follows
        words = words[1:]
    if words and posixpath.basename(words[0]) in ("npm", "yarn") and words[1:] in (("start",), ("run", "start")):
        data = json_object(view, "package.json")
        scripts = data["scripts"] if isinstance(data.get("scripts"), dict) else {}
        script = parse(str(scripts.get("start", "node server.js")))
        commands = list(script.commands()) if script else []
        plain = len(commands) == 1 and script is not None and script.chain == tuple(commands)
        if not plain or "prestart" in scripts or "poststart" in scripts or commands[0].redirects:
            raise Unfit("package.json", "starts more than one program")
        words = tuple(literal(word.raw) or "$" for word in commands[0].words)
    if len(words) < 2 or posixpath.basename(words[0]) != "node" or words[1].startswith("-") or "$" in words[1]:
        raise Unfit("the image", f"starts {' '.join(words) or 'nothing'}, and not a file by node alone")
    return words[1]


def names_one_of(view: View, entry: str, packages: Collection[str]) -> tuple[str, ...]:
    """The files that `entry` loads, itself first. Raises `Unfit` where one of them names a package of `packages`, and
    where that cannot be known.

    Source: https://nodejs.org/api/modules.html#all-together
    """
    waiting, seen = [_resolved(view, entry, entry)], dict[str, None]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen[file] = None
        if len(seen) > _FILES:
            raise Unfit(entry, "loads too many files to read them all")
        text = view.text(file)
        if file.endswith(".json"):
            continue
        where = view.file(file) or file
        if found := _OPEN.search(text):
            raise Unfit(f"{where}:{text.count(chr(10), 0, found.start()) + 1}", "loads what it does not name")
        for quoted in _QUOTED.finditer(text):
            if quoted[1] in packages:
                at = text.count("\n", 0, quoted.start()) + 1
                raise Unfit(f"{where}:{at}", f"names {quoted[1]}, which is a package for development")
        for double, single in _LOADS.findall(text):
            spec = double or single
            if spec.startswith((".", "/", "#")):
                waiting.append(_resolved(view, posixpath.join(posixpath.dirname(file), spec), where))
    return tuple(seen)


def _resolved(view: View, path: str, by: str) -> str:
    for ending in _TRIES:
        found = posixpath.normpath(path + ending)
        if view.kind(found) == "file" and found.endswith((".js", ".json", ".mjs", ".cjs")):
            return found
    raise Unfit(by, f"loads {path}, which is not among the files that node reads as they are")
