"""The whole chain over the corpus of real Dockerfiles, at all three levels (slow: run with `-m corpus`)."""

from __future__ import annotations

import multiprocessing
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import dockerfile
import pytest

from rewriter import Level, Options, Outcome, Unreadable, rewrite
from rewriter.facts import script_text
from rewriter.syntax.reader import read
from rewriter.syntax.tree import Dockerfile

from .corpus import needs_corpus, texts

pytestmark = [pytest.mark.corpus, needs_corpus]


@dataclass
class Verdict:
    """What went wrong with one file; empty for nearly all."""

    problems: list[str] = field(default_factory=list)
    refused: str = ""
    changed: bool = False


def judge(text: str, level: Level) -> Verdict:
    """Rewrite one file and hold the result against everything that the issue asks of it."""
    verdict = Verdict()
    options = Options(level=level)
    try:
        result = rewrite(text, options=options)
    except Unreadable as error:
        verdict.refused = error.reason
        return verdict
    except Exception as error:
        verdict.problems.append(f"crash: {error!r}")
        return verdict
    after = result.after.text
    verdict.changed = result.changed
    verdict.problems += [f"dropped: {f.transform}: {f.message}" for f in result.of(Outcome.DROPPED)]
    try:
        dockerfile.parse_string(after)
    except dockerfile.GoParseError as error:
        verdict.problems.append(f"BuildKit's parser refuses it: {error}")
    if rewrite(after, options=options).changed:
        verdict.problems.append("the second run changes it again")
    before, new = read(result.before), read(result.after)
    if lost := Counter(map(before.text, before.comments)) - Counter(map(new.text, new.comments)):
        verdict.problems.append(f"lost: {next(iter(lost))}")
    old, fresh = _scripts(before), _scripts(new)
    if (refused := refused_by_bash(sorted(fresh - old))) and not refused_by_bash(sorted(old)):
        verdict.problems.append(f"bash -n refuses: {refused}")
    return verdict


def _scripts(file: Dockerfile) -> set[str]:
    """The shell texts of the RUN steps."""
    texts = (script_text(file, i) for i in file.instructions if i.keyword == "RUN")
    return {script.text for script in texts if script}


def refused_by_bash(scripts: list[str]) -> list[str]:
    """Those of `scripts` that `bash -n` refuses."""
    if not scripts:
        return []
    # Each script is read by a shell of its own that only parses.
    program = 'while IFS= read -r -d "" script; do bash -n <<<"$script" 2>/dev/null || printf "%s\\0" "$script"; done'
    data = b"".join(script.encode("utf-8", "surrogateescape") + b"\0" for script in scripts)
    out = subprocess.run(["bash", "-c", program], input=data, capture_output=True, check=True).stdout
    return [part.decode("utf-8", "surrogateescape") for part in out.split(b"\0") if part]


@pytest.mark.parametrize("level", list(Level), ids=[level.label for level in Level])
def test_corpus(level: Level, capsys: pytest.CaptureFixture[str]) -> None:
    # The Go library inside `dockerfile` does not survive a fork.
    with multiprocessing.get_context("spawn").Pool() as pool:
        verdicts = pool.map(partial(judge, level=level), texts(), chunksize=64)
    problems = [f"{number}: {problem}" for number, verdict in enumerate(verdicts) for problem in verdict.problems]
    refused = Counter(verdict.refused for verdict in verdicts if verdict.refused)
    with capsys.disabled():
        print(
            f"\ncorpus at {level.label}: {len(verdicts)} files, {sum(v.changed for v in verdicts)} changed, "
            f"{sum(refused.values())} refused, {len(problems)} problems"
        )
        for reason, count in refused.most_common():
            print(f"  refused {count}: {reason}")
    assert problems == []
