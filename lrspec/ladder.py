"""The layers of a ladder: which there are, in which order, and which parameter is on which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lrspec.kinds import Kinds, Members
from lrspec.selection import Place, Selection
from lrspec.spec import Decay, Rule


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder as it came out for a model.

    `layers` has the parameters of each kind that is on it, by layer, from the input, which is 0; `count` is the number
    of layers; `lost` are the kinds of a `join` for which there is no layer to share.
    """

    layers: dict[int, dict[int, Members]]
    count: int
    lost: frozenset[int]


def multiplier(decay: Decay, layer: int, count: int) -> float:
    """The multiplier of a layer of a ladder: `max(factor ** (count - 1 - layer), min_mult)`.

    `layer` is from 0, at the input, to `count` - 1, at the output. The formula is the layer-wise learning rate decay of
    ELECTRA (Clark et al., 2020), with a floor as in timm's `min_scale`.
    """
    return float(max(decay.factor ** (count - 1 - layer), decay.min_mult))


def ladder(rule: Rule, selection: Selection, counted: list[int], kinds: Kinds) -> Ladder | None:
    """The ladder of a rule, counted over the kinds on which it wins the layer axis; None without `layers`."""
    if rule.layers is None:
        return None
    joins = selection.regexes.joins
    placed = {first: _by_place(first, selection, kinds) for first in counted}
    numbers = {place: number for number, place in enumerate(_opened(placed.values(), joins))}
    wanted = {place for places in placed.values() for place in places if place.entry in joins}
    on = numbers | _shared(wanted, joins, numbers)
    lost = frozenset(first for first, places in placed.items() if not places.keys() <= on.keys())
    layers = {first: _by_layer(places, on) for first, places in placed.items() if first not in lost}
    return Ladder(layers, len(numbers), lost)


def _by_place(first: int, selection: Selection, kinds: Kinds) -> dict[Place, Members]:
    """The parameters of a kind by the places that hold: all in one entry, by what each captures."""
    entry = selection.place(first).entry
    captured = kinds.by_captures(first, selection.match(first))
    return {Place(entry, captures): members for captures, members in captured.items()}


def _by_layer(places: dict[Place, Members], on: dict[Place, int]) -> dict[int, Members]:
    """The parameters of a kind by layer: places with the numbers 1 and 01 are two, a `join` may share one for both."""
    layers: dict[int, Members] = {}
    for place, members in places.items():
        layers[on[place]] = sorted([*layers.get(on[place], ()), *members])
    return layers


def _opened(placed: Iterable[dict[Place, Members]], joins: frozenset[int]) -> list[Place]:
    """The layers, from the input to the output."""
    named: dict[Place, int] = {}
    for places in placed:
        for place, members in places.items():
            if place.entry not in joins:
                named[place] = min(named.get(place, members[0]), members[0])
    by_entry: dict[int, list[Place]] = {}
    for place in sorted(named, key=named.__getitem__):
        by_entry.setdefault(place.entry, []).append(place)
    return [layer for entry in sorted(by_entry) for layer in _in_order(by_entry[entry])]


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
