"""Chains: rates that fall by one factor from layer to layer, down to a floor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from lrspec.drafting.numbers import close, digits, shortest

FEWEST = 3
"""The fewest rates that make a chain: two are two rates, a head's and a body's."""


_LONG = 4
"""The digits above which nobody types a factor."""

_FLOOR_DIGITS = 3
"""The most digits of a floor, and of a factor that is known by one step alone."""


@dataclass(frozen=True)
class Chain:
    """Rates `top`, `top` × `factor`, `top` × `factor`², …; `floor` is the least multiple of `top`, or 0.

    `steps` has the number of steps below the top, by rate; that of the floor is the first which reaches it. A step that
    no rate has is one of layers that are frozen, or that nobody is on.
    """

    top: float
    factor: float
    floor: float
    steps: dict[float, int]

    @property
    def depth(self) -> int:
        """The number of the steps from the top to the lowest rate."""
        return max(self.steps.values())

    def decay(self, steps: int) -> Any:
        """The value of `layer_decay` for a ladder of so many steps: by what the first layer has if that is shorter."""
        if self.floor:
            return {"factor": self.factor, "min_mult": self.floor}
        lowest, last = max(self.steps.items(), key=itemgetter(1))
        first = shortest((lowest / self.top) ** (steps / last))
        fits = all(_fits(self.top * first ** (step / steps), value) for value, step in self.steps.items())
        is_shorter = digits(self.factor) > _LONG and digits(first) <= _FLOOR_DIGITS
        return {"first": first} if is_shorter and fits else self.factor


def chains(values: Sequence[float]) -> list[Chain]:
    """Return the chains in different rates, highest first: stretches in which each is the one before times one factor.

    The factor is the most frequent one; it is the same in all chains.
    """
    falling = sorted((value for value in values if value > 0), reverse=True)
    ratios = [f"{low / high:.9g}" for high, low in pairwise(falling)]
    common = Counter(ratios).most_common(1)
    if not common or common[0][1] < FEWEST - 1:
        return _short(falling) if len(falling) == FEWEST else []
    found, start = [], 0
    for ratio, stretch in groupby(ratios):
        end = start + len(list(stretch))
        if ratio == common[0][0] and end - start >= FEWEST - 1:
            found.append(_chain(_numbered(falling[start : end + 1]), falling[end + 1 :]))
        start = end
    return [chain for chain in found if chain is not None]


def bridged(values: Sequence[float]) -> Chain | None:
    """Return the longest chain in different rates with all that are further steps of it, beyond steps without rates."""
    base = max(chains(values), key=lambda chain: chain.depth, default=None)
    if base is None:
        return None
    top, factor = math.log(base.top), math.log(base.factor)
    steps = {value: round((math.log(value) - top) / factor) for value in values if value > 0}
    steps = {value: step for value, step in steps.items() if _is_step(value, base.top * base.factor**step)}
    return _chain(steps, [value for value in values if 0 < value < min(steps)])


def extended(chain: Chain, values: Sequence[float]) -> Chain:
    """Return a chain that goes on, up or down, through those of some rates that are the next step.

    The chain itself if it would lose its floor, which is a long number below another top.
    """
    steps = {value: step for value, step in chain.steps.items() if not chain.floor or step < chain.depth}
    below = [value for value in chain.steps if value not in steps]
    left = list(values)
    while True:
        high, low = max(steps), min(steps)
        ends = [(high / chain.factor, steps[high] - 1)] + ([] if below else [(low * chain.factor, steps[low] + 1)])
        new = {value: step for end, step in ends for value in left if _is_step(value, end)}
        if not new:
            grown = _chain(steps, below)
            return grown if grown is not None and {*below} <= grown.steps.keys() else chain
        steps |= new
        left = [value for value in left if value not in new]


def _fits(step: float, value: float) -> bool:
    return math.isclose(step, value, rel_tol=5e-13)


def _is_step(value: float, step: float) -> bool:
    return math.isclose(value, step, rel_tol=1e-12)


def _numbered(regular: Sequence[float]) -> dict[float, int]:
    return {value: step for step, value in enumerate(regular)}


def _short(falling: Sequence[float]) -> list[Chain]:
    """The chain of three rates, if the lowest is a floor that is reached before the second step."""
    chain = _chain(_numbered(falling[:-1]), falling[-1:])
    return [chain] if chain is not None and chain.floor and digits(chain.factor) <= _FLOOR_DIGITS else []


def _chain(steps: Mapping[float, int], below: Sequence[float]) -> Chain | None:
    """Return the chain of rates by their steps, with a floor if just one rate is below and is no step itself."""
    first = min(steps.values())
    regular = {value: step - first for value, step in sorted(steps.items(), reverse=True)}
    (highest, *_), (lowest, last) = regular, list(regular.items())[-1]
    top = shortest(highest)

    def fits(factor: float) -> bool:
        return all(_fits(top * factor**step, value) for value, step in regular.items())

    factor = shortest((lowest / highest) ** (1 / last), fits)
    if not fits(factor) or factor >= 1:
        return None
    floor = shortest(below[0] / top) if len(below) == 1 and below[0] > top * factor ** (last + 1) else 0
    if not floor or digits(floor) > _FLOOR_DIGITS or not close(top * floor, below[0]):
        return Chain(top, factor, 0, regular)
    return Chain(top, factor, floor, {**regular, below[0]: last + 1})
