"""Frozen parameters, which rules may select or not: what sets one thing may select each only once (LRS202)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lrspec.drafting.rules import Selector
from lrspec.models.parameters import Columns


class Unclaimed:
    """The frozen parameters that no rule selects so far, of the rules that set one thing."""

    def __init__(self, columns: Columns, frozen: Iterable[int]) -> None:
        self._columns = columns
        self.places = list(frozen)

    def claim(self, selector: Selector) -> Selector:
        """Take away what a selector selects, whatever it drops again; return the selector."""
        regexes = [*selector.match, *(regex for entry in selector.layers for regex in entry.regexes)]
        search = re.compile("|".join(f"(?:{regex})" for regex in regexes)).search
        names_of = self._columns.names_of
        self.places = [place for place in self.places if not any(map(search, names_of(place)))] if regexes else []
        return selector
