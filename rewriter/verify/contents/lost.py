"""Files that the program could need and that are gone. Each is told with what could need it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from rewriter import knowledge
from rewriter.verify.contents import application, required
from rewriter.verify.contents.listing import Listing, path_folders
from rewriter.verify.contents.loading import Loader
from rewriter.verify.contents.started import Named, named
from rewriter.verify.contents.tree import shown, within
from rewriter.verify.engine import Image, Settings
from rewriter.verify.model import Lost

_EXAMPLES = 2
# (the path that is gone, how it is needed, who needs it)
_Need = tuple[str, str, str]


def find(before: Listing, after: Listing, before_image: Image, after_image: Image) -> tuple[Lost, ...]:
    """The files that the program of the second image could need, that the first one has and the second has not. What
    nothing is known to ask for (compilers, manuals, sources) is not among them."""
    sides = _Sides(before, after, before_image, after_image)
    needs: dict[tuple[str, str], list[str]] = {}
    for path, how, who in _needs(sides):
        needs.setdefault((path, how), []).append(who)
    reasons: dict[str, list[str]] = {}
    for (path, how), whos in needs.items():
        reasons.setdefault(path, []).append(_reason(how, sorted(set(whos) - {""})))
    return tuple(Lost(shown(path), "; ".join(found)) for path, found in reasons.items())


def _reason(how: str, whos: list[str]) -> str:
    names = ", ".join(shown(who) for who in whos[:_EXAMPLES])
    more = f" and {len(whos) - _EXAMPLES} more" if len(whos) > _EXAMPLES else ""
    return f"{how} {names}{more}".strip()


@dataclass(frozen=True, eq=False, slots=True)
class _Sides:
    """The two images, and what the second one's commands name."""

    before: Listing
    after: Listing
    before_image: Image
    after_image: Image

    @property
    def started(self) -> tuple[Named, ...]:
        return named(self.after, self.after_image.settings, self.program)

    def program(self, word: str) -> bool:
        """Whether `word` names a program in one of the images."""
        old, new = self.before_image.settings, self.after_image.settings
        return bool(self.before.which(word, old) or self.after.which(word, new))

    def went(self, path: str) -> str | None:
        """What is missing now where `path`, or what the second image makes it lead to, led somewhere before."""
        missing = self.after.tree.missing(path)
        there = self.before.tree.resolve
        return missing if missing and (there(missing) or there(path)) else None


def _needs(sides: _Sides) -> Iterator[_Need]:
    yield from _started(sides)
    yield from _libraries(sides)
    yield from _interpreters(sides)
    yield from _links(sides)
    for path, who in required.distributions(sides.before, sides.after):
        yield path, "required by the Python package", who
    for path, who in required.modules(sides.before, sides.after):
        yield path, "a dependency of", who
    for path, what in application.gone(sides.before, sides.after, sides.before_image):
        yield path, what, ""
    yield from _shared(sides)


def _started(sides: _Sides) -> Iterator[_Need]:
    """Programs and files that the second image's command names."""
    old, new = sides.before_image.settings, sides.after_image.settings
    known = {each.word for each in named(sides.before, old, sides.program)}
    for each in sides.started:
        if each.program:
            place = sides.before.which(each.word, old)
            direct = each.word in (*new.entrypoint[:1], *new.cmd[:1])
            if sides.after.which(each.word, new) is None and (place or (direct and each.word not in known)):
                yield place or each.word, "a program that is run by", each.by
        elif (word := each.word.rpartition("=")[2]) and not word.startswith("-"):
            place = sides.before.tree.resolve(posixpath.join(old.workdir or "/", word))
            there = place is not None and place in sides.before.files and sides.before.files[place].kind == "file"
            if place and there and sides.after.tree.resolve(posixpath.join(new.workdir or "/", word)) is None:
                yield place, "a file that is named by", each.by


def _libraries(sides: _Sides) -> Iterator[_Need]:
    """Libraries, and loaders of programs. What the distribution's packages brought is left to them, unless it is in
    PATH."""
    after, settings = sides.after, sides.after_image.settings
    words = [each.word for each in sides.started if each.program]
    started = {place for word in words if (place := after.which(word, settings))}
    paths = {path for path in after.linked if not _system(after, path) and not _optional().match(path)}
    asked = Loader(after, settings).loads(paths | _in_path(after, settings) | started)
    lacking = [key for key, place in asked.items() if place is None]
    loaders = {posixpath.basename(name) for path, name in lacking if after.linked[path].interpreter == name}
    had = Loader(sides.before, sides.before_image.settings).loads({path for path, _ in lacking})
    names = {posixpath.basename(path): path for path in sides.before.files} if lacking else {}
    for path, name in lacking:
        loader = after.linked[path].interpreter == name
        if path in sides.before.linked:
            place = had.get((path, name))
        elif name.startswith("/"):
            place = name if sides.before.tree.resolve(name) or path in started else None
        else:
            there = any(posixpath.basename(each) == name for each in after.files)
            place = None if there else names.get(name)
        if place and loader:
            yield name, "the loader that starts", path
        elif place and name not in loaders:
            yield place, "a library that is loaded by", path


