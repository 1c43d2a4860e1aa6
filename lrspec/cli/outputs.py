"""Writes what a command returns: results to standard output or a file, reports to standard error, an exit status."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli.options import CannotRun, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrspec.diagnostics.diagnostic import Diagnostic
    from lrspec.diagnostics.report import Paint
    from lrspec.spec.load import Reading, SpecFile

_COLOURS: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "place": {"bold": True},
    "gutter": {"fg": "blue"},
}
_LABEL = re.compile(r"(error|warning)\s(LRS\d{3})")


def print_report(diagnostics: Sequence[Diagnostic], reading: Reading | SpecFile, color: str) -> int:
    """Print diagnostics on standard error, and return their exit status."""
    from lrspec.diagnostics.report import report
    from lrspec.formats.terminal import width

    if diagnostics:
        paint = painter(color, terminal=sys.stderr.isatty())
        say(report(diagnostics, reading.document.text, paint, width(sys.stderr)))
    return status(diagnostics, strict=False)


def status(diagnostics: Sequence[Diagnostic], strict: bool) -> int:
    """Return 1 if there are errors, or with `strict` any diagnostics; else 0."""
    from lrspec.diagnostics.diagnostic import has_errors

    return int(has_errors(diagnostics) or (strict and bool(diagnostics)))


def emit(text: str, output: str | None) -> None:
    """Write a result to standard output, or to a file; it is not an error if standard output's reader has left."""
    from lrspec.files import hush

    if output is not None:
        emit_bytes(text.encode(), output)
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as failure:
        hush(sys.stdout)
        if not isinstance(failure, BrokenPipeError):
            raise _unwritable("standard output", failure) from None


def emit_bytes(content: bytes, output: str) -> None:
    """Write a result to a file, whole or not at all."""
    from pathlib import Path

    from lrspec.files import write_file

    try:
        write_file(Path(output), content)
    except OSError as failure:
        raise _unwritable(output, failure) from None


def _unwritable(place: str, failure: OSError) -> CannotRun:
    from lrspec.files import system_reason

    return CannotRun(f"{place}: {system_reason(failure, 'cannot be written')}")


def emit_json(value: Any, output: str | None) -> None:
    """Write a result as JSON."""
    from lrspec.formats.json import as_json

    emit(as_json(value), output)


def is_watched() -> bool:
    """Return whether a person watches a terminal that can draw; pre-commit's hooks can write to one, but not read."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def painter(color: str, *, terminal: bool) -> Paint:
    """Return the function that colours reports; with `auto`, only on a terminal, and not under NO_COLOR.

    Where a person watches the terminal, codes are links to their pages.
    """
    from lrspec.diagnostics.report import uncoloured

    wanted = terminal and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    if color != "always" and not (color == "auto" and wanted):
        return uncoloured
    linked = terminal and is_watched() and not os.environ.get("CI")
    return lambda part, text: click.style(_linked(text) if linked else text, **_COLOURS[part])


def _linked(text: str) -> str:
    """The text with its code as a link, as terminals read it (OSC 8), if it is a severity and a code."""
    from lrspec.address import of_code

    label = _LABEL.fullmatch(text)
    return f"{label[1]} \x1b]8;;{of_code(label[2])}\x1b\\{label[2]}\x1b]8;;\x1b\\" if label else text
