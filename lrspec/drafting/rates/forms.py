"""The forms in which rules set rates: a ladder, a rule for each rate, a factor on top."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lrspec.drafting.numbers import close, shortest
from lrspec.drafting.rates.cost import ONE_REGEX, selecting
from lrspec.drafting.rates.factors import Factor
from lrspec.drafting.rates.layering import layers
from lrspec.drafting.rates.multiples import Multiples, Values
from lrspec.drafting.rates.names import RateNames
from lrspec.drafting.rates.towers import Tower
from lrspec.drafting.rules import DraftRule, Entry, Selector
from lrspec.drafting.selecting.targets import reached
from lrspec.drafting.selecting.unclaimed import Unclaimed
from lrspec.models.parameters import Columns

MANY = 64
"""The number of rates above which nobody would write a rule for each, and their selectors are not worth a search."""

_MOST_APART = 3
"""The most regexes of which each may have a rule of its own: more are a list."""


@dataclass(frozen=True)
class RateForms:
    """Writes rules for the rates of some parameters; `rest` is true if a `fallback` may decide all that is left."""

    columns: Columns
    names: RateNames
    ladder: Callable[[tuple[int | None, ...], tuple[int, ...]], tuple[Entry, ...]]
    selectors: Callable[[tuple[int, ...], tuple[int, ...]], tuple[Selector, ...]]
    multiples: Multiples
    frozen: tuple[int, ...]
    rest: bool

    def rules(self, values: Values, towers: Sequence[Tower], factors: Sequence[Factor]) -> list[DraftRule] | None:
        """Return the rules: a ladder for each tower, single rates for what is in none, and the factors.

        None if a ladder has a step without a layer.
        """
        inside = {place: tower for tower in towers for place in tower.steps}
        settings = _settings(factors, {place for place, tower in inside.items() if self._at_base(tower)})
        frozen = {"lr_mult": Unclaimed(self.columns, self.frozen), "lr_scale": Unclaimed(self.columns, self.frozen)}
        names = ["depth"] if len(towers) == 1 else [self.names.ladder(tower) for tower in towers]
        rules = []
        for tower, name in zip(towers, names, strict=True):
            floor = tower.chain.depth if tower.chain.floor else None
            layered = layers(self.columns.names, tower.steps, floor, frozen["lr_mult"].places)
            if layered is None:
                return None
            rules.append(self._ladder(tower, name, layered, frozen["lr_mult"]))
        rest = {place: value for place, value in values.items() if place not in inside}
        rules += self._single(rest, frozen["lr_mult"], beside=bool(towers))
        for setting, places in settings.items():
            rules += self._selected("factor", places, setting, frozen[setting[0]])
        return rules

    def _at_base(self, tower: Tower) -> bool:
        """Return whether the top of a tower has its optimizer's own rate, so that its ladder sets none."""
        return tower.chain.top == 1 and self.multiples.key == "lr_mult"

    def _ladder(self, tower: Tower, name: str, layered: Sequence[int | None], frozen: Unclaimed) -> DraftRule:
        top = () if self._at_base(tower) else (self.multiples.setting(tower.chain.top),)
        decay = tower.chain.decay(max(layer for layer in layered if layer is not None))
        return DraftRule(name, Selector(layers=tuple(self._entries(layered, frozen))), (*top, ("layer_decay", decay)))

    def _entries(self, layered: Sequence[int | None], frozen: Unclaimed) -> Iterator[Entry]:
        """The entries of a ladder, and a gap wherever layers are missing."""
        found = sorted({layer for layer in layered if layer is not None})
        start = 0
        for low, high in [*pairwise(found), (found[-1], None)]:
            if high is not None and high - low == 1:
                continue
            part = tuple(None if layer is None or not start <= layer <= low else layer - start for layer in layered)
            free = () if start else tuple(place for place in frozen.places if layered[place] is None)
            selector = frozen.claim(Selector(layers=self.ladder(part, free)))
            yield from selector.layers
            if high is not None:
                yield Entry((), gap=high - low - 1)
                start = high

    def _single(self, values: Values, frozen: Unclaimed, beside: bool) -> list[DraftRule]:
        """A rule for each rate, in the order of the model; the rate that is hardest to select gets what others leave.

        Beside a ladder there is no `fallback` in place of a single regex: new parameters are better missed.
        """
        places: dict[float, list[int]] = {}
        for place, value in sorted(values.items()):
            places.setdefault(value, []).append(place)
        if not beside and self.rest and len(places) == 1:
            return [self._fallback(next(iter(places)))]
        select = self._selected if len(places) <= MANY else self._listed
        rules = {
            value: select("others", members, self.multiples.setting(value), frozen) for value, members in places.items()
        }
        last = max(rules, key=lambda value: (selecting(rules[value]), value == 1, len(places[value])), default=None)
        if last is None or not self.rest or (beside and last != 1 and selecting(rules[last]) <= ONE_REGEX):
            return [rule for some in rules.values() for rule in some]
        return [rule for value, some in rules.items() if value != last for rule in some] + [self._fallback(last)]

    def _fallback(self, value: float) -> DraftRule:
        return DraftRule("rest", Selector(), (self.multiples.setting(value),), fallback=True)

    def _selected(
        self, name: str, members: Sequence[int], setting: tuple[str, Any], frozen: Unclaimed
    ) -> list[DraftRule]:
        found = self.selectors(tuple(members), tuple(frozen.places))
        rules = [DraftRule("", frozen.claim(selector), (setting,)) for selector in found]
        return [replace(rule, name=self.names.rule(members, rule.selector, name)) for rule in rules]

    def _listed(
        self, name: str, members: Sequence[int], setting: tuple[str, Any], frozen: Unclaimed
    ) -> list[DraftRule]:
        regexes = tuple(f"^{re.escape(self.columns.names[place])}$" for place in members)
        return [DraftRule(name, Selector(match=regexes), (setting,))]

    def apart(self, rule: DraftRule) -> list[DraftRule]:
        """The rule, or one for each of its regexes if no name is true of all, which lie apart in the model.

        One regex is for a part of the model, and another for what cuts across parts: a list of parts is one idea.
        """
        selectors = [Selector(match=(regex,)) for regex in rule.selector.match]
        if len({regex.startswith("^") for regex in rule.selector.match}) == 1:
            return [rule]
        if not 1 < len(selectors) <= _MOST_APART or rule.selector != Selector(match=rule.selector.match):
            return [rule]
        found = [reached(self.columns, selector) for selector in selectors]
        members = [sorted(some.difference(self.frozen)) for some in found]
        trained = sorted(place for some in members for place in some)
        is_shared = sum(map(len, found)) > len(frozenset[int]().union(*found))
        if is_shared or not all(members) or self.names.is_true_of_all(trained, rule.selector) or self._is_run(trained):
            return [rule]
        return [
            replace(rule, name=self.names.rule(some, selector, rule.name), selector=selector)
            for some, selector in zip(members, selectors, strict=True)
        ]

    def _is_run(self, places: Sequence[int]) -> bool:
        """Return whether parameters come one after another in the model, but for frozen ones."""
        between = set(range(places[0], places[-1] + 1)).difference(places, self.frozen)
        return not between


def _settings(factors: Sequence[Factor], at_base: set[int]) -> dict[tuple[str, float], list[int]]:
    """The settings that say factors: `lr_scale`, or `lr_mult` for a second one where no rule sets it.

    Where both are taken, the `lr_scale` of a parameter is the product of its factors.
    """
    taken: dict[str, dict[int, float]] = {"lr_scale": {}, "lr_mult": {}}
    for factor in factors:
        is_free = at_base.issuperset(factor.places) and taken["lr_mult"].keys().isdisjoint(factor.places)
        key = "lr_mult" if is_free and not taken["lr_scale"].keys().isdisjoint(factor.places) else "lr_scale"
        taken[key] |= {place: factor.scale * taken[key].get(place, 1) for place in factor.places}
    settings: dict[tuple[str, float], list[int]] = {}
    for key, scales in taken.items():
        for place, scale in scales.items():
            if not close(scale, 1):
                settings.setdefault((key, shortest(scale)), []).append(place)
    return {setting: sorted(places) for setting, places in settings.items()}
