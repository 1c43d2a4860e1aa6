"""Findings to diagnostics: their severities, and their places in the text."""

from __future__ import annotations

from collections.abc import Iterable

from lrspec.diagnostics.codes import ADJUSTABLE, CODES, Severity
from lrspec.diagnostics.diagnostic import Diagnostic, Finding, ordered
from lrspec.spec.language import RULE_NAME, Spec, default_rule_name, severities
from lrspec.spec.syntax.document import Document
from lrspec.spec.syntax.replacement import suggestion


def locate(findings: Iterable[Finding], document: Document, spec: Spec | None) -> tuple[Diagnostic, ...]:
    """Findings with their severities and their places, in order; ignored ones are left out."""
    located = [_diagnostic(finding, document, spec) for finding in findings]
    return ordered([found for found in located if found.severity is not Severity.ignore])


def _diagnostic(finding: Finding, document: Document, spec: Spec | None) -> Diagnostic:
    span = document.key_span(finding.path) if finding.at_key else document.span(finding.path)
    return Diagnostic(
        code=finding.code,
        severity=_severity(finding, spec),
        message=finding.message,
        path=document.path,
        span=span,
        rule=None if finding.rule is None else _rule_name(finding.rule, document),
        parameters=finding.parameters,
        suggestion=suggestion(finding.meant, span, document.text, document.format) if finding.meant else None,
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
    return name if isinstance(name, str) and RULE_NAME.fullmatch(name) else default_rule_name(index)
