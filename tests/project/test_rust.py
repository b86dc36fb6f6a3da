"""Cargo: the manifests and empty targets on which `cargo fetch` runs before the sources are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.asked import answer, known, obstacle

LOCK = """\
version = 4

[[package]]
name = "app"
version = "0.1.0"

[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://github.com/rust-lang/crates.io-index"
"""


def package(name: str, rest: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{rest}'


MANIFEST = package("app", '\n[dependencies]\nserde = "1"\n')
FILES = {"Cargo.toml": MANIFEST, "Cargo.lock": LOCK, "src/main.rs": "fn main() {}\n"}
ROOT = """\
[workspace]
members = ["crates/*"]
exclude = ["crates/old"]

[workspace.dependencies]
b = { path = "crates/b" }
"""
SPACE = {
    "Cargo.toml": ROOT,
    "Cargo.lock": LOCK,
    "crates/a/Cargo.toml": package("a", "[dependencies]\nb.workspace = true\n"),
    "crates/a/src/main.rs": "",
    "crates/b/Cargo.toml": package("b"),
    "crates/b/src/lib.rs": "",
    "crates/old/Cargo.toml": "not toml",
    "crates/notes/README.md": "",
}


def fetch(then: str = "cargo fetch", target: str = "src/main.rs", folder: str = "src") -> str:
    return f"mkdir -p {folder} && touch {target} && {then} && rm {target}"


@pytest.mark.parametrize(
    ("command", "then"),
    [
        ("cargo build --release", "cargo fetch"),
        ("cargo build --release --locked --bin app --features 'a b' -j 4", "cargo fetch"),
        ("cargo b -r", "cargo fetch"),
        ("cargo +nightly build -Z unstable-options", "cargo +nightly fetch"),
        ("RUSTFLAGS='-C target-cpu=native' SQLX_OFFLINE=true cargo test", "cargo fetch"),
        ("CARGO_NET_GIT_FETCH_WITH_CLI=true cargo check", "CARGO_NET_GIT_FETCH_WITH_CLI=true cargo fetch"),
        ("cargo build --target x86_64-unknown-linux-musl", "cargo fetch --target x86_64-unknown-linux-musl"),
        ("cargo build --target=$TARGET", "cargo fetch"),
        ("cargo build --target spec.json", "cargo fetch"),
        ("cargo run -- $ARGS", "cargo fetch"),
        ("cargo install --locked --path .", "cargo fetch"),
        ("cargo rustc --manifest-path ./Cargo.toml -- -C lto", "cargo fetch"),
    ],
)
def test_a_build(tmp_path: Path, command: str, then: str) -> None:
    found = known(answer(tmp_path, FILES, command))
    assert found.reads == ("Cargo.toml", "Cargo.lock")
    assert found.leaves == ()
    assert found.fetch == fetch(then)
    assert found.still.endswith("still compiles all crates")
    assert [str(fact) for fact in found.evidence] == [
        "Cargo.lock: locks 1 crate",
        "src/main.rs: is a target, whose file must be there, be it empty",
    ]


def test_an_install_that_does_not_heed_the_lock_file(tmp_path: Path) -> None:
    for command in ("cargo install --path .", "cargo install"):
        found = known(answer(tmp_path, FILES, command))
        assert found.reads == ("Cargo.toml",)
        assert found.fetch == fetch()
        assert "newer version" in found.still
        assert "not heeded" in str(found.evidence[0])


def test_a_fetch(tmp_path: Path) -> None:
    found = known(answer(tmp_path, FILES, "cargo fetch --locked"))
    assert found.fetch == fetch()
    assert found.still == ""


@pytest.mark.parametrize(
    "command",
    [
        *("cargo new app", "cargo fmt --check", "cargo zigbuild", "cargo vendor", "cargo clean", "cargo"),
        *("cargo build --offline", "cargo build --frozen", "CARGO_NET_OFFLINE=true cargo build"),
    ],
)
def test_not_judged(tmp_path: Path, command: str) -> None:
    assert answer(tmp_path, FILES, command) is None


def test_nothing_to_download(tmp_path: Path) -> None:
    local = {**FILES, "Cargo.lock": LOCK.partition('[[package]]\nname = "serde"')[0]}
    assert answer(tmp_path, local, "cargo build") is None
    assert answer(tmp_path, {"README.md": ""}, "cargo build") is None
    for before in ("cargo fetch", "cargo build --release", "cargo chef cook --recipe-path recipe.json"):
        assert answer(tmp_path, FILES, "cargo build", before=before) is None
    assert known(answer(tmp_path, FILES, "cargo build", before="cargo install just; cargo --version"))


def test_crates_in_a_folder(tmp_path: Path) -> None:
    config = '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n'
    assert answer(tmp_path, {**FILES, ".cargo/config.toml": config}, "cargo build") is None
    assert answer(tmp_path, {**FILES, ".cargo/config.toml": "[net]\noffline = true\n"}, "cargo build") is None


def test_settings(tmp_path: Path) -> None:
    settings = {
        ".cargo/config.toml": '[build]\nrustflags = ["-C", "lto"]\n',
        "rust-toolchain.toml": '[toolchain]\nchannel = "1.80"\n',
    }
    found = known(answer(tmp_path, {**FILES, **settings}, "cargo build"))
    assert found.reads == ("Cargo.toml", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml")


def test_a_published_crate(tmp_path: Path) -> None:
    settings = {".cargo/config.toml": "[build]\n", "rust-toolchain": "nightly\n"}
    for command in (
        "cargo install sqlx-cli --version 0.7.4",
        "cargo +nightly install a b",
        "cargo install --git https://example.org/a",
    ):
        assert known(answer(tmp_path / "plain", FILES, command)).reads == ()
        # no configuration of the project: cargo looks for it from its home on
        assert known(answer(tmp_path / "set", {**FILES, **settings}, command)).reads == ("rust-toolchain",)
    assert known(answer(tmp_path, FILES, "cargo install --root /usr/local a")).reads == ()
    for command in (
        "cargo install --root tools a",
        "cargo install --root $HOME a",
        "CARGO_TARGET_DIR=/app/target cargo install a",
    ):
        assert "which may be among the copied files" in obstacle(answer(tmp_path, FILES, command))
    assert "$TOOLS" in obstacle(answer(tmp_path, FILES, "cargo install $TOOLS"))
    assert known(answer(tmp_path, FILES, "cargo --version")).reads == ()


def test_a_workspace(tmp_path: Path) -> None:
    found = known(answer(tmp_path, SPACE, "cargo build --release -p a"))
    assert found.reads == ("Cargo.toml", "Cargo.lock", "crates/a/Cargo.toml", "crates/b/Cargo.toml")
    targets = "crates/a/src/main.rs crates/b/src/lib.rs"
    assert found.fetch == fetch(target=targets, folder="crates/a/src crates/b/src")
    assert str(found.evidence[1]) == "Cargo.toml:1: is built with crates/a, crates/b"


@pytest.mark.parametrize(
    "command", ["cargo install --locked --path crates/a", "cargo build --manifest-path crates/a/Cargo.toml"]
)
def test_a_member_that_is_named(tmp_path: Path, command: str) -> None:
    found = known(answer(tmp_path, SPACE, command))
    assert found.reads[:2] == ("Cargo.toml", "Cargo.lock")
    assert set(found.reads[2:]) == {"crates/a/Cargo.toml", "crates/b/Cargo.toml"}
    assert "&& cargo fetch &&" in (found.fetch or "")


def test_a_large_workspace(tmp_path: Path) -> None:
    files = {"Cargo.toml": ROOT, "Cargo.lock": LOCK}
    for name in "abcdefg":
        files |= {f"crates/{name}/Cargo.toml": package(name), f"crates/{name}/src/lib.rs": ""}
    assert "the files of 7 targets" in obstacle(answer(tmp_path, files, "cargo build"))


def test_a_workspace_in_a_folder(tmp_path: Path) -> None:
    inner = {f"rust/{name}": text for name, text in SPACE.items()}
    found = known(answer(tmp_path, inner, "cargo build --manifest-path rust/Cargo.toml"))
    assert "&& cargo fetch --manifest-path rust/Cargo.toml &&" in (found.fetch or "")
    assert known(answer(tmp_path, inner, "cargo build", folder="/app/rust")).reads[0] == "Cargo.toml"


def test_a_folder_below_the_package(tmp_path: Path) -> None:
    found = known(answer(tmp_path, FILES, "cargo build", folder="/app/src"))
    assert found.reads == ("/app/Cargo.toml", "/app/Cargo.lock")
    assert found.fetch == f"cd /app && {fetch()}"
    config = {**FILES, "src/.cargo/config.toml": "[build]\n"}
    assert "settings of their own" in obstacle(answer(tmp_path, config, "cargo build", folder="/app/src"))


def test_a_member_finds_its_workspace(tmp_path: Path) -> None:
    found = known(answer(tmp_path, SPACE, "cargo build", folder="/app/crates/b"))
    assert found.reads == ("/app/Cargo.toml", "/app/Cargo.lock", "Cargo.toml", "/app/crates/a/Cargo.toml")
    assert found.fetch == fetch(target="src/lib.rs /app/crates/a/src/main.rs", folder="src /app/crates/a/src")


def test_an_excluded_package_has_its_own_lock_file(tmp_path: Path) -> None:
    files = {**SPACE, "crates/old/Cargo.toml": MANIFEST, "crates/old/Cargo.lock": LOCK, "crates/old/src/main.rs": ""}
    found = known(answer(tmp_path, files, "cargo build", folder="/app/crates/old"))
    assert found.reads[:2] == ("Cargo.toml", "Cargo.lock")
    assert "/app/Cargo.toml" in found.reads


@pytest.mark.parametrize(
    ("rest", "path"),
    [
        ('[dependencies]\nb = { path = "libs/b" }\n', "libs/b"),
        ('[target."cfg(unix)".build-dependencies.b]\npath = "libs/b"\n', "libs/b"),
        ('[patch.crates-io]\nb = { path = "libs/b" }\n', "libs/b"),
        ('[replace]\n"b:0.1.0" = { path = "libs/b" }\n', "libs/b"),
        ('[workspace]\nmembers = ["libs/?"]\n', "libs/b"),
        ('[workspace]\nmembers = ["libs/b"]\n', "libs/b"),
    ],
)
def test_folders(tmp_path: Path, rest: str, path: str) -> None:
    files = {**FILES, "Cargo.toml": package("app", rest), f"{path}/Cargo.toml": package("b"), f"{path}/src/lib.rs": ""}
    found = known(answer(tmp_path, files, "cargo build"))
    assert found.reads == ("Cargo.toml", "Cargo.lock", f"{path}/Cargo.toml")
    assert f"src/main.rs {path}/src/lib.rs" in (found.fetch or "")


def test_a_package_that_points_to_its_workspace(tmp_path: Path) -> None:
    root = '[workspace]\nmembers = ["../app"]\n[workspace.dependencies]\nb = { path = "../b" }\n'
    files = {
        "ws/Cargo.toml": root,
        "ws/Cargo.lock": LOCK,
        "app/Cargo.toml": package("app", 'workspace = "../ws"\n[dependencies]\nb.workspace = true\n'),
        "app/src/main.rs": "",
        "b/Cargo.toml": package("b"),
        "b/src/lib.rs": "",
    }
    found = known(answer(tmp_path, files, "cargo build --manifest-path app/Cargo.toml"))
    assert found.reads == ("ws/Cargo.toml", "ws/Cargo.lock", "app/Cargo.toml", "b/Cargo.toml")


@pytest.mark.parametrize(
    ("rest", "files", "targets"),
    [
        ("", ["src/main.rs", "src/lib.rs"], "src/lib.rs"),
        ("autolib = false\n", ["src/main.rs", "src/lib.rs"], "src/main.rs"),
        ("autobins = false\n", ["src/main.rs", "src/lib.rs"], "src/lib.rs"),
        ("", ["src/bin/a.rs", "src/bin/b.rs"], "src/bin/a.rs"),
        ("", ["src/bin/a/main.rs"], "src/bin/a/main.rs"),
        ('[[bin]]\nname = "x"\npath = "app/x.rs"\n', ["app/x.rs"], ""),
        ('[lib]\npath = "lib.rs"\n', ["lib.rs"], ""),
        ('[lib]\ncrate-type = ["cdylib"]\n', ["src/lib.rs"], "src/lib.rs"),
        ('[[bin]]\nname = "app"\n', ["src/main.rs"], "src/main.rs"),
        ('[[bin]]\nname = "x"\n', ["src/bin/x.rs"], "src/bin/x.rs"),
        ('[[bin]]\nname = "x"\n', ["src/bin/x/main.rs"], "src/bin/x/main.rs"),
        (
            '[[bench]]\nname = "speed"\nharness = false\n',
            ["src/lib.rs", "benches/speed.rs"],
            "benches/speed.rs src/lib.rs",
        ),
        (
            '[[example]]\nname = "e"\n[[test]]\nname = "t"\npath = "t.rs"\n',
            ["src/lib.rs", "examples/e/main.rs"],
            "examples/e/main.rs src/lib.rs",
        ),
    ],
)
def test_targets(tmp_path: Path, rest: str, files: list[str], targets: str) -> None:
    context = {"Cargo.toml": package("app", rest), "Cargo.lock": LOCK, **dict.fromkeys(files, "")}
    found = known(answer(tmp_path, context, "cargo build"))
    made = (found.fetch or "").partition(" && cargo fetch")[0].partition("touch ")[2]
    assert made == targets
    assert (found.fetch or "").endswith(f"&& rm {targets}" if targets else "cargo fetch")


def test_targets_of_other_keys(tmp_path: Path) -> None:
    text = package("app", 'links = "z"\ndefault-run = "serve"\n')
    files = {**FILES, "Cargo.toml": text, "build.rs": "", "src/bin/serve.rs": ""}
    found = known(answer(tmp_path, files, "cargo build"))
    targets = "src/main.rs src/bin/serve.rs build.rs"
    assert found.fetch == fetch(target=targets, folder="src src/bin")


@pytest.mark.parametrize(
    ("files", "command", "reason"),
    [
        (
            {**FILES, "src/main.rs": "", ".dockerignore": "src\n"},
            "cargo build",
            "Cargo.toml has a target whose file (src/lib.rs) is not copied",
        ),
        ({**FILES, ".dockerignore": "Cargo.lock\n"}, "cargo build", "Cargo.lock is left out by .dockerignore"),
        (
            {**FILES, ".dockerignore": "Cargo.lock\n"},
            "cargo install --path .",
            "Cargo.lock is left out by .dockerignore",
        ),
        ({**FILES, ".dockerignore": "Cargo.toml\n"}, "cargo build", "Cargo.toml is left out by .dockerignore"),
        (
            {**FILES, "Cargo.toml": package("app", '[dependencies]\nb = { path = "../b" }\n')},
            "cargo build",
            "Cargo.toml depends on b in ../b, which is not copied with its Cargo.toml",
        ),
        (
            {**FILES, "Cargo.toml": package("app", '[workspace]\nmembers = ["b"]\n')},
            "cargo build",
            "Cargo.toml has the member b, which is not copied with its Cargo.toml",
        ),
        (
            {**FILES, "Cargo.toml": '[workspace]\nmembers = ["**"]\n'},
            "cargo build",
            "Cargo.toml finds its members by **",
        ),
        (
            {**FILES, ".cargo/config.toml": 'paths = ["x"]\n'},
            "cargo build",
            ".cargo/config.toml refers to other files by paths",
        ),
        (
            {**FILES, ".cargo/config": '[build]\nrustc-wrapper = "./wrap.sh"\n'},
            "cargo build",
            ".cargo/config refers to ./wrap.sh",
        ),
        (
            {**FILES, ".cargo/config.toml": '[build]\ntarget = ["os.json"]\n'},
            "cargo build",
            ".cargo/config.toml refers to os.json",
        ),
        (
            {**FILES, "rust-toolchain.toml": '[toolchain]\npath = "../rust"\n'},
            "cargo build",
            "rust-toolchain.toml may name a toolchain by its path",
        ),
        (FILES, "cargo build $FLAGS", "cargo build takes options from $FLAGS"),
        (FILES, "cargo build --manifest-path $DIR/Cargo.toml", "what --manifest-path names is not known"),
        (FILES, "cargo install --path", "what --path names is not known"),
        (FILES, "cargo build --config net.toml", "cargo build takes its configuration from its options"),
        (FILES, "sudo cargo build", "cargo runs through sudo"),
        (FILES, "CARGO_HOME=/app/.cargo cargo build", "cargo keeps its downloads where the copied files are"),
        (
            FILES,
            "cargo chef prepare --recipe-path recipe.json",
            "cargo chef keeps the dependencies apart in its own way",
        ),
    ],
)
def test_obstacles(tmp_path: Path, files: dict[str, str], command: str, reason: str) -> None:
    assert obstacle(answer(tmp_path, files, command)) == reason


@pytest.mark.parametrize(
    "before", ["sed -i s/a/b/ Cargo.toml", "cargo update -p serde", "rm -f Cargo.lock", "cargo add tokio"]
)
def test_steps_before(tmp_path: Path, before: str) -> None:
    assert " before" in obstacle(answer(tmp_path, FILES, "cargo build", before=before))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[package\n", "Cargo.toml is no TOML"),
        ("a = " + "[" * 100_000, "Cargo.toml is nested too deeply"),
        ("workspace = 3\npackage = []\nlib = 1\nbin = {}\ndependencies = 4\n", "whose file (src/lib.rs) is not"),
        ('[package]\nname = 3\n[[bin]]\nname = ["a"]\n[workspace]\nmembers = [1]\nexclude = "x"\n', "src/bin/['a'].rs"),
        ('[workspace]\nmembers = ["[", "*/*/*/../../..", ""]\n', None),
        (package("a", '[dependencies]\na = { path = "." }\n'), None),
        (package("a", '[dependencies]\nb = { path = "/" }\n'), "depends on b in /, which is not copied"),
        (package("a", 'workspace = "x"\n'), "belongs to the workspace x, which is not copied"),
    ],
)
def test_broken_manifests(tmp_path: Path, text: str, reason: str | None) -> None:
    found = answer(tmp_path, {**FILES, "Cargo.toml": text}, "cargo build")
    if reason is None:
        assert known(found).reads == ("Cargo.toml", "Cargo.lock")
    else:
        assert reason in obstacle(found)


def test_broken_lock_files(tmp_path: Path) -> None:
    assert "Cargo.lock is no TOML" in obstacle(answer(tmp_path, {**FILES, "Cargo.lock": "[[package]\n"}, "cargo build"))
    for text in ("package = 3\n", 'package = ["a"]\n', ""):
        assert answer(tmp_path, {**FILES, "Cargo.lock": text}, "cargo build") is None
