"""The shell of a RUN: tree-sitter-bash's tree, read into a few plain types.

A `Script` is parsed from the text that the shell really receives; all offsets are offsets in that text. Scripts are
immutable and cached by their text, so that an untouched RUN is parsed once, however often its file is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

Kind = Literal[
    "command", "list", "pipeline", "sequence", "subshell", "group", "if", "loop", "case", "function", "test", "assign"
]
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_PLAIN = re.compile(r"[\w./:@+,=%^-]+\Z", re.ASCII)
_DOUBLE_ESCAPE = re.compile(r'\\([$`"\\])')
_COMPOUND: dict[str, Kind] = {
    "subshell": "subshell",
    "compound_statement": "group",
    "if_statement": "if",
    "while_statement": "loop",
    "until_statement": "loop",
    "for_statement": "loop",
    "c_style_for_statement": "loop",
    "case_statement": "case",
    "function_definition": "function",
}
# Parts of a compound statement whose own statements belong to it.
_INNER = frozenset(("do_group", "elif_clause", "else_clause", "case_item", "compound_statement"))
_DECLARATIONS = frozenset(("declaration_command", "unset_command"))
_REDIRECTS = frozenset(("file_redirect", "herestring_redirect", "heredoc_redirect"))
_WORDS = frozenset(
    (
        *("command_name", "word", "number", "string", "raw_string", "ansi_c_string", "translated_string"),
        *("concatenation", "simple_expansion", "expansion", "arithmetic_expansion", "brace_expression"),
        *("command_substitution", "process_substitution", "variable_name", "variable_assignment", "$"),
        *("export", "declare", "typeset", "readonly", "local", "unset", "unsetenv", "extglob_pattern", "regex"),
    )
)
_SEPARATORS = frozenset((";", "&", "\n", ";;"))


@dataclass(frozen=True, slots=True)
class Word:
    """One word as written. `value` is what it stands for, None where expansions, globs or `~` decide that."""

    start: int
    end: int
    raw: str
    value: str | None

    def __str__(self) -> str:
        return self.raw


@dataclass(frozen=True, slots=True)
class Redirect:
    """`operator` as in `>`, `2>&1`'s `>&`; `target` None for a heredoc."""

    start: int
    end: int
    operator: str
    descriptor: str
    target: Word | None


@dataclass(frozen=True, slots=True)
class Operator:
    """What stands between two statements: `&&`, `||`, `|`, `|&`, `;`, `&` or a newline."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, eq=False, slots=True)
class Statement:
    """A node of the script. A simple command has `words` (the first is its name) and no children.

    `operators` stand between the children, and one more behind the last child where it is followed by `;` or `&`.
    """

    kind: Kind
    start: int
    end: int
    children: tuple[Statement, ...] = ()
    operators: tuple[Operator, ...] = ()
    words: tuple[Word, ...] = ()
    assignments: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    negated: bool = False

    def commands(self) -> Iterator[Statement]:
        """All simple commands, in the order of the text; those inside substitutions are not among them."""
        if self.kind == "command":
            yield self
        for child in self.children:
            yield from child.commands()

    def walk(self) -> Iterator[Statement]:
        """The statement itself and all statements inside it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, eq=False, slots=True)
class Script:
    """A parsed script, equal only to itself. `root` is a sequence of statements; `comments` are the shell's own."""

    text: str
    root: Statement
    comments: tuple[tuple[int, int], ...] = ()
    substitutions: bool = False

    def commands(self) -> Iterator[Statement]:
        return self.root.commands()

    @property
    def chain(self) -> tuple[Statement, ...] | None:
        """The steps of a script that is nothing but `a && b && c` (or one step), in order; None for any other."""
        if len(self.root.children) != 1 or self.root.operators:
            return None
        only = self.root.children[0]
        if only.kind != "list":
            return (only,)
        return only.children if all(op.text == "&&" for op in only.operators) else None


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


