"""Whatever a Dockerfile is made of: its rewrite parses, keeps its comments, and is a fixed point."""

from __future__ import annotations

from collections import Counter

import dockerfile
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewriter import Level, Options, Outcome, Unreadable, rewrite
from rewriter.source import Source
from rewriter.syntax.reader import read

BASES = [
    "debian:12",
    "ubuntu:22.04",
    "python:3.12-slim",
    "node:20",
    "alpine:3.20",
    "corp/base:1",
    "golang:1.22",
    "fedora:40",
]
STEPS = [
    "apt-get update",
    "apt-get install -y curl git",
    "apt install wget",
    "apt-get install --no-install-recommends \\\n    gcc \\\n    # why\n    make",
    "rm -rf /var/lib/apt/lists/*",
    "apk add --update curl",
    "apk update && apk add git",
    "rm -rf /var/cache/apk/*",
    "pip install -r requirements.txt",
    "python3 -m pip install --upgrade pip",
    "npm install",
    "npm ci --only=production",
    "yarn install",
    "yum install httpd",
    "dnf -y install git",
    "sudo make install",
    "cd /tmp && wget http://example.com/x.tar.gz",
    "tar xzf x.tar.gz",
    "rm /tmp/x.tar.gz",
    "useradd -u 123456789 app",
    "chown -R app:app /app",
    "set -e; make; make test",
    "if true; then apt-get update; fi",
    "gem install rails || true",
    "go build ./...",
    "cargo build --release",
]
LINES = st.one_of(
    st.tuples(
        st.sampled_from(STEPS), st.sampled_from(STEPS), st.sampled_from([" && ", " && \\\n  ", "; ", " || ", " | "])
    ).map(lambda t: f"RUN {t[0]}{t[2]}{t[1]}"),
    st.sampled_from(STEPS).map(lambda step: f"RUN {step}"),
    st.sampled_from(
        [
            "# a comment",
            "",
            "ENV A b",
            "ENV PATH /x:$PATH",
            'LABEL a "b c"',
            "MAINTAINER me <me@example.com>",
            "WORKDIR app",
            "WORKDIR /app",
            "ADD . /app",
            "COPY . /app",
            "USER app",
            "EXPOSE 80/TCP",
            "CMD a",
            'CMD ["a", "b"]',
            'ENTRYPOINT ["x"]',
            "run echo x",
            "RUN a \\\n\n  b",
            "RUN <<EOF\nset -e\napt-get update\napt-get install curl\nEOF",
            "FROM debian:12 AS Second",
            'SHELL ["/bin/bash", "-c"]',
            "ONBUILD RUN apt-get install x",
            "VOLUME /app",
            "ARG V=1",
        ]
    ),
)


@pytest.mark.parametrize("level", list(Level), ids=[level.label for level in Level])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    base=st.sampled_from(BASES),
    lines=st.lists(LINES, max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
    cache=st.sampled_from(["clean", "mount"]),
)
def test_a_rewrite(level: Level, base: str, lines: list[str], newline: str, final: bool, cache: str) -> None:
    text = "\n".join([f"FROM {base}", *lines]).replace("\n", newline) + newline * final
    options = Options(level=level, cache=cache, builder="buildkit" if cache == "mount" else "auto")  # type: ignore[arg-type]
    try:
        result = rewrite(text, options=options)
    except Unreadable:
        return
    assert not result.of(Outcome.DROPPED)
    after = result.after.text
    dockerfile.parse_string(after)
    before_file, after_file = read(Source(text)), read(Source(after))
    kept = Counter(map(after_file.text, after_file.comments))
    assert not Counter(map(before_file.text, before_file.comments)) - kept
    assert rewrite(after, options=options).after.text == after
