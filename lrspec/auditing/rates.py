"""The learning rates of live groups by number, as the checks of schedulers compare them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from lrspec.auditing.finding import listed
from lrspec.auditing.multipliers import factor
from lrspec.auditing.run import Run
from lrspec.models.describe import count_parameters
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.schedules import Schedule
from lrspec.optim.live.values import is_number, plain_value


def plans(run: Run, optimizer: LiveOptimizer) -> list[Schedule]:
    """Return the schedules of an optimizer, and those that do not say which optimizer they move."""
    return [*optimizer.schedules, *(each for each in run.schedules if each.optimizer is None)]


def may_move(run: Run, optimizer: LiveOptimizer) -> bool:
    """Return whether a scheduler moves the rates of an optimizer, or may: one that moves none that is known."""
    others = {each for known in run.optimizers for each in known.schedules if known is not optimizer}
    return any(each not in others for each in run.schedules)


def understood(run: Run, optimizer: LiveOptimizer) -> bool:
    """Return whether there are schedulers, all of known classes, and none moves the groups apart."""
    own = plans(run, optimizer)
    return bool(own) and all(each.known and each.together for each in own)


def filled(optimizer: LiveOptimizer) -> list[int]:
    """Return the numbers of the groups in which something trains."""
    return [number for number, trains in enumerate(optimizer.trains) if trains]


def counted(run: Run, optimizer: LiveOptimizer, numbers: Sequence[int]) -> str:
    """Return `3 parameters (9 elements)` of what some groups hold of the model; if that is nothing, the groups."""
    places = run.places_in(optimizer, numbers)
    groups = listed(optimizer.label(number) for number in numbers)
    return count_parameters(run.inventory.columns, places) if places else groups


def in_groups(optimizer: LiveOptimizer, values: Sequence[Any]) -> dict[int, float] | None:
    """Return the values of the groups in which something trains, by number; None unless each is a number."""
    if len(values) != len(optimizer.groups):
        return None
    rates = {number: plain_value(values[number]) for number in filled(optimizer)}
    return rates if rates and all(map(is_number, rates.values())) else None


def scaled(optimizer: LiveOptimizer, values: Sequence[Any], key: str) -> dict[int, float] | None:
    """Return rates as `in_groups`, each times the key of its group that a scheduler reads, if it reads any."""
    rates = in_groups(optimizer, values)
    return rates and {number: rate * factor(optimizer, number, key) for number, rate in rates.items()}


def key_read(optimizer: LiveOptimizer) -> str:
    """Return the key by which a scheduler of an optimizer multiplies; empty if none does."""
    return next((each.reads for each in optimizer.schedules if each.reads), "")


def alike(rates: Iterable[float]) -> bool:
    """Return whether rates are all the same."""
    return distinct(rates) <= 1


def distinct(values: Iterable[float]) -> int:
    """Return the number of values that differ by more than what rounding does."""
    ordered = sorted(values)
    apart = (not math.isclose(one, other, rel_tol=1e-6) for one, other in pairwise(ordered))
    return len(ordered[:1]) + sum(apart)
