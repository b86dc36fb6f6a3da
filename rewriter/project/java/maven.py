"""Maven: what the download goals read, and which of them may run before the sources are there.

`mvn package` and its like compile; what they download can be fetched with the POMs alone, by one of two goals:

- `dependency:resolve` (https://maven.apache.org/plugins/maven-dependency-plugin/resolve-mojo.html) asks for the scope
  `test`, so Maven itself resolves the dependencies, exactly as it does before the tests are compiled. It succeeds
  where `mvn test-compile` and all later phases get past their downloads.
- `dependency:go-offline` also fetches plugins, by a resolution of its own. It is known to fail where the build does
  not: it forgets exclusions (MDEP-844), looked at Maven Central only (3.1.2, MDEP-743, MDEP-680), loses `systemPath`,
  and resolves plugins of `<reporting>` and `<pluginManagement>` that the build never loads. So it is taken only for
  POMs with nothing of that kind, whose parents, BOMs and plugins all live on Maven Central. It does not fetch what
  plugins load while they run (surefire's providers, MDEP-82).

Neither runs a phase, so no bound plugin and no source is read. In a reactor whose modules depend on each other both
fail, as the modules are not built yet (MDEP-204, MDEP-516). (All: https://github.com/apache/maven-dependency-plugin/issues)
"""

from __future__ import annotations

import posixpath
import re
import shlex

from rewriter import knowledge
from rewriter.project.folders import inside, nearest, written
from rewriter.project.java import poms
from rewriter.project.java.poms import Pom, Poms
from rewriter.project.manifests import line_of, xml
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.starts import OF_THE_PROJECT, prefix, script
from rewriter.syntax.vocabulary import Call

_DOWNLOADS = re.compile(
    r"(org\.apache\.maven\.plugins:maven-)?dependency(-plugin)?(:[0-9][\w.-]*)?:(go-offline|resolve|resolve-plugins)\Z"
)
# Properties that change what the goals themselves do, or load code into Maven.
_TELLING = re.compile(
    r"-D\s*(classifier|type|(in|ex)clude\w+|outputFile|mdep\.|maven\.ext\.|markersDirectory|excludeTransitive|silent)"
)

_CONFIGURATION = ("wrapper/maven-wrapper.properties", "extensions.xml", "maven.config", "jvm.config")
_ELSEWHERE = frozenset(
    (
        "-s",
        "--settings",
        "-gs",
        "--global-settings",
        "-f",
        "--file",
        "-t",
        "--toolchains",
        "-pl",
        "--projects",
        "-o",
        "--offline",
        "-Dmaven.repo.local",
    )
)


def needs(call: Call, view: View) -> Answer:
    """What `mvn` or a project's `mvnw` needs. Raises `Unfit` for a POM that cannot be read."""
    goals = [word.value for word in call.operands]
    if None in goals:
        return Obstacle(f"`{call.head.raw}` is told its goals by a variable")
    downloads = bool(goals) and all(_DOWNLOADS.match(goal or "") for goal in goals)
    phases = knowledge.table("maven")["tested"]
    if not downloads and not any(goal in phases["phases"] for goal in goals):
        compiles = {"compile", "process-classes", "generate-sources"}.intersection(goals)
        reason = f"`mvn {' '.join(map(str, goals))}` downloads less than Maven's download goals do"
        return Obstacle(reason) if compiles else None
    if not downloads and any(_fetches(earlier) for earlier in view.before):
        return None  # the downloads have their own step already
    return _needs(call, view, downloads=downloads)


def _fetches(call: Call) -> bool:
    """Whether an earlier command downloads what a build of the same project needs."""
    phases = knowledge.table("maven")["tested"]["phases"]
    return call.program == "mvn" and any(
        word.value in phases or _DOWNLOADS.match(word.value or "") for word in call.operands
    )


