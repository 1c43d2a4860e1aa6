"""Finds parameters that have other names in a new model, by what was replaced in the names of many at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from lrspec.models.parameters import Parameter, Shape

NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
"""A step of a name that is a number."""

_NEARBY = 32
"""How far apart two kinds of names of one shape may be in their orders, to be compared."""

_ROUNDS = 8
"""How often what is left is looked at again: of names that differ in numbers alone, one round sees only the first."""

_MOST = 256
"""The most replacements that are tried; what others would explain is gone, and added."""

Steps = tuple[str, ...]
"""The parts of a name between its dots."""


class Replacement(NamedTuple):
    """Steps of names, and those that replace them; without `old`, the new ones come before the whole name."""

    old: Steps
    new: Steps

    def results(self, name: str) -> Iterator[str]:
        """Return what a name may become: the steps may occur in it more than once."""
        if not self.old:
            yield ".".join([*self.new, name])
            return
        steps, length = tuple(name.split(".")), len(self.old)
        for place in range(len(steps) - length + 1):
            if steps[place : place + length] == self.old:
                yield ".".join(steps[:place] + self.new + steps[place + length :])


class Rename(NamedTuple):
    """What was replaced in the names of parameters, and their places in the old and the new model."""

    replacement: Replacement
    pairs: tuple[tuple[int, int], ...]


def renames(old: Sequence[Parameter], new: Sequence[Parameter], kept: Mapping[int, int]) -> list[Rename]:
    """Return the renames of what is not kept, those of many parameters first.

    One parameter alone is renamed only if its class of owner is the same, and if it is beside the same one as before.
    """
    taken = set(kept.values())
    gone = {place: parameter for place, parameter in enumerate(old) if place not in kept}
    added = {parameter.name: place for place, parameter in enumerate(new) if place not in taken}
    found, paired, before = list[Rename](), dict(kept), -1
    for _ in range(_ROUNDS):
        if len(found) == before:
            break
        before = len(found)
        for replacement in _replacements(gone.values(), (new[place] for place in added.values())):
            pairs = list(_pairs(replacement, gone, added, new))
            if len(pairs) > 1 or any(_is_the_same(old, new, *pair, paired) for pair in pairs):
                found.append(Rename(replacement, tuple(pairs)))
                paired.update(pairs)
                for one, other in pairs:
                    del gone[one], added[new[other].name]
    return found


def _pairs(
    replacement: Replacement, gone: Mapping[int, Parameter], added: Mapping[str, int], new: Sequence[Parameter]
) -> Iterator[tuple[int, int]]:
    used: set[int] = set()
    replaced = ".".join(replacement.old)
    for place, parameter in gone.items():
        if replaced not in parameter.name:
            continue
        found = (added[name] for name in replacement.results(parameter.name) if name in added)
        match = next((other for other in found if new[other].shape == parameter.shape and other not in used), None)
        if match is not None:
            used.add(match)
            yield place, match


def _is_the_same(
    old: Sequence[Parameter], new: Sequence[Parameter], one: int, other: int, paired: Mapping[int, int]
) -> bool:
    """Return whether a parameter has the same class of owner, and the same neighbour before or after it."""
    before = paired.get(one - 1) == other - 1 if one else other == 0
    after = paired.get(one + 1) == other + 1 if one + 1 < len(old) else other + 1 == len(new)
    return old[one].module[:1] == new[other].module[:1] and (before or after)


def _replacements(gone: Iterable[Parameter], added: Iterable[Parameter]) -> list[Replacement]:
    """What may have been replaced: that which explains the most kinds of names first.

    Names that differ in numbers alone are of a kind, and the first stands for them.
    """
    known = _kinds(added)
    votes: Counter[Replacement] = Counter()
    for shape, kinds in _kinds(gone).items():
        others = list(known.get(shape, {}).values())
        in_turn = len(kinds) == len(others)
        votes.update(_nearest(name, rank, others, in_turn) for rank, name in enumerate(kinds.values()) if others)
    renumbered = [each for each in votes if all(map(str.isdecimal, (*each.old, *each.new)))]
    for each in renumbered:  # which of several blocks one is cannot be known
        del votes[each]
    return sorted(votes, key=lambda each: -votes[each])[:_MOST]


def _nearest(name: str, rank: int, others: Sequence[str], in_turn: bool) -> Replacement:
    """The shortest replacement that leads to one of some names; of several, that of the most similar steps.

    If there are as many names as others, they go `in_turn`. What is far from the rank of the first is not looked at.
    """
    nearby = range(max(0, min(rank, len(others)) - _NEARBY), min(len(others), rank + _NEARBY))

    def distance(place: int) -> tuple[int, int, float, int]:
        steps = _replacement(name, others[place])
        likeness = SequenceMatcher(None, ".".join(steps.old), ".".join(steps.new), autojunk=False).ratio()
        apart = abs(place - rank)
        return len(steps.old) + len(steps.new), apart if in_turn else 0, -likeness, apart

    return _replacement(name, others[min(nearby, key=distance)])


def _kinds(parameters: Iterable[Parameter]) -> dict[Shape | None, dict[str, str]]:
    """The first name of each kind, by shape and kind."""
    found: dict[Shape | None, dict[str, str]] = {}
    for parameter in parameters:
        found.setdefault(parameter.shape, {}).setdefault(NUMBER.sub("0", parameter.name), parameter.name)
    return found


def _replacement(old: str, new: str) -> Replacement:
    """What differs between two names; an insertion takes a step beside it along, unless it is at the beginning."""
    one, other = old.split("."), new.split(".")
    start = _common(one, other)
    end = _common(one[start:][::-1], other[start:][::-1])
    if start and start + end == len(one):
        before = not (end and one[start - 1].isdecimal())
        start, end = (start - 1, end) if before else (start, end - 1)
    return Replacement(tuple(one[start : len(one) - end]), tuple(other[start : len(other) - end]))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of steps that both begin with."""
    pairs = zip(one, other, strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
