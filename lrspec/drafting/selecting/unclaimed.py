"""Keeps account of the frozen parameters that rules may still select: two that set one thing may not (LRS202)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lrspec.drafting.rules import Selector
from lrspec.drafting.selecting.targets import reached
from lrspec.models.parameters import Columns


class Unclaimed:
    """The frozen parameters that no rule selects so far, of the rules that set one thing."""

    def __init__(self, columns: Columns, frozen: Iterable[int]) -> None:
        self._columns = columns
        self.places = list(frozen)

    def claim(self, selector: Selector) -> Selector:
        """Take away what a selector selects; return the selector."""
        if self.places:
            regexes = (*selector.match, *(regex for entry in selector.layers for regex in entry.regexes))
            found = reached(self._columns, replace(selector, match=regexes, layers=()))
            self.places = [place for place in self.places if place not in found]
        return selector
