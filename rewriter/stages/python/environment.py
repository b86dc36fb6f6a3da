"""Where the packages of a Python stage are installed, and how the runtime stage gets them.

A virtual environment is one folder that holds all of them, and that works wherever the same Python lies at the same
place: https://docs.python.org/3/library/venv.html. Where the stage has none, one is put in front of the first install.
What the installers do inside of one was tried: pip, `uv pip`, `pipenv --system` and `poetry` (which asks VIRTUAL_ENV)
install into it, `uv pip --system` passes it by.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rewriter.facts import ROOT
from rewriter.image import pairs
from rewriter.project.context import Unfit
from rewriter.project.manifests import toml
from rewriter.project.python.environments import environments, made
from rewriter.project.python.reading import Reading, Unknowable
from rewriter.project.python.uv_python import check_python
from rewriter.stages.kit import Carry, Command, Cut, Obstacle, Shown
from rewriter.stages.mentions import in_text
from rewriter.stages.python.native import only_builds
from rewriter.stages.python.packages import installed, python_version
from rewriter.stages.told import login_shell, told
from rewriter.steps.context_copies import view_of
from rewriter.syntax.tree import Instruction

_PLACES = ("/opt/venv", "/venv")
_ASIDE = ("--user", "--target", "-t", "--prefix", "--root", "--system", "--python", "-p", "--src")
_VARIABLES = (
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PYTHONUSERBASE", "PYTHONHOME"),
    *("UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX", "UV_PYTHON"),
)
_FIXED = ("/usr/local/bin/python", "/usr/local/lib/python", "/usr/local/bin/pip")
_LOGIN = re.compile(r"-[a-z]*l[a-z]*|--login")
# They set PATH anew. Sources: su(1), sudo(8), runuser(1), crontab(5), sshd(8)
_NEW_SHELL = frozenset(("su", "sudo", "login", "runuser", "cron", "crond", "anacron", "sshd"))


@dataclass(frozen=True, slots=True)
class Environment:
    """The folders that hold what is installed, and the lines that make and use one that is new."""

    carries: tuple[Carry, ...]
    prepare: tuple[tuple[Instruction, tuple[str, ...]], ...] = ()
    settings: tuple[str, ...] = ()


def environment(shown: Shown, cut: Cut) -> Environment | Obstacle:
    """How the runtime stage gets what the commands of `cut` install."""
    own: dict[str, None] = {}
    system: list[Command] = []
    try:
        for command in cut.builds:
            for place in _places(command, shown):
                if place is None:
                    system.append(command)
                else:
                    own[place] = None
    except (Unknowable, Unfit) as error:
        return Obstacle(str(error))
    if own and system and only_builds(tuple(installed(system, shown).packages.values())):
        system = []  # they installed what is in the other environment
    carries = tuple(Carry(f"{place}/", f"{place}/") for place in own)
    if not system:
        return Environment(carries) if carries else Obstacle("no step installs anything that could be copied")
    if own:
        return Obstacle(f"packages are installed into {next(iter(own))}, and beside it")
    reason = next(_in_the_way(system, shown), None)
    if reason is not None:
        return Obstacle(reason)
    venv = _free_place(shown)
    if venv is None:
        return Obstacle("no place for a virtual environment is free of volumes and copied files")
    path = f"ENV PATH={venv}/bin:$PATH"
    asked = any(command.call.program in ("uv", "poetry") for command in system)
    build = f"ENV VIRTUAL_ENV={venv} PATH={venv}/bin:$PATH" if asked else path
    lines = (f"RUN python -m venv {venv}", build)
    first = system[0].run.instruction
    return Environment((Carry(f"{venv}/", f"{venv}/"),), ((first, lines),), (path,))


def _free_place(shown: Shown) -> str | None:
    """A folder for the environment that nothing is copied or mounted over."""
    taken = [place.target for place in shown.view.places]
    taken += [volume for volume in shown.image.final.volumes if isinstance(volume, str)]
    taken += [state.workdir for state in shown.image.before if isinstance(state.workdir, str)]
    for venv in _PLACES:
        if not any(f"{venv}/".startswith(f"{place.rstrip('/')}/") for place in taken if place != "/"):
            return venv
    return None


def _places(command: Command, shown: Shown) -> Iterator[str | None]:
    """The environments that `command` installs into, None for that of the image's own Python."""
    call, run = command.call, command.run
    line = run.instruction.first_line
    if command.folder is None:
        raise Unknowable(f"it is not known in which folder line {line} runs {call.program}")
    before = tuple(other for other in run.calls if other.statement.start < call.statement.start)
    reading = Reading(call, view_of(shown.facts, run, command.folder, before))
    if call.program == "uv" and call.subcommand in ("sync", "venv"):
        check_python(reading, python_version(shown), line)
    match call.program, call.subcommand:
        case ("uv", "sync"):
            place = reading.env.get("UV_PROJECT_ENVIRONMENT", ".venv")
            if place is None or call.has("--active"):
                raise Unknowable(f"it is not known where line {line} installs to")
            yield _apart(reading.view.path(place), line)
        case ("poetry", "install" | "sync"):
            yield _poetry(reading, line)
        case ("pipenv", "install" | "sync"):
            if call.has("--system") or (call.subcommand == "install" and reading.flag("PIPENV_SYSTEM")):
                yield None
            elif reading.flag("PIPENV_VENV_IN_PROJECT"):
                yield reading.view.path(".venv")
            else:
                raise Unknowable(f"line {line} installs into a folder below /root: set PIPENV_VENV_IN_PROJECT=1")
        case ("pip", "install") | ("uv", "pip install" | "pip sync") | ("python", ""):
            found = made(reading)
            if found is not None:
                yield from (_apart(reading.view.path(place), line) for place in found)
                return
            places = [place for place in environments(reading) if place != "/usr/local"]
            if call.program == "uv" and not places and not call.has("--system"):
                places = []
            yield places[-1] if places else None
        case ("uv", "venv"):
            words = [word.value for word in call.operands]
            yield _apart(reading.view.path(words[0] or "" if words else ".venv"), line)
        case _ if (found := made(reading)) is not None:
            yield from (_apart(reading.view.path(place), line) for place in found)


