"""The layers of a ladder, from the steps of its rates: those below its floor and those that are frozen, too."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

_Numbers: TypeAlias = tuple[int, ...]
_Template: TypeAlias = tuple[str, ...]
_DIGITS = re.compile(r"(\d+)")


def layers(
    names: Sequence[str], steps: Mapping[int, int], floor: int | None, frozen: Sequence[int]
) -> list[int | None]:
    """Return the layer of each parameter, 0 nearest the input, None if it is not on the ladder.

    `steps` has the steps below the top by place, and `floor` the step of the floor: what is there may be on any layer
    from there on, so that each block has one of its own, as those above have. Blocks that are frozen are below the
    others, if no ladder is needed for blocks between.
    """
    regular = {place: step for place, step in steps.items() if step != floor}
    below = [place for place, step in steps.items() if step == floor]
    lowest = max(regular.values()) + 1
    template, units = _spine(names, regular)
    filled = dict(steps)
    others = set(range(len(names))) - steps.keys() - set(frozen)
    between = any((_numbers(names[place], template) or (math.inf,)) < min(units, default=()) for place in others)
    if units and not between and (below or units[min(units)] == lowest - 1):
        filled |= _spread(names, below, frozen, template, regular)
    bottom = max(filled.values())
    return [bottom - filled[place] if place in filled else None for place in range(len(names))]


def _spread(
    names: Sequence[str], below: Sequence[int], frozen: Sequence[int], template: _Template, regular: Mapping[int, int]
) -> dict[int, int]:
    """The steps of the parameters at the floor and of frozen blocks: a step for each block, and one for what is before.

    What stands between blocks shares the step of the one before or after, as it does above the floor.
    """
    lowest, first_above = max(regular.values()) + 1, _numbers_of(names, regular, template)
    numbers = _numbers_of(names, [*below, *frozen], template)
    blocks = {place: n for place, n in numbers.items() if n < min(first_above.values())}
    steps = {block: lowest + number for number, block in enumerate(sorted(set(blocks.values()), reverse=True))}
    current, spread, first = lowest, dict[int, int](), min(blocks, default=len(names))
    for place in sorted({*below, *blocks}, reverse=_joins_next(regular, first_above)):
        current = steps[blocks[place]] if place in blocks else current
        spread[place] = current if place >= first else lowest + len(steps)
    return spread


def _joins_next(steps: Mapping[int, int], blocks: Collection[int]) -> bool:
    """Return whether what stands between blocks has more often the step of the block after it than of that before."""
    order = sorted(steps)
    before = _nearest(order, steps, blocks)
    after = _nearest(order[::-1], steps, blocks)
    between = [place for place in order if place not in blocks and place in before and place in after]
    return sum((steps[place] == after[place]) - (steps[place] == before[place]) for place in between) > 0


def _nearest(order: Sequence[int], steps: Mapping[int, int], blocks: Collection[int]) -> dict[int, int]:
    """The step of the last block up to each parameter, in the given order."""
    found: dict[int, int] = {}
    last: int | None = None
    for place in order:
        last = steps[place] if place in blocks else last
        if last is not None:
            found[place] = last
    return found


def _spine(names: Sequence[str], steps: Mapping[int, int]) -> tuple[_Template, dict[_Numbers, int]]:
    """The beginning of names whose numbers tell most layers apart, in their order; and the steps by those numbers."""
    found: dict[_Template, dict[_Numbers, set[int]]] = {}
    for place, step in steps.items():
        for template, numbers in _beginnings(names[place]):
            found.setdefault(template, {}).setdefault(numbers, set()).add(step)
    spines = {t: {n: min(s) for n, s in units.items()} for t, units in found.items() if _in_order(units)}
    template = max(spines, key=lambda template: len(spines[template]), default=())
    return template, spines.get(template, {})


def _in_order(units: Mapping[_Numbers, set[int]]) -> bool:
    """Return whether each block has a step of its own, the first the lowest."""
    steps = [units[numbers] for numbers in sorted(units)]
    first = [min(some) for some in steps]
    return all(len(some) == 1 for some in steps) and first == sorted(set(first), reverse=True)


def _beginnings(name: str) -> Iterator[tuple[_Template, _Numbers]]:
    pieces = _DIGITS.split(name)
    for end in range(2, len(pieces), 2):
        yield tuple(pieces[:end:2]), tuple(int(piece) for piece in pieces[1:end:2])


def _numbers(name: str, template: _Template) -> _Numbers | None:
    return dict(_beginnings(name)).get(template)


def _numbers_of(names: Sequence[str], places: Iterable[int], template: _Template) -> dict[int, _Numbers]:
    """The numbers of those parameters whose names begin as the template says."""
    found = ((place, _numbers(names[place], template)) for place in places)
    return {place: numbers for place, numbers in found if numbers is not None}
