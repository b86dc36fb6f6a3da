"""BuildKit by its own client: by a stand-in for buildctl, and by the real one where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tarfile import TarFile

import pytest

from rewriter.verify.engine import Launch, Recipe
from rewriter.verify.engines import buildctl
from rewriter.verify.engines.buildctl import Buildctl
from rewriter.verify.trouble import BuildFailed, NoEngine, Trouble, Unable

from .test_archive import file, folder, written

# Answers as buildctl 0.26 does, and builds the image that lies beside it. Its own words are kept beside it too.
STAND_IN = """#!{python}
import pathlib, shutil, sys
here, words = pathlib.Path(__file__).parent, sys.argv[1:]
with open(here / "asked", "a") as asked:
    asked.write("\\x1f".join(words) + "\\n")
answer = here / "-".join(words[:2])
if words[0] == "build":
    (output,) = [word for word in words if word.startswith("type=docker,")]
    shutil.copy(here / "image.tar", dict(part.split("=", 1) for part in output.split(","))["dest"])
    print(PROGRESS, file=sys.stderr)
elif answer.exists():
    print(answer.read_text(), end="")
else:
    sys.exit("error: no answer to " + words[0])
"""
PROGRESS = """\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s

#4 [1/2] COPY a /
#4 DONE 0.5s

#5 [2/2] RUN make
#5 CACHED

#6 exporting to docker image format
#6 DONE 0.2s
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stand-in for buildctl, which is alone on PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()
    script = programs / "buildctl"
    script.write_text(STAND_IN.format(python=sys.executable).replace("PROGRESS", repr(PROGRESS)))
    script.chmod(0o755)
    (programs / "debug-info").write_text("BuildKit:   github.com/moby/buildkit v0.26.3 c70e8e6\nDockerfile: 1.20.0\n")
    written(programs / "image.tar", [[folder("d"), file("d/a", b"a")], [file("d/.wh.a"), file("b", b"b")]])
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("BUILDKIT_HOST", "unix:///tmp/buildkitd.sock")
    return programs


def _recipe(folder: Path, tag: str = "a:b") -> Recipe:
    (folder / "context").mkdir(exist_ok=True)
    dockerfile = folder / "Dockerfile.new"
    dockerfile.write_text("FROM scratch\nCOPY a /\n")
    return Recipe(dockerfile, folder / "context", tag)


def _names(files: TarFile) -> list[str]:
    return [member.name for member in files]


def test_a_buildctl_that_is_not_installed_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoEngine, match="buildctl cannot be started"):
        buildctl.find(timeout=5)


def test_a_buildkitd_that_does_not_answer_is_no_engine(stand_in: Path) -> None:
    (stand_in / "debug-info").unlink()
    with pytest.raises(
        NoEngine, match=r"does not answer at unix:///tmp/buildkitd\.sock\. Start it, or set BUILDKIT_HOST"
    ):
        buildctl.find(timeout=5)


def test_the_version_is_that_of_the_daemon(stand_in: Path) -> None:
    engine = buildctl.find(timeout=5)
    assert engine.name == "buildctl 0.26.3"
    assert "unix:///tmp/buildkitd.sock" in engine.key


def test_a_daemon_that_does_not_tell_its_version_has_that_of_the_client(stand_in: Path) -> None:
    (stand_in / "debug-info").unlink()
    (stand_in / "debug-workers").write_text("ID\tPLATFORMS\nabc\tlinux/amd64\n")
    (stand_in / "--version").write_text("buildctl github.com/moby/buildkit v0.10.6 0c9b5ae\n")
    assert buildctl.find(timeout=5).name == "buildctl 0.10.6"


