"""Which files are Dockerfiles: the ones named on the command line, and the ones found below a folder."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# What a file holds that a template engine turns into a Dockerfile (Go, Jinja, ERB and EJS, autoconf-like `@@NAME@@`).
TEMPLATE_MARKERS = ("{{", "{%", "<%", "@@")

NEVER_SEARCHED = frozenset({".git", ".hg", ".svn", ".venv", "node_modules"})

MISSING = "there is no such file or folder"

_NAME = re.compile(r"(docker|container)file(\.(?P<suffix>.+))?|(?!\.#|\._|\#).*\.(docker|container)file", re.S)

# Compiled when a folder is searched, as most runs name a file.
# Suffixes after which `Dockerfile.*` is no Dockerfile: editor and backup files, documents, data, archives.
_OTHER = r"""(?: .*~ | .*\# | bac?k\d* | backup | old | orig | rej | save\d* | sw[a-z] | te?mp
    | dockerignore | containerignore | gitignore | lock | log | patch | diff | sig | asc | sha\d+
    | md | markdown | rst | adoc | asciidoc | txt | html? | xml | rtf | pdf | docx | odt | ipynb
    | json5? | jsonl | ya?ml | toml | csv | tsv | svg | png | jpe?g | gif | webp | ico
    | gz | tgz | bz2 | xz | zst | zip | tar )"""

# Suffixes of other languages. `Dockerfile.go` may be Go source or the Dockerfile for Go: its first instruction tells.
_LANGUAGE = r"""
    \.(?: awk | bash | bat | c | cc | cfg | clj | cmd | conf | cpp | cr | cs | css | dart | doc | env | erl | exs?
    | fish | fs | go | gradle | groovy | h | hcl | hs | ini | java | jl | jsx? | kts? | lua | mjs | ml | nix | nu | php
    | pl | pm | properties | ps1 | psm1 | pyi? | r | rb | rs | scala | sh | sql | swift | tcl | tex | tf | tsx? | vb
    | vim | vue | zig | zsh )"""

# What git sets in a hook to point to the repository of the hook (`git rev-parse --local-env-vars`).
_HOOK_VARIABLES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)

# `from x import y` is Python. Docker reference, "Format": a Dockerfile begins with FROM, which only ARG may precede.
_FIRST_INSTRUCTION = re.compile(rb"from\s+(?:--\S+\s+)*\S+(?:\s+as\s+\S+)?|arg\s+\S.*", re.I)

_LISTED = re.compile(rb"(?:(\d{6}) [0-9a-f]{40,64} \d\t)?([^\0]+)\0")
_NOT_OPENED = re.compile(r"^warning: could not open directory '(.*)/': (.*)$", re.M)
_GITLINK = b"160000"


@dataclass(frozen=True, slots=True)
class Found:
    """A Dockerfile to read. `explicit`: it was named on the command line, so it is read whatever its name."""

    path: Path
    explicit: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file or folder that cannot be read; `reason` is a sentence without its capital and full stop."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the .gitignore of `folder` (absolute, without links) says."""

    folder: Path
    spec: GitIgnoreSpec


def discover(paths: Sequence[Path]) -> Iterator[Found | Trouble]:
    """Yield the Dockerfiles that `paths` name or hold, each file once, and what cannot be read.

    A file is taken as it is. A folder is searched recursively, without following links to folders, `NEVER_SEARCHED`
    and what git ignores; a folder named here is searched even if git ignores it. The order is that of `paths`, and
    below a folder that of the parts of the path. Paths stay relative where the ones given are.
    """
    named = {os.path.realpath(path) for path in paths if not os.path.isdir(path)}
    seen: set[str] = set()
    for path in paths:
        for item in _search(path) if os.path.isdir(path) else [_look(path)]:
            real = os.path.realpath(item.path)
            if real in seen:
                continue
            seen.add(real)
            yield Found(item.path, real in named) if isinstance(item, Found) else item


