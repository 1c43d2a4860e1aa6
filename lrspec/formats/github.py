"""A check as GitHub's workflow commands, which annotate the lines of a pull request.

The escapes are those of GitHub's own toolkit (`@actions/core`, command.ts). An annotation that spans several lines has
no columns: GitHub refuses the command otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from lrspec.compiler.runner import CheckResult
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.source import Span


def render(results: Sequence[CheckResult], *_: object) -> str:
    """One line per finding and per failure."""
    commands = []
    for result in results:
        for diagnostic in result.diagnostics:
            title = f"{diagnostic.code} {diagnostic.name}"
            message = "\n".join(map(harmless, diagnostic.lines))
            commands.append(_command(diagnostic.severity, title, diagnostic.path, diagnostic.span, message))
        for failure in result.failures:
            message = harmless(failure.message)
            commands.append(_command("error", "cannot be checked", failure.path, failure.span, message))
    return "".join(commands)


def _command(severity: str, title: str, path: str, span: Span | None, message: str) -> str:
    properties: dict[str, str | int] = {"title": title, "file": harmless(PurePath(path).as_posix())}
    if span:
        properties |= {"line": span.start.line, "endLine": span.end.line}
    if span and span.start.line == span.end.line:
        properties |= {"col": span.start.column, "endColumn": span.end.column}
    escaped = {key: _data(str(value)).replace(":", "%3A").replace(",", "%2C") for key, value in properties.items()}
    return f"::{severity} {','.join(f'{key}={value}' for key, value in escaped.items())}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
