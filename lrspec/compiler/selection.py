"""What one rule selects: its parameters, and the names, regexes and places by which it has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lrspec.compiler.names import Name, Names
from lrspec.diagnostics.source import Path
from lrspec.models.parameters import Classes, Columns
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Captures, captured
from lrspec.spec.language import Rule
from lrspec.spec.rule_regexes import RuleRegexes

_GROUPS, _PLACE = 4, 3  # four groups take as much to keep as a match without any, a place on a ladder three times that


class Place(NamedTuple):
    """Where on a ladder a name falls: the entry that has it, and what the entry's groups captured."""

    entry: int
    captures: Captures


@dataclass(frozen=True, slots=True)
class PatternHits:
    """The names that one regex matches, and the matches; of `match` and `layers` in selected parameters only."""

    pattern: Pattern
    entry: int
    matches: dict[Name, re.Match[str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What one rule selects, by the first of each kind of parameters.

    `parameters` has, in model order, each selected parameter with the first of its names that the rule selects.
    `places` has for each parameter of a ladder all the places where its names fall, and the first name there; the
    first place holds. `excluded` are the names that each regex of `exclude` matches. `unknowable` tells that the rule
    has a `where`, and that shapes and owners are not known: nothing is selected then.
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
        """The regex by which a parameter has its place on the ladder."""
        place, name = next(iter(self.places[parameter].items()))
        return next(hit for hit in self.hits if hit.entry == place.entry and name in hit.matches)

    def match(self, parameter: int) -> re.Match[str]:
        """The match by which a parameter has its place on the ladder."""
        name = next(iter(self.places[parameter].values()))
        return self.hit(parameter).matches[name]


def select(rule: Rule, regexes: RuleRegexes, names: Names, path: Path) -> Selection:
    """What a rule at a place of the spec selects.

    Raises:
        SlowRegexError, TooMuchError: as `Names`, and where all that is selected is too much to keep.
    """
    if rule.where and any(names.families.columns.shapes[first] is None for first in names.families.members):
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
    return Selection(regexes, selected, hits, excluded, _places(hits))


def _candidates(
    rule: Rule, regexes: RuleRegexes, names: Names, excluded: tuple[PatternHits, ...], path: Path
) -> Mapping[Name, str]:
    """The names that `where` and `exclude` leave to the rule, in model order."""
    if not rule.where and not excluded:
        return names.texts
    names.work.count_searches(len(names.texts), path)
    out = {name.parameter for hit in excluded for name in hit.matches}
    out |= _other_dimensions(rule, names)
    owners = _owners(regexes.module, names)
    return {
        name: text
        for name, text in names.texts.items()
        if name.parameter not in out and (owners is None or _owner(name, names.families.columns) in owners)
    }


def _other_dimensions(rule: Rule, names: Names) -> set[int]:
    """The parameters that `where.ndim` takes out."""
    ndim = rule.where.ndim if rule.where else None
    if ndim is None:
        return set()
    taken = ndim if isinstance(ndim, tuple) else (ndim,)
    shapes = names.families.columns.shapes
    return {each for each in names.families.members if len(shapes[each] or ()) not in taken}


def _owner(name: Name, columns: Columns) -> Classes:
    return columns.owners_of(name.parameter)[name.which]


def _owners(module: Pattern | None, names: Names) -> set[Classes] | None:
    """The classes of owners that `where.module` takes: those of which it is found in some name; None for all."""
    if module is None:
        return None
    names.work.count_searches(len(names.classes), module.path)
    taken = names.searching.matches(module, names.classes)
    return {owner for owner in names.owners if any(cls in taken for cls in owner)}


def _hits(entries: Iterable[Iterable[Pattern]], names: Names, candidates: Mapping[Name, str]) -> Iterator[PatternHits]:
    for entry, patterns in enumerate(entries):
        for pattern in patterns:
            found = names.search(pattern, candidates)
            names.work.keep(len(found) * (1 + pattern.compiled.groups // _GROUPS), pattern.path)
            yield PatternHits(pattern, entry, found)


def _first_names(names: Iterable[Name]) -> dict[int, Name]:
    first: dict[int, Name] = {}
    for name in names:
        first.setdefault(name.parameter, name)
    return first


def _places(hits: tuple[PatternHits, ...]) -> dict[int, dict[Place, Name]]:
    """The places of each parameter: by the order of its names, then of the entries; an entry's first match counts."""
    of_name: dict[Name, dict[int, Place]] = {}
    for hit in hits:
        for name, match in hit.matches.items():
            of_name.setdefault(name, {}).setdefault(hit.entry, Place(hit.entry, captured(match)))
    places: dict[int, dict[Place, Name]] = {}
    for name in sorted(of_name):
        for place in of_name[name].values():
            places.setdefault(name.parameter, {}).setdefault(place, name)
    return places
