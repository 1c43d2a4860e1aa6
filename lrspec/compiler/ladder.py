"""Ladders: their layers, in order, and the layer of each parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from lrspec.compiler.families import Families, Members
from lrspec.compiler.selection import Selection, beginning, divided
from lrspec.regex.search import Captures
from lrspec.spec.language import Decay, Rule
from lrspec.spec.rule_regexes import RuleRegexes


@dataclass(frozen=True, slots=True)
class Ladder:
    """The ladder of a rule for one model.

    `layers` has the members of each family on it by layer, numbered from the input, which is 0; `count` is the number
    of layers; `lost` are the families of a `join` that finds no layer to share, `uncounted` those of an `every` whose
    capture is not a number. Families are given by their representatives.
    """

    layers: dict[int, dict[int, Members]]
    count: int
    lost: frozenset[int]
    uncounted: frozenset[int]


def multiplier(decay: Decay, layer: int, count: int) -> float:
    """The multiplier of a layer of a ladder: `max(factor ** (count - 1 - layer), min_mult)`.

    `layer` is from 0, at the input, to `count` - 1, at the output. The formula is the layer-wise learning rate decay of
    ELECTRA (Clark et al., 2020), with a floor as in timm's `min_scale`. With `first` in place of a factor it is
    `first ** ((count - 1 - layer) / (count - 1))`: geometric from `first` to 1, as fastai's `slice` of two rates.
    """
    if decay.first is not None:
        return float(decay.first ** ((count - 1 - layer) / (count - 1))) if count > 1 else 1.0
    assert decay.factor is not None
    return float(max(decay.factor ** (count - 1 - layer), decay.min_mult or 0.0))


class _Placed(NamedTuple):
    """The place of a family: the entry that all its members fall in, and the members by what its groups capture."""

    entry: int
    captured: dict[Captures, Members]


_Numbers: TypeAlias = dict[int, dict[Captures, int]]
"""The numbers of the layers, by entry and captures."""


def ladder(rule: Rule, selection: Selection, counted: list[int], families: Families) -> Ladder | None:
    """The ladder of a rule, counted over the families on which it wins the layer axis; None without `layers`."""
    if rule.layers is None:
        return None
    regexes = selection.regexes
    placed: dict[int, _Placed] = {}
    uncounted: set[int] = set()
    for representative in counted:
        entry = selection.place(representative).entry
        captured = families.by_captures(representative, selection.match(representative))
        if every := regexes.every.get(entry):
            divided_captures = _divided(captured, every)
            if divided_captures is None:
                uncounted.add(representative)
                continue
            captured = divided_captures
        placed[representative] = _Placed(entry, captured)
    numbers, count = _numbered((place for place in placed.values() if place.entry not in regexes.joins), regexes.gaps)
    numbers |= _shared([place for place in placed.values() if place.entry in regexes.joins], regexes, numbers)
    layers: dict[int, dict[int, Members]] = {}
    lost: set[int] = set()
    for representative, (entry, captured) in placed.items():
        if not captured.keys() <= numbers[entry].keys():
            lost.add(representative)
            continue
        by_layer = layers[representative] = {}
        for captures, members in captured.items():
            number = numbers[entry][captures]  # several captures of a `join` may share a layer
            by_layer[number] = sorted([*by_layer[number], *members]) if number in by_layer else members
    return Ladder(layers, count, frozenset(lost), frozenset(uncounted))


def _divided(captured: dict[Captures, Members], every: int) -> dict[Captures, Members] | None:
    """Put `every` numbers on a layer; None if they are not numbers, which all members of a family are, or none is."""
    together: dict[Captures, Members] = {}
    for captures, members in captured.items():
        layer = divided(captures, every)
        if layer is None:
            return None
        together[layer] = sorted([*together[layer], *members]) if layer in together else members
    return together


def _numbered(placed: Iterable[_Placed], gaps: dict[int, int]) -> tuple[_Numbers, int]:
    """Number the layers from the input, which is 0, to the output, and count them, gaps included.

    A ladder without any layers has no gaps either. The layers of an entry are in numeric order if all captures are
    decimal, else in the order in which the model first names them.
    """
    first_named: dict[int, dict[Captures, int]] = {}
    for entry, captured in placed:
        first = first_named.setdefault(entry, {})
        for captures, members in captured.items():
            first[captures] = min(first.get(captures, members[0]), members[0])
    numbers: _Numbers = {}
    count = 0
    for entry in sorted({*first_named, *gaps}) if first_named else ():
        if entry in gaps:
            count += gaps[entry]
            continue
        layers = sorted(first_named[entry], key=first_named[entry].__getitem__)
        if all(text.isascii() and text.isdigit() for captures in layers for text in captures):
            significant = {captures: [text.lstrip("0") for text in captures] for captures in layers}
            layers.sort(key=lambda captures: [(len(digits), digits) for digits in significant[captures]])  # as numbers
        numbers[entry] = {captures: number for number, captures in enumerate(layers, count)}
        count += len(layers)
    return numbers, count


def _shared(placed: Iterable[_Placed], regexes: RuleRegexes, numbers: _Numbers) -> _Numbers:
    """The layers that `join`s share, of the entry before them: the first or last whose captures begin with theirs."""
    before = {entry: regexes.joined(entry) for entry in regexes.joins}
    shared: _Numbers = {}
    by_beginning: dict[tuple[int, int, str], dict[Captures, int]] = {}
    for entry, captured in placed:
        of_entry = shared.setdefault(entry, {})
        for captures in captured:
            length, to = len(captures), regexes.joins[entry]
            key = (before[entry], length, to)
            if key not in by_beginning:  # numbers ascend, so that of layers that begin alike the last one here stays
                layers = list(numbers.get(before[entry], {}).items())[:: -1 if to == "first" else 1]
                by_beginning[key] = {layer[:length]: number for layer, number in layers if len(layer) >= length}
            number = by_beginning[key].get(beginning(regexes, before[entry], captures))
            if number is not None:
                of_entry[captures] = number
    return shared
