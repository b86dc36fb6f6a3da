"""The same program on each base that the tables know for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import Options, Project, Source, Unreadable
from rewriter.knowledge import table
from rewriter.knowledge.bases import Bases
from rewriter.stages.bases import alpine, plain, slim
from rewriter.verify.choices import Missing, Offer, available, choices

GOLDEN = Path(__file__).parents[2] / "golden" / "chain"
ALL = ("full", "slim", "alpine", "runtime", "distroless", "scratch")


def menu(case: str, *names: str) -> dict[str, Offer | Missing]:
    """What the names come to for a golden case, without `as it was`."""
    path = GOLDEN / case / "Dockerfile"
    project = Project(path.parent, dockerfile=path)
    found = choices(Source.decode(path.read_bytes()), project, Options(), names)
    assert found[0].name == "as it was"
    return {each.name: each for each in found[1:]}


def bases(found: dict[str, Offer | Missing]) -> dict[str, str]:
    return {name: each.base for name, each in found.items() if isinstance(each, Offer)}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (
            "python-flask-aggressive",
            {
                "full": "python:3.11-bookworm",
                "slim": "python:3.11-slim-bookworm",
                "alpine": "python:3.11-alpine",
                "distroless": "gcr.io/distroless/python3-debian12",
            },
        ),
        ("python-fastapi", {"full": "python:3.11", "slim": "python:3.11-slim"}),
        (
            "node-links-aggressive",
            {
                "full": "node:20",
                "slim": "node:20-slim",
                "alpine": "node:20-alpine",
                "distroless": "gcr.io/distroless/nodejs20-debian12",
            },
        ),
        (
            "node-status-site",
            {"full": "node:latest", "slim": "node:slim", "alpine": "nginx:stable-alpine", "runtime": "nginx:stable"},
        ),
        (
            "go-one-stage",
            {"full": "golang:1.22", "alpine": "golang:1.22-alpine", "distroless": "gcr.io/distroless/static-debian12"},
        ),
        (
            "rust-one-stage",
            {
                "full": "rust:1-bookworm",
                "slim": "debian:bookworm-slim",
                "alpine": "alpine:3",
                "distroless": "gcr.io/distroless/cc-debian12",
            },
        ),
        (
            "java-web",
            {
                "full": "eclipse-temurin:17",
                "alpine": "eclipse-temurin:17-jre-alpine",
                "runtime": "eclipse-temurin:17-jre",
            },
        ),
        (
            "dotnet-web",
            {
                "full": "mcr.microsoft.com/dotnet/sdk:8.0",
                "runtime": "mcr.microsoft.com/dotnet/aspnet:8.0",
                "distroless": "mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled-extra",
            },
        ),
        ("php-slim-framework", {"alpine": "php:8.3-fpm-alpine"}),
        ("keep-already-good", {"slim": "python:${PYTHON}-slim"}),
    ],
)
def test_the_bases_of_a_project(case: str, expected: dict[str, str]) -> None:
    found = menu(case, *ALL)
    assert list(found) == list(ALL)
    assert bases(found) == expected
    path = GOLDEN / case / "Dockerfile"
    names = available(Source.decode(path.read_bytes()), Project(path.parent, dockerfile=path), Options())
    assert set(names) == set(expected)


def test_what_the_rewrite_chooses_is_taken_as_it_is() -> None:
    expected = (GOLDEN / "python-flask-naive" / "fixed.Dockerfile").read_bytes()
    found = menu("python-flask-naive", "slim")["slim"]
    assert isinstance(found, Offer)
    assert found.text.encode() == expected
    bold = menu("rust-one-stage", "distroless")["distroless"]
    assert isinstance(bold, Offer)
    assert "FROM rust:1-bookworm AS build" in bold.text.text
    assert "FROM gcr.io/distroless/cc-debian12" in bold.text.text


def test_another_variant_is_rewritten_as_such() -> None:
    found = menu("python-flask-aggressive", "alpine", "full")
    on_alpine, full = found["alpine"], found["full"]
    assert isinstance(on_alpine, Offer)
    assert isinstance(full, Offer)
    assert "adduser -D" in on_alpine.text.text  # there is no useradd
    assert "useradd -l" in full.text.text
    assert full.text.text.count("FROM") == 1  # it is not divided, as that would change the base


def test_as_it_was_is_untouched(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_bytes(b"a\r\n")
    text = "FROM python:3.11\r\nCOPY . .\r\n# \udcff"
    (found,) = choices(Source(text), Project(tmp_path), Options(), ())
    assert found == Offer("as it was", "python:3.11", Source(text), Source("a\r\n"))


def test_the_ignore_file_goes_with_the_text(tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    (tmp_path / "package.json").write_text('{"dependencies": {"x": "1.0.0"}}')
    (tmp_path / "index.js").write_text("")
    text = 'FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD ["node", "index.js"]\n'
    was, full = choices(Source(text), Project(tmp_path, dockerfile=tmp_path / "Dockerfile"), Options(), ("full",))
    assert isinstance(was, Offer)
    assert isinstance(full, Offer)
    assert was.ignore is None
    assert full.ignore is not None
    assert "node_modules" in full.ignore.text


STAGES = """FROM python:3.12 AS build
RUN pip wheel -w /w flask

FROM build AS check
RUN pip check

