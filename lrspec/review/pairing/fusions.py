"""Finds several parameters that have become one, such as `w1` and `w3` that are `w13` now; reversed, splits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain, combinations
from typing import NamedTuple

from lrspec.models.parameters import Parameter, Shape

_KINDS = 6
"""The most kinds of parameters in one module that are tried together: `q`, `k` and `v` are three."""

_PARTS = 2048
"""The most parameters of one module that may become one: 256 experts of three matrices are 768."""

_DIGITS = re.compile(r"\d+")


class Fusion(NamedTuple):
    """The places of several parameters in one model, and of the one that has all their elements in the other."""

    parts: tuple[int, ...]
    whole: int


def fusions(
    several: Sequence[Parameter], one: Sequence[Parameter], parts: list[int], wholes: list[int]
) -> list[Fusion]:
    """Find what was fused: of `parts` of the first model, and `wholes` of the second.

    Parts are in the module of the whole, or in the one around it and then have the last step of its name; a whole has
    exactly the elements of its parts.
    """
    found: list[Fusion] = []
    inside = _by_module(several, parts)
    fused: set[int] = set()
    for whole in wholes:
        choice = next(
            (each for each in _choices(several, one[whole], inside, fused) if _make(several, each, one[whole])), None
        )
        if choice:
            found.append(Fusion(choice, whole))
            fused.update(choice)
    return found


def _by_module(parameters: Sequence[Parameter], places: Iterable[int]) -> dict[str, list[int]]:
    """The places of the parameters in each module, at any depth."""
    inside: dict[str, list[int]] = {}
    for place in places:
        steps = parameters[place].name.split(".")
        for length in range(len(steps)):
            inside.setdefault(".".join(steps[:length]), []).append(place)
    return inside


def _choices(
    several: Sequence[Parameter], whole: Parameter, inside: Mapping[str, list[int]], fused: Set[int]
) -> Iterator[tuple[int, ...]]:
    """What may have become one: of each module, some of the kinds of parameters, each kind whole."""
    owner, _, leaf = whole.name.rpartition(".")
    around = owner.rpartition(".")[0]
    for module, last in ((owner, None), (around, leaf)):
        kinds: dict[str, list[int]] = {}
        places = inside.get(module, [])
        for place in places if len(places) <= _PARTS else ():
            name = several[place].name
            if place not in fused and last in (None, name.rpartition(".")[2]):
                kinds.setdefault(_DIGITS.sub("0", name[len(module) :]), []).append(place)
        for number in range(1, min(len(kinds), _KINDS) + 1):
            for chosen in combinations(list(kinds.values())[: 2 * _KINDS], number):
                yield tuple(sorted(chain.from_iterable(chosen)))


def _make(several: Sequence[Parameter], parts: Sequence[int], whole: Parameter) -> bool:
    """Return whether tensors make up another one: beside each other along one dimension, or stacked."""
    shapes = [several[place].shape for place in parts]
    elements = [several[place].elements for place in parts]
    if len(parts) < 2 or whole.shape is None or None in elements or sum(filter(None, elements)) != whole.elements:
        return False
    return all(shape is not None and _fits(shape, whole.shape) for shape in shapes)


def _fits(part: Shape, whole: Shape) -> bool:
    """Return whether a tensor can be a piece of another: of its shape but for one dimension, which may be missing."""
    others = whole[1:] if len(part) + 1 == len(whole) else whole
    return len(part) == len(others) and sum(a != b for a, b in zip(part, others, strict=True)) <= 1
