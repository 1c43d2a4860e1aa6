"""The encoding of the standard streams, and what stands for characters that it does not have."""

from __future__ import annotations

import codecs
import os
from typing import TextIO

_INSTEAD = {"…": "~", "×": "x", "─": "-", "├": "+", "└": "+", "│": "|"}
"""One column for one column, so that tables and carets stay where they are."""


def set_encoding(stream: TextIO) -> None:
    """Let a standard stream write UTF-8 whatever the locale, or the encoding of PYTHONIOENCODING; without exceptions.

    An error handler named there is kept.
    """
    if not hasattr(stream, "reconfigure"):
        return
    if not os.environ.get("PYTHONIOENCODING"):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    elif stream.errors in ("strict", "surrogateescape", "backslashreplace"):
        stream.reconfigure(errors="lrspec")


def _replaced(failure: UnicodeError) -> tuple[str, int]:
    assert isinstance(failure, UnicodeEncodeError)
    characters = failure.object[failure.start : failure.end]
    others = (_INSTEAD.get(each) or each.encode("ascii", "backslashreplace").decode() for each in characters)
    return "".join(others), failure.end


codecs.register_error("lrspec", _replaced)
