"""What a build by podman or buildah says: steps, the images that it made, and why it failed.

Source: https://github.com/containers/buildah/blob/main/imagebuildah/stage_executor.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rewriter.verify.engine import Step
from rewriter.verify.engines.buildkit import LOG_LINES
from rewriter.verify.engines.processes import fault
from rewriter.verify.trouble import BuildFailed, Trouble

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?STEP \d+/\d+: (?P<instruction>.*)$")
_MADE = re.compile(r"^--> (?P<id>[0-9a-f]{11,64})$")
_REUSED = "--> Using cache "
_PULL = re.compile(r"^(Trying to pull|Resolving \"|Getting image source signatures|Copying (blob|config))")
_ERROR = re.compile(r"^Error: (?P<message>.*)$", re.MULTILINE)
_AT_STEP = re.compile(r"building at STEP \"(?P<step>.*?)\": (?P<why>.*)")
# logrus; buildah's own trace of an unknown instruction, and the host's systemd
_TRACE = re.compile(r"^time=\"[^\"]*\" level=")
# The client did not like its arguments.
_USAGE = re.compile(r"unknown (shorthand )?flag|flag needs an argument|invalid argument|accepts at most")
_PROGRAM_FAILED = re.compile(r"while running runtime: exit status \d+")


@dataclass(slots=True)
class _Part:
    """A step with what was said until the next one."""

    name: str
    instruction: str
    lines: list[str] = field(default_factory=list)

    @property
    def reused(self) -> bool:
        return any(line.startswith(_REUSED) for line in self.lines)


def steps(said: str) -> tuple[Step, ...]:
    """The steps behind the FROMs; how long each took is not said."""
    return tuple(
        Step(part.name, None, part.reused) for part in _parts(said) if part.instruction.split()[0].upper() != "FROM"
    )


def made(said: str) -> tuple[str, ...]:
    """The ids of the images that the build has made, oldest first; not those that it found in the store."""
    return tuple(
        found["id"] for part in _parts(said) if not part.reused for line in part.lines if (found := _MADE.match(line))
    )


def pulls(line: str) -> bool:
    """Whether the line is about a base that is fetched."""
    return _PULL.match(line) is not None


def goes_on(line: str) -> bool:
    """Whether the line begins a step, or ends one."""
    return _STEP.match(line) is not None or line.startswith("-->")


def failure(said: str) -> BuildFailed | Trouble:
    """Why the build failed that said this."""
    parts = list(_parts(said))
    errors = _ERROR.findall(said)
    error = errors[-1] if errors else said.strip().rpartition("\n")[2]
    step = parts[-1].instruction if parts else ""
    why = error.removeprefix(f'building at STEP "{step}": ')
    if at_step := _AT_STEP.match(why):  # it reads the step otherwise than it shows it
        step, why = at_step["step"].strip(), at_step["why"]
    log = [line for line in parts[-1].lines if not _TRACE.match(line) and line != f"Error: {error}"] if parts else []
    log = log[-LOG_LINES:]
    if found := fault("" if _PROGRAM_FAILED.search(why) else why, "\n".join(log)):
        return found
    if _USAGE.match(error):
        return Trouble(f"The build could not begin: {error}")
    return BuildFailed(step, None, "\n".join([*log, error]))


def _parts(said: str) -> Iterator[_Part]:
    part = None
    for line in said.splitlines():
        if found := _STEP.match(line):
            if part is not None:
                yield part
            part = _Part(line, found["instruction"])
        elif part is not None:
            part.lines.append(line)
    if part is not None:
        yield part
