"""What two images say differently about themselves, and which of it the rewritten file says."""

from __future__ import annotations

from typing import Any

import pytest

from rewriter.facts import Facts
from rewriter.project.context import Project
from rewriter.result import Options
from rewriter.source import Source
from rewriter.syntax.reader import read
from rewriter.verify.model import Difference, Weight
from rewriter.verify.running.settings import Foreseen, compare, foreseen

from .stand_in import image

NODE = "FROM node:20\n"


def facts(text: str) -> Facts:
    return Facts(read(Source(text)), Options(), Project())


def meant(before: str, after: str) -> Foreseen:
    return foreseen(facts(before), facts(after))


def judged(
    before: dict[str, Any], after: dict[str, Any], files: tuple[str, str] = (NODE, NODE)
) -> list[tuple[str, Weight]]:
    """What differs between images with these settings, and how it is judged."""
    return [(found.what, found.weight) for found in differences(before, after, files)]


def differences(
    before: dict[str, Any], after: dict[str, Any], files: tuple[str, str] = (NODE, NODE)
) -> tuple[Difference, ...]:
    return compare(image(**before), image(**after), meant(*files))


def test_nothing_differs() -> None:
    says: dict[str, Any] = {"user": "app", "env": {"A": "1"}, "cmd": ("x",), "labels": {"a": "b"}}
    assert judged(says, says) == []


@pytest.mark.parametrize(
    ("part", "one", "other"),
    [
        ("user", "", "root"),
        ("user", "0:0", ""),
        ("workdir", "", "/"),
        ("workdir", "/app/", "/app"),
        ("stopsignal", "", "SIGTERM"),
        ("healthcheck", ("NONE",), ()),
        ("shell", (), ("/bin/sh", "-c")),
        ("ports", frozenset(("80",)), frozenset(("80/tcp",))),
        ("ports", frozenset(("80/TCP",)), frozenset(("80/tcp",))),
        ("volumes", frozenset(("/data/",)), frozenset(("/data",))),
    ],
)
def test_what_means_the_same(part: str, one: object, other: object) -> None:
    assert judged({part: one}, {part: other}) == []


@pytest.mark.parametrize(
    ("part", "one", "other", "what"),
    [
        ("user", "app", "", "user"),
        ("workdir", "/app", "/", "workdir"),
        ("entrypoint", ("tini", "--"), (), "entrypoint"),
        ("cmd", ("app",), ("bash",), "command"),
        ("healthcheck", ("CMD", "true"), (), "healthcheck"),
        ("stopsignal", "SIGQUIT", "", "stop signal"),
        ("shell", ("/bin/bash", "-c"), (), "shell"),
        ("onbuild", ("RUN x",), (), "onbuild"),
        ("env", {"A": "1"}, {"A": "2"}, "env A"),
        ("env", {"A": "1"}, {}, "env A"),
        ("env", {}, {"A": "1"}, "env A"),
        ("env", {"PATH": "/bin"}, {}, "env PATH"),
        ("labels", {"a": "1"}, {}, "label a"),
        ("ports", frozenset(("80/tcp",)), frozenset(), "port 80/tcp"),
        ("volumes", frozenset(), frozenset(("/data",)), "volume /data"),
    ],
)
def test_what_nobody_meant_to_change_fails(part: str, one: object, other: object, what: str) -> None:
    assert judged({part: one}, {part: other}) == [(what, Weight.FAILS)]


