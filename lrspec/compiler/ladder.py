"""The layers of a ladder: which there are, in which order, and which parameter is on which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from lrspec.compiler.families import Families, Members
from lrspec.compiler.selection import Selection
from lrspec.regex.search import Captures
from lrspec.spec.language import Decay, Rule


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


class _Placed(NamedTuple):
    """Where the parameters of a kind fall: all in one entry, by what its groups capture in their names."""

    entry: int
    captured: dict[Captures, Members]


_Numbers: TypeAlias = dict[int, dict[Captures, int]]
"""The layers' numbers, by entry and by what it captures."""


def ladder(rule: Rule, selection: Selection, counted: list[int], families: Families) -> Ladder | None:
    """The ladder of a rule, counted over the kinds on which it wins the layer axis; None without `layers`."""
    if rule.layers is None:
        return None
    joins = selection.regexes.joins
    placed = {first: _placed(first, selection, families) for first in counted}
    own = [each for each in placed.values() if each.entry not in joins]
    numbers = _numbered(own)
    count = sum(map(len, numbers.values()))
    sharing = {first: each for first, each in placed.items() if each.entry in joins}
    on = _shared(sharing.values(), joins, numbers)
    lost = frozenset(first for first, each in sharing.items() if not each.captured.keys() <= on[each.entry].keys())
    on |= numbers
    return Ladder({first: _by_layer(each, on) for first, each in placed.items() if first not in lost}, count, lost)


def _placed(first: int, selection: Selection, families: Families) -> _Placed:
    return _Placed(selection.place(first).entry, families.by_captures(first, selection.match(first)))


def _by_layer(placed: _Placed, on: _Numbers) -> dict[int, Members]:
    """The parameters of a kind by layer; of those that a `join` puts there, several captures may share one."""
    numbers = on[placed.entry]
    layers: dict[int, Members] = {}
    for captures, members in placed.captured.items():
        number = numbers[captures]
        layers[number] = sorted([*layers[number], *members]) if number in layers else members
    return layers


def _numbered(placed: Iterable[_Placed]) -> _Numbers:
    """The layers, from the input, which is 0, to the output."""
    named: dict[int, dict[Captures, int]] = {}
    for entry, captured in placed:
        first = named.setdefault(entry, {})
        for captures, members in captured.items():
            first[captures] = min(first.get(captures, members[0]), members[0])
    layers = ((entry, captures) for entry in sorted(named) for captures in _in_order(named[entry]))
    numbers: _Numbers = {entry: {} for entry in named}
    for number, (entry, captures) in enumerate(layers):
        numbers[entry][captures] = number
    return numbers


def _in_order(named: dict[Captures, int]) -> list[Captures]:
    """The layers of an entry: by their numbers where all captures are decimal, else as the model first names them."""
    layers = sorted(named, key=named.__getitem__)
    if all(text.isascii() and text.isdigit() for captures in layers for text in captures):
        return sorted(layers, key=lambda captures: [_magnitude(text) for text in captures])
    return layers


def _magnitude(digits: str) -> tuple[int, str]:
    """Orders decimal numbers of any length as numbers."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _shared(sharing: Iterable[_Placed], joins: frozenset[int], numbers: _Numbers) -> _Numbers:
    """The layers that `join`s share: the last of the entry before each whose captures begin with the join's."""
    found: _Numbers = {}
    before, lasts = _entries_before(joins), dict[tuple[int, int], dict[Captures, int]]()
    for entry, captured in sharing:
        shared = found.setdefault(entry, {})
        for captures in captured:
            key = (before[entry], len(captures))
            if key not in lasts:
                lasts[key] = _lasts(numbers.get(before[entry], {}), len(captures))
            shared.update({captures: lasts[key][captures]} if captures in lasts[key] else {})
    return found


def _lasts(layers: dict[Captures, int], length: int) -> dict[Captures, int]:
    """The last of the layers by what their captures begin with, so many of them."""
    lasts: dict[Captures, int] = {}
    for captures, number in layers.items():
        if len(captures) >= length:
            beginning = captures[:length]
            lasts[beginning] = max(lasts.get(beginning, number), number)
    return lasts


def _entries_before(joins: frozenset[int]) -> dict[int, int]:
    """The nearest entry before each `join` that is not one; -1 where there is none."""
    before: dict[int, int] = {}
    for entry in sorted(joins):
        before[entry] = before.get(entry - 1, entry - 1)
    return before
