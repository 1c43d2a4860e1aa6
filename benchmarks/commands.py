"""Runs Python processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def python(folder: str | Path, *words: str, **environment: str) -> str:
    """What a Python process prints that has these words and runs in this folder.

    Raises:
        subprocess.CalledProcessError: where it fails.
    """
    environ = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environ, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
