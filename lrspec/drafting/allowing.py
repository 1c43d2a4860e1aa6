"""Silences findings that the wanted settings cause, with a reason under `check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.wording import few
from lrspec.drafting.naming import leaves
from lrspec.drafting.rules import DraftRule
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns

Check: TypeAlias = tuple[str, str, str]
"""The name of a diagnostic, a severity, and the reason."""

_SHOWN = 3  # names in a reason
_REASONS = {
    "unmatched-parameter": "rates are left to the optimizer",
    "zero-lr": "a rate of 0 is wanted",
    "large-value": "a value above 1 is wanted",
    "mixed-decay": "some of a kind are to decay, and some are not",
    "embedding-as-matrix": "Muon is to train embeddings or the head, too",
    "ladder-order": "the rates do not rise in the order of the model",
    "join-before-layer": "what comes before a layer is to train as fast",
    "rate-for-multiple": "a rate as high as this is wanted",
    "declared-decay": "{} to decay, whatever the model declares",
    "fallback-beyond-rest": "this is wanted for the others, too",
    "scalars-decay": "single numbers are to decay",
    "nothing-to-spare": "a weight decay of 0 is wanted",
    "multiple-for-rate": "the multiple equals the value by chance",
    "odd-value": "this value is wanted",
}


def allow(
    rules: Sequence[DraftRule], findings: Sequence[Diagnostic], inventory: Inventory
) -> tuple[tuple[DraftRule, ...], tuple[Check, ...]]:
    """Return the rules, and what is for the whole spec, with a line under `check` for each finding of this sort."""
    names = {rule.name for rule in rules}
    by_rule: dict[str | None, dict[str, list[int]]] = {}
    for finding in findings:
        if finding.name in _REASONS:
            rule = finding.rule if finding.rule in names else None
            places = by_rule.setdefault(rule, {}).setdefault(finding.name, [])
            places += map(inventory.index.__getitem__, finding.parameters)
    lines = {rule: _lines(found, inventory.columns) for rule, found in by_rule.items()}
    checked = [replace(rule, check=(*rule.check, *lines.get(rule.name, ()))) for rule in rules]
    return tuple(checked), lines.get(None, ())


def _lines(found: dict[str, list[int]], columns: Columns) -> tuple[Check, ...]:
    reasons = ((name, _REASONS[name].format(few(leaves(columns, places), _SHOWN))) for name, places in found.items())
    return tuple([(name, "ignore", reason) for name, reason in reasons])