def test_the_command_of_a_build_says_all_of_the_recipe(stand_in: Path, tmp_path: Path) -> None:
    plain = _recipe(tmp_path)
    recipe = Recipe(plain.dockerfile, plain.context, "a:b", True, ("A=b,c", "D=e f"), ("--ssh", "default"))
    engine = buildctl.find(timeout=5)
    engine.build(recipe)
    words = (stand_in / "asked").read_text().splitlines()[-1].split("\x1f")
    pairs = list(pairwise(words))
    assert words[0] == "build"
    assert ("--local", f"context={tmp_path / 'context'}") in pairs
    assert ("--local", f"dockerfile={tmp_path}") in pairs
    assert ("--opt", "filename=Dockerfile.new") in pairs
    assert ("--opt", "build-arg:A=b,c") in pairs
    assert ("--opt", "build-arg:D=e f") in pairs
    assert ("--ssh", "default") in pairs
    assert "--no-cache" in words
    engine.build(plain)
    assert "--no-cache" not in (stand_in / "asked").read_text().splitlines()[-1]
    engine.clean()


def test_an_image_is_read_from_its_archive_where_nothing_runs_it(stand_in: Path, tmp_path: Path) -> None:
    engine = buildctl.find(timeout=5)
    build = engine.build(_recipe(tmp_path))
    assert [(step.name, step.seconds, step.cached) for step in build.steps] == [
        ("[1/2] COPY a /", 0.5, False),
        ("[2/2] RUN make", None, True),
    ]
    image = engine.image("a:b")
    assert (image.tag, len(image.id)) == ("a:b", len("sha256:") + 64)
    assert image.compressed is not None
    assert 0 < image.compressed < image.size
    with engine.files("a:b") as files:
        assert _names(files) == ["d", "b"]
    assert not engine.runs
    with pytest.raises(Trouble, match="runs no containers"), engine.start("a:b", Launch()):
        pass
    with pytest.raises(Trouble, match="runs no containers"):
        engine.run("a:b", Launch(), timeout=1)
    engine.clean()
    assert engine.left == ()


def test_an_image_that_was_built_again_takes_the_place_of_the_first(stand_in: Path, tmp_path: Path) -> None:
    engine = buildctl.find(timeout=5)
    engine.build(_recipe(tmp_path))
    engine.build(_recipe(tmp_path, "c:d"))
    written(stand_in / "image.tar", [[file("e", b"e")]])
    engine.build(_recipe(tmp_path))
    with engine.files("a:b") as first, engine.files("c:d") as second:
        assert (_names(first), _names(second)) == (["e"], ["d", "b"])
    engine.clean()


