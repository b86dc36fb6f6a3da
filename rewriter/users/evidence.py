"""What stands for and against running an image without root, read from the Dockerfile and the project."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.knowledge.base_table import split
from rewriter.project import kubernetes
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object
from rewriter.project.python.reading import Reading, Unknowable
from rewriter.project.python.uv_python import check_python
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.final_view import final_view
from rewriter.steps.start import Start, start
from rewriter.steps.yarn import plugged
from rewriter.syntax.tree import Instruction
from rewriter.users import meant, surroundings
from rewriter.users.code import Code, Write
from rewriter.users.made import maker
from rewriter.users.program import Program, programs
from rewriter.users.settings import settings

# Ports below it are for root, where the kernel is not told otherwise.
# Source: https://docs.docker.com/engine/release-notes/20.10/#20100 (net.ipv4.ip_unprivileged_port_start=0)
_FIRST = 1024
_PORTS = "is one that not every runtime opens for other users"
_SYSTEM = re.compile(
    r"/(?:bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|usr|var)?\Z"
    r"|/(?:bin|boot|dev|etc|lib\w*|proc|root|run|sbin|sys|usr(?!/src/|/local/app))/"
    r"|/var/(?:log|lib|cache|run|spool|www|opt|local|backups|mail)\Z"
)
_RUN = (".py", ".sh", ".js", ".mjs", ".cjs")
_SHUT_IN = "where no other user may enter"
_SHUT = re.compile(r"(?:[ug]*u[ug]*)\+[rwst]*[x]|[a-z]*[oa][a-z]*-[rwx]|go-|og-|go=\Z|o=\Z")


@dataclass
class Found:
    """`refusal` says why the image must stay as it is, `doubts` why it is not shown that it works without root.
    `folders` are those in which the program writes, each with what shows it; `files` are existing ones in folders that
    it must not own with all that is in them. `places` are those doubts that are only about where it writes."""

    refusal: str = ""
    doubts: list[str] = field(default_factory=list)
    folders: dict[str, Evidence] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    native: bool = False  # a program that asks for no home folder
    places: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)  # folders that are given with all that is in them
    made: set[str] = field(default_factory=set)  # folders that the steps make for sure

    def refuse(self, reason: str) -> None:
        """Take `reason`, if it is one and the first."""
        self.refusal = self.refusal or reason

    def doubt(self, reason: str, *, place: bool = False) -> None:
        if reason and reason not in self.doubts:
            self.doubts.append(reason)
            self.places.update((reason,) if place else ())


def collect(facts: Facts, image: StageImage) -> Found:
    """Everything that is known about the stage `image`, which ends as root."""
    found = Found()
    _base(facts, image, found)
    if found.refusal:
        return found
    started = start(facts, image)
    found.refuse(_for_people(image, started))
    _commands(started, found)
    _steps(facts, image, started, found)
    if not found.refusal:
        _project(facts, image, started, found)
    return found


def where(evidence: Evidence) -> str:
    """`file:line`, or `line 3` of the Dockerfile."""
    return f"{evidence.file}:{evidence.line}" if evidence.file else f"line {evidence.line}"


def _base(facts: Facts, image: StageImage, found: Found) -> None:
    found.refuse(surroundings.special(facts))
    found.refuse(surroundings.rights(facts))
    name = split(image.base.reference)[0]
    for entry in knowledge.table("users")["bases"].values():
        if any(fnmatchcase(name, pattern) for pattern in entry["names"]):
            found.refuse(entry["reason"])
    own = [i for each in facts.lineage(image) for i in each.stage.body]
    if any(i.keyword == "ONBUILD" for i in own):
        found.refuse("it has ONBUILD steps: it is a base for other images, whose steps need root")
    elif all(i.keyword not in ("CMD", "ENTRYPOINT") for i in own):
        found.refuse("it starts nothing of its own: it is a base for other images, whose steps may need root")


def _for_people(image: StageImage, started: Start) -> str:
    """Why the image is not one that runs a program: it starts a shell or another prompt, or what is no program."""
    cmd = image.final.cmd
    given = cmd[1] if isinstance(cmd, tuple) and cmd[0] == "exec" and len(cmd) == 2 else ()
    words = started.words or (tuple(map(str, given)) if isinstance(given, tuple) else ())
    if words and words[0].endswith(tuple(knowledge.table("users")["carried"]["endings"])):
        return f"{words[0]} is no program: the image only hands it out"
    last = [word for word in words if not word.startswith("-")]
    if last and posixpath.basename(last[-1]) in knowledge.table("users")["prompts"]["names"]:
        return f"it starts {last[-1]}: it is for people who work in it, or a base for other images"
    return ""


def _commands(started: Start, found: Found) -> None:
    """The commands of the start and of its scripts that give root away, or need it."""
    for each in started.commands:
        name = posixpath.basename(each.call.program)
        for entry in knowledge.table("users")["commands"].values():
            wraps = {posixpath.basename(word.raw) for word in each.call.wrappers} & {"sudo"}
            if name in entry["names"] or wraps:
                found.refuse(f"{where(each.fact(''))}: {name if not wraps else 'sudo'} {entry['reason']}")
    if re.search(r"(?:\A|[\s=:\"'])/root(?:/|\s|\Z)", " ".join(started.words)):
        found.refuse("the start command names /root, which no other user may enter")
    if not found.refusal and started.unknown:
        script = re.search(r"\.(?:sh|bash)\b", started.unknown)
        if script and "not among" in started.unknown:
            found.refuse(f"{started.unknown}, and an entry script may need root")
        found.doubt(started.unknown)


def _steps(facts: Facts, image: StageImage, started: Start, found: Found) -> None:
    """What the stage's own steps leave that another user cannot use."""
    state = image.final
    if isinstance(state.workdir, str) and f"{state.workdir}/".startswith("/root/"):
        found.refuse(f"the working directory is {state.workdir}, and no other user may enter /root")
    for name, value in state.env.items():
        if isinstance(value, str) and re.search(r"(?:\A|:)/root(?:/|:|\Z)", value) and name not in ("GNUPGHOME",):
            found.refuse(f"{name} names {value}, and no other user may enter /root")
    settings = " ".join(f"{name}={value}" for name, value in state.env.items())
    lines = {each.stage.index for each in facts.lineage(image)}
    programs_ = {posixpath.basename(word) for word in started.words} | started.programs
    for each in facts.lineage(image):
        for instruction in each.stage.body:
            line = instruction.first_line
            if instruction.keyword in ("COPY", "ADD"):
                if mode := _shuts(instruction.flag("chmod") or ""):
                    found.refuse(f"line {line}: --chmod={mode} gives other users no right to what is copied")
                if re.search(r"\s\"?/root(?:/|\"|\Z|\s*\])", instruction.value):
                    found.refuse(f"line {line} copies to /root, which no other user may enter")
            if instruction.keyword != "RUN":
                continue
            for entry in knowledge.table("users")["home"]:
                unless = entry.get("unless")
                relevant = not entry.get("started") or programs_ & set(entry["started"])
                text = instruction.value + " ".join(facts.file.text(h.body) for h in instruction.heredocs)
                known = f"{text} {settings} {_earlier(facts, lines)}"
                seen = f"{text}\n{_scripts(facts, instruction)}"
                if (
                    relevant
                    and re.search(entry["pattern"], seen, re.M)
                    and not (unless and re.search(unless, known + seen))
                ):
                    found.refuse(f"line {line} {entry['reason']}, where no other user may enter")
            found.refuse(_managed(facts, instruction))
            found.refuse(_downloads(facts, instruction, settings))
            for entry in knowledge.table("users")["shut"]:
                if re.search(entry["pattern"], instruction.value) and not re.search(
                    entry.get("unless", r"\Z."), _earlier(facts, lines)
                ):
                    found.refuse(f"line {line} {entry['reason']}")
    for run in facts.runs:
        if run.image.stage.index not in lines:
            continue
        for call in run.calls:
            if call.program == "chmod" and (words := [word.value or "" for word in call.statement.words[1:]]):
                mode = next((w for w in words if not re.match(r"-[RvfcH]|--", w)), "")
                if shut := _shuts(mode):
                    at = run.instruction.first_line
                    found.refuse(f"line {at}: chmod {shut} gives other users no right to {words[-1]}")


