"""What cargo needs of a project.

Source: https://doc.rust-lang.org/cargo/commands/cargo-fetch.html, and the pages that are named below.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from rewriter.change import Evidence
from rewriter.project.fetches import Unclear, assigned, carried, folder_of, require_plain, require_untouched, value_of
from rewriter.project.folders import inside, upwards, written
from rewriter.project.manifests import line_of, toml
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.rust.crates import Crates, crates, table
from rewriter.syntax.vocabulary import Call

_ALIASES = {"b": "build", "c": "check", "d": "doc", "r": "run", "t": "test"}
_BUILDS = frozenset(("bench", "build", "check", "clippy", "doc", "fetch", "run", "rustc", "test"))
# Variables of cargo and rustup that a download heeds, not those of the compiler:
# https://doc.rust-lang.org/cargo/reference/environment-variables.html
_OWN = (
    r"CARGO_(?:HOME|NET_\w+|HTTP_\w+|REGISTR\w+|SOURCE_\w+|RESOLVER_\w+|UNSTABLE_\w+)|RUSTUP_\w+|RUSTC|RUSTC_BOOTSTRAP"
)
_MANIFESTS = frozenset(("Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"))
_CONFIGS = (".cargo/config.toml", ".cargo/config")
_TOOLCHAINS = ("rust-toolchain.toml", "rust-toolchain")
_PLAIN = re.compile(r"[\w./@+-]+\Z", re.ASCII)
# Empty targets of more than these make a step that nobody wants to read.
_MOST = 6


def needs(call: Call, view: View) -> Answer:
    """What `call` needs of the project. A build needs the source, but `cargo fetch` can run before it, on manifests
    and empty targets. None where there is nothing to download, and for what is not cargo's own."""
    try:
        return _needs(call, view)
    except Unclear as reason:
        return Obstacle(str(reason))


def _needs(call: Call, view: View) -> Answer:
    command, operands = _command(call)
    if command == "chef":
        return Obstacle("cargo chef keeps the dependencies apart in its own way")
    if not command and call.has("-V", "--version"):
        return Needs(tuple(_toolchains(view)), evidence=(Evidence("cargo --version builds nothing"),))
    if call.has("-C", "--config", "--lockfile-path"):
        raise Unclear(f"cargo {command} takes its configuration from its options")
    if command == "install" and (operands or call.has("--git")) and not call.has("--path"):
        return _published(call, view, operands)
    if command not in _BUILDS | {"install"} or _offline(call, view):
        return None
    return _build(call, view, command)


def _command(call: Call) -> tuple[str, list[str]]:
    """The sub-command in full, and the operands behind it, as written: `cargo +nightly b` is `build`."""
    words = [call.subcommand, *(word.raw for word in call.operands)]
    if words[0].startswith("+"):
        del words[0]
    return (_ALIASES.get(words[0], words[0]), words[1:]) if words else ("", [])


def _offline(call: Call, view: View) -> bool:
    own = assigned(call).get("CARGO_NET_OFFLINE")
    setting = value_of(own) if own else view.env.get("CARGO_NET_OFFLINE")
    return call.has("--offline", "--frozen") or setting in ("true", "1")


def _config(view: View) -> tuple[list[str], bool]:
    """The configuration files (absolute) that cargo finds from the folder of `view`, and whether they take the crates
    from a folder of the project. Raises `Unclear` where they refer to other files.

    Source: https://doc.rust-lang.org/cargo/reference/config.html
    """
    paths = [posixpath.join(folder, name) for folder in upwards(view.folder) for name in _CONFIGS]
    paths = [path for path in paths if view.kind(path) == "file"]
    vendored = False
    for path in paths:
        data = toml(view, path)
        for key in ("include", "patch", "paths"):
            if key in data:
                raise Unclear(f"{view.file(path)} refers to other files by {key}")
        build = table(data.get("build"))
        target = build.get("target")
        words = [build.get(key) for key in ("rustc", "rustc-wrapper", "rustc-workspace-wrapper")]
        for word in (*words, *(target if isinstance(target, list) else [target])):
            if isinstance(word, str) and ("/" in word or word.endswith(".json")):
                raise Unclear(f"{view.file(path)} refers to {word}")
        sources = [table(each) for each in table(data.get("source")).values()]
        vendored |= any("directory" in each or "local-registry" in each for each in sources)
        vendored |= table(data.get("net")).get("offline") is True
    return paths, vendored


def _toolchains(view: View) -> Iterator[str]:
    """The files that tell rustup which toolchain to take: https://rust-lang.github.io/rustup/overrides.html"""
    for folder in upwards(view.folder):
        for path in (posixpath.join(folder, name) for name in _TOOLCHAINS):
            if view.kind(path) == "file":
                if "path" in view.text(path):
                    raise Unclear(f"{view.file(path)} may name a toolchain by its path")
                yield written(view, path)


def _published(call: Call, view: View, operands: list[str]) -> Answer:
    """`cargo install ripgrep`: of the project it reads only which toolchain rustup takes, and no configuration.

    Source: https://doc.rust-lang.org/cargo/commands/cargo-install.html#configuration-discovery
    """
    require_plain(call, view)
    folders = [call.value(option) or "$" for option in ("--root", "--target-dir") if call.has(option)]
    folders += [_set(call, view, name) for name in ("CARGO_HOME", "CARGO_INSTALL_ROOT", "CARGO_TARGET_DIR")]
    for folder in filter(None, folders):
        if not folder.startswith("/") or inside(view, folder):
            raise Unclear(f"cargo install writes to {folder}, which may be among the copied files")
    name = operands[0] if operands else f"--git {call.value('--git')}"
    return Needs(tuple(_toolchains(view)), evidence=(Evidence(f"cargo install {name} builds a published crate"),))


