"""The width of the terminal that a stream writes to."""

from __future__ import annotations

import os
import re
from typing import TextIO

_COLUMNS = re.compile(r"0*[1-9][0-9]{0,4}")


def width(stream: TextIO) -> int | None:
    """Return COLUMNS, or else the width of the terminal that a stream writes to; None if it is not one."""
    columns = os.environ.get("COLUMNS", "")
    if _COLUMNS.fullmatch(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # not a terminal, or no file at all
        return None
