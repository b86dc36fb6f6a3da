"""What copied-before-install says where it leaves a copy alone, and how it spells what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import Level, Options, Outcome, Project, Rewrite, Source
from rewriter.engine import run
from transforms import CHAIN

ONLY = [transform for transform in CHAIN if transform.name == "copied-before-install"]
WRAPPER = {
    "gradlew": "#!/bin/sh\n",
    "build.gradle": "",
    "gradle/wrapper/gradle-wrapper.jar": "",
    "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https://example.org/gradle.zip\n",
    "src/A.java": "",
}
GRADLE = """FROM eclipse-temurin:21
WORKDIR /app
COPY build.gradle gradlew ./
COPY gradle gradle
RUN ./gradlew downloadAll
COPY . .
RUN chmod +x gradlew
RUN ./gradlew installDist
"""
MAVEN = """FROM eclipse-temurin:21
WORKDIR /
COPY .mvn .mvn
COPY mvnw pom.xml ./
RUN ./mvnw dependency:go-offline -B
COPY src src
RUN ./mvnw package -DskipTests
"""
POM = "<project><groupId>a</groupId><artifactId>b</artifactId><version>1</version></project>\n"
NODE = {"package.json": "{}", "package-lock.json": '{"lockfileVersion": 3, "packages": {}}', "a.js": ""}


def rewritten(folder: Path, text: str, files: dict[str, str]) -> Rewrite:
    for name, content in {**files, "Dockerfile": text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return run(Source(text), ONLY, Project(folder, dockerfile=folder / "Dockerfile"), Options())


def declined(result: Rewrite) -> list[str]:
    return [finding.message for finding in result.of(Outcome.DECLINED)]


def test_what_the_writer_has_divided_himself_is_no_finding(tmp_path: Path) -> None:
    assert not rewritten(tmp_path, GRADLE, WRAPPER).findings
    files = {"mvnw": "#!/bin/sh\n", "pom.xml": POM, ".mvn/wrapper/maven-wrapper.properties": "", "src/A.java": ""}
    assert not rewritten(tmp_path, MAVEN, files).findings


def test_a_download_that_rests_on_a_manifest_is_not_safe(tmp_path: Path) -> None:
    text = "FROM maven:3-eclipse-temurin-17\nWORKDIR /app\nCOPY pom.xml ./\nCOPY src src\nRUN mvn package\n"
    dependency = "<dependency><groupId>a</groupId><artifactId>c</artifactId><version>1</version></dependency>"
    pom = POM.replace("</project>", f"<dependencies>{dependency}</dependencies></project>")
    [found] = rewritten(tmp_path, text, {"pom.xml": pom, "src/A.java": ""}).of(Outcome.CHANGED)
    assert found.level is Level.STANDARD


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("for x in 1 2; do npm ci; done", "line 4 runs commands more than once, or some of several"),
        ("if [ -e .npmrc ]; then npm ci; fi", "line 4 tests for files, or uses the output of a command"),
        ("$TOOL && npm ci", "line 4 runs $TOOL, which is not known"),
    ],
)  # fmt: skip
def test_reasons_name_what_is_in_the_way(tmp_path: Path, step: str, reason: str) -> None:
    text = f"FROM node:20\nWORKDIR /app\nCOPY . .\nRUN {step}\n"
    assert declined(rewritten(tmp_path, text, NODE)) == [reason]


@pytest.mark.parametrize(
    ("copy", "first"),
    [
        ("COPY . .", "COPY package.json package-lock.json ./"),
        ("COPY ./web .", "COPY ./web/package.json ./web/package-lock.json ./"),
        ("COPY /web .", "COPY /web/package.json /web/package-lock.json ./"),
        ("COPY web/ .", "COPY web/package.json web/package-lock.json ./"),
        ("COPY ./ /app/", "COPY package.json package-lock.json /app/"),
    ],
)
def test_sources_are_spelled_as_the_writer_spells_them(tmp_path: Path, copy: str, first: str) -> None:
    text = f"FROM node:20\nWORKDIR /app\n{copy}\nRUN npm ci\n"
    files = {**NODE, **{f"web/{name}": content for name, content in NODE.items()}}
    assert rewritten(tmp_path, text, files).after.text.splitlines()[2] == first
