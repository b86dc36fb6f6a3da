"""Java: Maven, Gradle and `javac` build; a JRE of the same version runs what they made.

A jar and classes are the same on every system, so that the build and the runtime image need not share a release; native
code inside of jars (sqlite-jdbc, rocksdb, netty-tcnative) is linked with one C library, so that images of Alpine Linux
and others are never exchanged. Which image has which Java is data: `rewriter/knowledge/java_runtime.toml`.
"""

from __future__ import annotations

import posixpath
import re

from rewriter.change import Evidence
from rewriter.image import State
from rewriter.stages.java.files import SYSTEM, alone_of, as_folder, roots_of, told
from rewriter.stages.java.images import Jre, distroless, jre, major, programs
from rewriter.stages.java.sources import sources
from rewriter.stages.java.start import (
    ENTRY_SCRIPTS,
    OF_BUILDS,
    called,
    declared,
    evidence_of,
    lacking,
    lacks_user,
    starting,
    unfit,
)
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Obstacle, Role, Runtime, Shown
from rewriter.stages.programs import inherits, installs_alone
from rewriter.steps.downloads import located
from rewriter.within import is_within

_CHECK = (
    "to debug the result, attach a container with a JDK to its process (`docker debug`, `kubectl debug`), and check it "
    "with `dockerslim verify`"
)


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command of Java's tools is for."""
    call, line = command.call, command.run.instruction.first_line
    name = posixpath.basename(call.program)
    if name in ("mvn", "gradle"):
        goals = [word.value for word in call.operands]
        if None in goals:
            return Obstacle(f"line {line} tells {name} what to do by a variable")
        if (goal := starting(call)) is not None:
            return Obstacle(f"line {line} runs the program with `{name} {goal}` while the image is built")
        if (path := told(call, command.folder)) is not None:
            return Obstacle(f"line {line} tells {name} to write to {path}, out of the project")
        return Role.BUILDS
    if name == "keytool":
        store = located(call.value("-keystore", "-destkeystore"), command.folder)
        if store is None or not is_within(store, shown.view.folder):
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
    if inherits(shown):
        return Obstacle("the stage does not say what it starts, so that it may be a base for other images")
    if (reason := unfit(shown, found)) is not None:
        return reason
    roots = roots_of(shown, cut)
    if isinstance(roots, Obstacle):
        return roots
    seen = sources(shown.view, roots.folders)
    if seen.compiler is not None:
        return Obstacle(f"{_at(seen.compiler)} uses {seen.compiler.fact}, which only the JDK has")
    if (reason := lacks_user(shown, found)) is not None:
        return reason
    packages = lacking(shown, found, (*cut.packages, *cut.tools))
    if isinstance(packages, Obstacle):
        return packages
    call = called(shown, found) if seen.programs else None
    if call is not None:
        return (
            call
            if isinstance(call, Obstacle)
            else Obstacle(f"{_at(call)} {call.fact}, which {found.reference} has not")
        )
    evidence = [evidence_of(shown)]
    alone = alone_of(shown, cut, roots, seen)
    left = (*(as_folder(folder) for folder in roots.unused), *OF_BUILDS)
    if alone is not None:
        carries, fact = alone
        evidence.append(fact)
        left += tuple(map(as_folder, roots.folders))
    else:
        carries = tuple(Carry(as_folder(folder), as_folder(folder)) for folder in roots.folders if folder not in SYSTEM)
        if len(carries) < len(roots.folders):
            return Obstacle(
                f"the project lies in {next(f for f in roots.folders if f in SYSTEM)}, together with files of the "
                "image; a WORKDIR of its own would tell them apart"
            )
        carries += roots.elsewhere
    return Runtime(
        base=found.reference,
        carries=carries,
        message=_message(shown, found),
        evidence=tuple(evidence),
        proven=found.same and seen.whole,
        packages=packages,
        left=left,
        declares=declared(shown, found.reference),
    )


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The JRE for a stage that only runs a program on a JDK."""
    base = shown.image.base
    found = jre(base.reference)
    if found is None or base.os == "windows":
        return None
    inherited = inherits(shown)
    if inherited and base.cmd != ("catalina.sh", "run"):
        return None  # an image for others, or one that starts the JDK's own tools
    if (installed := installs_alone(shown, {"java", "keytool", "dpkg", *programs(found.reference)})) is None:
        return None  # build-tools-shipped says why
    if not inherited and (reason := unfit(shown, found)) is not None:
        return reason
    if (reason := lacks_user(shown, found)) is not None:
        return reason
    seen = sources(shown.view)
    if seen.compiler is not None:
        return Obstacle(f"{_at(seen.compiler)} uses {seen.compiler.fact}, which only the JDK has")
    call = called(shown, found) if seen.programs else None
    if call is not None:
        return (
            call
            if isinstance(call, Obstacle)
            else Obstacle(f"{_at(call)} {call.fact}, which {found.reference} has not")
        )
    packages = lacking(shown, found, installed)
    if packages:
        return packages if isinstance(packages, Obstacle) else Obstacle(f"{found.reference} has no {packages[0]}")
    doubts = [] if found.same else ["its vendor is another one, as the present one has no image without the compiler"]
    doubts += [] if seen.whole else ["its sources, which would show whether it compiles at run time, are not there"]
    doubt = f" ({'; '.join(doubts)}; {_CHECK})" if doubts else ""
    return Counterpart(
        found.reference,
        f"the Java compiler and the tools of the JDK are shipped, and the program only runs{doubt}",
        (evidence_of(shown),),
        not doubts,
        declares=declared(shown, found.reference),
    )


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
        (evidence_of(shown),),
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
    if own and posixpath.basename(own[0]) in ENTRY_SCRIPTS:
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


def _exec(command: object) -> list[str] | None:
    match command:
        case ("exec", words) if isinstance(words, tuple):
            return [str(word) for word in words]
    return None


def _json(keyword: str, words: list[str]) -> str:
    quoted = ", ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    return f"{keyword} [{quoted}]"


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
