"""Splits the tree of names into strands, as few as determine every layer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lrspec.drafting.components import NUMBER, Component, Numbers
from lrspec.drafting.ladder.name_tree import Name, NameNode, positions, tree
from lrspec.drafting.ladder.strands import Other, Strand, Value, pick
from lrspec.models.parameters import Columns

_TRIES = 8  # strands in the same place that differ, before each stays by itself


class NameLayers:
    """The value of each name in a part of the tree."""

    def __init__(self, columns: Columns, layers: Sequence[int | None], free: Iterable[int]) -> None:
        self.of_place: list[Value] = [Other.refused if layer is None else layer for layer in layers]
        for place in free:
            if layers[place] is None:
                self.of_place[place] = Other.free
        self.root = tree(columns.all_names())
        self.first = {n.place: n for n in self.root.names if not n.is_alias} if columns.aliases else {}

    def of(self, name: Name, node: NameNode) -> Value:
        """The value of a name below a node; an alias must be where the first name is, and is refused elsewhere.

        What is free may come to be on any layer, so that an alias must have the same numbers then, too.
        """
        value = self.of_place[name.place]
        if name.is_alias:
            first, count = self.first[name.place], len(positions(node.path))
            moved = value is Other.free and first.numbers[:count] != name.numbers[:count]
            return Other.refused if moved or first.path[: len(node.path)] != node.path else value
        return value


def strands(values: NameLayers) -> list[Strand]:
    """Return strands that together have every name with a layer once, in the order of the model."""
    found = _combine(_below(values.root, values))
    shapes = {_shape(strand.nodes[0].path[: strand.depth]) for strand in found if strand.captured}
    return [_with_block(strand, shapes, values) for strand in found]


def _shape(path: Sequence[Component]) -> tuple[tuple[bool, int], ...]:
    """Where in some components numbers are, but not the words."""
    return tuple((component == NUMBER, len(component)) for component in path)


def _with_block(strand: Strand, shapes: Collection[tuple[tuple[bool, int], ...]], values: NameLayers) -> Strand:
    """Return a strand of one layer with the number of its only block, if others have one there (`layer1.0`)."""
    children = strand.nodes[0].children() if not strand.captured and len(strand.nodes) == 1 else []
    is_alike = len(children) == 1 and not children[0].is_name and _shape(children[0].path) in shapes
    return (_strand(children[0], values) if is_alike else None) or strand


def _below(node: NameNode, values: NameLayers) -> list[Strand]:
    """The strands of a node: one if numbers decide there, else those of its children."""
    strand = _strand(node, values)
    if strand is None:
        return [found for child in node.children() for found in _below(child, values)]
    if not strand.layers:
        return []
    return _deeper(strand, values) if strand.is_clean else [strand]


def _strand(node: NameNode, values: NameLayers) -> Strand | None:
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
    return Strand((node,), len(node.path), captured, rows, first, (frozenset(rows),))


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
        return _needed(decided, chosen)
    chosen = tuple(range(count))
    for at in reversed(range(count)):
        fewer = tuple(other for other in chosen if other != at)
        chosen = fewer if _decide(decided, fewer) else chosen
    return chosen


def _needed(rows: Mapping[Numbers, Value], chosen: tuple[int, ...]) -> tuple[int, ...]:
    """Leave out the positions whose number follows from those before them."""
    kept: tuple[int, ...] = ()
    for at in chosen:
        if len({pick(row, (*kept, at)) for row in rows}) > len({pick(row, kept) for row in rows}):
            kept = (*kept, at)
    return kept


def _decide(rows: Mapping[Numbers, Value], chosen: tuple[int, ...]) -> bool:
    seen: dict[Numbers, Value] = {}
    return all(seen.setdefault(pick(numbers, chosen), value) == value for numbers, value in rows.items())


def _deeper(strand: Strand, values: NameLayers) -> list[Strand]:
    """Return strands with one number more, that of a list of modules of which each layer has one (`layer1.0`)."""
    found = [more for node in _lists(strand.nodes[0]) if (more := _one_more(strand, node, values)) is not None]
    if len(found) != 1:
        return [strand]
    main = found[0]
    beside = [_strand(node, values) for node in _beside(strand.nodes[0], main.nodes[0])]
    others = [other for other in beside if other is not None and Other.refused not in other.rows.values()]
    if len(others) < len(beside):  # an alias is on a side by itself
        return [strand]
    sides = ["before" if _is_before(other, main) else "after" for other in others]
    tied = [replace(other, captured=strand.captured, side=side) for other, side in zip(others, sides, strict=True)]
    return [*_deeper(main, values), *(other for other in tied if other.layers)]


def _lists(node: NameNode) -> Iterator[NameNode]:
    """The nodes of modules that are in a list: a node's children, or a child's, or a grandchild's."""
    for child in node.children():
        if child.path[-1] == NUMBER:
            yield child
            yield from (deeper for word in child.children() for deeper in _only_list(word))
        yield from _only_list(child)


def _only_list(node: NameNode) -> Iterator[NameNode]:
    children = node.children() if node.path[-1] != NUMBER else []
    if len(children) == 1 and children[0].path[-1] == NUMBER:
        yield children[0]


def _beside(node: NameNode, main: NameNode) -> Iterator[NameNode]:
    """The nodes below a node that together have all its names but those of another below it."""
    for child in node.children() if node.path != main.path else ():
        if child.path == main.path[: len(child.path)] and not child.is_name:
            yield from _beside(child, main)
        else:
            yield child


def _one_more(strand: Strand, node: NameNode, values: NameLayers) -> Strand | None:
    """The strand of modules in a list, if there is one on each layer of a strand; its number is captured, too."""
    found = _strand(node, values)
    if found is None or found.layers.keys() != strand.layers.keys() or all(at.is_name for at in node.children()):
        return None
    more = replace(found, captured=(*strand.captured, len(positions(node.path)) - 1))
    return more if more.is_clean else None


def _is_before(strand: Strand, main: Strand) -> bool:
    """Whether a strand stands before another on the same layer."""
    first: dict[Value, int] = {}
    for numbers, value in main.rows.items():
        first[value] = min(main.first[numbers], first.get(value, main.first[numbers]))
    return any(strand.first[numbers] < first[value] for numbers, value in strand.rows.items() if value in first)


def _combine(found: list[Strand]) -> list[Strand]:
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
            key = (node.path[:depth], strand.captured, strand.side, attempt)
            if (both := _join(together.get(key), cut)) is not None:
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
    return replace(strand, depth=depth, rows=rows, first=first, of_node=(frozenset(rows),))


def _join(one: Strand | None, other: Strand) -> Strand | None:
    """Return two strands as one, or None if they differ anywhere, or have nothing in common."""
    if one is None:
        return other
    differ = any(one.rows.get(row, value) != value for row, value in other.rows.items())
    rows = {**one.rows, **other.rows}
    if differ or one.rows.keys().isdisjoint(other.rows) or not _decide(rows, one.captured):
        return None
    first = {row: min(at[row] for at in (one.first, other.first) if row in at) for row in rows}
    nodes, of_node = (*one.nodes, *other.nodes), (*one.of_node, *other.of_node)
    return replace(one, nodes=nodes, rows=rows, first=first, of_node=of_node)
