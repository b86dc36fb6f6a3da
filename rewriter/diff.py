"""The difference of two texts: as hunks, and as a unified diff that `git apply` and `patch -p1` take.

A line ends at LF alone, as for git; CR, form feed, U+0085 and U+2028 are characters within a line. A text may hold
surrogate escapes (undecodable bytes); `text.encode("utf-8", "surrogateescape")` makes the bytes of a diff.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, pairwise

Block = tuple[int, int, int]  # lines `i..i+n` of the one side equal lines `j..j+n` of the other: (i, j, n)

BOLD, RED, GREEN, CYAN, RESET = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[m"

ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}

# SequenceMatcher looks at every pair of equal lines again for each block it finds: with more pairs than this for each
# line it is not linear any more. Ranges of up to 32 lines always have fewer.
PAIRS_A_LINE = 16

MYERS_STEPS = 256


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that were replaced, without context. `before` and `after` hold them with their newlines.

    Starts are 1-based. Where a count is 0, the start is the line in front of which lines were added or removed, which
    is one past the last line at the end of the file.
    """

    before_start: int
    before_count: int
    after_start: int
    after_count: int
    before: tuple[str, ...]
    after: tuple[str, ...]


def hunks(before: str, after: str) -> tuple[Hunk, ...]:
    """Return the regions in which the two texts differ, in order; between two of them lies at least one equal line."""
    return tuple(_hunks(_lines(before), _lines(after)))


def unified(before: str | None, after: str, path: str, *, context: int = 3, color: bool = False) -> str:
    """Return a git-style diff of the file `path`, a new file where `before` is None; empty where nothing differs.

    `path` is written as given, quoted like git does: the caller makes it relative to the folder in which the diff is
    to be applied, with `/` between folders and without `..`, which `git apply` refuses. `context` is the number of
    equal lines around a change, 0 or more (`git apply` wants `--unidiff-zero` for 0). `color` adds terminal colours;
    such a diff is to be looked at and cannot be applied. The form is that of git-diff(1), "Generating patch text with
    -p", and of "Detailed Unified" in the manual of GNU diffutils.
    """
    if before == after:
        return ""
    old, new = _lines(before or ""), _lines(after)
    heads, bodies = _header(path, created=before is None, empty=not new), _hunk_groups(old, new, context)
    return "".join(_painted(head, BOLD, color) for head in heads) + "".join(
        _painted(line, _colour(line), color) for line in chain.from_iterable(bodies)
    )


