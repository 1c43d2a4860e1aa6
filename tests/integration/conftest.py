"""What tests need that train in DeepSpeed."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

import pytest


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """What DeepSpeed needs to compile a part of itself: a compiler, ninja, and a place, here pytest's cache."""
    if shutil.which("c++") is None:
        reason = "DeepSpeed needs a C++ compiler, and there is no c++ on the path"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    assert pytestconfig.cache is not None
    scripts = Path(sysconfig.get_path("scripts"))  # where pip has put ninja
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(pytestconfig.cache.mkdir("torch_extensions")))
