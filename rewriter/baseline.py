"""A baseline: the findings that a project had when it began to use dockerslim, so that only new ones count.

It is JSON, `{"version": 1, "findings": [{"path", "transform", "fingerprint"}, …]}`, with one entry per finding. The
fingerprint is made of the transform and the text of the instruction, not of the line number: a finding stays known when
lines above it come or go, and is new when its instruction changes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rewriter.change import Finding
from rewriter.config import ConfigError

VERSION = 1


@dataclass(frozen=True)
class Baseline:
    """How many findings of each kind are known."""

    counts: Mapping[tuple[str, str, str], int]

    def new(self, path: str, findings: Sequence[tuple[Finding, str]]) -> list[Finding]:
        """Return those of `findings`, each with the text of its instruction, that are not known, in their order.

        `findings` are all of the Dockerfile `path` (see `key`). Of equal ones, as many are known as there are entries.
        """
        left = Counter(self.counts)
        new = []
        for finding, instruction in findings:
            entry = _entry(path, finding, instruction)
            if left[entry] > 0:
                left[entry] -= 1
            else:
                new.append(finding)
        return new


def key(dockerfile: Path, baseline: Path) -> str:
    """Return how `dockerfile` is called in the file `baseline`: its path from there, with slashes."""
    return Path(os.path.relpath(dockerfile, baseline.parent)).as_posix()


def fingerprint(transform: str, instruction: str) -> str:
    """Return the SHA-256, in hexadecimal digits, of `transform` and the text of an instruction but for its spacing."""
    text = f"{transform}\0{' '.join(instruction.split())}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def load(path: Path) -> Baseline:
    """Return the baseline in the file `path`; raises `ConfigError` where it cannot be read or is no baseline."""
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(path, f"the file cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise ConfigError(path, f"the baseline is not valid JSON: {error.msg}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(path, "the baseline is not valid JSON in UTF-8") from error
    match document:
        case {"version": int(version), "findings": list(findings)} if version == VERSION:
            return Baseline(Counter(_read(path, number, entry) for number, entry in enumerate(findings, 1)))
        case {"version": version} if version != VERSION:
            raise ConfigError(path, f"the baseline has version {json.dumps(version)}; this dockerslim reads {VERSION}")
        case _:
            raise ConfigError(path, "the file is no baseline: it needs 'version' and a list 'findings'")


def dump(findings: Mapping[str, Iterable[tuple[Finding, str]]]) -> str:
    """Return the text of a baseline of `findings`: for the `key` of each Dockerfile its findings, each with the text
    of its instruction. Equal findings give equal text, in whatever order they come."""
    entries = sorted(_entry(path, finding, text) for path, pairs in findings.items() for finding, text in pairs)
    rows = [{"path": path, "transform": transform, "fingerprint": digest} for path, transform, digest in entries]
    return json.dumps({"version": VERSION, "findings": rows}, indent=2, ensure_ascii=True) + "\n"


def _entry(path: str, finding: Finding, instruction: str) -> tuple[str, str, str]:
    return path, finding.transform, fingerprint(finding.transform, instruction)


def _read(path: Path, number: int, entry: object) -> tuple[str, str, str]:
    match entry:
        case {"path": str(file), "transform": str(transform), "fingerprint": str(digest)}:
            return file, transform, digest
        case _:
            raise ConfigError(path, f"finding {number} needs the strings 'path', 'transform' and 'fingerprint'")
