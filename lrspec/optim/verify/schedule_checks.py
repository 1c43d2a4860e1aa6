"""What runs to the findings LRS406: schedulers that start from other rates than the plan's, or lose its ratios."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import count, two_values
from lrspec.optim.live_values import same
from lrspec.optim.verify.base_rates import FlattenedFloor, bases, flattened, planned_rate
from lrspec.optim.verify.deviations import Deviation, advised, differing, tensors_of
from lrspec.optim.verify.running import TrainingRun, together
from lrspec.optim.verify.spec_places import optimizer_place, rate_place

_LISTS = "Give it the groups' rates, `plan.rates(optimizer)`, where it takes any; build it when the groups are final."
_LEFT = (
    "A scheduler or a checkpoint has left it. Build the optimizer anew, then the scheduler; "
    "load what was saved by `lrspec.load_optimizer_state`."
)
_FLOORS = "Give it a floor for each group, as `plan.rates(optimizer, mult=0.01)` has them; or multiply, by a LambdaLR."
_FLOOR_FOR_ALL = "It is one number for all groups: leave it at 0. For a floor that is a factor take a LambdaLR."
_FOR_ALL = ("eta_min", "lr_min", "warmup_lr_init")
"""Floors that torch and timm take no list for."""


def schedule_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS406: base rates that are not the plan's."""
    found = (
        ((rate_place(run.plan, each.cohort), base.what, base.kind), Deviation(each, base.rate, planned_rate(each)))
        for each in run.portions
        for base in bases(run, each)
        if not same(base.rate, planned_rate(each))
    )
    for (place, what, kind), differences in together(found).items():
        wrong = differing(run, what, differences, f" in {kind}")
        yield run.finding("LRS406", place, tensors_of(differences), wrong, advised(differences, _base_advice(what)))


def _base_advice(what: str) -> str:
    """What is left in a group as `initial_lr` may be of a checkpoint; no list of rates would change it."""
    return _LEFT if what == "`initial_lr`" else _LISTS


def schedule_flattens(run: TrainingRun) -> Iterator[Finding]:
    """LRS406: a floor that is one number for groups of different rates."""
    found = (
        ((rate_place(run.plan, flat.portion.cohort), flat.what, flat.schedule.kind, isinf(flat.cohort)), flat)
        for optimizer in run.optimizers
        for flat in flattened(run, optimizer)
    )
    for (place, what, kind, above_zero), flats in together(found).items():
        tensors = [tensor for flat in flats for tensor in flat.portion.tensors]
        wrong = f"`{what}` of {kind} is {_too_much(flats, run.counted(tensors), above_zero=above_zero)}"
        advice = _FLOOR_FOR_ALL if what in _FOR_ALL else _FLOORS
        yield run.finding("LRS406", place, tensors, f"{wrong}: it flattens the ratios", advice)


def _too_much(flats: list[FlattenedFloor], counted: str, *, above_zero: bool) -> str:
    if above_zero:
        return f"more than 0, which the learning rate of {counted} is"
    cohort, most = two_values(flats[0].cohort, flats[0].highest)
    return f"{_up_to(flats)}{cohort} of the learning rate of {counted}, and {most} of the highest"


def scheduler_of_another(run: TrainingRun) -> Iterator[Finding]:
    """LRS406: a scheduler that moves another optimizer, or has been built for other groups."""
    for schedule in run.all_schedules:
        own = next((each for each in run.optimizers if each.inner is schedule.optimizer), None)
        if own is None and schedule.optimizer is not None:
            wrong = f"the scheduler ({schedule.kind}) moves the groups of another optimizer"
            advice = "Build it from the optimizer that trains: what rebuilds that needs a new scheduler, too."
            yield run.finding("LRS406", optimizer_place(run.plan, None, "lr"), [], wrong, advice)
        elif own and schedule.bases is not None and len(schedule.bases) != len(own.groups):
            groups = f"{count(len(schedule.bases), 'group')}, and the optimizer has {len(own.groups)}"
            wrong = f"the scheduler ({schedule.kind}) has base rates for {groups}"
            advice = "Build it after the optimizer has all of its groups."
            yield run.finding("LRS406", optimizer_place(run.plan, own.name, "lr"), [], wrong, advice)


def _up_to(flats: list[FlattenedFloor]) -> str:
    return "" if len({flat.cohort for flat in flats}) == 1 else "as much as "


SCHEDULES = (schedule_differs, schedule_flattens, scheduler_of_another)
"""Every check of schedulers."""
