"""The abstract image of a stage, and the facts that transforms ask for."""

from __future__ import annotations

from rewriter import Options, Project
from rewriter.facts import Facts
from rewriter.image import StageImage, State, Unknown, evaluate, pairs
from rewriter.knowledge.bases import Bases
from rewriter.source import Source
from rewriter.syntax.reader import read


def images(text: str) -> tuple[StageImage, ...]:
    return evaluate(read(Source(text)), Bases())


def final(text: str) -> State:
    return images(text)[-1].final


def facts(text: str) -> Facts:
    return Facts(read(Source(text)), Options(), Project())


def test_workdir() -> None:
    assert final("FROM debian:12\nWORKDIR /a\nWORKDIR b/../c\n").workdir == "/a/c"
    assert final("FROM debian:12\nENV D=/x\nWORKDIR $D/y\n").workdir == "/x/y"
    assert isinstance(final("FROM example.com/x\nWORKDIR a\n").workdir, Unknown)
    assert isinstance(final("FROM debian:12\nARG D=/x\nWORKDIR $D\n").workdir, Unknown)


def test_variables_of_one_env_see_the_values_before_it() -> None:
    assert final("FROM scratch\nENV a=1\nENV a=2 b=$a\n").env == {"a": "2", "b": "1"}


def test_legacy_forms() -> None:
    assert pairs("a b c", "\\") == (("a", "b c"),)
    assert pairs("a  b=c d", "\\") == (("a", "b=c d"),)
    assert final('FROM scratch\nLABEL m "A B"\n').labels == {"m": "A B"}


def test_an_entrypoint_resets_the_command_of_the_base_only() -> None:
    inherited = 'FROM scratch AS a\nCMD x\nFROM a\nENTRYPOINT ["y"]\n'
    assert final(inherited).cmd == ("exec", ())
    own = final('FROM scratch\nCMD ["x"]\nENTRYPOINT ["y"]\n')
    assert own.cmd == ("exec", ("x",))


def test_stages_inherit_settings_but_not_args() -> None:
    state = images("FROM scratch AS a\nARG x=1\nENV e=1\nUSER u\nFROM a AS b\nRUN y\n")[1].before[0]
    assert (state.env["e"], state.user, dict(state.args)) == ("1", "u", {})


def test_args_stay_open() -> None:
    state = final("ARG V=1\nFROM scratch\nARG V\nENV x=$V\n")
    assert isinstance(state.env["x"], Unknown)
    assert state.args == {"V": "1"}


def test_the_base_of_a_stage_of_a_stage() -> None:
    found = images("FROM debian:12 AS Base\nFROM base AS b\nFROM b\n")
    assert [image.parent for image in found] == [None, 0, 1]
    assert {image.base.reference for image in found} == {"debian:12"}


def test_unknown_base_needs_a_package_command_to_show_its_shell() -> None:
    assert facts("FROM corp/x\nRUN make\n").runs == ()
    shown = facts("FROM corp/x\nRUN apt-get update && apt-get install -y git\nRUN make\n")
    assert [run.script.text for run in shown.runs] == ["apt-get update && apt-get install -y git", "make"]
    assert shown.is_root(shown.runs[1])
    assert not facts("FROM corp/x\nRUN if x; then apt-get update; fi\nRUN make\n").runs


def test_shells_that_are_not_read() -> None:
    assert not facts('FROM debian:12\nSHELL ["pwsh", "-c"]\nRUN ls\n').runs
    assert not facts("FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir\n").runs
    assert facts('FROM debian:12\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN ls\n').runs


def test_heredoc_scripts() -> None:
    alone = "RUN <<EOF\napt-get update\nEOF\nRUN <<-E\n\tls\n\tE\n"
    others = "RUN cat <<F\nx\nF\nRUN <<G\n#!/usr/bin/python\nG\n"
    found = facts(f"FROM debian:12\n{alone}{others}")
    assert [run.script.text for run in found.runs] == ["apt-get update\n", "ls\n"]
    run = found.runs[1]
    call = run.calls[0]
    assert found.file.text(run.at(call)) == "ls"


def test_shipped_stages() -> None:
    found = facts("FROM debian:12 AS base\nFROM base AS build\nFROM base\n")
    assert [found.shipped(image) for image in found.images] == [True, False, True]


def test_later_steps() -> None:
    found = facts("FROM debian:12 AS a\nRUN x\nRUN y\nFROM a\nRUN z\nFROM debian:12\nRUN other\n")
    first = found.images[0].stage.body[0]
    assert [i.value for i in found.later(first)] == ["y", "z"]


def test_buildkit_is_shown_by_the_file() -> None:
    assert not facts("FROM a\nRUN x\n").buildkit
    assert facts("# syntax=docker/dockerfile:1\nFROM a\n").buildkit
    assert facts("FROM a\nRUN --mount=type=cache,target=/x y\n").buildkit
    assert Facts(read(Source("FROM a\n")), Options(builder="buildkit"), Project()).buildkit