FROM python:3.12
COPY --from=build /w /w
RUN pip install /w/*
CMD ["python"]
"""


def test_what_is_built_on_alpine_runs_on_alpine() -> None:
    _, on_alpine, on_slim = choices(Source(STAGES), Project(), Options(), ("alpine", "slim"))
    assert isinstance(on_alpine, Offer)
    assert isinstance(on_slim, Offer)
    assert [line for line in on_alpine.text.text.splitlines() if line.startswith("FROM")] == [
        "FROM python:3.12-alpine AS build",
        "FROM build AS check",
        "FROM python:3.12-alpine",
    ]
    assert [line for line in on_slim.text.text.splitlines() if line.startswith("FROM")] == [
        "FROM python:3.12 AS build",
        "FROM build AS check",
        "FROM python:3.12-slim",
    ]


def test_the_base_below_a_stage_is_exchanged() -> None:
    text = "FROM ruby:3.3 AS base\nRUN gem install rack\n\nFROM base\nCMD rackup\n"
    _, found = choices(Source(text), Project(), Options(), ("slim",))
    assert isinstance(found, Offer)
    assert found.base == "ruby:3.3-slim"


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("FROM python:3.12\n", "ubuntu", "no ubuntu image is known for python:3.12 (known: full, slim, alpine)"),
        (
            "FROM node:20\nRUN apt-get update && apt-get install -y git\nCMD node a.js\n",
            "alpine",
            "a step installs packages of debian, and node:20-alpine is alpine",
        ),
        (
            "FROM ruby:3.3-alpine\nRUN apk add --no-cache git\nCMD ruby a.rb\n",
            "slim",
            "a step installs packages of alpine, and ruby:3.3-slim is debian",
        ),
        ("FROM corp/python:3\nCMD a\n", "slim", "corp/python:3 is not known: say what it is like in [bases]"),
        (
            "FROM python@sha256:" + "0" * 64 + "\n",
            "slim",
            "no slim image is known for python@sha256:" + "0" * 64 + " (known: full)",
        ),
    ],
)
def test_a_name_without_a_base_has_a_reason(text: str, name: str, reason: str) -> None:
    _, found = choices(Source(text), Project(), Options(), (name,))
    assert found == Missing(name, reason)


def test_why_the_rewrite_did_not_choose_it() -> None:
    # The kit of Java declines: what the image starts is not known.
    text = "FROM maven:3.9-eclipse-temurin-17\nCOPY . .\nRUN mvn package\nRUN ./unknown.sh\nCMD java -jar a.jar\n"
    _, found = choices(Source(text), Project(), Options(), ("runtime",))
    assert isinstance(found, Missing)
    assert found.reason.startswith("no runtime image is known for maven:3.9-eclipse-temurin-17 (known: full): ")
    assert "unknown.sh" in found.reason


def test_what_the_user_says_of_a_base_counts() -> None:
    options = Options(bases=Bases({"corp/python:*": {"like": "python:*"}}))
    assert available(Source("FROM corp/python:3.12\n"), Project(), options) == ("full",)


def test_what_is_no_dockerfile() -> None:
    with pytest.raises(Unreadable):
        available(Source("FORM scratch\n"), Project(), Options())


@pytest.mark.parametrize(
    ("reference", "other"),
    [
        ("python:3.12", "python:3.12-alpine"),
        ("python:3.12-bookworm", "python:3.12-alpine"),
        ("python:bookworm", "python:alpine"),
        ("python", "python:alpine"),
        ("docker.io/library/python:3", "docker.io/library/python:3-alpine"),
        ("python:$PYTHON_VERSION", "python:$PYTHON_VERSION-alpine"),
        ("python:2.7", None),
        ("python:3.12-slim", None),
        ("python:3.12@sha256:0", None),
        ("node:lts", "node:lts-alpine"),
        ("php:8.2-fpm", "php:8.2-fpm-alpine"),
        ("php:8.2-fpm-bookworm", "php:8.2-fpm-alpine"),
        ("php:8.2", "php:8.2-alpine"),
        ("php:8.2-apache", None),
        ("eclipse-temurin:17-jre", "eclipse-temurin:17-jre-alpine"),
        ("eclipse-temurin:21", "eclipse-temurin:21-alpine"),
        ("eclipse-temurin", None),
        ("nginx:stable", "nginx:stable-alpine"),
        ("perl:5.38", None),
        ("debian:12", None),
    ],
)
def test_the_variant_on_alpine(reference: str, other: str | None) -> None:
    assert alpine(reference) == other


@pytest.mark.parametrize(
    ("reference", "other"),
    [
        ("python:3.12-slim-bookworm", "python:3.12-bookworm"),
        ("node:20-bookworm-slim", "node:20-bookworm"),
        ("node:lts-slim", "node:lts"),
        ("debian:stable-slim", "debian:latest"),
        ("debian:bookworm-slim", "debian:bookworm"),
        ("ruby:slim", "ruby:latest"),
        ("python:3.12-alpine", "python:3.12"),
        ("nginx:alpine", "nginx:latest"),
        ("php:8.2-fpm-alpine", "php:8.2-fpm"),
        ("python:3.12-alpine3.20", "python:3.12-alpine3.20"),
        ("python:3.12", "python:3.12"),
        ("alpine:3.20", "alpine:3.20"),
        ("corp/slim:1-slim", "corp/slim:1-slim"),
    ],
)
def test_the_plain_image_of_a_variant(reference: str, other: str) -> None:
    assert plain(reference) == other


def test_the_tables_know_the_variants_that_they_spell() -> None:
    known = Bases()
    for name, entry in table("alpine").items():
        reference = alpine(f"{name}:{entry['since']}")
        assert reference is not None
        assert known.lookup(reference).distribution == "alpine"
    for name, entry in table("slim").items():
        reference = slim(f"{name}:{entry['since']}")
        assert reference is not None
        assert "slim" in known.lookup(reference).variant
