"""Java: Maven, Gradle and `javac` build; a JRE of the same version runs what they made.

A jar and classes are the same on every system, so that the build and the runtime image need not share a release; native
code inside of jars (sqlite-jdbc, rocksdb, netty-tcnative) is linked with one C library, so that images of Alpine Linux
and others are never exchanged. Which image has which Java is data: `rewriter/knowledge/java_runtime.toml`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.image import State
from rewriter.stages.java_images import Jre, distroless, jre, major, programs, tools
from rewriter.stages.java_sources import Sources, sources, whole_jar
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Obstacle, Role, Runtime, Shown
from rewriter.steps.downloads import located
from rewriter.steps.start import Started
from rewriter.syntax.shell import Word
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

# Folders that hold more than a project: Java itself, the build tool, the caches.
_SYSTEM = frozenset(
    ("/", "/opt", "/usr", "/usr/src", "/usr/local", "/usr/share", "/var", "/root", "/home", "/home/gradle", "/etc")
)
# The settings and the downloads of Maven and Gradle.
_OF_BUILDS = ("/root/.m2/", "/root/.gradle/", "/home/gradle/.gradle/", "/usr/share/maven/", "/opt/gradle/")
_BUILD_FILES = re.compile("|".join(re.escape(folder.rstrip("/")) for folder in _OF_BUILDS))
_SHEBANG = re.compile(r"#!\s*(?:/usr/bin/env\s+|\S*/)(bash)\b")
_JAVA_HOMES = re.compile(r"/(?:usr/lib/jvm|usr/local/openjdk|usr/java|opt/java|docker-java-home)\S*")
_PATHS = re.compile(r"(?<![\w./$}])/(?!/)[\w.@+/-]+")
_FILE = re.compile(r"(?:\A|[=:,])(?!/|\w+:)[\w.@+-]*[/.][\w.@+/*-]+")
_OTHER_JARS = ("-plain.jar", "-sources.jar", "-javadoc.jar", "-tests.jar")
_READ_BY_SPRING = ("config", "src/main/webapp", "public", "static", "application.properties", "application.yml")
_OUT = "-d"


@dataclass(frozen=True, slots=True)
class _Roots:
    """The folders of the project in the build stage that the container uses, those that it does not use, and what
    builds wrote elsewhere, as it is carried."""

    folders: tuple[str, ...]
    unused: tuple[str, ...]
    elsewhere: tuple[Carry, ...]


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command of Java's tools is for."""
    call, line = command.call, command.run.instruction.first_line
    name = posixpath.basename(call.program)
    if name in ("mvn", "gradle"):
        goals = [word.value for word in call.operands]
        if None in goals:
            return Obstacle(f"line {line} tells {name} what to do by a variable")
        if (goal := _starting(call)) is not None:
            return Obstacle(f"line {line} runs the program with `{name} {goal}` while the image is built")
        if (path := _told(call, command.folder)) is not None:
            return Obstacle(f"line {line} tells {name} to write to {path}, out of the project")
        return Role.BUILDS
    if name == "keytool":
        store = located(call.value("-keystore", "-destkeystore"), command.folder)
        if store is None or not _inside(store, shown.view.folder):
            return Obstacle(f"line {line} changes the certificates of Java itself, and the runtime image has its own")
        return Role.BUILDS
    if name in ("javac", "jar", "javadoc", "jarsigner"):
        return Role.BUILDS
    return Role.RUNS if name == "java" else None


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The JRE on which the program runs, and what it takes from the build stage."""
    base = shown.image.base
    if base.os == "windows":
        return Obstacle(f"{base.name} is an image for Windows")
    found = jre(base.reference)
    if found is None:
        return Obstacle(_unnamed(shown))
    if _inherits(shown):
        return Obstacle("the stage does not say what it starts, so that it may be a base for other images")
    if (reason := _start(shown, found)) is not None:
        return reason
    roots = _roots(shown, cut)
    if isinstance(roots, Obstacle):
        return roots
    seen = sources(shown.view, roots.folders)
    if seen.compiler is not None:
        return Obstacle(f"{_at(seen.compiler)} uses {seen.compiler.fact}, which only the JDK has")
    if (reason := _user(shown, found)) is not None:
        return reason
    packages = _packages(shown, found, (*cut.packages, *cut.tools))
    if isinstance(packages, Obstacle):
        return packages
    evidence = [_started(shown)]
    alone = _alone(shown, cut, roots, seen)
    left = (*(_folder(folder) for folder in roots.unused), *_OF_BUILDS)
    if alone is not None:
        carries, fact = alone
        evidence.append(fact)
        left += tuple(map(_folder, roots.folders))
    else:
        carries = tuple(Carry(_folder(folder), _folder(folder)) for folder in roots.folders if folder not in _SYSTEM)
        if len(carries) < len(roots.folders):
            return Obstacle(
                f"the project lies in {next(f for f in roots.folders if f in _SYSTEM)}, together with files of the "
                "image; a WORKDIR of its own would tell them apart"
            )
        carries += roots.elsewhere
    if seen.programs is not None:
        evidence.append(
            Evidence(f"{seen.programs.fact} starts another program", seen.programs.line, seen.programs.file)
        )
    return Runtime(
        base=found.reference,
        carries=carries,
        message=_message(shown, found),
        evidence=tuple(evidence),
        proven=found.same and seen.whole and seen.programs is None,
        packages=packages,
        left=left,
        declares=_declared(shown, found.reference),
    )


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The JRE for a stage that only runs a program on a JDK."""
    base = shown.image.base
    found = jre(base.reference)
    if found is None or base.os == "windows":
        return None
    inherited = _inherits(shown)
    if inherited and base.cmd != ("catalina.sh", "run"):
        return None  # an image for others, or one that starts the JDK's own tools
    if (installed := _works(shown, found)) is None:
        return None  # build-tools-shipped says why
    if not inherited and (reason := _start(shown, found)) is not None:
        return reason
    if (reason := _user(shown, found)) is not None:
        return reason
    seen = sources(shown.view)
    if seen.compiler is not None:
        return Obstacle(f"{_at(seen.compiler)} uses {seen.compiler.fact}, which only the JDK has")
    packages = _packages(shown, found, installed)
    if packages:
        return packages if isinstance(packages, Obstacle) else Obstacle(f"{found.reference} has no {packages[0]}")
    other = "" if found.same else "; its vendor is another one, as the present one has no image without the compiler"
    check = "" if found.same and seen.programs is None else f"{other}; {_CHECK}"
    return Counterpart(
        found.reference,
        f"the Java compiler and the tools of the JDK are shipped, and the program only runs{check}",
        (_started(shown),),
        found.same and seen.programs is None,
        declares=_declared(shown, found.reference),
    )


