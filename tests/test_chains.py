"""Projects built by a real engine as they were and as the whole chain leaves them: they answer the same.

A case takes part by a file `answers`:

    port 8000       where the program listens
    get /path       what it is asked for; without any `get`, the container runs to its end, and its output is compared
    times 5         how many times as small the image must be
    root            the program may run as root (nginx, which gives it up by itself)
"""

from __future__ import annotations

from pathlib import Path

import pytest

from . import engine
from .golden_cases import Case, cases

CASES = [case for case in cases() if (case.folder / "answers").is_file()]
pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("needs")]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_answers_the_same(case: Case, tmp_path: Path) -> None:
    asked = [line.split() for line in (case.folder / "answers").read_text("utf-8").splitlines()]
    said = {words[0]: words[1:] for words in asked}
    paths = [words[1] for words in asked if words[0] == "get"]
    old, new = (case.context(tmp_path / name, fixed=name == "after") for name in ("before", "after"))
    with engine.image(case.before, old) as (tag, large), engine.image(case.expected, new) as (slim, small):
        if paths:
            port = int(said["port"][0])
            before, after = engine.served(tag, port, paths), engine.served(slim, port, paths)
            assert after.answers == before.answers
            assert after.uid != 0 or "root" in said
        else:
            assert engine.output(slim) == engine.output(tag)
    if "times" in said:
        assert large >= float(said["times"][0]) * small, f"{large:,} is only {large / small:.1f} times {small:,}"
