"""`Target`: the parameters that rules are to select, and those that selectors and regexes reach."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from lrspec.drafting.rules import Selector
from lrspec.drafting.selecting.cover import cover
from lrspec.models.parameters import Columns


@dataclass(frozen=True)
class Target:
    """The parameters to select; those that may be selected, too, are free."""

    columns: Columns
    members: frozenset[int]
    free: frozenset[int]

    @cached_property
    def refused(self) -> frozenset[int]:
        """The parameters that must not be selected."""
        return frozenset(range(len(self.columns.names))) - self.members - self.free

    @cached_property
    def has_shapes(self) -> bool:
        """True if `where.ndim` and `where.module` can be asked for."""
        return None not in self.columns.shapes

    @cached_property
    def has_declared(self) -> bool:
        """True if `where.declared` can be asked for."""
        return None not in self.columns.declared

    def without(self, taken: frozenset[int]) -> Target:
        """What is left to select beside a rule that selects some: no second one may select these."""
        return Target(self.columns, self.members - taken, self.free - taken)

    def dims(self, parameter: int) -> int:
        """The number of dimensions of a parameter, if shapes are known."""
        return len(self.columns.shapes[parameter] or ())

    def is_hit(self, selector: Selector) -> bool:
        """Return whether a selector selects all members and nothing refused."""
        found = reached(self.columns, selector)
        return self.members <= found and found.isdisjoint(self.refused)

    def regexes(self, beside: Iterable[int] = ()) -> tuple[str, ...]:
        """The regexes that find the members; other keys keep the parameters `beside` out."""
        free = self.free.union(beside) - self.members
        if not self.columns.aliases:
            return cover(self.columns.names, self.members, free)
        names, wanted, allowed = [], [], []
        previous = -1
        for place, (parameter, name) in enumerate(self.columns.all_names()):
            names.append(name)
            if parameter in self.members and parameter != previous:  # of a tied parameter, one name will do
                wanted.append(place)
            elif parameter in self.members or parameter in free:
                allowed.append(place)
            previous = parameter
        return cover(names, wanted, allowed)

    def exclusion(self, found: frozenset[int]) -> tuple[str, ...]:
        """The regexes for `exclude` in a rule that finds all members and more: they drop what is refused."""
        dropped = found & self.refused
        listed = list(self.columns.all_names())
        wanted = [place for place, (parameter, _) in enumerate(listed) if parameter in dropped]
        first = {listed[place][0]: place for place in reversed(wanted)}
        free = [place for place, (parameter, _) in enumerate(listed) if parameter not in self.members]
        return cover([name for _, name in listed], first.values(), free)


def reached(columns: Columns, selector: Selector) -> frozenset[int]:
    """The parameters that a selector without `layers` selects."""
    regexes, excluded = _compiled(selector.match), _compiled(selector.exclude)
    classes = re.compile(selector.module) if selector.module else None
    found: list[int] = []
    for index in range(len(columns.names)):
        if selector.ndim and len(columns.shapes[index] or ()) not in selector.ndim:
            continue
        if selector.declared and not {*selector.declared} & {*(columns.declared[index] or ())}:
            continue
        names, owners = columns.names_of(index), columns.owners_of(index)
        if any(regex.search(name) for regex in excluded for name in names):
            continue
        for name, owner in zip(names, owners, strict=True):
            by_name = not regexes or any(regex.search(name) for regex in regexes)
            if by_name and (classes is None or any(map(classes.search, owner))):
                found.append(index)
                break
    return frozenset(found)


def _compiled(regexes: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(regex) for regex in regexes]