def _earlier(facts: Facts, lines: set[int]) -> str:
    return " ".join(run.script.text for run in facts.runs if run.image.stage.index in lines)


def _downloads(facts: Facts, instruction: Instruction, settings: str) -> str:
    """Why an install leaves a download in a home folder that no other user sees; "" where it does not."""
    table = knowledge.table("users")["downloads"]
    run = facts.run(instruction)
    if run is None or re.search(table["unless"], f"{settings} {instruction.value}"):
        return ""
    for call, folder in with_folders(run):
        if call.program not in ("npm", "yarn", "pnpm", "bun") or not (call.installs or call.subcommand in ("ci", "")):
            continue
        view = view_of(facts, run, folder or "/", ())
        try:
            data = json_object(view, "package.json") if view.kind("package.json") == "file" else {}
        except Unfit:
            continue
        if call.program == "yarn" and (shows := plugged(view, f"{settings} {instruction.value}")):
            line = instruction.first_line
            return f"line {line} keeps the packages below /root/.yarn ({shows} says nothing else), {_SHUT_IN}"
        asked = data.get("dependencies")
        name = next((name for name in table["packages"] if isinstance(asked, dict) and name in asked), None)
        if name:
            return f"line {instruction.first_line} installs {name}, which downloads below /root/.cache"
    return ""


