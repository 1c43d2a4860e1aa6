"""A check as SARIF 2.1.0, the format of code scanning (OASIS, sarif-v2.1.0).

Columns count characters, which SARIF calls `unicodeCodePoints`; ends are exclusive in both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from lrspec import __version__
from lrspec.address import of_code
from lrspec.compiler.runner import CheckResult
from lrspec.diagnostics import manual
from lrspec.diagnostics.codes import CODES, Code
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.source import Span
from lrspec.formats.json import as_json

_LINK = re.compile(r"\[(?=[^\]\n]*\]\()")


def render(results: Sequence[CheckResult], *_: object) -> str:
    """The log of one run: the table of rules, one result per finding and one notification per failure."""
    rules = [_rule(code) for code in CODES.values()]
    notifications = [
        {
            "level": "error",
            "message": {"text": _text(failure.message)},
            "locations": [_location(failure.path, failure.span)],
        }
        for result in results
        for failure in result.failures
    ]
    run = {
        "tool": {"driver": {"name": "lrspec", "semanticVersion": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}],
        "results": [_result(diagnostic) for result in results for diagnostic in result.diagnostics],
    }
    return as_json({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _rule(code: Code) -> dict[str, Any]:
    summary = manual.summary(code)
    return {
        "id": code.code,
        "name": "".join(word.capitalize() for word in code.name.split("-")),
        "shortDescription": {"text": code.name.replace("-", " ")},
        "fullDescription": {"text": summary},
        "helpUri": of_code(code.code),
        "help": {"text": summary, "markdown": manual.section(code)},
        "defaultConfiguration": {"level": code.severity.value},
    }


def _result(diagnostic: Diagnostic) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": list(CODES).index(diagnostic.code),
        "level": diagnostic.severity.value,
        "message": {"text": _text(diagnostic.message)},
        "locations": [_location(diagnostic.path, diagnostic.span)],
        "properties": {
            "rule": diagnostic.rule,
            "parameters": list(diagnostic.parameters),
            "models": list(diagnostic.models),
        },
    }
    if suggestion := diagnostic.suggestion:
        inserted = {"text": suggestion.replacement}
        replacement = {"deletedRegion": _region(suggestion.span), "insertedContent": inserted}
        change = {"artifactLocation": {"uri": _uri(diagnostic.path)}, "replacements": [replacement]}
        description = {"text": _text(f"Write {suggestion.replacement}")}
        result["fixes"] = [{"description": description, "artifactChanges": [change]}]
    return result


def _text(message: str) -> str:
    """A message made harmless, without links (SARIF 2.1.0, 3.11.6) such as `[here](https://…)`."""
    return _LINK.sub(r"\\[", "\n".join(map(harmless, message.split("\n"))))


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
    """A path as a URI: relative to the current folder, or `file:` for an absolute path."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(os.fsencode(PurePath(path).as_posix()))
