"""What one rule selects: its parameters, and the names, regexes and places by which it has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lrspec.inventory import Inventory, Parameter
from lrspec.patterns import Pattern, RuleRegexes
from lrspec.spec import Rule


class Name(NamedTuple):
    """A name of a parameter: the parameter's index in the inventory, and which of its names (0 is the first)."""

    parameter: int
    which: int


class Place(NamedTuple):
    """Where on a ladder a name falls: the entry that has it, and what the entry's groups captured."""

    entry: int
    captures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatternHits:
    """The names of selected parameters that one regex of `match` or `layers` matches, with what it captured."""

    pattern: Pattern
    entry: int
    captures: dict[Name, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What one rule selects.

    `parameters` has, in model order, each selected parameter with the first of its names that the rule selects.
    `places` has for each parameter of a ladder all the places where its names fall; the first of them holds.
    `unknowable` tells that the rule has a `where` and that shapes and owners are not known: nothing is selected then.
    """

    regexes: RuleRegexes
    parameters: dict[int, Name] = field(default_factory=dict)
    hits: tuple[PatternHits, ...] = ()
    places: dict[int, tuple[Place, ...]] = field(default_factory=dict)
    unknowable: bool = False


def select(rule: Rule, index: int, inventory: Inventory) -> Selection:
    """What the rule at `index` selects."""
    regexes = RuleRegexes.of(rule, index)
    if rule.where and any(parameter.shape is None for parameter in inventory.parameters):
        return Selection(regexes, unknowable=True)
    names = dict(_candidates(rule, regexes, inventory))
    if not regexes.entries:
        return Selection(regexes, _first_names(names))
    hits = tuple(_hits(regexes, names))
    selected = sorted({name for hit in hits for name in hit.captures})
    places = _places(hits) if rule.layers is not None else {}
    return Selection(regexes, _first_names(selected), hits, places)


def _candidates(rule: Rule, regexes: RuleRegexes, inventory: Inventory) -> Iterator[tuple[Name, str]]:
    """The names that `where` and `exclude` leave to the rule."""
    dimensions = _dimensions(rule)
    for index, parameter in enumerate(inventory.parameters):
        if dimensions is not None and len(parameter.shape or ()) not in dimensions:
            continue
        if any(pattern.compiled.search(name) for pattern in regexes.exclude for name in parameter.names):
            continue
        for which in _owned(parameter, regexes.module):
            yield Name(index, which), parameter.names[which]


def _dimensions(rule: Rule) -> tuple[int, ...] | None:
    ndim = rule.where.ndim if rule.where else None
    return (ndim,) if isinstance(ndim, int) else ndim


def _owned(parameter: Parameter, module: Pattern | None) -> Iterator[int]:
    """Which of a parameter's names have an owner that `where.module` takes."""
    for which, owner in enumerate(parameter.owners):
        if module is None or any(module.compiled.search(cls) for cls in owner):
            yield which


def _hits(regexes: RuleRegexes, names: dict[Name, str]) -> Iterator[PatternHits]:
    for entry, patterns in enumerate(regexes.entries):
        for pattern in patterns:
            search = pattern.compiled.search
            found = ((name, search(text)) for name, text in names.items())
            captures = {name: tuple(text or "0" for text in match.groups()) for name, match in found if match}
            yield PatternHits(pattern, entry, captures)


def _first_names(names: dict[Name, str] | list[Name]) -> dict[int, Name]:
    first: dict[int, Name] = {}
    for name in names:
        first.setdefault(name.parameter, name)
    return first


def _places(hits: tuple[PatternHits, ...]) -> dict[int, tuple[Place, ...]]:
    """The places of each parameter: by the order of its names, then of the entries; an entry's first match counts."""
    of_name: dict[Name, dict[int, Place]] = {}
    for hit in hits:
        for name, captures in hit.captures.items():
            of_name.setdefault(name, {}).setdefault(hit.entry, Place(hit.entry, captures))
    places: dict[int, dict[Place, None]] = {}
    for name in sorted(of_name):
        places.setdefault(name.parameter, {}).update(dict.fromkeys(of_name[name].values()))
    return {parameter: tuple(found) for parameter, found in places.items()}
