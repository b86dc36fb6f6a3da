"""What stands for and against running an image without root, read from the Dockerfile and the project."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.knowledge.base_table import split
from rewriter.project import kubernetes
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.final_view import final_view
from rewriter.steps.start import Start, start
from rewriter.users import meant, surroundings
from rewriter.users.code import Code, Write
from rewriter.users.found import Found, where
from rewriter.users.made import maker
from rewriter.users.program import Program, programs
from rewriter.users.settings import settings
from rewriter.users.steps import steps

# Ports below it are for root, where the kernel is not told otherwise.
# Source: https://docs.docker.com/engine/release-notes/20.10/#20100 (net.ipv4.ip_unprivileged_port_start=0)
_FIRST = 1024
_PORTS = "is one that not every runtime opens for other users"
_SYSTEM = re.compile(
    r"/(?:bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|usr|var)?\Z"
    r"|/(?:bin|boot|dev|etc|lib\w*|proc|root|run|sbin|sys|usr(?!/src/|/local/app))/"
    r"|/var/(?:log|lib|cache|run|spool|www|opt|local|backups|mail)\Z"
)


def collect(facts: Facts, image: StageImage) -> Found:
    """Everything that is known about the stage `image`, which ends as root."""
    found = Found()
    _base(facts, image, found)
    if found.refusal:
        return found
    started = start(facts, image)
    found.refuse(_for_people(image, started))
    _commands(started, found)
    steps(facts, image, started, found)
    if not found.refusal:
        _project(facts, image, started, found)
    return found


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
