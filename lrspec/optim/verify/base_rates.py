"""What runs to what its schedulers start from, and where they would flatten the ratios of the spec."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lrspec.optim.live_values import close, same
from lrspec.optim.verify.running import Portion, RunningOptimizer, TrainingRun
from lrspec.optim.verify.schedulers import Schedule


class BaseRate(NamedTuple):
    """The rate of a group that a scheduler starts from: what it calls it, the scheduler's class, the rate."""

    what: str
    kind: str
    rate: Any


class FlattenedFloor(NamedTuple):
    """A rate of a schedule that is another share of the plan's in a group than in that of the highest rate."""

    portion: Portion
    schedule: Schedule
    what: str
    cohort: float
    highest: float


def planned_rate(portion: Portion) -> Any:
    """The plan's learning rate, or the optimizer's own where the plan has none."""
    rate = portion.cohort.assignment.settings.lr
    return portion.optimizer.stepping.defaults.get("lr") if rate is None else rate


def bases(run: TrainingRun, portion: Portion) -> list[BaseRate]:
    """What schedulers start from in a group; where none is known, what one has left in the group."""
    known = run.schedules(portion.optimizer)
    if known:
        return [
            BaseRate(each.base, each.kind, each.bases[portion.number])
            for each in known
            if each.bases is not None and portion.number < len(each.bases)
        ]
    left = next((key for key in ("max_lr", "initial_lr") if key in portion.group), None)
    return [BaseRate(f"`{left}`", "the group", portion.group[left])] if left else []


def has_wrong_base(run: TrainingRun, portion: Portion) -> bool:
    """Whether a scheduler starts from another rate than the plan's."""
    return any(not same(base.rate, planned_rate(portion)) for base in bases(run, portion))


def keeps_ratios(run: TrainingRun, optimizer: RunningOptimizer) -> bool:
    """Whether the schedulers of an optimizer mean to move all of its groups by one factor."""
    together = all(each.together for each in run.schedules(optimizer))
    return together and not any(True for _ in flattened(run, optimizer))


def flattened(run: TrainingRun, optimizer: RunningOptimizer) -> Iterator[FlattenedFloor]:
    """Where the floors of an optimizer's schedulers are not in the proportion of the plan's rates."""
    portions = [each for each in run.portions if each.optimizer is optimizer and planned_rate(each) is not None]
    highest = max(portions, key=lambda each: float(planned_rate(each)), default=None)
    if highest is None or not planned_rate(highest):
        return
    for schedule in run.schedules(optimizer):
        for what, floors in schedule.floors.items():
            if len(floors) == len(optimizer.groups):
                shares = [_share(floors, each) for each in portions]
                most = _share(floors, highest)
                for portion, share in zip(portions, shares, strict=True):
                    if not close(share, most) and (planned_rate(portion) or (share and what not in _ONLY_LOWER)):
                        yield FlattenedFloor(portion, schedule, what, share, most)


_ONLY_LOWER = ("min_lr",)
"""Floors that rates go down to, and that do not lift a rate of 0: those of ReduceLROnPlateau."""


def _share(floors: Sequence[Any], portion: Portion) -> float:
    """A floor as a multiple of the plan's rate; where that is 0, no floor above it is."""
    floor, rate = float(floors[portion.number] or 0), float(planned_rate(portion))
    return floor / rate if rate else math.inf * floor if floor else 0.0
