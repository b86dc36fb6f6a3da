"""Where a stage is cut, and what the runtime stage repeats, takes over and copies; by a kit that is made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rewriter import Options, Project
from rewriter.change import apply
from rewriter.facts import Facts
from rewriter.source import Source
from rewriter.stages import text as stage_text
from rewriter.stages.bases import slim
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Obstacle, Role, Runtime, Shown
from rewriter.stages.plan import plan
from rewriter.stages.shape import Refused, shown
from rewriter.syntax.reader import read


@dataclass
class Kit:
    """`make` builds, `tool` runs, all else is not its own."""

    carries: tuple[Carry, ...] = (Carry("/app/", "/app/"),)
    finish: tuple[str, ...] = ()
    cuts: list[Cut] = field(default_factory=list)

    def role(self, command: Command, shown: Shown) -> Role | Obstacle | None:
        return {"make": Role.BUILDS, "tool": Role.RUNS, "odd": Obstacle("odd is odd")}.get(command.call.program)

    def runtime(self, shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
        self.cuts.append(cut)
        return Runtime("debian:bookworm-slim", self.carries, "make is shipped", finish=self.finish)

    def counterpart(self, shown: Shown) -> Counterpart | Obstacle | None:
        return None

    def minimal(self, shown: Shown) -> Minimal | Obstacle | None:
        return None


def divided(text: str, kit: Kit, project: Project | None = None, named: frozenset[str] = frozenset()) -> str:
    file = read(Source(text))
    facts = Facts(file, Options(), project or Project())
    image = facts.images[-1]
    found = plan(shown(facts, image), kit)
    assert found is not None
    edits = stage_text.edits(file, image.stage, found, named)
    assert edits is not None
    return apply(text, edits)


def halves(text: str, kit: Kit | None = None) -> tuple[list[str], list[str]]:
    """The lines of the build stage and of the runtime stage, for a file with those of `text` behind its FROM."""
    whole = divided(f"FROM debian:bookworm\n{text}", kit or Kit())
    build, _, runtime = whole.partition("FROM debian:bookworm-slim\n")
    return build.rstrip().split("\n")[1:], runtime.rstrip().split("\n")


def test_what_stands_below_the_last_build_stays() -> None:
    build, runtime = halves('WORKDIR /app\nCOPY . .\nRUN make\n\n# served\nEXPOSE 80\nCMD ["./x"]\n')
    assert build == ["WORKDIR /app", "COPY . .", "RUN make"]
    assert runtime == ["WORKDIR /app", "COPY --from=build /app/ /app/", "", "# served", "EXPOSE 80", 'CMD ["./x"]']


def test_settings_above_the_cut() -> None:
    """What steps may depend on is repeated, what only the image says moves with its comments."""
    build, runtime = halves(
        "# who\nLABEL a=b\nENV A=1 \\\n    B=2\nWORKDIR /app\nEXPOSE 80\nCMD x\nCOPY . .\nRUN make\n", Kit()
    )
    assert build == ["ENV A=1 \\", "    B=2", "WORKDIR /app", "COPY . .", "RUN make"]
    assert runtime == [
        *("# who", "LABEL a=b", "ENV A=1 \\", "    B=2", "WORKDIR /app", "COPY --from=build /app/ /app/"),
        *("EXPOSE 80", "CMD x"),
    ]


def test_arguments_are_repeated_where_they_are_used() -> None:
    build, runtime = halves("ARG A\nARG B=1\nARG C\nENV X=$A\nRUN make\nEXPOSE ${B}\nCMD x\n")
    assert build[:3] == ["ARG A", "ARG B=1", "ARG C"]
    assert runtime[:3] == ["ARG A", "ARG B=1", "ENV X=$A"]


def test_a_program_may_read_every_argument() -> None:
    assert "ARG C" in halves("ARG C\nRUN make\nRUN tool\nCMD x\n")[1]


def test_packages_are_divided() -> None:
    kit = Kit()
    build, runtime = halves(
        "RUN apt-get update && apt-get install -y gcc ffmpeg libpq-dev && rm -rf /var/lib/apt/lists/*\n"
        "RUN make\nCMD x\n",
        kit,
    )
    assert build[0].startswith("RUN apt-get update && apt-get install -y gcc ffmpeg libpq-dev")
    assert [line.strip(" \\") for line in runtime[:5]] == [
        *("RUN apt-get update", "&& apt-get install -y"),
        *("ffmpeg", "libpq5", "&& rm -rf /var/lib/apt/lists/*"),
    ]
    assert [*kit.cuts[0].tools] == ["gcc", "libpq-dev"]


def test_packages_that_only_build_leave_nothing() -> None:
    assert halves("RUN apt-get update && apt-get install -y gcc\nRUN make\nCMD x\n")[1][0].startswith("COPY --from")


def test_packages_that_are_removed_again() -> None:
    runtime = halves("RUN apt-get update && apt-get install -y git && make && apt-get purge -y git\nCMD x\n")[1]
    assert not any("git" in line for line in runtime)


def test_what_only_the_program_needs_moves() -> None:
    build, runtime = halves("RUN useradd app\nWORKDIR /app\nCOPY . .\nRUN make\nUSER app\nCMD x\n")
    assert runtime[:2] == ["RUN useradd app", "WORKDIR /app"]
    assert "RUN useradd app" not in build


def test_what_the_build_needs_as_well_is_repeated() -> None:
    build, runtime = halves("RUN useradd app\nUSER app\nWORKDIR /app\nCOPY . .\nRUN make\nCMD x\n")
    assert build[:2] == runtime[:2] == ["RUN useradd app", "USER app"]


def test_a_step_that_sets_up_and_builds() -> None:
    runtime = halves("RUN mkdir /data && make && chown 7 /data\nCMD x\n")[1]
    assert runtime[0] == "RUN mkdir /data && chown 7 /data"


def test_what_is_carried_is_not_set_up_again() -> None:
    runtime = halves("WORKDIR /app\nCOPY . .\nRUN mkdir /app/log && make\nCMD x\n")[1]
    assert runtime == ["WORKDIR /app", "COPY --from=build /app/ /app/", "CMD x"]


def test_files_that_a_step_puts_elsewhere_are_carried() -> None:
    runtime = halves("WORKDIR /app\nCOPY . .\nRUN make\nRUN cp x /usr/bin/x\nCMD x\n")[1]
    assert "COPY --from=build /usr/bin/x /usr/bin/x" in runtime


def test_a_copy_to_elsewhere_is_made_again(tmp_path: Path) -> None:
    for name in ("x.conf", "main.c"):
        (tmp_path / name).touch()
    text = "FROM debian:bookworm\nWORKDIR /app\nCOPY main.c .\nCOPY x.conf /etc/x.conf\nRUN make\nCMD x\n"
    whole = divided(text, Kit(), Project(tmp_path))
    assert whole.partition("-slim\n")[2] == (
        "WORKDIR /app\nCOPY x.conf /etc/x.conf\nCOPY --from=build /app/ /app/\nCMD x\n"
    )


def test_a_copy_that_comes_again_below_is_left(tmp_path: Path) -> None:
    for name in ("requirements.txt", "main.py"):
        (tmp_path / name).touch()
    text = "FROM debian:bookworm\nWORKDIR /app\nCOPY requirements.txt .\nRUN make\nCOPY . .\nCMD x\n"
    whole = divided(text, Kit((Carry("/opt/x/", "/opt/x/"),)), Project(tmp_path))
    assert whole.partition("-slim\n")[2] == "WORKDIR /app\nCOPY --from=build /opt/x/ /opt/x/\nCOPY . .\nCMD x\n"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("RUN odd\nRUN make\n", "odd is odd"),
        ("RUN other\nRUN make\n", "what other in line 2 does is not known"),
        ("RUN $X\nRUN make\n", "a variable names"),
        ('RUN ["make"]\nRUN make\n', "is not understood"),
        ("ONBUILD RUN x\nRUN make\n", "ONBUILD"),
        ("USER a\nUSER b\nRUN make\n", "the user changes more than once"),
        ("RUN apt-get install -y ./x.deb\nRUN make\n", "what ./x.deb installs"),
        ("RUN apt-get update || apt-get install -y git\nRUN make\n", "does not always install"),
        ("RUN echo $(git rev-parse HEAD) > /version\nRUN make\n", "the output of git"),
        ("RUN cd /x && mkdir y && make\n", "cannot be taken apart"),
    ],
)
def test_declines(lines: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        halves(f"{lines}CMD x\n")


def test_nothing_is_built() -> None:
    facts = Facts(read(Source("FROM debian:bookworm\nRUN mkdir /x\nCMD x\n")), Options(), Project())
    assert plan(shown(facts, facts.images[-1]), Kit()) is None


@pytest.mark.parametrize(
    ("head", "named", "first", "second"),
    [
        ("FROM debian:bookworm", (), "FROM debian:bookworm AS build", "FROM debian:bookworm-slim"),
        ("from debian:bookworm", (), "from debian:bookworm as build", "from debian:bookworm-slim"),
        ("FROM debian:bookworm AS app", (), "FROM debian:bookworm AS build", "FROM debian:bookworm-slim AS app"),
        ("FROM debian:bookworm AS builder", (), "FROM debian:bookworm AS builder", "FROM debian:bookworm-slim"),
        (
            *("FROM debian:bookworm AS builder", ("builder",)),
            *("FROM debian:bookworm AS build", "FROM debian:bookworm-slim AS builder"),
        ),
        (
            *("FROM debian AS build\nFROM --platform=linux/amd64 debian:bookworm", ()),
            "FROM debian AS build\nFROM --platform=linux/amd64 debian:bookworm AS install",
            "FROM --platform=linux/amd64 debian:bookworm-slim",
        ),
    ],
)
def test_names(head: str, named: tuple[str, ...], first: str, second: str) -> None:
    whole = divided(f"{head}\nRUN make\nCMD x\n", Kit(), named=frozenset(named))
    build, _, runtime = whole.partition("\n\n")
    assert build.rpartition("\nRUN")[0] == first
    assert runtime.split("\n")[0] == second


def test_lines_at_the_end_of_the_build() -> None:
    assert halves("RUN make\nCMD x\n", Kit(finish=("RUN make prune",)))[0] == ["RUN make", "RUN make prune"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("python", "python:slim"),
        ("python:3.12", "python:3.12-slim"),
        ("python:3.12-bookworm", "python:3.12-slim-bookworm"),
        ("node:20-bookworm", "node:20-bookworm-slim"),
        ("node:lts", "node:lts-slim"),
        ("debian", "debian:stable-slim"),
        ("docker.io/library/ruby:3.3", "docker.io/library/ruby:3.3-slim"),
        ("python:${PYTHON_VERSION}", "python:${PYTHON_VERSION}-slim"),
        ("python:3.12-slim", None),
        ("python:3.12-alpine", None),
        ("python:3.12@sha256:0123", None),
        ("python:$TAG", None),
        ("python:2.6", None),
        ("golang:1.22", None),
        ("example.org/python:3.12", None),
    ],
)
def test_slim_variants(reference: str, expected: str | None) -> None:
    assert slim(reference) == expected
