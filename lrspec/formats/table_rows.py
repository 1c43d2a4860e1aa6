"""A `Plan` to the rows of its table: what each rule, or each layer of a ladder, comes to.

Every parameter is in just one row of `decided_rows`, so that the rows add up to the model.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lrspec.compiler.plan import Plan, PlannedParameter, Status
from lrspec.compiler.settings import settings
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.wording import value_words
from lrspec.optim.live_values import plain_value
from lrspec.spec.language import Rule, Spec
from lrspec.spec.load import SpecFile
from lrspec.spec.override import written


@dataclass(frozen=True, slots=True)
class Row:
    """Some parameters: by what they are decided, on which layer of a ladder, and by which of several optimizers."""

    label: str
    layer: int | None
    optimizer: str | None
    parameters: tuple[PlannedParameter, ...]


@dataclass(frozen=True, slots=True)
class CrossCuttingRow:
    """A setting that cuts across the rows: which rule sets which key to what, and on which parameters."""

    rule: str
    key: str
    value: Any
    parameters: tuple[PlannedParameter, ...]


_Key: TypeAlias = tuple[str, int | None, str | None]
"""What tells rows apart: the label, the layer and the optimizer."""


def decided_rows(plan: Plan, spec: Spec) -> list[Row]:
    """The rows of a plan, in the order of the rules, layers and optimizers; what no rule decides comes last."""
    rows: dict[_Key, list[PlannedParameter]] = {}
    for planned in plan.parameters:
        rows.setdefault(_row_key(planned), []).append(planned)
    order = {name: place for place, name in enumerate(spec.rule_names)}
    optimizers: list[str | None] = [None, *spec.bases]

    def place(key: _Key) -> tuple[int, int, int]:
        return order.get(key[0], len(order)), -1 if key[1] is None else key[1], optimizers.index(key[2])

    return [Row(*key, tuple(rows[key])) for key in sorted(rows, key=place)]


def cross_cutting_rows(plan: Plan, spec: Spec) -> list[CrossCuttingRow]:
    """What rules set beside rates and `freeze: true`, in the order of the rules."""
    found: list[CrossCuttingRow] = []
    for name, rule in zip(spec.rule_names, spec.rules, strict=True):
        for setting in settings(rule, spec.bases[spec.default]):
            if setting.decides:
                continue
            parameters = tuple(p for p in plan.parameters if p.set_by.get(setting.axis) == name)
            if parameters:
                found.append(CrossCuttingRow(name, setting.key[-1], _as_written(rule, setting.key), parameters))
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


def replaced(file: SpecFile, overrides: Iterable[tuple[str, Any]]) -> list[str]:
    """What has been set in place of what a spec says, and which rules' absolute values stay beside a rate."""
    spec = file.spec
    rates = {
        f"{spell(spec.base_path(name))}.{key}": (name, key) for name in spec.bases for key in ("lr", "weight_decay")
    }
    notes = []
    for path, value in overrides:
        before = written(file.document, spec, path)
        was = "nothing" if before is None else value_words(plain_value(before))
        kept = _absolute(spec, *rates[path]) if path in rates else []
        stay = f"; absolute values stay: {', '.join(kept)}" if kept else ""
        notes.append(f"{printable(path)} is {value_words(plain_value(value))} in place of {was}{stay}")
    return notes


def _absolute(spec: Spec, optimizer: str, key: str) -> list[str]:
    """The rules that say themselves what an optimizer says for all; not those that name another."""
    its = zip(spec.rule_names, spec.rules, strict=True)
    return [name for name, rule in its if getattr(rule, key) is not None and rule.optimizer in (None, optimizer)]


def _row_key(planned: PlannedParameter) -> _Key:
    if planned.status is Status.frozen_by_spec:
        return planned.set_by["freeze"], None, None
    if planned.status is Status.frozen_by_model:
        return "(frozen by the model)", None, None
    if planned.layer:
        return planned.layer.rule, planned.layer.index, planned.settings.optimizer
    return planned.set_by.get("lr", "(unmatched)"), None, planned.settings.optimizer


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
