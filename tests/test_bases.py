"""What `rewriter.knowledge.bases` says about images, and that its table is sound."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from rewriter import knowledge
from rewriter.knowledge import base_table
from rewriter.knowledge.bases import FIELDS, Base, Bases

TABLE = Path(knowledge.__file__).with_name("bases.toml")
ENTRIES: dict[str, dict[str, Any]] = tomllib.loads(TABLE.read_text("utf-8"))
IMAGES = {key: entry for key, entry in ENTRIES.items() if key[0] != "_"}
RULES = {"source", "names", "like", "words", "variants", "digits", "releases", "since", "when", "supported", "full"}
SH = ("/bin/sh", "-c")


def lookup(reference: str) -> Base:
    return Bases().lookup(reference)


# Distribution, release and version as the tag tells them

SYSTEMS = [
    ("debian", "debian", None, None),
    ("debian:12", "debian", "bookworm", "12"),
    ("debian:12.4-slim", "debian", "bookworm", "12.4"),
    ("debian:bookworm-20240101-slim", "debian", "bookworm", None),
    ("debian:stable-slim", "debian", None, None),
    ("debian:sid", "debian", "sid", None),
    ("ubuntu", "ubuntu", None, None),
    ("ubuntu:22.04", "ubuntu", "jammy", "22.04"),
    ("ubuntu:14.04.5", "ubuntu", "trusty", "14.04.5"),
    ("ubuntu:jammy-20240101", "ubuntu", "jammy", None),
    ("alpine", "alpine", None, None),
    ("alpine:edge", "alpine", None, None),
    ("alpine:3", "alpine", None, "3"),
    ("alpine:3.18.4", "alpine", "3.18", "3.18.4"),
    ("alpine:20240329", "alpine", None, "20240329"),
    ("centos:7.9.2009", "centos", "7", "7.9.2009"),
    ("quay.io/centos/centos:stream9", "centos", "9", None),
    ("fedora:39", "fedora", "39", "39"),
    ("rockylinux:9.3-minimal", "rocky", "9", "9.3"),
    ("amazonlinux:2", "amazonlinux", "2", "2"),
    ("amazonlinux:2018.03", "amazonlinux", None, "2018.03"),
    ("opensuse/leap:15.5", "opensuse", "15.5", "15.5"),
    ("registry.access.redhat.com/ubi8/ubi-minimal:8.9", "rhel", "8", "8.9"),
    ("phusion/baseimage:0.9.22", "ubuntu", "xenial", "0.9.22"),
    ("buildpack-deps:jammy-scm", "ubuntu", "jammy", None),
    ("buildpack-deps:22.04", "ubuntu", "jammy", "22.04"),
    ("resin/rpi-raspbian:jessie", "debian", "jessie", None),
    ("balenalib/raspberrypi3-alpine-node:12", "alpine", None, "12"),
    ("nvidia/cuda:11.8.0-base-ubuntu22.04", "ubuntu", "jammy", "11.8.0"),
    ("nvidia/cuda:11.4.3-devel-centos7", "centos", "7", "11.4.3"),
    ("bitnami/redis:6.0-debian-10-r1", "debian", "buster", "6.0"),
    ("ros:noetic-ros-base", "ubuntu", "focal", None),
    # a plain tag moves, until its version is not built any more
    ("python", "debian", None, None),
    ("python:3.6", "debian", "bullseye", "3.6"),
    ("python:3.6-slim", "debian", "bullseye", "3.6"),
    ("python:3.6.5", "debian", "stretch", "3.6.5"),
    ("python:2.7", "debian", "buster", "2.7"),
    ("python:3.14", "debian", None, "3.14"),
    ("python:3.99", "debian", None, "3.99"),
    ("python:3", "debian", None, "3"),
    ("python:3.13.0rc1-slim", "debian", None, "3.13.0rc1"),
    ("python:3.5-onbuild", "debian", None, "3.5"),
    ("node:8", "debian", "stretch", "8"),
    ("node:16-buster-slim", "debian", "buster", "16"),
    ("node:lts-slim", "debian", None, None),
    ("node:18-alpine", "alpine", None, "18"),
    ("node:18-alpine3.19", "alpine", "3.19", "18"),
    ("golang:1.13", "debian", "buster", "1.13"),
    ("golang:1.12.5", "debian", "stretch", "1.12.5"),
    ("php:7.4-fpm", "debian", "bullseye", "7.4"),
    ("openjdk:17", "oraclelinux", "8", "17"),
    ("openjdk:17-slim", "debian", "bullseye", "17"),
    ("openjdk:8-jre", "debian", "bullseye", "8"),
    ("openjdk:8u151-jre", "debian", "stretch", "8u151"),
    ("eclipse-temurin:17", "ubuntu", None, "17"),
    ("eclipse-temurin:17-jre-alpine-3.21", "alpine", "3.21", "17"),
    ("maven:3.8-eclipse-temurin-17", "ubuntu", None, "3.8"),
    ("maven:3.8-jdk-11-slim", "debian", None, "3.8"),
    ("maven:3.8", None, None, "3.8"),
    ("gradle:4.10-jdk8", "debian", None, "4.10"),
    ("gradle:7-jdk17", "ubuntu", None, "7"),
    ("nginx:1.25", "debian", "bookworm", "1.25"),
    ("nginx:alpine-slim", "alpine", None, None),
    ("mysql:8.0", None, None, "8.0"),
    ("mysql:8.0-debian", "debian", None, "8.0"),
    ("mcr.microsoft.com/dotnet/sdk:8.0", "debian", "bookworm", "8.0"),
    ("mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled", "ubuntu", "jammy", "8.0"),
    ("mcr.microsoft.com/dotnet/core/sdk:3.1", "debian", "buster", "3.1"),
    ("mcr.microsoft.com/dotnet/sdk:10.0", "ubuntu", "noble", "10.0"),
    # a variable, a digest alone or an unlisted word leaves open what it may hide
    ("python:${V}", None, None, None),
    ("python:${V:-3.11-slim}", None, None, None),
    ("python:$V-slim", "debian", None, None),
    ("python:${V}-slim-bookworm", "debian", "bookworm", None),
    ("python:3.11-${VARIANT}", None, None, "3.11"),
    ("python:3.${MINOR}", None, None, None),
    ("python:3.11${SUFFIX}", None, None, None),
    ("python@sha256:0123", None, None, None),
    ("python:3.6@sha256:0123", "debian", "bullseye", "3.6"),
    ("python:3.6-ours", None, None, "3.6"),
    ("node:${A:-${B}}-alpine", "alpine", None, None),
    ("node:18-alpine$A", "alpine", None, "18"),
    ("nvidia/cuda:$CUDA-base-ubuntu$U", "ubuntu", None, None),
    ("ubuntu:${V}", "ubuntu", None, None),
    ("debian:$V-slim", "debian", None, None),
    ("alpine:3.${V}", "alpine", None, None),
]


@pytest.mark.parametrize(("reference", "distribution", "release", "version"), SYSTEMS)
def test_tag_tells_the_system(
    reference: str, distribution: str | None, release: str | None, version: str | None
) -> None:
    base = lookup(reference)
    assert base.known
    assert (base.distribution, base.release, base.version) == (distribution, release, version)


@pytest.mark.parametrize(
    "reference",
    [
        "docker.io/python:3.6",
        "docker.io/library/python:3.6",
        "index.docker.io/library/python:3.6",
        "library/python:3.6",
        "public.ecr.aws/docker/library/python:3.6",
        "mirror.gcr.io/library/python:3.6",
        "arm64v8/python:3.6",
    ],
)
def test_names_of_the_same_image(reference: str) -> None:
    base, plain = lookup(reference), lookup("python:3.6")
    assert base.reference == reference
    assert [getattr(base, name) for name in FIELDS] == [getattr(plain, name) for name in FIELDS]


@pytest.mark.parametrize(
    "reference",
    [
        "$IMAGE",
        "${REGISTRY}/python:3.6",
        "python${X}:3.6",
        "builder",
        "registry.corp/python:3.6",
        "localhost:5000/python",
        "someone/python:3.6",
        "_debian",
        "mcr.microsoft.com/dotnet/monitor:8",
        "registry.access.redhat.com/ubi8/python-36",
        "",
    ],
)
def test_unknown_image_says_nothing(reference: str) -> None:
    assert lookup(reference) == Base(reference, False)


# Windows

WINDOWS = [
    "python:3.11-windowsservercore-ltsc2022",
    "golang:1.21-nanoserver-1809",
    "mcr.microsoft.com/dotnet/sdk:6.0-nanoserver-1809",
]


@pytest.mark.parametrize("reference", WINDOWS)
def test_windows_variant_has_nothing_of_linux(reference: str) -> None:
    base = lookup(reference)
    assert (base.os, base.distribution) == ("windows", "windows")
    assert (base.shell, base.user, base.workdir, base.cmd, base.env) == (None, None, None, None, ())
    assert not base.has("apt-get")


def test_windows_images_have_cmd_and_no_linux_variant() -> None:
    base = lookup("mcr.microsoft.com/windows/servercore:ltsc2022")
    assert (base.os, base.shell, base.user) == ("windows", ("cmd", "/S", "/C"), None)
    assert lookup("mcr.microsoft.com/dotnet/framework/sdk:4.8").shell is None


def test_a_tag_of_several_systems_is_taken_for_linux_unless_it_is_open() -> None:
    assert lookup("golang:1.21").os == "linux"
    hidden = lookup("golang:$V")
    assert (hidden.os, hidden.shell, hidden.user, hidden.workdir) == (None, None, None, None)
    assert lookup("node:$V").os == "linux"
    assert lookup("node:$V").shell == SH


# Settings

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("debian:12", {"user": "root", "workdir": "/", "home": "/root", "shell": SH, "entrypoint": (), "cmd": ("bash",)}),
    ("scratch", {"has_shell": False, "shell": None, "entrypoint": (), "cmd": (), "user": "root", "workdir": "/"}),
    ("python:3.11", {"cmd": ("python3",), "entrypoint": (), "workdir": "/", "onbuild": False}),
    ("python:2.7", {"cmd": ("python2",), "pip": "6.1"}),
    ("python:3.4.3", {"pip": None}),
    ("python:3.11", {"pip": "20.2"}),
    ("python", {"pip": "20.2"}),
    ("python:2-onbuild", {"onbuild": True}),
    ("node:18", {"entrypoint": ("docker-entrypoint.sh",), "cmd": ("node",), "users": ("node",), "user": "root"}),
    ("node:8", {"entrypoint": ("docker-entrypoint.sh",)}),
    ("node:8.11.4", {"entrypoint": ()}),
    ("node:4", {"users": (), "entrypoint": ()}),
    ("node:$V", {"users": ("node",), "entrypoint": ("docker-entrypoint.sh",)}),
    ("golang:1.21-alpine", {"workdir": "/go", "user": "root"}),
    ("php:8.2-apache", {"workdir": "/var/www/html", "cmd": ("apache2-foreground",), "exposes": ("80",)}),
    ("php:8.2", {"workdir": "/", "entrypoint": ("docker-php-entrypoint",), "cmd": ("php", "-a")}),
    ("php:$V-fpm-alpine", {"workdir": "/var/www/html", "cmd": ("php-fpm",), "distribution": "alpine"}),
    ("php:$V", {"workdir": None, "cmd": None, "exposes": ()}),
    ("httpd:2.4", {"workdir": "/usr/local/apache2"}),
    ("tomcat:9", {"workdir": "/usr/local/tomcat", "cmd": ("catalina.sh", "run")}),
    ("gradle:4.10-jdk8", {"user": "gradle", "home": "/home/gradle", "workdir": "/home/gradle"}),
    ("gradle:5.4", {"user": None, "home": None}),
    ("gradle:7", {"user": "root", "users": ("gradle",)}),
    ("jenkins/jenkins:lts", {"user": "jenkins", "home": "/var/jenkins_home", "entrypoint": None}),
    (
        "jupyter/scipy-notebook",
        {"user": "jovyan", "workdir": "/home/jovyan", "shell": ("/bin/bash", "-o", "pipefail", "-c")},
    ),
    ("jupyter/scipy-notebook:1085ca054a5f", {"user": "jovyan", "shell": None, "has_shell": True}),
    ("mambaorg/micromamba:1.5.8", {"user": "mambauser", "shell": ("/usr/local/bin/_dockerfile_shell.sh",)}),
    ("phusion/baseimage:0.11", {"cmd": ("/sbin/my_init",), "user": "root"}),
    ("bitnami/redis:6.0-debian-10", {"user": "1001", "home": None}),
    ("bitnami/redis:3.2", {"user": None}),
    ("gcr.io/distroless/static-debian12", {"user": "root", "has_shell": False, "shell": None, "entrypoint": ()}),
    ("gcr.io/distroless/static:nonroot", {"user": "nonroot", "workdir": "/home/nonroot", "home": None}),
    ("gcr.io/distroless/nodejs20:$TAG", {"user": None, "workdir": None, "has_shell": None, "entrypoint": None}),
    ("gcr.io/distroless/nodejs20-debian12", {"entrypoint": ("/nodejs/bin/node",)}),
    ("gcr.io/distroless/java17:debug", {"has_shell": True, "shell": None, "entrypoint": None}),
    ("mcr.microsoft.com/dotnet/aspnet:8.0", {"user": "root", "users": ("app",), "shell": SH}),
    ("mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled", {"has_shell": False, "shell": None, "user": None}),
    ("nginx:1.25", {"stopsignal": "SIGQUIT", "users": ("nginx",), "entrypoint": ("/docker-entrypoint.sh",)}),
    ("nginx:1.17", {"stopsignal": None, "entrypoint": ()}),
    ("postgres:16", {"volumes": ("/var/lib/postgresql/data",)}),
    ("postgres:18", {"volumes": ("/var/lib/postgresql",)}),
    ("gradle:7", {"volumes": ("/home/gradle/.gradle",)}),
    ("docker:dind", {"distribution": "alpine", "entrypoint": ("dockerd-entrypoint.sh",), "cmd": ()}),
    ("prom/prometheus:v2.45.0", {"user": "nobody", "workdir": "/prometheus", "version": "2.45.0"}),
    ("cgr.dev/chainguard/node", {"distribution": "wolfi", "user": None, "has_shell": None}),
]


@pytest.mark.parametrize(("reference", "expected"), SETTINGS)
def test_settings(reference: str, expected: dict[str, Any]) -> None:
    base = lookup(reference)
    assert {name: getattr(base, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("golang:1.21", "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("python:3.11", "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("ruby:3.2", "/usr/local/bundle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("ruby:2.5", None),
        ("tomcat:9", None),
    ],
)
def test_path(reference: str, path: str | None) -> None:
    assert dict(lookup(reference).env).get("PATH") == path


TOOLS = [
    ("debian:12", "apt-get bash useradd", "curl apk sudo"),
    ("alpine:3.18", "apk adduser wget", "bash curl gnu-wget apt-get"),
    ("python:3.11", "pip curl gnu-wget git gcc apt-get", "apk"),
    ("python:3.11-bookworm", "pip curl git", "apk"),
    ("python:3.11-slim", "pip apt-get", "curl git gcc"),
    ("python:3.11-alpine", "pip apk", "curl git apt-get bash"),
    ("python:$V", "pip", "curl apt-get apk apk-no-cache"),
    ("python:2.7-alpine", "apk-no-cache", ""),
    ("node:$V-alpine", "apk-no-cache", ""),
    ("node:18", "", "apk-no-cache"),
    ("golang:1.5.2-alpine", "", "apk-no-cache"),
    ("golang:1.6-alpine", "apk-no-cache", ""),
    ("golang:$V-alpine", "apk-no-cache", ""),
    ("alpine", "", "apk-no-cache"),
    ("python:$V-bookworm", "pip apt-get", "curl"),
    ("node:18", "npm yarn git", "apk"),
    ("node:26", "npm", "yarn"),
    ("node", "npm", "yarn"),
    ("php:8.2-fpm-alpine", "curl docker-php-ext-install apk", "gcc git"),
    ("buildpack-deps:bookworm-curl", "curl wget", "git gcc"),
    ("buildpack-deps:bookworm-scm", "curl git", "gcc"),
    ("rockylinux:9", "dnf curl", "yum"),
    ("rockylinux:9-minimal", "bash", "dnf"),
    ("oraclelinux:7", "yum", "dnf"),
    ("oraclelinux:9", "dnf", "yum"),
    ("oraclelinux", "curl", "dnf yum"),
    ("mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled", "", "apt-get bash"),
    ("scratch", "", "apt-get bash"),
]


@pytest.mark.parametrize(("reference", "held", "not_held"), TOOLS)
def test_tools(reference: str, held: str, not_held: str) -> None:
    base = lookup(reference)
    assert [tool for tool in held.split() if not base.has(tool)] == []
    assert [tool for tool in not_held.split() if base.has(tool)] == []


def test_variant_names_the_words_of_the_tag() -> None:
    assert lookup("php:8.2-fpm-alpine3.19").variant == {"fpm", "alpine"}
    assert lookup("node:18-bookworm-slim").variant == {"slim"}
    assert lookup("python:latest").variant == frozenset()


# The user's own entries


def test_override_takes_another_image_and_changes_it() -> None:
    bases = Bases({"registry.corp/python:*": {"like": "python:*", "user": "app", "env": {"A": "1"}, "tools": ["git"]}})
    base = bases.lookup("registry.corp/python:3.6-slim")
    assert (base.known, base.reference) == (True, "registry.corp/python:3.6-slim")
    assert (base.distribution, base.release, base.user, base.home) == ("debian", "bullseye", "app", None)
    assert dict(base.env)["A"] == "1"
    assert "PATH" in dict(base.env)
    assert base.has("git")
    assert base.has("pip")
    assert not bases.lookup("registry.corp/node:18").known
    assert bases.lookup("python:3.6") == lookup("python:3.6")


@pytest.mark.parametrize(
    ("pattern", "reference", "matches"),
    [
        ("r/app", "r/app", True),
        ("r/app", "r/app:1", True),
        ("r/app:latest", "r/app", True),
        ("r/app:1.*", "r/app:1.2@sha256:00", True),
        ("r/app:*", "r/app:$V", True),
        ("r/app:1.*", "r/app:$V", False),
        ("r/app:*-slim", "r/app:$V-slim", True),
        ("r/*", "r/a/b:1", True),
        ("r/app:2", "r/app:1", False),
    ],
)
def test_override_pattern(pattern: str, reference: str, matches: bool) -> None:
    assert Bases({pattern: {"distribution": "debian"}}).lookup(reference).known is matches


def test_override_of_an_open_tag_stays_open() -> None:
    bases = Bases({"r/python:*": {"like": "python:*"}})
    for reference in ("r/python:$V", "r/python@sha256:00"):
        base = bases.lookup(reference)
        assert (base.known, base.distribution, base.version) == (True, None, None)


def test_override_of_a_known_image_keeps_the_rest() -> None:
    base = Bases({"node:*": {"user": "node"}}).lookup("node:18")
    assert (base.user, base.workdir, base.users) == ("node", "/", ("node",))


def test_last_override_that_matches_holds() -> None:
    bases = Bases({"r/*": {"user": "a"}, "r/app:*": {"user": "b"}, "q/*": {"user": "c"}})
    assert (bases.lookup("r/app:1").user, bases.lookup("r/other").user) == ("b", "a")


def test_override_of_one_fact_does_not_leave_another_wrong() -> None:
    moved = Bases({"r/x": {"like": "debian:12", "distribution": "ubuntu"}}).lookup("r/x")
    assert (moved.distribution, moved.release) == ("ubuntu", None)
    assert Bases({"r/x": {"shell": ["/bin/bash", "-c"]}}).lookup("r/x").has_shell is True
    assert Bases({"r/x": {"like": "debian", "has_shell": False}}).lookup("r/x").shell is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"usr": "app"}, "unknown key 'usr'; did you mean 'user'?"),
        ({"zzzz": 1}, "the keys are like, cmd, distribution"),
        ({"known": True}, "unknown key 'known'"),
        ({"user": 1001}, "user must be a text"),
        ({"shell": "/bin/sh -c"}, "shell must be a list of texts"),
        ({"onbuild": "no"}, "onbuild must be true or false"),
        ({"env": {"A": 1}}, "env must be a table of texts"),
        ({"tools": [1]}, "tools must be a list of texts"),
        ({"like": "pyhton:3"}, "no image 'pyhton' in the table; did you mean 'python'?"),
        ({"like": "$X"}, "like: no image"),
    ],
)
def test_override_is_checked(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"bases\.'r/x'") as raised:
        Bases({"r/x": entry})
    assert message in str(raised.value)


def test_bases_without_overrides_are_equal_and_hashable() -> None:
    assert Bases() == Bases({})
    assert hash(Bases()) == hash(Bases({"r/x": {"user": "a"}}))
    assert Bases() != Bases({"r/x": {"user": "a"}})


# The table


def changes(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry, *entry.get("since", {}).values(), *entry.get("when", {}).values()]


@pytest.mark.parametrize("key", IMAGES)
def test_entry_is_sound(key: str) -> None:
    entry = ENTRIES[key]
    assert "/" not in key or entry.get("source", "").startswith("https://"), "a source; Docker's own images have theirs"
    assert set(entry) <= FIELDS | RULES
    for change in changes(entry)[1:]:
        assert set(change) <= FIELDS | {"full", "releases", "digits", "when"}
    assert entry.get("like", "debian") in ENTRIES
    assert lookup(key.replace("[0-9]", "1").replace("*", "x")).known
    assert key == "scratch" or lookup(key.replace("[0-9]", "1").replace("*", "x") + ":no-such-tag").known


def test_names_are_not_listed_twice() -> None:
    named = [name for key, entry in IMAGES.items() for name in (key, *entry.get("names", ()))]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("key", [key for key, entry in ENTRIES.items() if any("releases" in c for c in changes(entry))])
def test_releases_rise_and_name_releases(key: str) -> None:
    for change in changes(ENTRIES[key]):
        words = change.get("releases", "").split()
        numbers = [tuple(int(part) for part in bound.split(".")) for bound in words[::2]]
        assert numbers == sorted(set(numbers))
        assert [word for word in words[1::2] if word != "-" and base_table._system(word) is None] == []


def test_table_is_small() -> None:
    assert TABLE.stat().st_size < 27_000, "every process reads it"
