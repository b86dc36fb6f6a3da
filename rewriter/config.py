"""Configuration: `dockerslim.toml`, or `[tool.dockerslim]` in `pyproject.toml`.

A file holds for the Dockerfiles in its folder and below; the closest one alone counts (as with ruff), and it takes in
others only by `extends`. Of two in one folder, `dockerslim.toml` wins. A `pyproject.toml` without that table is no
configuration file. The search ends at the root of the file system.

Paths (`context`, `baseline`, `extends`) are relative to the file they stand in. Patterns (`exclude`,
`per-file-ignores`) are as in .gitignore, relative to the folder of the file that was found, or to the working
directory where `--config` names the file: patterns that come through `extends` are meant for the project that takes
them in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from rewriter.change import Level
from rewriter.config_values import KEYS, kind, nearest
from rewriter.knowledge.bases import Bases
from rewriter.result import Builder, CacheMode, Candidate, Options

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

OWN_FILE = "dockerslim.toml"
PROJECT_FILE = "pyproject.toml"


class ConfigError(Exception):
    """A configuration or baseline file that cannot be used: `reason` is a sentence, `line` is 1-based or None."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        super().__init__(f"{path}: {reason}" if line is None else f"{path}:{line}: {reason}")
        self.path = path
        self.reason = reason
        self.line = line


class Overrides(TypedDict, total=False):
    """What the command line may set over a configuration; None is the same as not set."""

    level: Level | None
    select: Collection[str] | None
    ignore: Collection[str] | None
    builder: Builder | None
    cache: CacheMode | None
    accept: Callable[[Candidate], bool] | None
    beside: bool | None


@dataclass(frozen=True)
class Config:
    """What one configuration file says, with all that it extends; the defaults where there is none (`path` None).

    `context` and `baseline` are absolute. `bases` is for `rewriter.knowledge.bases.Bases`, `verify` for
    `rewriter.verify.request`. Patterns are relative to the absolute folder `root`.
    """

    path: Path | None = None
    root: Path = Path("/")
    level: Level = Level.STANDARD
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    builder: Builder = "auto"
    cache: CacheMode = "clean"
    openshift: bool = False
    context: Path | None = None
    baseline: Path | None = None
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    verify: Mapping[str, Any] = field(default_factory=dict)

    def options(self, dockerfile: Path | None = None, **overrides: Unpack[Overrides]) -> Options:
        """Return how to rewrite `dockerfile`: this configuration, with `overrides` from the command line over it.

        An `ignore` of the command line adds to the configuration's. A transform that the command line selects is run
        even if `ignore` of the configuration names it, but not against `per-file-ignores`.
        """
        select, ignore = overrides.get("select"), self.ignore
        if select is not None:
            ignore -= frozenset(select)
        return Options(
            level=overrides.get("level") or self.level,
            select=self.select if select is None else frozenset(select),
            ignore=ignore | frozenset(overrides.get("ignore") or ()) | self.ignored_in(dockerfile),
            builder=overrides.get("builder") or self.builder,
            cache=overrides.get("cache") or self.cache,
            bases=Bases(self.bases),
            accept=overrides.get("accept"),
            beside=overrides.get("beside") is not False,
            openshift=self.openshift,
        )

    def excludes(self, dockerfile: Path) -> bool:
        """Whether a folder search leaves out `dockerfile`."""
        return bool(self.exclude) and self._matches(self._excluded, dockerfile)

    def ignored_in(self, dockerfile: Path | None) -> frozenset[str]:
        """The transforms that `per-file-ignores` keeps from `dockerfile`."""
        if dockerfile is None or not self.per_file_ignores:
            return frozenset()
        matching = (names for spec, names in self._ignored_by_pattern if self._matches(spec, dockerfile))
        return frozenset().union(*matching)

    @cached_property
    def _excluded(self) -> GitIgnoreSpec:
        return _patterns(self.exclude)

    @cached_property
    def _ignored_by_pattern(self) -> tuple[tuple[GitIgnoreSpec, frozenset[str]], ...]:
        return tuple((_patterns([pattern]), names) for pattern, names in self.per_file_ignores.items())

    def _matches(self, spec: GitIgnoreSpec, dockerfile: Path) -> bool:
        path = Path(os.path.abspath(dockerfile))
        return path.is_relative_to(self.root) and spec.check_file(path.relative_to(self.root)).include is True


