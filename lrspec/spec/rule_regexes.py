"""The regexes of a rule, each with its path in the spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lrspec.diagnostics.source import Path
from lrspec.regex.pattern import Pattern
from lrspec.spec.language import Entry, Rule


@dataclass(frozen=True)
class RuleRegexes:
    """The regexes of a rule.

    `entries` are those of `layers`, entry by entry, or the one of `match`; empty if the rule has neither. By the index
    of an entry, `joins` says which layer a `join` shares, `first` or `last`; `every`, how many numbers are on a layer;
    and `gaps`, how many layers stay empty.
    """

    entries: tuple[tuple[Pattern, ...], ...]
    joins: dict[int, str]
    every: dict[int, int]
    gaps: dict[int, int]
    exclude: tuple[Pattern, ...]
    module: Pattern | None

    @classmethod
    def of(cls, rule: Rule, index: int) -> RuleRegexes:
        """Return the regexes of the rule at `index` of a spec."""
        path: Path = ("rules", index)
        layers = rule.layers
        if layers is None:
            match = tuple(patterns(rule.match, (*path, "match")))
            entries = [match] if match else []
        elif isinstance(layers, str):
            entries = [(Pattern(layers, (*path, "layers")),)]
        else:
            entries = [tuple(patterns(entry, (*path, "layers", place))) for place, entry in enumerate(layers)]
        module = rule.where.module if rule.where else None
        described = {place: entry for place, entry in enumerate(layers or ()) if isinstance(entry, Entry)}
        return cls(
            entries=tuple(entries),
            joins={place: entry.to or "last" for place, entry in described.items() if entry.join is not None},
            every={place: entry.every for place, entry in described.items() if entry.every is not None},
            gaps={place: entry.gap for place, entry in described.items() if entry.gap is not None},
            exclude=tuple(patterns(rule.exclude, (*path, "exclude"))),
            module=Pattern(module, (*path, "where", "module")) if module else None,
        )

    def joined(self, join: int) -> int:
        """The entry whose layers a `join` shares: the nearest before it with layers of its own; -1 if there is none."""
        return max((entry for entry in range(join) if entry not in self.joins and entry not in self.gaps), default=-1)

    def own(self, entry: int) -> int:
        """The entry that has the layers on which an entry puts parameters: itself, or that before a `join`."""
        return self.joined(entry) if entry in self.joins else entry

    @property
    def selecting(self) -> tuple[Pattern, ...]:
        """The regexes of `match` or `layers`, in order."""
        return tuple(pattern for entry in self.entries for pattern in entry)


def patterns(value: Any, path: Path) -> Iterator[Pattern]:
    """Yield the regexes in the value of a `match`, `layers` or `exclude` of a document or a rule."""
    if isinstance(value, str):
        yield Pattern(value, path)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from patterns(item, (*path, index))
    elif isinstance(value, dict | Entry):
        for key in ("join", "match"):
            yield from patterns(value.get(key) if isinstance(value, dict) else getattr(value, key), (*path, key))
