"""The folders above a folder."""

from __future__ import annotations

from rewriter.project.folders import upwards


def test_upwards_ends_at_the_root() -> None:
    assert list(upwards("/srv/app")) == ["/srv/app", "/srv", "/"]


def test_upwards_ends_at_a_variable() -> None:
    assert list(upwards("${GOPATH}/src")) == ["${GOPATH}/src", "${GOPATH}"]
