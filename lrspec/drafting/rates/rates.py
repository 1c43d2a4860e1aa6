"""Rules that give every parameter its learning rate: one rate, a few, a ladder, ladders, and factors on top."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from operator import itemgetter
from typing import NamedTuple

from lrspec.drafting.ladder.ladder import ladder
from lrspec.drafting.numbers import shortest
from lrspec.drafting.rates.cost import FACTOR, LADDER, cost
from lrspec.drafting.rates.factors import Factor, common_factors, outlier_factor, scaled
from lrspec.drafting.rates.forms import RateForms
from lrspec.drafting.rates.multiples import Values, long_numbers, multiples
from lrspec.drafting.rates.names import RateNames
from lrspec.drafting.rates.towers import Tower, in_order, joined, over_gaps, split, whole
from lrspec.drafting.rules import DraftRule
from lrspec.drafting.selecting.selectors import selectors
from lrspec.drafting.wanted import Wanted
from lrspec.models.parameters import Columns

_FACTORS = 3
"""The most factors that are looked for by kind, and the most beside towers are one less."""

_FIRST = 3
"""The factors of which each is tried as the first."""

_TRIES = 16
"""The most ways that are tried."""


def rate_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that decide the learning rates of all trained parameters, the shortest that are found."""
    found = multiples(wanted)
    if not found.values:
        return []
    columns = wanted.inventory.columns
    frozen = tuple(place for place, settings in enumerate(wanted.settings) if settings is None)
    rest = len(found.values) + len(frozen) == len(wanted.settings)
    searches = cache(partial(ladder, columns)), cache(partial(selectors, columns))  # many ways have some in common
    forms = RateForms(columns, RateNames(columns), *searches, found, frozen, rest)
    return [part for rule in _shortest(forms) for part in forms.apart(_explained(rule))]


def _explained(rule: DraftRule) -> DraftRule:
    """The rule, with a comment if its multiple is long because it is a quotient."""
    multiple = dict(rule.settings).get("lr_mult")
    inverse = shortest(1 / multiple) if multiple and long_numbers([multiple]) else 0
    return (
        replace(rule, comment=f"the rate divided by {inverse:g}") if inverse and not long_numbers([inverse]) else rule
    )


class _Way(NamedTuple):
    """A way to say rates: ladders, factors on top, and what is left without these."""

    values: Values
    towers: Sequence[Tower]
    factors: Sequence[Factor]

    @property
    def least(self) -> int:
        """The least that it can cost, if a regex is enough for each rule, and none for the fallback."""
        inside = {place for tower in self.towers for place in tower.steps}
        single = {value for place, value in self.values.items() if place not in inside}
        return LADDER * len(self.towers) + FACTOR * (len(self.factors) + len(single)) - bool(single)


def _shortest(forms: RateForms) -> list[DraftRule]:
    """The rules that cost least: of all ways, those that may are tried, the most promising first."""
    ways = sorted(((way.least, number, way) for number, way in enumerate(_all_ways(forms))), key=itemgetter(0, 1))
    best: tuple[float, int, list[DraftRule]] = (math.inf, 0, [])
    for least, number, way in ways[:_TRIES]:
        if least <= best[0]:
            rules = forms.rules(*way)
            best = min(best, (cost(rules), number, rules), key=itemgetter(0, 1)) if rules is not None else best
    return best[2]


def _all_ways(forms: RateForms) -> Iterator[_Way]:
    for values, factors in _factored(forms):
        yield from _ways(forms, values, factors, _FACTORS - 1)


def _ways(forms: RateForms, values: Values, factors: Sequence[Factor], more: int) -> Iterator[_Way]:
    """The ways with some factors and different ladders, and with up to `more` factors on what is beside a ladder."""
    structures = _structures(forms.columns.names, values)
    for towers in [*structures, ()]:
        yield _Way(values, towers, factors)
    if more and forms.multiples.key == "lr_mult":
        for factor in dict.fromkeys(outlier_factor(values, towers) for towers in structures):
            if factor is not None:
                yield from _ways(forms, scaled(values, factor), [*factors, factor], more - 1)


def _factored(forms: RateForms) -> Iterator[tuple[Values, list[Factor]]]:
    """The rates, and what is left of them without one factor, without another, and so on; also with another first."""
    values = forms.multiples.values
    yield values, []
    if forms.multiples.key != "lr_mult":
        return
    for first in common_factors(forms.columns, values)[:_FIRST]:
        yield from _further(forms.columns, scaled(values, first), [first])


def _further(columns: Columns, values: Values, factors: list[Factor]) -> Iterator[tuple[Values, list[Factor]]]:
    yield values, factors
    found = common_factors(columns, values) if len(factors) < _FACTORS else []
    if found:
        yield from _further(columns, scaled(values, found[0]), _with(factors, found[0]))


def _with(factors: list[Factor], factor: Factor) -> list[Factor]:
    """Add a factor; parameters that get one that others have got are one kind with these."""
    for number, other in enumerate(factors):
        if other.scale == factor.scale and not set(other.places) & set(factor.places):
            places = tuple(sorted(other.places + factor.places))
            return [*factors[:number], replace(other, places=places), *factors[number + 1 :]]
    return [*factors, factor]


def _structures(names: Sequence[str], values: Values) -> list[list[Tower]]:
    """Ways to see ladders in rates: one a tower, or one for all, with or without what is around.

    A ladder rises through the model.
    """
    different: dict[tuple[tuple[tuple[int, int], ...], ...], list[Tower]] = {}
    for towers in (over_gaps(names, values), split(names, values), whole(names, values)):
        grown = joined(names, towers, values)
        complete = sum(len(tower.steps) for tower in grown) == len(values)
        for way in [grown] if complete else [grown, towers]:
            different.setdefault(tuple(tuple(tower.steps.items()) for tower in way), way)
    return [way for way in different.values() if way and all(map(in_order, way))]
