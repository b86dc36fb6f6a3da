"""The corpus of real Dockerfiles beside the repository, where it is present."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "shared" / "corpus" / "dockerfiles.jsonl.gz"

needs_corpus = pytest.mark.skipif(not PATH.exists(), reason="../shared/corpus is absent: the corpus is not read")


@cache
def texts() -> tuple[str, ...]:
    """The texts of all files, in the order of the corpus."""
    with gzip.open(PATH, "rt", encoding="utf-8") as rows:
        return tuple(json.loads(row)["text"] for row in rows)