def _set(call: Call, view: View, name: str) -> str:
    """The value of a variable for `call`, "" where it has none and "$" where that is not known."""
    own = assigned(call).get(name)
    if own is not None:
        return value_of(own) or "$"
    return view.env.get(name, "")


def _build(call: Call, view: View, command: str) -> Answer:
    manifest, given = _manifest(call, view, command)
    if manifest is None:
        return None
    settings, vendored = _config(view)
    if vendored:
        return None
    if any(each.program == "cargo" and _command(each)[0] in (_BUILDS | {"chef", "vendor"}) for each in view.before):
        return None
    require_plain(call, view)
    require_untouched(view, _MANIFESTS)
    if any(each.program == "cargo" and _command(each)[0] in ("add", "remove", "update") for each in view.before):
        raise Unclear("cargo changes the manifests before")
    homes = ("/usr/local/cargo", posixpath.join(_set(call, view, "HOME") or "/root", ".cargo"))
    if any(inside(view, home) for home in (_set(call, view, "CARGO_HOME"), *homes) if home):
        raise Unclear("cargo keeps its downloads where the copied files are")
    start = posixpath.dirname(manifest)
    files = [*settings, *(view.path(each) for each in _toolchains(view))]
    for there in () if start == view.folder else (view.into(start),):
        # cargo install --path looks for its configuration from that folder on, and cargo fetch is to run there.
        if {*_config(there)[0], *map(there.path, _toolchains(there))} != set(files):
            raise Unclear(f"{view.file(start)} and {view.file(view.folder)} have settings of their own")
    found = crates(view, manifest)
    root, lock = (posixpath.join(found.root, name) for name in ("Cargo.toml", "Cargo.lock"))
    packages = toml(view, lock).get("package")
    count = sum("source" in table(each) for each in packages) if isinstance(packages, list) else 0
    if not count:
        return None
    at, first, option = view, "", ""
    if given and found.root != view.folder:
        option = f" --manifest-path {given}"
    elif not given and start != view.folder:
        at, first = view.into(start), f"cd {shlex.quote(start)} && "
    fetch = first + _with_targets(at, found, carried(call, _OWN) + _fetch(call, option))
    # Without --locked it looks for the newest versions: https://doc.rust-lang.org/cargo/commands/cargo-install.html
    unlocked = command == "install" and not call.has("--locked")
    paths = [root, *([] if unlocked else [lock]), *files, *(path for path in found.manifests if path != root)]
    still = "" if command == "fetch" else f"cargo {command} still compiles all crates"
    still += ", and downloads those that have a newer version since, as it runs without --locked" if unlocked else ""
    evidence = tuple(_evidence(view, found, root, count, unlocked))
    return Needs(tuple(written(view, path) for path in paths), (), evidence, fetch, still)


def _manifest(call: Call, view: View, command: str) -> tuple[str | None, str]:
    """The Cargo.toml that `call` starts from, None where there is none, and as it is named by an option."""
    name = "--path" if command == "install" else "--manifest-path"
    if not call.has(name):
        folder = folder_of(view, "Cargo.toml")
        return (None if folder is None else posixpath.join(folder, "Cargo.toml")), ""
    given = call.value(name)
    if given is None or not _PLAIN.match(given):
        raise Unclear(f"what {name} names is not known")
    given = posixpath.normpath(posixpath.join(given, "Cargo.toml") if command == "install" else given)
    return view.path(given), "" if given == "Cargo.toml" else given


def _fetch(call: Call, option: str) -> str:
    """The words of cargo fetch. It goes without --locked: where Cargo.lock is not up to date, a build may go on, and
    what it makes of the file is overwritten by the copy behind."""
    toolchain = f" {call.subcommand}" if call.subcommand.startswith("+") else ""
    target = call.value("--target")
    chosen = f" --target {target}" if target and _PLAIN.match(target) and not target.endswith(".json") else ""
    return f"{call.head.raw}{toolchain} fetch{option}{chosen}"


def _with_targets(at: View, found: Crates, fetch: str) -> str:
    """`fetch` with empty files in the place of the targets, which it takes away again."""
    paths = [shlex.quote(written(at, path)) for path in dict.fromkeys(found.targets)]
    if len(paths) > _MOST:
        raise Unclear(f"cargo fetch wants the files of {len(paths)} targets to be there: that is work for cargo chef")
    folders = [posixpath.dirname(path) for path in dict.fromkeys(found.targets)]
    folders = [shlex.quote(written(at, folder)) for folder in dict.fromkeys(folders) if folder != at.folder]
    made = f"mkdir -p {' '.join(folders)} && " if folders else ""
    return f"{made}touch {' '.join(paths)} && {fetch} && rm {' '.join(paths)}" if paths else fetch


def _evidence(view: View, found: Crates, root: str, count: int, unlocked: bool) -> Iterator[Evidence]:
    fact = "is not heeded by cargo install without --locked" if unlocked else f"locks {count} crate{'s' * (count > 1)}"
    yield view.evidence(fact, posixpath.join(found.root, "Cargo.lock"))
    others = [posixpath.dirname(view.file(path) or path) for path in found.manifests if path != root]
    if others:
        line = line_of(view.text(root), r"^\s*(?:\[workspace\]|members\b)")
        yield view.evidence(f"is built with {', '.join(others)}", root, line)
    for path in dict.fromkeys(found.targets):
        yield view.evidence("is a target, whose file must be there, be it empty", path)
