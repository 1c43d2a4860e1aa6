"""Reads a spec from a file or a text: a document first, then the spec that it holds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lrspec.diagnostics import ADJUSTABLE, CODES, Diagnostic, Finding, Severity, SpecError, ordered
from lrspec.document import Document, Format, format_of, parse
from lrspec.render.text import report
from lrspec.spec import Spec, severities
from lrspec.validate import validate

StrPath: TypeAlias = str | os.PathLike[str]


@dataclass(frozen=True)
class SpecFile:
    """A spec, with the document that it was read from."""

    spec: Spec
    document: Document

    @property
    def path(self) -> str:
        """What reports call it."""
        return self.document.path


def load(path: StrPath) -> SpecFile:
    """Read a spec from a file: JSON if it ends in `.json`, YAML otherwise.

    Raises:
        SpecError: where it is not a spec; everything that is wrong is in its `diagnostics`.
        OSError: where the file cannot be read.
    """
    name = os.fspath(path)
    with Path(name).open("rb") as file:
        return from_bytes(file.read(_ENOUGH), name, format_of(name))


def loads(text: str, format: Format = "yaml", *, path: str = "<text>") -> SpecFile:
    """Read a spec from a text; `path` is what reports call it.

    Raises:
        SpecError: where it is not a spec; everything that is wrong is in its `diagnostics`.
    """
    return from_bytes(text.encode(errors="surrogatepass"), path, format)


def from_bytes(data: bytes, path: str, format: Format) -> SpecFile:
    """Read a spec from the bytes of a file; see `load`."""
    document = parse(data, path, format)
    if document.problems or document.root is None:
        raise spec_error(document, _problems(document))
    spec, findings = validate(document)
    if spec is None:
        raise spec_error(document, locate(findings, document, None))
    return SpecFile(spec, document)


def locate(findings: Iterable[Finding], document: Document, spec: Spec | None) -> tuple[Diagnostic, ...]:
    """Findings with their severities and their places, in order; ignored ones are left out."""
    located = [_diagnostic(finding, document, spec) for finding in findings]
    return ordered([found for found in located if found.severity is not Severity.ignore])


def spec_error(document: Document, diagnostics: tuple[Diagnostic, ...]) -> SpecError:
    """The error for a spec that is wrong in itself."""
    return SpecError(report(diagnostics, document.text), diagnostics)


def _problems(document: Document) -> tuple[Diagnostic, ...]:
    """What is wrong with the document; and, where it can be read all the same, with the spec in it."""
    problems = [
        Diagnostic(problem.code, Severity.error, problem.message, document.path, problem.span)
        for problem in document.problems
    ]
    further = () if document.root is None else locate(validate(document)[1], document, None)
    return ordered([*problems, *further])


def _diagnostic(finding: Finding, document: Document, spec: Spec | None) -> Diagnostic:
    return Diagnostic(
        code=finding.code,
        severity=_severity(finding, spec),
        message=finding.message,
        path=document.path,
        span=document.key_span(finding.path) if finding.at_key else document.span(finding.path),
        rule=None if finding.rule is None else _rule_name(finding.rule, document),
        parameters=finding.parameters,
    )


def _severity(finding: Finding, spec: Spec | None) -> Severity:
    """The severity that the rule's `check:` gives, or else the spec's, or else the table."""
    row = CODES[finding.code]
    if spec is None or row.name not in ADJUSTABLE:
        return row.severity
    own = {} if finding.rule is None else severities(spec.rules[finding.rule].check)
    return Severity(own.get(row.name) or severities(spec.check).get(row.name) or row.severity)


def _rule_name(index: int, document: Document) -> str:
    rules = document.value.get("rules")
    rule = rules[index] if index < len(rules) else None
    name = rule.get("name") if isinstance(rule, dict) else None
    return name if isinstance(name, str) else f"rule-{index + 1}"


_ENOUGH = 1024 * 1024 + 1  # one byte more than a spec may have