@lru_cache(maxsize=8192)
def parse(text: str) -> Script | None:
    """Return the script `text`, None where it is not understood: a syntax error, or a heredoc inside it."""
    if "<<" in text.replace("<<<", ""):
        return None
    # One character stands for one byte, so that byte offsets are character offsets.
    root = _parser().parse(_NOT_ASCII.sub("x", text).encode()).root_node
    if root.has_error:
        return None
    reader = _Reader(text)
    statement = reader.sequence(root.children, "sequence", 0, len(text))
    return Script(text, statement, tuple(reader.comments), reader.substitutions) if reader.understood else None


class _Reader:
    """Turns nodes into statements; `understood` goes False at anything that this module has no type for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.comments: list[tuple[int, int]] = []
        self.substitutions = "$(" in text or "`" in text or "<(" in text or ">(" in text
        self.understood = True

    def sequence(
        self, nodes: list[Node], kind: Kind, start: int, end: int, redirects: tuple[Redirect, ...] = ()
    ) -> Statement:
        children: list[Statement] = []
        operators: list[Operator] = []
        for node in nodes:
            if node.type in _SEPARATORS:
                if len(operators) < len(children):
                    operators.append(Operator(node.start_byte, node.end_byte, node.type))
            elif node.type == "comment":
                self.comments.append((node.start_byte, node.end_byte))
            elif node.type in _INNER:
                inside: Kind = "group" if node.type == "compound_statement" else "sequence"
                children.append(self.sequence(node.children, inside, node.start_byte, node.end_byte))
            elif node.is_named and (statement := self.statement(node)):
                # tree-sitter gives a newline between statements no node of its own.
                if len(operators) < len(children):
                    at = children[-1].end
                    operators.append(Operator(at, at, "\n"))
                children.append(statement)
        return Statement(kind, start, end, tuple(children), tuple(operators), redirects=redirects)

    def statement(self, node: Node, redirects: tuple[Redirect, ...] = ()) -> Statement | None:
        start, end = node.start_byte, node.end_byte
        match node.type:
            case "command" | "declaration_command" | "unset_command":
                return self.command(node, redirects)
            case "list":
                return self.joined(node, "list", ("&&", "||"), redirects)
            case "pipeline":
                return self.joined(node, "pipeline", ("|", "|&"), redirects)
            case "redirected_statement":
                return self.redirected(node, redirects)
            case "negated_command":
                inner = self.statement(node.children[-1], redirects)
                return inner and Statement("sequence", start, end, (inner,), negated=True)
            case "variable_assignment" | "variable_assignments":
                nodes = [node] if node.type == "variable_assignment" else node.children
                words = tuple(self.word(n.start_byte, n.end_byte) for n in nodes)
                return Statement("assign", start, end, assignments=words, redirects=redirects)
            case "test_command":
                return Statement("test", start, end, redirects=redirects)
            case kind if kind in _COMPOUND:
                return self.sequence(self.unwrapped(node), _COMPOUND[kind], start, end, redirects)
            case "variable_name" | "word" | "number" | "string" | "raw_string" | "concatenation" | "simple_expansion":
                return None  # the words of a `for` or `case`
            case "expansion" | "command_substitution" | "arithmetic_expansion" | "extglob_pattern":
                return None
            case _:
                self.understood = False
                return None

    def unwrapped(self, node: Node) -> list[Node]:
        return [child for child in node.children if child.is_named or child.type in _SEPARATORS]

    def joined(self, node: Node, kind: Kind, operators: tuple[str, ...], redirects: tuple[Redirect, ...]) -> Statement:
        """Flatten a left-associative tree of `operators`; trailing redirections belong to its last member alone."""
        children: list[Statement] = []
        found: list[Operator] = []
        last = node.children[-1]
        for child in node.children:
            if child.type in operators:
                found.append(Operator(child.start_byte, child.end_byte, child.type))
            elif child.type == "comment":
                self.comments.append((child.start_byte, child.end_byte))
            elif statement := self.statement(child, redirects if child.id == last.id else ()):
                if statement.kind == kind and not statement.negated and kind == "list" and not statement.redirects:
                    children += statement.children
                    found += statement.operators
                else:
                    children.append(statement)
            else:
                self.understood = self.understood and not child.is_named
        found.sort(key=lambda operator: operator.start)
        return Statement(
            kind,
            node.start_byte,
            max(node.end_byte, children[-1].end) if children else node.end_byte,
            tuple(children),
            tuple(found),
        )

    def redirected(self, node: Node, outer: tuple[Redirect, ...]) -> Statement | None:
        redirects = tuple(self.redirect(child) for child in node.children if child.type in _REDIRECTS)
        body = next((child for child in node.children if child.type not in _REDIRECTS), None)
        if body is None:
            return Statement("command", node.start_byte, node.end_byte, redirects=redirects + outer)
        statement = self.statement(body, redirects + outer)
        return statement and _stretched(statement, node.start_byte, node.end_byte)

    def redirect(self, node: Node) -> Redirect:
        named = [child for child in node.children if child.is_named and child.type != "file_descriptor"]
        descriptor = next((self.raw(child) for child in node.children if child.type == "file_descriptor"), "")
        operator = next((child.type for child in node.children if not child.is_named), "")
        target = self.word(named[0].start_byte, named[-1].end_byte) if named else None
        return Redirect(node.start_byte, node.end_byte, operator, descriptor, target)

    def command(self, node: Node, redirects: tuple[Redirect, ...]) -> Statement:
        assignments: list[Word] = []
        words: list[Word] = []
        own: list[Redirect] = []
        for child in node.children:
            if child.type in _REDIRECTS:
                own.append(self.redirect(child))
            elif child.type not in _WORDS:
                self.understood = False
            elif child.type == "variable_assignment" and not words and node.type == "command":
                assignments.append(self.word(child.start_byte, child.end_byte))
            elif words and words[-1].end == child.start_byte:
                # tree-sitter splits words such as a-$V-$T.tgz into siblings that touch.
                words[-1] = self.word(words[-1].start, child.end_byte)
            else:
                words.append(self.word(child.start_byte, child.end_byte))
        return Statement(
            "command",
            node.start_byte,
            node.end_byte,
            words=tuple(words),
            assignments=tuple(assignments),
            redirects=(*own, *redirects),
        )

    def raw(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte]

    def word(self, start: int, end: int) -> Word:
        raw = self.text[start:end]
        return Word(start, end, raw, raw if _PLAIN.match(raw) else literal(raw))


def _stretched(statement: Statement, start: int, end: int) -> Statement:
    """Let `statement`, and the last member of a list or pipeline, reach to the end of their redirections."""
    children = statement.children
    if statement.kind in ("list", "pipeline") and children:
        children = (*children[:-1], _stretched(children[-1], children[-1].start, end))
    return Statement(
        statement.kind,
        start,
        end,
        children,
        statement.operators,
        statement.words,
        statement.assignments,
        statement.redirects,
        statement.negated,
    )


def literal(raw: str) -> str | None:
    """Return what a word stands for with its quotes removed, None where an expansion, a glob or `~` decides that.

    Source: POSIX, Shell Command Language, 2.2 Quoting.
    """
    if raw.startswith("~"):
        return None
    parts, at = [], 0
    while at < len(raw):
        char = raw[at]
        if char == "'":
            end = raw.find("'", at + 1)
            if end < 0:
                return None
            parts.append(raw[at + 1 : end])
            at = end + 1
        elif char == '"':
            end = at + 1
            while end < len(raw) and raw[end] != '"':
                end += 2 if raw[end] == "\\" else 1
            inner = raw[at + 1 : end]
            if "`" in inner or re.search(r"(?<!\\)\$", inner):
                return None
            parts.append(_DOUBLE_ESCAPE.sub(r"\1", inner))
            at = end + 1
        elif char == "\\":
            parts.append(raw[at + 1 : at + 2])
            at += 2
        elif char in "$`*?[{":
            return None
        else:
            parts.append(char)
            at += 1
    return "".join(parts)
