"""What lrspec finds: the one table of codes, a `Diagnostic`, and the error that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.source import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lrspec.compiler.plan import Plan
    from lrspec.diagnostics.source import Path, Span


class Severity(StrEnum):
    """How much a finding weighs; an ignored one is not reported."""

    error = "error"
    warning = "warning"
    ignore = "ignore"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table of diagnostics."""

    code: str
    name: str
    severity: Severity

    @property
    def adjustable(self) -> bool:
        """Whether `check:` may change the severity: not where the document itself is wrong (LRS1xx)."""
        return not self.code.startswith("LRS1")


CODES = {
    code: Code(code, name, Severity(severity))
    for code, name, severity in (
        ("LRS101", "syntax", "error"),
        ("LRS102", "duplicate-key", "error"),
        ("LRS103", "unknown-key", "error"),
        ("LRS104", "invalid-value", "error"),
        ("LRS105", "invalid-regex", "error"),
        ("LRS106", "unknown-option", "error"),
        ("LRS107", "duplicate-rule-name", "error"),
        ("LRS201", "unmatched-parameter", "error"),
        ("LRS202", "overlapping-rules", "error"),
        ("LRS203", "unused-rule", "error"),
        ("LRS204", "shadowed-rule", "error"),
        ("LRS205", "unused-pattern", "error"),
        ("LRS206", "frozen-only-rule", "warning"),
        ("LRS207", "join-without-layer", "error"),
        ("LRS208", "shape-unknown", "error"),
        ("LRS209", "redundant-setting", "warning"),
        ("LRS210", "scaled-absolute-lr", "error"),
        ("LRS211", "unfit-parameter", "error"),
        ("LRS212", "unused-optimizer", "error"),
        ("LRS301", "regex-partial-component", "warning"),
        ("LRS302", "regex-unescaped-dot", "warning"),
        ("LRS303", "zero-lr", "warning"),
        ("LRS304", "large-value", "warning"),
        ("LRS305", "mixed-decay", "warning"),
        ("LRS306", "regex-dead-branch", "warning"),
        ("LRS307", "embedding-as-matrix", "warning"),
        ("LRS401", "parameter-in-no-group", "error"),
        ("LRS402", "parameter-in-two-groups", "error"),
        ("LRS403", "unknown-parameter", "error"),
        ("LRS404", "unoptimized-parameter", "error"),
        ("LRS405", "setting-differs", "error"),
        ("LRS406", "schedule-differs", "error"),
        ("LRS407", "swapped-state", "error"),
        ("LRS408", "other-optimizer", "error"),
        ("LRS409", "frozenness-differs", "error"),
    )
}
"""Every diagnostic by its code."""

ADJUSTABLE = {code.name: code for code in CODES.values() if code.adjustable}
"""The diagnostics whose severity `check:` may change, by name."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What was probably meant: the text to put in place of a piece of the spec.

    It is `safe` where it cannot change what is selected: `lrspec check --fix` writes it.
    """

    replacement: str
    span: Span
    safe: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The suggestion as in JSON."""
        return {"replacement": self.replacement, **_place(self.span), "safe": self.safe}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a spec, at a place in it.

    `line` and `column` are 1-based, `end_column` is exclusive. `message` has up to three lines: what is
    wrong, the parameters that it is about (the first few with shape and size), and what to do.
    `parameters` has the first names of all of them; `rule` is the rule that it is about, if any.
    `suggestion` is there where one answer is likely. Where a spec is checked against several models,
    `models` are those of which it is true.
    """

    code: str
    severity: Severity
    message: str
    path: str
    span: Span
    rule: str | None = None
    parameters: tuple[str, ...] = ()
    suggestion: Suggestion | None = None
    models: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its code, such as `unmatched-parameter`."""
        return CODES[self.code].name

    @property
    def lines(self) -> list[str]:
        """The message line by line; of several models, with those of which it is true."""
        models = [f"With {', '.join(self.models)}."] if self.models else []
        return [*self.message.split("\n"), *models]

    @property
    def line(self) -> int:
        """The line where it starts, from 1."""
        return self.span.start.line

    @property
    def column(self) -> int:
        """The column where it starts, from 1."""
        return self.span.start.column

    @property
    def end_line(self) -> int:
        """The line where it ends, from 1."""
        return self.span.end.line

    @property
    def end_column(self) -> int:
        """The column after its last character."""
        return self.span.end.column

    def __str__(self) -> str:
        """As in a report, but without the line of the spec."""
        said = "\n    ".join(map(harmless, self.lines))
        return f"{harmless(self.path)}:{self.line}:{self.column}: {self.severity} {self.code} {self.name}: {said}"

    def to_dict(self) -> dict[str, Any]:
        """The diagnostic as in the JSON plan."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity.value,
            "message": self.message,
            "path": self.path,
            **_place(self.span),
            "rule": self.rule,
            "parameters": list(self.parameters),
            "suggestion": self.suggestion.to_dict() if self.suggestion else None,
            "models": list(self.models),
        }


@dataclass(frozen=True, slots=True)
class Meant:
    """What was probably meant in place of a key or a value: a text, or a `plain` word such as `1e-3` or `true`."""

    text: str
    plain: bool = False
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding whose place is still a path into the spec; `rule` is the index of the rule that it is about."""

    code: str
    path: Path
    message: str
    rule: int | None = None
    parameters: tuple[str, ...] = ()
    at_key: bool = False
    meant: Meant | None = None


class SpecError(Exception):
    """The spec is wrong, or does not fit the model.

    `diagnostics` are all findings, warnings included, in the order of their places; `plan` is the plan
    as far as it got, or None where the spec itself has errors. The text is the rendered report.
    """

    def __init__(self, report: str, diagnostics: tuple[Diagnostic, ...], plan: Plan | None = None) -> None:
        super().__init__(report)
        self.diagnostics = diagnostics
        self.plan = plan


def _place(span: Span) -> dict[str, int]:
    (start, end) = (span.start, span.end)
    return {"line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column}


def ordered(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each finding once, in the order of their places and then of their codes."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda found: (found.span.start, found.code)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the findings is an error."""
    return any(found.severity is Severity.error for found in diagnostics)
