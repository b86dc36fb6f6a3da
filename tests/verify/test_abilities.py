"""What a file needs of its engine, and what is said where the engine lacks it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from rewriter.knowledge import table
from rewriter.source import Source
from rewriter.syntax.reader import read
from rewriter.syntax.tree import Dockerfile
from rewriter.verify.engine import Ability, Engine
from rewriter.verify.engines.abilities import check, frontend, frontend_missing, needs, probe, refused
from rewriter.verify.trouble import Unable

PLAIN = "FROM busybox\nRUN echo a\nCOPY --from=b --chown=1:1 a /\nADD --chmod=644 a /\n"
USES = {
    Ability.HEREDOC: ("RUN <<EOF\necho a\nEOF", "COPY <<EOF /a\nb\nEOF", "ADD <<EOF /a\nb\nEOF"),
    Ability.RUN_MOUNT: ("RUN --mount=type=cache,target=/root/.npm npm ci",),
    Ability.RUN_NETWORK: ("RUN --network=none make",),
    Ability.COPY_LINK: ("COPY --link a /", "ADD --link a /", "copy --link=false a /"),
    Ability.COPY_EXCLUDE: ("COPY --exclude=*.md . /", "ADD --exclude=*.md . /"),
    Ability.COPY_PARENTS: ("COPY --parents ./a/b /",),
    Ability.ADD_CHECKSUM: ("ADD --checksum=sha256:0 https://example.org/a /",),
}
# What Docker 28.5 and buildctl say of `# syntax=docker/dockerfile:1` without a network.
NO_FRONTEND = """\
#2 resolve image config for docker-image://docker.io/docker/dockerfile:1
#2 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup: no such host
------
 > resolve image config for docker-image://docker.io/docker/dockerfile:1:
