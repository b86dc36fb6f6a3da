"""Where caches are, who mounts and who empties them (rewriter/steps/caches.py)."""

from __future__ import annotations

import pytest

from rewriter import Options, Project, Source
from rewriter.facts import Facts, Run
from rewriter.knowledge.bases import Bases
from rewriter.steps.caches import cache, emptied, folders, knows_flags, mounted, switched_off
from rewriter.syntax.reader import read


def last(dockerfile: str) -> tuple[Facts, Run]:
    """The facts of a file, and its last RUN."""
    facts = Facts(read(Source(dockerfile)), Options(), Project())
    return facts, facts.runs[-1]


@pytest.mark.parametrize(
    ("before", "manager", "expected"),
    [
        ("", "pip", ("/root/.cache/pip",)),
        ("ENV PIP_CACHE_DIR=/c/", "pip", ("/c",)),
        ("ENV XDG_CACHE_HOME=/x", "pip", ("/x/pip",)),
        ("ENV HOME=/srv", "npm", ("/srv/.npm",)),
        ("", "yarn", ("/usr/local/share/.cache/yarn",)),
        ("USER node", "yarn", ("/home/node/.cache/yarn",)),
        ("RUN useradd -u 1001 -d /app web\nUSER web:web", "uv", ("/app/.cache/uv",)),
        ("ENV GOPATH=/go", "go", ("/go/pkg/mod", "/root/.cache/go-build")),
        ("USER web", "pip", "the uid and the home folder of web are not known"),
        ("ARG PIP_CACHE_DIR", "pip", "PIP_CACHE_DIR moves the cache"),
    ],
)
def test_folders(before: str, manager: str, expected: tuple[str, ...] | str) -> None:
    assert folders(*last(f"FROM node:20\n{before}\nRUN true\n"), manager) == expected


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ("type=cache,target=/root/.cache/pip", True),
        ("type=cache,dst=/root/.cache/", True),
        ("type=cache,target=$HOME/.cache/pip,uid=1", True),
        ("type=cache,target=/home/somebody/.cache/pip", True),
        ("type=cache,target=/root/.cache/uv", False),
        ("type=secret,id=netrc", False),
    ],
)
def test_mounted(mount: str, expected: bool) -> None:
    assert mounted(last(f"FROM python:3.12\nRUN --mount={mount} pip install x\n")[1], "pip") is expected


@pytest.mark.parametrize(
    ("script", "manager", "expected"),
    [
        ("pip install x && pip cache purge", "pip", True),
        ("pip install x && rm -rf ~/.cache", "pip", True),
        ("pip install x; rm -r /tmp/y /root/.cache/pip/*", "pip", True),
        ("rm -rf ~/.cache && pip install x", "pip", False),
        ("pip install x && rm -rf ~/.cache/uv", "pip", False),
        ("go build && go clean", "go", False),
        ("go build && go clean -cache", "go", True),
        ("zypper -n in x && zypper clean --all", "zypper", True),
        ("yum install -y x && rm -rf /var/cache/*", "yum", True),
    ],
)
def test_emptied(script: str, manager: str, expected: bool) -> None:
    assert emptied(last(f"FROM debian:12\nRUN {script}\n")[1], manager) is expected


@pytest.mark.parametrize(
    ("before", "script"),
    [
        ("ENV PIP_NO_CACHE_DIR=0", "pip install x"),
        ("ARG PIP_NO_CACHE_DIR", "pip install x"),
        ("", "export PIP_NO_CACHE_DIR=1; pip install x"),
        ("", "env PIP_NO_CACHE_DIR=1 pip install x"),
    ],
)
def test_switched_off(before: str, script: str) -> None:
    assert switched_off(last(f"FROM debian:12\n{before}\nRUN {script}\n")[1], "pip")


@pytest.mark.parametrize(
    ("reference", "manager", "expected"),
    [
        ("alpine:3.2", "apk", False),
        ("alpine:3.20.1", "apk", True),
        ("alpine", "apk", True),
        ("ubuntu:14.04", "pip", False),
        ("debian:12", "pip", True),
        ("registry.example.org/base", "pip", None),
    ],
)
def test_knows_flags(reference: str, manager: str, expected: bool | None) -> None:
    assert knows_flags(Bases().lookup(reference), manager) is expected


def test_unknown_manager() -> None:
    with pytest.raises(KeyError):
        cache("cpan")
