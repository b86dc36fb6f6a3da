"""A USER above steps that need root, or that install for everybody.

What: reports a step that needs root (`apt-get install`, `useradd` …) and runs as another user without sudo, an
`npm install -g` without a folder of that user, and a `pip install` whose programs land where the start command does not
find them.

Why: the build fails, or the container does when it starts. A USER belongs below the steps that set up the system. It is
not moved, as every step that it passes would then write as root.

Before:

    FROM debian:12
    RUN useradd --create-home app
    USER app
    RUN apt-get update && apt-get install -y curl

After:

    FROM debian:12
    RUN useradd --create-home app
    USER app
    RUN apt-get update && apt-get install -y curl

Level: report.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter import knowledge
from rewriter.change import Report
from rewriter.facts import ROOT, Facts, Run
from rewriter.project.context import Unfit
from rewriter.steps.context_copies import view_of
from rewriter.steps.start import start
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

# Source: https://docs.npmjs.com/cli/v11/using-npm/config#global and #prefix
_PREFIX = re.compile(r"(?i)npm_config_prefix|\bprefix\b|/usr/local\b|\bNVM_DIR\b|\.npmrc")
_ELSEWHERE = ("--user", "--target", "-t", "--prefix", "--root", "--python")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def find(file: Dockerfile, facts: Facts) -> Iterator[Report]:
    """Yield a report for the first command of each step that USER stands above of by mistake."""
    for run in facts.runs:
        user = _user(facts, run)
        if user is None or _escalates(facts, run):
            continue
        name = user.value.strip()
        for call in run.plain_calls:
            if call.wrappers and call.wrappers[0].raw != "env":
                continue
            if does := _does(call):
                message = f"{call.head.raw} {does} as root alone, and since line {user.first_line} the user is {name}"
                yield Report(f"{message}: move USER below this step", run.at(call))
                break
            if problem := _global(file, run, call) or _lost(facts, run, call):
                yield Report(f"since line {user.first_line} the user is {name}, {problem}", run.at(call))
                break


def _user(facts: Facts, run: Run) -> Instruction | None:
    """The USER that the step runs under, if it names somebody who surely is not root."""
    user = run.state.user
    if not isinstance(user, str) or not user or user in ROOT or user.partition(":")[0] in ("root", "0"):
        return None
    for image in facts.lineage(run.image):
        for instruction in reversed(image.stage.body):
            if instruction.keyword == "USER" and instruction.span.start < run.instruction.span.start:
                return instruction
    return None


def _escalates(facts: Facts, run: Run) -> bool:
    """Whether the user may have been given the rights of root before: an id of 0, or the right to write anywhere."""
    name = str(run.state.user).partition(":")[0]
    for each in facts.earlier(run):
        for call in each.calls:
            words = [word.raw for word in call.statement.words]
            if call.program in ("useradd", "adduser", "usermod") and name in words and call.value("-u", "--uid") == "0":
                return True
    return False


def _does(call: Call) -> str | None:
    """What the command does that root alone may do."""
    for entry in knowledge.table("needs_root").values():
        if call.program not in entry["programs"].split():
            continue
        if "subcommands" in entry and call.subcommand not in entry["subcommands"].split():
            continue
        if "options" in entry and not call.has(*entry["options"].split()):
            continue
        if not call.has("--help", "--version", "-h", "--root", "-s", "--simulate", "--dry-run", "-p"):
            return str(entry["does"])
    return None


def _global(file: Dockerfile, run: Run, call: Call) -> str | None:
    """What is wrong with an `npm install -g`; None where there may be a folder for it that belongs to the user."""
    if call.program != "npm" or not call.installs or not call.has("-g", "--global") or not run.image.base.has("npm"):
        return None
    if _PREFIX.search(file.source.text):
        return None
    return (
        "to whom the folder of global packages does not belong: move USER below this step, or give npm a folder by "
        "ENV NPM_CONFIG_PREFIX"
    )


def _lost(facts: Facts, run: Run, call: Call) -> str | None:
    """What is wrong with a `pip install` of the program that the container starts; None where it is found."""
    env = run.state.env
    if call.program != "pip" or call.subcommand != "install" or "/" in call.head.raw or call.has(*_ELSEWHERE):
        return None
    if any(name in env for name in ("VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PYTHONUSERBASE", "CONDA_DIR")):
        return None
    path = run.image.final.env.get("PATH")
    if run.image.base.name.partition(":")[0].rpartition("/")[2] != "python" or not isinstance(path, str):
        return None
    if "/home/" in path or ".local" in path or any(c.program in (".", "source", "chown") for c in run.calls):
        return None
    if any("/usr/local" in other.text.text for other in facts.earlier(run)):
        return None
    program = next(iter(start(facts, run.image).words), "")
    if "/" in program or program.replace("_", "-").lower() not in _installed(facts, run, call):
        return None
    return (
        f"for whom pip puts {program} into ~/.local/bin, which is not on PATH: move USER below this step, or set "
        "ENV PATH"
    )


def _installed(facts: Facts, run: Run, call: Call) -> set[str]:
    """The names of the packages that the command is told to install, also by requirements files."""
    names = [word.value or "" for word in call.operands]
    folder = run.state.workdir if isinstance(run.state.workdir, str) else "/"
    view = view_of(facts, run, folder, ())
    for option in call.options:
        if option.name in ("-r", "--requirement") and option.value:
            try:
                names += view.text(posixpath.join(folder, option.value)).splitlines()
            except Unfit:
                continue
    found = (_NAME.match(name.strip()) for name in names)
    return {match[0].replace("_", "-").lower() for match in found if match}