_CHECK = (
    "to debug the result, attach a container with a JDK to its process (`docker debug`, `kubectl debug`), and check it "
    "with `dockerslim verify`"
)


def _works(shown: Shown, found: Jre) -> tuple[str, ...] | None:
    """The packages that the stage installs; None where one of its steps may need what only the JDK image has."""
    image, packages = shown.image, list[str]()
    known = frozenset(word for words in knowledge.table("stage_steps").values() for word in words.split())
    known |= {"java", "keytool", "dpkg", *programs(found.reference)}
    for instruction in image.stage.body:
        if instruction.keyword != "RUN":
            continue
        run = shown.facts.run(instruction)
        if run is None or len(run.calls) != sum(1 for _ in run.script.commands()) or run.script.substitutions:
            return None
        for call in run.calls:
            if posixpath.basename(call.program) not in known:
                return None
            packages += [word.raw for word in call.operands if call.installs]
    return tuple(packages)


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """A distroless image for a stage that only starts `java`."""
    image, final = shown.image, shown.image.final
    version = major(image.base.reference)
    base = distroless(version) if version else None
    alpine = image.base.distribution == "alpine"
    if base is None or alpine or shown.start.shell or shown.start.unknown or len(shown.start.commands) > 2:
        return None
    if any(i.keyword in ("RUN", "HEALTHCHECK", "SHELL", "VOLUME") for i in image.stage.body):
        return None
    if final.user not in ("root", "0", "0:0") and not re.fullmatch(r"\d+(:\d+)?", str(final.user)):
        return None
    command = _command(final)
    if command is None:
        return None
    return Minimal(
        base,
        f"{image.base.name} has a shell and a package manager, and the container starts java alone",
        f"to debug it, build it on {base}:debug, which has a shell (`docker run --entrypoint=sh`), or attach with "
        "`kubectl debug`; check it with `dockerslim verify`",
        (_started(shown),),
        command=command,
        declares=frozenset(("entrypoint", "cmd")),
    )


