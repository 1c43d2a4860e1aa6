"""Turns the steps of rates below the top one into layers."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, takewhile
from typing import TypeAlias

_Numbers: TypeAlias = tuple[int, ...]
_Template: TypeAlias = tuple[str, ...]
_SECOND = 2  # the step after the first below the top
_DIGITS = re.compile(r"(\d+)")


def layers(
    names: Sequence[str], steps: Mapping[int, int], floor: int | None, frozen: Sequence[int]
) -> list[int | None] | None:
    """Return the layer of each parameter, 0 nearest the input, None if it is not on the ladder.

    `steps` has the steps below the top by place, and `floor` the step of the floor: what is there may be on any layer
    from there on, so that each block has one of its own, as those above have. Blocks that are frozen have the steps
    that no rate has, or are below the others, if no ladder is needed for blocks between. A step that is left over is a
    layer that nobody is on. There are no layers at all if nothing goes on below a floor that comes after one step.
    """
    regular = {place: step for place, step in steps.items() if step != floor}
    below = [place for place, step in steps.items() if step == floor]
    lowest = max(regular.values()) + 1
    template, units = _spine(names, regular, below)
    filled = {**steps, **_bridges(names, frozen, template, units, set(steps.values()))}
    others = set(range(len(names))) - steps.keys() - set(frozen)
    between = any((_numbers(names[place], template) or (math.inf,)) < min(units, default=()) for place in others)
    if units and not between and (below or units[min(units)] == lowest - 1):
        filled |= _spread(names, below, frozen, template, regular)
    bottom = max(filled.values())
    if bottom == floor == _SECOND:
        return None
    return [bottom - filled[place] if place in filled else None for place in range(len(names))]


def _bridges(
    names: Sequence[str],
    frozen: Sequence[int],
    template: _Template,
    units: Mapping[_Numbers, int],
    taken: Collection[int],
) -> dict[int, int]:
    """The steps of frozen blocks between others, and of those above and below them if there are steps left."""
    numbers = _numbers_of(names, frozen, template)
    rising = sorted({*numbers.values(), *units})
    found: dict[_Numbers, int] = {}
    for is_unit, run in groupby(range(len(rising)), key=lambda at: rising[at] in units):
        some = [] if is_unit else [*run]
        before = units[rising[some[0] - 1]] if some and some[0] else None
        after = units[rising[some[-1] + 1]] if some and some[-1] + 1 < len(rising) else None
        found |= {rising[at]: step for at, step in zip(some, _steps_of(len(some), before, after, taken), strict=False)}
    return {place: found[n] for place, n in numbers.items() if n in found}


def _steps_of(count: int, before: int | None, after: int | None, taken: Collection[int]) -> Sequence[int]:
    """The steps of blocks between two others, each one less than that of the block before it; none if they do not fit.

    The first may share its step with what is before, the last with what follows, but for the first step of all.
    """
    if before is None and after is None:
        return ()
    first = before - 1 if before is not None else (after or 0) + count
    steps = range(first, first - count, -1)
    if before is not None and after is not None:
        return steps if steps[-1] == after + 1 else ()
    shared = {1} if after is None else {first}
    return steps if all(0 <= step <= max(taken) and (step in shared or step not in taken) for step in steps) else ()


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
    joins_next = _joins_next(names, regular, below, {*blocks, *first_above})
    for place in sorted({*below, *blocks}, reverse=joins_next):
        current = steps[blocks[place]] if place in blocks else current
        spread[place] = current if place >= first else lowest + len(steps)
    return spread


def _joins_next(names: Sequence[str], steps: Mapping[int, int], below: Sequence[int], blocks: Collection[int]) -> bool:
    """Return whether what stands between blocks has more often the step of the block after it than of that before.

    Where nothing above the floor tells, it belongs to the block with which its name has more in common.
    """
    order = sorted({*steps, *below, *blocks})
    before, after = _nearest(order, blocks), _nearest(order[::-1], blocks)
    between = [place for place in order if place not in blocks and place in after]
    votes = [_same(steps, place, after[place]) - _same(steps, place, before.get(place)) for place in between]
    if any(votes):
        return sum(votes) > 0
    told = [place for place in between if place in before]
    return sum(_in_common(names, p, after[p]) - _in_common(names, p, before[p]) for p in told) > 0


def _same(steps: Mapping[int, int], place: int, block: int | None) -> bool:
    return block is not None and place in steps and steps[place] == steps.get(block)


def _in_common(names: Sequence[str], place: int, block: int) -> int:
    pairs = zip(names[place].split("."), names[block].split("."), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _nearest(order: Sequence[int], blocks: Collection[int]) -> dict[int, int]:
    """The last parameter of a block up to each parameter, in the given order."""
    found: dict[int, int] = {}
    last: int | None = None
    for place in order:
        last = place if place in blocks else last
        if last is not None:
            found[place] = last
    return found


def _spine(
    names: Sequence[str], steps: Mapping[int, int], below: Sequence[int]
) -> tuple[_Template, dict[_Numbers, int]]:
    """The beginning of names whose numbers tell most layers apart, in their order; and the steps by those numbers.

    Those below the floor have lower numbers.
    """
    found: dict[_Template, dict[_Numbers, set[int]]] = {}
    for place, step in steps.items():
        for template, numbers in _beginnings(names[place]):
            found.setdefault(template, {}).setdefault(numbers, set()).add(step)
    spines = {t: {n: min(s) for n, s in units.items()} for t, units in found.items() if _in_order(units)}
    for place in below:
        for low, numbers in _beginnings(names[place]):
            if low in spines and numbers >= min(spines[low]):
                del spines[low]
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