def _interpreters(sides: _Sides) -> Iterator[_Need]:
    """What stands behind the `#!` of scripts in PATH, of the application and of those that are started."""
    after, settings = sides.after, sides.after_image.settings
    folders = application.folders(sides.after_image)
    scripts = {path for path in _in_path(after, settings) if path in after.interpreters}
    scripts |= {each for each in (after.which(one.word, settings) for one in sides.started) if each}
    for path in after.interpreters:
        own = next((folder for folder in folders if within(path, folder)), None)
        if own and path not in after.owners and not application.ignored(path[len(own) + 1 :]):
            scripts.add(path)
    for path in sorted(scripts):
        for program in _interpreter(after.interpreters.get(path, "")):
            if after.which(program, settings) is None:
                by_name = sides.before.which(program, sides.before_image.settings)
                if gone := sides.went(program) if "/" in program else by_name:
                    yield gone, "the interpreter of", path


def _interpreter(line: str) -> list[str]:
    """The programs that the line behind `#!` names. Source: env(1)."""
    words = line.split()
    if not words or posixpath.basename(words[0]) != "env":
        return words[:1]
    rest = (word for word in words[1:] if not word.startswith("-") and "=" not in word)
    return [words[0], *([program] if (program := next(rest, None)) else [])]


def _links(sides: _Sides) -> Iterator[_Need]:
    """Where symbolic links of the application and in PATH led."""
    after = sides.after
    resolved = (after.tree.resolve(folder) for folder in path_folders(sides.after_image.settings))
    in_path = {folder for folder in resolved if folder}
    own = application.folders(sides.after_image)
    for path, entry in after.files.items():
        if entry.kind == "link" and not _system(after, path):
            near = posixpath.dirname(path) in in_path or any(within(path, folder) for folder in own)
            if near and (gone := sides.went(path)):
                yield gone, "what is linked to by", path


def _in_path(listing: Listing, settings: Settings) -> set[str]:
    """The files that the names in the folders of PATH lead to, without those of the distribution's packages."""
    resolved = (listing.tree.resolve(folder) for folder in path_folders(settings))
    folders = {folder for folder in resolved if folder}
    names = [path for path in listing.files if posixpath.dirname(path) in folders and not _system(listing, path)]
    return {place for path in names if (place := listing.tree.resolve(path))}


def _system(listing: Listing, path: str) -> bool:
    owner = listing.owners.get(path)
    return owner is not None and owner.system


def _shared(sides: _Sides) -> Iterator[_Need]:
    """Files that programs look for in a place that all agree on."""
    before, after = sides.before, sides.after
    settings = sides.after_image.settings
    table = knowledge.table("image_files")
    names = {posixpath.basename(each.word) for each in sides.started if each.program}
    contained = names.intersection(table["self_contained"]["programs"])
    installed = {f"{package.manager} {package.name}" for package in after.packages}
    for entry in table["shared"] if not contained else ():
        had = [path for path in entry["paths"] if before.tree.resolve(path)]
        instead = installed.intersection(entry.get("instead", ()))
        if had and not instead and not any(after.tree.resolve(path) for path in entry["paths"]):
            yield had[0], entry["serves"], ""
    user = settings.user.partition(":")[0]
    used_to_be = sides.before_image.settings.user.partition(":")[0] or "root"
    if user and not _account(after, user) and _account(before, used_to_be):
        why = "programs that ask for their name or home fail" if user.isdecimal() else "no container can be started"
        yield "/etc/passwd", f"it has no entry for the user {user}: {why}", ""


def _account(listing: Listing, user: str) -> bool:
    users = listing.users()
    return user in users.values() or (user.isdecimal() and int(user) in users)


@lru_cache(maxsize=1)
def _optional() -> re.Pattern[str]:
    entries = knowledge.table("image_files")["optional"]
    return re.compile("|".join(translate(pattern) for entry in entries for pattern in entry["patterns"]))