def load(start: Path, known: Collection[str]) -> Config:
    """Return the configuration for the Dockerfiles in the folder `start`; the defaults where there is no file.

    `known`: the names of all transforms. Raises `ConfigError`. Each folder is looked at once per process.
    """
    names = frozenset(known)
    folder = Path(os.path.abspath(start))
    found = (_in_folder(parent, names) for parent in (folder, *folder.parents))
    return next((config for config in found if config is not None), _DEFAULTS)


def read(path: Path, known: Collection[str]) -> Config:
    """Return the configuration in the file `path`, as given by `--config`; raises `ConfigError`.

    `known`: the names of all transforms.
    """
    path = Path(os.path.abspath(path))
    table = _table(path)
    if table is None:
        raise ConfigError(path, "there is no table [tool.dockerslim] in it")
    return _config(path, Path.cwd(), table, frozenset(known))


_DEFAULTS = Config()


@cache
def _in_folder(folder: Path, known: frozenset[str]) -> Config | None:
    for name in (OWN_FILE, PROJECT_FILE):
        path = folder / name
        if os.path.isfile(path) and (table := _table(path)) is not None:
            return _config(path, folder, table, known)
    return None


def _table(path: Path) -> dict[str, Any] | None:
    """The table with the configuration in the file `path`; None for a pyproject.toml without one."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(path, "the file is not UTF-8") from error
    except OSError as error:
        raise ConfigError(path, f"the file cannot be read: {error.strerror}") from error
    is_project = path.name == PROJECT_FILE
    if is_project and "dockerslim" not in text:  # not parsed: it may be a template, and reading takes its time
        return None
    import tomli

    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise ConfigError(path, f"the file is not valid TOML: {error}", line) from error
    if not is_project:
        return document
    tool = document.get("tool")
    table = tool.get("dockerslim") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(path, f"tool.dockerslim must be a table, not {kind(table)}")
    return table


def _config(path: Path, root: Path, table: dict[str, Any], known: frozenset[str]) -> Config:
    config = Config(path=path, root=root, **_extended(path, table, known, ()))
    try:
        Bases(config.bases)
    except ValueError as error:
        raise ConfigError(path, str(error)) from error
    try:
        _ = config.exclude and config._excluded
        _ = config.per_file_ignores and config._ignored_by_pattern
    except (ValueError, re.error) as error:
        raise ConfigError(path, f"there is a pattern that cannot be read: {error}") from error
    return config


def _extended(path: Path, table: dict[str, Any], known: frozenset[str], within: tuple[Path, ...]) -> dict[str, Any]:
    """The checked values of `table` over those of the files it extends, by the fields of `Config`.

    Of several extended files the later one wins. `within`: the files that extend this one, the outermost first.
    """
    values: dict[str, Any] = {}
    own = _values(path, table, known)
    chain = (*within, Path(os.path.realpath(path)))
    for other in own.pop("extends", ()):
        if Path(os.path.realpath(other)) in chain:
            raise ConfigError(path, f"extends leads in a circle: {' -> '.join(map(str, (*chain, other)))}")
        if not os.path.isfile(other):
            raise ConfigError(path, f"extends names {other}, which is no file")
        if (base := _table(other)) is None:
            raise ConfigError(path, f"extends names {other}, which has no table [tool.dockerslim]")
        values = _merged(values, _extended(other, base, known, chain))
    return _merged(values, own)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`: tables merge, anything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _values(path: Path, table: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The values of `table`, checked, by the fields of `Config`, and `extends`."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            raise ConfigError(path, f"there is no key '{key}'{nearest(key, KEYS)}")
        try:
            values[key.replace("-", "_")] = KEYS[key](value, path.parent, known)
        except ValueError as error:
            raise ConfigError(path, f"{key} {error}") from error
    return values


def _patterns(patterns: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
