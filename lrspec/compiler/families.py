"""The parameters of a model by kind: those that no regex of a spec can tell apart, but by their numbers.

A model of a hundred thousand parameters has some forty kinds. What a spec does to one of a kind it does to all: every
regex matches each of them, at the same place, or none. So rules are tried on the first of a kind, which stands for
the others; only the numbers that a ladder captures are looked up in each name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import TypeAlias

from lrspec.models.parameters import Columns
from lrspec.regex.digits import ALIKE, is_blind, widened
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Captures, Search, SlowRegexError, captured

_has_digit = re.compile("[0-9]").search

Members: TypeAlias = list[int]
"""Some parameters, by their indices, in model order."""


@dataclass(frozen=True)
class Families:
    """The parameters of a model by the first of their kind, in model order; a tied parameter is a kind of its own."""

    columns: Columns
    members: dict[int, Members]

    def expand(self, firsts: Iterable[int]) -> Members:
        """All parameters of some kinds."""
        return sorted(chain.from_iterable([self.members[first] for first in firsts]))

    @cached_property
    def representative_of(self) -> dict[int, int]:
        """The first of its kind, for every parameter."""
        return {member: first for first, members in self.members.items() for member in members}

    def by_captures(self, first: int, match: re.Match[str]) -> dict[Captures, Members]:
        """The parameters of a kind by what the groups of a regex capture in their names; `match` is in the first's."""
        return _by_captures(self.members[first], match, self.columns.names)


def _by_captures(members: Members, match: re.Match[str], names: list[str]) -> dict[Captures, Members]:
    spans = match.regs[1:]
    if len(members) == 1 or not any(_has_digit(match.string, start, end) for start, end in spans):
        return {captured(match): members}
    pieces = itemgetter(*(slice(start, end) for start, end in spans))
    found: dict[str | Captures, Members] = defaultdict(list)
    for member in members:
        found[pieces(names[member])].append(member)
    return {_captures(piece): its for piece, its in found.items()}


def _captures(pieces: str | Captures) -> Captures:
    return (pieces or "0",) if isinstance(pieces, str) else tuple([piece or "0" for piece in pieces])


def families(columns: Columns, regexes: Iterable[Pattern], joins: Iterable[Pattern], search: Search) -> Families:
    """The kinds of parameters that some regexes cannot tell apart.

    Of a kind, `joins` capture the same in all names as well: whether there is a layer for them to share depends on it.

    Raises:
        SlowRegexError, TooMuchError: as `Search`.
    """
    found = _Splitting(columns, _alike(columns), search)
    for pattern in regexes:
        if not is_blind(pattern.regex):
            found.tell_apart(pattern)
    for pattern in joins:
        if pattern.compiled.groups:
            found.split_by_captures(pattern)
    return Families(columns, {members[0]: members for members in sorted(found.members.values(), key=itemgetter(0))})


def _alike(columns: Columns) -> dict[int, Members]:
    """The parameters whose names differ in digits only, and that are alike in all else that a rule can ask for."""
    texts = _without_numbers(columns.names)
    dimensions = [None if shape is None else len(shape) for shape in columns.shapes]
    tied = columns.aliases
    found: dict[Hashable, Members] = defaultdict(list)
    for index, key in enumerate(zip(texts, dimensions, columns.owners, columns.trainable, strict=True)):
        found[index if index in tied else key].append(index)
    return {members[0]: members for members in found.values()}


def _without_numbers(names: list[str]) -> list[str]:
    """The names with all digits made equal; all at once, since a call for each takes ten times as long."""
    texts = "\n".join(names).translate(ALIKE).split("\n")
    return texts if len(texts) == len(names) else [name.translate(ALIKE) for name in names]


class _Splitting:
    """Kinds that regexes split further: `members` has all of them by their firsts, in no order.

    `several` are the names of the firsts that stand for more than themselves: no others can be split.
    """

    def __init__(self, columns: Columns, members: dict[int, Members], search: Search) -> None:
        self.members, self._names, self._search = members, columns.names, search
        self._several = {first: self._names[first] for first, its in members.items() if len(its) > 1}

    def tell_apart(self, pattern: Pattern) -> None:
        """Split the kinds of which a regex does not match all at the same place, or none."""
        concerned = self._concerned(pattern)
        members = {each: self._names[each] for first in concerned for each in self.members[first]}
        matches = self._search.matches(pattern, members)
        for first in concerned:
            self._replace(first, _by_place(self.members[first], matches))

    def split_by_captures(self, pattern: Pattern) -> None:
        """Split the kinds in whose names a regex does not capture the same everywhere."""
        for first, match in self._search.matches(pattern, self._several).items():
            self._replace(first, _by_captures(self.members[first], match, self._names).values())

    def _concerned(self, pattern: Pattern) -> list[int]:
        """The kinds of several some of which the regex may match: none where a wider one does not."""
        wide = widened(pattern.regex)
        if wide is None:
            return list(self._several)
        try:
            return list(self._search.matches(Pattern(wide, pattern.path), self._several))
        except SlowRegexError:  # which says nothing about the regex itself
            return list(self._several)

    def _replace(self, first: int, parts: Iterable[Members]) -> None:
        """Put parts of a kind in its place."""
        for part in parts:
            self.members[part[0]] = part
            if len(part) > 1:
                self._several[part[0]] = self._names[part[0]]
            else:
                self._several.pop(part[0], None)


def _by_place(members: Members, matches: dict[int, re.Match[str]]) -> Iterable[Members]:
    found: dict[Hashable, Members] = defaultdict(list)
    for member in members:
        found[matches[member].regs if member in matches else None].append(member)
    return found.values()
