"""The packages for development in composer.lock: their programs and classes, and who in the project would miss them.

Sources: https://getcomposer.org/doc/04-schema.md (require-dev, autoload, bin),
https://laravel.com/docs/12.x/packages#package-discovery
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object
from rewriter.project.needs import View

_COMMENT = re.compile(r"^[ \t]*(?://|#(?!\[)|\*|/\*).*", re.MULTILINE)
_GUARD = re.compile(
    r"\b(?:class_exists|interface_exists|isLocal|runningUnitTests|environment)[ \t]*\("
    r"|\b(?:APP_ENV|APP_DEBUG|YII_ENV)\b"
)
_MOST = 30_000
_SETTINGS = re.compile(r"/config/(?!app\.php)[\w-]+\.php\Z")
_GUARDED_LINES = 8
_ENV = re.compile(r"^APP_ENV[ \t]*=[ \t]*[\"']?(\w+)", re.MULTILINE)
WORK = frozenset(("dev", "development", "local", "test", "testing"))


@dataclass(frozen=True)
class Development:
    """What the packages for development bring: their `names`, `programs` (of vendor/bin), and the beginnings of the
    names of their `classes`. `named` are those that a framework loads by another name than that of a class."""

    names: frozenset[str]
    named: frozenset[str]
    programs: frozenset[str]
    classes: frozenset[str]


def development(view: View) -> Development:
    """The packages for development that the lock file in the folder of `view` holds. Raises `Unfit`."""
    lock = json_object(view, "composer.lock")
    ours, others = _packages(view, lock, "packages-dev"), _packages(view, lock, "packages")
    programs = {str(path).rpartition("/")[2] for package in ours for path in _list(package.get("bin"))}
    classes = {name for package in ours for name in _classes(package)}
    classes |= set(knowledge.table("composer")["development"]["classes"]) if ours else set()
    shared = {name for package in others for name in _classes(package)}
    names = frozenset(str(package.get("name")) for package in ours)
    named = names.intersection(knowledge.table("composer")["development"]["named"])
    return Development(names, named, frozenset(programs), frozenset(classes - shared - {""}))


def _packages(view: View, lock: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = lock.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Unfit(view.file("composer.lock") or "composer.lock", f"holds no list of {key}")
    return found


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else [found] if found else []


def _classes(package: Mapping[str, Any]) -> Iterator[str]:
    """The namespaces and the aliases of classes that a package brings."""
    autoload, extra = package.get("autoload"), package.get("extra")
    for key in ("psr-4", "psr-0"):
        spaces = autoload.get(key) if isinstance(autoload, dict) else None
        for space in spaces if isinstance(spaces, dict) else ():
            yield f"{str(space).rstrip(chr(92))}\\" if space else ""
    laravel = extra.get("laravel") if isinstance(extra, dict) else None
    aliases = laravel.get("aliases") if isinstance(laravel, dict) else None
    for alias in aliases if isinstance(aliases, dict) else ():
        yield f"{alias}::"


def requires(view: View, package: str) -> bool:
    """Whether the lock file holds `package` among those that are always installed. Raises `Unfit`."""
    lock = json_object(view, "composer.lock")
    return any(each.get("name") == package for each in _packages(view, lock, "packages"))


def scripts(view: View, events: tuple[str, ...]) -> Iterator[str]:
    """The commands that composer.json runs on `events`, those of other scripts that they name included."""
    data = json_object(view, "composer.json")
    table = data.get("scripts")
    known: Mapping[str, Any] = table if isinstance(table, dict) else {}
    todo, done = list(events), set()
    while todo:
        if (name := todo.pop()) in done:
            continue
        done.add(name)
        entry = known.get(name)
        for command in _list(list(entry) if isinstance(entry, dict) else entry):
            text = str(command)
            if text.startswith("@") and text[1:].split(" ")[0] in known:
                todo.append(text[1:].split(" ")[0])
            else:
                yield text


def uses(text: str, brought: Development) -> str | None:
    """The program or task for development that a command runs; None where it names none."""
    words: list[str] = re.findall(r"[\w./:@-]+", text)
    for word in words:
        if word.rpartition("/")[2] in brought.programs:
            return word
    table: Mapping[str, list[str]] = knowledge.table("composer")["development"]
    if any(word.rpartition("/")[2] in table["consoles"] for word in words):
        for word in words:
            if word in table["tasks"] or word.startswith(tuple(table["begin"])):
                return word
    return None


def environment(view: View, name: str) -> str | None:
    """The APP_ENV that the file `name` of the project sets, if it is there."""
    if view.kind(name) != "file":
        return None
    found = _ENV.search(view.text(name))
    return str(found[1]) if found else None


def missed(view: View, brought: Development, *, laravel: bool) -> list[str]:
    """Where the program asks whether a class for development is there before it uses it, as `file:line`. Raises
    `Unfit` for a file that uses one without asking. Tests and what fills a database are left out, and so are Laravel's
    settings, but for the list of what it loads: there `::class` is no more than a name.

    Source: https://www.php.net/manual/en/language.oop5.basic.php#language.oop5.basic.class.class
    """
    asked: list[str] = []
    names = sorted(map(re.escape, brought.classes))
    wanted = re.compile(rf"(?<![\w\\])\\?(?:{'|'.join(names) or '(?!)'})")
    aside = re.compile(knowledge.table("composer")["development"]["aside"])
    sources = [place.source.rstrip("/") for place in view.places]
    files = view.project.files()
    if len(files) > _MOST:
        raise Unfit("the context", f"holds more than {_MOST:,} files, too many to look for who uses a package")
    for path in files:
        if not path.endswith(".php") or aside.search(f"/{path}") or view.project.linked(path):
            continue
        if not any(source in (".", path) or path.startswith(f"{source}/") for source in sources):
            continue
        if laravel and _SETTINGS.search(f"/{path}"):
            continue
        text = _COMMENT.sub("", view.project.text(path)).replace("\\\\", "\\")
        for match in wanted.finditer(text):
            where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            if not _guarded(text, match.start()):
                raise Unfit(where, f"uses {match[0].strip(chr(92) + ':')}, of a package for development")
            asked.append(where)
    return asked


def _guarded(text: str, at: int) -> bool:
    lines = text[:at].split("\n")[-_GUARDED_LINES:]
    return bool(_GUARD.search("\n".join(lines)))