def is_dockerfile_name(name: str) -> bool:
    """Whether a file called `name` (without its folders, in any case) may be a Dockerfile.

    `Dockerfile.go` may be one; a folder search looks into such a file before it takes it.
    """
    match = _NAME.fullmatch(name.lower())
    return match is not None and (re.fullmatch(_OTHER, (match["suffix"] or "").rpartition(".")[2], re.X | re.S) is None)


def looks_like_template(text: str) -> bool:
    """Whether `text` holds a marker of a template engine; such a file that does not parse is no broken Dockerfile."""
    return any(marker in text for marker in TEMPLATE_MARKERS)


def _search(folder: Path) -> list[Found | Trouble]:
    """What is below `folder`, sorted. A file wins over the links to it, since a diff of a link cannot apply."""
    root = os.path.realpath(folder)
    items: dict[str, Found | Trouble] = {}
    for candidate in sorted(_candidates(folder), key=_order):
        item = candidate if isinstance(candidate, Trouble) else _look(candidate)
        if isinstance(item, Found) and not _is_dockerfile(item.path):
            continue
        if isinstance(item, Trouble) and item.reason == MISSING:  # in git's index and deleted, or just gone
            continue
        real = os.path.realpath(item.path)
        if real == os.path.join(root, *item.path.parts[len(folder.parts) :]):
            items[real] = item
        else:
            items.setdefault(real, item)
    if not items and is_dockerfile_name(folder.name):
        return [Trouble(folder, "it is a folder, and there is no Dockerfile in it")]
    return sorted(items.values(), key=_order)


def _order(item: Path | Found | Trouble) -> tuple[str, ...]:
    return item.parts if isinstance(item, Path) else item.path.parts


def _look(path: Path) -> Found | Trouble:
    """Tell whether `path` can be read, without reading it."""
    try:
        os.stat(path)
    except OSError as error:
        return Trouble(path, _reason(path, error))
    return Found(path, False) if os.access(path, os.R_OK) else Trouble(path, "there is no permission to read it")


