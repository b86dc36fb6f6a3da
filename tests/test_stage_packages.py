"""What packages come to at run time."""

import pytest

from rewriter.image import StageImage, evaluate
from rewriter.knowledge.bases import Bases
from rewriter.source import Source
from rewriter.stages.packages import divide
from rewriter.syntax.reader import read


def image(reference: str) -> StageImage:
    return evaluate(read(Source(f"FROM {reference}\n")), Bases())[0]


@pytest.mark.parametrize(
    ("base", "name", "runtime"),
    [
        ("debian:bookworm", "libpq-dev", "libpq5"),
        ("debian:trixie", "libpq-dev", "libpq5"),
        ("debian:bookworm", "default-libmysqlclient-dev", "libmariadb3"),  # through two -dev packages
        ("debian:bookworm", "libicu-dev", "libicu72"),  # behind a tool
        ("debian:bookworm", "libcurl4-openssl-dev", "libcurl4"),
        ("debian:trixie", "libcurl4-openssl-dev", "libcurl4t64"),
        ("debian:bookworm", "libcairo2-dev", "libcairo2 libcairo-gobject2 libcairo-script-interpreter2"),
        ("debian:bookworm", "libgtk-3-dev", "libgtk-3-0 gir1.2-gtk-3.0"),
        ("debian:bookworm", "unixodbc-dev", "libodbccr2 libodbcinst2"),
        ("debian:bookworm", "libffi-dev", ""),  # a minimal Debian has libffi8
        ("debian:trixie", "libffi-dev", "libffi8"),
        ("debian:bookworm", "libssl-dev", "libssl3"),
        ("debian:trixie", "libssl-dev", ""),
        ("debian:bookworm", "gfortran-12", "libgfortran5"),
        ("debian:bookworm", "g++", "libgomp1"),
        ("debian:bookworm", "gcc-12", "libgomp1"),
        ("debian:bookworm", "cmake", ""),
        ("debian:bookworm", "git", "git"),
        ("debian:bookworm", "gettext", "gettext"),
        ("node:20-bookworm", "python3", "python3"),
        ("python:3.12-bookworm", "libssl-dev", ""),  # the slim variant has what Python's own modules need
        ("python:3.12-bookworm", "python3-dev", ""),
        ("python:3.12-bookworm", "python3-gdal", "python3-gdal"),
        ("ubuntu:22.04", "libpq-dev", "libpq5"),
        ("ubuntu:22.04", "libssl-dev", "libssl3"),
        ("ubuntu:24.04", "libssl-dev", "libssl3t64"),
        ("alpine:3.20", "postgresql-dev", "libpq"),
        ("alpine", "gcc", "libgcc libgomp"),
        ("alpine:3.20", "musl-dev", ""),
    ],
)
def test_comes_to(base: str, name: str, runtime: str) -> None:
    found = divide([name], image(base))
    assert " ".join(found.runtime) == runtime
    assert not found.kept
    assert found.build == (() if name == runtime else (name,))


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("debian:buster", "libpq-dev"),  # no table
        ("debian:bookworm", "libmysqlclient-dev"),  # no such package there
        ("debian:bookworm", "r-base-dev"),
        ("debian:bookworm", "python3-dev"),  # may stand for Python itself
        ("debian:bookworm", "libpq-dev=15.*"),
        ("ubuntu:22.04", "libgdal-dev"),
        ("ubuntu:18.04", "libpq-dev"),
        ("alpine:3.20", "boost-dev"),
        ("alpine:3.12", "openssl-dev"),  # openssl 1.1
        ("registry.corp/base", "libpq-dev"),
    ],
)
def test_kept_where_it_is_not_known(base: str, name: str) -> None:
    found = divide([name], image(base))
    assert (found.build, found.runtime, found.kept) == ((), (name,), (name,))


def test_open_release_takes_names_that_hold_in_each() -> None:
    found = divide(["libpq-dev", "libcurl4-openssl-dev", "libmagic-dev", "libicu-dev"], image("debian:stable"))
    # trixie's libmagic1t64 provides libmagic1; no name stands for libicu72 and libicu76.
    assert found.runtime == ("libpq5", "libcurl4", "libmagic1", "libicu-dev")
    assert found.kept == ("libicu-dev",)


def test_open_release_takes_the_transition_into_account() -> None:
    # libreadline8t64 provides libreadline8, though no index here says so (a 64-bit time_t package).
    assert divide(["libreadline-dev"], image("debian:stable")).runtime == ("libreadline8",)


def test_a_pinned_tool_goes() -> None:
    assert divide(["make=4.3-4.1"], image("debian:bookworm")).build == ("make=4.3-4.1",)


def test_what_compilers_bring_is_told_apart() -> None:
    found = divide(["gcc", "libpq-dev", "curl", "gcc"], image("debian:bookworm"))
    assert found.runtime == ("libgomp1", "libpq5", "curl")
    assert found.compilers == ("libgomp1",)
    assert [fact.fact for fact in found.evidence] == ["what libpq-dev builds needs libpq5"]


def test_a_library_that_is_asked_for_by_name_is_not_the_compilers() -> None:
    assert divide(["gcc", "libgomp1"], image("debian:bookworm")).compilers == ()


@pytest.mark.parametrize("base", ["ruby:2.4.2", "python:3.5.2", "node:10.1"])
def test_an_old_tag_whose_release_is_not_known(base: str) -> None:
    """Its libraries may have other names than those of the releases that are built today."""
    assert divide(["libssl-dev"], image(base)).kept == ("libssl-dev",)
