"""The built playground, for the tests of the site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.browser import served
from tests.site.programs import needed


@pytest.fixture(scope="session")
def playground_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built playground, with its page."""
    from docs.site.playground.build import build

    needed("npm")
    folder = tmp_path_factory.mktemp("site") / "playground"
    build(folder)
    return folder


@pytest.fixture(scope="session")
def playground(playground_folder: Path) -> Iterator[str]:
    """The address of the playground, below that of a site."""
    with served(playground_folder.parent) as url:
        yield f"{url}playground/"
