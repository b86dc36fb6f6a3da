"""A real engine for the tests: what it can build, BuildKit's checks of a text, and built images, looked into."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import sleep
from typing import IO, Any, cast
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

from rewriter.source import Source
from rewriter.syntax.reader import read
from rewriter.syntax.words import BadWord, UnknownValue, expand

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
# A package mirror that does not answer for a moment says nothing about a Dockerfile: apt, pip and npm in turn.
_UNREACHABLE = re.compile(
    r"temporary failure (resolving|in name resolution)|timed? ?out|connection (failed|reset|refused)"
    r"|failed to fetch|index files failed|(could not|unable to) connect|hash sum mismatch|50[234] (bad|service|gateway)"
    r"|EAI_AGAIN|ECONNRESET",
    re.IGNORECASE,
)
# Seconds to wait before a build is tried again.
_PAUSES = (5, 20, 60, 120)
# A build that waits for a mirror is begun again; see timeout(1).
_IN_TIME, _OUT_OF_TIME = ("timeout", "240"), 124
# A program that has not answered after so many tries, five a second, will not.
_STARTS = 150
_FROM = re.compile(r"\bfrom=([^,]+)")


@cache
def images() -> frozenset[str] | None:
    """The names of the images that the engine has; None where no engine is reachable."""
    try:
        return frozenset(_docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())
    except (OSError, subprocess.CalledProcessError):
        return None


def sources(text: str) -> set[str]:
    """The images that the Dockerfile `text` takes from elsewhere, with their tags."""
    file = read(Source(text))
    defaults: dict[str, str] = {}
    for instruction in file.global_args:
        name, found, value = instruction.value.partition("=")
        if found:
            defaults[name] = value.strip("\"'")
    named: set[str] = set()
    for stage in file.stages:
        named.add(stage.start.value.split()[0])
        for instruction in stage.body:
            named.update(instruction.flag_values("from"))
            named.update(m[1] for mount in instruction.flag_values("mount") if (m := _FROM.search(mount)))
    stages = {"scratch", *(name for stage in file.stages for name in (stage.name, str(stage.index)) if name)}
    wanted = {_expanded(name, defaults, file.escape) for name in named}
    return {
        name if re.search(r"[:@][^/]*$", name) else f"{name}:latest" for name in wanted if name.lower() not in stages
    }


def _expanded(word: str, defaults: Mapping[str, str], escape: str) -> str:
    try:
        return expand(word, defaults.get, escape)
    except (BadWord, UnknownValue):
        return word


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
    said = _built(text, context)
    steps = re.findall(r"^#(\d+) (\[(?!internal).*)$", said, re.MULTILINE)
    cached = set(re.findall(r"^#(\d+) CACHED$", said, re.MULTILINE))
    return list(dict.fromkeys((step, number in cached) for number, step in steps))


@contextmanager
def built(text: str, context: Path) -> Iterator[Image]:
    """Build the Dockerfile `text` in the folder `context`, afresh; the image is removed behind the block."""
    tag = f"dockerslim-test:{uuid4().hex}"
    _built(text, context, "--no-cache", "--tag", tag)
    try:
        yield _inspect(tag)
    finally:
        _docker("image", "rm", tag)


def _built(text: str, context: Path, *options: str) -> str:
    """Build, and return what the engine says."""
    scratch = without_frontend(text)[0].encode("utf-8", "surrogateescape")
    command = ["docker", "build", "--progress=plain", *options, "--file", "-", str(context)]
    for pause in (*_PAUSES, None):
        done = subprocess.run([*_IN_TIME, *command], input=scratch, capture_output=True)
        said = done.stderr.decode(errors="replace") + "timed out" * (done.returncode == _OUT_OF_TIME)
        if done.returncode == 0 or pause is None or not _UNREACHABLE.search(said):
            break
        sleep(pause)
    assert done.returncode == 0, said[-3000:]
    return said


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


@dataclass(frozen=True)
class Answer:
    """What a program says: the status, the type and the body of an answer, or its exit code and output."""

    status: int
    kind: str
    body: bytes


@contextmanager
def image(text: str, context: Path) -> Iterator[tuple[str, int]]:
    """Build the Dockerfile `text` in the folder `context`; its tag, and its size in bytes."""
    tag = f"dockerslim-test:{uuid4().hex}"
    _built(text, context, "--tag", tag)
    try:
        sizes = _docker("history", "--human=false", "--format={{.Size}}", tag).split()
        yield tag, sum(map(int, sizes))
    finally:
        _docker("image", "rm", "--force", tag)


def output(tag: str) -> Answer:
    """What a container of the image says until it ends."""
    done = subprocess.run([*_IN_TIME, "docker", "run", "--rm", tag], capture_output=True)
    return Answer(done.returncode, "", done.stdout)


@dataclass(frozen=True)
class Served:
    """What a running container answers to each path, and the user id of its program."""

    answers: tuple[Answer, ...]
    uid: int


def served(tag: str, port: int, paths: Sequence[str]) -> Served:
    """Start a container of the image, and ask it for `paths` on its port."""
    container = _docker("run", "--detach", "--publish", f"127.0.0.1::{port}", tag).strip()
    try:
        address = _docker("port", container, f"{port}/tcp").split()[0]
        answers = tuple(_ask(f"http://{address}{path}", container) for path in paths)
        pid = _docker("inspect", "--format", "{{.State.Pid}}", container).strip()
        status = Path(f"/proc/{pid}/status").read_text()
        return Served(answers, int(re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0]))
    finally:
        _docker("rm", "--force", "--volumes", container)


def _ask(url: str, container: str) -> Answer:
    for _ in range(_STARTS):
        try:
            with urlopen(url, timeout=10) as found:
                return Answer(found.status, found.headers.get_content_type(), found.read())
        except HTTPError as error:
            return Answer(error.code, error.headers.get_content_type(), error.read())
        except OSError:  # refused, reset or not there yet
            sleep(0.2)
    logs = subprocess.run(["docker", "logs", container], capture_output=True, text=True)
    raise AssertionError(f"{url} does not answer:\n{logs.stdout[-2000:]}\n{logs.stderr[-2000:]}")
