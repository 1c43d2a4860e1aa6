"""A check as GitHub's workflow commands, which annotate the lines of a pull request.

The escapes are those of GitHub's own toolkit (`@actions/core`, command.ts). A column is left out where an annotation
spans several lines: GitHub refuses the command otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from lrspec.compiler.runner import CheckResult
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.report import Paint
from lrspec.diagnostics.source import Span


def render(checked: Sequence[CheckResult], _: Paint) -> str:
    """A line for each finding, and for each thing that could not be checked."""
    return "".join(f"{line}\n" for each in checked for line in _of_file(each))


def _of_file(checked: CheckResult) -> Iterator[str]:
    for found in checked.diagnostics:
        yield _command(found.severity.value, f"{found.code} {found.name}", found.path, found.span, _message(found))
    for failure in checked.failures:
        yield _command("error", "cannot be checked", failure.path, failure.span, harmless(failure.message))


def _message(found: Diagnostic) -> str:
    return "\n".join(harmless(line) for line in found.lines)


def _command(severity: str, title: str, path: str, span: Span | None, message: str) -> str:
    properties = {"title": title, "file": harmless(PurePath(path).as_posix()), **(_place(span) if span else {})}
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{severity} {listed}::{_data(message)}"


def _place(span: Span) -> dict[str, int]:
    start, end = span.start, span.end
    if start.line != end.line:
        return {"line": start.line, "endLine": end.line}
    return {"line": start.line, "endLine": end.line, "col": start.column, "endColumn": end.column}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
