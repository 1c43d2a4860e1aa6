"""What rules are to select (`Target`), and what a selector selects (`reached`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from lrspec.drafting.rules import Selector
from lrspec.drafting.selecting.cover import cover
from lrspec.drafting.selecting.templates import templates
from lrspec.models.parameters import Classes, Columns


@dataclass(frozen=True)
class Target:
    """The parameters to select; those that may be selected, too, are free. `by_dimensions` allows `where.ndim`."""

    columns: Columns
    members: frozenset[int]
    free: frozenset[int]
    by_dimensions: bool = True

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

    def widened(self) -> Target:
        """The parameters whose names differ from those of members in numbers only."""
        index = templates(tuple(self.columns.names))
        members = {index.of_name[member] for member in self.members}
        alike = [place for place, template in enumerate(index.of_name) if template in members]
        return replace(self, members=frozenset(alike))

    def without(self, taken: frozenset[int]) -> Target:
        """What is left to select beside a rule that selects some: no second one may select these."""
        return replace(self, members=self.members - taken, free=self.free - taken)

    def dims(self, parameter: int) -> int:
        """The number of dimensions of a parameter, if shapes are known."""
        return len(self.columns.shapes[parameter] or ())

    def is_hit(self, selector: Selector) -> bool:
        """Return whether a selector selects all members and nothing refused."""
        any_member = next(iter(self.members))
        return (
            bool(reached(self.columns, selector, [any_member]))
            and len(reached(self.columns, selector, self.members)) == len(self.members)
            and not reached(self.columns, selector, self.refused)
        )

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


def reached(columns: Columns, selector: Selector, places: Iterable[int] | None = None) -> frozenset[int]:
    """The parameters that a selector without `layers` selects, of all or of some."""
    found: Iterable[int] = range(len(columns.names)) if places is None else places
    if selector.ndim:
        found = [place for place in found if len(columns.shapes[place] or ()) in selector.ndim]
    if selector.declared:
        found = [place for place in found if not {*(columns.declared[place] or ())}.isdisjoint(selector.declared)]
    if selector.match or selector.module:
        found = _named(columns, found, selector)
    if selector.exclude:
        excluded = _compiled(selector.exclude)
        found = [p for p in found if not any(regex.search(name) for name in columns.names_of(p) for regex in excluded)]
    return frozenset(found)


def _named(columns: Columns, places: Iterable[int], selector: Selector) -> Iterator[int]:
    """The parameters that have a name that is found, with an owner of the class."""
    regexes = _compiled(selector.match)
    if len(regexes) == 1 and not selector.module and not columns.aliases:
        yield from (place for place in places if regexes[0].search(columns.names[place]))
        return
    classes = re.compile(selector.module or "")
    in_class: dict[Classes, bool] = {}
    for place in places:
        for name, owner in zip(columns.names_of(place), columns.owners_of(place), strict=True):
            if selector.module and owner not in in_class:
                in_class[owner] = any(map(classes.search, owner))
            if (not selector.module or in_class[owner]) and (not regexes or any(r.search(name) for r in regexes)):
                yield place
                break


def _compiled(regexes: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(regex) for regex in regexes]
