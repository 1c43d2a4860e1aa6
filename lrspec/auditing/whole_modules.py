"""Tells whether parameters are set apart along whole modules, such as a backbone and a head, which may be meant."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from lrspec.auditing.run import Run

if TYPE_CHECKING:
    from torch import nn

Path = tuple[str, ...]
"""The names of the modules that a parameter is in, from the outside to the inside."""

_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")


@dataclass(frozen=True)
class WholeModules:
    """What trains in a run, by place, with the module that it is in; `matrices` are the modules that have matrices."""

    run: Run
    paths: Mapping[int, Path]
    matrices: Set[Path]

    def explain(self, one: Sequence[int], other: Sequence[int]) -> bool:
        """Return whether two sides are in different large modules, or the first in groups of whole modules."""
        common = _shared(self.paths[place] for place in (*one, *other))
        return self._are_towers(one, other, common) or self._are_whole(one, common)

    def _are_towers(self, one: Sequence[int], other: Sequence[int], common: Path) -> bool:
        """Return whether each side has modules of its own, with modules and matrices in them; a stack is one module."""
        paths = [{self.paths[place] for place in side} for side in (one, other)]
        parts = [{_part(path, common) for path in side} for side in paths]
        stacks = [set(map(self._stack, side)) for side in parts]
        if not stacks[0].isdisjoint(stacks[1]) or not parts[0] | parts[1] <= self.matrices:
            return False
        return all(any(len(path) > len(common) + 1 for path in side) for side in paths)

    def _stack(self, part: Path) -> Hashable:
        """A module, or of numbered ones that are of a kind, as the blocks of a stack are, the stack."""
        name, module = part[-1] if part else "", self._modules.get(part)
        if module is None or not name[-1:].isdecimal():
            return part
        inside = frozenset(map(type, module._modules.values())) if type(module).__name__ in _CONTAINERS else None
        return part[:-1], name.rstrip("0123456789"), type(module), inside

    @cached_property
    def _modules(self) -> dict[Path, nn.Module]:
        found: dict[Path, nn.Module] = {}
        for visited in self.run.parameters.modules:  # what a wrapper wraps comes before it
            found.setdefault(tuple(visited.prefix.split(".")[:-1]), visited.module)
        return found

    def _are_whole(self, places: Sequence[int], common: Path) -> bool:
        """Return whether parameters are in groups of whole modules, with matrices in them.

        Groups of the same rate and weight decay count as one, too: some trainers make a group for each parameter.
        """
        own = {self.paths[place] for place in places}
        for groups in self._groups:
            chosen = {groups[place] for place in places}
            inside = {self.paths[place] for place, group in groups.items() if group in chosen}
            outside = {self.paths[place] for place, group in groups.items() if group not in chosen}
            if self._hold_parts(inside, outside, common) or self._hold_modules(inside, outside, own):
                return True
        return False

    def _hold_parts(self, inside: set[Path], outside: set[Path], common: Path) -> bool:
        """Return whether what is inside is some of the modules beside each other, such as a last norm and a head."""
        parts = {_part(path, common) for path in inside}
        return parts.isdisjoint(_part(path, common) for path in outside) and not parts.isdisjoint(self.matrices)

    def _hold_modules(self, inside: set[Path], outside: set[Path], own: set[Path]) -> bool:
        """Return whether what is inside is whole modules, and the largest around each of `own` has matrices."""
        cut = {path[:length] for path in outside for length in range(len(path) + 1)}
        if not inside.isdisjoint(cut):
            return False
        largest = (next(path[:length] for length in range(len(path) + 1) if path[:length] not in cut) for path in own)
        return all(module in self.matrices for module in largest)

    @cached_property
    def _groups(self) -> tuple[dict[int, Hashable], dict[int, Hashable]]:
        """What tells the groups of parameters apart, by place: the group itself, and its rate and weight decay."""
        own: dict[int, Hashable] = {}
        settings: dict[int, Hashable] = {}
        for group, places in self.run.places.items():
            optimizer, number = group
            given = (optimizer, repr(optimizer.rate(number)), optimizer.decay(number))
            for place in self.paths.keys() & places:
                own.setdefault(place, group)
                settings.setdefault(place, given)
        return own, settings


def _part(path: Path, common: Path) -> Path:
    """The module, of those beside each other in and around `common`, that a path goes into."""
    return path[: len(_shared([path, common])) + 1]


def _shared(paths: Iterable[Path]) -> Path:
    """What all paths begin with."""
    known = list(paths)
    pairs = zip(min(known), max(known), strict=False)
    return tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
