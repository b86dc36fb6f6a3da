"""Rust programs without what only debuggers read.

Sources: https://doc.rust-lang.org/cargo/reference/profiles.html#strip,
https://doc.rust-lang.org/cargo/reference/environment-variables.html (CARGO_PROFILE_<name>_STRIP, Cargo 1.59),
https://blog.rust-lang.org/2024/03/21/Rust-1.77.0/ (debuginfo is stripped where none is asked for)
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.project.context import Unfit
from rewriter.project.fetches import Unclear, folder_of
from rewriter.project.manifests import toml
from rewriter.project.needs import View
from rewriter.project.rust.crates import table
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_STABLE, _BY_ITSELF = (1, 59), (1, 77)
_SETS = re.compile(
    r"CARGO_PROFILE_\w+|RUSTFLAGS|CARGO_ENCODED_RUSTFLAGS|(?<![\w-])strip(?![\w-])|RUST_BACKTRACE|RUST_LIB_BACKTRACE"
)
# Crates that show or send backtraces, or look into the program itself.
_TRACES = frozenset(
    (
        *("backtrace", "color-backtrace", "color-eyre", "console-subscriber", "dhat", "human-panic", "miette"),
        *("minidumper", "pprof", "sentry", "sentry-backtrace", "stable-eyre", "tokio-console", "tracing-error"),
    )
)
_CHECK = "to debug it, build with CARGO_PROFILE_RELEASE_STRIP=none; `dockerslim verify` shows whether it still works"


def rust(facts: Facts, run: Run, call: Call) -> Iterator[Change | Declined]:
    """What can be done about one command of cargo that builds for release."""
    if not _builds(call) or call.wrappers or _SETS.search(_instructions(facts.file)):
        return
    version = _version(run)
    if version is None or version < _STABLE:
        return
    # The dependencies that one command compiled serve the next one only where both have the same profile.
    last, others = _last(facts, run)
    folder = next((folder for each, folder in with_folders(last) if each is others[-1]), None)
    if folder is None or any(each.wrappers for each in others):
        return
    kind = "debuginfo" if version < _BY_ITSELF else "symbols"
    try:
        evidence = _evidence(view_of(facts, last, folder, ()), others[-1])
    except (Unclear, Unfit):
        return
    if isinstance(evidence, bool):
        if not evidence:
            return
        proven, told = False, tuple[Evidence, ...]()
    else:
        proven, told = kind == "debuginfo" or evidence[0], evidence[1]
    at = run.text.source(call.statement.start)
    edit = Edit(at, at, f"CARGO_PROFILE_RELEASE_STRIP={kind} ")
    what = "the standard library's tables for debuggers" if kind == "debuginfo" else "a table of all its symbols"
    message = f"the program is shipped with {what}, which nothing in the image reads"
    if not proven:
        message += f"; without it backtraces name no functions; {_CHECK}"
    base = Evidence(
        f"the cargo of {run.image.base.name} takes the setting from the environment", run.image.stage.start.first_line
    )
    yield Change(message, (edit,), run.at(call), Alters.FILES, proven, (base, *told))


def _builds(call: Call) -> bool:
    """Whether the command compiles in the profile `release`; the same settings go to all that do, so that what one of
    them has compiled serves the next."""
    words = [word.raw for word in call.statement.words]
    if call.has("--profile", "--debug", "--config") or any("$" in word for word in words):
        return False
    if call.subcommand == "install":
        return call.has("--path")
    released = call.has("--release", "-r")
    return released and (call.subcommand in ("build", "b") or words[1:3] == ["chef", "cook"])


def _last(facts: Facts, run: Run) -> tuple[Run, list[Call]]:
    """The last step that compiles for release in the stage of `run` and in those that grow from it, and all commands
    that do so there."""
    images = (run.image, *facts.derived(run.image))
    found = [(each, call) for each in facts.runs if each.image in images for call in each.calls if _builds(call)]
    return found[-1][0], [call for _, call in found]


def _instructions(file: Dockerfile) -> str:
    """The instructions of the file, without its comments."""
    return "\n".join(instruction.value for instruction in file.instructions)


def _version(run: Run) -> tuple[int, ...] | None:
    """The version of the image's Rust, or one that it surely reaches; None where that is not known."""
    base = run.image.base
    name = base.reference.partition(":")[0].rpartition("/")[2]
    if not base.known or name != "rust" or "$" in base.reference or "@" in base.reference:
        return None
    parts = re.findall(r"\d+", base.version or "")[:2]
    return tuple(map(int, parts)) if len(parts) == 2 else _BY_ITSELF


def _evidence(view: View, call: Call) -> bool | tuple[bool, tuple[Evidence, ...]]:
    """What the project says about symbols: False where it has settings of its own, True where there is no project to
    look at, else whether nothing shows backtraces, and the facts."""
    if view.project.root is None:
        return True
    given = call.value("--path") or posixpath.dirname(call.value("--manifest-path") or "")
    folder = folder_of(view.into(given) if given else view, "Cargo.toml")
    if folder is None:
        raise Unclear("no Cargo.toml")
    path = posixpath.join(folder, "Cargo.toml")
    root = path
    while (
        above := folder_of(view.into(posixpath.dirname(posixpath.dirname(root))), "Cargo.toml")
    ) and above != posixpath.dirname(root):
        root = posixpath.join(above, "Cargo.toml")
    for each in dict.fromkeys((path, root)):
        if "strip" in _release(toml(view, each)) or "debug" in _release(toml(view, each)):
            return False
    for name in (".cargo/config.toml", ".cargo/config"):
        for base in dict.fromkeys((view.folder, folder, posixpath.dirname(root))):
            if view.kind(posixpath.join(base, name)) == "file" and re.search(
                r"strip|debug|rustflags", view.text(posixpath.join(base, name))
            ):
                return False
    lock = posixpath.join(posixpath.dirname(root), "Cargo.lock")
    if view.kind(lock) != "file":
        return True
    packages = toml(view, lock).get("package")
    names = {str(table(each).get("name")) for each in packages} if isinstance(packages, list) else set()
    if used := sorted(names & _TRACES):
        return False, (view.evidence(f"{used[0]} shows backtraces", lock),)
    fact = view.evidence("sets neither strip nor debug for the profile release", path)
    return True, (fact, view.evidence("no crate shows or sends backtraces", lock))


def _release(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return table(table(data.get("profile")).get("release"))
