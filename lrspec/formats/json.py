"""JSON: of any result as text, and of a check as `lrspec check --format json` writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrspec.compiler.runner import CheckResult, Failure
    from lrspec.diagnostics.report import Paint


def as_json(value: Any) -> str:
    """The text of a JSON result, in which `##` is spelt out: in a log it may begin a command, see `escape.harmless`."""
    return json.dumps(value, indent=2, allow_nan=False).replace("##", "#\\u0023") + "\n"


def render(checked: Sequence[CheckResult], _: Paint) -> str:
    """The results of a check: its files, findings and failures."""
    return as_json(
        {
            "lrspec_check": 1,
            "files": [_file(each) for each in checked],
            "diagnostics": [found.to_dict() for each in checked for found in each.diagnostics],
            "failures": [_failure(failure) for each in checked for failure in each.failures],
        }
    )


def _file(checked: CheckResult) -> dict[str, Any]:
    return {
        "path": checked.path,
        "sha256": checked.sha256,
        "models": list(checked.models),
        "skipped": list(checked.skipped),
        "fixed": checked.fixed,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "path": failure.path,
        "message": failure.message,
        "line": failure.span.start.line if failure.span else None,
        "column": failure.span.start.column if failure.span else None,
    }
