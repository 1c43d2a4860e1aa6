"""`Depth`: the ladders of a model, each from its input to its output, and how they were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lrspec.models.inventory import Inventory


@dataclass(frozen=True)
class Tower:
    """A part of a model that has a depth of its own: the layer of each parameter of the model, None outside of it.

    `name` is empty if the model has only one.
    """

    name: str
    layers: Sequence[int | None]

    @cached_property
    def count(self) -> int:
        """The number of its layers."""
        return 1 + max((layer for layer in self.layers if layer is not None), default=-1)


@dataclass(frozen=True)
class Depth:
    """The towers of a model; a parameter may be in none. `matched` is whether the model says which layers it has."""

    towers: tuple[Tower, ...]
    matched: bool = False


def matched_depth(inventory: Inventory, layers: Mapping[str, int]) -> Depth:
    """Return the depth that a model says it has: the layer of each parameter by name, the last for what is missing."""
    found = {inventory.index[name]: layer for name, layer in layers.items() if name in inventory.index}
    order = {layer: index for index, layer in enumerate(sorted(set(found.values())))}
    places = range(len(inventory.columns.names))
    return Depth((Tower("", [order[found[p]] if p in found else len(order) - 1 for p in places]),), matched=True)
