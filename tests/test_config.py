"""Configuration files: where they are found, what they may say, and what becomes of mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from rewriter import config
from rewriter.change import Level
from rewriter.config import Config, ConfigError, Overrides, load, read

KNOWN = ("apt-clean", "apt-no-recommends", "copy-not-add", "pip-no-cache")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def reason(path: Path) -> str:
    """Why the file cannot be used: the message without its place."""
    with pytest.raises(ConfigError) as caught:
        read(path, KNOWN)
    assert str(caught.value).startswith(str(caught.value.path))
    return caught.value.reason


# The search


def test_no_file_means_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, KNOWN)
    assert (found.path, found.level, found.select, found.ignore) == (None, Level.STANDARD, None, frozenset())
    assert not found.excludes(tmp_path / "Dockerfile")


def test_closest_file_alone_counts(tmp_path: Path) -> None:
    outer = write(tmp_path / "dockerslim.toml", 'level = "safe"\nignore = ["apt-clean"]\n')
    inner = write(tmp_path / "a/b/dockerslim.toml", 'cache = "mount"\n')
    (tmp_path / "a/b/c").mkdir()
    assert [load(tmp_path / folder, KNOWN).path for folder in (".", "a", "a/b", "a/b/c")] == [outer] * 2 + [inner] * 2
    closest = load(tmp_path / "a/b/c", KNOWN)
    assert (closest.level, closest.ignore, closest.cache) == (Level.STANDARD, frozenset(), "mount")


def test_relative_folder_is_searched_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dockerslim.toml", "")
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert load(Path(), KNOWN).path == load(Path("missing"), KNOWN).path == load(Path(".."), KNOWN).path == path


def test_pyproject_counts_only_with_the_table(tmp_path: Path) -> None:
    outer = write(tmp_path / "pyproject.toml", '[tool.dockerslim]\nlevel = "aggressive"\n')
    write(tmp_path / "a/pyproject.toml", '[project]\nname = "dockerslim-user"\n')
    write(tmp_path / "b/pyproject.toml", 'tool = "dockerslim"\n')
    write(tmp_path / "c/pyproject.toml", "{{ cookiecutter.toml }}\n")
    for folder in "abc":
        found = load(tmp_path / folder, KNOWN)
        assert (found.path, found.level) == (outer, Level.AGGRESSIVE)


def test_own_file_wins_over_pyproject(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.dockerslim]\nlevel = "aggressive"\n')
    own = write(tmp_path / "dockerslim.toml", 'level = "safe"\n')
    assert load(tmp_path, KNOWN).path == own
    assert load(tmp_path, KNOWN).level is Level.SAFE


def test_folder_with_that_name_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "dockerslim.toml").mkdir()
    assert load(tmp_path, KNOWN).path is None


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "dockerslim.toml", "")
    for number in range(20):
        (tmp_path / f"{number}").mkdir()
    table = Mock(side_effect=config._table)
    monkeypatch.setattr(config, "_table", table)
    found = [load(tmp_path / f"{number % 20}", KNOWN) for number in range(60)]
    assert table.call_count == 1
    assert all(one is found[0] for one in found)


def test_pathspec_is_imported_only_where_it_is_needed(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[project]\n")
    code = (
        "import sys, pathlib; from rewriter.config import load\n"
        "before = set(sys.modules)\n"
        "assert not load(pathlib.Path(sys.argv[1]), ()).excludes(pathlib.Path('Dockerfile'))\n"
        "sys.exit(len({'pathspec'} & (set(sys.modules) - before)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, env=environment, check=False).returncode == 0


# What a file may say


def test_every_key(tmp_path: Path) -> None:
    path = write(
        tmp_path / "sub/dockerslim.toml",
        """
        level = "safe"
        select = ["apt-clean", "pip-no-cache"]
        ignore = ["copy-not-add"]
        builder = "kaniko"
        cache = "mount"
        context = ".."
        baseline = "ci/known.json"
        exclude = ["examples/"]
        [per-file-ignores]
        "*.dev" = ["apt-clean"]
        [bases."registry.corp/python:*"]
        like = "python:*"
        """,
    )
    assert read(path, KNOWN) == Config(
        path=path,
        root=Path.cwd(),
        level=Level.SAFE,
        select=frozenset({"apt-clean", "pip-no-cache"}),
        ignore=frozenset({"copy-not-add"}),
        builder="kaniko",
        cache="mount",
        context=tmp_path,
        baseline=tmp_path / "sub/ci/known.json",
        exclude=("examples/",),
        per_file_ignores={"*.dev": frozenset({"apt-clean"})},
        bases={"registry.corp/python:*": {"like": "python:*"}},
    )


def test_file_of_a_windows_editor(tmp_path: Path) -> None:
    (tmp_path / "dockerslim.toml").write_bytes(b'\xef\xbb\xbflevel = "safe"\r\ncache = "mount"\r\n')
    assert load(tmp_path, KNOWN).level is Level.SAFE


def test_explicit_file_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "ci/slim.conf", 'level = "safe"\nexclude = ["third/"]\n')
    monkeypatch.chdir(tmp_path)
    found = read(Path("ci/slim.conf"), KNOWN)
    assert (found.path, found.level) == (tmp_path / "ci/slim.conf", Level.SAFE)
    assert found.excludes(Path("third/Dockerfile"))  # patterns are relative to the working directory here


def test_explicit_pyproject(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", '[project]\n[tool.dockerslim]\nlevel = "safe"\n')
    assert read(path, KNOWN).level is Level.SAFE
    assert reason(write(path, "[project]\n")) == "there is no table [tool.dockerslim] in it"


@pytest.mark.parametrize(
    ("name", "excluded"),
    [
        ("Dockerfile", False),
        ("examples/Dockerfile", True),
        ("a/examples/b/Dockerfile", True),
        ("a/test/Dockerfile", False),
        ("test/Dockerfile", True),
        ("a/Dockerfile.local", True),
        ("a/Dockerfile.keep.local", False),
        ("../test/Dockerfile", False),
        ("../examples/Dockerfile", False),
    ],
)
def test_exclude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, excluded: bool) -> None:
    write(tmp_path / "p/dockerslim.toml", 'exclude = ["examples/", "/test", "*.local", "!*.keep.local"]\n')
    found = load(tmp_path / "p", KNOWN)
    assert found.excludes(tmp_path / "p" / name) is excluded
    monkeypatch.chdir(tmp_path / "p")
    assert found.excludes(Path(name)) is excluded


def test_per_file_ignores(tmp_path: Path) -> None:
    write(
        tmp_path / "dockerslim.toml",
        '[per-file-ignores]\n"*.dev" = ["apt-clean"]\n"/tools/" = ["pip-no-cache", "copy-not-add"]\n',
    )
    found = load(tmp_path, KNOWN)
    assert found.ignored_in(tmp_path / "Dockerfile") == frozenset()
    assert found.ignored_in(tmp_path / "Dockerfile.dev") == {"apt-clean"}
    assert found.ignored_in(tmp_path / "tools/x/Dockerfile.dev") == {"apt-clean", "pip-no-cache", "copy-not-add"}
    assert found.options(tmp_path / "Dockerfile.dev").ignore == {"apt-clean"}


# The command line over the file


def test_options_of_the_file() -> None:
    bases = {"x": {"like": "python:*"}}
    found = Config(level=Level.SAFE, select=frozenset({"a"}), ignore=frozenset({"b"}), builder="buildah", bases=bases)
    options = found.options()
    assert (options.level, options.select, options.ignore) == (Level.SAFE, frozenset("a"), frozenset("b"))
    assert (options.builder, options.cache, options.accept) == ("buildah", "clean", None)
    assert options.bases.overrides == bases
    unset: Overrides = {"level": None, "select": None, "ignore": None, "builder": None, "cache": None, "accept": None}
    assert found.options(**unset).level is Level.SAFE
    assert found.options(**unset).select == frozenset("a")
    assert found.options(**unset).ignore == {"b"}


def test_options_of_the_command_line_win() -> None:
    found = Config(level=Level.SAFE, builder="buildah", cache="mount")
    options = found.options(level=Level.AGGRESSIVE, builder="classic", cache="clean", accept=lambda _: False)
    assert (options.level, options.builder, options.cache) == (Level.AGGRESSIVE, "classic", "clean")
    assert options.accept is not None


@pytest.mark.parametrize(
    ("given", "selected", "ignored"),
    [
        ({"ignore": ["a"]}, {"a", "b"}, {"a", "c", "d"}),
        ({"select": ["a"]}, {"a"}, {"c", "d"}),
        ({"select": ["c"]}, {"c"}, {"d"}),
        ({"select": ["d"]}, {"d"}, {"c", "d"}),
        ({"select": ["c"], "ignore": ["c"]}, {"c"}, {"c", "d"}),
        ({"select": []}, set(), {"c", "d"}),
    ],
)
def test_select_and_ignore_of_the_command_line(given: Any, selected: set[str], ignored: set[str]) -> None:
    found = Config(
        root=Path("/p"),
        select=frozenset("ab"),
        ignore=frozenset("c"),
        per_file_ignores={"Dockerfile": frozenset("d")},
    )
    options = found.options(Path("/p/Dockerfile"), **given)
    assert (options.select, options.ignore) == (frozenset(selected), frozenset(ignored))


# extends


def test_extends_replaces_values_and_merges_tables(tmp_path: Path) -> None:
    write(
        tmp_path / "company/base.toml",
        """
        level = "safe"
        cache = "mount"
        ignore = ["apt-clean"]
        context = "."
        exclude = ["/gone/"]
        per-file-ignores = { "*.a" = ["apt-clean"], "*.b" = ["apt-clean"] }
        [bases.x]
        like = "debian:*"
        user = "app"
        [bases.y]
        like = "alpine:*"
        """,
    )
    path = write(
        tmp_path / "project/pyproject.toml",
        """
        [tool.dockerslim]
        extends = "../company/base.toml"
        level = "aggressive"
        ignore = ["pip-no-cache"]
        per-file-ignores = { "*.b" = ["copy-not-add"] }
        [tool.dockerslim.bases.x]
        like = "ubuntu:*"
        """,
    )
    found = load(tmp_path / "project", KNOWN)
    assert (found.path, found.root) == (path, tmp_path / "project")
    assert (found.level, found.cache) == (Level.AGGRESSIVE, "mount")
    assert found.ignore == {"pip-no-cache"}
    assert found.context == tmp_path / "company"
    assert found.per_file_ignores == {"*.a": {"apt-clean"}, "*.b": {"copy-not-add"}}
    assert found.bases == {"x": {"like": "ubuntu:*", "user": "app"}, "y": {"like": "alpine:*"}}
    assert found.excludes(tmp_path / "project/gone/Dockerfile")  # the pattern is meant for the project


def test_extends_several_files_the_later_wins(tmp_path: Path) -> None:
    write(tmp_path / "common.toml", 'builder = "kaniko"\nlevel = "aggressive"\n')
    write(tmp_path / "a.toml", 'extends = "common.toml"\ncache = "mount"\nlevel = "safe"\n')
    write(tmp_path / "b.toml", 'extends = ["common.toml"]\ncache = "clean"\n')
    found = read(write(tmp_path / "c.toml", 'extends = ["a.toml", "b.toml"]\n'), KNOWN)
    assert (found.builder, found.cache, found.level) == ("kaniko", "clean", Level.AGGRESSIVE)


def test_extends_in_a_circle(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", 'extends = "d/b.toml"\n')
    write(tmp_path / "d/b.toml", 'extends = "../a.toml"\n')
    assert reason(path) == f"extends leads in a circle: {path} -> {tmp_path}/d/b.toml -> {path}"
    assert reason(write(tmp_path / "c.toml", 'extends = "c.toml"\n')).startswith("extends leads in a circle")


def test_mistake_in_an_extended_file_is_told_of_that_file(tmp_path: Path) -> None:
    base = write(tmp_path / "base.toml", 'level = "save"\n')
    path = write(tmp_path / "dockerslim.toml", 'extends = "base.toml"\n')
    with pytest.raises(ConfigError, match=re.escape(f"{base}: level cannot be 'save'; did you mean 'safe'?")):
        read(path, KNOWN)


def test_extends_what_is_no_configuration(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", 'extends = "missing.toml"\n')
    assert reason(path) == f"extends names {tmp_path}/missing.toml, which is no file"
    write(tmp_path / "pyproject.toml", "[project]\n")
    write(path, 'extends = "pyproject.toml"\n')
    assert reason(path) == f"extends names {tmp_path}/pyproject.toml, which has no table [tool.dockerslim]"


# Mistakes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('leval = "safe"', "there is no key 'leval'; did you mean 'level'?"),
        ("per_file_ignores = {}", "there is no key 'per_file_ignores'; did you mean 'per-file-ignores'?"),
        ("level = 2", "level must be a string, not a number"),
        ('level = "Standart"', "level cannot be 'Standart'; did you mean 'standard'?"),
        ('level = "xyz"', "level cannot be 'xyz'; it may be aggressive, safe or standard"),
        ('builder = "docker"', "builder cannot be 'docker'; it may be auto, buildah, buildkit, classic or kaniko"),
        ("cache = true", "cache must be a string, not a boolean"),
        ('select = "apt-clean"', "select must be an array of strings, not a string"),
        ("ignore = [1.5]", "ignore must be an array of strings, and holds a number"),
        ('select = ["apt-claen"]', "select names 'apt-claen', which is no transform; did you mean 'apt-clean'?"),
        ('ignore = ["apt_clean"]', "ignore names 'apt_clean', which is no transform; did you mean 'apt-clean'?"),
        ("context = ['.']", "context must be a path, not an array"),
        ("baseline = 2024-01-01", "baseline must be a path, not a date or time"),
        ("exclude = {}", "exclude must be an array of strings, not a table"),
        ("extends = [[]]", "extends must be an array of strings, and holds an array"),
        (
            "per-file-ignores = []",
            "per-file-ignores must be a table from patterns to names of transforms, not an array",
        ),
        ("[per-file-ignores]\n'*' = ['pip']", "per-file-ignores names 'pip', which is no transform"),
        ("bases = 'x'", "bases must be a table of tables, not a string"),
        ("[bases]\nx = 1", "bases must be a table of tables, and 'x' is a number"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, expected: str) -> None:
    assert reason(write(tmp_path / "dockerslim.toml", text)).startswith(expected)
    table = text.replace("[per", "[tool.dockerslim.per").replace("[bases", "[tool.dockerslim.bases")
    write(tmp_path / "pyproject.toml", f"[tool.dockerslim]\n{table}")
    assert reason(tmp_path / "pyproject.toml").startswith(expected)


def test_unknown_key_without_a_near_one(tmp_path: Path) -> None:
    assert "'zzzzzz'; it may be baseline, bases, builder," in reason(write(tmp_path / "dockerslim.toml", "zzzzzz = 1"))


def test_table_that_is_none(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[tool]\ndockerslim = 1\n")
    assert reason(path) == "tool.dockerslim must be a table, not a number"


@pytest.mark.parametrize(("text", "line"), [('level = "safe"\nlevel =\n', 2), ('x = 1\ny = """\n', 3)])
def test_invalid_toml_names_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path / "dockerslim.toml", text)
    with pytest.raises(ConfigError, match=re.escape(f"{path}:{line}: the file is not valid TOML: ")):
        load(tmp_path, KNOWN)