def _managed(facts: Facts, instruction: Instruction) -> str:
    """Why the Python of an environment lies below /root, where uv keeps those that it downloads; "" where it does not.

    Source: https://docs.astral.sh/uv/reference/storage/#python-versions
    """
    run = facts.run(instruction)
    if run is None:
        return ""
    for call, folder in with_folders(run):
        if call.program != "uv" or call.subcommand not in ("sync", "venv"):
            continue
        reading = Reading(call, view_of(facts, run, folder or "/", run.calls[: run.calls.index(call)]))
        if "UV_PYTHON_INSTALL_DIR" in reading.env:
            continue
        base, parts = run.image.base, (run.image.base.version or "").split(".")
        installs = any(c.installs and any("python3" in w.raw for w in c.operands) for r in facts.runs for c in r.calls)
        if base.known and not base.has("python") and not installs:
            return f"line {instruction.first_line} has uv download a Python below /root, where no other user may enter"
        python = posixpath.basename(split(base.reference)[0]) == "python" and len(parts) > 1
        try:
            check_python(reading, ".".join(parts[:2]) if python else None, instruction.first_line)
        except (Unknowable, Unfit) as error:
            if python:
                return f"{error}, where no other user may enter"
    return ""


def _scripts(facts: Facts, instruction: Instruction) -> str:
    """The texts of the project's scripts that a RUN runs."""
    run = facts.run(instruction)
    if run is None:
        return ""
    found = []
    for call, folder in with_folders(run):
        view = view_of(facts, run, folder or "/", ())
        for word in call.statement.words[:4]:
            path = located(word.value, folder) if word.value else None
            if path and path.endswith(_RUN) and view.kind(path) == "file":
                try:
                    found.append(view.text(path))
                except Unfit:
                    continue
    return "\n".join(found)


def _shuts(mode: str) -> str:
    """The mode, where it gives other users less than they need: to read, and to run what its owner may run."""
    if re.fullmatch(r"[0-7]{3,4}", mode):
        owner, other = int(mode[-3]), int(mode[-1])
        return "" if other & 4 and (other & 1 or not owner & 1) else mode
    return mode if mode and any(_SHUT.match(part) for part in mode.split(",")) else ""


def _project(facts: Facts, image: StageImage, started: Start, found: Found) -> None:
    if facts.project.root is None:
        found.doubt("there is no build context that shows what the program writes")
    exposed = {int(p.split("/")[0]) for p in _exposed(image) if p.split("/")[0].isdecimal()}
    for port in sorted(exposed.union(surroundings.ports(facts))):
        if port < _FIRST:
            found.doubt(f"port {port} {_PORTS}")
    _old_ports(image, found)
    for volume in sorted(v for v in image.final.volumes if isinstance(v, str)):
        path = posixpath.normpath(volume)
        line = next((i.first_line for e in facts.lineage(image) for i in e.stage.body if i.keyword == "VOLUME"), None)
        found.folders[path] = Evidence(f"{path} is a volume", line)
        found.doubt(f"what is in the volume {path} of today's containers belongs to root")
        if _SYSTEM.match(path) and path != image.final.workdir:
            found.refuse(f"the volume {path} is a folder of the system, which belongs to root")
        if line is None:
            found.refuse(f"{path} is a volume of the base image, so that its owner cannot be changed")
    for source, target, evidence in list(surroundings.mounts(facts))[:2]:
        owner = "belongs to root, or to the host's user"
        found.doubt(f"{where(evidence)} mounts {source} at {target}, and what is in it {owner}")
    for _, evidence in list(kubernetes.mounts(facts.project))[:1]:
        found.doubt(f"{where(evidence)} {evidence.fact}, which belongs to root: give the pod an fsGroup")
    known = {*found.doubts} - {started.unknown}
    code = Code()
    for program in programs(facts, image, started):
        _program(program, found)
        code.add(program.code)
    code.add(settings(facts, image))
    _code(facts, image, code, found)
    open_ = [doubt for doubt in found.doubts if doubt not in known and _PORTS not in doubt]
    _meant(facts, image, open_, found)
    if open_:
        found.refuse(surroundings.socket(facts))


