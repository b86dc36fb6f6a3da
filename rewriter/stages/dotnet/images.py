""".NET's images that only run, by those with the SDK. The facts are data: `rewriter/knowledge/dotnet_runtime.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rewriter import knowledge
from rewriter.knowledge.base_table import split

_NAME = re.compile(r"(?P<start>mcr\.microsoft\.com/dotnet/(?:core/)?)(?P<kind>sdk|aspnet|runtime)\Z")


@dataclass(frozen=True, slots=True)
class Image:
    """An image of .NET: `kind` is `sdk`, `aspnet` or `runtime`; `version` the major and minor one; `rest` the words
    behind it, as the images that only run spell them."""

    start: str
    kind: str
    version: str
    rest: str

    def of(self, kind: str) -> str:
        """The image of another kind with the same version and system."""
        return f"{self.start}{kind}:{self.version}{self.rest}"

    @property
    def number(self) -> tuple[int, ...]:
        return _number(self.version)

    @property
    def alpine(self) -> bool:
        return self.rest.startswith("-alpine")

    @property
    def empties_urls(self) -> bool:
        """Whether the image of the SDK empties ASPNETCORE_URLS, and the others set it."""
        first, end = knowledge.table("dotnet_runtime")["urls"]["emptied"]
        return _number(first) <= self.number < _number(end)

    @property
    def globalization(self) -> tuple[str, ...]:
        """The packages for languages and time zones that only the image of the SDK has."""
        entries: list[list[str]] = knowledge.table("dotnet_runtime")["globalization"]["alpine"]
        found = [names for since, names in entries if _number(since) <= self.number] if self.alpine else []
        return tuple(found[-1].split()) if found else ()

    def chiseled(self, kind: str) -> str | None:
        """The image of `kind` without a shell; None where there is none of this version, or of another C library."""
        tags: dict[str, str] = knowledge.table("dotnet_runtime")["chiseled"]["tags"]
        tag = tags.get(self.version)
        return f"{self.start}{kind}:{tag}" if tag and not self.alpine else None


@lru_cache(maxsize=256)
def image(reference: str) -> Image | None:
    """Read the reference of an image of .NET; None for any other, and where its tag does not say which version and
    which system it is."""
    name, tag = split(reference)
    known = knowledge.table("dotnet_runtime")["tags"]
    renamed: dict[str, str] = known["renamed"]
    systems = f"{known['systems']}|{'|'.join(renamed)}"
    match = re.fullmatch(
        rf"(?P<version>\d+\.\d+)(?:\.\d+)?(?P<system>-(?:{systems}))?(?P<machine>-(?:{known['machines']}))?", tag
    )
    named = _NAME.match(name)
    if match is None or named is None or "@" in reference:
        return None
    system = (match["system"] or "")[1:]
    rest = "".join(f"-{word}" for word in (renamed.get(system, system), (match["machine"] or "")[1:]) if word)
    return Image(named["start"], named["kind"], match["version"], rest)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
