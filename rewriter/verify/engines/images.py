"""What an engine says about an image: how it is run, and its layers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rewriter.verify.engine import Layer, Settings

# Instructions of which the history of an image has an entry, but that make no layer.
_NO_LAYER = re.compile(
    r"(ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME)\b"
)
_ALWAYS_LAYER = re.compile(r"(RUN|COPY|ADD)\b")
_NOP = re.compile(r"^/bin/sh -c #\(nop\) +")
_SHELL = re.compile(r"^(RUN )?(\|\d+ .*?)??/bin/sh -c ")
# What the classic builder and buildah write for a copy: a checksum in place of the sources.
_CHECKSUM = re.compile(r"^(COPY|ADD) (?:--\S+ )*(?:file|dir|multi):[0-9a-f]+ in ")


def settings(config: Mapping[str, Any]) -> Settings:
    """What the `config` of an image (Docker's format) says.

    Source: https://github.com/moby/moby/blob/master/image/spec/spec.md
    """
    return Settings(
        user=config.get("User") or "",
        workdir=config.get("WorkingDir") or "",
        env=dict(entry.split("=", 1) if "=" in entry else (entry, "") for entry in config.get("Env") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        cmd=tuple(config.get("Cmd") or ()),
        ports=frozenset(config.get("ExposedPorts") or ()),
        volumes=frozenset(config.get("Volumes") or ()),
        labels=dict(config.get("Labels") or {}),
        healthcheck=tuple((config.get("Healthcheck") or {}).get("Test") or ()),
        stopsignal=config.get("StopSignal") or "",
        shell=tuple(config.get("Shell") or ()),
        onbuild=tuple(config.get("OnBuild") or ()),
    )


def step(created_by: str) -> str:
    """The step of a history entry, on one line, as a Dockerfile has it: `RUN apt-get update`."""
    text = " ".join(created_by.split()).removesuffix("# buildkit").strip()
    if _NOP.match(text):
        text = _NOP.sub("", text)
    elif shell := _SHELL.match(text):
        text = f"RUN {text[shell.end() :]}"
    return _CHECKSUM.sub(r"\1 ... ", text)


def layers(history: Iterable[tuple[str, int]], count: int) -> tuple[Layer, ...]:
    """The layers of an image by its `history` (who made an entry, and its size; from the base up), of which not every
    entry is a layer, and by how many there are.

    An entry with a size is one, and so is every RUN, COPY and ADD; a WORKDIR is one with some builders.
    """
    entries = [Layer(step(created_by), size) for created_by, size in history]
    sure = [bool(entry.size) or _ALWAYS_LAYER.match(entry.step) is not None for entry in entries]
    missing = count - sum(sure)
    for index, entry in enumerate(entries):
        if missing > 0 and not sure[index] and not _NO_LAYER.match(entry.step):
            sure[index] = True
            missing -= 1
    return tuple(entry for entry, layer in zip(entries, sure, strict=True) if layer)


def layers_of(history: Iterable[Mapping[str, Any]], sizes: Iterable[int]) -> tuple[Layer, ...]:
    """The layers by the `history` of an image's own configuration, which says what is none, and by their `sizes`."""
    made = [step(entry.get("created_by") or "") for entry in history if not entry.get("empty_layer")]
    return tuple(Layer(text, size) for text, size in zip(made, sizes, strict=False))
