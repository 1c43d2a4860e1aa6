"""Validates a `Document`: returns its `Spec`, or everything that is wrong with it, each at its own place.

pydantic checks single values; `cross_field.py` and `optimizer_options.py` check how keys combine. All checks always
run, so that one round of corrections is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import ValidationError

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import Path, rule_of, spell
from lrspec.diagnostics.suggest import meant
from lrspec.spec.language import TAGS, Rule, Spec
from lrspec.spec.limits import MAX_PATTERN, MAX_RULES
from lrspec.spec.syntax.document import Document
from lrspec.spec.validation.cross_field import document_findings, rule_findings, takes_null
from lrspec.spec.validation.key_errors import SYNONYMS, keys_at, unknown_key
from lrspec.spec.validation.optimizer_options import option_findings
from lrspec.spec.validation.schedule_errors import schedule_findings
from lrspec.spec.validation.value_errors import missing_key, suggested_value, wrong_value

_MOST = 10_000


def validate(document: Document) -> tuple[Spec | None, list[Finding]]:
    """Return the spec in the document, or None and the findings that say why not: the first 10,000 of each group.

    The document must have been read (`document.root` is not None). What only follows from an unknown key, or from an
    entry that could not be read, is not reported.
    """
    content, spec = document.value, None
    rules = content.get("rules") if isinstance(content, dict) else None
    if isinstance(rules, list):  # one rule too many is enough: pydantic would check all
        content = {**content, "rules": rules[: MAX_RULES + 1]}
    findings: list[Finding] = []
    try:
        spec = Spec.model_validate(content)
    except ValidationError as failure:
        errors = failure.errors(include_url=False)[:_MOST]
        misspelt: set[tuple[int | str | None, ...]] = set()
        for error in errors:
            if error["type"] == "extra_forbidden":
                *parents, key = error["loc"]
                known, _ = keys_at(tuple(step for step in parents if step not in TAGS))
                misspelt.add((*parents, meant(str(key), known, SYNONYMS)))
        for error in errors:
            follows = error["type"] == "missing" and error["loc"] in misspelt
            if not follows and (finding := _value_finding(error)):
                findings.append(finding)
    if isinstance(document.value, dict):
        content = document.value
        groups = (document_findings(document), option_findings(content), schedule_findings(content))
        for group in (*groups, rule_findings(document)):
            findings += islice(group, _MOST)
    unknown = {finding.path for finding in findings if finding.code == "LRS103"}
    reported = []
    for finding in findings:
        beneath = any(finding.path[:length] in unknown for length in range(1, len(finding.path) + 1))
        if finding.code == "LRS103" or not (beneath or document.is_incomplete(finding.path)):
            reported.append(finding)
    return (None if findings else spec), reported


def nothing_to_multiply(spec: Spec) -> Iterator[Finding]:
    """LRS104 for a multiplier without a base; checked when compiling, after `--lr` and `--weight-decay`.

    If only some of several optimizers have the base, it depends on the model (`compiler/checks/optimizer_settings.py`).
    """
    for index, rule in enumerate(spec.rules):
        for key, base in multiplied(rule):
            if all(getattr(optimizer, base) is None for optimizer in spec.bases.values()):
                place = f"{spell(spec.base_path(spec.default))}.{base}"
                flag = f"--{base.replace('_', '-')}" if len(spec.bases) == 1 else f"--set {place}=…"
                message = f"`{key}` has nothing to multiply: there is no `{place}`"
                advice = f"Set `{place}`, or pass `{flag}` when compiling."
                yield Finding("LRS104", ("rules", index, key), f"{message}\n{advice}", index)


def multiplied(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield the keys of a rule that multiply, each with the key of the optimizer that it multiplies."""
    for key in ("lr_mult", "lr_scale", "layer_decay"):
        absolute = key == "layer_decay" and rule.lr is not None
        if getattr(rule, key) is not None and not absolute:
            yield key, "lr"
    if rule.weight_decay_mult is not None:
        yield "weight_decay_mult", "weight_decay"


def _value_finding(error: Any) -> Finding | None:
    """Return the finding for an error of pydantic's; None if the cause is reported elsewhere."""
    error_type, value = error["type"], error["input"]
    path: Path = tuple(step for step in error["loc"] if step not in TAGS)
    if path[-1:] == ("[key]",):
        message = wrong_value(path[:-1], error)
        return Finding("LRS104", path[:-1], message, at_key=True, meant=suggested_value(error))
    if error_type == "extra_forbidden":
        path = (*(step for step in error["loc"][:-1] if step not in TAGS), error["loc"][-1])
        message, correction = unknown_key(path)
        return Finding("LRS103", path, message, rule_of(path), at_key=True, meant=correction)
    if error_type == "missing":
        return Finding("LRS104", path[:-1], missing_key(path), rule_of(path))
    if error_type == "too_long":
        return Finding("LRS101", (*path, MAX_RULES), f"more than {MAX_RULES:,} rules")
    if error_type == "string_too_long":
        message = f"a regex longer than {MAX_PATTERN:,} characters\nSplit it into a list of regexes."
        return Finding("LRS101", path, message, rule_of(path))
    if value is None and path and not takes_null(path):
        return None  # an empty value: see `cross_field.py`
    if error_type == "too_short" and value:
        return None  # its items are wrong
    return Finding("LRS104", path, wrong_value(path, error), rule_of(path), meant=suggested_value(error))
