"""Where code of the user's has failed: the innermost place that is neither Python's nor that of a library."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path

import lrspec


def own_place(failure: BaseException) -> str | None:
    """`mod.py:9, in make`: the innermost frame in code of the user's, or None where there is none."""
    libraries = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    others = [str(Path(folder)) + os.sep for folder in (*libraries, *lrspec.__path__)]
    frames = traceback.extract_tb(failure.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(("<", *others))]
    if not own:
        return None
    function = "" if own[-1].name == "<module>" else f", in {own[-1].name}"
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}{function}"
