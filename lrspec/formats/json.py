"""JSON: any result as text, and the results of `lrspec check --format json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrspec.compiler.runner import CheckResult


def as_json(value: Any) -> str:
    """The text of a JSON result, with `##` escaped: in a log it may begin a command, see `escape.harmless`."""
    return json.dumps(value, indent=2, allow_nan=False).replace("##", "#\\u0023") + "\n"


def render(results: Sequence[CheckResult], *_: object) -> str:
    """The results of a check: its files, findings and failures."""
    files = [
        {
            "path": result.path,
            "sha256": result.sha256,
            "models": list(result.models),
            "skipped": list(result.skipped),
            "fixed": result.fixed,
        }
        for result in results
    ]
    failures = [
        {
            "path": failure.path,
            "message": failure.message,
            "line": failure.span.start.line if failure.span else None,
            "column": failure.span.start.column if failure.span else None,
        }
        for result in results
        for failure in result.failures
    ]
    diagnostics = [diagnostic.to_dict() for result in results for diagnostic in result.diagnostics]
    return as_json({"lrspec_check": 1, "files": files, "diagnostics": diagnostics, "failures": failures})
