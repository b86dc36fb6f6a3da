"""Which image runs what an image with a compiler or an SDK built: the tables of Java and .NET."""

from __future__ import annotations

import pytest

from rewriter.knowledge.bases import Bases
from rewriter.stages.dotnet import images as dotnet_images
from rewriter.stages.java import images as java_images


@pytest.mark.parametrize(
    ("reference", "expected", "same"),
    [
        ("eclipse-temurin:17", "eclipse-temurin:17-jre", True),
        ("eclipse-temurin:21-jdk-alpine", "eclipse-temurin:21-jre-alpine", True),
        ("eclipse-temurin:17.0.11_9-jdk-jammy", "eclipse-temurin:17.0.11_9-jre-jammy", True),
        ("docker.io/library/maven:3.9-eclipse-temurin-17", "docker.io/library/eclipse-temurin:17-jre", True),
        ("maven:3.9.6-eclipse-temurin-21-alpine", "eclipse-temurin:21-jre-alpine", True),
        ("maven:3.6.3-jdk-8-slim", "openjdk:8-jre-slim", True),
        ("maven:3.8-openjdk-17", "eclipse-temurin:17-jre", False),
        ("maven:3.9-amazoncorretto-17-al2023", "amazoncorretto:17-al2023-headful", True),
        ("gradle:8-jdk17", "eclipse-temurin:17-jre", True),
        ("gradle:6.9-jdk11", "eclipse-temurin:11-jre", False),
        ("openjdk:8u181-jdk-alpine3.8", "openjdk:8u181-jre-alpine3.8", True),
        ("openjdk:17-alpine", "eclipse-temurin:17-jre-alpine", False),
        ("amazoncorretto:8-alpine", "amazoncorretto:8-alpine-jre", True),
        ("tomcat:10.1-jdk21-temurin-noble", "tomcat:10.1-jre21-temurin-noble", True),
    ],
)
def test_java_without_its_compiler(reference: str, expected: str, same: bool) -> None:
    found = java_images.jre(reference)
    assert found is not None
    assert (found.reference, found.same) == (expected, same)


@pytest.mark.parametrize(
    "reference",
    [
        "maven", "maven:3.9.9", "maven:3.9-eclipse-temurin-$JAVA", "gradle:jdk", "openjdk:8-jre", "openjdk:12-jdk",
        "eclipse-temurin:17.0.1_12-jdk", "eclipse-temurin:17-jre", "eclipse-temurin:17@sha256:0123", "python:3.12",
        "eclipse-temurin:17-jdk-nanoserver",
    ],
)  # fmt: skip
def test_no_image_without_the_compiler(reference: str) -> None:
    assert java_images.jre(reference) is None


@pytest.mark.parametrize("reference", ["openjdk:8-jdk-alpine", "gradle:8-jdk21-alpine", "maven:3-jdk-8-alpine"])
def test_the_c_library_stays(reference: str) -> None:
    found = java_images.jre(reference)
    assert found is not None
    assert Bases().lookup(found.reference).distribution == "alpine"


@pytest.mark.parametrize(
    ("reference", "kind", "expected"),
    [
        ("mcr.microsoft.com/dotnet/sdk:8.0", "aspnet", "mcr.microsoft.com/dotnet/aspnet:8.0"),
        (
            "mcr.microsoft.com/dotnet/sdk:8.0.404-alpine3.20",
            "runtime",
            "mcr.microsoft.com/dotnet/runtime:8.0-alpine3.20",
        ),
        ("mcr.microsoft.com/dotnet/sdk:6.0-jammy-amd64", "aspnet", "mcr.microsoft.com/dotnet/aspnet:6.0-jammy-amd64"),
        (
            "mcr.microsoft.com/dotnet/core/sdk:3.1-buster",
            "aspnet",
            "mcr.microsoft.com/dotnet/core/aspnet:3.1-buster-slim",
        ),
    ],
)
def test_dotnet_without_the_sdk(reference: str, kind: str, expected: str) -> None:
    found = dotnet_images.image(reference)
    assert found is not None
    assert found.of(kind) == expected
    assert Bases().lookup(expected).known


@pytest.mark.parametrize(
    "tag", ["8.0-nanoserver-1809", "latest", "9.0-preview", "8.0-aot", "$VERSION", "8.0@sha256:01"]
)
def test_unknown_tag_of_dotnet(tag: str) -> None:
    assert dotnet_images.image(f"mcr.microsoft.com/dotnet/sdk:{tag}") is None


@pytest.mark.parametrize(("version", "emptied"), [("2.2", False), ("3.1", True), ("7.0", True), ("8.0", False)])
def test_versions_whose_sdk_empties_the_address(version: str, emptied: bool) -> None:
    found = dotnet_images.image(f"mcr.microsoft.com/dotnet/sdk:{version}")
    assert found is not None
    assert found.empties_urls is emptied
