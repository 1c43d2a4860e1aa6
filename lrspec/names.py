"""The names of a model's parameters, one for all that no regex of the spec can tell apart; and searching them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lrspec.digits import is_blind
from lrspec.kinds import Kinds
from lrspec.matching import Captures, Search
from lrspec.patterns import Pattern


class Name(NamedTuple):
    """A name of a parameter: the parameter's index in the inventory, and which of its names (0 is the first)."""

    parameter: int
    which: int


@dataclass(frozen=True)
class Names:
    """The names of the first of each kind of parameters, which stand for those of all.

    All of it raises SlowRegexError where a regex takes longer than allowed.
    """

    kinds: Kinds
    searching: Search

    @cached_property
    def texts(self) -> dict[Name, str]:
        """The names in model order, each parameter's together."""
        names_of = self.kinds.columns.names_of
        return {Name(each, which): text for each in self.kinds.members for which, text in enumerate(names_of(each))}

    def search(self, pattern: Pattern, among: Mapping[Name, str]) -> dict[Name, re.Match[str]]:
        """The matches of a regex of the spec in some of these names: what it does to a name it does to the kind."""
        return self.searching.matches(pattern, among)

    def matched(self, pattern: Pattern, among: Iterable[Name]) -> set[int]:
        """The parameters that any regex matches, of the kinds of these names: all of a kind, or some."""
        if is_blind(pattern.regex):
            found = self.search(pattern, {name: self.texts[name] for name in among})
            return set(self.kinds.expand({name.parameter for name in found}))
        return {name.parameter for name in self.searching.matches(pattern, self._all(among))}

    def each(self, among: Iterable[Name]) -> Iterator[tuple[Name, str, Name]]:
        """Every name of the kinds of these, in model order: the name, its text, and which of these stands for it."""
        found = [(Name(each, name.which), name) for name in among for each in self.kinds.members[name.parameter]]
        for name, first in sorted(found):
            yield name, self.kinds.columns.names_of(name.parameter)[name.which], first

    def parameters(self, pattern: Pattern) -> list[int]:
        """The parameters one of whose names any regex matches, in model order."""
        return sorted(self.matched(pattern, self.texts))

    def does_the_same(
        self, pattern: Pattern, other: Pattern, matches: Mapping[Name, re.Match[str]], *, captures: bool
    ) -> bool:
        """Whether `other` matches all names that a regex of the spec matches, and captures the same where that counts.

        `matches` are those of the regex; `other` is it with parts disabled, and cannot tell digits apart if it cannot.
        """
        if not is_blind(pattern.regex):
            return self.searching.still(other, self._with_captures(matches, captures))
        found = self.search(other, {name: self.texts[name] for name in matches})
        if len(found) < len(matches):
            return False
        return not captures or all(self._captures_the_same(name, found[name], matches[name]) for name in matches)

    def _captures_the_same(self, name: Name, one: re.Match[str], other: re.Match[str]) -> bool:
        if one.regs[1:] == other.regs[1:]:
            return True
        return self.kinds.by_captures(name.parameter, one) == self.kinds.by_captures(name.parameter, other)

    def _with_captures(
        self, matches: Mapping[Name, re.Match[str]], captures: bool
    ) -> Iterator[tuple[str, Captures | None]]:
        """Every name of the kinds that a regex matches, with what it captures there, where that counts."""
        for _, text, first in self.each(matches):
            spans = matches[first].regs[1:]
            yield text, tuple([text[start:end] or "0" for start, end in spans]) if captures else None

    def _all(self, among: Iterable[Name]) -> dict[Name, str]:
        """Every name of the kinds of these."""
        return {name: text for name, text, _ in self.each(among)}
