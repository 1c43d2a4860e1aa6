"""Options and settings of the test suite."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("lrspec", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("lrspec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="write what is generated (golden reports, schemas, docs) anew"
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether generated files are to be written instead of compared."""
    return bool(request.config.getoption("--update"))
