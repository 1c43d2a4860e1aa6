"""The layers of a ladder: which there are, in which order, and which parameter is on which."""

from __future__ import annotations

from dataclasses import dataclass

from lrspec.axes import decay
from lrspec.selection import Place, Selection
from lrspec.spec import Rule


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder as it came out for a model.

    `layers` has the layer of each parameter on it, from the input, which is 0; `count` is the number of layers; `lost`
    are the parameters of a `join` for which there is no layer to share.
    """

    layers: dict[int, int]
    count: int
    lost: frozenset[int]


def multiplier(rule: Rule, layer: int, count: int) -> float:
    """`max(factor ** (count - 1 - layer), min_mult)`."""
    given = decay(rule)
    return float(max(given.factor ** (count - 1 - layer), given.min_mult))


def ladder(rule: Rule, selection: Selection, counted: list[int]) -> Ladder | None:
    """The ladder of a rule, counted over the parameters on which it wins the layer axis; None without `layers`."""
    if rule.layers is None:
        return None
    joins = selection.regexes.joins
    place = {parameter: selection.place(parameter) for parameter in selection.parameters}
    own = [place[parameter] for parameter in counted if place[parameter].entry not in joins]
    numbers = {opened: number for number, opened in enumerate(_opened(own))}
    shared = {at: _shared(at, joins, numbers) for at in set(place.values()) if at.entry in joins}
    on = {at: numbers[found] for at, found in shared.items() if found is not None} | numbers
    lost = frozenset(parameter for parameter in counted if place[parameter] not in on)
    return Ladder({p: on[place[p]] for p in counted if p not in lost}, len(numbers), lost)


def _opened(places: list[Place]) -> list[Place]:
    """The layers, from the input to the output; `places` are in model order."""
    ordered: list[Place] = []
    for entry in sorted({place.entry for place in places}):
        layers = list(dict.fromkeys(place for place in places if place.entry == entry))
        if all(_is_number(text) for place in layers for text in place.captures):
            layers.sort(key=lambda place: [_magnitude(text) for text in place.captures])
        ordered += layers
    return ordered


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _magnitude(digits: str) -> tuple[int, str]:
    """Orders decimal numbers of any length as numbers."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _shared(join: Place, joins: frozenset[int], numbers: dict[Place, int]) -> Place | None:
    """The layer that a `join` shares: the last of the entry before it whose captures begin with the join's."""
    entry = max((before for before in range(join.entry) if before not in joins), default=-1)
    begins = [
        place for place in numbers if place.entry == entry and place.captures[: len(join.captures)] == join.captures
    ]
    return begins[-1] if begins else None
