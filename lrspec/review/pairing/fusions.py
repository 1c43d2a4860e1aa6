"""Finds several parameters that have become one, such as `w1` and `w3` that are `w13` now; reversed, splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain, combinations
from typing import NamedTuple

from lrspec.models.parameters import Parameter, Shape

_KINDS = 6
"""The most kinds of parameters in one module that are tried together: `q`, `k` and `v` are three."""

_PARTS = 2048
"""The most parameters of one module that may become one: 256 experts of three matrices are 768."""


Steps = tuple[str, ...]
"""The parts of a name between its dots."""


class Fusion(NamedTuple):
    """The places of several parameters in one model, and of the one that has all their elements in the other."""

    parts: tuple[int, ...]
    whole: int


def fusions(
    several: Sequence[Parameter], one: Sequence[Parameter], parts: list[int], wholes: list[int]
) -> list[Fusion]:
    """Find what was fused: of `parts` of the first model, and `wholes` of the second.

    Parts are in the module of the whole, or in the one around it and then have the last step of its name; of modules
    inside these only numbered ones count, such as experts. A whole has exactly the elements of its parts.
    """
    found: dict[int, tuple[int, ...]] = {}
    inside = _by_module(several, parts)
    fused: set[int] = set()
    for most in (1, _KINDS):  # first those whose parts have their own name
        for whole in (each for each in wholes if each not in found):
            choices = _choices(several, one[whole], inside, fused, most)
            choice = next((each for each in choices if _make(several, each, one[whole])), None)
            if choice:
                found[whole] = choice
                fused.update(choice)
    return [Fusion(found[whole], whole) for whole in sorted(found)]


def _by_module(parameters: Sequence[Parameter], places: Iterable[int]) -> dict[str, list[int]]:
    """The places of the parameters in each module, at any depth."""
    inside: dict[str, list[int]] = {}
    for place in places:
        steps = parameters[place].name.split(".")
        for length in range(len(steps)):
            inside.setdefault(".".join(steps[:length]), []).append(place)
    return inside


def _choices(
    several: Sequence[Parameter], whole: Parameter, inside: Mapping[str, list[int]], fused: Set[int], most: int
) -> Iterator[tuple[int, ...]]:
    """What may have become one: of each module, some of the kinds of parameters, each kind whole.

    If there can be one kind at most, it has to be called like the whole.
    """
    owner, _, leaf = whole.name.rpartition(".")
    around, _, name = owner.rpartition(".")
    for module, last, called in ((owner, None, leaf), (around, leaf, name)):
        places = inside.get(module, [])
        kinds: dict[Steps, list[int]] = {}
        for place in places if len(places) <= _PARTS else ():
            steps = _inside(several[place].name, module)
            if place not in fused and len(steps) <= 2 and last in (None, steps[-1]):
                kinds.setdefault(steps, []).append(place)
        own = [steps for steps in kinds if most > 1 or called in steps][: 2 * _KINDS]
        for number in range(1, most + 1):
            for chosen in combinations(own, number):
                yield tuple(sorted(chain.from_iterable(kinds[steps] for steps in chosen)))


def _inside(name: str, module: str) -> Steps:
    """The steps of a name in a module, without numbers: `experts.3.w1.weight` is `w1`, `weight` in `experts`."""
    steps = name.split(".")[module.count(".") + 1 if module else 0 :]
    return tuple(step for step in steps if not step.isdecimal())


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