def _command(final: State) -> tuple[str, ...] | None:
    """The lines that start on distroless, whose ENTRYPOINT is `java -jar`, what ENTRYPOINT and CMD of `final` start;
    None where a shell or something else than java is started."""
    entry, cmd = final.entrypoint, final.cmd
    entry_words, cmd_words = _exec(entry), _exec(cmd)
    if entry_words is None or cmd_words is None:
        return None
    own = list(entry_words)
    if own and posixpath.basename(own[0]) in _ENTRY_SCRIPTS:
        own = own[1:]
    words = [*own, *cmd_words]
    if not words or posixpath.basename(words[0]) != "java":
        return None
    if own:
        lines = [_json("ENTRYPOINT", ["java", *own[1:]])]
        return (*lines, _json("CMD", cmd_words)) if cmd_words else tuple(lines)
    if words[1:2] == ["-jar"]:
        return (_json("CMD", words[2:]),)
    return (_json("ENTRYPOINT", ["java"]), _json("CMD", words[1:]))


_ENTRY_SCRIPTS = frozenset(("__cacert_entrypoint.sh", "mvn-entrypoint.sh"))


def _exec(command: object) -> list[str] | None:
    match command:
        case ("exec", words) if isinstance(words, tuple):
            return [str(word) for word in words]
    return None


def _json(keyword: str, words: list[str]) -> str:
    quoted = ", ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    return f"{keyword} [{quoted}]"


# What is started


def _start(shown: Shown, found: Jre) -> Obstacle | None:
    """Why the program cannot be started on a JRE."""
    if shown.start.unknown:
        return Obstacle(f"it is not known what the container starts: {shown.start.unknown}")
    builders, jdk, beside = tools("builders"), tools("jdk"), tools("beside")
    for started in shown.start.commands:
        name = posixpath.basename(started.call.program)
        where = f"{started.file}:{started.line}" if started.file else f"line {started.line}"
        if name in builders:
            goal = _starting(started.call) or " ".join(word.raw for word in started.call.operands)
            return Obstacle(
                f"{where} starts the program with `{' '.join((name, goal)).strip()}`, which needs the build tool and "
                "the sources; `java -jar` would start what was built"
            )
        if name in jdk:
            return Obstacle(f"{where} runs {name}, which only the JDK has")
        if name in beside:
            return Obstacle(f"{where} runs {name}, which {found.reference} has not")
        text = " ".join(word.raw for word in started.call.statement.words)
        if match := _BUILD_FILES.search(text):
            return Obstacle(f"{where} reads {match[0]}, which belongs to the build")
    if not found.same and (match := _JAVA_HOMES.search(_own_words(shown))):
        return Obstacle(f"{match[0]} is named, which lies elsewhere in {found.reference}, the image of another vendor")
    text = str(shown.image.final.healthcheck)
    for name in sorted(jdk | beside):
        if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", text):
            return Obstacle(f"HEALTHCHECK runs {name}, which {found.reference} has not")
    if not any(posixpath.basename(s.call.program) == "java" for s in shown.start.commands) and not _own_script(shown):
        return Obstacle("the container does not start java")
    return None


def _inherits(shown: Shown) -> bool:
    """Whether the stage starts what its base image starts."""
    final, start = shown.image.final, shown.image.start
    return final.cmd == start.cmd and final.entrypoint == start.entrypoint


def _own_words(shown: Shown) -> str:
    """The words of the start command, and the variables that the stage sets itself."""
    final, start = shown.image.final, shown.image.start
    values = [str(value) for name, value in final.env.items() if start.env.get(name) != value]
    return " ".join((*shown.start.words, *values))


def _own_script(shown: Shown) -> bool:
    """Whether the container starts a script that the build made (Gradle's `installDist`, Maven's appassembler)."""
    last = shown.start.last
    return last is not None and "/bin/" in (last.call.head.value or "") and "/" in (last.call.head.value or "")[1:]