def _lines(text: str) -> list[str]:
    """The lines of `text` with their newlines; str.splitlines would also divide at CR, FF, U+0085, U+2028."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[Hunk]:
    i = j = 0
    for at, to, size in [*_equal(old, new), (len(old), len(new), 0)]:
        if at > i or to > j:
            yield Hunk(i + 1, at - i, j + 1, to - j, tuple(old[i:at]), tuple(new[j:to]))
        i, j = at + size, to + size


def _equal(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """The lines that both sides share, in order.

    SequenceMatcher makes diffs that people like to read, but it takes the length times the number of changes, and the
    square of the length where lines repeat (blank lines). So it only sees small ranges: what both sides begin and end
    with is cut off first, and the rest is divided at the lines that occur once on either side (the patience diff of
    Bram Cohen), then each part in the same way. What cannot be divided and repeats a lot is left to Myers' algorithm.
    """
    ids: dict[str, int] = {}  # numbers in place of lines, so that long lines are compared once
    all_a, all_b = ([ids.setdefault(line, len(ids)) for line in side] for side in (old, new))
    found: list[Block] = []
    todo = [(0, len(all_a), 0, len(all_b))]
    while todo:
        lo, hi, lo2, hi2 = todo.pop()
        a, b = all_a[lo:hi], all_b[lo2:hi2]
        head = _common_run(a, 0, b, 0)
        a, b = a[head:], b[head:]
        tail = _common_run(a[::-1], 0, b[::-1], 0)
        found += (lo, lo2, head), (hi - tail, hi2 - tail, tail)
        a, b = a[: len(a) - tail], b[: len(b) - tail]
        lo, lo2 = lo + head, lo2 + head
        if anchors := _anchors(a, b):
            found += ((lo + i, lo2 + j, 1) for i, j in anchors)
            corners = [(-1, -1), *anchors, (len(a), len(b))]
            gaps = (((i + 1, k), (j + 1, m)) for (i, j), (k, m) in pairwise(corners) if i + 1 < k and j + 1 < m)
            todo += ((lo + i, lo + k, lo2 + j, lo2 + m) for (i, k), (j, m) in gaps)
        elif a and b:
            found += ((lo + i, lo2 + j, n) for i, j, n in _equal_repeated(a, b))
    return sorted(block for block in found if block[2])


def _common_run(a: Sequence[int], i: int, b: Sequence[int], j: int) -> int:
    """How many lines from `a[i]` and from `b[j]` on are equal; slices are compared, which is fast for long runs."""
    length, step = 0, 1
    while step:
        part = a[i + length : i + length + step]
        if len(part) == step and part == b[j + length : j + length + step]:
            length, step = length + step, step * 2
        else:
            step //= 2
    return length


def _anchors(a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
    """Places of the lines that occur once in `a` and once in `b`: as many as keep their order (patience sorting)."""
    in_a, in_b = Counter(a), Counter(b)
    place = {line: j for j, line in enumerate(b) if in_b[line] == 1}
    ends: list[int] = []  # for each length, the least place in `b` at which a rising series of that length ends
    links: list[tuple[int, int, int]] = []  # place in `a`, place in `b`, the link before it in its series
    last: list[int] = []  # the link that belongs to each of `ends`
    for i, line in enumerate(a):
        if in_a[line] == 1 and (j := place.get(line)) is not None:
            length = bisect_left(ends, j)
            ends[length : length + 1] = [j]
            last[length : length + 1] = [len(links)]
            links.append((i, j, last[length - 1] if length else -1))
    anchors, at = [], last[-1] if last else -1
    while at >= 0:
        i, j, at = links[at]
        anchors.append((i, j))
    return anchors[::-1]


def _equal_repeated(a: Sequence[int], b: Sequence[int]) -> Iterable[Block]:
    """Equal lines of two ranges in which no line occurs just once on either side."""
    in_a, in_b = Counter(a), Counter(b)
    if sum(count * in_b[line] for line, count in in_a.items()) <= PAIRS_A_LINE * (len(a) + len(b)):
        return SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    # Lines that the other side does not have are equal to nothing there, and would only use up the steps of `_myers`.
    shared_a = [i for i, line in enumerate(a) if line in in_b]
    shared_b = [j for j, line in enumerate(b) if line in in_a]
    blocks = _myers([a[i] for i in shared_a], [b[j] for j in shared_b])
    return [(shared_a[i + k], shared_b[j + k], 1) for i, j, n in blocks for k in range(n)]


def _myers(a: Sequence[int], b: Sequence[int]) -> Iterator[Block]:
    """Equal lines after E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986).

    Its cost grows with the square of the number of changes. So after MYERS_STEPS of them, the way that leads furthest
    is taken for good, and a new search starts at its end (git does the like): linear, and seldom longer than needed.
    """
    x = y = 0
    while x < len(a) and y < len(b):
        x_first = x + _common_run(a, x, b, y)
        furthest = [{x - y: x_first}]  # for each number of changes: how far in `a` each diagonal (x - y) is reached
        while len(furthest) <= MYERS_STEPS and furthest[-1].get(len(a) - len(b)) != len(a):
            reached = furthest[-1]
            steps = {k: _step(reached, k, len(a)) for d in reached for k in (d - 1, d + 1)}
            furthest.append({k: to + _common_run(a, to, b, to - k) for k, (to, _) in steps.items() if to >= 0})
        diagonal = max(furthest[-1], key=lambda k: 2 * furthest[-1][k] - k)
        start, end = (x, y), (furthest[-1][diagonal], furthest[-1][diagonal] - diagonal)
        blocks = []
        while len(furthest) > 1:
            to = furthest.pop()[diagonal]
            at, before = _step(furthest[-1], diagonal, len(a))
            blocks.append((at, at - diagonal, to - at))
            diagonal = before
        yield (*start, x_first - x)
        yield from reversed(blocks)
        x, y = end


def _step(reached: Mapping[int, int], diagonal: int, width: int) -> tuple[int, int]:
    """The furthest place on `diagonal` that one change leads to, and the diagonal it comes from; (-1, _) for none."""
    right, down = reached.get(diagonal - 1, width) + 1, reached.get(diagonal + 1, -1)
    return (right, diagonal - 1) if down < right <= width else (down, diagonal + 1)


def _header(path: str, *, created: bool, empty: bool) -> Iterator[str]:
    ours, theirs = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    tab = "\t" if " " in path else ""  # git's mark for where such a name ends
    yield f"diff --git {ours} {theirs}\n"
    if created:
        yield "new file mode 100644\n"
    if not (created and empty):
        yield "--- /dev/null\n" if created else f"--- {ours}{tab}\n"
        yield f"+++ {theirs}{tab}\n"


def _quoted(name: str) -> str:
    """`name` as git writes it (core.quotePath in git-config(1)): in quotes, as a string of C, where it has to be."""
    data = name.encode("utf-8", "surrogateescape")
    text = "".join(ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in data)
    return name if text == name else f'"{text}"'


def _hunk_groups(old: Sequence[str], new: Sequence[str], context: int) -> Iterator[Iterator[str]]:
    """The changes as git divides them: one group where at most twice `context` equal lines lie between two of them."""
    group: list[Hunk] = []
    for hunk in _hunks(old, new):
        if group and hunk.before_start - group[-1].before_start - group[-1].before_count > 2 * context:
            yield _body(group, old, context)
            group = []
        group.append(hunk)
    if group:
        yield _body(group, old, context)


def _body(group: Sequence[Hunk], old: Sequence[str], context: int) -> Iterator[str]:
    """The lines of one `@@` part."""
    first, last = group[0], group[-1]
    start = max(first.before_start - 1 - context, 0)
    end = min(last.before_start - 1 + last.before_count + context, len(old))
    start2 = first.after_start - first.before_start + start
    end2 = end + (last.after_start + last.after_count) - (last.before_start + last.before_count)
    yield f"@@ -{_range(start, end)} +{_range(start2, end2)} @@\n"
    at = start
    for hunk in group:
        yield from _signed(" ", old[at : hunk.before_start - 1])
        yield from _signed("-", hunk.before)
        yield from _signed("+", hunk.after)
        at = hunk.before_start - 1 + hunk.before_count
    yield from _signed(" ", old[at:end])


def _range(start: int, end: int) -> str:
    """The 0-based half-open range of lines in the words of a hunk header."""
    match end - start:
        case 0:
            return f"{start},0"
        case 1:
            return f"{start + 1}"
        case count:
            return f"{start + 1},{count}"


def _signed(sign: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield sign + line if line.endswith("\n") else sign + line + "\n"
        if not line.endswith("\n"):
            yield "\\ No newline at end of file\n"


def _colour(line: str) -> str:
    return {"@": CYAN, "-": RED, "+": GREEN}.get(line[0], "")


def _painted(line: str, colour: str, wanted: bool) -> str:
    if not wanted or not colour:
        return line
    text = line.rstrip("\r\n")  # like git, which ends the colour before the end of the line, a CR included
    return f"{colour}{text}{RESET}{line[len(text) :]}"
