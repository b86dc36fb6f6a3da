"""A real engine for the tests: what it can build, BuildKit's checks of a text, and built images, looked into."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast
from uuid import uuid4

from rewriter.verify.engine import Build, Recipe
from rewriter.verify.engines import find

# What a container runs on, see https://github.com/moby/moby/blob/master/image/spec/spec.md
SETTINGS = (
    "Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "OnBuild", "Shell", "StopSignal", "User", "Volumes",
    "WorkingDir",
)  # fmt: skip
_LIST_PACKAGES = r"""
dpkg-query -W -f 'deb ${Package} ${Version}\n' 2>/dev/null
python3 -m pip list --format=freeze --disable-pip-version-check 2>/dev/null | sed 's/==/ /; s/^/pip /'
npm ls -g --depth=0 --parseable --long 2>/dev/null | sed -n 's/^.*:\(.*\)@\([0-9].*\)/npm \1 \2/p'
true
"""
# In seconds: a package mirror may be slow.
_TIMEOUT = 900


@cache
def images() -> frozenset[str] | None:
    """The names of the images that the engine has; None where no engine is reachable."""
    try:
        return frozenset(_docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())
    except (OSError, subprocess.CalledProcessError):
        return None


@dataclass(frozen=True)
class Warnings:
    """What BuildKit's checks say of a text: (rule, 1-based line) pairs, and the error that a build would end with."""

    found: tuple[tuple[str, int], ...]
    error: str | None


def check(text: str) -> Warnings:
    """Return what `docker build --check` finds in the Dockerfile `text`.

    Source: https://docs.docker.com/build/checks/; the format is the one of BuildKit's subrequests/lint.
    """
    text, removed = without_frontend(text)
    done = subprocess.run(
        ["docker", "build", "--call=check,format=json", "-"],
        input=text.encode("utf-8", "surrogateescape"),
        capture_output=True,
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return Warnings((), done.stderr.decode(errors="replace").strip())
    found = [
        (warning["ruleName"], removed + place["start"]["line"])
        for warning in said["warnings"] or []
        for place in warning["location"]["ranges"]
    ]
    return Warnings(tuple(found), said.get("buildError", {}).get("message"))


def without_frontend(text: str) -> tuple[str, int]:
    """Return `text` without its `# syntax=` line, which would be fetched from the network, and the number of lines
    that are gone."""
    return re.subn(r"(?i)\A(\ufeff?)#[ \t]*syntax[ \t]*=.*\n", r"\1", text)


@dataclass(frozen=True)
class File:
    """A member of a file system. `content` is a checksum, or where a link points to."""

    kind: str
    mode: int
    owner: tuple[int, int]
    content: str


@dataclass(frozen=True)
class Image:
    """A built image.

    `labels` has a MAINTAINER as the label `maintainer`. `files` are by path, with a leading slash. `packages` are
    versions by manager and name, e.g. `deb git`; `owned` are the paths that each Debian package brought along.
    """

    config: Mapping[str, Any]
    labels: Mapping[str, str]
    size: int
    files: Mapping[str, File]
    packages: Mapping[str, str]
    owned: Mapping[str, frozenset[str]]


def reused(text: str, context: Path) -> list[tuple[str, bool]]:
    """Build the Dockerfile `text` with the build cache: its steps as BuildKit names them (`[build 3/5] RUN x`), and
    whether each was taken from the cache."""
    tag = _tag()
    try:
        return [(step.name, step.cached) for step in _built(text, context, tag, fresh=False).steps]
    finally:
        _docker("image", "rm", tag)


@contextmanager
def built(text: str, context: Path) -> Iterator[Image]:
    """Build the Dockerfile `text` in the folder `context`, afresh; the image is removed behind the block."""
    tag = _tag()
    _built(text, context, tag, fresh=True)
    try:
        yield _inspect(tag)
    finally:
        _docker("image", "rm", tag)


def _tag() -> str:
    return f"dockerslim-test:{uuid4().hex}"


def _built(text: str, context: Path, tag: str, *, fresh: bool) -> Build:
    with TemporaryDirectory() as folder:
        dockerfile = Path(folder, "Dockerfile")
        dockerfile.write_bytes(without_frontend(text)[0].encode("utf-8", "surrogateescape"))
        return find("docker", timeout=_TIMEOUT).build(Recipe(dockerfile, context, tag, fresh))


def _inspect(tag: str) -> Image:
    (about,) = json.loads(_docker("image", "inspect", tag))
    config = about["Config"]
    files, lists = _export(tag)
    return Image(
        config={key: config.get(key) or None for key in SETTINGS} | {"Env": sorted(config.get("Env") or [])},
        labels=({"maintainer": about["Author"]} if about.get("Author") else {}) | (config.get("Labels") or {}),
        size=sum(int(size) for size in _docker("history", "--human=false", "--format={{.Size}}", tag).split()),
        files=files,
        packages=_packages(tag) if "/bin/sh" in files or "/usr/bin/sh" in files else {},
        owned=lists,
    )


def _packages(tag: str) -> dict[str, str]:
    options = ["--rm", "--network=none", "--user=0", "--workdir=/", "--entrypoint=sh"]
    lines = _docker("run", *options, tag, "-c", _LIST_PACKAGES).splitlines()
    return {f"{kind} {name}": version for kind, name, version in (line.split() for line in lines)}


def _export(tag: str) -> tuple[dict[str, File], dict[str, frozenset[str]]]:
    container = _docker("create", tag, "never-run").strip()
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            return _listing(cast(IO[bytes], export.stdout))
    finally:
        _docker("rm", "--volumes", container)


def _listing(stream: IO[bytes]) -> tuple[dict[str, File], dict[str, frozenset[str]]]:
    files: dict[str, File] = {}
    lists: dict[str, frozenset[str]] = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            path = "/" + member.name.rstrip("/")
            owner = (member.uid, member.gid)
            data = archive.extractfile(member) if member.isfile() else None
            if member.islnk():
                files[path] = files["/" + member.linkname]
            elif data is None:
                files[path] = File(str(member.type), member.mode, owner, member.linkname)
            elif path.startswith("/var/lib/dpkg/info/") and path.endswith(".list"):
                text = data.read()
                files[path] = File("file", member.mode, owner, str(zlib.crc32(text)))
                lists[Path(path).stem.partition(":")[0]] = frozenset(text.decode().split("\n"))
            else:
                files[path] = File("file", member.mode, owner, _checksum(data))
    return files, lists


def _checksum(data: IO[bytes]) -> str:
    value = 0
    while chunk := data.read(1 << 20):
        value = zlib.crc32(chunk, value)
    return str(value)


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, check=True, text=True).stdout
