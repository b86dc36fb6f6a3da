"""The keys of a configuration file: what each may hold, and the sentence for what it may not."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from rewriter.change import Level
from rewriter.result import Builder, CacheMode


def kind(value: object) -> str:
    """What TOML calls `value`, with its article."""
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def nearest(word: str, words: Iterable[str]) -> str:
    """The end of the sentence that says that `word` is unknown: the nearest of `words`, or all of a few."""
    words = sorted(words)
    if close := get_close_matches(word.lower(), words, 1, 0.5):
        return f"; did you mean '{close[0]}'?"
    return f"; it may be {', '.join(words[:-1])} or {words[-1]}" if 1 < len(words) <= 20 else ""


# A reader takes a value, the folder of its file, and the names of all transforms; it returns what `Config` holds, and
# raises ValueError with a sentence whose subject is the key.
Reader = Callable[[Any, Path, frozenset[str]], Any]


def _word(value: Any, words: Collection[str]) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {kind(value)}")
    if value not in words:
        raise ValueError(f"cannot be '{value}'{nearest(value, words)}")
    return value


def _one_of(words: Collection[str]) -> Reader:
    return lambda value, _folder, _known: _word(value, words)


def _level(value: Any, _folder: Path, _known: frozenset[str]) -> Level:
    return Level.parse(_word(value, [level.label for level in Level]))


def _strings(value: Any, _folder: Path, _known: frozenset[str]) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"must be an array of strings, not {kind(value)}")
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"must be an array of strings, and holds {kind(item)}")
    return tuple(value)


def _names(value: Any, folder: Path, known: frozenset[str]) -> frozenset[str]:
    names = _strings(value, folder, known)
    for name in names:
        if name not in known:
            raise ValueError(f"names '{name}', which is no transform{nearest(name, known)}")
    return frozenset(names)


def _path(value: Any, folder: Path, _known: frozenset[str]) -> Path:
    if not isinstance(value, str):
        raise ValueError(f"must be a path, not {kind(value)}")
    return Path(os.path.normpath(folder / value))


def _paths(value: Any, folder: Path, known: frozenset[str]) -> tuple[Path, ...]:
    if isinstance(value, str):
        value = [value]
    return tuple(_path(item, folder, known) for item in _strings(value, folder, known))


def _names_by_pattern(value: Any, folder: Path, known: frozenset[str]) -> dict[str, frozenset[str]]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a table from patterns to names of transforms, not {kind(value)}")
    return {pattern: _names(names, folder, known) for pattern, names in value.items()}


def _tables(value: Any, _folder: Path, _known: frozenset[str]) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a table of tables, not {kind(value)}")
    for name, table in value.items():
        if not isinstance(table, dict):
            raise ValueError(f"must be a table of tables, and '{name}' is {kind(table)}")
    return value


def _flag(value: Any, _folder: Path, _known: frozenset[str]) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {kind(value)}")
    return value


def _text(value: Any, _folder: Path, _known: frozenset[str]) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {kind(value)}")
    return value


def _words(value: Any, folder: Path, known: frozenset[str]) -> tuple[str, ...]:
    return _strings([value] if isinstance(value, str) else value, folder, known)


def _count(value: Any, _folder: Path, _known: frozenset[str]) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"must be a whole number from 0, not {value if isinstance(value, int) else kind(value)}")
    return value


def _verify(value: Any, folder: Path, known: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a table, not {kind(value)}")
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key not in _VERIFY:
            raise ValueError(f"has no key '{key}'{nearest(key, _VERIFY)}")
        try:
            found[key.replace("-", "_")] = _VERIFY[key](item, folder, known)
        except ValueError as error:
            raise ValueError(f"has '{key}', which {error}") from error
    return found


# The names and the meaning are those of the options of `dockerslim verify`.
_VERIFY: Mapping[str, Reader] = {
    "engine": _text,
    "builder": _text,
    "build-arg": _words,
    "engine-arg": _words,
    "run-arg": _words,
    "http": _words,
    "run": _words,
    "port": _count,
    "timeout": _count,
    "patience": _count,
    "hardened": _flag,
    "quick": _flag,
    "max-size": _text,
    "min-saving": _text,
    "max-layers": _count,
    "max-critical": _count,
    "max-high": _count,
}
KEYS: Mapping[str, Reader] = {
    "level": _level,
    "select": _names,
    "ignore": _names,
    "builder": _one_of(get_args(Builder)),
    "cache": _one_of(get_args(CacheMode)),
    "openshift": _flag,
    "context": _path,
    "baseline": _path,
    "exclude": _strings,
    "per-file-ignores": _names_by_pattern,
    "extends": _paths,
    # Knowledge of the user's own, laid over a table of `rewriter.knowledge`: one row and one field of `Config` each.
    "bases": _tables,
    "verify": _verify,
}