def _needs(call: Call, view: View, *, downloads: bool) -> Answer:
    words = _options(call)
    if isinstance(words, Obstacle):
        return words
    start = call.value("-f", "--file") or "."
    if view.kind(start) == "folder" or start == ".":
        start = posixpath.join(start, "pom.xml")
    if view.file(start) is None:
        return Obstacle(f"{view.path(start)} does not come from the context")
    found = poms.read(view, start)
    if isinstance(found, Obstacle):
        return found
    tool = _tool(call, view, posixpath.dirname(view.path(start)))
    if isinstance(tool, Obstacle):
        return tool
    command, home = tool
    settings = _settings(call, view, home)
    if isinstance(settings, Obstacle):
        return settings
    reads = _reads(call, view, found, home, settings)
    leaves = _repository(words, view)
    first = next(iter(found.reactor.values()))
    shown = written(view, first.path)
    evidence = [view.evidence("declares the dependencies", shown, line_of(view.text(shown), r"<dependenc"))]
    if downloads:
        return Needs(reads, leaves, tuple(evidence))
    if (reason := _between(view, found)) is not None:
        return reason
    before = prefix(call)
    if isinstance(before, Obstacle):
        return before
    if len(found.reactor) > 1:
        line = line_of(view.text(shown), r"<modules>")
        evidence.append(view.evidence("has no module that depends on another", shown, line))
    offline = not settings and _ordinary(found)
    goal = "dependency:go-offline" if offline else "dependency:resolve"
    left = "what go-offline leaves out" if offline else "Maven's plugins"
    goals = " ".join(word.raw for word in call.operands)
    return Needs(
        reads,
        leaves,
        tuple(evidence),
        fetch=" ".join((*before, command, *words, goal)),
        still=f"{call.head.raw} {goals} still compiles, and fetches {left}",
    )


def _reads(call: Call, view: View, found: Poms, homes: list[str], settings: list[str]) -> tuple[str, ...]:
    """All files that are read, as the command would write them; what lies in a folder that is read is not named."""
    script = [view.path(call.head.value or "")] if _wrapper(call) else []
    paths = [*script, *(pom.path for pom in found.all), *settings, *found.extra]
    for home in homes:
        parts = [home + name for name in _CONFIGURATION if view.kind(home + name) is not None]
        paths += [home] if view.kind(home) == "folder" else parts
    folders = tuple(path for path in paths if path.endswith("/"))
    return tuple(
        written(view, path.rstrip("/")) + ("/" if path.endswith("/") else "")
        for path in dict.fromkeys(paths)
        if path in folders or not path.startswith(folders)
    )


def _options(call: Call) -> list[str] | Obstacle:
    """The options that the download goal takes over, as written."""
    known = knowledge.table("maven")["options"]
    words: list[str] = []
    for option in call.options:
        raw = option.word.raw
        name = raw[:2] if re.match(r"-[DPT].", raw) else option.name
        valued = raw in known["values"] or raw in ("-T", "--threads", "-rf", "--resume-from")
        if option.word.value is None or (valued and option.value is None):
            return Obstacle(f"`{call.head.raw}` is told {raw} by a variable")
        whole = f"{raw} {shlex.quote(option.value or '')}" if valued else raw
        if _TELLING.match(whole):
            return Obstacle(f"{raw} changes what Maven's download goals do")
        if name in known["flags"] or name in known["values"]:
            words.append(whole)
        elif name not in known["build"]:
            return Obstacle(f"what `{call.head.raw} {raw}` reads of the project is not known")
    return words


def _wrapper(call: Call) -> bool:
    return (call.head.value or "").rpartition("/")[2] == "mvnw"


def _tool(call: Call, view: View, folder: str) -> tuple[str, list[str]] | Obstacle:
    """How Maven is called, and the `.mvn/` that it and its wrapper read: that of the nearest folder above."""
    command, homes = call.head.raw, []
    if _wrapper(call):
        name = call.head.value or ""
        started = script(call, view)
        if isinstance(started, Obstacle):
            return started
        home = _home(view, posixpath.dirname(view.path(name)))
        if home is None:
            return Obstacle(f"{view.file(name)} needs .mvn/wrapper/, which is not in the context")
        command, homes = started, [home]
        properties = view.text(home + _CONFIGURATION[0])
        if OF_THE_PROJECT.search(properties):
            return Obstacle(f"{view.file(home + _CONFIGURATION[0])} keeps Maven in the project")
    home = _home(view, folder)
    if home is not None and home not in homes:
        homes.append(home)
    for home in homes:
        name = f"{home}extensions.xml"
        for element in xml(view, name).iter("extension") if view.kind(name) is not None else ():
            if not poms.extension(loaded := poms.coordinates(element)):
                return Obstacle(f"{view.file(name)} loads {loaded}, and what that reads is not known")
    return command, homes


