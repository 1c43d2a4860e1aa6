"""Runs Python processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def python(folder: str | Path, *words: str, **environment: str) -> str:
    """Run Python with these arguments in this folder, and return what it prints.

    Raises:
        subprocess.CalledProcessError: if it fails.
    """
    environ = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environ, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
