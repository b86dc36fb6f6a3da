"""A base image without a version: the next build may start from another one.

What: reports a FROM whose image has the tag `latest` or none. Where the project says which version it is for
(`.python-version`, `.nvmrc`, `go.mod`, a `docker-lock.json` …) and this transform is asked for by name, that version
becomes the tag.

Why: the tag moves on with each release. A build that passed fails on the next machine, and two images with the same
source differ.

Options: level=aggressive select=floating-base

Beside:

    .nvmrc: 22

Before:

    FROM node:latest
    WORKDIR /srv/app

After:

    FROM node:22
    WORKDIR /srv/app

Level: aggressive, and only asked for by name (`--select floating-base`), as the version may be another one than that of
the last build; else it is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from rewriter import knowledge
from rewriter.change import Alters, Change, Edit, Evidence, Report
from rewriter.facts import Facts
from rewriter.image import IMAGE_PARTS
from rewriter.knowledge.base_table import SAME_IMAGE
from rewriter.project.context import Project, Unfit
from rewriter.project.manifests import json_object, line_of
from rewriter.project.needs import Place, View
from rewriter.syntax.tree import Dockerfile

_REFERENCE = re.compile(r"([\w./-]+(?::\d+/[\w./-]+)?)(?::([\w.-]+))?\Z", re.ASCII)
# Words of tags that say nothing about the version, and those that a version takes the place of.
_VARIANT = re.compile(r"(?:(?:latest|lts|current)\b-?)?((?:(?:alpine|slim|bookworm|bullseye|trixie)[\d.]*-?)*)\Z")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})\Z")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Report]:
    """Yield a change or a report for each image without a version, at the first FROM that names it."""
    del file
    seen: set[str] = set()
    asked = facts.options.select is not None and "floating-base" in facts.options.select
    for image in facts.images:
        start, words = image.stage.start, image.stage.start.value.split()
        match = _REFERENCE.match(words[0]) if words else None
        if match is None or image.parent is not None or match[1] == "scratch":
            continue
        name, tag = SAME_IMAGE.sub("", match[1]), match[2] or "latest"
        wanted, evidence = _wanted(facts.project, name, tag)
        if not (wanted or tag == "latest") or _unversioned(name):
            continue
        moves = f"{words[0]} may be another image in the next build"
        if wanted and evidence and asked:
            begin, end = (start.arguments.source_end(len(part)) for part in (match[1], words[0]))
            yield Change(
                f"{moves}; {evidence.file} says which version is meant, see whether all still works by "
                "`dockerslim verify`",
                (Edit(begin, end, wanted),),
                start.span,
                Alters.BASE,
                proven=False,
                evidence=(evidence,),
                declares=frozenset(IMAGE_PARTS) | {"base"},
            )
        elif words[0] not in seen:
            seen.add(words[0])
            meant = f"{evidence}, so that {match[1]}{wanted} is meant" if wanted else "nothing here says which is meant"
            yield Report(f"{moves}: {meant}; pin it", start.span)


def _unversioned(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in knowledge.table("versions")["unversioned"]["images"].split())


def _wanted(project: Project, name: str, tag: str) -> tuple[str, Evidence | None]:
    """What goes behind the name of the image, by what the project says; "" where it says nothing, or two things."""
    locked = _locked(project, name, tag)
    if locked is not None:
        return locked
    variant = _VARIANT.match(tag)
    entry = next((e for e in knowledge.table("versions").values() if name in e["images"].split()), None)
    if variant is None or entry is None:
        return "", None
    found = list(_said(project, entry.get("says", ())))
    versions = sorted({version for version, _ in found}, key=len)
    if not versions or any(not version.startswith(versions[0]) for version in versions):
        return "", None
    version, evidence = found[0]
    return f":{version}-{variant[1]}".removesuffix("-"), evidence


def _said(project: Project, says: list[dict[str, Any]]) -> Iterator[tuple[str, Evidence]]:
    """The versions that the project's files name; of each file, the first one."""
    read: set[str] = set()
    for each in says:
        file = each["file"]
        if file in read or project.kind(file) != "file":
            continue
        try:
            text = project.text(file)
        except Unfit:
            continue
        if match := re.search(each["holds"], text, re.MULTILINE):
            read.add(file)
            line = text.count("\n", 0, match.start(1)) + 1
            yield match[1], Evidence(f"the project is for version {match[1]}", line, file)


def _locked(project: Project, name: str, tag: str) -> tuple[str, Evidence] | None:
    """The digest of the image in docker-lock's file. Source: https://github.com/safe-waters/docker-lock"""
    file = "docker-lock.json"
    if project.kind(file) != "file":
        return None
    try:
        files = json_object(View(project, (Place(".", "/"),), "/"), file).get("dockerfiles")
        text = project.text(file)
    except Unfit:
        return None
    lists = [each for each in files.values() if isinstance(each, list)] if isinstance(files, dict) else []
    images = [image for each in lists for image in each if isinstance(image, dict)]
    digests = {str(image.get("digest")) for image in images if image.get("name") == name and image.get("tag") == tag}
    match = _DIGEST.match(digests.pop()) if len(digests) == 1 else None
    if match is None:
        return None
    return f":{tag}@sha256:{match[1]}", Evidence(f"{name}:{tag} is locked", line_of(text, match[1]), file)
