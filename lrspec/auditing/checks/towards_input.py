"""Do learning rates fall from the input to the head? LRS513."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run
from lrspec.diagnostics.wording import six_digits
from lrspec.models.describe import count_parameters
from lrspec.optim.live.values import is_number

if TYPE_CHECKING:
    from torch import nn

_NUMBER = re.compile(r"(\d{1,9})\.")
_STEPS = 3
"""The least steps by which rates fall before it is no accident."""

_BESIDE = {"branch", "branches", "expert", "experts", "head", "heads", "up", "ups"}
_IN_TURN = {"block", "blocks", "h", "layer", "layers", "stage", "stages"}
"""Words in the names of modules that are beside each other, or in a decoder; and of those that are in turn."""


def rates_towards_input(run: Run) -> Iterator[AuditFinding]:
    """LRS513: rates that fall along numbered modules, as of a layer-wise decay that counts from the wrong end."""
    rates = _rates(run)
    if len(set(rates.values())) > _STEPS and (places := _falling(run, rates)):
        lowest, highest = (six_digits(choose(rates[place] for place in places)) for choose in (min, max))
        yield run.finding(
            "LRS513",
            places,
            f"the learning rates of {count_parameters(run.inventory.columns, places)} fall from the input to the head, "
            f"from {highest} to {lowest}: the first layers, which are the most general, change the most",
            "Count the other way round: with a decay of 0.9, the last layer has the full rate, and each one before it "
            "0.9 times that of the next.",
        )


def _falling(run: Run, rates: Mapping[int, float]) -> list[int]:
    """The parameters of stacks along which rates fall; none if they rise along any."""
    stacks = _stacks(run, rates)
    steps = {key: _steps([rates[stack[number]] for number in sorted(stack)]) for key, stack in stacks.items()}
    fallen = {prefix for (prefix, _), (_, falls) in steps.items() if falls >= _STEPS}
    if any(rises for rises, _ in steps.values()):
        return []
    return sorted({place for (prefix, _), stack in stacks.items() if prefix in fallen for place in stack.values()})


def _steps(rates: list[float]) -> tuple[int, int]:
    """How often rates rise and fall."""
    apart = [one < other for one, other in pairwise(rates) if not math.isclose(one, other, rel_tol=1e-6)]
    return sum(apart), len(apart) - sum(apart)


def _rates(run: Run) -> dict[int, float]:
    """The rates of parameters that train, where they are above 0."""
    rates = ((optimizer.rate(number), places) for (optimizer, number), places in run.places.items())
    positive = ((rate, places) for rate, places in rates if is_number(rate) and rate > 0)
    return {place: rate for rate, places in positive for place in places if run.trains(place)}


def _stacks(run: Run, rates: Mapping[int, float]) -> dict[tuple[str, str], dict[int, int]]:
    """The places of parameters that have one name but for the number of a module around them, by that number."""
    names = run.inventory.columns.names
    stacks: dict[tuple[str, str], dict[int, int]] = {}
    modules: dict[str, nn.Module] = {}
    for visited in run.parameters.modules:  # what a wrapper wraps comes before it
        modules.setdefault(visited.prefix, visited.module)
    beside: dict[str, bool] = {}
    for place in rates:
        name = names[place]
        for found in _NUMBER.finditer(name):
            prefix = name[: found.start()]
            if prefix not in beside:
                beside[prefix] = _are_beside(prefix, modules.get(prefix))
            if not beside[prefix]:
                stacks.setdefault((prefix, name[found.end() :]), {})[int(found[1])] = place
    return stacks


def _are_beside(prefix: str, around: nn.Module | None) -> bool:
    """Return whether numbered modules are not in turn: their name says so, or they are single ones in a list."""
    words = set(re.findall("[a-z]+", prefix.removesuffix(".").rpartition(".")[2].lower()))
    kind, inside = type(around).__name__, around._modules.values() if around else ()
    are_single = kind in ("ModuleList", "ModuleDict") and not any(each and each._modules for each in inside)
    return kind != "Sequential" and (not words.isdisjoint(_BESIDE) or (are_single and words.isdisjoint(_IN_TURN)))
