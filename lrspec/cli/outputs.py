"""What a command leaves: results on standard output or in a file, reports on standard error, an exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli.options import CannotRun, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrspec.diagnostics.diagnostic import Diagnostic
    from lrspec.diagnostics.report import Paint
    from lrspec.spec.load import Reading

_COLOURS: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "place": {"bold": True},
    "gutter": {"fg": "blue"},
}


def print_report(diagnostics: Sequence[Diagnostic], reading: Reading, color: str) -> int:
    """Print diagnostics on standard error, and return the status that they make."""
    from lrspec.diagnostics.report import report

    if diagnostics:
        say(report(diagnostics, reading.document.text, painter(color, terminal=sys.stderr.isatty())))
    return status(diagnostics, strict=False)


def status(diagnostics: Sequence[Diagnostic], strict: bool) -> int:
    """0, or 1 where there are errors; with `strict` warnings count."""
    from lrspec.diagnostics.diagnostic import has_errors

    return int(has_errors(diagnostics) or (strict and bool(diagnostics)))


def emit(text: str, output: str | None) -> None:
    """Write a result to standard output, or to a file; a reader of standard output that has left is not an error."""
    from pathlib import Path

    from lrspec.files import system_reason, write_file

    try:
        if output is not None and output != "-":
            write_file(Path(output), text.encode())
        else:
            _print(text)
    except OSError as failure:
        where = output or "standard output"
        raise CannotRun(f"{where}: {system_reason(failure, 'cannot be written')}") from None


def emit_json(value: Any, output: str | None) -> None:
    """Write a result as JSON."""
    from lrspec.formats.json import as_json

    emit(as_json(value), output)


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as failure:
        from lrspec.files import hush

        hush(sys.stdout)
        if not isinstance(failure, BrokenPipeError):
            raise


def width() -> int | None:
    """The width of the terminal, or None where standard output is none."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def is_watched() -> bool:
    """Whether somebody sits before a terminal that can draw: pre-commit gives a hook one to write to, none to read."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def painter(color: str, *, terminal: bool) -> Paint:
    """How reports are coloured: `always`, `never`, or `auto`, on a terminal only and not under NO_COLOR."""
    from lrspec.diagnostics.report import uncoloured

    wanted = terminal and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    return _paint if color == "always" or (color == "auto" and wanted) else uncoloured


def _paint(part: str, text: str) -> str:
    return click.style(text, **_COLOURS[part])
