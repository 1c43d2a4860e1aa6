"""The regexes of a rule, each with its path in the spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lrspec.diagnostics.source import Path
from lrspec.regex.pattern import (
    Pattern,
)
from lrspec.spec.language import Join, Rule


@dataclass(frozen=True)
class RuleRegexes:
    """The regexes of a rule.

    `entries` are those of `layers`, entry by entry, or the one of `match`; empty where the rule has neither.
    `joins` are the indices of the entries that are a `join`.
    """

    entries: tuple[tuple[Pattern, ...], ...]
    joins: frozenset[int]
    exclude: tuple[Pattern, ...]
    module: Pattern | None

    @classmethod
    def of(cls, rule: Rule, index: int) -> RuleRegexes:
        """The regexes of the rule at `index` of a spec."""
        path: Path = ("rules", index)
        module = Pattern(rule.where.module, (*path, "where", "module")) if rule.where and rule.where.module else None
        return cls(
            entries=_match(rule, path) if rule.layers is None else _layers(rule.layers, (*path, "layers")),
            joins=frozenset(i for i, entry in enumerate(rule.layers or ()) if isinstance(entry, Join)),
            exclude=tuple(patterns(rule.exclude, (*path, "exclude"))),
            module=module,
        )

    @property
    def selecting(self) -> tuple[Pattern, ...]:
        """The regexes of `match` or `layers`, in order."""
        return tuple(pattern for entry in self.entries for pattern in entry)


def patterns(value: Any, path: Path) -> Iterator[Pattern]:
    """Every regex of the value of a `match`, `layers` or `exclude`, as a document or as a rule has it."""
    if isinstance(value, str):
        yield Pattern(value, path)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from patterns(item, (*path, index))
    elif isinstance(value, Join):
        yield from patterns(value.join, (*path, "join"))
    elif isinstance(value, dict) and "join" in value:
        yield from patterns(value["join"], (*path, "join"))


def _match(rule: Rule, path: Path) -> tuple[tuple[Pattern, ...], ...]:
    found = tuple(patterns(rule.match, (*path, "match")))
    return (found,) if found else ()


def _layers(layers: Any, path: Path) -> tuple[tuple[Pattern, ...], ...]:
    if isinstance(layers, str):
        return ((Pattern(layers, path),),)
    return tuple(tuple(patterns(entry, (*path, index))) for index, entry in enumerate(layers))
