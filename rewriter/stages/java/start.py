"""What a container of a Java program starts, and whether an image without the compiler has what that needs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.needs import Place, View
from rewriter.stages.java.images import Jre, programs, tools
from rewriter.stages.kit import Obstacle, Shown
from rewriter.stages.mentions import asked, in_sources
from rewriter.stages.programs import told_elsewhere
from rewriter.syntax.vocabulary import Call

# The settings and the downloads of Maven and Gradle.
OF_BUILDS = ("/root/.m2/", "/root/.gradle/", "/home/gradle/.gradle/", "/usr/share/maven/", "/opt/gradle/")
# Scripts of the images that run the words behind them.
ENTRY_SCRIPTS = frozenset(("__cacert_entrypoint.sh", "mvn-entrypoint.sh"))
_BUILD_FILES = re.compile("|".join(re.escape(folder.rstrip("/")) for folder in OF_BUILDS))
_SHEBANG = re.compile(r"#!\s*(?:/usr/bin/env\s+|\S*/)(bash)\b")
_JAVA_HOMES = re.compile(r"/(?:usr/lib/jvm|usr/local/openjdk|usr/java|opt/java|docker-java-home)\S*")


def unfit(shown: Shown, found: Jre) -> Obstacle | None:
    """Why the program cannot be started on a JRE."""
    if shown.start.unknown:
        return Obstacle(f"it is not known what the container starts: {shown.start.unknown}")
    builders, jdk, beside = tools("builders"), tools("jdk"), tools("beside")
    for started in shown.start.commands:
        name = posixpath.basename(started.call.program)
        where = f"{started.file}:{started.line}" if started.file else f"line {started.line}"
        if name in builders:
            goal = starting(started.call) or " ".join(word.raw for word in started.call.operands)
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
    words = "|".join(map(re.escape, sorted(builders | jdk | beside)))
    if told := told_elsewhere(shown, re.compile(rf"(?<![\w./-])(?:\./)?(?:{words})(?![\w.-])")):
        return Obstacle(f"{told[1].file}:{told[1].line} runs {told[0]} in a service, which {found.reference} has not")
    if not any(posixpath.basename(s.call.program) == "java" for s in shown.start.commands) and not _own_script(shown):
        return Obstacle("the container does not start java")
    return None


def _own_words(shown: Shown) -> str:
    """The words of the start command, and the variables that the stage sets itself."""
    final, start = shown.image.final, shown.image.start
    values = [str(value) for name, value in final.env.items() if start.env.get(name) != value]
    return " ".join((*shown.start.words, *values))


def _own_script(shown: Shown) -> bool:
    """Whether the container starts a script that the build made (Gradle's `installDist`, Maven's appassembler)."""
    last = shown.start.last
    return last is not None and "/bin/" in (last.call.head.value or "") and "/" in (last.call.head.value or "")[1:]


def starting(call: Call) -> str | None:
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


def evidence_of(shown: Shown) -> Evidence:
    last = next((s for s in shown.start.commands if posixpath.basename(s.call.program) == "java"), shown.start.last)
    if last is None:
        return Evidence(f"what {shown.image.base.name} starts needs no JDK", shown.image.stage.start.first_line)
    return last.fact(f"starts `{' '.join(word.raw for word in last.call.statement.words)}`")


def declared(shown: Shown, reference: str) -> frozenset[str]:
    """The parts that differ without harm: the images' own entry scripts, which pass their words on, and a volume for
    what a build tool downloads."""
    final, start, old = shown.image.final, shown.image.start, shown.image.base
    new = shown.facts.options.bases.lookup(reference)
    words = (*(new.entrypoint or ())[:1], *(old.entrypoint or ())[:1])
    passing = all(posixpath.basename(word) in ENTRY_SCRIPTS for word in words)
    found = {"entrypoint"} if final.entrypoint == start.entrypoint and passing else set()
    return frozenset(found | ({"volumes"} if old.volumes else set()))


def lacks_user(shown: Shown, found: Jre) -> Obstacle | None:
    """Why the stage needs a user that only the image with the build tool has."""
    users = [user for user in shown.image.base.users if user != "root"]
    for instruction in shown.image.stage.body:
        named = instruction.value if instruction.keyword == "USER" else instruction.flag("chown") or ""
        if named.partition(":")[0] in users:
            line = instruction.first_line
            return Obstacle(f"line {line} needs the user {named.partition(':')[0]}, whom {found.reference} has not")
    if shown.image.final.user in users:
        return Obstacle(f"the program runs as {shown.image.final.user}, whom {found.reference} has not")
    return None


def lacking(shown: Shown, found: Jre, installed: Sequence[str]) -> tuple[str, ...] | Obstacle:
    """The packages for what the container starts and checks that the runtime image has not."""
    has = programs(found.reference)
    text = str(shown.image.final.healthcheck)
    started = {posixpath.basename(started.call.program) for started in shown.start.commands}
    started |= {mention.tool for mention in asked(shown, ("bash", "curl", "wget"))}
    started |= {match[1] for script in shown.start.scripts if (match := _SHEBANG.match(script.script.text))}
    lacking = [
        name
        for name in ("bash", "curl", "wget")
        if (name in started or re.search(rf"\b{name}\b", text)) and name not in has and name not in installed
    ]
    if lacking and shown.facts.system(shown.image) not in ("debian", "alpine"):
        return Obstacle(f"{found.reference} has no {lacking[0]}")
    return tuple(lacking)


def called(shown: Shown, found: Jre) -> Evidence | Obstacle | None:
    """The first tool that the program starts, by its sources, and that the runtime image has not."""
    everything = View(shown.facts.project, (Place(".", "/"),), "/")
    lost = (tools("builders") | tools("jdk") | tools("beside") | {"curl", "wget"}) - programs(found.reference)
    seen = in_sources(everything, lost)
    return seen if isinstance(seen, Obstacle) else next((mention.evidence for mention in seen), None)
