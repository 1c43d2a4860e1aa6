"""Rules that give every parameter its learning rate: one rate, a few, a ladder, ladders, and factors on top."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from lrspec.drafting.factors import Factor, common_factor, outlier_factor, scaled
from lrspec.drafting.ladder import ladder
from lrspec.drafting.layering import layers
from lrspec.drafting.multiples import Multiples, Values, long_numbers, multiples
from lrspec.drafting.rate_names import factor_name, rate_name, tower_names
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting import selectors
from lrspec.drafting.towers import Tower, joined, split, whole
from lrspec.drafting.wanted import Wanted
from lrspec.models.parameters import Columns

_MANY = 64
"""The number of rates above which nobody would write a rule for each, and their selectors are not worth a search."""


def rate_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that decide the learning rates of all trained parameters, the shortest that are found."""
    found = multiples(wanted)
    if not found.values:
        return []
    frozen = tuple(place for place, settings in enumerate(wanted.settings) if settings is None)
    rates = _Rates(wanted.inventory.columns, found, frozen, len(found.values) + len(frozen) == len(wanted.settings))
    return min(_drafts(rates), key=_cost)


@dataclass(frozen=True)
class _Rates:
    """What is wanted; `rest` is true if a `fallback` may decide all that is left."""

    columns: Columns
    multiples: Multiples
    frozen: tuple[int, ...]
    rest: bool


def _drafts(rates: _Rates) -> Iterator[list[DraftRule]]:
    """Rules in several ways, each of them exact."""
    for values, factors in _factored(rates):
        towers = _structures(rates.columns.names, values)
        for some in towers:
            yield _rules(rates, values, some, factors)
            beside = outlier_factor(values, some) if rates.multiples.key == "lr_mult" else None
            if beside is not None:
                without = scaled(values, beside)
                yield from (
                    _rules(rates, without, others, [*factors, beside])
                    for others in _structures(rates.columns.names, without)
                )
        if not towers or len(set(values.values())) <= _MANY:
            yield _rules(rates, values, (), factors)


def _factored(rates: _Rates) -> Iterator[tuple[Values, list[Factor]]]:
    """The rates, and what is left of them without one factor, without another, and so on."""
    values, factors = rates.multiples.values, list[Factor]()
    yield values, factors
    while rates.multiples.key == "lr_mult" and len(factors) < 3:
        factor = common_factor(rates.columns, values)
        if factor is None:
            return
        values = scaled(values, factor)
        factors = _with(factors, factor)
        yield values, factors


def _with(factors: list[Factor], factor: Factor) -> list[Factor]:
    """Add a factor; parameters that get the same one and have none yet are one kind more of those that have it."""
    for number, other in enumerate(factors):
        if other.scale == factor.scale and not set(other.places) & set(factor.places):
            places = tuple(sorted(other.places + factor.places))
            return [*factors[:number], replace(other, places=places), *factors[number + 1 :]]
    return [*factors, factor]


def _structures(names: Sequence[str], values: Values) -> list[list[Tower]]:
    """Ways to see ladders in rates: one for all or one a tower, with or without what is around them."""
    ways: list[list[Tower]] = []
    for towers in (whole(names, values), split(names, values)):
        for way in (joined(towers, values), towers):
            if way and way not in ways:
                ways.append(way)
    return ways


def _rules(rates: _Rates, values: Values, towers: Sequence[Tower], factors: Sequence[Factor]) -> list[DraftRule]:
    inside = {place for tower in towers for place in tower.steps}
    rest = {place: value for place, value in values.items() if place not in inside}
    rules = [_ladder(rates, tower, name) for tower, name in zip(towers, tower_names(towers), strict=True)]
    rules += _single(rates, rest)
    for factor in factors:
        name = factor_name(rates.columns, factor.places)
        rules += _selecting(rates, name, factor.places, ("lr_scale", factor.scale))
    return rules


def _ladder(rates: _Rates, tower: Tower, name: str) -> DraftRule:
    chain = tower.chain
    floor = chain.depth if chain.floor else None
    layered = layers(rates.columns.names, tower.steps, floor, rates.frozen)
    free = [place for place in rates.frozen if layered[place] is None]
    top = () if chain.top == 1 and rates.multiples.key == "lr_mult" else (rates.multiples.setting(chain.top),)
    comment = "rates fall from the output towards the input"
    selector = Selector(layers=ladder(rates.columns, layered, free))
    return DraftRule(name, selector, (*top, ("layer_decay", chain.decay)), comment=comment)


def _single(rates: _Rates, values: Values) -> list[DraftRule]:
    """A rule for each rate, highest first; the one that is hardest to select gets what the others leave."""
    places: dict[float, list[int]] = {}
    for place, value in sorted(values.items(), key=lambda item: (-item[1], item[0])):
        places.setdefault(value, []).append(place)
    if rates.rest and len(places) == 1:
        return [_fallback(rates, next(iter(places)))]
    select = _selecting if len(places) <= _MANY else _naming
    rules = {
        value: select(rates, rate_name(rates.columns, members, value), members, rates.multiples.setting(value))
        for value, members in places.items()
    }
    rest = max(rules, key=lambda v: (_cost(rules[v]), v == 1, len(places[v])), default=None) if rates.rest else None
    last = [] if rest is None else [_fallback(rates, rest)]
    return [rule for value, some in rules.items() if value != rest for rule in some] + last


def _fallback(rates: _Rates, value: float) -> DraftRule:
    return DraftRule("rest", Selector(), (rates.multiples.setting(value),), fallback=True)


def _selecting(rates: _Rates, name: str, members: Collection[int], setting: tuple[str, float]) -> list[DraftRule]:
    return [DraftRule(name, selector, (setting,)) for selector in selectors(rates.columns, members, rates.frozen)]


def _naming(rates: _Rates, name: str, members: Collection[int], setting: tuple[str, float]) -> list[DraftRule]:
    regexes = tuple(f"^{re.escape(rates.columns.names[place])}$" for place in members)
    return [DraftRule(name, Selector(match=regexes), (setting,))]


def _cost(rules: Sequence[DraftRule]) -> int:
    """Lines and regexes, and a line more for each number that nobody would type."""
    return sum(_lines(rule) + _regexes(rule.selector) for rule in rules)


def _lines(rule: DraftRule) -> int:
    selector = rule.selector
    keys = (selector.match, selector.exclude, selector.ndim or selector.module or selector.declared, rule.fallback)
    ladder = 1 + len(selector.layers) if selector.layers else 0
    return 1 + sum(map(bool, keys)) + ladder + len(rule.settings) + long_numbers(value for _, value in rule.settings)


def _regexes(selector: Selector) -> int:
    named = len(selector.match) + len(selector.exclude) + (selector.module is not None)
    return named + sum(len(entry.regexes) for entry in selector.layers)
