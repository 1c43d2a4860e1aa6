"""The output of commands: one module for each `--format` of a check, tables, explanations, and the JSON Schemas."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lrspec.compiler.runner import CheckResult
    from lrspec.diagnostics.report import Paint

FORMATS = ("text", "json", "github", "sarif")
"""The formats of a check; each names a module here that has a `render`. The first is the default."""


def renderer(format: str) -> Callable[[Sequence[CheckResult], Paint, int | None], str]:
    """The function that writes the results of a check in one of FORMATS; only its module is imported.

    Besides the results it takes the colours and the width of a terminal, which only `text` uses.
    """
    render: Callable[[Sequence[CheckResult], Paint, int | None], str] = import_module(f"lrspec.formats.{format}").render
    return render
