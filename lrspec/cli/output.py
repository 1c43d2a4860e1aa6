"""Where results go: standard output, whose reader may leave early, or a file, which is whole or not there."""

from __future__ import annotations

import sys
from pathlib import Path

from lrspec.files import hush, write_file


def emit(text: str, file: str | None) -> None:
    """Write a result to a file, or to standard output; a reader that has left is not an error.

    Raises:
        OSError: where the file cannot be written; what was there before is still there then.
    """
    if file is not None and file != "-":
        return write_file(Path(file), text.encode())
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        hush(sys.stdout)
    except OSError:
        hush(sys.stdout)
        raise
    return None
