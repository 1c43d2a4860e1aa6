"""The selection of a rule: its parameters, and the names, regexes and places by which it selects them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lrspec.compiler.names import Name, Names
from lrspec.diagnostics.source import Path
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Captures, captured
from lrspec.spec.language import Rule, Where
from lrspec.spec.rule_regexes import RuleRegexes

_GROUPS, _PLACE = 4, 3  # four groups take as much memory as a match without any; a place on a ladder, three times that


class Place(NamedTuple):
    """The place of a name on a ladder: the entry that matches it, and what the entry's groups captured."""

    entry: int
    captures: Captures


@dataclass(frozen=True, slots=True)
class PatternHits:
    """The matches of one regex, by name; those of `match` and `layers` are of selected parameters only."""

    pattern: Pattern
    entry: int
    matches: dict[Name, re.Match[str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection of one rule, by the representatives of families.

    `parameters` has each selected parameter, in model order, with the first of its names that the rule selects.
    `places` has for each parameter of a ladder all places of its names, by the order of its names, then of the entries,
    each with the first name there; the first place holds. `excluded` has the names that each regex of `exclude`
    matches. `unknowable` is true if `where` asks for what the inventory does not know: the rule selects nothing then.
    """

    regexes: RuleRegexes
    parameters: dict[int, Name] = field(default_factory=dict)
    hits: tuple[PatternHits, ...] = ()
    excluded: tuple[PatternHits, ...] = ()
    places: dict[int, dict[Place, Name]] = field(default_factory=dict)
    unknowable: bool = False

    def place(self, parameter: int) -> Place:
        """The place of a parameter on the ladder."""
        return next(iter(self.places[parameter]))

    def hit(self, parameter: int) -> PatternHits:
        """The regex that puts a parameter in its place on the ladder."""
        place, name = next(iter(self.places[parameter].items()))
        return next(hit for hit in self.hits if hit.entry == place.entry and name in hit.matches)

    def match(self, parameter: int) -> re.Match[str]:
        """The match that puts a parameter in its place on the ladder."""
        name = next(iter(self.places[parameter].values()))
        return self.hit(parameter).matches[name]


def divided(captures: Captures, every: int) -> Captures | None:
    """The captures with the number in the last divided by `every`, rounded down; None if that is not a number."""
    *others, last = captures
    if not (last.isascii() and last.isdigit()):
        return None
    return (*others, _in_decimal(last, every))


def beginning(regexes: RuleRegexes, entry: int, captures: Captures) -> Captures:
    """The captures of an entry, or of a `join` that shares its layers, with the last divided where the entry's is."""
    every = regexes.every.get(entry)
    if every is None or regexes.entries[entry][0].compiled.groups != len(captures):
        return captures
    return divided(captures, every) or captures


def _in_decimal(digits: str, every: int) -> str:
    """The quotient of a number as decimal digits, of which a name may have more than Python turns into a number."""
    quotient, rest = "", 0
    for digit in digits:
        tens, rest = divmod(10 * rest + int(digit), every)
        quotient += str(tens)
    return quotient.lstrip("0") or "0"


def select(rule: Rule, regexes: RuleRegexes, names: Names, path: Path) -> Selection:
    """Select by a rule at a path of the spec; SlowRegexError and TooMuchError as `Names`, or if it selects too much."""
    if rule.where and not _is_known(rule.where, names):
        return Selection(regexes, unknowable=True)
    excluded = tuple(_hits((regexes.exclude,), names, names.texts))
    candidates = _candidates(rule, regexes, names, excluded, path)
    if not regexes.entries:
        selected = _first_names(candidates)
        names.work.keep(len(selected), path)
        return Selection(regexes, selected, excluded=excluded)
    hits = tuple(_hits(regexes.entries, names, candidates))
    selected = _first_names(sorted({name for hit in hits for name in hit.matches}))
    if rule.layers is None:
        return Selection(regexes, selected, hits, excluded)
    names.work.keep(_PLACE * sum(len(hit.matches) for hit in hits), path)
    of_name: dict[Name, dict[int, Place]] = {}
    for hit in hits:
        for name, match in hit.matches.items():  # of several regexes of an entry, the first that matches counts
            captures = captured(match)
            if regexes.every:
                captures = beginning(regexes, regexes.own(hit.entry), captures)
            of_name.setdefault(name, {}).setdefault(hit.entry, Place(hit.entry, captures))
    places: dict[int, dict[Place, Name]] = {}
    for name in sorted(of_name):
        for place in of_name[name].values():
            places.setdefault(name.parameter, {}).setdefault(place, name)
    return Selection(regexes, selected, hits, excluded, places)


def _is_known(where: Where, names: Names) -> bool:
    """Return whether the inventory has all that a `where` asks for: shapes, with owners, and what is declared."""
    columns, members = names.families.columns, names.families.members
    if where.declared is not None and any(columns.declared[parameter] is None for parameter in members):
        return False
    asks_shapes = where.ndim is not None or where.module is not None
    return not (asks_shapes and any(columns.shapes[parameter] is None for parameter in members))


def _candidates(
    rule: Rule, regexes: RuleRegexes, names: Names, excluded: tuple[PatternHits, ...], path: Path
) -> Mapping[Name, str]:
    """The names to which `where` and `exclude` narrow the rule, in model order."""
    if not rule.where and not excluded:
        return names.texts
    names.work.count_searches(len(names.texts), path)
    if regexes.module is not None:
        names.work.count_searches(len(names.classes), regexes.module.path)
    out = {name.parameter for hit in excluded for name in hit.matches}
    return accepted(
        rule, regexes, names, {name: text for name, text in names.texts.items() if name.parameter not in out}
    )


def accepted(rule: Rule, regexes: RuleRegexes, names: Names, texts: Mapping[Name, str]) -> Mapping[Name, str]:
    """Those of some names that the `where` of a rule accepts; SlowRegexError and TooMuchError as `Names`."""
    columns, where = names.families.columns, rule.where
    if where and where.ndim is not None:
        wanted = where.ndim if isinstance(where.ndim, tuple) else (where.ndim,)
        texts = {name: text for name, text in texts.items() if len(columns.shapes[name.parameter] or ()) in wanted}
    if where and where.declared is not None:
        named = {where.declared} if isinstance(where.declared, str) else set(where.declared)
        declared = columns.declared
        texts = {name: text for name, text in texts.items() if not named.isdisjoint(declared[name.parameter] or ())}
    if regexes.module is None:
        return texts
    classes = names.searching.matches(regexes.module, names.classes)
    owners = {owner for owner in names.owners if any(cls in classes for cls in owner)}
    return {name: text for name, text in texts.items() if columns.owners_of(name.parameter)[name.which] in owners}


def _hits(entries: Iterable[Iterable[Pattern]], names: Names, candidates: Mapping[Name, str]) -> Iterator[PatternHits]:
    for entry, patterns in enumerate(entries):
        for pattern in patterns:
            matches = names.searching.matches(pattern, candidates)
            names.work.keep(len(matches) * (1 + pattern.compiled.groups // _GROUPS), pattern.path)
            yield PatternHits(pattern, entry, matches)


def _first_names(names: Iterable[Name]) -> dict[int, Name]:
    first: dict[int, Name] = {}
    for name in names:
        first.setdefault(name.parameter, name)
    return first
