"""Reads the rates that schedulers start from, and finds floors that flatten the ratios of the spec."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from lrspec.optim.live.schedules import LEFT_IN_GROUPS, Schedule
from lrspec.optim.live.values import close, same
from lrspec.optim.verify.running import Portion, RunningOptimizer, TrainingRun


class BaseRate(NamedTuple):
    """The rate of a group that a scheduler starts from: its name there, the scheduler's class, and the rate."""

    name: str
    source: str
    rate: Any


class FlattenedFloor(NamedTuple):
    """A floor of a schedule, as a multiple of the plan's rate, unlike that of the group with the highest rate."""

    portion: Portion
    schedule: Schedule
    name: str
    multiple: float
    highest: float


def planned_rate(portion: Portion) -> Any:
    """Return the plan's learning rate, or the optimizer's own if the plan has none."""
    rate = portion.cohort.assignment.settings.lr
    return portion.optimizer.stepping.defaults.get("lr") if rate is None else rate


def bases(run: TrainingRun, portion: Portion) -> list[BaseRate]:
    """Return the rates that schedulers start from in a group; if none is known, the rate that one has left there."""
    if schedules := run.schedules(portion.optimizer):
        return [
            BaseRate(schedule.base, schedule.name, schedule.bases[portion.number])
            for schedule in schedules
            if schedule.bases is not None and portion.number < len(schedule.bases)
        ]
    left = next((key for key in LEFT_IN_GROUPS if key in portion.group), None)
    return [BaseRate(f"`{left}`", "the group", portion.group[left])] if left else []


def has_wrong_base(run: TrainingRun, portion: Portion) -> bool:
    """Return whether a scheduler starts from another rate than the plan's."""
    return any(not same(base.rate, planned_rate(portion)) for base in bases(run, portion))


def flattened(run: TrainingRun, optimizer: RunningOptimizer) -> Iterator[FlattenedFloor]:
    """The floors of an optimizer's schedulers that are not in proportion to the plan's rates."""
    portions = [portion for portion in run.portions_of(optimizer) if planned_rate(portion) is not None]
    top = max(portions, key=lambda portion: float(planned_rate(portion)), default=None)
    if top is None or not planned_rate(top):
        return
    for schedule in run.schedules(optimizer):
        for name, floors in schedule.floors.items():
            if len(floors) != len(optimizer.groups):
                continue
            highest = float(floors[top.number] or 0) / float(planned_rate(top))
            for portion in portions:
                floor, rate = float(floors[portion.number] or 0), float(planned_rate(portion))
                above_zero = math.inf * floor if floor else 0.0
                multiple = floor / rate if rate else above_zero
                # ReduceLROnPlateau's `min_lr` only stops rates on their way down, and does not lift a rate of 0.
                if not close(multiple, highest) and (rate or (multiple and name != "min_lr")):
                    yield FlattenedFloor(portion, schedule, name, multiple, highest)