def _reason(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ELOOP:
            return "it is a link that leads in a circle"
        case errno.ENOENT if os.path.islink(path):
            return f"it is a link to {os.readlink(path)}, which does not exist"
        case errno.ENOENT | errno.ENOTDIR:
            return MISSING
        case errno.EACCES | errno.EPERM:
            return "there is no permission to open it"
        case _:
            return f"it cannot be opened: {error.strerror}"


def _is_dockerfile(path: Path) -> bool:
    """Whether `path` (its name was accepted) is a file, and begins as a Dockerfile where its suffix is a language's."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        if re.fullmatch(_LANGUAGE, path.suffix, re.X | re.I) is None:
            return True
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    lines = (line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return _FIRST_INSTRUCTION.fullmatch(first) is not None


def _candidates(folder: Path) -> Iterable[Path | Trouble]:
    """The paths below `folder` that are called like a Dockerfile and not ignored, links to folders included."""
    real = Path(os.path.realpath(folder))
    tree = next((parent for parent in (real, *real.parents) if os.path.exists(parent / ".git")), None)
    listed = _listed_by_git(folder, real, tree) if tree else None
    return _walk(folder, real, _rules_above(real, tree)) if listed is None else listed


def _git(folder: Path, *arguments: str) -> tuple[int, bytes, str] | None:
    """Run git in `folder`; return its exit code, output and messages, or None where there is no git."""
    import subprocess

    environment = {name: value for name, value in os.environ.items() if name not in _HOOK_VARIABLES}
    # A repository may name a program to run as core.fsmonitor: searching a folder must not run it.
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        run = subprocess.run(command, cwd=folder, env=environment | {"LC_ALL": "C"}, capture_output=True, check=False)
    except OSError:
        return None
    return run.returncode, run.stdout, os.fsdecode(run.stderr)


def _listed_by_git(folder: Path, real: Path, tree: Path) -> list[Path | Trouble] | None:
    """The candidates below `folder`, as git lists them; None where git does not, or ignores the whole folder.

    `--stage` marks submodules (mode 160000); other repositories in the work tree are listed with a slash at the end.
    """
    answer = _git(folder, "ls-files", "--stage", "--cached", "--others", "--exclude-standard", "-z")
    if answer is None or answer[0] != 0:
        return None
    _, output, messages = answer
    if not output and (ignored := _git(folder, "check-ignore", "--quiet", ".")) and ignored[0] == 0:
        return None
    found: dict[Path | Trouble, None] = {}
    for entry in _LISTED.finditer(output):
        mode, name = entry[1], entry[2]
        nested = mode == _GITLINK or name.endswith(b"/")
        if not nested and not is_dockerfile_name(os.fsdecode(name[name.rfind(b"/") + 1 :])):
            continue
        path = folder / os.fsdecode(name)
        if not NEVER_SEARCHED.isdisjoint(path.parts[len(folder.parts) :]):
            continue
        if not nested:
            found[path] = None
        elif path != folder and os.path.exists(path / ".git"):
            found |= dict.fromkeys(_candidates(path))
        else:
            found |= dict.fromkeys(_walk(path, Path(os.path.realpath(path)), ()))
    for name_, reason in _NOT_OPENED.findall(messages):
        path = folder / os.path.relpath(tree / name_, real)
        found[Trouble(path, f"the folder cannot be searched: {reason}")] = None
    return list(found)


def _walk(folder: Path, real: Path, rules: tuple[_Rules, ...]) -> Iterator[Path | Trouble]:
    """The candidates below `folder`, whose absolute path without links is `real`, as far as `rules` let through."""
    pending = [(folder, real, rules)]
    while pending:
        folder, real, rules = pending.pop()
        rules += _rules_of(real)
        try:
            with os.scandir(folder) as entries:
                content = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError as error:
            yield Trouble(folder, f"the folder cannot be searched: {error.strerror}")
            continue
        for name, is_folder in content:
            if name in NEVER_SEARCHED if is_folder else not is_dockerfile_name(name):
                continue
            if _ignored(real / name, is_folder, rules):
                continue
            if not is_folder:
                yield folder / name
            elif os.path.exists(real / name / ".git"):
                yield from _candidates(folder / name)
            else:
                pending.append((folder / name, real / name, rules))


def _rules_above(real: Path, tree: Path | None) -> tuple[_Rules, ...]:
    """The rules of the folders from `tree`, the root of the work tree, down to the parent of `real`.

    None of them where they ignore `real` itself: the user asked for it.
    """
    if tree is None or tree == real:
        return ()
    parents = (parent for parent in reversed(real.parents) if parent.is_relative_to(tree))
    rules = tuple(rule for parent in parents for rule in _rules_of(parent))
    return () if _ignored(real, True, rules) else rules


def _rules_of(real: Path) -> tuple[_Rules, ...]:
    """The rules in the folder `real`: none, or one. In the root of a repository, `.git/info/exclude` comes first."""
    lines: list[str] = []
    for name in (".git/info/exclude", ".gitignore"):
        try:
            lines += (real / name).read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            continue
    return (_Rules(real, _spec(lines)),) if lines else ()


def _spec(lines: list[str]) -> GitIgnoreSpec:
    """The patterns `lines`; one that git cannot read matches nothing, as with git."""
    import warnings

    from pathspec import GitIgnoreSpec

    def is_valid(line: str) -> bool:
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            return False
        return True

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # re's, about a bracket in a class
        return GitIgnoreSpec.from_lines([line for line in lines if is_valid(line)])


def _ignored(real: Path, is_folder: bool, rules: tuple[_Rules, ...]) -> bool:
    """Whether git ignores `real`: the deepest folder whose rules say anything about it decides (gitignore(5))."""
    for rule in reversed(rules):
        path = real.relative_to(rule.folder).as_posix() + ("/" if is_folder else "")
        if (verdict := rule.spec.check_file(path).include) is not None:
            return verdict
    return False