@pytest.mark.parametrize(
    ("before", "after", "one", "other"),
    [
        ("", "USER 1000:1000\n", {"user": ""}, {"user": "1000:1000"}),
        ("", "WORKDIR /srv\n", {"workdir": "/"}, {"workdir": "/srv"}),
        ("", "HEALTHCHECK CMD true\n", {}, {"healthcheck": ("CMD-SHELL", "true")}),
        ("HEALTHCHECK CMD a\nHEALTHCHECK CMD b\n", "HEALTHCHECK NONE\n", {"healthcheck": ("CMD-SHELL", "b")}, {}),
        ("", "STOPSIGNAL SIGQUIT\n", {}, {"stopsignal": "SIGQUIT"}),
        ("CMD a\n", 'CMD ["b"]\n', {"cmd": ("/bin/sh", "-c", "a")}, {"cmd": ("b",)}),
        ("", "ENV A=1\n", {}, {"env": {"A": "1"}}),
        ("ENV A=1\n", "ENV A=2\n", {"env": {"A": "1"}}, {"env": {"A": "2"}}),
        ("ENV A=1\n", "", {"env": {"A": "1"}}, {}),
        ("", "LABEL version=1\n", {}, {"labels": {"version": "1"}}),
        ("EXPOSE 80\n", "EXPOSE 8080\n", {"ports": frozenset(("80/tcp",))}, {"ports": frozenset(("8080/tcp",))}),
        ("", "VOLUME /data/\n", {}, {"volumes": frozenset(("/data",))}),
        ("ONBUILD RUN a\n", "ONBUILD RUN b\n", {"onbuild": ("RUN a",)}, {"onbuild": ("RUN b",)}),
    ],
)
def test_what_the_rewritten_file_says_is_wanted(
    before: str, after: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = judged(one, other, (NODE + before, NODE + after))
    assert found
    assert {weight for _, weight in found} == {Weight.WANTED}
    # Without that line, the same difference is not wanted.
    assert {weight for _, weight in judged(one, other, (NODE, NODE))} == {Weight.FAILS}


def test_what_an_unknown_base_says_counts_where_the_file_says_otherwise() -> None:
    base = "FROM registry.example.org/base\n"
    assert judged({"user": "app"}, {"user": "10001"}, (base, base + "USER 10001\n")) == [("user", Weight.WANTED)]


@pytest.mark.parametrize(
    ("line", "one", "other", "says"),
    [
        ("USER 10001\n", {"user": ""}, {"user": "10002"}, "10001"),
        ("WORKDIR /srv\n", {"workdir": "/app"}, {"workdir": "/opt"}, "/srv"),
        ("ENV A=1\n", {}, {"env": {"A": "2"}}, "1"),
        ("LABEL a=1\n", {"labels": {"a": "0"}}, {}, "1"),
    ],
)
def test_what_the_file_says_must_come_to_be(line: str, one: dict[str, Any], other: dict[str, Any], says: str) -> None:
    (found,) = differences(one, other, (NODE, NODE + line))
    assert (found.weight, found.why) == (Weight.FAILS, f"the rewritten file says {says}")


def test_the_value_of_a_build_argument_is_open() -> None:
    after = NODE + "ARG VERSION=1\nENV VERSION=$VERSION\n"
    assert judged({}, {"env": {"VERSION": "2"}}, (NODE, after)) == [("env VERSION", Weight.WANTED)]


# Another base

OWN = "ENV APP=1\nLABEL app=1\n"
REBASED = ("FROM a.example.org/old\n" + OWN, "FROM a.example.org/new\n" + OWN)


@pytest.mark.parametrize(
    ("one", "other", "what", "weight"),
    [
        ({"env": {"PYTHON_SHA256": "1"}}, {}, "env PYTHON_SHA256", Weight.NOTED),
        ({}, {"env": {"NODE_VERSION": "20"}}, "env NODE_VERSION", Weight.NOTED),
        ({"env": {"GPG_KEY": "a"}}, {"env": {"GPG_KEY": "b"}}, "env GPG_KEY", Weight.NOTED),
        ({"env": {"PATH": "/opt/x:/bin"}}, {"env": {"PATH": "/bin"}}, "env PATH", Weight.NOTED),
        ({"env": {"APP": "1"}}, {}, "env APP", Weight.FAILS),
        ({"labels": {"app": "1"}}, {}, "label app", Weight.FAILS),
        ({"labels": {"base": "1"}}, {}, "label base", Weight.NOTED),
        ({"shell": ("/bin/bash", "-c")}, {}, "shell", Weight.NOTED),
        ({"user": "app"}, {"user": ""}, "user", Weight.FAILS),
        ({"workdir": "/app"}, {"workdir": ""}, "workdir", Weight.FAILS),
        ({}, {"entrypoint": ("/init",)}, "entrypoint", Weight.FAILS),
        ({"cmd": ("app",)}, {}, "command", Weight.FAILS),
        ({}, {"ports": frozenset(("80/tcp",))}, "port 80/tcp", Weight.NOTED),
        ({"ports": frozenset(("80/tcp",))}, {}, "port 80/tcp", Weight.FAILS),
        ({"volumes": frozenset(("/data",))}, {}, "volume /data", Weight.FAILS),
    ],
)
def test_what_another_base_brings(one: dict[str, Any], other: dict[str, Any], what: str, weight: Weight) -> None:
    assert judged(one, other, REBASED) == [(what, weight)]


def test_a_command_that_is_written_for_the_entry_point_of_another_base() -> None:
    files = (
        'FROM a.example.org/old\nCMD ["gunicorn", "a:b"]\n',
        'FROM a.example.org/new\nCMD ["-m", "gunicorn", "a:b"]\n',
    )
    one, other = {"cmd": ("gunicorn", "a:b")}, {"entrypoint": ("/usr/bin/python3",), "cmd": ("-m", "gunicorn", "a:b")}
    assert judged(one, other, files) == [("command", Weight.NOTED), ("entrypoint", Weight.NOTED)]
    assert judged(one, {**one, "entrypoint": ("/init",)}, REBASED) == [("entrypoint", Weight.FAILS)]


def test_the_same_base_by_another_stage_is_the_same_base() -> None:
    divided = "FROM node:20 AS build\nRUN make\nFROM build\n"
    assert not meant(NODE, divided).rebased
    assert meant(NODE, "FROM node:20 AS build\nFROM node:20-slim\n").rebased


def test_what_a_stage_sets_is_the_files_own_in_the_next() -> None:
    before = "FROM node:20 AS first\nENV A=1\nFROM first\n"
    assert judged({"env": {"A": "1"}}, {}, (before, before)) == [("env A", Weight.FAILS)]
    assert judged({"env": {"A": "1"}}, {}, (before, "FROM node:20-slim\n")) == [("env A", Weight.WANTED)]


@pytest.mark.parametrize("base", ["python:3.12", "registry.example.org/base"])
def test_the_folders_that_the_file_adds_to_path(base: str) -> None:
    before = f"FROM {base}\nENV PATH=/opt/venv/bin:$PATH\n"
    after = f"FROM {base}-slim\nENV PATH=/opt/venv/bin:$PATH\n"
    one = {"env": {"PATH": "/opt/venv/bin:/usr/bin:/opt/tool"}}
    kept, lost = {"env": {"PATH": "/opt/venv/bin:/usr/bin"}}, {"env": {"PATH": "/usr/bin"}}
    assert Weight.FAILS not in [weight for _, weight in judged(one, kept, (before, after))]
    (found,) = differences(one, lost, (before, after))
    assert (found.weight, found.why) == (Weight.FAILS, "the file as it was adds /opt/venv/bin")


# The start command


def test_the_exec_form_of_a_shell_form_is_wanted() -> None:
    files = (NODE + "CMD app -x\n", NODE + 'CMD ["app", "-x"]\n')
    found = judged({"cmd": ("/bin/sh", "-c", "app -x")}, {"cmd": ("app", "-x")}, files)
    assert found == [("command", Weight.WANTED)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cmd": ("node", "app.js")}, {"entrypoint": ("node",), "cmd": ("app.js",)}),
        ({"cmd": ("/bin/sh", "-c", "gunicorn 'a b'")}, {"cmd": ("gunicorn", "a b")}),
        ({"cmd": ("/bin/sh", "-c", "app -x")}, {"cmd": ("/bin/sh", "-c", "exec app -x")}),
    ],
)
def test_the_same_words_otherwise_are_noted(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert {weight for _, weight in judged(one, other)} == {Weight.NOTED}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cmd": ("/bin/sh", "-c", "a && b")}, {"cmd": ("a", "b")}),
        ({"cmd": ("/bin/sh", "-c", "a 'b")}, {"cmd": ("a", "b")}),
        ({"cmd": ("env", "-c", "a b")}, {"cmd": ("a", "b")}),
    ],
)
def test_other_words_fail(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert {weight for _, weight in judged(one, other)} == {Weight.FAILS}


def test_a_value_is_shown_as_a_user_writes_it() -> None:
    (found,) = differences({"cmd": ("echo", "a b")}, {"cmd": ("echo",)})
    assert (found.before, found.after) == ("echo 'a b'", "echo")
