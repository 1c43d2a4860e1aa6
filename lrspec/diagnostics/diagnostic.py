"""What lrspec finds: the one table of codes, a `Diagnostic`, and the error that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.codes import CODES, Severity
from lrspec.diagnostics.escape import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lrspec.diagnostics.source import Path, Span


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
class Correction:
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
    meant: Correction | None = None


def _place(span: Span) -> dict[str, int]:
    (start, end) = (span.start, span.end)
    return {"line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column}


def ordered(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each finding once, in the order of their places and then of their codes."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda found: (found.span.start, found.code)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the findings is an error."""
    return any(found.severity is Severity.error for found in diagnostics)
