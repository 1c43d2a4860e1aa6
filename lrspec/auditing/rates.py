"""The learning rates of live groups by number, as the checks of schedulers compare them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from lrspec.auditing.run import Run
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.schedules import Schedule
from lrspec.optim.live.values import is_number, plain_value


def plans(run: Run, optimizer: LiveOptimizer) -> list[Schedule]:
    """Return the schedules of an optimizer, and those that do not say which optimizer they move."""
    return [*optimizer.schedules, *(each for each in run.schedules if each.optimizer is None)]


def understood(run: Run, optimizer: LiveOptimizer) -> bool:
    """Return whether there are schedulers, all of known classes, and none moves the groups apart."""
    own = plans(run, optimizer)
    return bool(own) and all(each.known and each.together for each in own)


def filled(optimizer: LiveOptimizer) -> list[int]:
    """Return the numbers of the groups in which something trains."""
    groups = enumerate(optimizer.groups)
    return [number for number, group in groups if any(tensor.requires_grad for tensor in group["params"])]


def places_in(run: Run, optimizer: LiveOptimizer, numbers: Iterable[int]) -> list[int]:
    """Return the places of the parameters in some groups, in model order."""
    wanted = set(numbers)
    slots = (slot for slot in run.slots if slot.optimizer is optimizer and slot.group in wanted)
    return sorted({slot.place for slot in slots if slot.place is not None})


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


def factor(optimizer: LiveOptimizer, number: int, key: str) -> float:
    """Return a multiplier in a group; 1 if it has none."""
    value = plain_value(optimizer.groups[number].get(key, 1.0))
    return float(value) if is_number(value) else 1.0


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
