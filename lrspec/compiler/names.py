"""The names of a model's parameters, one for all that no regex of the spec can tell apart; and searching them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lrspec.compiler.families import Families
from lrspec.models.parameters import Classes
from lrspec.regex.digits import is_blind
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Captures, Search
from lrspec.regex.work_limit import Work

_SPLITTING = 8  # characters takes as long as to search a name


class Name(NamedTuple):
    """A name of a parameter: the parameter's index in the inventory, and which of its names (0 is the first)."""

    parameter: int
    which: int


@dataclass(frozen=True)
class Names:
    """The names of the first of each kind of parameters, which stand for those of all.

    All of it raises SlowRegexError and TooMuchError as `Search` does.
    """

    families: Families
    searching: Search

    @cached_property
    def texts(self) -> dict[Name, str]:
        """The names in model order, each parameter's together."""
        names_of = self.families.columns.names_of
        return {Name(each, which): text for each in self.families.members for which, text in enumerate(names_of(each))}

    @cached_property
    def judging(self) -> Names:
        """The same names, to be searched by regexes in place of those of the spec; that is not to take long."""
        return Names(self.families, Search(self.searching.work, judging=True))

    @cached_property
    def owners(self) -> dict[Classes, None]:
        """The classes of the owners of names, each once."""
        columns = self.families.columns
        return dict.fromkeys(columns.owners_of(name.parameter)[name.which] for name in self.texts)

    @cached_property
    def classes(self) -> dict[str, str]:
        """The classes that these owners are of, each by itself."""
        return {cls: cls for owner in self.owners for cls in owner}

    @cached_property
    def components(self) -> list[str]:
        """What stands between the dots of all names, each once; nothing where that would be too much."""
        names = [name for _, name in self.families.columns.all_names()]
        affordable = self.work.affords(sum(map(len, names)) // _SPLITTING)
        return list(dict.fromkeys(part for name in names for part in name.split("."))) if affordable else []

    @cached_property
    def beginnings(self) -> list[str]:
        """The first components of names, each once."""
        return list(dict.fromkeys(name.partition(".")[0] for name in self.families.columns.names))

    @property
    def work(self) -> Work:
        """What may still be done with them."""
        return self.searching.work

    def search(self, pattern: Pattern, among: Mapping[Name, str]) -> dict[Name, re.Match[str]]:
        """The matches of a regex of the spec in some of these names: what it does to a name it does to the kind."""
        return self.searching.matches(pattern, among)

    def matched(self, pattern: Pattern, among: Iterable[Name]) -> set[int]:
        """The parameters that any regex matches, of the kinds of these names: all of a kind, or some."""
        if is_blind(pattern.regex):
            found = self.search(pattern, {name: self.texts[name] for name in among})
            return set(self.families.expand({name.parameter for name in found}))
        every = self._every if among is self.texts else self._all(among)
        return {name.parameter for name in self.searching.matches(pattern, every)}

    def each(self, among: Iterable[Name]) -> Iterator[tuple[Name, str, Name]]:
        """Every name of the kinds of these, in model order: the name, its text, and which of these stands for it."""
        found = [(Name(each, name.which), name) for name in among for each in self.families.members[name.parameter]]
        for name, first in sorted(found):
            yield name, self.families.columns.names_of(name.parameter)[name.which], first

    def parameters(self, pattern: Pattern) -> list[int]:
        """The parameters one of whose names any regex matches, in model order."""
        return sorted(self.matched(pattern, self.texts))

    @cached_property
    def _every(self) -> dict[Name, str]:
        return self._all(self.texts)

    def _all(self, among: Iterable[Name]) -> dict[Name, str]:
        """Every name of the kinds of these."""
        return {name: text for name, text, _ in self.each(among)}


@dataclass(frozen=True)
class Effect:
    """What a regex of the spec does to names: its matches, and what it captures in them if `captures` counts."""

    names: Names
    pattern: Pattern
    matches: Mapping[Name, re.Match[str]]
    captures: bool

    def is_of(self, other: Pattern) -> bool:
        """Whether the regex does the same with some of its parts disabled.

        Raises:
            SlowRegexError: where that takes longer than allowed.
        """
        if not is_blind(self.pattern.regex):
            return self.names.searching.matches_all(other, self._texts)
        found = self.names.search(other, {name: self.names.texts[name] for name in self.matches})
        if len(found) < len(self.matches):
            return False
        return not self.captures or all(self._captures_the_same(name, match) for name, match in found.items())

    def _captures_the_same(self, name: Name, match: re.Match[str]) -> bool:
        before, families = self.matches[name], self.names.families
        if match.regs[1:] == before.regs[1:]:
            return True
        return families.by_captures(name.parameter, match) == families.by_captures(name.parameter, before)

    @cached_property
    def _texts(self) -> list[tuple[str, Captures | None]]:
        """Every name of the kinds that the regex matches, with what it captures there, where that counts."""
        found = []
        for _, text, first in self.names.each(self.matches):
            spans = self.matches[first].regs[1:]
            found.append((text, tuple([text[start:end] or "0" for start, end in spans]) if self.captures else None))
        return found
