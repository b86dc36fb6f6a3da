"""The law: where two steps may change places, both orders do the same. Real commands on real files.

Each pair is laid below a scratch folder, whose path stands in the commands and is the WORKDIR of the model.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import stat
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rewriter import effects
from rewriter.facts import Facts
from rewriter.project.context import Project
from rewriter.result import Options
from rewriter.source import Source
from rewriter.syntax.reader import read

from .steps import FILES, FOLDERS, LINKS, VARIABLES, Maker, step

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
SEED = 20240607
# Pairs in one Dockerfile and in one process of the shell.
BATCH = 50


@dataclass(frozen=True)
class Pair:
    """Two steps as (instruction, line of a shell)."""

    first: tuple[str, str]
    second: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.first[0]}\n{self.second[0]}"


def pairs(root: Path, seed: int, count: int) -> list[Pair]:
    source = random.Random(seed)
    makers = [Maker(str(root), source) for _ in range(count)]
    return [Pair(step(maker), step(maker)) for maker in makers]


def commuting(root: Path, batch: Sequence[Pair]) -> list[Pair]:
    """Those of which the model says that they may change places."""
    before = "".join(f"RUN ln -s {root}/{target} {root}/{link}\n" for link, target in LINKS.items())
    before += "".join(f"ENV {name}={root}/{value}\n" for name, value in VARIABLES.items())
    text = "".join(f"FROM debian:bookworm\nWORKDIR {root}\n{before}{pair}\n" for pair in batch)
    facts = Facts(read(Source(text)), Options(), Project())
    return [
        pair
        for pair, image in zip(batch, facts.images, strict=True)
        if effects.commute(facts, image.stage.body[-2], image.stage.body[-1])
    ]


def run(root: Path, lines: Sequence[str]) -> tuple[bool, object]:
    """Run `lines` on fresh files; whether all succeeded, and what is there then."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    for name, content in FILES.items():
        (root / name).write_text(content)
    for link, target in LINKS.items():
        (root / link).symlink_to(root / target)
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C"} | {name: f"{root}/{value}" for name, value in VARIABLES.items()}
    script = "umask 022\n" + "\n".join(f"{line} || exit 9" for line in lines) + "\nenv | grep -v ^_= | sort\npwd"
    done = subprocess.run(
        ["sh", "-c", script], cwd=root, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.returncode == 0, (done.stdout, listing(root)) if done.returncode == 0 else None


def listing(root: Path) -> list[tuple[object, ...]]:
    """Each file with type, mode, owner and content."""
    found: list[tuple[object, ...]] = []
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            about = path.lstat()
            if stat.S_ISLNK(about.st_mode):
                content = os.readlink(path)
            else:
                content = hashlib.sha1(path.read_bytes()).hexdigest() if stat.S_ISREG(about.st_mode) else ""
            found.append(
                (str(path), about.st_mode, about.st_uid, about.st_gid, about.st_nlink * path.is_file(), content)
            )
    about = root.lstat()
    return [*sorted(found, key=str), (about.st_mode, about.st_uid, about.st_gid)]


def differing(root: Path, seed: int, count: int) -> tuple[list[str], Counter[str]]:
    """The pairs that break the law, and how many there were of each kind."""
    found: list[str] = []
    counts: Counter[str] = Counter()
    everything = pairs(root, seed, count)
    for at in range(0, len(everything), BATCH):
        batch = everything[at : at + BATCH]
        counts["pairs"] += len(batch)
        for pair in commuting(root, batch):
            counts["commute"] += 1
            lines = [pair.first[1], pair.second[1]]
            one, other = run(root, lines), run(root, lines[::-1])
            counts["succeed"] += one[0]
            if one != other and not _unsteady(root, lines):
                found.append(str(pair))
    return found, counts


def _unsteady(root: Path, lines: list[str]) -> bool:
    """Whether the steps do now this and now that in one order already, as `cp -a d d/x` does by the order in which the
    file system lists a folder."""
    return len({repr(run(root, lines)) for _ in range(20)}) > 1


def test_some_pairs(tmp_path: Path) -> None:
    _holds(tmp_path / "r", SEED, 400)


@pytest.mark.corpus
@pytest.mark.parametrize("seed", range(4))
def test_ten_thousand_pairs(seed: int, tmp_path: Path) -> None:
    _holds(tmp_path / "r", seed, 2500)


def _holds(root: Path, seed: int, count: int) -> None:
    found, counts = differing(root, seed, count)
    assert found == []
    # Neither a model that forbids everything nor steps that never get anywhere would show anything.
    assert counts["commute"] > 0.2 * counts["pairs"]
    assert counts["succeed"] > 0.33 * counts["commute"]
