"""The kit of Python: the images `python`, with pip, uv, poetry and pipenv.

Packages go into a virtual environment, which the runtime stage copies. What a full image has and its slim variant
lacks (libraries, tools) is added where the packages or the program are known to need it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rewriter.change import Evidence
from rewriter.stages import bases
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Obstacle, Role, Runtime, Shown
from rewriter.stages.mentions import full_tools, in_text, sources
from rewriter.stages.python.distroless import distroless
from rewriter.stages.python.environment import environment
from rewriter.stages.python.native import native
from rewriter.stages.python.packages import installed, python_version
from rewriter.stages.python.start import needs_tools
from rewriter.stages.python.system import COMPILERS, needed_packages
from rewriter.steps.context_copies import context_copy
from rewriter.steps.downloads import located, with_folders
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

_INSTALLERS = frozenset(("pip", "uv", "poetry", "pipenv", "virtualenv", "pip-sync"))
_INSTALLS = frozenset(("install", "sync", "pip install", "pip sync"))
# Console scripts of packages that work on the project or download data: they run on the runtime image as well.
_TOOLS = frozenset(
    (
        *("python", "flask", "django-admin", "alembic", "aerich", "celery", "gunicorn", "uvicorn", "pytest", "pybabel"),
        *("playwright", "mkdocs", "sphinx-build", "spacy", "nltk", "dbt", "dvc", "manage.py", "compilemessages"),
    )
)
_COMPILES = frozenset(("gcc", "g++", "build-essential"))
_LISTS = re.compile(
    r"(?:[\w.-]*requirements[\w.-]*|constraints)\.txt|Pipfile(?:\.lock)?|poetry\.lock|uv\.lock|pyproject\.toml"
)


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command of a stage on a Python image is for; see `rewriter.stages.kit`."""
    call = command.call
    line = command.run.instruction.first_line
    match call.program, call.subcommand:
        case ("uv", "run") | ("uv", "tool run"):
            return Obstacle(f"line {line} runs a program through uv, which may install more")
        case ("uv", "tool install" | "python install" | "add" | "remove"):
            return Obstacle(f"line {line} installs with uv {call.subcommand}, outside of the project's environment")
        case ("poetry" | "pipenv", "run"):
            return Role.RUNS
        case ("pdm", _):
            return Obstacle(f"line {line} installs with pdm, and where to is not known")
    if call.program in _INSTALLERS:
        return Role.BUILDS
    words = [word.raw for word in call.statement.words]
    if call.program in (".", "source"):
        return Role.BUILDS if words[-1].endswith("/bin/activate") else None
    if call.program.rstrip("0123456789.") == "python":
        if "-m" in words and words[words.index("-m") + 1 :][:1] in (["venv"], ["virtualenv"], ["ensurepip"]):
            return Role.BUILDS
        if any(posixpath.basename(word) == "setup.py" for word in words[:3]):
            return Role.BUILDS
        if "spacy" in words and "download" in words:
            return Role.BUILDS
        if command.run.fed(call):
            return Obstacle(f"line {line} runs a program that it is given on its way, and which writes anywhere")
        return Role.RUNS
    name = posixpath.basename(call.program)
    own = "/" in call.program and shown.view.kind(call.program) is not None and name.endswith(".py")
    return Role.RUNS if name in _TOOLS or own else None


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The runtime stage of a stage on a Python image; see `rewriter.stages.kit`."""
    image = shown.image
    reference = image.stage.start.value.split()[0]
    full = _full(shown)
    if not full and not cut.tools:
        return None
    if full and not cut.tools and isinstance(counterpart(shown), Counterpart):
        return None
    base = bases.slim(reference) if full else reference
    if base is None:
        return Obstacle(f"which version {reference} is does not follow from its tag, so neither does its slim variant")
    if (image.base.version or "3").split(".")[0] == "2":
        return Obstacle("Python 2 has no virtual environments of its own")
    if shown.facts.project.root is None:
        return Obstacle("what the program needs is not known without the build context")
    reason = next(needs_tools(shown), None)
    if reason:
        return Obstacle(reason)
    if shown.start.unknown:
        return Obstacle(f"what the container runs is not known: {shown.start.unknown}")
    where = environment(shown, cut)
    if isinstance(where, Obstacle):
        return where
    folder = _folder(shown, cut)
    if isinstance(folder, Obstacle):
        return folder
    found = installed(_installs(cut.builds), shown)
    needs = native(found, python_version(shown))
    used = needed_packages(shown, cut, found, needs, full)
    if isinstance(used, Obstacle):
        return used
    packages, evidence = used
    compiled = shown.image.base.distribution == "debian" and _COMPILES.intersection(cut.tools)
    if not full and compiled and (needs.unknown or found.open):
        packages = [*packages, "libgomp1"]  # one of them may be built with OpenMP
    unknown = needs.unknown if full else ()
    proven = not unknown and not (full and found.open)
    what = f"the compilers and headers of {image.base.name}" if full else ", ".join(cut.tools[:4])
    several = full or len(cut.tools) > 1
    message = f"{what} {'are' if several else 'is'} shipped, and only building needs {'them' if several else 'it'}"
    if unknown:
        names = ", ".join(package.name for package in unknown[:4])
        message += f" (whether {names} {'need' if len(unknown) > 1 else 'needs'} a library of the system is not known)"
        evidence += [package.evidence for package in unknown[:3]]
    elif full and found.open:
        message += f" (not all that is installed is known: {found.open})"
    carries = where.carries
    if folder is not None:
        inside = [carry for carry in carries if not carry.source.startswith(folder.source)]
        carries = (*inside, folder)
    return Runtime(
        base=base,
        carries=carries,
        message=message,
        evidence=tuple(evidence),
        proven=proven,
        prepare=where.prepare,
        settings=where.settings,
        packages=tuple(packages),
        unneeded=tuple(_left_behind(shown, cut)),
        declares=frozenset(("env",)) if where.prepare else frozenset(),
    )


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The slim variant, where every step of the stage works on it as before; see `rewriter.stages.kit`."""
    if not _full(shown) or shown.start.unknown or shown.facts.project.root is None:
        return None
    reference = shown.image.stage.start.value.split()[0]
    base = bases.slim(reference)
    if base is None or next(needs_tools(shown), None):
        return None
    commands = []
    for instruction in shown.image.stage.body:
        if instruction.keyword != "RUN":
            continue
        run = shown.facts.run(instruction)
        if run is None:
            return None
        for call in run.calls:
            if call.program in full_tools() or call.program in COMPILERS:
                return None
        commands += [command for command in _commands(shown, instruction) if command.call.subcommand in _INSTALLS]
    others = [command for command in _all_installs(shown) if command.run.image is not shown.image]
    if not commands and not others:
        return None
    found = installed([*commands, *others], shown)
    needs = native(found, python_version(shown))
    if needs.built and commands:
        return None
    used = needed_packages(shown, None, found, needs, full=True)
    if isinstance(used, Obstacle):
        return used
    packages, evidence = used
    if packages or ((needs.unknown or found.open) and commands):
        return None
    if not evidence:
        evidence = [package.evidence for package in list(found.packages.values())[:3]]
    proven = not needs.unknown and not found.open
    message = f"{shown.image.base.name} brings compilers and headers, and nothing is compiled"
    return Counterpart(base, message, tuple(evidence), proven)


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """What a stage that only copies an environment and starts it could be on distroless; see `rewriter.stages.kit`."""
    found = installed(list(_all_installs(shown)), shown)
    return distroless(shown, found, native(found, python_version(shown)))