def _starting(call: Call) -> str | None:
    """The goal or task of `call` that starts the program."""
    known = knowledge.table("java_runtime")["starts"]
    for word in call.operands:
        value = word.value or ""
        goal = re.sub(r"\A(?:[\w.-]+:)?([\w-]+?)(?:-maven)?(?:-plugin)?(?::[\d.]+[\w.-]*)?:([\w-]+)\Z", r"\1:\2", value)
        if call.program == "mvn" and goal in (*known["maven"], *_with_prefixes(known["maven"])):
            return value
        if call.program == "gradle" and value.rpartition(":")[2] in known["gradle"]:
            return value
    return None


def _with_prefixes(goals: list[str]) -> Iterator[str]:
    """The goals by the names of their plugins: `maven-exec:java`."""
    return (f"maven-{goal}" for goal in goals)


def _started(shown: Shown) -> Evidence:
    last = next((s for s in shown.start.commands if posixpath.basename(s.call.program) == "java"), shown.start.last)
    if last is None:
        return Evidence(f"what {shown.image.base.name} starts needs no JDK", shown.image.stage.start.first_line)
    return last.fact(f"starts `{' '.join(word.raw for word in last.call.statement.words)}`")


# What is carried


def _roots(shown: Shown, cut: Cut) -> _Roots | Obstacle:
    """The folders that the builds work in, as far as the container uses them."""
    folders: list[str] = []
    elsewhere: list[Carry] = []
    for command in cut.builds:
        name, line = posixpath.basename(command.call.program), command.run.instruction.first_line
        if name not in ("mvn", "gradle", "javac", "jar"):
            continue
        if command.folder is None:
            return Obstacle(f"the folder that {name} in line {line} works in is not known")
        folder = command.run.state.workdir
        if not isinstance(folder, str) or not _inside(command.folder, folder) or folder in _SYSTEM:
            folder = command.folder
        folders.append(folder)
        out = located(command.call.value(_OUT), command.folder) if name == "javac" else None
        if out is not None and not _inside(out, folder):
            if out in _SYSTEM or "$" in out:
                return Obstacle(f"javac in line {line} writes to {out}, among files of the image")
            elsewhere.append(Carry(_folder(out), _folder(out)))
    used = [folder for folder in dict.fromkeys(folders) if _used(shown, folder)]
    outer = [f for f in used if not any(f != other and _inside(f, other) for other in used)]
    unused = [f for f in dict.fromkeys(folders) if f not in used and f not in _SYSTEM]
    return _Roots(tuple(outer), tuple(unused), tuple(elsewhere))


def _used(shown: Shown, folder: str) -> bool:
    """Whether the container works in `folder`, or names a path in there."""
    if _inside(shown.view.folder, folder):
        return True
    return any(_inside(path, folder) for started in shown.start.commands for path in _paths(started))


def _paths(started: Started) -> Iterator[str]:
    """The paths that a command names, absolute."""
    for word in started.call.statement.words:
        text = _text(word)
        yield from (posixpath.normpath(match[0]) for match in _PATHS.finditer(text.replace("file://", "file:")))
        if (path := located(text, started.folder)) is not None and "$" not in path:
            yield path


def _alone(shown: Shown, cut: Cut, roots: _Roots, seen: Sources) -> tuple[tuple[Carry, ...], Evidence] | None:
    """What is carried where the container needs only what was built, with the evidence for that: a jar with all that it
    depends on, one that was copied away from the project, or what Gradle's `installDist` puts into a folder of its own;
    and no file of the project is read by its place."""
    if len(roots.folders) != 1 or roots.elsewhere or any(i.keyword == "RUN" for i in cut.after):
        return None
    if not seen.whole or seen.relative or seen.programs or shown.start.last is None:
        return None
    folder, last = roots.folders[0], shown.start.last
    if any(shown.view.into(folder).kind(name) is not None for name in _READ_BY_SPRING):
        return None
    value = last.call.value("-jar") if posixpath.basename(last.call.program) == "java" else last.call.head.value
    path = located(value, last.folder)
    words = [_text(word) for started in shown.start.commands for word in started.call.statement.words[1:]]
    if path is None or any(_FILE.search(word) or _within(word, folder) for word in words if word != value):
        return None
    if installed := re.match(r"(.+/build/install/[^/]+/)bin/[^/]+\Z", path):
        tree = installed[1]
        return (Carry(tree, tree),), last.fact(f"starts what installDist put into {tree}")
    if posixpath.basename(last.call.program) != "java" or path.endswith(_OTHER_JARS):
        return None
    if not _inside(path, folder):
        return (), last.fact(f"starts {path} and names no other file of the project")
    module = re.sub(r"/(?:target|build/libs)\Z", "", posixpath.dirname(path))
    built = next((c.folder for c in cut.builds if posixpath.basename(c.call.program) in ("mvn", "gradle")), None)
    fact = whole_jar(shown.view, module if module != posixpath.dirname(path) else built or folder)
    return ((Carry(path, path),), fact) if fact else None


