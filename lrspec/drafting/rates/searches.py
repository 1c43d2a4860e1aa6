"""Ladders and selectors that are looked for once: many ways to say rates have some in common."""

from __future__ import annotations

from collections.abc import Sequence

from lrspec.drafting.ladder.ladder import ladder
from lrspec.drafting.rules import Entry, Selector
from lrspec.drafting.selecting.selectors import selectors
from lrspec.models.parameters import Columns

_Places = tuple[int, ...]


class Searches:
    """Looks for ladders and selectors, and remembers what was found."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._ladders: dict[tuple[tuple[int | None, ...], _Places], tuple[Entry, ...]] = {}
        self._selectors: dict[tuple[_Places, _Places], tuple[Selector, ...]] = {}

    def ladder(self, layers: Sequence[int | None], free: Sequence[int]) -> Selector:
        """Return the selector that puts each parameter on its layer."""
        key = (tuple(layers), tuple(free))
        if key not in self._ladders:
            self._ladders[key] = ladder(self._columns, layers, free)
        return Selector(layers=self._ladders[key])

    def selectors(self, members: Sequence[int], free: Sequence[int]) -> tuple[Selector, ...]:
        """Return selectors that select all members and no others but free ones."""
        key = (tuple(members), tuple(free))
        if key not in self._selectors:
            self._selectors[key] = selectors(self._columns, members, free)
        return self._selectors[key]