def test_invalid_pyproject_that_speaks_of_us(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.dockerslim\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:1: "):
        load(tmp_path, KNOWN)


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "dockerslim.toml").write_bytes(b"x = '\xff'\n")
    assert reason(tmp_path / "dockerslim.toml") == "the file is not UTF-8"
    assert reason(tmp_path / "missing.toml") == "the file cannot be read: No such file or directory"
    assert reason(tmp_path) == "the file cannot be read: Is a directory"


@pytest.mark.parametrize("text", ['exclude = ["a", "!"]\n', '[per-file-ignores]\n"!" = []\n', 'exclude = ["[z-a]"]\n'])
def test_pattern_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    assert reason(write(tmp_path / "dockerslim.toml", text)).startswith("there is a pattern that cannot be read: ")


# The table of `dockerslim verify`


def test_verify_holds_what_the_options_hold(tmp_path: Path) -> None:
    text = (
        '[verify]\nengine = "podman"\nhttp = ["/", "/health"]\nrun = "app --version"\nmax-size = "200MB"\nport = 80\n'
    )
    assert read(write(tmp_path / "dockerslim.toml", text), KNOWN).verify == {
        "engine": "podman",
        "http": ("/", "/health"),
        "run": ("app --version",),
        "max_size": "200MB",
        "port": 80,
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("verify = true", "verify must be a table, not a boolean"),
        ("[verify]\nhtpp = '/'", "verify has no key 'htpp'; did you mean 'http'?"),
        ("[verify]\nport = '80'", "verify has 'port', which must be a whole number from 0, not a string"),
        ("[verify]\ntimeout = -1", "verify has 'timeout', which must be a whole number from 0, not -1"),
        ("[verify]\nengine = 1", "verify has 'engine', which must be a string, not a number"),
        ("[verify]\nrun-arg = [1]", "verify has 'run-arg', which must be an array of strings, and holds a number"),
    ],
)
def test_verify_is_checked(tmp_path: Path, text: str, sentence: str) -> None:
    assert reason(write(tmp_path / "dockerslim.toml", text)) == sentence
