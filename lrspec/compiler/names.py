"""Parameter names, of one parameter per family, and regex search over them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lrspec.compiler.families import Families
from lrspec.models.parameters import Classes
from lrspec.regex.digits import is_blind, widened
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Captures, Search
from lrspec.regex.work_limit import Work

_SPLITTING = 8  # splitting so many characters takes as long as searching a name


class Name(NamedTuple):
    """A name of a parameter: the parameter's index in the inventory, and which of its names (0 is the first)."""

    parameter: int
    which: int


class Span(NamedTuple):
    """The place of a match in a name: the name, its text, the name that stands for its family, start and end."""

    name: Name
    text: str
    representative: Name
    start: int
    end: int


@dataclass(frozen=True)
class Names:
    """The names of the representative of each family, which stand for those of all members.

    Every method raises SlowRegexError and TooMuchError as `Search` does.
    """

    families: Families
    searching: Search

    @cached_property
    def texts(self) -> dict[Name, str]:
        """The names in model order, those of a parameter together."""
        columns, members = self.families.columns, self.families.members
        return {Name(index, which): text for index in members for which, text in enumerate(columns.names_of(index))}

    @cached_property
    def all_texts(self) -> dict[Name, str]:
        """The names of all members of all families, in model order."""
        return {name: text for name, text, _ in self.expand(self.texts)}

    @cached_property
    def judging(self) -> Names:
        """The same names, to search them quickly for regexes that are tried in place of those of the spec."""
        return Names(self.families, Search(self.searching.work, judging=True))

    @cached_property
    def owners(self) -> dict[Classes, None]:
        """The classes of the owners of names, each once."""
        columns = self.families.columns
        return dict.fromkeys(columns.owners_of(name.parameter)[name.which] for name in self.texts)

    @cached_property
    def classes(self) -> dict[str, str]:
        """The single classes of these owners, each once."""
        return {cls: cls for owner in self.owners for cls in owner}

    @cached_property
    def components(self) -> list[str]:
        """The parts between the dots of all names, each once; empty if there are too many to look at."""
        names = [name for _, name in self.families.columns.all_names()]
        affordable = self.work.affords(sum(map(len, names)) // _SPLITTING)
        return list(dict.fromkeys(part for name in names for part in name.split("."))) if affordable else []

    @property
    def work(self) -> Work:
        """The rest of the limits on searching them."""
        return self.searching.work

    def matched(self, pattern: Pattern, among: Iterable[Name]) -> set[int]:
        """The parameters that any regex matches, of the families of these names; it need not match a whole family."""
        if is_blind(pattern.regex):
            matches = self.searching.matches(pattern, {name: self.texts[name] for name in among})
            return set(self.families.expand({name.parameter for name in matches}))
        texts = self.all_texts if among is self.texts else {name: text for name, text, _ in self.expand(among)}
        return {name.parameter for name in self.searching.matches(pattern, texts)}

    def expand(self, among: Iterable[Name]) -> Iterator[tuple[Name, str, Name]]:
        """Every name of the families of these, in model order: the name, its text, and which of these stands for it."""
        members = self.families.members
        names = [(Name(member, name.which), name) for name in among for member in members[name.parameter]]
        for name, representative in sorted(names):
            yield name, self.families.columns.names_of(name.parameter)[name.which], representative

    def spans(self, pattern: Pattern, among: Iterable[Name], group: int = 0, least: int = 0) -> Iterator[Span]:
        """Where any regex matches, or a group of it captures at least so many characters, in all names of families."""
        texts, wide = {name: self.texts[name] for name in among}, widened(pattern.regex)
        if is_blind(pattern.regex):
            found = self.searching.matches(pattern, texts)
            spans = {name: match.span(group) for name, match in found.items()}
            for name, text, by in self.expand(name for name, (start, end) in spans.items() if end - start >= least):
                yield Span(name, text, by, *spans[by])
            return
        if wide is not None:  # where not even the wider regex matches, neither does this one
            texts = {name: texts[name] for name in self.searching.matches(Pattern(wide, pattern.path), texts)}
        expanded = {name: (text, by) for name, text, by in self.expand(texts)}
        found = self.searching.matches(pattern, {name: text for name, (text, _) in expanded.items()})
        for name, match in found.items():
            if match.end(group) - match.start(group) >= least:
                yield Span(name, *expanded[name], *match.span(group))

    def parameters(self, pattern: Pattern) -> list[int]:
        """The parameters of which any regex matches a name, in model order."""
        return sorted(self.matched(pattern, self.texts))


@dataclass(frozen=True)
class Effect:
    """The effect of a regex of the spec on names: its matches and, if `captures` counts, the captured texts."""

    names: Names
    pattern: Pattern
    matches: Mapping[Name, re.Match[str]]
    captures: bool

    def is_of(self, other: Pattern) -> bool:
        """Return whether `other`, the regex with parts disabled, has the same effect; SlowRegexError as `Search`."""
        if not is_blind(self.pattern.regex):
            return self.names.searching.matches_all(other, self.expected)
        matches = self.names.searching.matches(other, {name: self.names.texts[name] for name in self.matches})
        if len(matches) < len(self.matches):
            return False
        by_captures = self.names.families.by_captures
        for name, match in matches.items() if self.captures else ():
            before, index = self.matches[name], name.parameter
            if match.regs[1:] != before.regs[1:] and by_captures(index, match) != by_captures(index, before):
                return False
        return True

    @cached_property
    def expected(self) -> list[tuple[str, Captures | None]]:
        """Every name of the families that the regex matches, with what it captures there if that counts."""
        expected: list[tuple[str, Captures | None]] = []
        for _, text, representative in self.names.expand(self.matches):
            spans = self.matches[representative].regs[1:]
            expected.append((text, tuple([text[start:end] or "0" for start, end in spans]) if self.captures else None))
        return expected
