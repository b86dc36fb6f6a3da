"""What a cargo command builds, what it is built of, and which files of the project it reads.

Source: https://doc.rust-lang.org/cargo/reference/cargo-targets.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.fetches import Unclear, assigned, folder_of, value_of
from rewriter.project.folders import listing
from rewriter.project.manifests import toml
from rewriter.project.named import Reads, is_data, is_source, lies_at, names_in, outermost
from rewriter.project.needs import View
from rewriter.project.rust.crates import Crates, crates, table
from rewriter.project.rust.sources import RustFile, calling, sources
from rewriter.syntax.vocabulary import Call

# Entries of a project that are copied one by one; more are no list that a person would write.
_MOST = 8


@dataclass(frozen=True, slots=True)
class Built:
    """The programs (absolute paths) that a command writes; `target` is the platform that it names, "" for none."""

    programs: tuple[str, ...]
    target: str = ""
    published: bool = False


def built(call: Call, view: View) -> Built:
    """What `cargo build` or `cargo install` writes, run in the folder of `view`. Raises `Unclear` and `Unfit`."""
    given = {**view.env, **{name: value_of(word) or "$" for name, word in assigned(call).items()}}
    if any("$" in word.raw for word in call.statement.words if word.start > call.head.start):
        raise Unclear(f"what cargo {call.subcommand} builds is decided by a variable")
    target = call.value("--target") or given.get("CARGO_BUILD_TARGET", "")
    if call.subcommand == "install":
        folder = call.value("--root") or given.get("CARGO_INSTALL_ROOT") or given.get("CARGO_HOME", "/usr/local/cargo")
        folder = posixpath.join(view.path(folder), "bin")
        if not call.has("--path"):
            return Built(
                tuple(posixpath.join(folder, word.raw.partition("@")[0]) for word in call.operands), target, True
            )
        names = _programs(crates(view, view.path(posixpath.join(call.value("--path") or ".", "Cargo.toml"))), call)
        return Built(tuple(posixpath.join(folder, name) for name in names), target)
    manifest = _manifest(call, view)
    found = crates(view, manifest)
    for folder in dict.fromkeys((found.root, view.folder)):
        for name in (".cargo/config.toml", ".cargo/config"):
            path = posixpath.join(folder, name)
            if view.kind(path) == "file" and {"target", "target-dir"} & set(table(toml(view, path).get("build"))):
                raise Unclear(f"{view.file(path)} says where cargo builds")
    output = call.value("--target-dir") or given.get("CARGO_TARGET_DIR") or posixpath.join(found.root, "target")
    profile = call.value("--profile") or ("release" if call.has("--release", "-r") else "debug")
    folder = posixpath.join(view.path(output), target, {"dev": "debug"}.get(profile, profile))
    return Built(tuple(posixpath.join(folder, name) for name in _programs(found, call)), target)


def _manifest(call: Call, view: View) -> str:
    if given := call.value("--manifest-path"):
        return view.path(given)
    folder = folder_of(view, "Cargo.toml")
    if folder is None:
        raise Unclear("there is no Cargo.toml among the copied files")
    return posixpath.join(folder, "Cargo.toml")


def _programs(found: Crates, call: Call) -> list[str]:
    """The names of the programs that the command builds."""
    wanted = {option.value for option in call.options if option.name in ("-p", "--package")}
    names: list[str] = []
    first = next(iter(found.manifests))
    whole = call.has("--workspace", "--all") or "package" not in found.manifests[first]
    for path, data in found.manifests.items():
        package = table(data.get("package"))
        if not package or (wanted and package.get("name") not in wanted) or not (wanted or whole or path == first):
            continue
        names += _of_package(found.view, posixpath.dirname(path), data)
    bins = [option.value or "" for option in call.options if option.name == "--bin"]
    names = [name for name in names if name in bins] if bins else names
    if not names:
        raise Unclear("no program is found that cargo builds here")
    return names


def _of_package(view: View, folder: str, data: Mapping[str, Any]) -> Iterator[str]:
    name = str(table(data["package"]).get("name"))
    listed = data.get("bin")
    own = [str(table(each).get("name")) for each in listed] if isinstance(listed, list) else []
    yield from own
    if table(data["package"]).get("autobins") is False:
        return
    paths = {str(table(each).get("path")) for each in listed} if isinstance(listed, list) else set()
    if view.kind(posixpath.join(folder, "src/main.rs")) == "file" and name not in own and "src/main.rs" not in paths:
        yield name
    for entry in view.names(posixpath.join(folder, "src/bin")):
        stem = entry.removesuffix(".rs")
        if stem not in own and f"src/bin/{entry}" not in paths:
            yield stem


@dataclass(frozen=True)
class Program:
    """What a workspace is built of: its files, the names in Cargo.lock, each with those of its dependencies."""

    view: View
    root: str
    files: dict[str, RustFile]
    locked: dict[str, frozenset[str]]

    def fact(self, text: str) -> Evidence:
        return self.view.evidence(text, posixpath.join(self.root, "Cargo.lock"))


def program(view: View) -> Program:
    """What the workspace is built of that cargo finds from the folder of `view`. Raises `Unclear` and `Unfit`."""
    folder = folder_of(view, "Cargo.toml")
    if folder is None:
        raise Unclear("there is no Cargo.toml among the copied files")
    root = crates(view, posixpath.join(folder, "Cargo.toml")).root
    packages = toml(view, posixpath.join(root, "Cargo.lock")).get("package")
    locked = {
        str(table(each).get("name")): frozenset(str(name).split()[0] for name in table(each).get("dependencies") or ())
        for each in (packages if isinstance(packages, list) else ())
    }
    return Program(view, root, sources(view, root), locked)


def libraries(made: Program, release: str | None) -> tuple[frozenset[str], bool, tuple[Evidence, ...]]:
    """The packages whose shared libraries the program loads, on a Debian `release`, whether distroless images have them
    too, and what shows it. Raises `Unclear`."""
    data, packages, there, facts = knowledge.table("rust_crates"), set[str](), True, list[Evidence]()
    plain = frozenset(data["plain"]["names"].split())
    for name, needs in sorted(made.locked.items()):
        entry = data["linked"].get(name)
        if entry is None:
            if re.search(r"[-_]sys\Z", name) and name not in plain and not name.startswith(("windows", "objc", "wasm")):
                raise Unclear(f"Cargo.lock has {name}: which library the program needs of it is not known")
            continue
        if entry.get("unless") in made.locked or entry.get("bundled") in needs:
            continue
        package = entry["packages"].get(release)
        if package is None:
            raise Unclear(f"Cargo.lock has {name}, and which package has its library is not known for this release")
        packages.add(package)
        there = there and bool(entry.get("distroless"))
        facts.append(made.fact(f"{name} loads the library of {package}"))
    return frozenset(packages), there, tuple(facts)


def certificates(made: Program) -> bool:
    """Whether the program checks certificates against those of the system."""
    return not frozenset(knowledge.table("rust_crates")["certificates"]["names"].split()).isdisjoint(made.locked)


@lru_cache(maxsize=4)
def _words(entry: str, key: str) -> frozenset[str]:
    return frozenset(knowledge.table("rust_crates")[entry][key].split())


def reads(made: Program, view: View, words: Iterable[str] = ()) -> Reads:
    """What the program may read of the project's files: those that it, or one of the `words` that start it, names; all
    entries of the project that hold such files where it makes up their names. Raises `Unclear`."""
    roots = tuple(dict.fromkeys((view.folder, made.root)))
    files = {
        path: is_data(path[len(root.rstrip("/")) + 1 :])
        for root in roots
        for path in listing(view, root)
        if not is_source(path[len(root.rstrip("/")) + 1 :])
    }
    if not files:
        return Reads(evidence=(made.fact("nothing lies beside the sources that the program could read"),))
    if any(files.values()) and (why := _made_up(made)):
        return Reads(_entries([path for path, data in files.items() if data], roots), None, (why,))
    found: dict[str, Evidence] = {}
    for word in words:
        for name in (word, word.rpartition("=")[2]):
            if there := lies_at(posixpath.normpath(posixpath.join(view.folder, name)), view.folder, files):
                found.setdefault(there, Evidence(f"the start command names {name}"))
    macros = _words("opens", "macros")
    for path, file in made.files.items():
        for text in file.texts:
            for name in names_in(text.value) if text.macro not in macros else ():
                for root in roots:
                    there = lies_at(posixpath.normpath(posixpath.join(root, name)), view.folder, files)
                    if there and ("/" in name or "." in name or there.endswith("/")):
                        found.setdefault(there, view.evidence(f"names {name}", path, text.line))
    outer = outermost(found)
    if not outer:
        return Reads(evidence=(made.fact("no source of the project names a file that the program could read"),))
    return Reads(outer, None, tuple(found[path] for path in outer))


def _made_up(made: Program) -> Evidence | None:
    """What opens files whose names are not written out."""
    for path, call in calling(made.files, *_words("opens", "functions")):
        if not call.literal or any(text.strip("./") == "" for text in call.texts):
            return made.view.evidence(f"{call.name} opens files whose names are not written out", path, call.line)
    crate = next((name for name in sorted(_words("reads", "names")) if name in made.locked), None)
    return made.fact(f"{crate} may open files by itself") if crate else None


def _entries(paths: list[str], roots: tuple[str, ...]) -> tuple[str, ...]:
    """The outermost folders and files in the working directory that hold `paths`."""
    found = set[str]()
    for path in paths:
        root = next(root for root in roots if path.startswith(f"{root.rstrip('/')}/"))
        first, slash, _ = path[len(root.rstrip("/")) + 1 :].partition("/")
        found.add(posixpath.join(root, first) + slash)
    if len(found) > _MOST:
        raise Unclear(f"the program may read any of {len(found)} files and folders of the project")
    return outermost(found)