def _within(word: str, folder: str) -> bool:
    return any(_inside(posixpath.normpath(match[0]), folder) for match in _PATHS.finditer(word))


def _text(word: Word) -> str:
    return word.value if word.value is not None else word.raw.strip("\"'")


def _told(call: Call, folder: str | None) -> str | None:
    """The absolute path out of the project that a property tells Maven or Gradle to write to."""
    for option in call.options:
        name, value = option.name[2:], option.value or ""
        if option.name in ("-D", "-P", "--define", "--project-prop", "--system-prop"):
            name, _, value = value.partition("=")
        elif not option.name.startswith(("-D", "-P")):
            continue
        outside = folder is None or not _inside(posixpath.normpath(value), folder)
        if value.startswith(("/", "~")) and "repo" not in name and "settings" not in name and outside:
            return value
    return None


# What the runtime image lacks


def _declared(shown: Shown, reference: str) -> frozenset[str]:
    """The parts that differ without harm: the images' own entry scripts, which pass their words on, and a volume for
    what a build tool downloads."""
    final, start, old = shown.image.final, shown.image.start, shown.image.base
    new = shown.facts.options.bases.lookup(reference)
    words = (*(new.entrypoint or ())[:1], *(old.entrypoint or ())[:1])
    passing = all(posixpath.basename(word) in _ENTRY_SCRIPTS for word in words)
    found = {"entrypoint"} if final.entrypoint == start.entrypoint and passing else set()
    return frozenset(found | ({"volumes"} if old.volumes else set()))


def _user(shown: Shown, found: Jre) -> Obstacle | None:
    """Why the stage needs a user that only the image with the build tool has."""
    users = [user for user in shown.image.base.users if user != "root"]
    for instruction in shown.image.stage.body:
        named = instruction.value if instruction.keyword == "USER" else _owner(instruction)
        if named.partition(":")[0] in users:
            line = instruction.first_line
            return Obstacle(f"line {line} needs the user {named.partition(':')[0]}, whom {found.reference} has not")
    if shown.image.final.user in users:
        return Obstacle(f"the program runs as {shown.image.final.user}, whom {found.reference} has not")
    return None


def _owner(instruction: Instruction) -> str:
    return instruction.flag("chown") or ""


def _packages(shown: Shown, found: Jre, installed: Sequence[str]) -> tuple[str, ...] | Obstacle:
    """The packages for what the container starts and checks that the runtime image has not."""
    has = programs(found.reference)
    text = str(shown.image.final.healthcheck)
    started = {posixpath.basename(started.call.program) for started in shown.start.commands}
    started |= {match[1] for script in shown.start.scripts if (match := _SHEBANG.match(script.script.text))}
    lacking = [
        name
        for name in ("bash", "curl", "wget")
        if (name in started or re.search(rf"\b{name}\b", text)) and name not in has and name not in installed
    ]
    if lacking and shown.facts.system(shown.image) not in ("debian", "alpine"):
        return Obstacle(f"{found.reference} has no {lacking[0]}")
    return tuple(lacking)


# Words


def _message(shown: Shown, found: Jre) -> str:
    programs = {"maven": "Maven, the Java compiler", "gradle": "Gradle, the Java compiler"}
    name = shown.image.base.name.rpartition("/")[2].partition(":")[0]
    what = programs.get(name, "the Java compiler")
    other = "" if found.same else " (of another vendor, as the present one has no image without the compiler)"
    return f"{what} and all that the build downloads are in the image{other}"


def _unnamed(shown: Shown) -> str:
    return (
        f"no image is known that has the Java of {shown.image.base.name} without the compiler; a tag that names a "
        "supported version of Java helps"
    )


def _at(evidence: Evidence) -> str:
    return f"{evidence.file}:{evidence.line}"


def _folder(path: str) -> str:
    return path.rstrip("/") + "/"


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(_folder(folder))
