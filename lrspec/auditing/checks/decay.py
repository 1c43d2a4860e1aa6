"""Is weight decay the same for norms and biases of one kind, and none where the model declares so? LRS507, LRS508."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run, Slot
from lrspec.diagnostics.wording import few
from lrspec.models.describe import count_parameters
from lrspec.optim.live.values import is_number, plain_value

_MULTIPLIERS = ("wd_multiplier", "wd_mult", "wd_scale", "weight_decay_mult", "weight_decay_multiplier", "decay_mult")
"""Keys by which loops multiply weight decay, as DINOv2's does: the group's own value may be the same everywhere."""

Path = tuple[str, ...]


class _Sides(NamedTuple):
    """The places of parameters of one kind: those that get weight decay, and those that get none."""

    decayed: list[int]
    exempt: list[int]


def mixed_decay(run: Run) -> Iterator[AuditFinding]:
    """LRS507: norms and biases some of which decay and some of which do not, beside matrices that decay alike."""
    decaying = _Decaying(run)
    mixed = [(kind, sides) for kind, sides in _mixed_kinds(decaying) if not decaying.goes_along_modules(sides)]
    columns = run.inventory.columns
    for decayed_are_fewer in (True, False):
        chosen = [(kind, each) for kind, each in mixed if decayed_are_fewer == (len(each[0]) <= len(each[1]))]
        if not chosen:
            continue
        decayed = [place for _, sides in chosen for place in sides.decayed]
        exempt = [place for _, sides in chosen for place in sides.exempt]
        fewer, others = (decayed, exempt) if decayed_are_fewer else (exempt, decayed)
        some, none = ("some", "none") if decayed_are_fewer else ("no", "some")
        gets, have = "gets" if len(fewer) == 1 else "get", "has" if len(others) == 1 else "have"
        kinds = few(list(dict.fromkeys(f"{leaf} of {owner}" for (owner, leaf), _ in chosen)), 3)
        yield run.finding(
            "LRS507",
            fewer,
            f"{count_parameters(columns, fewer)} {gets} {some} weight decay, and {len(others):,} of the same kind "
            f"({kinds}) {have} {none}, though the matrices beside them decay alike",
            "Was a name missed? Take norms and biases by their shape (`p.ndim < 2`), and put all of them into a group "
            "with `weight_decay=0`, or none.",
        )


def declared_decay(run: Run) -> Iterator[AuditFinding]:
    """LRS508: parameters that the model declares to be without weight decay, and that get some."""
    declared, decays = run.inventory.columns.declared, _decays(run)
    places = [place for place, decay in decays.items() if decay and "no_weight_decay" in (declared[place] or ())]
    if places:
        verb, them = ("gets", "it") if len(places) == 1 else ("get", "them")
        yield run.finding(
            "LRS508",
            places,
            f"{count_parameters(run.inventory.columns, places)} {verb} weight decay, which the model declares {them} "
            f"free of: each step pulls {them} towards zero",
            f"Put {them} into a group with `weight_decay=0`. The model's own `no_weight_decay()` or a parameter's "
            "`_no_weight_decay` says so; a wrapper around the model has no such method.",
        )


DECAY = (mixed_decay, declared_decay)
"""Every check of weight decay."""


def _decays(run: Run) -> dict[int, float]:
    """The weight decay of each parameter that requires grad, where it is known, by its place."""
    of_group: dict[tuple[int, int], float | None] = {}
    decays: dict[int, float] = {}
    trainable = run.inventory.columns.trainable
    for slot in run.slots:
        key = (id(slot.optimizer), slot.group)
        if key not in of_group:
            of_group[key] = _decay_of(slot)
        decay = of_group[key]
        if slot.place is not None and decay is not None and trainable[slot.place]:
            decays.setdefault(slot.place, decay)
    return decays


def _decay_of(slot: Slot) -> float | None:
    factors = [plain_value(slot.keys[key]) for key in _MULTIPLIERS if key in slot.keys]
    values = [slot.optimizer.decay(slot.group), *factors]
    return math.prod(values) if all(map(is_number, values)) else None


@dataclass(frozen=True)
class _Decaying:
    """What decays in a run, and where in the model."""

    run: Run

    @cached_property
    def decays(self) -> dict[int, float]:
        """The weight decay of what trains, by place."""
        return _decays(self.run)

    def is_matrix(self, place: int) -> bool:
        """Return whether a parameter has two dimensions or more; one that is often exempt for itself does not count."""
        columns = self.run.inventory.columns
        declared = columns.declared[place] or ()
        return len(columns.shapes[place] or ()) > 1 and not {"embedding", "no_weight_decay"}.intersection(declared)

    def path(self, place: int) -> Path:
        """The names of the modules that a parameter is in, from the outside to the inside."""
        return tuple(self.run.inventory.columns.names[place].split(".")[:-1])

    @cached_property
    def matrices(self) -> dict[Path, Counter[float]]:
        """How many matrices in each module have which weight decay."""
        found: dict[Path, Counter[float]] = defaultdict(Counter)
        for place, decay in self.decays.items():
            if self.is_matrix(place):
                path = self.path(place)
                for length in range(len(path) + 1):
                    found[path[:length]][decay] += 1
        return found

    def beside(self, place: int) -> float | None:
        """The weight decay of most matrices beside a parameter: in its module, or else in the nearest around it."""
        path = self.path(place)
        around = (self.matrices.get(path[:length]) for length in range(len(path), -1, -1))
        return next((counts.most_common(1)[0][0] for counts in around if counts), None)

    @cached_property
    def classes(self) -> dict[Path, type]:
        """The class of the module at each path."""
        found: dict[Path, type] = {}
        for visited in self.run.parameters.modules:  # what a wrapper wraps comes before it
            found.setdefault(tuple(visited.prefix.split(".")[:-1]), type(visited.module))
        return found

    def goes_along_modules(self, sides: _Sides) -> bool:
        """Return whether somebody may have meant to treat whole modules differently, such as a backbone and a head."""
        common: Path = _shared(self.path(place) for place in (*sides.decayed, *sides.exempt))
        return self._are_towers(sides, common) or any(
            self._are_whole(sides.decayed, common, key) for key in (_group, _settings)
        )

    def _are_towers(self, sides: _Sides, common: Path) -> bool:
        """Return whether each side has large modules of its own, with matrices in them; a stack of blocks is one."""
        modules = [{self._part(self.path(place), common) for place in side} for side in sides]
        stacks = [set(map(self._stack, side)) for side in modules]
        if stacks[0] & stacks[1] or not all(part in self.matrices for side in modules for part in side):
            return False
        deepest = [max(len(self.path(place)) for place in side) for side in sides]
        return all(depth > len(common) + 1 for depth in deepest)

    def _stack(self, part: Path) -> Hashable:
        """A module, or of numbered ones, which are the blocks of a stack, their class."""
        cls = self.classes.get(part)
        container = cls is None or cls.__name__ in ("Sequential", "ModuleList", "ModuleDict")
        return (part[:-1], cls) if part and part[-1].isdecimal() and not container else part

    def _are_whole(self, decayed: list[int], common: Path, key: Callable[[Slot], Hashable]) -> bool:
        """Return whether parameters are in groups of whole modules, with matrices in them; `key` tells groups apart."""
        key_of = {place: key(self.run.slots_of[place][0]) for place in self.decays}
        keys = {key_of[place] for place in decayed}
        touched = {self._part(self.path(place), common) for place in self.decays if key_of[place] in keys}
        inside = [place for place in self.decays if self._part(self.path(place), common) in touched]
        return all(key_of[place] in keys for place in inside) and any(map(self.is_matrix, inside))

    def _part(self, path: Path, common: Path) -> Path:
        """The module, of those beside each other in and around `common`, that a path goes into."""
        return path[: len(_shared([path, common])) + 1]


def _mixed_kinds(decaying: _Decaying) -> Iterator[tuple[tuple[str, str], _Sides]]:
    """The kinds of parameters of at most one dimension that are mixed: a module's class, and the end of the name."""
    columns = decaying.run.inventory.columns
    kinds: dict[tuple[str, str], _Sides] = {}
    for place, decay in decaying.decays.items():
        shape, owner = columns.shapes[place], columns.owners[place]
        if owner and len(shape or ()) < 2:
            kind = (owner[0], columns.names[place].rpartition(".")[2])
            kinds.setdefault(kind, _Sides([], []))[0 if decay else 1].append(place)
    for kind, sides in kinds.items():
        if sides.decayed and sides.exempt:
            for alike in _by_matrices(decaying, [*sides.decayed, *sides.exempt]):
                yield kind, alike


def _by_matrices(decaying: _Decaying, places: Iterable[int]) -> Iterator[_Sides]:
    """The mixed parameters of a kind, split by the weight decay of the matrices beside them."""
    split: dict[Any, _Sides] = {}
    for place in places:
        beside = decaying.beside(place)
        if beside is not None:
            split.setdefault(beside, _Sides([], []))[0 if decaying.decays[place] else 1].append(place)
    yield from (sides for sides in split.values() if sides.decayed and sides.exempt)


def _group(slot: Slot) -> Hashable:
    return id(slot.optimizer), slot.group


def _settings(slot: Slot) -> Hashable:
    return id(slot.optimizer), repr(slot.optimizer.rate(slot.group)), slot.optimizer.decay(slot.group)


def _shared(paths: Iterable[Path]) -> Path:
    """What all paths begin with."""
    known = list(paths)
    pairs = zip(min(known), max(known), strict=False)
    return tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
