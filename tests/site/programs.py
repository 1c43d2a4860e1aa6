"""Programs that the tests of the site need."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(program: str) -> str:
    """The path of a program; without it, the test fails where the suite must be whole, and is skipped elsewhere."""
    path = shutil.which(program)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{program} is needed, and is not on the path")
    return path
