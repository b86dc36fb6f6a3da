"""What BuildKit's plain progress says: steps, what was fetched, and why a build failed.

Source: https://github.com/moby/buildkit/blob/master/util/progress/progressui/printer.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rewriter.verify.engine import Build, Step
from rewriter.verify.engines.abilities import frontend_missing
from rewriter.verify.engines.processes import fault
from rewriter.verify.trouble import BuildFailed, Trouble, Unable

# How many lines of a failing step's output are kept.
LOG_LINES = 40
_LINE = re.compile(r"^#(\d+) (.*)$", re.MULTILINE)
_DONE = re.compile(r"DONE (\d+(?:\.\d+)?)s")
_TIME = re.compile(r"^\d+\.\d+ ")
# `[build 2/5] RUN npm ci`, `[linux/amd64 2/5] RUN npm ci`; not `[internal] load build context`.
_NUMBERED = re.compile(r"\[(?:[^\]]* )?\d+/\d+\] (?P<instruction>.*)")
_FROM = re.compile(r"from\b", re.IGNORECASE)
_METADATA = re.compile(r"\[(?:\S+ )?internal\] load metadata for |resolve image config for ")
# What the end of a build says, and the place of the file that it shows.
_ERROR = re.compile(r"^(?:ERROR: |error: )?.*?failed to solve[^:]*: (?P<message>.*)|^(?:ERROR|error): (?P<other>.*)")
_PLACE = re.compile(r"^[^\n]*:(?P<line>\d+)\n-{20}\n(?P<excerpt>.*?)^-{20}$", re.MULTILINE | re.DOTALL)
_MARKED = re.compile(r"^ *\d+ \| >>> (.*)$", re.MULTILINE)
_OLD_PLACE = re.compile(r"parse error (?:on )?line (\d+)")
# A program of the file failed: what stands in its command is not the engine's.
_PROGRAM_FAILED = re.compile(r"process \".*\" did not complete successfully|executor failed running \[", re.DOTALL)
# A name that no server knows will not be known in a minute either.
_NOWHERE = re.compile(r"no such host|not found|denied", re.IGNORECASE)


@dataclass(slots=True)
class _Vertex:
    name: str
    seconds: float | None = None
    cached: bool = False
    error: str = ""
    log: list[str] = field(default_factory=list)


def build(said: str, seconds: float) -> Build:
    """The build of which BuildKit `said` this, and that took `seconds` in all.

    The steps are those behind the FROMs: a base is fetched, not built. Bases are asked for at once and fetched at
    once, so the time of that is the longest of each.
    """
    vertices = _vertices(said)
    steps, pulls, asked = [], [0.0], [0.0]
    for vertex in vertices.values():
        if found := _NUMBERED.match(vertex.name):
            if _FROM.match(found["instruction"]):
                pulls.append(vertex.seconds or 0.0)
            else:
                steps.append(Step(vertex.name, vertex.seconds, vertex.cached))
        elif _METADATA.match(vertex.name):
            asked.append(vertex.seconds or 0.0)
    return Build(seconds, min(seconds, max(pulls) + max(asked)), tuple(steps))


def failure(said: str) -> BuildFailed | Trouble:
    """Why the build failed of which BuildKit `said` this."""
    vertices = _vertices(said)
    failed = next((vertex for vertex in reversed(vertices.values()) if vertex.error), None)
    error = _error(said) or (failed.error if failed else said.strip().rpartition("\n")[2])
    if _NOWHERE.search(error) and (missing := frontend_missing(said)):
        return Unable(missing)
    log = failed.log[-LOG_LINES:] if failed else []
    if found := fault("" if _PROGRAM_FAILED.search(error) else error, "\n".join(log)):
        return found
    if not vertices:
        return Trouble(f"The build could not begin: {said.strip()[-1000:]}")
    step, line = _place(said, failed)
    return BuildFailed(step, line, "\n".join([*log, error]))


def _vertices(said: str) -> dict[str, _Vertex]:
    vertices: dict[str, _Vertex] = {}
    for number, text in _LINE.findall(said):
        if number == "0":  # which builder is taken
            continue
        vertex = vertices.get(number)
        if vertex is None:
            vertices[number] = _Vertex(text)
        elif text == "CACHED":
            vertex.cached = True
        elif done := _DONE.fullmatch(text):
            # A base that is fetched late is done twice; the second time counts from the start too.
            vertex.seconds = max(vertex.seconds or 0.0, float(done[1]))
        elif text.startswith("ERROR: "):
            vertex.error = text.removeprefix("ERROR: ")
        elif _TIME.match(text):
            vertex.log.append(_TIME.sub("", text))
    return vertices


def _error(said: str) -> str:
    """The engine's last word."""
    for line in reversed(said.splitlines()):
        if found := _ERROR.match(line):
            return found["message"] or found["other"]
    return ""


def _place(said: str, failed: _Vertex | None) -> tuple[str, int | None]:
    """The failing instruction and its line."""
    numbered = _NUMBERED.match(failed.name) if failed else None
    step = numbered["instruction"] if numbered else ""
    if place := _PLACE.search(said):
        marked = _MARKED.search(place["excerpt"])
        return step or (marked[1].strip() if marked else ""), int(place["line"])
    old = _OLD_PLACE.search(said)
    return step, int(old[1]) if old else None
