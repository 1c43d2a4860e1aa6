"""The rows of a plan's table: one per rule, or per layer of a ladder.

Every parameter is in exactly one of the `decided_rows`, so that these add up to the model.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from lrspec.compiler.plan import Plan, PlannedParameter, Status
from lrspec.compiler.settings import settings
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.wording import number, value_words
from lrspec.optim.live.values import plain_value
from lrspec.spec.language import Segment, Spec
from lrspec.spec.load import SpecFile
from lrspec.spec.override import written
from lrspec.spec.times import Time

_GAP = " … "


@dataclass(frozen=True, slots=True)
class Row:
    """The parameters with the same deciding rule, layer of a ladder and optimizer; `label` names the rule."""

    label: str
    layer: int | None
    optimizer: str | None
    parameters: tuple[PlannedParameter, ...]


@dataclass(frozen=True, slots=True)
class CrossCuttingRow:
    """A setting that cuts across the rows: the rule, the key, the value and the parameters that it applies to."""

    rule: str
    key: str
    value: Any
    parameters: tuple[PlannedParameter, ...]


def decided_rows(plan: Plan, spec: Spec) -> list[Row]:
    """The rows of a plan, in the order of rules, layers and optimizers; parameters that no rule decides come last."""
    rows: dict[tuple[str, int | None, str | None], list[PlannedParameter]] = {}
    for planned in plan.parameters:
        label, layer, optimizer = planned.set_by.get("lr", "(unmatched)"), planned.layer, planned.settings.optimizer
        if planned.status is Status.frozen_by_spec:
            label, layer, optimizer = planned.set_by["freeze"], None, None
        elif planned.status is Status.frozen_by_model:
            label, layer, optimizer = "(frozen by the model)", None, None
        elif layer:
            label = layer.rule
        rows.setdefault((label, layer.index if layer else None, optimizer), []).append(planned)
    rules = {name: index for index, name in enumerate(spec.rule_names)}
    optimizers: list[str | None] = [None, *spec.bases]

    def order(row: Row) -> tuple[int, int, int]:
        layer = -1 if row.layer is None else row.layer
        return rules.get(row.label, len(rules)), layer, optimizers.index(row.optimizer)

    return sorted((Row(*key, tuple(parameters)) for key, parameters in rows.items()), key=order)


def cross_cutting_rows(plan: Plan, spec: Spec) -> list[CrossCuttingRow]:
    """The settings of rules other than learning rates and `freeze: true`, in the order of the rules."""
    rows: list[CrossCuttingRow] = []
    for name, rule in zip(spec.rule_names, spec.rules, strict=True):
        for setting in settings(rule, spec.bases[spec.default]):
            if setting.decides:
                continue
            parameters = tuple(p for p in plan.parameters if p.set_by.get(setting.axis) == name)
            if parameters:
                key, *option = setting.key
                value = getattr(rule, key)[option[0]] if option else getattr(rule, key)
                rows.append(CrossCuttingRow(name, setting.key[-1], value, parameters))
    return rows


def thaw_words(values: Iterable[bool | Time | None], steps: int | None = None) -> str:
    """The first and the last time among values of `freeze`, `100 … 1300`; percentages of `steps` become steps."""
    times = {value for value in values if isinstance(value, Time)}
    if steps is not None:
        times = {Time.of(time.step(steps)) for time in times}
    in_order = sorted(times, key=lambda time: (time.is_percentage, time.amount))
    return " … ".join(dict.fromkeys(str(time.value) for time in (in_order[:1] + in_order[-1:])))


def schedule_words(part: Any, steps: int | None = None) -> str:
    """A schedule, or a part of one, as the spec writes it; in a run of `steps`, percentages are steps."""
    if isinstance(part, tuple):
        return f"[{', '.join(schedule_words(segment, steps) for segment in part)}]"
    if isinstance(part, Segment):
        part = part.model_dump(exclude_unset=True)
    if isinstance(part, dict):
        return f"{{{', '.join(f'{key}: {schedule_words(value, steps)}' for key, value in part.items())}}}"
    if isinstance(part, str):
        return str(Time.of(part).step(steps)) if steps and part.endswith("%") else part
    return number(part)


def names_in_common(parameters: Sequence[PlannedParameter], all_names: Sequence[str]) -> str:
    """`blocks.3.*` if that stands for exactly these of all names (sorted), or else the first and the last of them."""
    if len(parameters) == 1:
        return parameters[0].name
    beginning = "".join(f"{step}." for step in _shared(planned.name.split(".") for planned in parameters))
    end = bisect_left(all_names, beginning + chr(sys.maxunicode))
    if end - bisect_left(all_names, beginning) == len(parameters):
        return f"{beginning}*"
    return f"{parameters[0].name}{_GAP}{parameters[-1].name}"


def _shared(names: Iterable[list[str]]) -> list[str]:
    """The steps that all names begin with."""
    return [steps[0] for steps in takewhile(lambda steps: len(set(steps)) == 1, zip(*names, strict=False))]


def shorter_forms(names: str) -> list[str]:
    """`blocks.0.norm1.weight … blocks.0.mlp.fc2.bias`, and shorter forms of it down to `blocks.0.norm1 … fc2`."""
    one, gap, other = names.partition(_GAP)
    first, last = one.split("."), other.split(".")
    if not gap:
        return [names]
    own = last[min(len(_shared([first, last])), len(last) - 1) :]  # without the steps that both begin with
    forms = [names, f"{one}{_GAP}{'.'.join(own)}"]
    if len(own) > 1:
        owner = ".".join(first[:-1]) or one
        forms += [f"{owner}{_GAP}{'.'.join(own[:-1])}", f"{owner}{_GAP}{own[-2]}"]
    return forms


def shortened(names: str, width: int) -> str:
    """The longest of the `shorter_forms` that fits, or else the shortest, cut in the middle."""
    forms = shorter_forms(names)
    one, gap, other = forms[-1].partition(_GAP)
    head = max(width // 2, width - 1 - len(other)) if gap else width // 2
    end = other or one
    cut = f"{one[:head]}…{end[max(0, len(end) - (width - 1 - min(head, len(one)))) :]}"
    return next((form for form in forms if len(form) <= width), cut)


def replaced(file: SpecFile, overrides: Iterable[tuple[str, Any]]) -> list[str]:
    """A note on each override: the old value, and for a base rate the rules whose absolute values stay the same."""
    spec = file.spec
    base_rates = {
        f"{spell(spec.base_path(name))}.{key}": (name, key) for name in spec.bases for key in ("lr", "weight_decay")
    }
    notes = []
    for path, value in overrides:
        before = written(file.document, spec, path)
        was = "not set" if before is None else value_words(plain_value(before))
        note = f"{printable(path)} is {value_words(plain_value(value))} (was {was})"
        if path in base_rates:
            optimizer, key = base_rates[path]
            absolute = [
                name
                for name, rule in zip(spec.rule_names, spec.rules, strict=True)
                if getattr(rule, key) is not None and rule.optimizer in (None, optimizer)
            ]
            note += f"; absolute values unchanged: {', '.join(absolute)}" if absolute else ""
        notes.append(note)
    return notes
