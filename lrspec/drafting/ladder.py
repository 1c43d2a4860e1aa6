"""The entries of a ladder that puts every parameter on the layer where it is wanted."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lrspec.drafting.cover import cover
from lrspec.drafting.rules import Entry
from lrspec.models.parameters import Columns


def ladder(columns: Columns, layers: Sequence[int | None], free: Collection[int] = ()) -> tuple[Entry, ...]:
    """Return the entries by which each parameter is on its layer, and which select no others but free ones.

    `layers` has the layer of each parameter of the inventory, 0 nearest the input, without gaps; None where the ladder
    must not select it.
    """
    members: dict[int, list[int]] = {}
    for place, layer in enumerate(layers):
        if layer is not None:
            members.setdefault(layer, []).append(place)
    return tuple(Entry(cover(columns.names, members[layer], free)) for layer in sorted(members))
