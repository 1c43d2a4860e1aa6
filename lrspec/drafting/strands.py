"""Strands: parts of the tree of names in which the numbers alone decide the layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from lrspec.drafting.name_tree import NUMBER, Name, Node, Numbers, positions, tree
from lrspec.models.parameters import Columns


class Other(Enum):
    """What a name may be that is on no layer."""

    refused = 0
    free = 1


_TRIES = 8  # strands in the same place that differ, before each stays by itself

Value: TypeAlias = int | Other
"""The layer of a name, or what it is if it has none."""


@dataclass(frozen=True)
class Strand:
    """Nodes that are alike in their first components, `depth` of them, in which the numbers decide the layer.

    `rows` has the value for each tuple of numbers in these components, and `first` and `last` the first and last place
    of its parameters. `captured` are the positions that tell one layer from another: none if there is only one.
    """

    nodes: tuple[Node, ...]
    depth: int
    captured: tuple[int, ...]
    rows: dict[Numbers, Value]
    first: dict[Numbers, int]

    @property
    def is_clean(self) -> bool:
        """Whether the captured numbers and the layers correspond one to one."""
        seen: dict[int, Numbers] = {}
        for numbers, value in self.rows.items():
            if isinstance(value, int):
                key = picked(numbers, self.captured)
                if seen.setdefault(value, key) != key:
                    return False
        return Other.refused not in self.rows.values() and bool(self.captured)

    @property
    def layers(self) -> dict[int, None]:
        """Its layers."""
        return dict.fromkeys(value for value in self.rows.values() if isinstance(value, int))


def picked(numbers: Numbers, which: Iterable[int]) -> Numbers:
    """Some of the numbers."""
    return tuple([numbers[at] for at in which])


class Values:
    """The value of each name in a part of the tree."""

    def __init__(self, columns: Columns, layers: Sequence[int | None], free: Iterable[int]) -> None:
        self.of_place: list[Value] = [Other.refused if layer is None else layer for layer in layers]
        for place in free:
            if layers[place] is None:
                self.of_place[place] = Other.free
        self.root = tree(columns.all_names())
        self.paths = {n.place: n.path for n in self.root.names if not n.is_alias} if columns.aliases else {}

    def of(self, name: Name, node: Node) -> Value:
        """The value of a name below a node; an alias must be where the first name is, and is refused elsewhere."""
        if name.is_alias and self.paths[name.place][: len(node.path)] != node.path:
            return Other.refused
        return self.of_place[name.place]


def strands(columns: Columns, layers: Sequence[int | None], free: Iterable[int]) -> list[Strand]:
    """Return strands that together have every name with a layer once, in the order of the model."""
    values = Values(columns, layers, free)
    return _together(_below(values.root, values))


def _below(node: Node, values: Values) -> list[Strand]:
    """The strands of a node: one if numbers decide there, else those of its children."""
    strand = _strand(node, values)
    if strand is not None:
        if not strand.layers:
            return []
        if strand.is_clean:
            return [_deeper(strand, values)]
        if not strand.captured:
            return [strand]
    deeper = [found for child in node.children() for found in _below(child, values)]
    return [strand] if strand is not None and (not deeper or _written_out(strand) <= len(deeper)) else deeper


def _written_out(strand: Strand) -> int:
    """About how many numbers are written out for a strand whose layers are not one to one with its numbers."""
    by_value: dict[Value, set[Numbers]] = {}
    for numbers, value in strand.rows.items():
        by_value.setdefault(value, set()).add(picked(numbers, strand.captured))
    return sum(len(keys) for value, keys in by_value.items() if len(keys) > 1 or value is Other.refused)


def _strand(node: Node, values: Values) -> Strand | None:
    """The strand that a node is, or None if its names are on several layers for the same numbers."""
    count = len(positions(node.path))
    rows: dict[Numbers, Value] = {}
    first: dict[Numbers, int] = {}
    for name in node.names:
        value, numbers = values.of(name, node), name.numbers[:count]
        before = rows.setdefault(numbers, value)
        first.setdefault(numbers, name.place)
        if before is not value and before != value:
            if Other.free not in (before, value):
                return None
            rows[numbers] = value if before is Other.free else before
    captured = _captured(rows, count)
    return Strand((node,), len(node.path), captured, rows, first)


def _captured(rows: dict[Numbers, Value], count: int) -> tuple[int, ...]:
    """The positions that tell one layer from another: if possible those that have one number on each layer."""
    decided = {numbers: value for numbers, value in rows.items() if value is not Other.free}
    if len(set(decided.values())) == 1:
        return ()
    seen: dict[tuple[Value, int], str] = {}
    alike = set(range(count))
    for numbers, value in decided.items():
        for at in list(alike) if isinstance(value, int) else ():
            if seen.setdefault((value, at), numbers[at]) != numbers[at]:
                alike.discard(at)
    chosen = tuple(sorted(alike))
    if _decide(decided, chosen):
        return _without_constants(decided, chosen)
    chosen = tuple(range(count))
    for at in reversed(range(count)):
        fewer = tuple(other for other in chosen if other != at)
        chosen = fewer if _decide(decided, fewer) else chosen
    return chosen


def _without_constants(rows: dict[Numbers, Value], chosen: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(at for at in chosen if len({numbers[at] for numbers in rows}) > 1)


def _decide(rows: dict[Numbers, Value], chosen: tuple[int, ...]) -> bool:
    seen: dict[Numbers, Value] = {}
    return all(seen.setdefault(picked(numbers, chosen), value) == value for numbers, value in rows.items())


def _deeper(strand: Strand, values: Values) -> Strand:
    """Return the strand with numbers deeper in the names captured, too, where each layer has one (`layer1.0`)."""
    node = strand.nodes[0]
    while len(children := node.children()) == 1 and not node.is_name:
        node = children[0]
        if node.path[-1] == NUMBER:
            found = _strand(node, values)
            at = len(positions(node.path)) - 1
            if found is None or not _one_each(found, at):
                break
            strand = Strand((node,), len(node.path), (*strand.captured, at), found.rows, found.first)
    return strand


def _one_each(strand: Strand, at: int) -> bool:
    seen: dict[Value, str] = {}
    return all(seen.setdefault(v, n[at]) == n[at] for n, v in strand.rows.items() if v is not Other.free)


def _together(found: list[Strand]) -> list[Strand]:
    """Put strands together that are alike as far as their captured numbers go."""
    together: dict[tuple[object, ...], Strand] = {}
    for strand in found:
        if not strand.captured:
            together[strand.nodes[0].path, strand.nodes[0].is_name] = strand
            continue
        node = strand.nodes[0]
        depth = positions(node.path)[strand.captured[-1]].component + 1
        cut = _cut(strand, depth)
        for attempt in (*range(_TRIES), (node.path, node.is_name)):
            key = (node.path[:depth], strand.captured, attempt)
            if (both := _joined(together.get(key), cut)) is not None:
                together[key] = both
                break
    return list(together.values())


def _cut(strand: Strand, depth: int) -> Strand:
    count = len(positions(strand.nodes[0].path[:depth]))
    rows: dict[Numbers, Value] = {}
    first: dict[Numbers, int] = {}
    for numbers, value in strand.rows.items():
        if rows.get(numbers[:count], Other.free) is Other.free:
            rows[numbers[:count]] = value
        first.setdefault(numbers[:count], strand.first[numbers])
    return Strand(strand.nodes, depth, strand.captured, rows, first)


def _joined(one: Strand | None, other: Strand) -> Strand | None:
    """Return two strands as one, or None if they differ anywhere."""
    if one is None:
        return other
    key = {picked(numbers, one.captured): value for numbers, value in one.rows.items()}
    for numbers, value in other.rows.items():
        if key.get(picked(numbers, one.captured), value) != value:
            return None
    rows, first = {**other.rows, **one.rows}, {**other.first, **one.first}
    return Strand((*one.nodes, *other.nodes), one.depth, one.captured, rows, first)

