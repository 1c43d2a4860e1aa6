"""Do learning rates fall from the input to the head? LRS513."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run
from lrspec.diagnostics.wording import six_digits
from lrspec.models.describe import count_parameters
from lrspec.optim.live.values import is_number

_NUMBER = re.compile(r"(\d{1,9})\.")
_STEPS = 3
"""The least steps by which rates fall before it is no accident."""


def rates_towards_input(run: Run) -> Iterator[AuditFinding]:
    """LRS513: rates that fall along numbered modules, as of a layer-wise decay that counts from the wrong end."""
    rates = _rates(run)
    if len(set(rates.values())) <= _STEPS:
        return
    stacks = _stacks(run, rates)
    steps = {key: _steps([rates[stack[number]] for number in sorted(stack)]) for key, stack in stacks.items()}
    if any(rises for rises, _ in steps.values()):
        return
    fallen = {prefix for (prefix, _), (_, falls) in steps.items() if falls >= _STEPS}
    if fallen:
        places = sorted(
            {place for (prefix, _), stack in stacks.items() if prefix in fallen for place in stack.values()}
        )
        lowest, highest = (six_digits(choose(rates[place] for place in places)) for choose in (min, max))
        yield run.finding(
            "LRS513",
            places,
            f"the learning rates of {count_parameters(run.inventory.columns, places)} fall from the input to the head, "
            f"from {highest} to {lowest}: the first layers, which are the most general, change the most",
            "Count the other way round: with a decay of 0.9, the last layer has the full rate, and each one before it "
            "0.9 times that of the next.",
        )


def _steps(rates: list[float]) -> tuple[int, int]:
    """How often rates rise and fall."""
    apart = [one < other for one, other in pairwise(rates) if not math.isclose(one, other, rel_tol=1e-6)]
    return sum(apart), len(apart) - sum(apart)


def _rates(run: Run) -> dict[int, float]:
    """The rates of parameters that train, where they are above 0."""
    of_groups = {
        (id(optimizer), number): optimizer.rate(number)
        for optimizer in run.optimizers
        for number in range(len(optimizer.groups))
    }
    positive = {key: rate for key, rate in of_groups.items() if is_number(rate) and rate > 0}
    rates = ((slot.place, positive.get((id(slot.optimizer), slot.group))) for slot in run.slots)
    return {place: rate for place, rate in rates if place is not None and rate is not None and run.trains(place)}


def _stacks(run: Run, rates: Mapping[int, float]) -> dict[tuple[str, str], dict[int, int]]:
    """The places of parameters that have one name but for the number of a module around them, by that number."""
    names = run.inventory.columns.names
    stacks: dict[tuple[str, str], dict[int, int]] = {}
    for place in rates:
        name = names[place]
        for found in _NUMBER.finditer(name):
            stacks.setdefault((name[: found.start()], name[found.end() :]), {})[int(found[1])] = place
    return stacks
