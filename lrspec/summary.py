"""A `Plan` to the rows of its table: what each rule, or each layer of a ladder, comes to.

Every parameter is in just one row of `decided`, so that the rows add up to the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lrspec.axes import settings
from lrspec.inventory import total_elements
from lrspec.plan import Plan, PlannedParameter, Status
from lrspec.spec import Rule, Spec


@dataclass(frozen=True, slots=True)
class Row:
    """Some parameters: by what they are decided, and where on a ladder (`layer`, `of`)."""

    label: str
    layer: int | None
    of: int | None
    parameters: tuple[PlannedParameter, ...]

    @property
    def elements(self) -> int | None:
        """The number of elements, or None where a shape is not known."""
        return total_elements(planned.parameter for planned in self.parameters)


@dataclass(frozen=True, slots=True)
class Further:
    """A setting that cuts across the rows: which rule sets which key to what, and on which parameters."""

    rule: str
    key: str
    value: Any
    parameters: tuple[PlannedParameter, ...]

    @property
    def elements(self) -> int | None:
        """The number of elements, or None where a shape is not known."""
        return total_elements(planned.parameter for planned in self.parameters)


def decided(plan: Plan, spec: Spec) -> list[Row]:
    """The rows of a plan, in the order of the rules, then of the layers; what no rule decides comes last."""
    rows: dict[tuple[str, int | None, int | None], list[PlannedParameter]] = {}
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
            if setting.axis in ("lr", "layer") or (setting.axis == "freeze" and setting.value):
                continue
            parameters = tuple(p for p in plan.parameters if p.set_by.get(setting.axis) == name)
            if parameters:
                found.append(Further(name, setting.key[-1], _as_written(rule, setting.key), parameters))
    return found


def common_name(parameters: Sequence[PlannedParameter], plan: Plan) -> str:
    """`blocks.3.*` where that is just these parameters; or else the first and the last of them."""
    names = [planned.name.split(".") for planned in parameters]
    if len(names) == 1:
        return parameters[0].name
    shared = ".".join([*_shared_beginning(names), ""])
    alike = sum(planned.name.startswith(shared) for planned in plan.parameters)
    return f"{shared}*" if alike == len(names) else f"{parameters[0].name} … {parameters[-1].name}"


def distinct(values: Iterable[float | None]) -> list[tuple[float | None, int]]:
    """Each value with how often it comes, the most frequent first."""
    counts: dict[float | None, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])


def _row_key(planned: PlannedParameter) -> tuple[str, int | None, int | None]:
    if planned.status is Status.frozen_by_spec:
        return planned.set_by["freeze"], None, None
    if planned.status is Status.frozen_by_model:
        return "(frozen by the model)", None, None
    if planned.layer:
        return planned.layer.rule, planned.layer.index, planned.layer.of
    return planned.set_by.get("lr", "(unmatched)"), None, None


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