def _meant(facts: Facts, image: StageImage, open_: Sequence[str], found: Found) -> None:
    """What is given to the user, or stands against one, as compose files and empty folders show it. `open_` is what is
    not known of the program."""
    workdir = image.final.workdir
    for path, evidence in meant.shared(facts, workdir) if isinstance(workdir, str) else ():
        if open_ or any(f"{folder}/".startswith(f"{path}/") for folder in found.folders):
            found.refuse(f"{where(evidence)} {evidence.fact} from the host, whose user owns what the program writes to")
    for path, evidence in (*meant.volumes(facts), *meant.empty(facts, image)):
        if not _SYSTEM.match(path):
            found.folders.setdefault(path, evidence)
            if open_:
                found.doubt(f"what is in {path} of today's containers, where it is mounted, belongs to root")
    if not image.final.volumes:  # in front of a VOLUME, the folder may not be there yet
        found.made.update(meant.made(facts, image))


def _old_ports(image: StageImage, found: Found) -> None:
    name, version = split(image.base.reference)[0], image.base.version or ""
    for entry in knowledge.table("users")["ports"]:
        old = version.partition(".")[0].isdecimal() and int(version.partition(".")[0]) < entry["before"]
        set_ = any(variable in image.final.env for variable in entry["variables"])
        said = f"{entry['port']}/tcp" in image.final.expose
        if old and not set_ and not said and any(fnmatchcase(name, pattern) for pattern in entry["bases"]):
            found.doubt(f"port {entry['port']}, on which {image.base.name} listens, {_PORTS}")


def _exposed(image: StageImage) -> Iterator[str]:
    yield from (port for port in image.final.expose if isinstance(port, str))


def _program(program: Program, found: Found) -> None:
    if program.refusal:
        found.refuse(program.refusal)
    for doubt in program.doubts:
        found.doubt(doubt)
    found.evidence += program.evidence
    found.native = found.native or program.native


def _code(facts: Facts, image: StageImage, code: Code, found: Found) -> None:
    for fact in code.root[:1]:
        found.refuse(f"{where(fact)} {fact.fact}: it works as root, or gives root away by itself")
    for fact in code.doubts[:3]:
        found.doubt(f"{where(fact)} {fact.fact}", place=True)
    exposed = {int(port.split("/")[0]) for port in _exposed(image) if port.split("/")[0].isdecimal()}
    for port in code.ports:
        at = f"{port.file}:{port.line}" if port.file else f"line {port.line}"
        if port.number is None and not exposed:
            found.doubt(f"{at} listens on a port that is not known")
        elif port.number is not None and 0 < port.number < _FIRST:
            if port.number not in exposed:
                found.doubt(f"{at} listens on port {port.number}, which {_PORTS}")
        elif port.number:
            found.evidence.append(Evidence(f"listens on port {port.number}", port.line, port.file))
    writes = [write for write in code.writes if not write.free]
    unknown = [write for write in writes if write.place is None]
    for write in unknown[:3]:
        found.doubt(f"{write.file}:{write.line} writes ({write.what}) to a place that is not known", place=True)
    named = _named(facts, image)
    for write in writes:
        if write.place is not None:
            _place(facts, image, write, named, found)


def _named(facts: Facts, image: StageImage) -> Sequence[str]:
    """The folders that steps of the stage make by name."""
    lines = {each.stage.index for each in facts.lineage(image)}
    found = []
    for run in facts.runs:
        if run.image.stage.index in lines:
            for call, folder in with_folders(run):
                if call.program in ("mkdir", "install"):
                    found += [path for word in call.operands if (path := located(word.value, folder))]
    return found


def _place(facts: Facts, image: StageImage, write: Write, named: Sequence[str], found: Found) -> None:
    """Add the folder that a write needs."""
    workdir = image.final.workdir
    folder = located(write.place, workdir if isinstance(workdir, str) else None)
    at = f"{write.file}:{write.line}"
    if folder is None:
        found.doubt(f"{at} writes ({write.what}) below a working directory that is not known")
        return
    if folder == "/" or (_SYSTEM.match(folder) and folder != workdir and folder not in named):
        found.refuse(f"{at} writes ({write.what}) in {folder}, which is the system's: give it a folder of its own")
        return
    inside = isinstance(workdir, str) and workdir != "/" and f"{folder}/".startswith(f"{workdir.rstrip('/')}/")
    volumes = [str(volume) for volume in image.final.volumes]
    if not inside and not any(f"{folder}/".startswith(f"{path.rstrip('/')}/") for path in (*named, *volumes)):
        found.doubt(f"{at} writes ({write.what}) in {folder}, which no step makes", place=True)
    found.folders.setdefault(folder, write.fact(f"writes in {folder} ({write.what})"))
    if write.whole:
        found.whole.add(folder)
    view = final_view(facts, image)
    if not write.folder and "\0" not in write.path:
        path = located(write.path, workdir if isinstance(workdir, str) else None)
        made = maker(facts, image, write)
        if path and (view.kind(path) == "file" or (made and made[1])) and path not in found.files:
            found.files.append(path)
        elif made and path and path not in found.files:
            found.doubt(f"line {made[0]} runs the program as root, which may leave {path} to root", place=True)
