"""Chains: rates that fall by one factor from layer to layer, down to a floor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from lrspec.drafting.rates.multiples import close, digits, shortest

FEWEST = 3
"""The fewest rates that make a chain: two are two rates, a head's and a body's."""


@dataclass(frozen=True)
class Chain:
    """Rates `top`, `top` × `factor`, `top` × `factor`², …; `floor` is the least multiple of `top`, or 0.

    `steps` has the number of steps below the top, by rate; that of the floor is the first which reaches it.
    """

    top: float
    factor: float
    floor: float
    steps: dict[float, int]

    @property
    def depth(self) -> int:
        """The number of the steps from the top to the lowest rate."""
        return len(self.steps) - 1

    @property
    def decay(self) -> Any:
        """The value of `layer_decay`."""
        return {"factor": self.factor, "min_mult": self.floor} if self.floor else self.factor


def chains(values: Sequence[float]) -> list[Chain]:
    """Return the chains in different rates, highest first: stretches in which each is the one before times one factor.

    The factor is the most frequent one; it is the same in all chains.
    """
    falling = sorted((value for value in values if value > 0), reverse=True)
    ratios = [f"{low / high:.9g}" for high, low in pairwise(falling)]
    common = Counter(ratios).most_common(1)
    if not common or common[0][1] < FEWEST - 1:
        return []
    found, start = [], 0
    for ratio, stretch in groupby(ratios):
        end = start + len(list(stretch))
        if ratio == common[0][0] and end - start >= FEWEST - 1:
            found.append(_chain(falling[start : end + 1], falling[end + 1 :]))
        start = end
    return [chain for chain in found if chain is not None]


def extended(chain: Chain, values: Sequence[float]) -> Chain:
    """Return a chain that goes on, up or down, through those of some rates that are the next step."""
    steps, left = sorted(chain.steps, reverse=True), list(values)
    while True:
        ends = [steps[0] / chain.factor] + ([] if chain.floor else [steps[-1] * chain.factor])
        new = next((value for value in left if any(math.isclose(value, end, rel_tol=1e-12) for end in ends)), None)
        if new is None:
            break
        steps = sorted([*steps, new], reverse=True)
        left.remove(new)
    regular = steps[:-1] if chain.floor else steps
    return _chain(regular, steps[len(regular) :]) or chain


def _chain(regular: Sequence[float], below: Sequence[float]) -> Chain | None:
    """Return the chain of rates in a row, with a floor if just one rate is below and is no step itself."""
    top, last = shortest(regular[0]), len(regular) - 1

    def fits(factor: float) -> bool:
        return all(math.isclose(top * factor**step, v, rel_tol=5e-13) for step, v in enumerate(regular))

    factor = shortest((regular[-1] / regular[0]) ** (1 / last), fits)
    if not fits(factor) or factor > 1:
        return None
    floor = shortest(below[0] / top) if len(below) == 1 and below[0] > top * factor ** (last + 1) else 0
    if not floor or digits(floor) > 3 or not close(top * floor, below[0]):
        return Chain(top, factor, 0, {v: step for step, v in enumerate(regular)})
    return Chain(top, factor, floor, {v: step for step, v in enumerate([*regular, below[0]])})
