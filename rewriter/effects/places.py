"""The paths that the entries of the table of effects name, seen from one place of a script."""

from __future__ import annotations

import posixpath
from functools import cache

from rewriter import knowledge
from rewriter.effects.effect import canonical, covered
from rewriter.effects.paths import Scope, search_path


def fixed(scope: Scope, spec: str) -> set[str]:
    """The paths that an entry names: `@name` is a set of paths, `~` the home, `.` the working directory, `%` what
    lies on the search path, `^name` a file of that name in the working directory or above, and `$NAME|path` what a
    variable says, else `path`."""
    plain, rest = _divided(spec)
    found = {each for path in plain for each in scope.reach(path)} if scope.links else set(_covered(plain))
    for word in rest:
        if word == "%":
            found.update(search_path(scope))
        elif word.startswith("^"):
            found |= {path for folder in (scope.folder, *scope.also) for path in _upwards(folder, word[1:])}
        elif word.startswith("$"):
            name, _, default = word[1:].partition("|")
            found |= _placed(scope, name, default)
        elif word.startswith("~"):
            homes = (scope.home,) if scope.home else ("/root", "/home")
            found |= {each for home in homes for each in scope.reach(home if home == "/home" else home + word[1:])}
        else:
            found |= {each for path in scope.places(word) for each in scope.reach(path.path)}
    return found


@cache
def _divided(spec: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The canonical absolute paths of an entry, and its other words; the sets that it names are put in."""
    plain: set[str] = set()
    rest: list[str] = []
    for word in spec.split():
        if word.startswith("/"):
            plain.add(canonical(word))
        elif word.startswith("@"):
            more, others = _divided(knowledge.table("effects")["sets"][word[1:]])
            plain |= more
            rest += others
        else:
            rest.append(word)
    return frozenset(plain), tuple(dict.fromkeys(rest))


@cache
def _covered(paths: frozenset[str]) -> frozenset[str]:
    return frozenset(each for path in paths for each in covered(path))


def _upwards(folder: str | None, name: str) -> set[str]:
    if folder is None:
        return {"/"}
    found = set()
    while folder != "/":
        folder = posixpath.dirname(folder)
        found.add(posixpath.join(folder, name))
    return found


def _placed(scope: Scope, name: str, default: str) -> set[str]:
    """Where the variable `name` puts something; `default` where it is not set."""
    known = scope.run.state.env
    if name in scope.variables or name in known or name in scope.run.state.args or name in scope.run.script.text:
        values = scope.values(name)
        if values is None:
            return {"/"}
        leads = [path for value in values if value for path in scope.places(value)]
        places = {each for path in leads for each in scope.reach(path.path)}
        return places or fixed(scope, default)
    return fixed(scope, default)
