"""An old spelling of ENV, LABEL or the image's author.

What: `ENV name value` and `LABEL name value` become `name=value`; `MAINTAINER name` becomes `LABEL maintainer="name"`.

Why: in the old form all the rest of the line is one value, so that a second pair on it is silently taken for text;
Docker warns of it, and of MAINTAINER, which tools that read labels do not see. The value stays the one that Docker
computes, variables and quotes included. The text of MAINTAINER is taken as it is.

Before:

    FROM debian:12
    MAINTAINER Jo Doe <jo@example.org>
    ENV GREETING hello world
    ENV PATH /opt/app/bin:$PATH

After:

    FROM debian:12
    LABEL maintainer="Jo Doe <jo@example.org>"
    ENV GREETING="hello world"
    ENV PATH=/opt/app/bin:$PATH

Level: safe; MAINTAINER: standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit
from rewriter.facts import Facts
from rewriter.image import pairs
from rewriter.steps.edits import drop_instruction
from rewriter.syntax.quoting import Replacement, in_double_quotes, literal
from rewriter.syntax.reader import INSTRUCTIONS
from rewriter.syntax.tree import Dockerfile, Instruction, Stage
from rewriter.syntax.words import BadWord, Lookup, expand, word_spans

_BLANKS = re.compile(r"[\t\v\f\r ]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_][\w.-]*=")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each old spelling."""
    del facts
    for stage in file.stages:
        maintainers = []
        for instruction in stage.body:
            if instruction.keyword in ("ENV", "LABEL"):
                yield from _pair(file, instruction)
            elif instruction.keyword == "MAINTAINER":
                maintainers.append(instruction)
        if maintainers:
            yield _maintainer(file, stage, maintainers)


def _pair(file: Dockerfile, instruction: Instruction) -> Iterator[Change | Declined]:
    text, escape = instruction.value, file.escape
    gap = _BLANKS.search(text)
    if gap is None or "=" in text[: gap.start()]:
        return
    spans = word_spans(text, escape)
    if "=" in text[slice(*spans[0])]:
        return
    key, value = text[: gap.start()], text[gap.end() :]
    at = instruction.span
    if value.startswith("="):
        reason = f"the spaces around = make it a part of the value: write {key}=… if that is not meant"
        yield Declined(reason, at)
        return
    if _swallows(file, instruction):
        yield Declined(
            f"the lines below are part of the value of {key}; give each variable an {instruction.keyword}", at
        )
        return
    inner = new_value(key, value, escape)
    if inner is None:
        refused = _value(value, lambda name: f"<{name}>", escape) is None
        why = "are not closed, so that Docker refuses it" if refused else f"cannot be kept in the form {key}=value"
        yield Declined(f"the quotes or escapes in the value of {key} {why}", at)
        return
    quote, replacements = inner
    if _comments_out(file, instruction, gap.end(), replacements):
        yield Declined(f"a line of the value of {key} would begin with # and be taken for a comment", at)
        return
    edits = _edits(instruction, gap.start(), gap.end(), quote, replacements)
    yield Change(f"{instruction.keyword} {key} in the old form, without =", edits, at)


def new_value(key: str, value: str, escape: str) -> tuple[str, list[Replacement]] | None:
    """The quote (or "") for the value of `key=value`, and what to replace inside it; None where it has no such form."""
    for quote, replacements in (("", []), ('"', in_double_quotes(value, escape))):
        if replacements is None:
            continue
        written = f"{key}={quote}{replaced(value, replacements)}{quote}"
        if word_spans(written, escape) == [(0, len(written))] and _same(value, written[len(key) + 1 :], escape):
            return quote, replacements
    return None


