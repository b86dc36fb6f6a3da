"""Results that are kept: under which name, what comes back, and what is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from rewriter.verify import kept, model
from rewriter.verify.engine import Build, Image, Layer, Settings, Step
from rewriter.verify.kept import key, load, save

SETTINGS = Settings(
    user="10001:10001",
    workdir="/app",
    env={"PATH": "/bin", "EMPTY": ""},
    entrypoint=("tini", "--"),
    cmd=("python", "app.py"),
    ports=frozenset(("8000/tcp", "9000/udp")),
    volumes=frozenset(("/data",)),
    labels={"a": "b"},
    healthcheck=("CMD", "true"),
    stopsignal="SIGINT",
    shell=("/bin/bash", "-c"),
    onbuild=("COPY . .",),
)
IMAGE = Image("app:1", "sha256:1", (Layer("RUN x", 12), Layer("COPY . .", 0)), 12, 7, SETTINGS)
BUILD = Build(3.5, 0.25, (Step("[1/2] RUN x", 1.5, cached=True), Step("[2/2] COPY", None, cached=False)))
ANSWER = model.Answer("GET /", "200", "text/html", b"\x00\xff<p>", steady=False)
SIDE = model.Side(
    IMAGE,
    BUILD,
    replace(BUILD, seconds=1),
    model.Behaviour((ANSWER,), True, 10001, 0.5, None, True, "listening\n\udcff"),
    model.Hardened(False, ("a folder /tmp",)),
)
GROUP = model.Group("package", "deb gcc-12", 12, 50_000_000, ("/usr/bin/gcc",))
FOUND = model.Verification(
    path="app/Dockerfile",
    engine="docker 28.5.2",
    verdict=model.Verdict.PARTLY,
    reason="one transform was left out",
    text="FROM é\r\n# \udcff\n",
    ignore="node_modules\n",
    transforms=("pip-cache-kept", "apt-lists-kept"),
    before=SIDE,
    after=replace(SIDE, rebuild=None, behaviour=None, hardened=None),
    differences=(model.Difference("user", "root", "10001", model.Weight.WANTED, "runs-as-root"),),
    files=model.FileChanges(
        (GROUP,), (), (GROUP,), (model.Owners("/app", "root → 10001", 3),), (model.Lost("/a", "b"),)
    ),
    left_out=(model.LeftOut("heavy-base", "RUN npm ci", 3, "exit code: 1"), model.LeftOut("no-init", "", None, "500")),
    gates=(model.Gate("--max-size 200MB", "184.2 MB", True),),
    scans=(model.Scan("trivy 0.57.0", {"high": 3}, {"high": 0}), model.Scan("syft 1", packages_gone=("deb a 1",))),
    edited="app.py",
    builds=6,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "dockerslim" / "verify"


def test_all_comes_back(folder: Path) -> None:
    save("one", FOUND)
    assert load("one") == replace(FOUND, kept=True, builds=0)
    assert load("two") is None
    assert [path.name for path in folder.iterdir()] == ["one.json"]
    assert folder.stat().st_mode & 0o777 == 0o700


def classes(value: object) -> set[type]:
    """The dataclasses in `value`."""
    found: set[type] = set()
    if is_dataclass(value):
        found = {type(value)}.union(*(classes(getattr(value, field.name)) for field in fields(value)))
    elif isinstance(value, tuple):
        found = found.union(*map(classes, value))
    return found


def test_the_sample_has_every_kind_of_value() -> None:
    known = {each for each in vars(model).values() if isinstance(each, type) and is_dataclass(each)}
    assert known - classes(FOUND) == {model.Choice}


def test_the_least_comes_back() -> None:
    least = model.Verification("Dockerfile", "podman 4.3", model.Verdict.UNCHANGED, "", "")
    save("one", least)
    assert load("one") == replace(least, kept=True)


def test_what_decides_the_result_decides_the_key() -> None:
    parts = {
        "before": "FROM a",
        "ignore": None,
        "arguments": ["A=1"],
        "bytes": b"\xff",
        "flag": True,
        "path": Path("/a"),
    }
    same = {**dict(reversed(parts.items())), "env": {"a": 1, "b": 2}, "set": {"x", "y"}}
    assert key({**parts, "env": {"b": 2, "a": 1}, "set": frozenset(("y", "x"))}) == key(same)
    assert len(key(parts)) == 64
    others: list[dict[str, object]] = [
        {"before": "FROM b"},
        {"ignore": ""},
        {"ignore": "None"},
        {"arguments": ["A", "1"]},
        {"arguments": ("A=1", "B=2")},
        {"bytes": "ff"},
        {"flag": False},
        {"path": "/a"},
        {"more": ""},
        {"before": "FROM \udcff"},
    ]
    assert len({key(parts), *(key({**parts, **other}) for other in others)}) == len(others) + 1
    with pytest.raises(TypeError, match="cannot be part of a key"):
        key({"engine": object()})


def test_another_version_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    first = key({})
    monkeypatch.setattr("rewriter.verify.kept.version", lambda _: "99")
    assert key({}) != first


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"\xff\xfe" + data,
        lambda _: b"[]",
        lambda _: b"null",
        lambda _: b'{"path": "x"}',
        lambda _: b"[" * 100_000,
        lambda data: data.replace(b'"partly"', b'"perhaps"').replace(b'"verdict": "', b'"verdict": "x'),
        lambda data: data.replace(b'"builds"', b'"buildings"'),
        lambda data: data.replace(b'"size": 12', b'"size": "large"'),
    ],
)
def test_a_damaged_file_is_none(folder: Path, change: object) -> None:
    save("one", FOUND)
    path = folder / "one.json"
    before = path.read_bytes()
    path.write_bytes(change(before))  # type: ignore[operator]
    assert path.read_bytes() != before
    assert load("one") is None
    save("one", FOUND)
    assert load("one") is not None


def test_a_folder_that_cannot_be_used_is_no_error(folder: Path) -> None:
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("a file where the folder would be")
    save("one", FOUND)
    assert load("one") is None
    assert folder.parent.read_text() == "a file where the folder would be"


def test_the_oldest_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_FILES", 3)
    for at, name in enumerate("abcd"):
        save(name, FOUND)
        os.utime(folder / f"{name}.json", (at, at))
    assert load("b")  # it is the one that was used last
    save("e", FOUND)
    assert {path.stem for path in folder.iterdir()} == {"b", "d", "e"}
    size = (folder / "e.json").stat().st_size
    monkeypatch.setattr(kept, "_BYTES", 2 * size)
    os.utime(folder / "d.json", (1, 1))
    os.utime(folder / "b.json", (2, 2))
    save("e", FOUND)
    assert {path.stem for path in folder.iterdir()} == {"b", "e"}


BOTH = """
from rewriter.verify import kept
from tests.verify.test_kept import FOUND
kept._FILES = 4
for at in range(60):
    kept.save(f"{at % 6}", FOUND)
    found = kept.load(f"{at % 6}")
    assert found is None or found.text == FOUND.text
"""


def test_two_processes_at_once(folder: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", BOTH], stderr=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    names = {path.name for path in folder.iterdir()}
    assert 0 < len(names) <= 6
    assert all(name.endswith(".json") and load(name.removesuffix(".json")) for name in names)
