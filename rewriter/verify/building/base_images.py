"""The images that a Dockerfile takes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.words import BadWord, UnknownValue, expand

_FROM = re.compile(r"\bfrom=([^,]+)")


def base_images(file: Dockerfile) -> frozenset[str]:
    """The references of the images that FROM, `COPY --from` and mounts of `file` name, with their tags (`latest` where
    there is none); global arguments have their defaults."""
    defaults: dict[str, str] = {}
    for instruction in file.global_args:
        name, found, value = instruction.value.partition("=")
        if found:
            defaults[name] = value.strip("\"'")
    named: set[str] = set()
    for stage in file.stages:
        named.add(stage.start.value.split()[0])
        for instruction in stage.body:
            named.update(instruction.flag_values("from"))
            named.update(m[1] for mount in instruction.flag_values("mount") if (m := _FROM.search(mount)))
    stages = {"scratch", *(name for stage in file.stages for name in (stage.name, str(stage.index)) if name)}
    wanted = {_expanded(name, defaults, file.escape) for name in named}
    return frozenset(
        name if re.search(r"[:@][^/]*$", name) else f"{name}:latest" for name in wanted if name.lower() not in stages
    )


def _expanded(word: str, defaults: Mapping[str, str], escape: str) -> str:
    try:
        return expand(word, defaults.get, escape)
    except (BadWord, UnknownValue):
        return word
