"""Where the build context of a Dockerfile is, when neither the command line nor the configuration says it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from rewriter.project.builds import Declared, declared, text_of, workflows

# How far up a context is looked for where no repository shows its root.
_UP = 4
_WILD = frozenset("*?[")
# Where builds put their results: that they are missing says nothing.
_RESULTS = frozenset(("dist", "build", "target", "out", "bin", "publish", "release"))
# As many files with commands of one folder are read.
_MOST = 40
# Files with commands, by their names.
_COMMANDS = re.compile(
    r"(?i)(?:gnu)?makefile|justfile|jenkinsfile.*|taskfile.*|skaffold.*\.ya?ml|cloudbuild.*\.ya?ml|package\.json|tiltfile"
    r"|\.gitlab-ci\.yml|\.drone\.yml|\.travis\.yml|azure-pipelines.*\.yml|[\w-]+\.(?:sh|mk|ya?ml)"
)
# Source: https://docs.docker.com/reference/cli/docker/buildx/build/#target
_TARGET = re.compile(r"--target[=\s]+[\"']?([\w.-]+)")


@dataclass(frozen=True)
class Located:
    """The context of a Dockerfile: its root, None where several are possible, and `why` it is this one.

    `targets`, `args` and `services` are what the files that declare the build say of it.
    """

    root: Path | None
    why: str
    targets: tuple[str, ...] = ()
    args: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()


def locate(dockerfile: Path, sources: Sequence[str]) -> Located:
    """Find the context of `dockerfile`, whose COPY and ADD instructions take `sources` from it.

    A compose or bake file of its folder or of one above that names it decides, then a workflow; else it is the first
    folder, from its own up to the root of the repository, in which all the sources are.
    """
    path = Path(os.path.abspath(dockerfile))
    folders = list(above(path.parent))
    for found in (
        [build for folder in folders for build in declared(folder)],
        workflows(folders[-1]),
    ):
        named = [build for build in found if _same(build.dockerfile, path) and _inside(build.context, folders[-1])]
        if named:
            return _declared(named, sources)
    needed = [source for source in sources if source.split("/")[0] not in _RESULTS]
    missing = next((source for source in needed if not _there(folders[0], source)), None)
    fitting = next((folder for folder in folders[1:] if missing and _holds(folder, sources)), None)
    if fitting is None:
        return Located(folders[0], "the folder of the Dockerfile")
    return Located(fitting, f"the first folder above the Dockerfile that holds {missing}")


def targets(root: Path | None) -> frozenset[str]:
    """The stages that compose, bake and workflow files name as targets, and the commands of scripts and pipelines, in
    the folder `root` of a context and in those above it, up to the root of the repository."""
    if root is None:
        return frozenset()
    folders = list(above(Path(os.path.abspath(root))))
    found = [build for folder in folders for build in declared(folder)]
    names = {build.target for build in (*found, *workflows(folders[-1])) if build.target}
    for folder in (*folders, folders[-1] / ".github" / "workflows", folders[-1] / "scripts"):
        names.update(name for text in _scripts(folder) for name in _TARGET.findall(text))
    return frozenset(name.lower() for name in names)


def _scripts(folder: Path) -> Iterator[str]:
    """The texts of those files in `folder` that may hold the command that builds an image."""
    try:
        files = sorted(entry for entry in folder.iterdir() if _COMMANDS.fullmatch(entry.name))
    except OSError:
        return
    yield from map(text_of, files[:_MOST])


def above(own: Path) -> Iterator[Path]:
    """The folder `own` and those above it, up to the root of the repository."""
    tree = next((folder for folder in (own, *own.parents) if (folder / ".git").exists()), None)
    barred = {Path(own.anchor), _home()} - {tree}
    yield own
    for count, folder in enumerate(own.parents, start=1):
        if own == tree or folder in barred or (tree is None and count > _UP):
            return
        yield folder
        if folder == tree:
            return


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _declared(builds: Sequence[Declared], sources: Sequence[str]) -> Located:
    roots = list(dict.fromkeys(Path(os.path.abspath(build.context)) for build in builds))
    if len(roots) > 1:
        fitting = [root for root in roots if _holds(root, sources)]
        if len(fitting) != 1:
            names = " and ".join(dict.fromkeys(f"{build.name} in {build.file.name}" for build in builds))
            return Located(None, f"{names} build it from different folders")
        roots = fitting
    chosen = [build for build in builds if Path(os.path.abspath(build.context)) == roots[0]]
    return Located(
        roots[0],
        f"{chosen[0].file.name} builds {chosen[0].name} from it",
        tuple(_unique(build.target for build in chosen)),
        {name: value for build in chosen for name, value in build.args.items()},
        tuple(_unique(build.name for build in chosen)),
    )


def _unique(words: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.abspath(one) == str(other) or os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):
        return False


def _inside(context: Path, top: Path) -> bool:
    """Whether `context` is a folder of the repository: no file may send us elsewhere."""
    try:
        real = context.resolve()
        return real.is_relative_to(top.resolve()) and real.is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def _holds(root: Path, sources: Sequence[str]) -> bool:
    return all(_there(root, source) for source in sources)


def _there(root: Path, source: str) -> bool:
    """Whether `source` is in the folder; true for a pattern over several folders, which would be slow to look for."""
    try:
        if _WILD.isdisjoint(source):
            return os.path.lexists(root / source)
        folder, _, name = source.rpartition("/")
        if not _WILD.isdisjoint(folder):
            return True
        return any(True for _ in islice((root / folder).glob(name), 1))
    except (OSError, ValueError, NotImplementedError):
        return False
