"""Builds torch's schedulers for the optimizers of a plan, by the spec's `schedules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lrspec.compiler.plan import Plan, a_plan
from lrspec.diagnostics.errors import warn
from lrspec.diagnostics.escape import printable
from lrspec.optim.bind import BindError, no_such_optimizer
from lrspec.optim.optimizer_classes import BuildError
from lrspec.optim.rates import rates, schedules
from lrspec.optim.schedules.planned import courses, cut_short
from lrspec.spec.times import whole

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler


def build_scheduler(plan: Plan, optimizer: Optimizer, steps: int, step: int = 0) -> LRScheduler:
    """Build a scheduler of torch that sets the rate of every group of an optimizer, by the spec's `schedules`.

    Groups are found by their `param_names`: the optimizer may be one of several, or that of a part of the model.

    Args:
        plan: the plan that the optimizer's groups are from.
        optimizer: the optimizer, whatever rates a former scheduler has left in it.
        steps: the number of optimizer steps of the whole run.
        step: the step that comes next: 0, unless a run is resumed.

    Segments that come out empty or cut off in a run of so many steps are each a `SpecWarning`.

    Raises:
        BuildError: if the spec has no `schedules`.
        BindError: if the plan has no groups, or a group has no names, or parameters that the plan does not train, or
            to which it gives different rates or schedules.
        ValueError: if `steps` is not a whole number of at least 1, or `step` of at least 0.
        TypeError: if `plan` is not a plan, or `optimizer` is not an optimizer of torch.
    """
    return _built(plan, {"": optimizer}, steps, step)[""]


def build_schedulers(
    plan: Plan, optimizers: Mapping[str, Optimizer], steps: int, step: int = 0
) -> dict[str, LRScheduler]:
    """Build the schedulers of several optimizers, by the names of these; takes and raises as `build_scheduler`."""
    if not isinstance(optimizers, Mapping):
        raise TypeError(f"expected a mapping of names to optimizers, found {type(optimizers).__name__}")
    if strangers := [name for name in optimizers if name not in a_plan(plan).optimizers]:
        raise BindError(no_such_optimizer(plan, strangers[0]))
    return _built(plan, optimizers, steps, step)


def _built(plan: Plan, optimizers: Mapping[str, Optimizer], steps: int, step: int) -> dict[str, LRScheduler]:
    if a_plan(plan).file.spec.schedules is None:
        raise BuildError("the spec has no `schedules`: describe one there, or build a scheduler of torch yourself")
    steps, step, planned = whole(steps, "steps", 1), whole(step, "step", 0), courses(plan, steps)
    groups = {
        name: list(zip(rates(plan, optimizer), schedules(plan, optimizer), strict=True))
        for name, optimizer in optimizers.items()
    }
    named = {schedule for of_optimizer in groups.values() for _, schedule in of_optimizer}
    warn(f"{printable(plan.path)}: {problem}" for problem in cut_short(plan, named, steps))

    from lrspec.optim.schedules.scheduler import PlanScheduler  # here, since it imports torch

    return {
        name: PlanScheduler(optimizer, [(rate, planned[own]) for rate, own in groups[name]], steps, step)
        for name, optimizer in optimizers.items()
    }