------
ERROR: failed to build: failed to solve: failed to resolve source metadata for docker.io/docker/dockerfile:1
"""


@dataclass
class Stub:
    """As much of an engine as is asked for."""

    name: str
    abilities: frozenset[Ability] = frozenset()
    asked: list[Ability] = field(default_factory=list)

    def can(self, ability: Ability) -> bool:
        self.asked.append(ability)
        return ability in self.abilities


def _file(text: str) -> Dockerfile:
    return read(Source(text))


def _check(text: str, stub: Stub) -> None:
    check(_file(text), cast(Engine, stub))


@pytest.mark.parametrize(("ability", "use"), [(ability, use) for ability, uses in USES.items() for use in uses])
def test_a_use_is_found_with_its_line(ability: Ability, use: str) -> None:
    assert needs(_file(f"{PLAIN}{use}\n")) == {ability: 5}


def test_nothing_is_needed_by_a_file_of_old() -> None:
    assert needs(_file(PLAIN + "RUN echo --mount <&1\n")) == {}


def test_the_first_line_counts_and_a_flag_has_its_own() -> None:
    text = (
        "FROM a\nCOPY \\\n  # why\n  --link \\\n  --exclude=b \\\n  c d\nCOPY --link e f\nRUN <<A\nRUN --mount=b\nA\n"
    )
    assert list(needs(_file(text)).items()) == [
        (Ability.COPY_LINK, 4),
        (Ability.COPY_EXCLUDE, 5),
        (Ability.HEREDOC, 8),
    ]


def test_a_trigger_counts_where_a_stage_of_the_file_pulls_it() -> None:
    stage = "FROM a AS Base\nONBUILD COPY --link a /\n"
    assert needs(_file(stage)) == {}
    assert needs(_file(f"{stage}FROM b\nCOPY --from=base a /\n")) == {}
    assert needs(_file(f"{stage}FROM base\n")) == {Ability.COPY_LINK: 2}


def test_the_lines_of_a_heredoc_must_be_read_behind_onbuild_too() -> None:
    assert needs(_file("FROM a\nONBUILD COPY <<A /b\nc\nA\n")) == {Ability.HEREDOC: 2}


def test_the_frontend_is_the_value_of_the_directive() -> None:
    assert frontend(_file("# Syntax = docker/dockerfile:1.7-labs\nFROM a\n")) == "docker/dockerfile:1.7-labs"
    assert frontend(_file("FROM a\n# syntax=docker/dockerfile:1\n")) is None


@pytest.mark.parametrize("ability", Ability)
def test_the_probe_of_an_ability_needs_it_and_nothing_else(ability: Ability) -> None:
    file = _file(probe(ability))
    assert set(needs(file)) == {ability}
    assert [stage.start.value for stage in file.stages] == ["scratch"]


@pytest.mark.parametrize(
    "message",
    [
        "ERROR: failed to solve: dockerfile parse error on line 2: unknown flag: --parents",  # BuildKit 0.25
        "failed to solve: dockerfile parse error line 2: Unknown flag: network",  # BuildKit 0.8
        "Error response from daemon: dockerfile parse error line 3: unknown instruction: HERE",  # Docker 20.10
        "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/",  # Docker 28.5, classic
        "COPY failed: no source files were specified",  # Docker 28.5, classic
        "instruction 'ADD --checksum=<CHECKSUM>' requires the labs channel",  # BuildKit 0.11
        'Error: building at STEP "RUN --network=none /nothing": RUN only supports the --mount flag',  # Buildah 1.28
        'Error: building at STEP "COPY <<HERE /here": checking on sources under "/a": copier: stat: "/<<HERE": no '
        "such file or directory",  # Buildah 1.28
    ],
)
def test_a_refusal_is_known(message: str) -> None:
    assert refused(message)


@pytest.mark.parametrize(
    "message",
    [
        "ERROR: failed to solve: lstat /nothing: no such file or directory",
        'failed to solve: process "/nothing" did not complete successfully: exit code: 1',
        "failed to solve: checksum requires HTTP(S) or Git sources",
        "unknown flag: --progress",  # a docker without buildx
        'copier: stat: "/nothing": no such file or directory',
        "dial unix /run/buildkit/buildkitd.sock: connect: no such file or directory",
    ],
)
def test_another_failure_is_no_refusal(message: str) -> None:
    assert not refused(message)


def test_what_is_missing_is_said_with_what_to_do() -> None:
    with pytest.raises(Unable) as raised:
        _check("FROM a\nRUN <<A\nb\nA\n", Stub("buildah 1.28.2"))
    assert str(raised.value) == (
        "Line 2 uses a heredoc, which buildah 1.28.2 cannot read: use Docker 23.0, BuildKit 0.10, Buildah 1.33 or "
        "Podman 4.8, or a newer version of one of them."
    )
    with pytest.raises(
        Unable, match=r"Line 2 uses COPY --parents, which docker 28\.5\.2 .*`# syntax=docker/dockerfile:1`"
    ):
        _check("FROM a\nCOPY --parents b /\n", Stub("docker 28.5.2"))


def test_only_what_the_file_needs_is_asked() -> None:
    stub = Stub("podman 5.6.0", frozenset((Ability.COPY_LINK, Ability.HEREDOC)))
    _check("FROM a\nCOPY --link b /\nRUN <<A\nb\nA\n", stub)
    assert stub.asked == [Ability.COPY_LINK, Ability.HEREDOC]


def test_a_frontend_brings_its_abilities_to_buildkit_only() -> None:
    text = "# syntax=docker/dockerfile:1\nFROM a\nCOPY --parents b /\n"
    _check(text, Stub("docker 23.0.1", frozenset((Ability.RUN_MOUNT,))))
    for name in ("docker 20.10.24", "buildah 1.28.2", "podman 4.3.1"):
        mounts = frozenset((Ability.RUN_MOUNT,)) if not name.startswith("docker") else frozenset()
        with pytest.raises(Unable, match="Line 3"):
            _check(text, Stub(name, mounts))


def test_a_frontend_that_cannot_be_fetched_is_named_with_what_to_do() -> None:
    said = frontend_missing(NO_FRONTEND)
    assert said is not None
    assert said.startswith(
        "The engine cannot fetch the frontend docker.io/docker/dockerfile:1, which the `# syntax=` line (or "
        'BUILDKIT_SYNTAX) names (failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup: no '
        "such host): pull it beforehand, "
    )


def test_a_build_that_fails_behind_its_frontend_is_not_blamed_on_it() -> None:
    step = "resolve image config for docker-image://docker.io/docker/dockerfile:1"
    base = "[internal] load metadata for docker.io/library/a:latest"
    assert frontend_missing(f"#2 {step}\n#2 DONE 0.5s\n#3 ERROR: exit code: 1\n------\n > [1/2] RUN false:\n") is None
    assert frontend_missing(f"#3 {base}\n#3 ERROR: not found\n------\n > {base}:\n------\n") is None


BUILD = {
    "docker": ("docker", "build", "--progress=plain"),
    "podman": ("podman", "build", "--format=docker"),
    "buildah": ("buildah", "build", "--format=docker"),
}


def _said(command: Sequence[str], text: str, folder: Path) -> str:
    (folder / "Dockerfile").write_text(text)
    done = subprocess.run(["timeout", "60", *command, str(folder)], capture_output=True, text=True)
    assert done.returncode not in (0, 124), done.stderr
    return done.stderr + done.stdout


def _version(builder: str) -> tuple[int, ...]:
    command = ["docker", "version", "--format={{.Server.Version}}"] if builder == "docker" else [builder, "--version"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    assert found is not None
    return int(found[1]), int(found[2])


@pytest.mark.engine
@pytest.mark.parametrize("builder", BUILD)
@pytest.mark.parametrize("ability", Ability)
def test_an_engine_refuses_the_probes_of_what_came_after_it(
    builder: str, ability: Ability, images: frozenset[str], tmp_path: Path
) -> None:
    if shutil.which(builder) is None:
        pytest.skip(f"{builder} is not installed")
    since = tuple(int(part) for part in table("abilities")[ability.name]["since"][builder.capitalize()].split("."))
    assert refused(_said(BUILD[builder], probe(ability), tmp_path)) == (_version(builder) < since)


@pytest.mark.engine
def test_docker_says_of_a_frontend_what_is_expected(images: frozenset[str], tmp_path: Path) -> None:
    text = "# syntax=registry.invalid/dockerfile:1\nFROM scratch\n"
    said = frontend_missing(_said(BUILD["docker"], text, tmp_path))
    assert said is not None
    assert said.startswith("The engine cannot fetch the frontend registry.invalid/dockerfile:1, which ")
