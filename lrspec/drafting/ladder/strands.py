"""Strands: parts of the tree of names in which the numbers alone decide the layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TypeAlias, TypeVar

from lrspec.drafting.components import Numbers
from lrspec.drafting.ladder.name_tree import NameNode
from lrspec.drafting.ladder.spelling import Index


class Other(Enum):
    """What a name may be that is on no layer."""

    refused = 0
    free = 1


Value: TypeAlias = int | Other
"""The layer of a name, or what it is if it has none."""
Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Strand:
    """Nodes that are alike in their first components, `depth` of them, in which the numbers decide the layer.

    `rows` has the value for each tuple of numbers in these components, `first` the place of its first parameter, and
    `of_node` the tuples of each node. `captured` are the positions that tell one layer from another: none if there is
    only one. Strands on different sides (`before` or `after` others in their modules) stay apart.
    """

    nodes: tuple[NameNode, ...]
    depth: int
    captured: tuple[int, ...]
    rows: dict[Numbers, Value]
    first: dict[Numbers, int]
    of_node: tuple[frozenset[Numbers], ...]
    side: str = ""
    _free: dict[tuple[int, ...], list[Numbers]] = field(default_factory=dict, init=False)
    _indexes: dict[tuple[tuple[int, ...], bool], Index] = field(default_factory=dict, init=False)

    @cached_property
    def is_clean(self) -> bool:
        """Whether the captured numbers and the layers correspond one to one."""
        one_each = all(len({pick(numbers, self.captured) for numbers in rows}) == 1 for rows in self.layers.values())
        return one_each and Other.refused not in self.rows.values() and bool(self.captured)

    @cached_property
    def layers(self) -> dict[int, list[Numbers]]:
        """Its layers, with the rows of each."""
        return by_layer(self.rows)

    def free(self, which: tuple[int, ...]) -> list[Numbers]:
        """The rows of free names alone, whose numbers at some positions no other row has."""
        if which not in self._free:
            decided = {pick(row, which) for row, value in self.rows.items() if value is not Other.free}
            self._free[which] = [
                row for row, value in self.rows.items() if value is Other.free and pick(row, which) not in decided
            ]
        return self._free[which]

    def rows_between(self, low: int, high: int) -> list[tuple[Numbers, int]]:
        """The rows on the layers from `low` to `high`, each with its layer."""
        layers = self.layers if high - low > len(self.layers) else range(low, high + 1)
        return [(row, layer) for layer in layers if low <= layer <= high for row in self.layers.get(layer, ())]

    def index(self, which: tuple[int, ...], with_free: bool) -> Index:
        """The index of all rows, or of those that are not of free names alone, by the numbers at some positions."""
        if (which, with_free) not in self._indexes:
            rows = [row for row, value in self.rows.items() if with_free or value is not Other.free]
            self._indexes[which, with_free] = Index(dict.fromkeys(pick(row, which) for row in rows))
        return self._indexes[which, with_free]


def by_layer(values: Mapping[Numbers, Value]) -> dict[int, list[Numbers]]:
    """Return the layers among some values, with the tuples of each."""
    found: dict[int, list[Numbers]] = {}
    for numbers, value in values.items():
        if isinstance(value, int):
            found.setdefault(value, []).append(numbers)
    return found


def pick(items: tuple[Item, ...], which: Iterable[int]) -> tuple[Item, ...]:
    """Some of the items."""
    return tuple([items[at] for at in which])
