"""Locates the settings of parameters in a spec: the winning rule's key, or else the optimizer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lrspec.diagnostics.source import Path
from lrspec.spec.axes import AXES

if TYPE_CHECKING:
    from lrspec.compiler.plan import Cohort, Plan


class SpecPlace(NamedTuple):
    """A place in a spec, with the rule that it is in, if any; `at_key` if the key is meant and not the value."""

    path: Path
    rule: int | None = None
    at_key: bool = False


NOWHERE = SpecPlace(("rules",), at_key=True)
"""The place of a finding that concerns no particular part of the spec."""


def rate_place(plan: Plan, cohort: Cohort) -> SpecPlace:
    """Return the place that decides the learning rate of a cohort: a rate, else a ladder, a scale, or the optimizer."""
    axis = next((axis for axis in ("lr", "layer", "scale") if axis in cohort.assignment.set_by), "lr")
    return setting_place(plan, cohort, axis)


def setting_place(plan: Plan, cohort: Cohort, axis: str) -> SpecPlace:
    """Return the place that sets an axis of a cohort; axes are named as in `set_by`."""
    spec, (kind, _, name) = plan.file.spec, axis.partition(".")
    if axis in cohort.assignment.set_by:
        number = spec.rule_names.index(cohort.assignment.set_by[axis])
        if name:  # of an option or a tag
            return SpecPlace(("rules", number, kind, name), number)
        key = next(key for key in AXES[axis].keys if getattr(spec.rules[number], key) is not None)
        return SpecPlace(("rules", number, key), number)
    return NOWHERE if axis == "freeze" else optimizer_place(plan, cohort.assignment.settings.optimizer, name or axis)


def optimizer_place(plan: Plan, name: str | None, key: str) -> SpecPlace:
    """Return the place of an optimizer's key, whether it is set or not; without a name, of the default optimizer."""
    path = plan.file.spec.base_path(name or plan.file.spec.default)
    return SpecPlace((*path, key)) if path[0] in plan.file.document.value else NOWHERE
