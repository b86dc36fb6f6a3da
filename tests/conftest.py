"""Options and fixtures shared by the tests."""

from __future__ import annotations

import pytest

from rewriter.source import Source
from rewriter.syntax.reader import read
from rewriter.verify.building.base_images import base_images

from . import engine
from .golden_cases import Case


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected files of the golden cases")


@pytest.fixture(scope="session")
def images() -> frozenset[str]:
    """The images of the engine."""
    found = engine.images()
    if found is None:
        pytest.skip("no Docker engine is reachable: nothing is built or checked")
    return found


@pytest.fixture
def needs(case: Case, images: frozenset[str]) -> None:
    """Skip where the engine lacks an image that the case takes from elsewhere."""
    missing = frozenset().union(*(base_images(read(Source(text))) for text in (case.before, case.expected))) - images
    if missing:
        pytest.skip("the engine lacks an image of the case")
