"""Families of parameters: those that no regex of a spec can tell apart, except by their numbers.

A model of a hundred thousand parameters has some forty families. A regex of the spec matches all members of a family,
at the same place, or none. So rules are tried on one member, the representative, and the result holds for all; only the
numbers that a ladder captures are looked up in each name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import Any, TypeAlias

from lrspec.models.parameters import Columns
from lrspec.regex.digits import ALIKE, is_blind, widened
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Captures, Search, SlowRegexError, captured

_has_digit = re.compile("[0-9]").search

Members: TypeAlias = list[int]
"""Some parameters, by their indices, in model order."""


@dataclass(frozen=True)
class Families:
    """The parameters of a model by the first of their family, its representative, in model order.

    A tied parameter is a family of its own.
    """

    columns: Columns
    members: dict[int, Members]

    def expand(self, representatives: Iterable[int]) -> Members:
        """All parameters of some families."""
        return sorted(chain.from_iterable([self.members[representative] for representative in representatives]))

    @cached_property
    def representative_of(self) -> dict[int, int]:
        """The representative of each parameter's family."""
        return {member: representative for representative, members in self.members.items() for member in members}

    def by_captures(self, representative: int, match: re.Match[str]) -> dict[Captures, Members]:
        """The members of a family by the captures of a regex in their names; `match` is the representative's."""
        members, names, spans = self.members[representative], self.columns.names, match.regs[1:]
        if len(members) == 1 or not any(_has_digit(match.string, start, end) for start, end in spans):
            return {captured(match): members}
        pieces_of = itemgetter(*(slice(start, end) for start, end in spans))
        by_pieces: dict[Any, Members] = defaultdict(list)
        for member in members:
            by_pieces[pieces_of(names[member])].append(member)
        if len(spans) == 1:  # of one slice, `itemgetter` gives the text itself
            return {(piece or "0",): group for piece, group in by_pieces.items()}
        return {tuple([piece or "0" for piece in pieces]): group for pieces, group in by_pieces.items()}


def families(
    columns: Columns,
    regexes: Iterable[Pattern],
    capturing: Iterable[Pattern],
    search: Search,
    *,
    by_shape: bool = False,
) -> Families:
    """The families of parameters that some regexes cannot tell apart; `by_shape` if their sizes count, too.

    In all names of a family, `capturing` regexes also capture the same: those of a `join`, which decide whether it
    finds a layer to share, and of a ladder whose layers thaw one by one. SlowRegexError and TooMuchError as `Search`.
    """
    splitting = _Splitting(Families(columns, _alike(columns, by_shape)), search)
    for pattern in regexes:
        if not is_blind(pattern.regex):
            splitting.split_by_match(pattern)
    for pattern in capturing:
        if pattern.compiled.groups:
            splitting.split_by_captures(pattern)
    return Families(columns, {members[0]: members for members in sorted(splitting.members.values(), key=itemgetter(0))})


def _alike(columns: Columns, by_shape: bool) -> dict[int, Members]:
    """The parameters whose names differ in digits only, and that are alike in everything else a rule can ask for."""
    texts = "\n".join(columns.names).translate(ALIKE).split("\n")  # a call for each name takes ten times as long
    if len(texts) != len(columns.names):
        texts = [name.translate(ALIKE) for name in columns.names]
    dimensions = [None if shape is None else tuple(shape) if by_shape else len(shape) for shape in columns.shapes]
    families: dict[Hashable, Members] = defaultdict(list)
    keys = zip(texts, dimensions, columns.owners, columns.trainable, columns.declared, strict=True)
    for index, key in enumerate(keys):
        families[index if index in columns.aliases else key].append(index)
    return {members[0]: members for members in families.values()}


class _Splitting:
    """Families that regexes split further; their order is lost.

    `_several` has the names of the representatives of more than one member: only their families can be split.
    """

    def __init__(self, families: Families, search: Search) -> None:
        self.members, self._families, self._names = families.members, families, families.columns.names
        self._search = search
        self._several = {index: self._names[index] for index, family in self.members.items() if len(family) > 1}

    def split_by_match(self, pattern: Pattern) -> None:
        """Split the families that a regex does not match as a whole, at the same place."""
        affected = list(self._several)
        wide = widened(pattern.regex)
        if wide is not None:  # where not even the wider regex matches, neither does this one
            with suppress(SlowRegexError):  # that the wider one is slow says nothing about this one
                affected = list(self._search.matches(Pattern(wide, pattern.path), self._several))
        names = {member: self._names[member] for representative in affected for member in self.members[representative]}
        matches = self._search.matches(pattern, names)
        for representative in affected:
            parts: dict[Hashable, Members] = defaultdict(list)
            for member in self.members[representative]:
                parts[matches[member].regs if member in matches else None].append(member)
            self._replace(parts.values())

    def split_by_captures(self, pattern: Pattern) -> None:
        """Split the families in whose names a regex captures different texts."""
        for representative, match in self._search.matches(pattern, self._several).items():
            self._replace(self._families.by_captures(representative, match).values())

    def _replace(self, parts: Iterable[Members]) -> None:
        """Put the parts of a family in its place."""
        for part in parts:
            self.members[part[0]] = part
            if len(part) > 1:
                self._several[part[0]] = self._names[part[0]]
            else:
                self._several.pop(part[0], None)
