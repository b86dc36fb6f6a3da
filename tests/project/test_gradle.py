"""Gradle: the wrapper's download goes first, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.asked import answer, known, obstacle

URL = "distributionBase=GRADLE_USER_HOME\ndistributionUrl=https\\://services.gradle.org/distributions/gradle-8.10-bin.zip\n"
FILES = {
    "gradlew": '#!/bin/sh\nexec java "$@"\n',
    "gradle/wrapper/gradle-wrapper.jar": "PK",
    "gradle/wrapper/gradle-wrapper.properties": URL,
    "build.gradle": "version = file('VERSION').text\n",
}


@pytest.mark.parametrize(
    ("command", "fetch"),
    [
        ("./gradlew build", "./gradlew --version"),
        ("./gradlew --no-daemon bootJar -x test", "./gradlew --version"),
        ("./gradlew -g /cache assemble", "./gradlew -g /cache --version"),
        ("JAVA_OPTS=-Xmx64m ./gradlew build", "JAVA_OPTS=-Xmx64m ./gradlew --version"),
        ("/app/gradlew build", "/app/gradlew --version"),
    ],
)
def test_the_distribution_goes_first(tmp_path: Path, command: str, fetch: str) -> None:
    found = known(answer(tmp_path, FILES, command))
    assert (found.fetch, found.reads, found.leaves) == (fetch, ("gradlew", "gradle/wrapper/"), ())
    assert found.evidence[0].line == 2
    assert "fetches plugins and dependencies" in found.still


def test_properties_are_read(tmp_path: Path) -> None:
    files = {**FILES, "gradle.properties": "systemProp.https.proxyHost=proxy\n"}
    found = known(answer(tmp_path, files, "./gradlew build"))
    assert found.reads == ("gradlew", "gradle.properties", "gradle/wrapper/")


def test_the_version_as_a_step_of_its_own(tmp_path: Path) -> None:
    assert known(answer(tmp_path, FILES, "./gradlew --version")).fetch is None
    assert answer(tmp_path, FILES, "./gradlew build", before="./gradlew --version") is None


def test_a_home_among_the_sources(tmp_path: Path) -> None:
    assert known(answer(tmp_path, FILES, "./gradlew -g .gradle-home build")).leaves == (".gradle-home",)
    env = {"GRADLE_USER_HOME": "/app/.gradle-home"}
    assert known(answer(tmp_path, FILES, "./gradlew build", env=env)).leaves == (".gradle-home",)


def test_gradle_itself_reads_what_it_likes(tmp_path: Path) -> None:
    assert "what build scripts read is not known" in obstacle(answer(tmp_path, FILES, "gradle build"))
    assert answer(tmp_path, FILES, "gradle --version") is None


@pytest.mark.parametrize(
    ("files", "command", "reason"),
    [
        (
            {"gradle/wrapper/gradle-wrapper.properties": URL.replace("GRADLE_USER_HOME", "PROJECT")},
            "build",
            "in the project",
        ),
        ({"gradle/wrapper/gradle-wrapper.properties": "distributionUrl=gradle.zip"}, "build", "in the project"),
        ({"gradlew": "#!/bin/sh\r\n"}, "build", "line endings"),
        ({}, "-g $HOME_OF_GRADLE build", "by a variable"),
    ],
)
def test_what_stands_against_it(tmp_path: Path, files: dict[str, str], command: str, reason: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    given = {name: text for name, text in FILES.items() if name not in files}
    assert reason in obstacle(answer(tmp_path, given, f"./gradlew {command}"))


def test_a_wrapper_without_its_jar(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if not name.endswith(".jar")}
    assert "gradle/wrapper/gradle-wrapper.jar is not in the image" in obstacle(
        answer(tmp_path, files, "./gradlew build")
    )


def test_a_wrapper_that_is_not_there(tmp_path: Path) -> None:
    assert "gradlew is not copied into the image" in obstacle(answer(tmp_path, {}, "./gradlew build"))
