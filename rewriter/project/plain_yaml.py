"""YAML in plain lists, dicts and scalars, without what a hostile file can do to its reader."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# Keys of one mapping after merging (`<<`), which could double its size with each line.
_MERGED = 5_000
# libyaml nests by recursion in C; nothing that people write goes as deep.
_DEEPEST = 200
_ENTRY = re.compile(r"[-?:](?=\s)")


def load(text: str) -> Any:
    """The first document of `text`; unknown tags are left out. Raises `ValueError`, with a reason, for anything else
    than YAML, and for a file that would take too much time or space."""
    import yaml

    if _deep(text):
        raise ValueError("is nested too deeply")
    loader = _loader()(text)
    try:
        return loader.get_data() if loader.check_data() else None
    except yaml.YAMLError as error:
        raise ValueError(f"is no YAML: {str(error).splitlines()[0]}") from None
    except (RecursionError, TypeError):
        raise ValueError("is nested too deeply") from None
    except ValueError as error:  # a date or a number that is none, or that is too long
        raise ValueError(f"holds no plain value: {error}") from None
    finally:
        loader.dispose()


def _deep(text: str) -> bool:
    lines = text.split("\n")
    return (
        (max(text.count("["), text.count("{")) > _DEEPEST and _brackets(text) > _DEEPEST)
        or max(len(line) - len(line.lstrip()) for line in lines) > _DEEPEST
        or max(len(_ENTRY.findall(line)) for line in lines) > _DEEPEST
    )


def _brackets(text: str) -> int:
    deepest = depth = 0
    for char in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if char in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


@lru_cache(maxsize=1)
def _loader() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def flatten_mapping(self, node: Any) -> None:
            own = len(node.value)
            super().flatten_mapping(node)
            if len(node.value) > max(own, _MERGED):
                raise yaml.YAMLError("mappings are merged into too large ones")

    def nothing(*_: object) -> None:
        return None

    Loader.add_multi_constructor("!", nothing)
    return Loader
