"""Whether a lock file holds what package.json asks for, and what a node program loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rewriter import Project
from rewriter.project.context import Unfit
from rewriter.project.needs import Place, View
from rewriter.project.node import imports as node_imports
from rewriter.project.node import locks as node_locks

MS = {"dependencies": {"ms": "^2.1.0"}}
YARN = """# yarn lockfile v1

"@a/b@^1", x@1:
  version "1"
  dependencies:
    "@c/d" "^2"
    ms "2"

"@c/d@^2":
  version "2"
"""
PNPM: dict[str, Any] = {
    "lockfileVersion": "9.0",
    "importers": {".": {"dependencies": {"ms": {"specifier": "^2.1.0", "version": "2.1.3"}}}},
}


def view(folder: Path, files: dict[str, Any]) -> View:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return View(Project(folder), (Place(".", "/app"),), "/app")


def lock(root: dict[str, Any], version: int = 3, **packages: dict[str, Any]) -> dict[str, Any]:
    entries = {f"node_modules/{name.replace('__', '/node_modules/')}": entry for name, entry in packages.items()}
    return {"lockfileVersion": version, "packages": {"": root, **entries}}


@pytest.mark.parametrize(
    ("manifest", "held"),
    [
        ({}, lock({})),
        (MS, lock(MS, ms={"version": "2.1.3"})),
        ({"dependencies": {"m": "npm:ms@~2.1"}}, lock({"dependencies": {"m": "npm:ms@~2.1"}}, m={"version": "2.1.3"})),
        ({"dependencies": {"ms": "*"}}, lock({"dependencies": {"ms": "*"}}, ms={"version": "3.0.0-beta"})),
        (
            {"dependencies": {"a": "1"}},
            lock(
                {"dependencies": {"a": "1"}},
                a={"version": "1.0.0", "dependencies": {"ms": "1 || 2"}, "peerDependencies": {"p": "1"}},
                a__ms={"version": "2.0.0"},
                ms={"version": "9.0.0"},
                p={"version": "1.2.3"},
            ),
        ),
        (
            {"dependencies": {"a": "1"}, "optionalDependencies": {"a": "1"}},
            lock(
                {"optionalDependencies": {"a": "1"}},
                a={
                    "version": "1.0.0",
                    "peerDependencies": {"p": "1"},
                    "peerDependenciesMeta": {"p": {"optional": True}},
                },
            ),
        ),
    ],
)
def test_npm_takes_it(tmp_path: Path, manifest: dict[str, Any], held: dict[str, Any]) -> None:
    found = view(tmp_path, {"package.json": manifest, "package-lock.json": held})
    assert node_locks.npm(found, legacy=False) == "package-lock.json"


@pytest.mark.parametrize(
    ("manifest", "held", "expected"),
    [
        (MS, lock({}), "their dependencies differ"),
        (MS, lock(MS), "holds no ms ^2.1.0 for package.json"),
        (MS, lock(MS, ms={"version": "2.0.0"}), "holds no ms ^2.1.0"),
        (MS, lock(MS, ms={"version": 2}), "holds no ms"),
        (MS, lock(MS, version=1, ms={"version": "2.1.3"}), "npm 6"),
        (MS, [], "holds no JSON object"),
        (MS, {"lockfileVersion": 3, "packages": []}, "their dependencies differ"),
        (MS, lock(MS, ms={"version": "2.1.3", "peerDependencies": {"p": "1"}}), "holds no p 1 for node_modules/ms"),
        (MS, lock(MS, ms={"version": "2.1.3", "optionalDependencies": {"o": "1"}}), "holds no o 1"),
        (MS, lock(MS, ms={"version": "2.1.3", "dependencies": {"ms": "git+ssh://x/y"}}), "holds no ms git"),
        (MS, lock(MS, ms={"version": "2.1.3"}, x={"link": True}), "lies in the project"),
        ({"dependencies": {"x": "file:x"}}, lock({}), "asks for x by an address"),
        ({"dependencies": {"x": "me/x"}}, lock({}), "asks for x by an address"),
        ({"overrides": {"x": "1"}}, lock({}), "has overrides"),
        ({"workspaces": ["a"]}, lock({}), "has workspaces"),
        (
            {"dependencies": {"x": "latest"}},
            lock({"dependencies": {"x": "latest"}}, x={"version": "1.0.0"}),
            "holds no x",
        ),
        (
            {"dependencies": {"x": "1" * 100_000}},
            lock({"dependencies": {"x": "1" * 100_000}}, x={"version": "1.0.0"}),
            "holds no x",
        ),
    ],
)
def test_npm_may_refuse_it(tmp_path: Path, manifest: dict[str, Any], held: Any, expected: str) -> None:
    with pytest.raises(Unfit, match=expected.replace("^", r"\^")):
        node_locks.npm(view(tmp_path, {"package.json": manifest, "package-lock.json": held}), legacy=False)


def test_npm_without_peers(tmp_path: Path) -> None:
    held = lock(MS, ms={"version": "2.1.3", "peerDependencies": {"p": "1"}})
    files = {"package.json": MS, "package-lock.json": held}
    assert node_locks.npm(view(tmp_path, files), legacy=True)
    assert node_locks.npm(view(tmp_path, {".npmrc": "legacy-peer-deps=true"}), legacy=False)
    with pytest.raises(Unfit, match="takes no lock file"):
        node_locks.npm(view(tmp_path, {".npmrc": "package-lock=false"}), legacy=True)


def test_yarn(tmp_path: Path) -> None:
    manifest = {"dependencies": {"@a/b": "^1"}, "devDependencies": {"x": "1"}}
    files = {"package.json": manifest, "yarn.lock": YARN + '\nms@2:\n  version "2"\n'}
    assert node_locks.yarn(view(tmp_path, files)) == "yarn.lock"
    for held, reason in ((YARN, "holds no ms@2"), ("# yarn lockfile v1\n", "holds no"), ("x", "is not one of yarn 1")):
        with pytest.raises(Unfit, match=reason):
            node_locks.yarn(view(tmp_path, {"yarn.lock": held}))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ""),
        ({"pnpm-lock.yaml": {**PNPM, "lockfileVersion": "6.0"}}, "of a version"),
        ({"pnpm-lock.yaml": {**PNPM, "importers": []}}, "their dependencies differ"),
        ({"pnpm-lock.yaml": "- x"}, "of a version"),
        ({"package.json": MS}, "of a version"),
        ({".npmrc": ""}, "may change what pnpm compares"),
        ({"package.json": {**MS, "packageManager": "pnpm@10.1.0", "pnpm": {"overrides": {}}}}, "has pnpm"),
    ],
)
def test_pnpm(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    files = {"package.json": {**MS, "packageManager": "pnpm@9.15.0"}, "pnpm-lock.yaml": PNPM, **change}
    if not expected:
        assert node_locks.pnpm(view(tmp_path, files)) == "pnpm-lock.yaml"
        return
    with pytest.raises(Unfit, match=expected):
        node_locks.pnpm(view(tmp_path, files))


@pytest.mark.parametrize(
    ("words", "scripts", "expected"),
    [
        (("node", "a.js"), {}, "a.js"),
        (("docker-entrypoint.sh", "/usr/local/bin/node", "a.js", "--port", "1"), {}, "a.js"),
        (("npm", "start"), {"start": "node ./a.js"}, "./a.js"),
        (("yarn", "run", "start"), {}, "server.js"),
    ],
)
def test_started(tmp_path: Path, words: tuple[str, ...], scripts: dict[str, str], expected: str) -> None:
    assert node_imports.started(view(tmp_path, {"package.json": {"scripts": scripts}}), words) == expected


@pytest.mark.parametrize(
    ("words", "scripts"),
    [
        ((), {}),
        (("node",), {}),
        (("node", "-r", "dotenv/config", "a.js"), {}),
        (("sh", "-c", "node a.js"), {}),
        (("npm", "start"), {"start": "node a.js && node b.js"}),
        (("npm", "start"), {"start": "node $FILE"}),
        (("npm", "start"), {"start": "nodemon a.js"}),
        (("npm", "start"), {"start": "node a.js", "prestart": "tsc"}),
        (("npm", "start"), {"start": "node a.js > log"}),
    ],
)
def test_not_started_by_node_alone(tmp_path: Path, words: tuple[str, ...], scripts: dict[str, str]) -> None:
    with pytest.raises(Unfit):
        node_imports.started(view(tmp_path, {"package.json": {"scripts": scripts}}), words)


def test_files_that_are_loaded(tmp_path: Path) -> None:
    files = {
        "a.js": "require('./lib'); import x from \"./data.json\"; export * from './b.mjs'",
        "lib/index.js": "require('../a'); require('fs')",
        "data.json": "{}",
        "b.mjs": "await import('./c.cjs')",
        "c.cjs": "",
        "unused.js": "require('dev')",
    }
    found = node_imports.names_one_of(view(tmp_path, files), "a.js", {"dev"})
    assert set(found) == {"a.js", "lib/index.js", "data.json", "b.mjs", "c.cjs"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\nrequire('dev')", "a.js:2 names dev"),
        ("set('engine', `dev`)", "a.js:1 names dev"),
        ("import 'dev/register'", "a.js:1 names dev"),
        ("require(name)", "a.js:1 loads what it does not name"),
        ("import(`./${x}`)", "a.js:1 loads what"),
        ("const load = require", "a.js:1 loads what"),
        ("require('node:child_process')", "a.js:1 loads what"),
        ("require('./gone')", "a.js loads ./gone, which is not among"),
        ("require('./b')", "a.js loads ./b, which is not among"),
        ("require('../outside')", "a.js loads ../outside"),
        ("import '#inner'", "which is not among"),
    ],
)
def test_what_cannot_be_followed(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(Unfit) as caught:
        node_imports.names_one_of(view(tmp_path, {"a.js": text, "b.ts": ""}), "a.js", {"dev"})
    assert expected in str(caught.value)