def _home(view: View, folder: str) -> str | None:
    """The `.mvn/` of the nearest folder from `folder` upwards."""
    found = nearest(view, folder, *(posixpath.join(".mvn", name) for name in ("", *_CONFIGURATION)))
    return found[: found.rindex("/.mvn") + len("/.mvn/")].rstrip("/") + "/" if found else None


def _settings(call: Call, view: View, homes: list[str]) -> list[str] | Obstacle:
    """The settings files that the command or `.mvn/maven.config` names and that come from the project."""
    found = []
    names = [call.value("-s", "--settings"), call.value("-gs", "--global-settings")]
    for home in homes:
        for config in (f"{home}maven.config", f"{home}jvm.config"):
            words = view.text(config).split() if view.kind(config) is not None else []
            for at, word in enumerate(words):
                option, _, value = word.partition("=")
                value = value or (*words, "")[at + 1]
                if option in ("-s", "--settings", "-gs", "--global-settings") and value:
                    names.append(posixpath.join(posixpath.dirname(home.rstrip("/")), value))
                elif option in _ELSEWHERE or _TELLING.match(word):
                    return Obstacle(f"{view.file(config)} holds {option}")
    for name in filter(None, names):
        if view.kind(name) is None:
            if inside(view, name):
                return Obstacle(f"{view.path(name)} is not in the context")
            continue
        root = xml(view, name)
        for secret in (*root.iter("password"), *root.iter("passphrase")):
            if secret.text and not re.match(r"\s*(\$\{|\{)", secret.text):
                return Obstacle(f"{view.file(name)} holds a password, which a further COPY would spread")
        for place in root.iter("localRepository"):
            if place.text and inside(view, place.text.strip()):
                return Obstacle(f"{view.file(name)} keeps Maven's repository among the sources")
        found.append(view.path(name))
    return found


def _repository(words: list[str], view: View) -> tuple[str, ...]:
    """The local repository, where it is put into the project."""
    said = " ".join((view.env.get("MAVEN_OPTS", ""), view.env.get("MAVEN_ARGS", ""), *words))
    match = re.search(r"-D\s*['\"]?maven\.repo\.local=['\"]?([^\s'\"]+)", said)
    return (written(view, view.path(match[1])),) if match and inside(view, match[1]) else ()


def _between(view: View, found: Poms) -> Obstacle | None:
    """Why the download goals would fail before anything is built: a module that needs another one."""
    own = {poms.text(element, "artifactId") for pom in found.reactor.values() for element in pom.at("project")}
    for pom in found.all:
        name = view.file(pom.path) or pom.path
        for element in pom.at("dependencies/dependency", "plugins/plugin", "extensions/extension"):
            artifact = poms.text(element, "artifactId")
            if len(found.reactor) > 1 and (artifact in own or "$" in artifact):
                line = line_of(view.text(pom.path), rf"<artifactId>\s*{re.escape(artifact)}\s*<")
                return Obstacle(
                    f"{name}:{line} needs {artifact}, a module that is built first; Maven's download goals fail then"
                )
        for plugin in pom.at("plugins/plugin", managed=True):
            if poms.text(plugin, "artifactId") == "maven-dependency-plugin":
                runs = [poms.text(run, "id") for run in plugin.iter("execution")]
                if plugin.find("configuration") is not None or "default-cli" in runs:
                    return Obstacle(f"{name} configures maven-dependency-plugin, whose goals would do the download")
    return None


def _ordinary(found: Poms) -> bool:
    """Whether go-offline is sure to succeed where the build does; see the head of this module."""
    groups: list[str] = knowledge.table("maven")["ordinary"]["groups"]

    def known(name: str) -> bool:
        return any(name == group or name.startswith(f"{group}.") for group in groups)

    def fits(pom: Pom) -> bool:
        unusual = (
            "repository",
            "pluginRepository",
            "reporting",
            "exclusion",
            "dependency/systemPath",
            "plugin/dependencies",
        )
        if any(way.endswith(unusual) for way, _ in pom.elements if "/distributionManagement" not in way):
            return False
        named = [poms.coordinates(element) for element in pom.at("plugins/plugin", "project/parent", managed=True)]
        named += [
            poms.coordinates(element)
            for element in pom.at("dependencyManagement/dependencies/dependency", managed=True)
            if poms.text(element, "scope") == "import"
        ]
        inner = {poms.text(element, "artifactId") for other in found.all for element in other.at("project")}
        return all(known(name.partition(":")[0]) or name.partition(":")[2] in inner for name in named)

    return all(fits(pom) for pom in found.all)
