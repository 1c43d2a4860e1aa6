"""Towers: the parts of a model that have a chain of rates, each its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from lrspec.drafting.rates.chains import FEWEST, Chain, bridged, chains, extended
from lrspec.drafting.rates.multiples import Values

_CHANGES = 8
"""How often a rate of a ladder may come up again along the model: kinds of parameters, mixed everywhere, are none."""


@dataclass(frozen=True)
class Tower:
    """A part of a model with its chain; `steps` has the steps below the top by place, `prefix` what its names share."""

    chain: Chain
    prefix: tuple[str, ...]
    steps: dict[int, int]


def whole(names: Sequence[str], values: Values) -> list[Tower]:
    """Return the chains in the rates of all parameters together."""
    return _own(_Part(names, values, _shared(names, values)))


def split(names: Sequence[str], values: Values) -> list[Tower]:
    """Return the towers one by one: even where one chain would explain several parts of the model."""
    return _split(_Part(names, values, _shared(names, values)))


def over_gaps(names: Sequence[str], values: Values) -> list[Tower]:
    """Return the chain in the rates of all parameters that goes on beyond steps that no rate has."""
    part = _Part(names, values, _shared(names, values))
    chain = bridged(list(set(values.values())))
    return [part.tower(chain)] if chain is not None else []


def in_order(tower: Tower) -> bool:
    """Return whether the rates of a tower rise through the model, more or less."""
    places: dict[int, list[int]] = {}
    for place, step in tower.steps.items():
        places.setdefault(step, []).append(place)
    middle = [median(places[step]) for step in sorted(places)]
    changes = sum(one != other for one, other in pairwise(tower.steps.values()))
    rising = sum(high > low for high, low in pairwise(middle))
    return 2 * rising >= len(middle) - 1 and changes <= _CHANGES * len(middle)


def joined(names: Sequence[str], towers: Sequence[Tower], values: Values) -> list[Tower]:
    """Return the towers with the parameters around them whose rates are in their chains, or are the next step."""
    inside = {place for tower in towers for place in tower.steps}
    loose = {place: value for place, value in values.items() if place not in inside}
    levels = list(dict.fromkeys(loose.values()))
    reached = [extended(tower.chain, levels) for tower in towers]
    near: list[dict[int, float]] = [{} for _ in towers]
    for place, value in loose.items():
        fitting = [number for number, chain in enumerate(reached) if value in chain.steps]
        if fitting:
            near[min(fitting, key=lambda number: _distance(names[place], place, towers[number]))][place] = value
    return [_grown(tower, some) for tower, some in zip(towers, near, strict=True)]


def _distance(name: str, place: int, tower: Tower) -> tuple[int, bool, int]:
    """How far a parameter is from a tower: by the components that they share; then the one that it comes after."""
    words, start = name.split("."), min(tower.steps)
    shared = next((n for n, word in enumerate(tower.prefix) if words[n : n + 1] != [word]), len(tower.prefix))
    return -shared, start > place, abs(place - start)


def _grown(tower: Tower, near: Values) -> Tower:
    chain = extended(tower.chain, list(dict.fromkeys(near.values())))
    raised = chain.steps[max(tower.chain.steps)]
    steps = {place: step + raised for place, step in tower.steps.items()}
    steps |= {place: chain.steps[value] for place, value in near.items() if value in chain.steps}
    return replace(tower, chain=chain, steps=dict(sorted(steps.items())))


@dataclass(frozen=True)
class _Part:
    """The parameters whose names begin with `prefix`."""

    names: Sequence[str]
    values: Values
    prefix: tuple[str, ...]

    def children(self) -> Iterator[_Part]:
        """The parts of this one: by the next component of the names."""
        depth = len(self.prefix)
        members: dict[str, dict[int, float]] = {}
        for place, value in self.values.items():
            components = self.names[place].split(".", depth + 1)
            if len(components) > depth:
                members.setdefault(components[depth], {})[place] = value
        for component, values in members.items():
            yield _Part(self.names, values, (*self.prefix, component))

    def tower(self, chain: Chain) -> Tower:
        """The tower of those parameters whose rates are in a chain."""
        steps = {place: chain.steps[value] for place, value in self.values.items() if value in chain.steps}
        return Tower(chain, self.prefix, steps)


def _split(part: _Part) -> list[Tower]:
    parts = [child for child in part.children() if len(set(child.values.values())) >= FEWEST]
    if len(parts) != 1:
        return [tower for child in parts for tower in _towers(child)]
    deeper = _split(parts[0])
    return deeper if len(deeper) > 1 else _towers(parts[0])


def _towers(part: _Part) -> list[Tower]:
    if len(set(part.values.values())) < FEWEST:
        return []
    own = _own(part)
    covered = sum(len(tower.steps) for tower in own)
    if covered == len(part.values) and len(own) == 1:
        return own
    below = [tower for child in part.children() for tower in _towers(child)]
    return below if sum(len(tower.steps) for tower in below) > covered else own


def _own(part: _Part) -> list[Tower]:
    return [part.tower(chain) for chain in chains(list(set(part.values.values())))]


def _shared(names: Sequence[str], values: Values) -> tuple[str, ...]:
    """The components with which all names begin, and go on."""
    split_names = [names[place].split(".") for place in values]
    first, last = min(split_names), max(split_names)
    length = next((n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return tuple(first[: min(length, len(first) - 1)])
