"""Results kept under the user's cache folder, by the content that they come from, so that nothing is built twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rewriter.files import write_all
from rewriter.verify.model import Verification

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter

# The oldest files go where there are more, or more bytes: a result takes some ten kB.
_FILES = 300
_BYTES = 64_000_000


def key(parts: Mapping[str, object]) -> str:
    """A name for the result that `parts` decide, together with the version of dockerslim.

    Values are texts, numbers, booleans, None, bytes, paths, and mappings, sequences and sets of such; the order of
    mappings and sets does not count. What changes with time (vulnerabilities that are known) needs the day as a part.
    Raises TypeError for any other value.
    """
    whole = json.dumps({"dockerslim": version("dockerslim"), "parts": _plain(parts)}, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def load(name: str) -> Verification | None:
    """The result kept under `name`, marked as kept, and without builds; None where there is none that can be read."""
    path = _path(name)
    try:
        found = _converter().loads(path.read_bytes(), Verification)
    except Exception:  # a file that is damaged, or is none of this version: whatever it is, it is no result
        return None
    with suppress(OSError):
        os.utime(path)  # the newest stay longest
    return replace(found, kept=True, builds=0)


def save(name: str, found: Verification) -> None:
    """Keep `found` under `name`. Where the folder cannot be written to, nothing is kept, and that is no error."""
    path = _path(name)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_all([(path, _converter().dumps(found).encode())])
        _bound(path.parent)


def _path(name: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("dockerslim", appauthor=False) / "verify" / f"{name}.json"


@cache
def _converter() -> JsonConverter:
    from cattrs.preconf.json import make_converter

    return make_converter(forbid_extra_keys=True)


def _plain(value: object) -> object:
    """`value` in what JSON can say, and so that different values stay different."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes() | os.PathLike():
            return {type(value).__name__: value.hex() if isinstance(value, bytes) else os.fspath(value)}
        case Mapping():
            return {"mapping": sorted([str(name), _plain(each)] for name, each in value.items())}
        case frozenset() | set():
            return {"set": sorted(json.dumps(_plain(each)) for each in value)}
        case list() | tuple():
            return [_plain(each) for each in value]
    raise TypeError(f"{value!r} cannot be part of a key")


def _bound(folder: Path) -> None:
    """Remove the oldest files beyond what may be kept; those that another process has removed are gone already."""
    found = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            now = path.stat()
            found.append((now.st_mtime, now.st_size, path))
    found.sort(reverse=True)
    size = 0
    for at, (_, bytes_, path) in enumerate(found):
        size += bytes_
        if at >= _FILES or size > _BYTES:
            path.unlink(missing_ok=True)
