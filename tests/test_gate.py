"""The gate refuses every kind of wrong rewrite, and the engine keeps its promises around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from rewriter import Alters, Change, Level, Options, Outcome, Project, Rewrite, Source, Span, Unreadable
from rewriter.change import Declined, Edit, Evidence
from rewriter.engine import Find, run
from rewriter.facts import Facts
from rewriter.syntax.tree import Dockerfile

BASE = """\
FROM debian:12
# keep me
ENV A=1
WORKDIR /app
RUN one \\
  # inside
  && two
USER 1000
RUN three
CMD ["x"]
"""


@dataclass(frozen=True)
class Played:
    """A transform played by a test."""

    name: str
    find: Find

    def concerns(self, text: str) -> bool:
        return True


def swap(old: str, new: str, **more: object) -> Played:
    """A transform that replaces the text `old` by `new`, once or as often as it is there."""

    def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
        at = file.source.text.find(old)
        if at >= 0:
            span = Span(at, at + len(old))
            yield Change("swap", (Edit(at, at + len(old), new),), span, **more)  # type: ignore[arg-type]

    return Played("swap", find)


def rewrite(text: str, *chain: Played, **options: object) -> Rewrite:
    return run(Source(text), chain, Project(), Options(**options))  # type: ignore[arg-type]


WRONG = {
    "unparseable": ("RUN three", "RUN <<EOF", "does not parse"),
    "environment of a later step": ("ENV A=1", "ENV A=2", "another env"),
    "working directory": ("WORKDIR /app", "WORKDIR /other", "another workdir"),
    "user": ("USER 1000", "USER 1001", "another user"),
    "command": ('CMD ["x"]', 'CMD ["y"]', "another cmd"),
    "comment": ("# keep me\n", "", "a comment was lost: # keep me"),
    "comment in a continuation": ("  # inside\n", "", "a comment was lost: # inside"),
    "comment of the shell": ("RUN three # why", "RUN three", "a comment was lost: # why"),
    "moved across USER": (
        "USER 1000\nRUN three # why\n",
        "RUN three # why\nUSER 1000\n",
        "moved into another environment",
    ),
    "step swallowed": ("  && two\nUSER", "  && two \\\nUSER", "another user"),
    "entrypoint": ('CMD ["x"]', 'ENTRYPOINT ["x"]', "another entrypoint"),
    "newline style": ("ENV A=1\n", "ENV A=1\r\n", "newline style"),
    "final newline": ('["x"]\n', '["x"]', "final newline"),
    "directive": ("FROM debian:12\n# keep me", "# escape=`\nFROM debian:12\n# keep me", "directive"),
    "broken shell": ("&& two", "&& 'two", "no longer parses"),
    "stage": ("USER 1000", "FROM debian:12\nUSER 1000", "number of stages"),
    "base": ("debian:12", "debian:11", "another base image"),
}


@pytest.mark.parametrize(("old", "new", "reason"), WRONG.values(), ids=WRONG.keys())
def test_wrong_rewrites_are_refused(old: str, new: str, reason: str) -> None:
    text = BASE.replace("RUN three", "RUN three # why")
    result = rewrite(text, swap(old, new))
    assert result.after.text == text
    (dropped,) = result.of(Outcome.DROPPED)
    assert reason in dropped.message


def test_a_moved_step_is_not_excused_by_its_like() -> None:
    text = BASE.replace("RUN three\n", "RUN three\nRUN four\n")
    result = rewrite(text, swap("USER 1000\nRUN three\n", "RUN three\nUSER 1000\n"))
    (dropped,) = result.of(Outcome.DROPPED)
    assert "moved into another environment" in dropped.message


def test_a_declared_change_passes() -> None:
    declared = swap('CMD ["x"]', 'CMD ["y"]', declares=frozenset(("cmd",)))
    assert rewrite(BASE, declared).after.text == BASE.replace('["x"]', '["y"]')


def test_what_no_edit_names_must_stay() -> None:
    # The inserted backslash joins the next instruction to this one, so that another line changes its meaning.
    text = "FROM debian:12\nRUN one\nLABEL a=b\n"
    result = rewrite(text, swap("RUN one", "RUN one \\"))
    assert result.after.text == text
    assert result.of(Outcome.DROPPED)


def test_the_second_reader_has_a_veto() -> None:
    # dockerfile-parse takes two backslashes for a continuation, BuildKit does not.
    result = rewrite("FROM debian:12\nRUN one\nRUN two\n", swap("RUN one", "RUN one \\\\"))
    assert [finding.message for finding in result.of(Outcome.DROPPED)] == [
        "the second reader disagrees with the result"
    ]


def test_only_safe_changes_where_the_readers_disagree_from_the_start() -> None:
    text = "FROM debian:12\nRUN one \\\\\nRUN two\n"
    standard = swap("two", "three", alters=Alters.FILES)
    assert not rewrite(text, standard).changed
    assert "only safe changes" in rewrite(text, standard).notes[0]
    assert rewrite(text, swap("two", "three")).changed


def test_levels() -> None:
    aggressive = swap("three", "four", alters=Alters.FILES, proven=False)
    assert not rewrite(BASE, aggressive).changed
    assert [finding.level for finding in rewrite(BASE, aggressive).of(Outcome.OFFERED)] == [Level.AGGRESSIVE]
    assert rewrite(BASE, aggressive, level=Level.AGGRESSIVE).changed
    assert not rewrite(BASE, swap("three", "four", proven=False), level=Level.SAFE).changed


def test_a_cycle_leaves_the_file_as_it_was() -> None:
    there, back = swap("three", "four"), replace(swap("four", "three"), name="back")
    result = rewrite(BASE, there, back)
    assert result.after.text == BASE
    assert "do not come to an end" in result.of(Outcome.DROPPED)[0].message


def test_a_dropped_transform_does_not_stop_the_others() -> None:
    wrong, right = swap("ENV A=1", "ENV A=2"), replace(swap("three", "four"), name="right")
    result = rewrite(BASE, wrong, right)
    assert result.after.text == BASE.replace("three", "four")
    assert [finding.transform for finding in result.of(Outcome.DROPPED)] == ["swap"]


def test_findings_are_at_the_users_own_lines() -> None:
    first = swap("one", "1 \\\n  && more")
    second = replace(swap("three", "four"), name="second")
    found = rewrite(BASE, first, second).of(Outcome.CHANGED)
    assert [(BASE[f.span.start : f.span.end], f.transform) for f in found] == [("one", "swap"), ("three", "second")]


def test_overlapping_changes_wait_for_the_next_pass() -> None:
    def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
        for word in ("one", "one \\", "three"):
            at = file.source.text.find(word)
            if at >= 0:
                yield Change(word, (Edit(at, at + 3, "ten"),), Span(at, at + 3))

    result = rewrite(BASE, Played("overlap", find))
    assert result.after.text == BASE.replace("one", "ten").replace("three", "tenee")
    assert len(result.of(Outcome.CHANGED)) == 2


def test_select_and_ignore() -> None:
    played = swap("three", "four")
    assert not rewrite(BASE, played, ignore=frozenset(("swap",))).changed
    assert not rewrite(BASE, played, select=frozenset(("other",))).changed
    assert rewrite(BASE, played, select=frozenset(("swap",))).changed


def test_refusals_are_those_of_the_final_text() -> None:
    def find(file: Dockerfile, facts: Facts) -> Iterator[Declined]:
        at = file.source.text.find("three")
        if at >= 0:
            yield Declined("because", Span(at, at + 5))

    declining = Played("declining", find)
    assert len(rewrite(BASE, declining).of(Outcome.DECLINED)) == 1
    assert not rewrite(BASE, declining, swap("three", "four")).of(Outcome.DECLINED)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("RUN x\nFROM a\n", "RUN before the first FROM"),
        ("FROM a\nFOO b\n", "unknown instruction FOO"),
        ("FROM a\nCMD sh <<EOF\nls\nEOF\n", "unknown instruction LS: Docker knows no heredoc in CMD, line 2"),
        ("RUN x\n", "no FROM"),
        ("\n# c\n", "no instructions"),
    ],
)
def test_files_that_docker_refuses(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        rewrite(text)


def _adds_a_line(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    if "ENV A=1" not in file.source.text:
        end = file.instructions[0].span.end
        edits = (Edit(end, end, "\nENV A=1"),)
        yield Change("one line more", edits, file.instructions[0].span, declares=frozenset(("env",)))


def _talks_of_lines(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    last = file.instructions[-1]
    yield Declined(f"line {last.first_line} is in the way", last.span)
    if last.value == "false":
        start = last.span.end - len("false")
        twice = (Evidence("a fact", last.first_line), Evidence("a fact", last.first_line))
        yield Change("true is better", (Edit(start, last.span.end, "true"),), last.span, evidence=twice)


def test_findings_speak_of_the_lines_of_the_file_as_it_was() -> None:
    chain = [Played("adds", _adds_a_line), Played("talks", _talks_of_lines)]
    result = rewrite("FROM debian:12\nRUN true\nRUN false\n", *chain)
    assert result.after.text == "FROM debian:12\nENV A=1\nRUN true\nRUN true\n"
    (declined,) = result.of(Outcome.DECLINED)
    assert declined.message == "line 3 is in the way"
    change = next(finding for finding in result.of(Outcome.CHANGED) if finding.transform == "talks")
    assert change.evidence == (Evidence("a fact", 3),)
