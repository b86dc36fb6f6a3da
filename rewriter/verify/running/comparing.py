"""What two images do differently, and what each difference means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from itertools import zip_longest

from rewriter.verify.model import Answer, Behaviour, Difference, Weight
from rewriter.verify.running.asking import last_line

# A stop that takes so many seconds more or less is worth a line.
_NOTABLE = 1.0
_SHOWN = 100
_AROUND = 30
# Runs what was once more.
Repeat = Callable[[], Behaviour]
# How the program as it was is repeated, in words, and what does it.
_Repeats = tuple[tuple[str, Repeat], ...]


def compare(
    before: Behaviour, after: Behaviour, again: Repeat, rebuilt: Repeat | None = None
) -> tuple[Difference, ...]:
    """What `after` does differently from `before`, the questions in their order.

    `again` runs the image as it was once more, `rebuilt` builds it anew and runs that; each is called where the two
    answers differ, and only once: what differs between two starts of the same image (uptime, the container's id) or two
    builds (an id that the build makes up, in a body) says nothing about the rewrite. A program that
    stopped when it was told to and has to be killed now fails: what it does is cut off at each stop. That a stop takes
    longer or shorter is noted. Where a body was not compared, as it changes by itself, that is noted too.
    """
    starts: _Repeats = (("at each start", cache(again)),)
    builds: _Repeats = (*starts, ("after each build", cache(rebuilt))) if rebuilt else starts
    others = {_topic(answer): answer for answer in after.answers}
    found: list[Difference] = []
    for answer in before.answers:
        other = others.pop(_topic(answer), None)
        found += _answers(answer, other, after, starts, builds)
    for other in others.values():
        if other.status != "healthy":
            found.append(Difference(other.asked, "", other.status, Weight.FAILS, "the new HEALTHCHECK does not pass"))
    return (*found, *_users(before, after), *_stops(before, after))


def _topic(answer: Answer) -> str:
    """What two answers have in common; the port may move."""
    return "port" if answer.asked.startswith("port ") else answer.asked


def _answers(
    one: Answer, other: Answer | None, after: Behaviour, starts: _Repeats, builds: _Repeats
) -> Iterator[Difference]:
    if other is None:
        # Only a HEALTHCHECK that was asked beside the user's questions; that it is gone is told by the settings.
        return
    if one.status != other.status:
        why = last_line(after.logs) or last_line(other.body)[:_SHOWN]
        yield _judged(one, one.status, other.status, why, starts, lambda answer: answer.status)
    elif one.kind != other.kind:
        yield _judged(one, one.kind, other.kind, "another content type", starts, lambda answer: answer.kind)
    elif not one.steady:
        yield Difference(one.asked, "", "", Weight.NOTED, "the body differs by itself, and is not compared")
    elif one.body != other.body:
        yield _judged(one, *_excerpts(one.body, other.body), "another body", builds, lambda answer: answer.body)


def _judged(one: Answer, was: str, now: str, why: str, repeats: _Repeats, of: Callable[[Answer], object]) -> Difference:
    """A failure, unless the program as it was does not give the same answer twice."""
    if one.asked == "HEALTHCHECK" and one.status != "healthy":
        return Difference(one.asked, was, now, Weight.NOTED, "the image as it was is not healthy")
    for when, repeat in repeats:
        second = next((answer for answer in repeat().answers if answer.asked == one.asked), None)
        if second is not None and of(second) != of(one):
            return Difference(one.asked, was, now, Weight.NOTED, f"the image as it was answers otherwise {when}")
    return Difference(one.asked, was, now, Weight.FAILS, why)


def _excerpts(one: bytes, other: bytes) -> tuple[str, str]:
    """The first line that differs in both, cut to what one can read; of bytes that are no text, size and checksum."""
    try:
        texts = one.decode().splitlines(), other.decode().splitlines()
    except UnicodeDecodeError:
        texts = [], []
    for was, now in zip_longest(*texts, fillvalue=""):
        if was != now:
            same = next(at for at, (a, b) in enumerate(zip_longest(was, now)) if a != b)
            start = max(0, same - _AROUND)
            return was[start : start + _SHOWN], now[start : start + _SHOWN]
    return _about(one), _about(other)


def _about(body: bytes) -> str:
    return f"{len(body)} bytes, sha256 {sha256(body).hexdigest()[:12]}"


def _users(before: Behaviour, after: Behaviour) -> Iterator[Difference]:
    was, now = before.uid, after.uid
    if was is None or now is None or was == now:
        return
    weight, why = Weight.NOTED, "neither is root"
    if was == 0:
        weight, why = Weight.WANTED, "the program no longer runs as root"
    elif now == 0:
        weight, why = Weight.FAILS, "the program runs as root, and did not before"
    yield Difference("user id", str(was), str(now), weight, why)


def _stops(before: Behaviour, after: Behaviour) -> Iterator[Difference]:
    was, now = before.stopping, after.stopping
    shown = _stop(before), _stop(after)
    if was is not None and after.killed:
        why = "it stopped when it was told to, and has to be killed now: what it does then is cut off"
        yield Difference("stop", *shown, weight=Weight.FAILS, why=why)
    elif before.killed and now is not None:
        why = "it had to be killed, and stops when it is told to now"
        yield Difference("stop", *shown, weight=Weight.WANTED, why=why)
    elif was is not None and now is not None and abs(was - now) >= _NOTABLE:
        why = "it stops faster" if now < was else "it stops more slowly"
        yield Difference("stop", *shown, weight=Weight.NOTED, why=why)


def _stop(behaviour: Behaviour) -> str:
    if behaviour.killed:
        return "killed"
    return "" if behaviour.stopping is None else f"{behaviour.stopping:.1f} s"
