"""What a container is told to run: the programs and files that the words of its start command name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rewriter import knowledge
from rewriter.syntax.shell import parse
from rewriter.syntax.vocabulary import calls
from rewriter.verify.contents.listing import Listing
from rewriter.verify.engine import Settings

_SHELLS = frozenset(("sh", "bash", "ash", "dash"))
# Where Docker reads a shell form.
_SHELL = ("/bin/sh", "-c")
_DEEP = 4
_START, _HEALTHCHECK = "the start command", "the HEALTHCHECK"


@dataclass(frozen=True, slots=True)
class Named:
    """A word that names a program, or one that a program is given and that may name a file: `by` says where it
    stands."""

    word: str
    by: str
    program: bool


def named(listing: Listing, settings: Settings, known: Callable[[str], bool]) -> tuple[Named, ...]:
    """What the start command and the HEALTHCHECK of an image name, followed through the shell scripts that it has.
    `known` says whether a word is the name of a program, where another word decides what comes first (`gosu USER
    PROGRAM`)."""
    reader = _Reader(listing, settings, known)
    found = [*reader.words((*settings.entrypoint, *settings.cmd), _START, _DEEP)]
    match settings.healthcheck:
        case ("CMD", *words):
            found += reader.words(words, _HEALTHCHECK, _DEEP)
        case ("CMD-SHELL", text):
            found += reader.words((*(settings.shell or _SHELL), text), _HEALTHCHECK, _DEEP)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Reader:
    listing: Listing
    settings: Settings
    known: Callable[[str], bool]

    def words(self, words: Sequence[str], by: str, deep: int) -> Iterator[Named]:
        """What a command in exec form names."""
        if not words or not words[0]:
            return
        yield Named(words[0], by, True)
        name, rest = posixpath.basename(words[0]), words[1:]
        if name in _SHELLS and len(rest) > 1 and rest[0].startswith("-") and rest[0].endswith("c"):
            yield from self.script(rest[1], by, deep)
        elif name in _runners():
            # The first of its words that is a program is what it runs; those before are its own options.
            at = next((i for i, word in enumerate(rest) if self.known(word)), len(rest))
            yield from self.words(rest[at:], by, deep)
        else:
            yield from (Named(word, by, False) for word in rest)
        yield from self.followed(words, by, deep)

    def followed(self, words: Sequence[str], by: str, deep: int) -> Iterator[Named]:
        """What the script names that is started, by itself or by a shell in front of it."""
        for at, word in enumerate(words[:2]):
            place = self.listing.which(word, self.settings)
            if place and place in self.listing.texts and deep:
                text = self.listing.text(place)
                yield from self.script(text, place, deep - 1)
                if '"$@"' in text:
                    yield from self.words(words[at + 1 :], by, deep - 1)
                return

    def script(self, text: str, by: str, deep: int) -> Iterator[Named]:
        """What a shell script names; nothing of one that is not understood."""
        script = parse(text.replace("\r\n", "\n"))
        for call in calls(script) if script else ():
            if call.head.value not in _builtins():
                words = call.statement.words[call.statement.words.index(call.head) :]
                yield from self.words([word.value or "" for word in words], by, deep)


@lru_cache(maxsize=1)
def _runners() -> frozenset[str]:
    """The programs that run another one."""
    entries = knowledge.table("start")
    return frozenset(name for key, entry in entries.items() for name in (key, *entry.get("names", ())))


@lru_cache(maxsize=1)
def _builtins() -> frozenset[str]:
    return frozenset(name for entry in knowledge.table("shell_builtins").values() for name in entry["names"])
