"""Where a spec says what a parameter gets: the rule's setting that holds, or else the optimizer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lrspec.diagnostics.source import Path
from lrspec.spec.axes import AXES

if TYPE_CHECKING:
    from lrspec.compiler.plan import Cohort, Plan
    from lrspec.spec.language import Rule


class SpecPlace(NamedTuple):
    """A place in a spec, with the rule that it is in, if any; `at_key` where the key is meant and not the value."""

    path: Path
    rule: int | None = None
    at_key: bool = False


NOWHERE = SpecPlace(("rules",), at_key=True)
"""Where a report about what no part of the spec says has its place."""


def rate_place(plan: Plan, cohort: Cohort) -> SpecPlace:
    """Where the learning rate of some parameters comes from: a rate, or else a ladder, a scale, the optimizer."""
    axis = next((axis for axis in ("lr", "layer", "scale") if axis in cohort.assignment.set_by), "lr")
    return setting_place(plan, cohort, axis)


def setting_place(plan: Plan, cohort: Cohort, axis: str) -> SpecPlace:
    """Where an axis of some parameters is set, called as in `set_by`."""
    spec = plan.file.spec
    if axis in cohort.assignment.set_by:
        number = spec.rule_names.index(cohort.assignment.set_by[axis])
        return SpecPlace(("rules", number, *_key(spec.rules[number], axis)), number)
    if axis == "freeze":
        return NOWHERE
    return optimizer_place(plan, cohort.assignment.settings.optimizer, axis.removeprefix("options."))


def optimizer_place(plan: Plan, name: str | None, key: str) -> SpecPlace:
    """Where an optimizer, the default without a name, has a key, or would have it."""
    path = plan.file.spec.base_path(name or plan.file.spec.default)
    return SpecPlace((*path, key)) if path[0] in plan.file.document.value else NOWHERE


def _key(rule: Rule, axis: str) -> Path:
    if axis.startswith("options."):
        return ("options", axis.removeprefix("options."))
    return next((key,) for key in AXES[axis].keys if getattr(rule, key) is not None)
