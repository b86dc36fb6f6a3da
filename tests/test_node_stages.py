"""The readers behind the kit of Node: lock files, the strings of sources, what programs are for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewriter import Project
from rewriter.project.context import Unfit
from rewriter.project.needs import Place, View
from rewriter.project.node import code
from rewriter.project.node.installed import Installed, installed
from rewriter.stages.node.programs import compiles, is_install
from rewriter.syntax.shell import parse
from rewriter.syntax.vocabulary import calls

MANIFEST = json.dumps({"dependencies": {"pg": "^8.1.0"}, "devDependencies": {"jest": "^29.0.0"}})
YARN = """# yarn lockfile v1


jest@^29.0.0:
  version "29.7.0"
  resolved "https://registry.yarnpkg.com/jest/-/jest-29.7.0.tgz#1"
  dependencies:
    ms "2.0.0"

ms@2.0.0:
  version "2.0.0"

pg@^8.1.0:
  version "8.2.0"
  dependencies:
    "@brianc/libpq" "^1.0.0"

"@brianc/libpq@^1.0.0":
  version "1.0.0"
  dependencies:
    bindings "^1.5.0"

bindings@^1.5.0:
  version "1.5.0"
"""
BERRY = """__metadata:
  version: 8

"jest@npm:^29.0.0":
  version: 29.7.0
  resolution: "jest@npm:29.7.0"

"pg@npm:^8.1.0":
  version: 8.2.0
  resolution: "pg@npm:8.2.0"
  dependencies:
    bindings: "npm:^1.5.0"
  peerDependencies:
    pg-native: ">=3"

"bindings@npm:^1.5.0":
  version: 1.5.0
"""
PNPM_9 = """lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      pg:
        specifier: ^8.1.0
        version: 8.2.0(x@1.0.0)
    devDependencies:
      jest:
        specifier: ^29.0.0
        version: 29.7.0
packages:
  pg@8.2.0:
    resolution: {integrity: sha512-a}
    peerDependencies:
      x: '*'
  jest@29.7.0:
    resolution: {integrity: sha512-b}
  bindings@1.5.0:
    resolution: {integrity: sha512-c}
snapshots:
  pg@8.2.0(x@1.0.0):
    dependencies:
      bindings: 1.5.0
  jest@29.7.0: {}
  bindings@1.5.0: {}
"""
PNPM_6 = """lockfileVersion: '6.0'
dependencies:
  pg:
    specifier: ^8.1.0
    version: 8.2.0
packages:
  /pg@8.2.0:
    resolution: {integrity: sha512-a}
    requiresBuild: true
    dependencies:
      bindings: 1.5.0
  /jest@29.7.0:
    resolution: {integrity: sha512-b}
    dev: true
  /bindings@1.5.0:
    resolution: {integrity: sha512-c}
"""
NPM_1 = json.dumps(
    {
        "lockfileVersion": 1,
        "dependencies": {
            "pg": {"version": "8.2.0", "requires": {"bindings": "^1.5.0"}},
            "jest": {"version": "29.7.0", "dev": True},
            "bindings": {"version": "1.5.0"},
        },
    }
)


def lock(folder: Path, name: str, text: str) -> Installed:
    (folder / "package.json").write_text(MANIFEST)
    (folder / name).write_text(text)
    return installed(View(Project(folder), (Place(".", "/app"),), "/app"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("yarn.lock", YARN),
        ("yarn.lock", BERRY),
        ("pnpm-lock.yaml", PNPM_9),
        ("pnpm-lock.yaml", PNPM_6),
        ("package-lock.json", NPM_1),
    ],
    ids=["yarn 1", "berry", "pnpm 9", "pnpm 6", "npm 6"],
)
def test_every_lock_file_says_what_is_for_development(tmp_path: Path, name: str, text: str) -> None:
    found = lock(tmp_path, name, text)
    assert "jest" in found.left_out
    assert not {"pg", "bindings"} & found.left_out
    natives = {name for name, each in found.packages.items() if "bindings" in each.asks}
    assert natives in ({"pg"}, {"@brianc/libpq"})
    assert found.direct == {"pg": False, "jest": True}


def test_what_runs_elsewhere_alone_is_not_there(tmp_path: Path) -> None:
    entries = {
        "": {},
        "node_modules/fsevents": {"version": "2.3.3", "hasInstallScript": True, "os": ["darwin"]},
        "node_modules/a/node_modules/b": {"resolved": "git+ssh://git@github.com/a/b.git#1", "hasInstallScript": True},
    }
    found = lock(tmp_path, "package-lock.json", json.dumps({"lockfileVersion": 3, "packages": entries}))
    assert set(found.packages) == {"b"}
    assert found.packages["b"].git
    assert found.packages["b"].scripts


@pytest.mark.parametrize("text", ["", "[]", "lockfileVersion: '5.4'", "importers: {a: {}, b: {}}", "\t- : ["])
def test_another_pnpm_lock_file_is_a_reason(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unfit):
        lock(tmp_path, "pnpm-lock.yaml", text)


def test_strings_of_sources() -> None:
    root = code.tree(
        "import type { A } from 'types'; import b from 'b'; export * from './c';\n"
        "const d = require('d'), e = `git ${b} log`, f: A = <A>d; // 'comment'\n",
        typescript=True,
    )
    assert root
    assert [text.value for text in code.strings(root)] == ["b", "./c", "d", "git ", " log"]
    assert code.tree("const a = (") is None


def test_a_text_without_a_tree_is_searched_for_words() -> None:
    assert code.named('require("tslib/x"', {"tslib"}) == code.Text("tslib", 1)
    assert code.named('"@types/tslib" my-tslib tslib-x', {"tslib"}) is None


@pytest.mark.parametrize(
    ("command", "answer"),
    [("next start -p 80", False), ("next dev", True), ("next", True), ("vite", True), ("prisma migrate deploy", False)],
)
def test_what_compiles_at_the_start(command: str, answer: bool) -> None:
    script = parse(command)
    assert script
    assert compiles(calls(script)[0]) is answer


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("npm ci", True),
        ("yarn", True),
        ("pnpm add ms", True),
        ("npm i -g pm2", False),
        ("npm", False),
        ("yarn -v", False),
    ],
)
def test_what_installs(command: str, answer: bool) -> None:
    script = parse(command)
    assert script
    assert is_install(calls(script)[0]) is answer
