"""The layers of a ladder, from the steps of its rates: those below its floor and those that are frozen, too."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
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
        filled |= _spread(names, below, frozen, template, units, lowest)
    bottom = max(filled.values())
    return [bottom - filled[place] if place in filled else None for place in range(len(names))]


def _spread(
    names: Sequence[str],
    below: Sequence[int],
    frozen: Sequence[int],
    template: _Template,
    units: Mapping[_Numbers, int],
    lowest: int,
) -> dict[int, int]:
    """The steps of the parameters at the floor and of frozen blocks: a step for each block, and one for what is before.

    What stands after a block shares its step.
    """
    numbers = {place: _numbers(names[place], template) for place in sorted([*below, *frozen])}
    blocks = {n for n in numbers.values() if n is not None and n < min(units)}
    steps = {block: lowest + number for number, block in enumerate(sorted(blocks, reverse=True))}
    current, spread, others = lowest + len(blocks), {}, set(below)
    for place, block in numbers.items():
        current = steps.get(block, current) if block is not None else current
        if block in steps or place in others:
            spread[place] = current
    return spread


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
