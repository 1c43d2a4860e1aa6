"""A `Finding` at a path of the spec, and the `Diagnostic` that it becomes once its line and column are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lrspec.address import of_code
from lrspec.diagnostics.codes import CODES, Severity
from lrspec.diagnostics.escape import brief, harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lrspec.diagnostics.source import Path, Span


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to replace a piece of the spec; `--fix` applies it if it is `safe`: it cannot change what is selected."""

    replacement: str
    span: Span
    safe: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The suggestion as it is in JSON."""
        return {"replacement": self.replacement, **_place(self.span), "safe": self.safe}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a spec, at a place in it.

    `line` and `column` are 1-based, `end_column` is exclusive. `message` has up to three lines: what is wrong, the
    affected parameters (the first few, with shape and size), and what to do. `parameters` has the first name of each
    affected parameter; `rule` is the name of the affected rule, if any. `suggestion` is set if one answer is likely.
    If a spec is checked against several models, `models` are those that the finding applies to.
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
    def url(self) -> str:
        """The page of its code on lrspec's site."""
        return of_code(self.code)

    @property
    def lines(self) -> list[str]:
        """The lines of the message; for one of several models, a last line names the models that it applies to."""
        models = [f"With {', '.join(self.models)}."] if self.models else []
        return [*self.message.split("\n"), *models]

    @property
    def line(self) -> int:
        """The line on which it starts, from 1."""
        return self.span.start.line

    @property
    def column(self) -> int:
        """The column at which it starts, from 1."""
        return self.span.start.column

    @property
    def end_line(self) -> int:
        """The line on which it ends, from 1."""
        return self.span.end.line

    @property
    def end_column(self) -> int:
        """The column after its last character."""
        return self.span.end.column

    def __repr__(self) -> str:
        return brief(f"<Diagnostic {self.code} {self.name} at {self.path}:{self.line}:{self.column}>")

    def __str__(self) -> str:
        """The text of a report, without the excerpt from the spec."""
        message = "\n    ".join(map(harmless, self.lines))
        return f"{harmless(self.path)}:{self.line}:{self.column}: {self.severity} {self.code} {self.name}: {message}"

    def to_dict(self) -> dict[str, Any]:
        """The diagnostic as it is in JSON."""
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
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Correction:
    """A replacement for a key or a value: a text, or a `plain` scalar such as `1e-3` or `true`."""

    text: str
    plain: bool = False
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding located by a path into the spec; `rule` is the index of the affected rule."""

    code: str
    path: Path
    message: str
    rule: int | None = None
    parameters: tuple[str, ...] = ()
    at_key: bool = False
    meant: Correction | None = None


def _place(span: Span) -> dict[str, int]:
    start, end = span.start, span.end
    return {"line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column}


def ordered(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics without duplicates, ordered by place and then by code."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda diagnostic: (diagnostic.span.start, diagnostic.code)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any of the diagnostics is an error."""
    return any(diagnostic.severity is Severity.error for diagnostic in diagnostics)