def _apart(place: str, line: int) -> str:
    """`place`, where it is an environment of its own."""
    if place in ("/", "/usr", "/usr/local"):
        raise Unknowable(f"line {line} installs among the files of the image's own Python, in {place}")
    return place


def _poetry(reading: Reading, line: int) -> str | None:
    """Where poetry installs to: https://python-poetry.org/docs/configuration/#virtualenvscreate"""
    settings: dict[str, bool | None] = {}
    if reading.view.kind("poetry.toml") == "file":
        table = toml(reading.view, "poetry.toml").get("virtualenvs", {})
        for name in ("create", "in-project"):
            if isinstance(table, dict) and name in table:
                settings[name] = table[name] is True
    for call in (*reading.view.before, reading.call):
        words = [word.value for word in call.operands]
        if call.program == "poetry" and "config" in (call.subcommand, *words[:1]):
            for name in ("create", "in-project"):
                if f"virtualenvs.{name}" in words:
                    settings[name] = words[-1] == "true"
    for name in ("create", "in-project"):
        variable = f"POETRY_VIRTUALENVS_{name.upper().replace('-', '_')}"
        if variable in reading.env:
            settings[name] = reading.flag(variable)
    if None in settings.values():
        raise Unknowable(f"it is not known where line {line} installs to")
    if settings.get("create") is False:
        return None
    if settings.get("in-project"):
        return reading.view.path(".venv")
    raise Unknowable(
        f"line {line} installs into a folder below /root whose name poetry makes up: set virtualenvs.in-project"
    )


