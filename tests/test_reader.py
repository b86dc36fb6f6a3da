"""The reader, held against BuildKit's own parser (the package `dockerfile`, which wraps v0.12.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import dockerfile
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewriter.change import Span
from rewriter.source import Source, Unreadable
from rewriter.syntax.reader import read
from rewriter.syntax.tree import Dockerfile, Instruction

from .corpus import needs_corpus, texts


@dataclass(frozen=True)
class Read:
    """What both readers must agree on for one instruction."""

    keyword: str
    first_line: int
    last_line: int
    flags: tuple[str, ...]
    exec_form: bool
    heredocs: tuple[tuple[str, int, str], ...]


def theirs(text: str) -> list[Read] | None:
    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        return None
    return [
        Read(
            (command.cmd or "").upper(),
            command.start_line,
            command.end_line,
            tuple(command.flags),
            command.json,
            tuple((h.name, h.file_descriptor, h.content) for h in command.heredocs),
        )
        for command in commands
    ]


def ours(text: str) -> list[Read] | None:
    try:
        file = read(Source(text))
    except Unreadable:
        return None
    return [_ours(file, instruction) for instruction in file.instructions]


def _ours(file: Dockerfile, instruction: Instruction) -> Read:
    form = instruction.child or instruction
    return Read(
        instruction.keyword,
        instruction.first_line,
        instruction.last_line,
        tuple(f"--{f.name}" if f.value is None else f"--{f.name}={f.value}" for f in instruction.flags),
        form.json is not None,
        # The package shows the heredocs of an ONBUILD by its last line alone.
        tuple((h.name, h.descriptor, file.text(h.body)) for h in instruction.heredocs if not instruction.child),
    )


# v0.12.5 takes `CMD ["x"] # text` for the exec form; today's BuildKit wants nothing behind the array.
_TEXT_BEHIND_ARRAY = re.compile(r"^[^\S\n]*(?:CMD|ENTRYPOINT|RUN|SHELL)\s*\[.*\].*\S", re.I | re.M)


@needs_corpus
def test_reads_the_corpus_as_buildkit_does() -> None:
    differing = [text for text in texts() if theirs(text) != ours(text)]
    assert len(texts()) == 4176
    unexplained = [text for text in differing if not _only_text_behind_array(text)]
    assert unexplained == []
    assert len(differing) <= 3


def _only_text_behind_array(text: str) -> bool:
    left, right = theirs(text), ours(text)
    if left is None or right is None or len(left) != len(right):
        return False
    different = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    return all(a.exec_form and not b.exec_form and _TEXT_BEHIND_ARRAY.search(text) for a, b in different)


@needs_corpus
def test_round_trip_of_the_corpus() -> None:
    for text in texts():
        data = text.encode("utf-8", "surrogateescape")
        source = Source.decode(data)
        assert source.encode() == data
        try:
            file = read(source)
        except Unreadable:
            continue
        assert_tiled(file)


def assert_tiled(file: Dockerfile) -> None:
    """The leaves follow one another, and nothing but white space (and a BOM) lies between them."""
    at = 0
    for leaf in file.leaves():
        assert leaf.start >= at
        assert file.text(Span(at, leaf.start)).strip("\ufeff \t\r\n\v\f\x85\xa0\u2028\u2029\u3000") == ""
        at = leaf.end
    assert file.source.text[at:].strip() == ""


LISTED = {
    "several heredocs on one line": "FROM a\nRUN <<ONE cat && <<TWO cat\nx\nONE\ny\nTWO\nRUN z\n",
    "quoted": "FROM a\nRUN <<'EOF'\n$x\nEOF\n",
    "chomped": "FROM a\nRUN <<-EOF\n\tx\n\tEOF\nRUN y\n",
    "in COPY": "FROM a\nCOPY <<EOF /x\nRUN no\nEOF\nADD <<a <<b /d/\n1\na\n2\nb\n",
    "in ONBUILD": "FROM a\nONBUILD RUN <<EOF\nx\nEOF\nRUN y\n",
    "no heredoc in CMD": "FROM a\nCMD cat <<EOF\nRUN x\n",
    "no heredoc in the exec form": 'FROM a\nRUN ["cat", "<<EOF"]\nRUN x\n',
    "comment and blank lines in a continuation": "FROM a\nRUN x \\\n# c\n\n   \\\n  y\nRUN z\n",
    "backslash at the end": "FROM a\nRUN x \\",
    "backslash and comments at the end": "FROM a\nRUN x \\\n# c\n",
    "double backslash": "FROM a\nRUN x \\\\\nRUN y\n",
    "blanks behind the backslash": "FROM a\nRUN x \\ \t\n y\n",
    "lone backslash": "FROM a\n\\\nRUN x\n",
    "backtick": "# escape=`\nFROM a\nRUN x `\n y\nRUN z \\\nRUN t\n",
    "directives": "# syntax=docker/dockerfile:1\n# escape=\\\nFROM a\n",
    "late directive is a comment": "# c\n# escape=`\nFROM a\nRUN x \\\n y\n",
    "BOM": "\ufeff# escape=`\nFROM a\nRUN x `\n y\n",
    "CRLF": "FROM a\r\nRUN x \\\r\n\r\n y\r\nCOPY <<E /f\r\nl\r\nE\r\n",
    "no final newline": "FROM a\nRUN x",
    "indented": "  FROM a\n\tRUN x\n",
    "lower case": "from a\nrun x\n",
    "no arguments": "FROM a\nRUN\nCMD\n",
    "flags": "FROM --platform=linux/amd64 a\nRUN --mount=type=cache,target='/a b' --network=none x\n",
    "end of flags": "FROM a\nCOPY --from=b -- c d\n",
    "HEALTHCHECK": 'FROM a\nHEALTHCHECK --interval=5s CMD ["x"]\nHEALTHCHECK NONE\n',
    "ENV forms": 'FROM a\nENV a b c\nENV a=b c="d e" f=\\ g\nLABEL a "b"\n',
    "ENV without a value": "FROM a\nENV a\n",
    "ENV half": "FROM a\nENV a=b c\n",
    "number in an array": "FROM a\nCMD [1]\n",
    "unterminated heredoc": "FROM a\nRUN <<EOF\nx\n",
    "unknown instruction": "FROM a\nFOO bar\n",
    "empty": "",
    "comments only": "# x\n\n# y\n",
    "two escapes": "# escape=`\n# escape=`\nFROM a\n",
    "bad escape": "# escape=x\nFROM a\n",
    "vertical tab": "FROM a\nRUN\vx\n",
    "no-break space": "FROM a\n\xa0RUN x\n",
}


@pytest.mark.parametrize("text", LISTED.values(), ids=LISTED.keys())
def test_listed(text: str) -> None:
    assert ours(text) == theirs(text)


def test_todays_buildkit_where_v0_12_differs() -> None:
    # Source: BuildKit's parser of 2026: white space between `<<` and the name is allowed.
    spaced = "FROM a\nRUN << EOF\nx\nEOF\nRUN y\n"
    assert [(i.keyword, i.last_line) for i in read(Source(spaced)).instructions] == [
        ("FROM", 1),
        ("RUN", 4),
        ("RUN", 5),
    ]
    assert ours(spaced) != theirs(spaced)
    # `# check=` is a directive: https://docs.docker.com/reference/dockerfile/#check
    assert read(Source("# check=skip=all\n# escape=`\nFROM a\n")).directives == {"check": "skip=all", "escape": "`"}
    # Only an array and nothing behind it is the exec form.
    assert read(Source('FROM a\nCMD ["x"] # y\n')).instructions[1].json is None


LINES = st.sampled_from(
    [
        "FROM a",
        "FROM a AS b",
        "RUN x",
        "RUN x \\",
        "  y \\",
        "# c",
        "  # c",
        "",
        "   ",
        "\\",
        "RUN <<EOF",
        "RUN <<-'E' cat > f",
        "COPY <<a <<b /d",
        "EOF",
        "\tE",
        "a",
        "b",
        'RUN [ "a", "b" ]',
        "ENV a=b \\",
        'c="d \\',
        "LABEL x y",
        "# escape=`",
        "RUN x `",
        "ONBUILD RUN <<EOF",
        "HEALTHCHECK CMD x",
        "RUN --mount=type=cache,target=/x y",
        "ARG a=${b:-c}",
        "RUN a <<<b && c <<'EOF'",
        'CMD "<<EOF"',
        "\u00e9 \u2003x",
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(LINES, max_size=9), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_generated_text(lines: list[str], newline: str, final: bool, bom: bool) -> None:
    text = "\ufeff" * bom + newline.join(lines) + newline * final
    assert ours(text) == theirs(text)
    try:
        file = read(Source(text))
    except Unreadable:
        return
    assert_tiled(file)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_round_trip(data: bytes) -> None:
    try:
        source = Source.decode(data)
    except Unreadable:
        assert b"\0" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff")
        return
    assert source.encode() == data


def test_offsets_of_a_joined_line() -> None:
    text = "FROM a\nRUN one \\\n# c\n  && two\n"
    file = read(Source(text))
    run = file.instructions[1]
    assert run.value == "one   && two"
    span = run.arguments.span(run.value.index("two"), len(run.value))
    assert text[span.start : span.end] == "two"
    assert [file.text(comment) for comment in run.comments] == ["# c"]
