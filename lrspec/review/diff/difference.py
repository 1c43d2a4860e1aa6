"""`Difference`: what became of each parameter between two snapshots, and of what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from lrspec.review.diff.values import Values, values_of
from lrspec.review.pairing.pairing import Pairing, pair
from lrspec.review.sameness import differing, hashable
from lrspec.review.snapshot import Entry, Snapshot

Place = tuple[int, int]
"""The place of a parameter in the old snapshot, and in the new one."""


class Change(NamedTuple):
    """The keys whose values differ for some parameters, with those before and after; None where nothing sets them."""

    before: Values
    after: Values
    places: tuple[Place, ...]


class Replaced(NamedTuple):
    """An optimizer or a schedule that differs; None where it is not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Difference:
    """What differs between two snapshots. `changes` are those of parameters that are in both, each in just one."""

    old: Snapshot
    new: Snapshot
    pairing: Pairing
    changes: tuple[Change, ...]
    optimizers: tuple[Replaced, ...]
    schedules: tuple[Replaced, ...]

    @property
    def moved(self) -> bool:
        """Whether what is in both comes in another order."""
        places = [other for _, other in self.pairing.pairs]
        return places != sorted(places)

    def __bool__(self) -> bool:
        pairing = self.pairing
        parameters = (pairing.renamed, pairing.fused, pairing.split, pairing.gone, pairing.added, self.changes)
        return any((*parameters, self.optimizers, self.schedules, self.moved))


def compare(old: Snapshot, new: Snapshot) -> Difference:
    """Find what differs between two snapshots."""
    pairing = pair([entry.parameter for entry in old.entries], [entry.parameter for entry in new.entries])
    changes = _changes(old.entries, new.entries, pairing.pairs)
    known = old.optimizers and new.optimizers  # the JSON of a plan does not have them
    optimizers = _replaced(old.optimizers, new.optimizers) if known else ()
    return Difference(old, new, pairing, changes, optimizers, _replaced(old.schedules, new.schedules))


def _changes(old: tuple[Entry, ...], new: tuple[Entry, ...], pairs: Iterable[Place]) -> tuple[Change, ...]:
    """The changes, in the order of the first parameter of each; what is the same for many is found only once."""
    found: dict[Any, tuple[Values, Values, list[Place]]] = {}
    for place in pairs:
        before, after = values_of(old[place[0]]), values_of(new[place[1]])
        if keys := differing(before, after):
            was, now = ({key: values.get(key) for key in keys} for values in (before, after))
            found.setdefault(hashable([was, now]), (was, now, []))[2].append(place)
    return tuple(Change(before, after, tuple(places)) for before, after, places in found.values())


def _replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Replaced, ...]:
    return tuple(Replaced(name, old.get(name), new.get(name)) for name in differing(dict(old), dict(new)))