def _in_the_way(system: Sequence[Command], shown: Shown) -> Iterator[str]:
    """Why an environment would not be used, or not hold everything."""
    for command in system:
        call, run = command.call, command.run
        line = run.instruction.first_line
        aside = _ASIDE if call.program != "pipenv" else ()
        if option := next((option.name for option in call.options if option.name in aside), None):
            yield f"line {line} installs with {option}, beside a virtual environment"
        if "/" in (call.head.value or "") or any("/" in (w.value or "") for w in call.wrappers) or call.sudo:
            yield f"line {line} names the pip of another place than a virtual environment"
        if not (isinstance(run.state.user, str) and run.state.user in ROOT):
            yield f"line {line} installs as {run.state.user}, into that user's home"
        if _is_login(run.state.shell if isinstance(run.state.shell, tuple) else ()):
            yield f"the shell of line {line} is a login shell, which sets PATH anew"
        for name in _VARIABLES:
            if name in run.state.env or name in run.state.args:
                yield f"{name} leads line {line} past a virtual environment"
    yield from _paths(shown)
    if _is_login(shown.start.words):
        yield "the container starts a login shell, which sets PATH anew"
    for started in shown.start.commands:
        call = started.call
        where = f"{started.file or 'line'}{':' if started.file else ' '}{started.line}"
        names = [posixpath.basename(word.raw) for word in call.statement.words]
        name = next((each for each in names if each in _NEW_SHELL), posixpath.basename(call.program))
        if name in _NEW_SHELL or _is_login([word.raw for word in call.statement.words]):
            yield f"{where} starts {name}, which sets PATH anew"
        head = call.head.value or ""
        if head.startswith(("/usr/local/bin/", "/usr/bin/python")) and shown.view.kind(head) is None:
            yield f"{where} starts {head}, which would not be in a virtual environment"
    if place := login_shell(shown.facts.project):
        yield f"{place} starts a login shell, which sets PATH anew"
    for service, key, text in told(shown.facts.project, "command", "entrypoint", "healthcheck"):
        if found := re.search(r"/usr/local/bin/[\w.-]+|/usr/bin/python[\w.]*", text):
            place = f"{service.file}:{service.line_of(key)}"
            if shown.view.kind(found[0]) is None:
                yield f"{place} runs {found[0]}, which would not be in a virtual environment"
    for entry in shown.start.scripts:
        for fixed in _FIXED:
            if fixed in entry.script.text:
                yield f"{entry.file} names {fixed}, which would not be in a virtual environment"
    named = in_text(shown.view, (*_FIXED, "/usr/local/bin/gunicorn", "/usr/local/bin/uwsgi", "/usr/local/bin/celery"))
    if isinstance(named, Obstacle):
        yield named.reason
    elif named is not None:
        yield f"{named.file}:{named.line} {named.fact}…, a place beside a virtual environment"


def _is_login(words: Sequence[str]) -> bool:
    """Whether the command `words` starts a login shell; Debian's /etc/profile sets PATH anew."""
    shell = len(words) > 1 and posixpath.basename(words[0]) in ("sh", "bash", "dash", "ash")
    return shell and any(_LOGIN.fullmatch(word) for word in words[1:3])


def _paths(shown: Shown) -> Iterator[str]:
    """What sets PATH anew, or reaches into the folders of the image's own Python."""
    for instruction in shown.image.stage.body:
        line = instruction.first_line
        if instruction.keyword == "ENV":
            for name, value in pairs(instruction.value, shown.facts.file.escape):
                if name == "PATH" and not re.search(r"\$\{?PATH\b", value):
                    yield f"line {line} sets PATH without the one from before"
        elif instruction.keyword in ("RUN", "COPY", "ADD"):
            for fixed in ("site-packages", *_FIXED):
                if fixed in instruction.value:
                    yield f"line {line} names {fixed}, which a virtual environment has elsewhere"
