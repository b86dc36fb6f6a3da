"""The source files of the project, to look for what they mention."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rewriter.change import Evidence
from rewriter.project.context import Project, Unfit

# More than the sources of a large service, and few enough to be read in a moment.
_FILES = 1_500
_CHARACTERS = 12_000_000
_FOREIGN = frozenset(("node_modules", "bower_components", "vendor", "site-packages", ".venv", "venv", ".git"))
_TESTS = frozenset(
    ("test", "tests", "__tests__", "spec", "specs", "e2e", "cypress", "fixtures", "__mocks__", "testdata")
)
JAVASCRIPT = (".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx")


@dataclass(frozen=True, slots=True)
class Text:
    """A source file with what it says."""

    file: str
    text: str

    def fact(self, fact: str, at: int) -> Evidence:
        """A fact that the file shows at the character `at`."""
        return Evidence(fact, self.text.count("\n", 0, at) + 1, self.file)


def sources(project: Project, within: Collection[str], *endings: str) -> Iterator[Text]:
    """The files of the context at or below the paths `within` that end in `endings`, without those of others and
    without tests.

    Raises `Unfit` where there is no context, where they are too many to be read, and where one cannot be.
    """
    if project.root is None:
        raise Unfit("the build context", "is not known")
    characters = 0
    tops = tuple(within)
    inside = (each for each in project.files() if each.endswith(endings) and is_own(each) and _below(each, tops))
    for number, name in enumerate(inside):
        if number >= _FILES or characters > _CHARACTERS:
            raise Unfit("the build context", "holds too many source files to read them all")
        if project.linked(name):
            continue
        text = project.text(name)
        characters += len(text)
        yield Text(name, text)


def is_own(name: str) -> bool:
    """Whether the path `name` is none of a dependency and none of a test."""
    parts = name.split("/")
    base = posixpath.splitext(parts[-1])[0]
    tested = base.endswith((".test", ".spec", "_test", ".min")) or base.startswith("test_")
    return not tested and _FOREIGN.isdisjoint(parts) and _TESTS.isdisjoint(parts[:-1])


def _below(name: str, tops: tuple[str, ...]) -> bool:
    return any(top == "." or name == top or name.startswith(f"{top}/") for top in tops)