def _full(shown: Shown) -> bool:
    base = shown.image.base
    return base.distribution == "debian" and not base.variant & {"slim", "alpine"}


def _commands(shown: Shown, instruction: Instruction) -> Iterator[Command]:
    run = shown.facts.run(instruction)
    if run is not None:
        for call, folder in with_folders(run):
            yield Command(call, folder, run)


def _installs(commands: Sequence[Command]) -> list[Command]:
    return [command for command in commands if command.call.program in _INSTALLERS]


def _all_installs(shown: Shown) -> Iterator[Command]:
    """The commands of the whole file that install packages."""
    for image in shown.facts.images:
        for instruction in image.stage.body:
            if instruction.keyword == "RUN":
                yield from (c for c in _installs(list(_commands(shown, instruction))) if c.call.subcommand in _INSTALLS)


def _folder(shown: Shown, cut: Cut) -> Carry | Obstacle | None:
    """The folder of the sources, where steps above the cut left something in it; None where they did not."""
    wanted: set[str | None] = set()
    for instruction in cut.before:
        if instruction.keyword != "RUN":
            continue
        for command in _commands(shown, instruction):
            call = command.call
            if (call.has("-e", "--editable") and call.program in ("pip", "uv")) or _in_place(call):
                wanted.add(command.folder)
            elif role(command, shown) is Role.RUNS:
                line = instruction.first_line
                if not _stays_below(command, shown):
                    return Obstacle(f"what line {line} writes is not known, and packages are installed behind it")
                wanted.add(command.folder)
    if not wanted:
        return None
    folder = wanted.pop()
    if wanted or folder is None or folder == "/":
        return Obstacle("the build writes among the sources, and these are not all in one WORKDIR")
    return Carry(f"{folder.rstrip('/')}/", f"{folder.rstrip('/')}/")


