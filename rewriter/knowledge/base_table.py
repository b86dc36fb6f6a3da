"""The table bases.toml: which entry an image has, how its tag is read, and what the two come to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from math import inf
from typing import Any

from rewriter.knowledge import table

Facts = dict[str, Any]  # an entry of bases.toml, or what it comes to for one tag
Number = tuple[float, ...]

UNKNOWN = "?"
VARIABLE = "\0"  # stands for a variable; no reference holds a NUL
VARIABLES = re.compile(r"\$\{[^{}]*\}|\$\w+")

# What does not change the image: Docker Hub's own names and mirrors, `library/`, a platform.
SAME_IMAGE = re.compile(
    r"^(?:(?:(?:index\.|registry-1\.)?docker\.io|registry\.hub\.docker\.com|mirror\.gcr\.io|public\.ecr\.aws/docker)/)?"
    r"(?:(?:library|amd64|i386|arm32v[567]|arm64v8|mips64le|ppc64le|riscv64|s390x)/(?=[^/]+$))?"
)
VERSION = re.compile(r"v?(\d+(?:[._u]\d+)*)((?:a|b|alpha|beta|rc)\d*)?", re.IGNORECASE)
WORD = re.compile(r"([a-z]+)([\d.]*)", re.IGNORECASE)
NOT_ON_WINDOWS = frozenset(
    {"shell", "user", "workdir", "entrypoint", "cmd", "env", "users", "home", "pip", "stopsignal"}
)
ALWAYS = frozenset({"latest", "slim", "minimal", "onbuild", "windowsservercore", "nanoserver", "ltsc"})

MERGED = frozenset({"tools", "variant", "full", "words", "variants"})  # words in one text; a `-` takes one away


def split(reference: str) -> tuple[str, str]:
    """Return the name and the tag of `reference`, each variable in them as one `VARIABLE`. The tag is "latest" where
    there is none, and `VARIABLE` where there is a digest alone."""
    masked, before = reference, ""
    while "$" in masked and masked != before:
        before, masked = masked, VARIABLES.sub(VARIABLE, masked)
    image, _, digest = masked.partition("@")
    colon = image.find(":", image.rfind("/") + 1)
    if colon < 0:
        return image, VARIABLE if digest else "latest"
    return image[:colon], image[colon + 1 :]


@lru_cache(maxsize=1)
def names() -> tuple[dict[str, str], tuple[tuple[str, str, str], ...]]:
    """The entries by name; and the patterns among the names, the longest first, each after its plain beginning."""
    named = [
        (name, key) for key, entry in table("bases").items() for name in (key, *entry.get("names", ())) if key[0] != "_"
    ]
    patterns = sorted((pair for pair in named if "*" in pair[0]), key=lambda pair: -len(pair[0]))
    return dict(named), tuple((re.split(r"[*[]", name)[0], name, key) for name, key in patterns)


@lru_cache(maxsize=256)
def _entry(key: str) -> Facts:
    """The entry `key` with all that it inherits."""
    entry = table("bases")[key]
    merged = overlaid(_entry(entry["like"]), entry) if "like" in entry else entry
    return merged | {"since": dict(sorted(merged.get("since", {}).items(), key=lambda item: _number(item[0])))}


def overlaid(facts: Facts, change: Facts) -> Facts:
    """`facts` with `change` over them."""
    merged = facts | change
    for key in change.keys() & facts.keys():
        old, new = facts[key], change[key]
        if UNKNOWN in (old, new):
            continue
        if key in MERGED:
            merged[key] = _with_words(old, new)
        elif key == "env":
            merged[key] = old | {name: text.replace("$PATH", old.get("PATH", UNKNOWN)) for name, text in new.items()}
        elif key in ("since", "when"):
            merged[key] = old | {name: overlaid(old.get(name, {}), facts) for name, facts in new.items()}
    return merged


def _with_words(old: str, new: str) -> str:
    """The words of `old` and `new`, without those that `new` takes away; a `-` that took nothing away is kept."""
    words = dict.fromkeys(old.split())
    for word in new.split():
        other = word[1:] if word[0] == "-" else f"-{word}"
        if other in words and word[0] == "-":
            del words[other]
        else:
            words.pop(other, None)
            words[word] = None
    return " ".join(words)


def _shared(one: Facts, other: Facts) -> Facts:
    """What holds by both; `one` is the older version."""
    both = dict(one)
    for key in one.keys() | other.keys():
        old, new = one.get(key, UNKNOWN), other.get(key, UNKNOWN)
        if key == "env" and UNKNOWN not in (old, new):
            both[key] = dict(old.items() & new.items())
        elif key in MERGED:
            both[key] = " ".join(word for word in old.split() if word in new.split())
        elif old != new and not (key == "pip" and UNKNOWN not in (old, new)):
            both[key] = UNKNOWN
    return both


@lru_cache(maxsize=4096)
def _number(version: str) -> Number:
    return tuple(int(part) for part in re.split(r"[._u]", version))


@lru_cache(maxsize=64)
def _codenames(distribution: str) -> dict[str, str]:
    """The codenames of `distribution` by version."""
    words = table("bases")["_releases"].get(distribution, "").split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _release(distribution: str, version: str, digits: int) -> str | None:
    """The release of `distribution` that `version` is of: a codename where `digits` is 0, else so many of its parts."""
    parts = version.split(".")
    if codenames := _codenames(distribution):
        return codenames.get(".".join(parts[: 2 if distribution == "ubuntu" else 1]))
    return ".".join(parts[:digits]) if digits and len(parts) >= digits else None


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    """The distributions by the words that tags have for them."""
    pairs = (word.partition("=") for word in table("bases")["_releases"]["words"].split())
    return {word: distribution or word for word, _, distribution in pairs}


@lru_cache(maxsize=4096)
def _system(word: str) -> tuple[str, str | None] | None:
    """The distribution and the release that a word of a tag names: "bookworm", "alpine3.19", "ubuntu22.04"."""
    for distribution in ("debian", "ubuntu"):
        if word in _codenames(distribution).values():
            return distribution, word
    match = WORD.fullmatch(word)
    if not match or match[1] not in _spellings():
        return None
    distribution = _spellings()[match[1]]
    return distribution, _release(distribution, match[2], 2 if distribution == "alpine" else 1) if match[2] else None


@lru_cache(maxsize=64)
def _bounds(releases: str) -> tuple[tuple[Number, str], ...]:
    """The pairs of the list `releases`: a version, and the release that plain tags have from it on."""
    words = releases.split()
    return tuple((_number(bound), release) for bound, release in zip(words[::2], words[1::2], strict=True))


def _released(releases: str, number: Number) -> tuple[str, str | None] | None:
    """The distribution and release of version `number` by the list `releases`; a version cut short is its newest."""
    found = "-"
    for bound, release in _bounds(releases):
        if bound > (*number, inf):
            break
        found = release
    return _system(found)


def _read_tag(text: str, entry: Facts) -> Tag:
    """Read the tag `text` of an image that has `entry`."""
    listed = {*entry.get("words", "").split(), *entry.get("when", ())}
    words: set[str] = set()
    version: str | None = None
    number: Number = ()
    system: tuple[str, str | None] | None = None
    opened = False
    tokens = text.split("-")
    for place, token in enumerate(tokens):
        word = WORD.fullmatch(token)
        if VARIABLE in token:
            opened = True
            if (start := WORD.match(token)) and start[1] in _spellings():  # alpine$VERSION
                system = _spellings()[start[1]], None
        elif numeric := VERSION.fullmatch(token):
            if place == 0:
                version, number, opened = token.removeprefix("v"), _number(numeric[1]), bool(numeric[2])
            elif system and system[1] is None:  # alpine-3.19, debian-12
                system = _system(f"{tokens[place - 1]}{token}") or system
            else:
                opened = opened or "#" not in listed
        elif found := _system(token):
            system = found
            if word and found[1] != token:
                words.add(word[1])
        elif word and (word[1] in listed or word[1] in ALWAYS):
            words.add(word[1])
        else:
            opened = True
    distribution, release = system or (None, None)
    return Tag(version, number, frozenset(words), distribution, release, opened)


def _at_version(entry: Facts, number: Number) -> Facts:
    """The facts of `entry` at version `number`; what all supported versions share where that is ()."""

    def until(limit: Number) -> Facts:
        facts = entry
        for bound, change in entry["since"].items():
            if _number(bound) > limit:
                break
            facts = overlaid(facts, change)
        return facts

    if number:
        return until((*number, inf))
    return _shared(until((*_number(entry.get("supported", "0")), inf)), until((inf,)))


def _of_variant(facts: Facts, tag: Tag) -> Facts:
    """`facts` with those of the variants that `tag` names; where it is open, without what another one may change."""
    variants: dict[str, Facts] = facts.get("when", {})
    chosen = [word for word in variants if word in tag.words]
    for word in chosen:
        facts = overlaid(facts, variants[word])
    if tag.open:
        for word in variants.keys() - tag.words:
            excluded = tag.settled if word == "slim" or _system(word) else any(other != "slim" for other in chosen)
            if not excluded:
                facts = _shared(facts, overlaid(facts, variants[word]))
    return facts


def _on_system(facts: Facts, tag: Tag) -> Facts:
    """`facts` with the system, the distribution and the release that `tag` leads to, and what comes with them."""
    variants = facts.get("variants", "").split()
    system, plain, release = facts.get("os", UNKNOWN), facts.get("distribution", UNKNOWN), facts.get("release")
    distribution = plain
    if tag.distribution:
        system = "windows" if tag.distribution == "windows" else system
        distribution, release = tag.distribution, tag.release
    elif tag.open and variants and not tag.settled:
        system = UNKNOWN if "windows" in variants else system
        distribution, release = UNKNOWN, None
    elif "releases" in facts:
        if tag.number and not tag.open and "onbuild" not in tag.words:
            distribution, release = _released(facts["releases"], tag.number) or (plain, None)
    elif tag.version and facts.get("digits", UNKNOWN) != UNKNOWN:
        if "ubuntu" in variants and _release("ubuntu", tag.version, 0):
            distribution = "ubuntu"
        release = _release(distribution, tag.version, facts["digits"])
    if system != "linux" and "windows" in variants:
        facts = {key: value for key, value in facts.items() if key not in NOT_ON_WINDOWS}
    elif system == "linux" and facts.get("has_shell") is True:
        whole = distribution == plain and not tag.open and not tag.words & {"slim", "minimal"}
        tools = (
            table("bases")["_tools"].get(distribution, ""),
            facts.get("full", "") if whole else "",
            facts.get("tools", ""),
        )
        facts = facts | {"tools": " ".join(tools)}
    found = {"os": system, "distribution": distribution, "release": release, "version": tag.version}
    onbuild = True if "onbuild" in tag.words else facts.get("onbuild", UNKNOWN)
    return facts | found | {"variant": " ".join(tag.words - {"latest"}), "onbuild": onbuild}


def facts_of(reference: str) -> Facts | None:
    """What the table says about `reference`; None for an image that it does not list."""
    name, text = split(reference)
    image = SAME_IMAGE.sub("", name)
    plain, patterns = names()
    key = plain.get(image)
    if key is None:
        fits = (key for start, name, key in patterns if image.startswith(start) and fnmatchcase(image, name))
        key = next(fits, None)
    if key is None or VARIABLE in image:
        return None
    entry = _entry(key)
    tag = _read_tag(text, entry)
    return _on_system(_of_variant(_at_version(entry, tag.number), tag), tag)


@dataclass(frozen=True)
class Tag:
    """A tag, read with the help of its image's entry.

    `number` is the version as numbers, () for none. `open`: a variable, a digest alone, a pre-release or a word that
    the entry does not list may stand for anything.
    """

    version: str | None
    number: Number
    words: frozenset[str]
    distribution: str | None
    release: str | None
    open: bool

    @property
    def settled(self) -> bool:
        """Whether its words settle the distribution."""
        return self.distribution is not None or "slim" in self.words
