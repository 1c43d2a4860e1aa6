"""Why a model cannot be built or read."""

from __future__ import annotations

from lrspec.diagnostics.escape import printable


class ModelError(Exception):
    """A model that cannot be built or read; the text, in one line, says why and what to do."""


def in_one_line(failure: BaseException) -> str:
    """The kind of an exception and the first line of its text, with the next one where that ends in a colon."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    end = next((place for place, line in enumerate(lines) if not line.endswith(":")), len(lines))
    text = printable(" ".join(lines[: end + 1]))
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__
