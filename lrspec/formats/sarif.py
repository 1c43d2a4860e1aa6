"""A check as SARIF 2.1.0, the format of code scanning (OASIS, sarif-v2.1.0).

Columns count characters, which SARIF calls `unicodeCodePoints`; ends are exclusive, as in SARIF.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from lrspec import __version__
from lrspec.compiler.runner import CheckResult, Failure
from lrspec.diagnostics import manual
from lrspec.diagnostics.codes import CODES, Code
from lrspec.diagnostics.diagnostic import Diagnostic, Suggestion
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.report import Paint
from lrspec.diagnostics.source import Span
from lrspec.formats.json import as_json

_LINK = re.compile(r"\[(?=[^\]\n]*\]\()")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(checked: Sequence[CheckResult], _: Paint) -> str:
    """The log of one run: the table of rules, a result for each finding, a notification for each failure."""
    failures = [failure for each in checked for failure in each.failures]
    run = {
        "tool": {"driver": _driver()},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not failures,
                "toolExecutionNotifications": [_notification(failure) for failure in failures],
            }
        ],
        "results": [_result(found) for each in checked for found in each.diagnostics],
    }
    return as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver() -> dict[str, Any]:
    return {
        "name": "lrspec",
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in CODES.values()],
    }


def _rule(code: Code) -> dict[str, Any]:
    summary = manual.summary(code)
    return {
        "id": code.code,
        "name": "".join(word.capitalize() for word in code.name.split("-")),
        "shortDescription": {"text": code.name.replace("-", " ")},
        "fullDescription": {"text": summary},
        "help": {"text": summary, "markdown": manual.section(code)},
        "defaultConfiguration": {"level": code.severity.value},
    }


def _result(found: Diagnostic) -> dict[str, Any]:
    result = {
        "ruleId": found.code,
        "ruleIndex": list(CODES).index(found.code),
        "level": found.severity.value,
        "message": {"text": _text(found.message)},
        "locations": [_location(found.path, found.span)],
        "properties": {"rule": found.rule, "parameters": list(found.parameters), "models": list(found.models)},
    }
    return {**result, "fixes": [_fix(found.path, found.suggestion)]} if found.suggestion else result


def _fix(path: str, suggestion: Suggestion) -> dict[str, Any]:
    replacement = {
        "deletedRegion": _region(suggestion.span),
        "insertedContent": {"text": suggestion.replacement},
    }
    return {
        "description": {"text": _text(f"Write {suggestion.replacement}")},
        "artifactChanges": [{"artifactLocation": {"uri": _uri(path)}, "replacements": [replacement]}],
    }


def _notification(failure: Failure) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": _text(failure.message)},
        "locations": [_location(failure.path, failure.span)],
    }


def _text(message: str) -> str:
    """A message without escapes, and without what would be a link (SARIF 2.1.0, 3.11.6): `[here](https://…)`."""
    lines = "\n".join(harmless(line) for line in message.split("\n"))
    return _LINK.sub(r"\\[", lines)


def _location(path: str, span: Span | None) -> dict[str, Any]:
    region = {"region": _region(span)} if span else {}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(path)}, **region}}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
    }


def _uri(path: str) -> str:
    """A path as a URI, relative to where the command runs; an absolute one is a `file:`."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(os.fsencode(PurePath(path).as_posix()))
