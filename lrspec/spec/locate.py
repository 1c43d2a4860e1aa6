"""Turns findings into diagnostics: adds their severities and their places in the text."""

from __future__ import annotations

from collections.abc import Iterable

from lrspec.diagnostics.codes import CODES, Severity
from lrspec.diagnostics.diagnostic import Diagnostic, Finding, ordered
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import last_key, spell
from lrspec.spec.language import RULE_NAME, Spec, default_rule_name
from lrspec.spec.plain_values import MAPPING
from lrspec.spec.syntax.document import Document
from lrspec.spec.syntax.replacement import suggestion


def locate(findings: Iterable[Finding], document: Document, spec: Spec | None) -> tuple[Diagnostic, ...]:
    """Return the diagnostics for findings, in order of their places; ignored ones are dropped."""
    diagnostics = []
    for finding in findings:
        path, correction, rule = finding.path, finding.meant, finding.rule
        code = CODES[finding.code]
        severity = spec.severity(code, rule) if spec else code.severity
        if severity is Severity.ignore:
            continue
        span = document.key_span(path) if finding.at_key else document.span(path)
        message = finding.message
        if document.path == MAPPING and path:  # nobody has seen its text: the path comes first
            message = f"{printable(spell(path))}: {message.removeprefix(f'`{last_key(path)}`: ')}"
        diagnostic = Diagnostic(
            code=finding.code,
            severity=severity,
            message=message,
            path=document.path,
            span=span,
            rule=None if rule is None else _rule_name(rule, document),
            parameters=finding.parameters,
            suggestion=suggestion(correction, span, document.text, document.format) if correction else None,
        )
        diagnostics.append(diagnostic)
    return ordered(diagnostics)


def _rule_name(index: int, document: Document) -> str:
    rules = document.value.get("rules")
    rule = rules[index] if index < len(rules) else None
    name = rule.get("name") if isinstance(rule, dict) else None
    return name if isinstance(name, str) and RULE_NAME.fullmatch(name) else default_rule_name(index)
