"""What a report shows, as JSON values: columns for the parameters, and tables of what many of them share."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

from lrspec.compiler.plan import Plan, PlannedParameter
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import harmless, printable
from lrspec.diagnostics.wording import six_digits, value_words
from lrspec.formats.explanation import about, reasons
from lrspec.formats.table import title, totals
from lrspec.optim.live.values import plain_value
from lrspec.review.report.tree import Places, runs, tree_of
from lrspec.spec.load import SpecFile
from lrspec.spec.times import Time


def data_of(resolution: Resolution, plan: Plan, difference: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the data of a page, with what differs from another spec if that is given.

    `parameters` has columns in model order: the node of each parameter in `tree`, its look and its kind. Parameters of
    one look have the same shape, owner and other names; those of one kind have the same settings for the same reasons.
    """
    tree, nodes = tree_of(plan.inventory.columns.names)
    looks = Places()
    look = [looks.of((about(each), each.elements)) for each in plan.inventory.parameters]
    kinds, kind = _kinds(resolution, plan)
    model = plan.inventory
    return {
        "lrspec_report": 1,
        "title": title(plan),
        "totals": [*totals(plan), *_replaced(plan.file)],
        "spec": {"path": harmless(plan.path), "sha256": plan.file.document.sha256},
        "model": {
            "source": harmless(model.source),
            "parameters": len(model.columns.names),
            "elements": model.elements,
            "fingerprint": model.fingerprint,
        },
        "groups": None if plan.groups is None else len(plan.groups),
        "tree": tree,
        "parameters": {"node": nodes, "look": look, "kind": kind},
        "aliases": {str(index): list(aliases.names) for index, aliases in model.columns.aliases.items()},
        "looks": [{"about": words, "elements": elements} for words, elements in looks.values()],
        "kinds": kinds,
        "rules": _rules(plan.file),
        "diagnostics": [_diagnostic(each, plan) for each in plan.diagnostics],
        "difference": difference,
    }


def _replaced(file: SpecFile) -> list[str]:
    """A line for each value that the spec does not have itself."""
    return [f"replaced: {printable(path)} is {value_words(plain_value(value))}" for path, value in file.overrides]


def _kinds(resolution: Resolution, plan: Plan) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the kinds of parameters, and that of each parameter; those of a cohort and a family are of one kind."""
    cohort_of = {member: number for number, cohort in enumerate(plan.cohorts) for member in cohort.members}
    families, places = resolution.families.representative_of, Places()
    known: dict[tuple[int, int], int] = {}
    kind = []
    for index in range(len(plan.parameters)):
        key = cohort_of[index], families[index]
        if key not in known:
            selecting = (rule for rule, each in enumerate(resolution.selections) if families[index] in each.parameters)
            known[key] = places.of(json.dumps(_kind(plan, index, list(selecting), reasons(resolution, plan, index))))
        kind.append(known[key])
    return [*map(json.loads, places.values())], kind


def _kind(plan: Plan, index: int, selecting: list[int], lines: list[str]) -> dict[str, Any]:
    planned = plan.parameters[index]
    settings, layer = planned.settings, planned.layer
    return {
        "status": planned.status.value,
        "trains": planned.status.trains,
        "lr": settings.lr,
        "rate": _rate(planned),
        "weight_decay": None if settings.weight_decay is None else six_digits(settings.weight_decay),
        "group": plan.group_of.get(planned.name),
        "layer": None if layer is None else [layer.rule, layer.index, layer.of],
        "until": planned.freeze.value if isinstance(planned.freeze, Time) else None,
        "set_by": planned.set_by,
        "rules": selecting,
        "reasons": lines,
    }


def _rate(planned: PlannedParameter) -> str:
    """The learning rate in words, as in the table of `lrspec compile`."""
    if not planned.status.trains:
        return "frozen"
    return "default" if planned.settings.lr is None else six_digits(planned.settings.lr)


def _rules(file: SpecFile) -> list[dict[str, Any]]:
    """Return the rules by name, with their lines in the spec."""
    document, rules = file.document, []
    for index, name in enumerate(file.spec.rule_names):
        span = document.span(("rules", index))
        text = " " * (span.start.column - 1) + document.text.piece(span)
        lines = "\n".join(map(harmless, dedent(text).rstrip().splitlines()))
        rules.append({"name": name, "line": span.start.line, "text": lines})
    return rules


def _diagnostic(diagnostic: Diagnostic, plan: Plan) -> dict[str, Any]:
    index = plan.inventory.index
    affected = sorted({index[name] for name in diagnostic.parameters if name in index})
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "place": harmless(f"{diagnostic.path}:{diagnostic.line}:{diagnostic.column}"),
        "lines": [*map(harmless, diagnostic.lines)],
        "parameters": runs(affected),
    }
