"""The error for a model that cannot be built or read, and its message."""

from __future__ import annotations

import importlib
import os
import sysconfig
import traceback
from pathlib import Path
from typing import Any

import lrspec
from lrspec.diagnostics.escape import printable


class ModelError(Exception):
    """A model cannot be built or read; the message, in one line, says why and what to do."""


class NoLibraryError(ModelError):
    """A library that builds the model is not installed, or cannot be imported."""


def in_one_line(failure: BaseException) -> str:
    """Return an exception's class and the first line of its text, with the next one if that ends in a colon."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    end = next((place for place, line in enumerate(lines) if not line.endswith(":")), len(lines))
    text = printable(" ".join(lines[: end + 1]))
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__


def own_place(failure: BaseException) -> str | None:
    """Return the innermost frame in the user's code, as `mod.py:9, in make`; None if there is none."""
    libraries = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    others = [str(Path(folder)) + os.sep for folder in (*libraries, *lrspec.__path__)]
    frames = traceback.extract_tb(failure.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(("<", *others))]
    if not own:
        return None
    function = "" if own[-1].name == "<module>" else f", in {own[-1].name}"
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}{function}"


def library(name: str) -> Any:
    """Import a library, or NoLibraryError if that fails."""
    try:
        return importlib.import_module(name)
    except ImportError as failure:
        packages = name if name == "torch" else f"'lrspec[{name}]'"
        raise NoLibraryError(
            f"{name} is needed to build this model, and cannot be imported ({in_one_line(failure)}): "
            f"pip install {packages}, or give a saved inventory with --params"
        ) from None
