"""The layers of a ladder: which there are, in which order, and which parameter is on which."""

from __future__ import annotations

from dataclasses import dataclass

from lrspec.selection import Place, Selection
from lrspec.spec import Decay, Rule


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder as it came out for a model.

    `layers` has the layer of each parameter on it, from the input, which is 0; `count` is the number of layers; `lost`
    are the parameters of a `join` for which there is no layer to share.
    """

    layers: dict[int, int]
    count: int
    lost: frozenset[int]


def multiplier(decay: Decay, layer: int, count: int) -> float:
    """The multiplier of a layer of a ladder: `max(factor ** (count - 1 - layer), min_mult)`.

    `layer` is from 0, at the input, to `count` - 1, at the output. The formula is the layer-wise learning rate decay of
    ELECTRA (Clark et al., 2020), with a floor as in timm's `min_scale`.
    """
    return float(max(decay.factor ** (count - 1 - layer), decay.min_mult))


def ladder(rule: Rule, selection: Selection, counted: list[int]) -> Ladder | None:
    """The ladder of a rule, counted over the parameters on which it wins the layer axis; None without `layers`."""
    if rule.layers is None:
        return None
    joins = selection.regexes.joins
    place = {parameter: selection.place(parameter) for parameter in counted}
    opened = _opened([each for each in place.values() if each.entry not in joins])
    numbers = {layer: number for number, layer in enumerate(opened)}
    shared = _shared({each for each in place.values() if each.entry in joins}, joins, numbers)
    on = numbers | shared
    lost = frozenset(parameter for parameter in counted if place[parameter] not in on)
    return Ladder({p: on[place[p]] for p in counted if p not in lost}, len(numbers), lost)


def _opened(places: list[Place]) -> list[Place]:
    """The layers, from the input to the output; `places` are in model order."""
    by_entry: dict[int, dict[Place, None]] = {}
    for place in places:
        by_entry.setdefault(place.entry, {})[place] = None
    return [layer for entry in sorted(by_entry) for layer in _in_order(list(by_entry[entry]))]


def _in_order(layers: list[Place]) -> list[Place]:
    """The layers of an entry: by their numbers where all captures are decimal, as the model names them otherwise."""
    if all(text.isascii() and text.isdigit() for layer in layers for text in layer.captures):
        return sorted(layers, key=lambda layer: [_magnitude(text) for text in layer.captures])
    return layers


def _magnitude(digits: str) -> tuple[int, str]:
    """Orders decimal numbers of any length as numbers."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _shared(wanted: set[Place], joins: frozenset[int], numbers: dict[Place, int]) -> dict[Place, int]:
    """The layers that `join`s share: the last of the entry before each whose captures begin with the join's."""
    last: dict[Place, int] = {}
    for layer, number in numbers.items():
        for length in range(len(layer.captures) + 1):
            last[Place(layer.entry, layer.captures[:length])] = number
    found = {join: last.get(Place(_entry_before(join.entry, joins), join.captures)) for join in wanted}
    return {join: number for join, number in found.items() if number is not None}


def _entry_before(entry: int, joins: frozenset[int]) -> int:
    """The nearest entry before one that is not a `join`; -1 where there is none."""
    return max((before for before in range(entry) if before not in joins), default=-1)