def _in_place(call: Call) -> bool:
    words = [word.raw for word in call.operands]
    return "--inplace" in words or ("develop" in words and posixpath.basename(words[0]) == "setup.py")


def _stays_below(command: Command, shown: Shown) -> bool:
    """Whether a program of the project, run while building, is known to write below the working directory alone.

    Sources: https://docs.djangoproject.com/en/stable/ref/django-admin/, https://python-babel.github.io/flask-babel/
    """
    words = [word.raw for word in command.call.statement.words]
    if "compilemessages" in words or {"translate", "compile"} <= set(words):
        return True
    if "compileall" in words:
        return not any(word.startswith("/") for word in words)
    if "collectstatic" not in words:
        return False
    texts = sources(shown.view)
    if isinstance(texts, Obstacle):
        return False
    roots = [match[1] for text in texts.values() for match in re.finditer(r"^\s*STATIC_ROOT\s*=\s*(.+)$", text, re.M)]
    folder = str(command.folder).rstrip("/")
    return bool(roots) and all(
        "BASE_DIR" in root or "dirname" in root or re.match(rf"[\"']{re.escape(folder)}/", root) for root in roots
    )


def _only_installed(target: str, shown: Shown, cut: Cut) -> bool:
    """Whether what lies at `target`, out of another stage, is wheels or a list that an install takes, and no more."""
    if target == shown.image.final.workdir or isinstance(in_text(shown.view, (target,)), Evidence | Obstacle):
        return False
    words = [
        word.raw for command in cut.builds if command.call.subcommand in _INSTALLS for word in command.call.operands
    ]
    values = [option.value or "" for command in cut.builds for option in command.call.options]
    return any(word.startswith(f"{target}/") for word in words) or target in values


def _left_behind(shown: Shown, cut: Cut) -> Iterator[Instruction]:
    """COPYs that only the install needs: of an installer out of its own image, and of lists of packages that no source
    of the program names. Source: https://docs.astral.sh/uv/guides/integration/docker/"""
    later = {call.program for i in cut.after if (run := shown.facts.run(i)) for call in run.calls}
    for state, instruction in zip(shown.image.before, cut.before, strict=False):
        if instruction.keyword not in ("COPY", "ADD"):
            continue
        if instruction.flag("from") is not None:
            installer = re.search(r"astral-sh/uv\b", instruction.flag("from") or "") and not later & {"uv", "poetry"}
            target = located(instruction.value.split()[-1].strip('"'), state.workdir)
            if installer or (target is not None and _only_installed(target, shown, cut)):
                yield instruction
            continue
        copy = context_copy(shown.facts, instruction, state)
        names = [posixpath.basename(place.source) for place in copy.places] if copy else []
        if names and all(_LISTS.fullmatch(name) for name in names) and in_text(shown.view, names) is None:
            yield instruction