def replaced(text: str, replacements: list[Replacement]) -> str:
    """`text` with the replacements made."""
    for start, end, new in sorted(replacements, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _same(old: str, new: str, escape: str) -> bool:
    """Whether both words have the same value, whatever their variables hold; False for a word that Docker refuses."""
    lookups: tuple[Lookup, ...] = (lambda name: f"<{name}>", lambda _: "", lambda _: None)
    values = [(_value(old, lookup, escape), _value(new, lookup, escape)) for lookup in lookups]
    return values[0][0] is not None and all(before == after for before, after in values)


def _value(word: str, lookup: Lookup, escape: str) -> str | None:
    try:
        return expand(word, lookup, escape)
    except BadWord:
        return None


def _swallows(file: Dockerfile, instruction: Instruction) -> bool:
    """Whether a continued line looks like another assignment or instruction, which Docker takes for text."""
    for number in range(instruction.first_line + 1, instruction.last_line + 1):
        words = file.source.line_text(number).split()
        if words and (_ASSIGNMENT.match(words[0]) or (len(words) > 2 and words[0] in INSTRUCTIONS)):
            return True
    return False


def _comments_out(file: Dockerfile, instruction: Instruction, start: int, replacements: list[Replacement]) -> bool:
    """Whether a replacement leaves a continued line that begins with #. The value starts at `start`."""
    source = file.source
    for begin, end, new in replacements:
        span = instruction.arguments.span(start + begin, start + end)
        before = source.text[source.line_starts[source.line(span.start) - 1] : span.start]
        if not before.strip() and (new + source.text[span.end : span.end + 1]).startswith("#"):
            return True
    return False


def _edits(
    instruction: Instruction, key_end: int, start: int, quote: str, replacements: list[Replacement]
) -> tuple[Edit, ...]:
    """Puts `=` and the quote in the place of the white space behind the key, and closes the quote."""
    text = instruction.arguments
    behind_key, value = text.source_end(key_end), text.source(start)
    if any(behind_key <= comment.start < value for comment in instruction.comments):
        # The white space goes, also on the value's own line: it is no part of the value. The comments stay.
        edits = [Edit(behind_key, behind_key, f"={quote}")]
        edits += [Edit(text.source(at), text.source(at) + 1, "") for at in range(key_end, start)]
    else:
        edits = [Edit(behind_key, value, f"={quote}")]
    for begin, end, new in replacements:
        span = text.span(start + begin, start + end)
        edits.append(Edit(span.start, span.end, new))
    end = text.source_end(len(text.text))
    return joined([*edits, Edit(end, end, quote)] if quote else edits)


def joined(edits: list[Edit]) -> tuple[Edit, ...]:
    """The same edits, with those that touch made one; they are in order."""
    found: list[Edit] = []
    for edit in edits:
        if found and found[-1].end == edit.start:
            found[-1] = Edit(found[-1].start, edit.end, found[-1].text + edit.text)
        else:
            found.append(edit)
    return tuple(found)


def _maintainer(file: Dockerfile, stage: Stage, maintainers: list[Instruction]) -> Change | Declined:
    """One label for what the MAINTAINERs of a stage say; Docker itself keeps the last one only."""
    last = maintainers[-1]
    changed = frozenset(("labels", "author"))
    labels = _labels(file, stage)
    if labels is not None:
        said = {_letters(instruction.value) for instruction in maintainers}
        if said != {_letters(labels)}:
            return Declined("the stage has a label maintainer that says something else; keep one of them", last.span)
        edits = [edit for instruction in maintainers for edit in drop_instruction(file, instruction)]
        message = "MAINTAINER is obsolete, and the label maintainer says the same"
        return Change(message, tuple(edits), last.span, alters=Alters.SETTINGS, declares=changed)
    text = last.arguments
    others = [instruction.value for instruction in maintainers[:-1] if instruction.value != last.value]
    names = "".join(f"{name}, " for name in dict.fromkeys(others))
    quote, inside = literal(names + last.value, file.escape)
    keyword = "label" if file.text(last.keyword_span).islower() else "LABEL"
    edits = [Edit(last.keyword_span.start, last.keyword_span.end, keyword)]
    start, end = text.source(0), text.source_end(len(text.text))
    shift = len(names)
    head = replaced(names, [part for part in inside if part[0] < shift])
    label = [Edit(start, start, f"maintainer={quote}{head}")]
    for begin, stop, new in inside:
        if begin >= shift:
            span = text.span(begin - shift, stop - shift)
            label.append(Edit(span.start, span.end, new))
    edits += joined([*label, Edit(end, end, quote)])
    for instruction in maintainers[:-1]:
        edits += drop_instruction(file, instruction)
    return Change("MAINTAINER is obsolete", tuple(edits), last.span, alters=Alters.SETTINGS, declares=changed)


def _labels(file: Dockerfile, stage: Stage) -> str | None:
    """The value of the stage's own label `maintainer`, as it is written."""
    found = None
    for instruction in stage.body:
        if instruction.keyword == "LABEL":
            for key, value in pairs(instruction.value, file.escape):
                if key.strip("\"'") == "maintainer":
                    found = value
    return found


def _letters(text: str) -> str:
    return "".join(char for char in text if char not in " \t\"'")
