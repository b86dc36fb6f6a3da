"""Gradle: the wrapper's download, and nothing more.

A build script is a program: it may read any file while Gradle starts, so what a task reads is not known. And Gradle
has no command of its own that only downloads: `dependencies` resolves metadata and fetches no jar, and a task that
resolves all configurations has to be written into the build (https://github.com/gradle/gradle/issues/14051).
What is sure and worth it is the distribution that `gradlew` fetches (130 MB and more): with `--version` the wrapper
unpacks it, and Gradle prints its version without looking at a project
(https://docs.gradle.org/current/userguide/gradle_wrapper.html). The wrapper reads its jar, its properties, and the
system properties of `gradle.properties` (https://github.com/gradle/gradle/issues/11864). The jars are fetched again
whenever a source changes; a cache mount on `~/.gradle` is the cure for that.
"""

from __future__ import annotations

import posixpath
import shlex

from rewriter.project.folders import inside, written
from rewriter.project.manifests import line_of
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.starts import OF_THE_PROJECT, prefix, script
from rewriter.syntax.vocabulary import Call

_HOME = ("-g", "--gradle-user-home")


def needs(call: Call, view: View) -> Answer:
    """What `gradle` or a project's `gradlew` needs. Raises `Unfit` for wrapper files that cannot be read."""
    name = call.head.value or ""
    if name.rpartition("/")[2] != "gradlew":
        if not call.operands:
            return None
        return Obstacle("what build scripts read is not known, and Gradle has no command that only downloads")
    only = call.has("--version", "-v")
    if not only and any(_wrapped(earlier) for earlier in view.before):
        return None  # the distribution is there already
    folder = posixpath.dirname(view.path(name))
    if not only and view.kind(folder) != "folder":
        return None  # what is copied was chosen file by file
    started = script(call, view)
    if isinstance(started, Obstacle):
        return started
    jar = posixpath.join(folder, "gradle/wrapper/gradle-wrapper.jar")
    if view.kind(jar) is None:
        return Obstacle(f"{written(view, jar)} is not in the image, and {name} cannot start without it")
    properties = posixpath.join(folder, "gradle/wrapper/gradle-wrapper.properties")
    text = view.text(properties)
    if OF_THE_PROJECT.search(text):
        return Obstacle(f"{view.file(properties)} keeps Gradle in the project")
    home = call.value(*_HOME)
    if home is None and call.has(*_HOME):
        return Obstacle(f"`{call.head.raw}` is told Gradle's home by a variable")
    reads = [written(view, view.path(name))]
    settings = posixpath.join(folder, "gradle.properties")
    if view.kind(settings) == "file":
        reads.append(written(view, settings))
    reads.append(written(view, posixpath.dirname(jar)) + "/")
    place = home or view.env.get("GRADLE_USER_HOME", "")
    leaves = (written(view, view.path(place)),) if place and inside(view, place) else ()
    line = line_of(text, r"^[ \t]*distributionUrl")
    evidence = (view.evidence("names the Gradle that the wrapper fetches", written(view, properties), line),)
    if only:
        return Needs(tuple(reads), leaves, evidence)
    before = prefix(call)
    if isinstance(before, Obstacle):
        return before
    words = [*before, started, *(("-g", shlex.quote(home)) if home else ()), "--version"]
    still = f"{_shown(call)} still compiles, and fetches plugins and dependencies: Gradle cannot do that alone"
    return Needs(tuple(reads), leaves, evidence, fetch=" ".join(words), still=still)


def _shown(call: Call) -> str:
    return " ".join((call.head.raw, *(word.raw for word in call.operands)))


def _wrapped(call: Call) -> bool:
    return (call.head.value or "").rpartition("/")[2] == "gradlew"
