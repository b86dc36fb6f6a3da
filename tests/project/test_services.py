"""The compose services that build the Dockerfile of a context."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter.project.context import Project
from rewriter.project.services import services

COMPOSE = """\
services:
  web:
    build: .
    environment: {NODE_ENV: production}
  worker:
    build: {context: ./, dockerfile: ./Dockerfile}
    environment: ["QUEUE=mail", "DEBUG"]
  docs:
    build: {dockerfile: docs.Dockerfile}
  cache:
    image: redis:7
  other:
    build: ./other
"""


def test_services(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    found = list(services(Project(tmp_path)))
    assert [(each.name, each.line, sorted(each.environment)) for each in found] == [
        ("web", 2, ["NODE_ENV"]),
        ("worker", 5, ["DEBUG", "QUEUE"]),
    ]
    assert str(found[0].fact("is there")) == "compose.yaml:2: service web is there"
    other = list(services(Project(tmp_path, dockerfile=tmp_path / "docs.Dockerfile")))
    assert [each.name for each in other] == ["docs"]


@pytest.mark.parametrize("text", ["services: [", "- a", "services: 1", "services: {a: 1, b: {build: [x]}}", ""])
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "docker-compose.yml").write_text(text)
    assert not list(services(Project(tmp_path)))


def test_files_above_the_context(tmp_path: Path) -> None:
    """Up to the root of the repository, with files that only add to a service."""
    web = tmp_path / "web"
    web.mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    build: ./web\n  db:\n    image: postgres\n")
    (tmp_path / "compose.override.yaml").write_text("services:\n  web:\n    volumes:\n      - data:/data\n")
    project = Project(web, dockerfile=web / "Dockerfile")
    found = services(project)
    assert [(each.file, each.name, "volumes" in each.values) for each in found] == [
        ("../compose.yaml", "web", False),
        ("../compose.override.yaml", "web", True),
    ]
    assert found[1].line_of("/data") == 4
    assert "../compose.yaml" in project.asked


def test_names_from_the_environment_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# paths\nROOT=src\nexport SHOP_DOCKERFILE='shop.Dockerfile'\nPATHS=${ROOT}/shop # here\n"
    )
    (tmp_path / "compose.yaml").write_text(
        "services:\n"
        "  shop: {build: {context: ., dockerfile: '${SHOP_DOCKERFILE}'}}\n"
        "  till: {build: {context: '${PATHS}', dockerfile: '../../${SHOP_DOCKERFILE:-Dockerfile}'}}\n"
        "  odd: {build: {context: ., dockerfile: '${ODD_DOCKERFILE}'}}\n"
    )
    found = services(Project(tmp_path, dockerfile=tmp_path / "shop.Dockerfile"))
    assert [each.name for each in found] == ["shop", "till"]
