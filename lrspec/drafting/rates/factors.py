"""Factors on top of other rates: biases at twice the rate of their weights, `lora_B`, a patch embedding at a fifth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from lrspec.drafting.numbers import close, digits, shortest
from lrspec.drafting.rates.multiples import Values, alike
from lrspec.drafting.rates.towers import Tower
from lrspec.models.parameters import Columns

_MOST = 12
"""The number of features that are tried for a factor, those with the most parameters first."""

_RATIOS = 2
"""The number of factors that are tried for one kind: those over the neighbour before, and over the one after."""

_LONGEST = 4
"""The most digits of a factor: one with more is a coincidence."""


@dataclass(frozen=True)
class Factor:
    """A factor, and the parameters that have it."""

    scale: float
    places: tuple[int, ...]


def common_factors(columns: Columns, values: Values) -> list[Factor]:
    """Return the factors that parameters of a kind have over their neighbours in the model, which explains most first.

    A kind is a component of the name, the owner's class, or both. What counts is how much less often the rate changes
    from one parameter to the next without the factor; then, that norms or biases have it, that it is a whole kind, that
    fewer parameters have it, and that it is short.
    """
    order = [place for place, value in values.items() if value > 0]
    kinds = sorted(_kinds(columns, order), key=len, reverse=True)
    found = [(factor, kind) for kind in kinds for factor in _factor(order, values, kind)][:_MOST]
    before = _changes(order, values)
    gains = {factor: before - _changes(order, scaled(values, factor)) for factor, _ in found}

    def worth(candidate: tuple[Factor, list[int]]) -> tuple[float, ...]:
        factor, kind = candidate
        whole, few = len(factor.places) == len(kind), -len(factor.places)
        return gains[factor], _is_small(columns, factor), whole, few, -digits(factor.scale), factor.scale

    return [factor for factor, _ in sorted(found, key=worth, reverse=True) if gains[factor] > 1]


def outlier_factor(values: Values, towers: Sequence[Tower]) -> Factor | None:
    """Return the factor, a short one, of parameters next to a tower over the layer of the tower there."""
    order = list(values)
    inside = {place: (tower, step) for tower in towers for place, step in tower.steps.items()}
    for outside, run in _runs(order, lambda place: None if place in inside else values[place]):
        if outside is None:
            continue
        neighbours = [inside[order[i]] for i in (run[0] - 1, run[-1] + 1) if 0 <= i < len(order) and order[i] in inside]
        short = [scale for tower, step in neighbours for scale in _short(outside, tower, step)]
        if short:
            scale = min(short, key=digits)
            return Factor(scale, tuple(place for place, v in values.items() if place not in inside and v == outside))
    return None


def scaled(values: Values, factor: Factor) -> dict[int, float]:
    """Return the rates without a factor."""
    places = set(factor.places)
    return alike({place: value / factor.scale if place in places else value for place, value in values.items()})


def _is_small(columns: Columns, factor: Factor) -> bool:
    """Return whether those with a factor are norms or biases, which are small parts of a model."""
    owners = [(columns.owners[place] or ("",))[0] for place in factor.places]
    biases = all(columns.names[place].endswith("bias") for place in factor.places)
    return biases or all("Norm" in owner for owner in owners)


def _short(rate: float, tower: Tower, step: int) -> Iterator[float]:
    """The factors of a rate over those beside a layer that are short, and no step of the tower itself."""
    steps = (0, 1, tower.chain.factor)
    scales = (shortest(rate / near) for near in _near(tower, step))
    return (scale for scale in scales if digits(scale) <= 2 and not any(close(scale, step) for step in steps))


def _near(tower: Tower, step: int) -> Iterator[float]:
    """The rates that the layer beside one of a tower may have: a step beyond its end, or the same."""
    chain = tower.chain
    if step == 0:
        yield chain.top / chain.factor
    if step == chain.depth:
        yield chain.top * max(chain.factor ** (step + 1), chain.floor)
    yield chain.top * max(chain.factor**step, chain.floor)


def _kinds(columns: Columns, order: Sequence[int]) -> Iterator[list[int]]:
    """The parameters, as places in `order`, that share a component of the name or the owner's class, or both."""
    kinds: dict[tuple[str, ...], list[int]] = {}
    for position, place in enumerate(order):
        components = columns.names[place].split(".")
        owner = columns.owners[place][0] if columns.owners[place] else ""
        for component in dict.fromkeys(c for c in components if not c.isdigit()):
            kinds.setdefault(("component", component), []).append(position)
        kinds.setdefault(("class", owner), []).append(position)
        kinds.setdefault(("both", owner, components[-1]), []).append(position)
    return (kind for kind in kinds.values() if len(kind) < len(order))


def _factor(order: Sequence[int], values: Values, kind: Sequence[int]) -> Iterator[Factor]:
    """The factors that most parameters of a kind have over a neighbour that is not of the kind, if they are not 1."""
    rates = [values[place] for place in order]
    voters: dict[str, dict[int, float]] = {}
    for position, ratio in _ratios(rates, kind):
        voters.setdefault(f"{ratio:.9g}", {}).setdefault(position, ratio)
    for text, ratios in sorted(voters.items(), key=lambda item: -len(item[1]))[:_RATIOS]:
        scale = shortest(next(iter(ratios.values())))
        if text == "1" or len(ratios) < max(2, 0.6 * len(kind)) or digits(scale) > _LONGEST:
            continue
        for chosen in (kind, ratios) if len(ratios) < len(kind) else (kind,):
            yield Factor(scale, tuple(order[position] for position in chosen))


def _ratios(rates: Sequence[float], kind: Sequence[int]) -> Iterator[tuple[int, float]]:
    """The ratios of each parameter of a kind to the rates of the nearest others before and after it."""
    for run in _neighbouring(kind):
        sides = [rates[i] for i in (run[0] - 1, run[-1] + 1) if 0 <= i < len(rates)]
        yield from ((position, rates[position] / side) for position in run for side in sides)


def _neighbouring(kind: Sequence[int]) -> Iterator[list[int]]:
    for _, run in groupby(enumerate(kind), key=lambda pair: pair[1] - pair[0]):
        yield [position for _, position in run]


def _changes(order: Sequence[int], values: Values) -> int:
    return sum(not close(values[one], values[other]) for one, other in pairwise(order))


def _runs(order: Sequence[int], key: Callable[[int], float | None]) -> Iterator[tuple[float | None, list[int]]]:
    for value, run in groupby(range(len(order)), key=lambda position: key(order[position])):
        yield value, list(run)
