"""Learning rates as multiples of the optimizer's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from lrspec.drafting.numbers import close, digits, shortest
from lrspec.drafting.wanted import Wanted
from lrspec.spec.language import Optimizer

Values: TypeAlias = Mapping[int, float]
"""Rates by place in the inventory, in model order."""

_LONG = 4
"""The digits above which nobody types a number."""

_FAR = 1000
"""The multiple above which, and below whose inverse, nobody multiplies."""

_LIKE_MULTIPLES = (0.1, 0.2, 0.25, 0.5, 1)
"""The rates that `lrspec check` takes for multiples (LRS310)."""


@dataclass(frozen=True)
class Multiples:
    """The rate of each parameter that has one, in units of its optimizer's.

    If an optimizer has no rate to multiply, `key` is `lr`, and the numbers are the rates themselves.
    """

    key: Literal["lr", "lr_mult"]
    values: Values
    bases: Mapping[str, Optimizer]

    def setting(self, value: float) -> tuple[str, Any]:
        """Return the setting by which a rule sets a rate: the multiple, or an absolute rate where that is shorter."""
        multiple = shortest(value)
        if self.key == "lr" or len(self.bases) > 1:
            return self.key, multiple
        base = next(iter(self.bases.values())).lr or 1.0
        rate = shortest(value * base)
        misread = rate in _LIKE_MULTIPLES and rate >= 10 * base
        squared = multiple == base < 0.01
        far = not 1 / _FAR <= multiple < _FAR and digits(rate) <= _LONG
        long = digits(multiple) > _LONG and digits(rate) < _LONG
        if squared or (multiple and (far or long) and not misread):
            return "lr", rate
        return "lr_mult", multiple


def multiples(wanted: Wanted) -> Multiples:
    """Return the rates of all parameters in units of their optimizers'."""
    default = next(iter(wanted.bases))
    rates = {
        place: (settings.lr, settings.optimizer or default)
        for place, settings in enumerate(wanted.settings)
        if settings is not None and settings.lr is not None
    }
    bases = {name: wanted.bases[name] for name in dict.fromkeys(name for _, name in rates.values())}
    if all(base.lr for base in bases.values()):
        return Multiples("lr_mult", alike({p: lr / (bases[name].lr or 1) for p, (lr, name) in rates.items()}), bases)
    return Multiples("lr", alike({place: lr for place, (lr, _) in rates.items()}), bases)


def alike(values: Values) -> dict[int, float]:
    """Replace rates that differ by rounding alone by one of them."""
    same: dict[float, float] = {}
    first = math.nan
    for value in sorted(set(values.values())):
        first = first if close(value, first) else value
        same[value] = first
    return {place: same[value] for place, value in values.items()}


def long_numbers(values: Iterable[Any]) -> int:
    """Return how many of some values are numbers that nobody types."""
    return sum(isinstance(value, int | float) and digits(value) > _LONG for value in values)
