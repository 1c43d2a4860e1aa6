"""Finds LRS406: schedulers that start from other rates than the plan's, or flatten its ratios."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import count, two_values
from lrspec.optim.live.values import same
from lrspec.optim.verify.base_rates import bases, flattened, planned_rate
from lrspec.optim.verify.deviations import Deviation, advised, differing, tensors_of
from lrspec.optim.verify.running import TrainingRun, together
from lrspec.optim.verify.spec_places import SpecPlace, optimizer_place, rate_place

_LISTS = "Give it the groups' rates, `plan.rates(optimizer)`, if it takes a list; build it when the groups are final."
_LEFT = (
    "A scheduler or a checkpoint has left it. Rebuild the optimizer, then the scheduler; "
    "load saved state with `lrspec.load_optimizer_state`."
)
_FLOORS = "Give it a floor for each group, as in `plan.rates(optimizer, mult=0.01)`; or multiply, with a LambdaLR."
_FLOOR_FOR_ALL = "It is one number for all groups: leave it at 0. For a floor that is a factor use a LambdaLR."
_FOR_ALL = ("eta_min", "lr_min", "warmup_lr_init")
"""Floors that torch and timm accept no list for."""


def schedule_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS406: base rates that are not the plan's."""
    wrong_bases = []
    for portion in run.portions:
        planned = planned_rate(portion)
        for base in bases(run, portion):
            if not same(base.rate, planned):
                key = (rate_place(run.plan, portion.cohort), base.name, base.source)
                wrong_bases.append((key, Deviation(portion, base.rate, planned)))
    for (place, name, source), deviations in together(wrong_bases).items():
        message = differing(run, name, deviations, f" in {source}")
        # A checkpoint may have left `initial_lr`, and no list of rates would change it.
        advice = advised(deviations, _LEFT if name == "`initial_lr`" else _LISTS)
        yield run.finding("LRS406", place, tensors_of(deviations), message, advice)


def schedule_flattens(run: TrainingRun) -> Iterator[Finding]:
    """LRS406: a floor that is one number for groups of different rates."""
    floors = (
        ((rate_place(run.plan, floor.portion.cohort), floor.name, floor.schedule.name, isinf(floor.multiple)), floor)
        for optimizer in run.optimizers
        for floor in flattened(run, optimizer)
    )
    for (place, name, scheduler, above_zero), same_floors in together(floors).items():
        tensors = [tensor for floor in same_floors for tensor in floor.portion.tensors]
        counted = run.counted(tensors)
        if above_zero:
            level = f"more than 0, which the learning rate of {counted} is"
        else:
            multiple, highest = two_values(same_floors[0].multiple, same_floors[0].highest)
            at_most = "" if len({floor.multiple for floor in same_floors}) == 1 else "as much as "
            level = f"{at_most}{multiple} of the learning rate of {counted}, and {highest} of the highest"
        message = f"`{name}` of {scheduler} is {level}: it flattens the ratios"
        yield run.finding("LRS406", place, tensors, message, _FLOOR_FOR_ALL if name in _FOR_ALL else _FLOORS)


def scheduler_of_another(run: TrainingRun) -> Iterator[Finding]:
    """LRS406: a scheduler that moves another optimizer, or was built for other groups."""
    for schedule in run.all_schedules:
        own = next((optimizer for optimizer in run.optimizers if optimizer.inner is schedule.optimizer), None)
        if own is None and schedule.optimizer is not None:
            message = f"the scheduler ({schedule.name}) moves the groups of another optimizer"
            advice = "Build it from the optimizer that trains: after rebuilding that, rebuild the scheduler, too."
            yield run.finding("LRS406", optimizer_place(run.plan, None, "lr"), [], message, advice)
        elif own and schedule.bases is not None and len(schedule.bases) != len(own.groups):
            groups = f"{count(len(schedule.bases), 'group')}, but the optimizer has {len(own.groups)}"
            message = f"the scheduler ({schedule.name}) has base rates for {groups}"
            advice = "Build it after the optimizer has all of its groups."
            yield run.finding("LRS406", optimizer_place(run.plan, own.name, "lr"), [], message, advice)


def other_scheduler(run: TrainingRun) -> Iterator[Finding]:
    """LRS406: on a spec with `schedules`, a scheduler that does not follow them."""
    if run.plan.file.spec.schedules:
        for name in dict.fromkeys(schedule.name for schedule in run.all_schedules if schedule.position is None):
            message = f"the scheduler ({name}) does not follow the `schedules` of the spec"
            advice = "Build it with `lrspec.build_scheduler(plan, optimizer, steps)`, or remove `schedules`."
            yield run.finding("LRS406", SpecPlace(("schedules",), at_key=True), [], message, advice)


SCHEDULES = (schedule_differs, schedule_flattens, scheduler_of_another, other_scheduler)
"""Every check of schedulers."""
