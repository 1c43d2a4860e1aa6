"""A `Plan` to the rows of its table: what each rule, or each layer of a ladder, comes to.

Every parameter is in just one row of `decided`, so that the rows add up to the model.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lrspec.axes import settings
from lrspec.plan import Plan, PlannedParameter, Status
from lrspec.spec import Rule, Spec
from lrspec.wording import number


@dataclass(frozen=True, slots=True)
class Row:
    """Some parameters: by what they are decided, and on which layer of a ladder."""

    label: str
    layer: int | None
    parameters: tuple[PlannedParameter, ...]


@dataclass(frozen=True, slots=True)
class Further:
    """A setting that cuts across the rows: which rule sets which key to what, and on which parameters."""

    rule: str
    key: str
    value: Any
    parameters: tuple[PlannedParameter, ...]


def decided(plan: Plan, spec: Spec) -> list[Row]:
    """The rows of a plan, in the order of the rules, then of the layers; what no rule decides comes last."""
    rows: dict[tuple[str, int | None], list[PlannedParameter]] = {}
    for planned in plan.parameters:
        rows.setdefault(_row_key(planned), []).append(planned)
    order = {name: place for place, name in enumerate(spec.rule_names)}
    keys = sorted(rows, key=lambda key: (order.get(key[0], len(order)), -1 if key[1] is None else key[1]))
    return [Row(*key, tuple(rows[key])) for key in keys]


def further(plan: Plan, spec: Spec) -> list[Further]:
    """What rules set beside rates and `freeze: true`, in the order of the rules."""
    found: list[Further] = []
    for name, rule in zip(spec.rule_names, spec.rules, strict=True):
        for setting in settings(rule, spec.optimizer):
            if setting.decides:
                continue
            parameters = tuple(p for p in plan.parameters if p.set_by.get(setting.axis) == name)
            if parameters:
                found.append(Further(name, setting.key[-1], _as_written(rule, setting.key), parameters))
    return found


class NamesInCommon:
    """Finds short forms for the names of some parameters of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._sorted = sorted(planned.name for planned in plan.parameters)

    def of(self, parameters: Sequence[PlannedParameter]) -> str:
        """`blocks.3.*` where that is just these parameters; or else the first and the last of them."""
        names = [planned.name.split(".") for planned in parameters]
        if len(names) == 1:
            return parameters[0].name
        shared = ".".join([*_shared_beginning(names), ""])
        just_these = self._beginning_with(shared) == len(names)
        return f"{shared}*" if just_these else f"{parameters[0].name} … {parameters[-1].name}"

    def _beginning_with(self, beginning: str) -> int:
        end = bisect_left(self._sorted, beginning + chr(sys.maxunicode))
        return end - bisect_left(self._sorted, beginning)


def replaced(spec: Spec, lr: float | None, weight_decay: float | None) -> list[str]:
    """What `--lr` and `--weight-decay` have replaced in a spec, and which rules' absolute values they have not."""
    notes = []
    for key, flag, given in (("lr", "--lr", lr), ("weight_decay", "--weight-decay", weight_decay)):
        if given is not None:
            before = getattr(spec.optimizer, key)
            was = "nothing" if before is None else number(before)
            kept = [
                name for name, rule in zip(spec.rule_names, spec.rules, strict=True) if getattr(rule, key) is not None
            ]
            stay = f"; absolute values stay: {', '.join(kept)}" if kept else ""
            notes.append(f"{flag} {number(given)} in place of {was} in optimizer.{key}{stay}")
    return notes


def _row_key(planned: PlannedParameter) -> tuple[str, int | None]:
    if planned.status is Status.frozen_by_spec:
        return planned.set_by["freeze"], None
    if planned.status is Status.frozen_by_model:
        return "(frozen by the model)", None
    if planned.layer:
        return planned.layer.rule, planned.layer.index
    return planned.set_by.get("lr", "(unmatched)"), None


def _as_written(rule: Rule, key: tuple[str, ...]) -> Any:
    value = getattr(rule, key[0])
    return value[key[1]] if len(key) > 1 else value


def _shared_beginning(names: list[list[str]]) -> list[str]:
    shared = []
    for steps in zip(*names, strict=False):
        if len(set(steps)) > 1:
            break
        shared.append(steps[0])
    return shared