def test_nothing_is_left_behind(stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    engine = buildctl.find(timeout=5)
    engine.build(_recipe(tmp_path))
    assert list(temporary.rglob("*.tar"))
    engine.clean()
    assert list(temporary.iterdir()) == []
    with pytest.raises(Trouble, match="has not built x:y"):
        engine.image("x:y")


@pytest.fixture
def real() -> Iterator[Buildctl]:
    """The BuildKit that buildctl reaches."""
    if shutil.which("buildctl") is None:
        pytest.skip("buildctl is not installed: nothing is built with it")
    engine = buildctl.find(timeout=120)
    try:
        yield engine
    finally:
        engine.clean()
        assert engine.left == ()


@pytest.fixture
def base(images: frozenset[str], tmp_path: Path) -> Path:
    """A context with the file system of busybox in `rootfs.tar`."""
    context = tmp_path / "context"
    context.mkdir()
    container = subprocess.run(
        ["docker", "create", "busybox"], capture_output=True, check=True, text=True
    ).stdout.strip()
    try:
        subprocess.run(["docker", "export", "--output", str(context / "rootfs.tar"), container], check=True)
    finally:
        subprocess.run(["docker", "rm", container], capture_output=True, check=True)
    return context


TEXT = """\
FROM scratch
ADD rootfs.tar /
RUN mkdir -p /d/e && echo a > /d/a && echo b > /d/e/b && ln /d/a /d/l && ln /d/a /m
RUN rm -r /d/e /d/a && mkdir /d/e && echo c > /d/e/c && chown 5:6 /m && chmod 4755 /d/e/c
HEALTHCHECK CMD true
SHELL ["/bin/sh", "-ec"]
USER 1234
CMD ["sleep", "60"]
"""


@pytest.mark.engine
def test_the_layers_give_the_file_system_that_buildkit_itself_writes(
    real: Buildctl, base: Path, tmp_path: Path
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(TEXT)
    real.build(Recipe(dockerfile, base, real.tag("a")))
    own = tmp_path / "own.tar"
    local = ("--local", f"context={base}", "--local", f"dockerfile={tmp_path}")
    command = ("buildctl", "build", "--frontend=dockerfile.v0", *local, "--output", f"type=tar,dest={own}")
    subprocess.run(command, capture_output=True, check=True)
    with real.files(real.tag("a")) as files, tarfile.open(own) as wanted:
        assert _listing(files) == _listing(wanted)
    image = real.image(real.tag("a"))
    assert [layer.step.split()[0] for layer in image.layers] == ["ADD", "RUN", "RUN"]
    assert image.compressed is not None
    assert 0 < image.compressed < image.size
    assert (image.settings.user, image.settings.healthcheck) == ("1234", ("CMD-SHELL", "true"))


def _listing(archive: TarFile) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for member in archive:
        name = member.name.removeprefix("./").strip("/")
        if member.islnk():
            found[name] = found[member.linkname.removeprefix("./")]
            continue
        content = archive.extractfile(member) if member.isreg() else None
        about = (member.type, member.mode & 0o7777, member.uid, member.gid, member.linkname)
        found[name] = (*about, content.read() if content else b"")
    return {name: about for name, about in found.items() if name}


@pytest.mark.engine
def test_what_was_built_runs_where_an_engine_is_beside_it(real: Buildctl, base: Path, tmp_path: Path) -> None:
    if not real.runs:
        pytest.skip("there is neither docker nor podman beside buildctl: nothing is run")
    dockerfile = tmp_path / "Dockerfile"
    tag = real.tag("a")
    ids = []
    for word in ("first", "second"):
        dockerfile.write_text(f"{TEXT}ENV WORD={word}\n")
        real.build(Recipe(dockerfile, base, tag))
        output = real.run(tag, Launch(command=("sh", "-c", "echo $WORD; id -u; exit 3")), timeout=30)
        assert (output.exit_code, output.out) == (3, f"{word}\n1234\n".encode())
        ids.append(real.image(tag).id)
    with real.start(tag, Launch()) as container:
        assert container.state().running
        assert container.uid() in (1234, None)
    assert len(set(ids)) == 2
    assert not _there(ids[0])
    real.clean()
    assert not _there(ids[1])


def _there(image: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode == 0


@pytest.mark.engine
def test_failures_are_told_apart(real: Buildctl, tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    (tmp_path / "context").mkdir()
    recipe = Recipe(dockerfile, tmp_path / "context", real.tag("a"))
    dockerfile.write_text("FROM scratch\nCOPY nothing /\n")
    with pytest.raises(BuildFailed) as raised:
        real.build(recipe)
    assert (raised.value.step, raised.value.line) == ("COPY nothing /", 2)
    dockerfile.write_text("# syntax=registry.invalid/dockerfile:1\nFROM scratch\n")
    with pytest.raises(Unable, match=r"registry\.invalid/dockerfile:1"):
        real.build(recipe)


@pytest.mark.engine
def test_the_ignore_file_of_the_dockerfile_counts(real: Buildctl, tmp_path: Path) -> None:
    context, dockerfile = tmp_path / "context", tmp_path / "other" / "Dockerfile.new"
    for folder_ in (context, dockerfile.parent):
        folder_.mkdir()
    for name in ("a", "b", ".dockerignore"):
        (context / name).write_text("a\n")
    dockerfile.write_text("FROM scratch\nCOPY . /\n")
    Path(f"{dockerfile}.dockerignore").write_text("b\n.dockerignore\n")
    real.build(Recipe(dockerfile, context, real.tag("a")))
    with real.files(real.tag("a")) as files:
        assert _names(files) == ["a"]
