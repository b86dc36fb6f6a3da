"""What JavaScript and TypeScript sources say: their syntax tree, and the strings in it.

Sources: https://github.com/tree-sitter/tree-sitter-javascript, https://github.com/tree-sitter/tree-sitter-typescript
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

# In characters; a longer file was generated.
_LONGEST = 1_000_000
_TYPESCRIPT = (".ts", ".tsx", ".mts", ".cts")
ENDINGS = (".js", ".mjs", ".cjs", ".jsx", *_TYPESCRIPT)


@dataclass(frozen=True, slots=True)
class Text:
    """A string of the source, or one piece of a template between its `${…}`; `line` is 1-based."""

    value: str
    line: int
    template: bool = False


@lru_cache(maxsize=4)
def _parser(language: str) -> Parser:
    match language:
        case "javascript":
            return Parser(Language(tree_sitter_javascript.language()))
        case "typescript":
            return Parser(Language(tree_sitter_typescript.language_typescript()))
    return Parser(Language(tree_sitter_typescript.language_tsx()))


@lru_cache(maxsize=512)
def tree(text: str, typescript: bool = False) -> Node | None:
    """The root of the syntax tree of `text`, JSX included; None where it is not understood, and where it is so long
    that it was generated."""
    if len(text) > _LONGEST:
        return None
    data = text.encode("utf-8", "replace")
    # `<T>x` is a cast in TypeScript, and the begin of an element in TSX.
    for language in ("typescript", "tsx") if typescript else ("javascript",):
        root = _parser(language).parse(data).root_node
        if not root.has_error:
            return root
    return None


def tree_of(name: str, text: str) -> Node | None:
    """The tree of the file `name`, whose ending says what it is written in."""
    return tree(text, name.endswith(_TYPESCRIPT))


def nodes(root: Node) -> Iterator[Node]:
    """All nodes below and with `root`, in the order of the text."""
    cursor = root.walk()
    while True:
        node = cursor.node
        assert node is not None
        yield node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def strings(root: Node) -> Iterator[Text]:
    """The strings of a program, and the pieces of its templates; without those of imports that are of types alone."""
    skipped = -1
    for node in nodes(root):
        if node.start_byte < skipped:
            continue
        if node.type in ("import_statement", "export_statement") and _of_types(node):
            skipped = node.end_byte
        elif node.type == "string_fragment":
            template = node.parent is not None and node.parent.type == "template_string"
            yield Text(_text(node), node.start_point[0] + 1, template)


def named(text: str, names: Collection[str]) -> Text | None:
    """The first of `names` that stands anywhere in `text` as a word of its own: for a text without a tree."""
    if not names:
        return None
    pattern = "|".join(map(re.escape, sorted(names)))
    found = re.search(rf"(?<![\w@/.-])(?:{pattern})(?![\w.-])", text)
    return Text(found[0], text.count("\n", 0, found.start()) + 1) if found else None


def _of_types(node: Node) -> bool:
    """Whether the compiler drops an import or export: `import type { A } from "x"`.

    Source: https://www.typescriptlang.org/docs/handbook/release-notes/typescript-3-8.html
    """
    return any(child.type == "type" for child in node.children[:2])


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
