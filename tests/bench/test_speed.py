"""Benchmarks: `pytest tests/bench --benchmark-enable`. Nothing here fails for being slow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rewriter import Level, Options, Project, Unreadable, rewrite
from rewriter.image import pairs
from rewriter.knowledge.apt_packages import best_release
from rewriter.syntax.reader import _check as reader_check
from rewriter.syntax.shell import parse
from rewriter.syntax.vocabulary import _call as call_of
from rewriter.syntax.vocabulary import calls
from transforms.apt_recommends_installed import _lost as lost

from ..corpus import needs_corpus, texts

EXAMPLE = Path(__file__).parents[2] / "golden" / "chain" / "flask" / "Dockerfile"


def test_whole_process_on_one_file(benchmark: BenchmarkFixture) -> None:
    command = [sys.executable, "-c", "from rewriter.main import main; main()", "fix", "--diff", str(EXAMPLE)]
    done = benchmark(subprocess.run, command, capture_output=True)
    assert done.returncode == 1


@needs_corpus
@pytest.mark.parametrize("level", list(Level), ids=[level.label for level in Level])
def test_hundred_files_of_the_corpus(benchmark: BenchmarkFixture, level: Level) -> None:
    chosen = texts()[::41]

    def all_of_them() -> int:
        # What is remembered of one text would help the next round, which no run ever has.
        for remembered in (parse, calls, call_of, pairs, reader_check, lost, best_release):
            remembered.cache_clear()
        done = 0
        for text in chosen:
            try:
                rewrite(text, options=Options(level=level))
            except Unreadable:
                continue
            done += 1
        return done

    assert benchmark(all_of_them) > 90


@pytest.mark.parametrize("steps", [100, 1_000])
def test_cost_grows_with_the_length(benchmark: BenchmarkFixture, steps: int) -> None:
    text = "FROM debian:12\n" + "".join(f"# step {n}\nRUN echo {n} && mkdir -p /d{n}\n" for n in range(steps))
    assert benchmark(rewrite, text).before.text == text


def test_fifty_thousand_files_of_a_context(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    for number in range(500):
        folder = tmp_path / f"package{number % 20}" / f"source{number}"
        folder.mkdir(parents=True)
        for name in range(100):
            (folder / f"module_{name}.py").touch()
    patterns = (".git", "**/node_modules", "**/.venv", "**/*.pyc", "*.md", "!README.md", "dist", ".env*", "**/obj")
    (tmp_path / ".dockerignore").write_text("\n".join(patterns))
    assert len(benchmark(lambda: Project(tmp_path).files())) == 50_001
