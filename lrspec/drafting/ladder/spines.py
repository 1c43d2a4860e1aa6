"""Finds spines: entries with captured numbers that rise from layer to layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lrspec.drafting.components import Numbers
from lrspec.drafting.ladder.cost import Captures
from lrspec.drafting.ladder.name_tree import number_key, positions
from lrspec.drafting.ladder.sections import Section, common_captures
from lrspec.drafting.ladder.strands import Other, Strand, Value, by_layer, pick

_MOST = 200  # strands that are tried as spines, and with others


@dataclass(frozen=True)
class Spine:
    """Parts whose captured numbers, taken together, rise from layer to layer; the first is what it began with."""

    parts: tuple[Captures, ...]

    @cached_property
    def relation(self) -> dict[Numbers, Value]:
        """The value of each tuple of captured numbers, in numeric order, and then that of the model."""
        found: dict[Numbers, Value] = {}
        places: dict[Numbers, int] = {}
        for strand, captured in self.parts:
            for row, value in strand.rows.items():
                key = pick(row, captured)
                if found.get(key, Other.free) is Other.free:
                    found[key] = value
                places[key] = min(places.get(key, strand.first[row]), strand.first[row])
        return {key: found[key] for key in sorted(found, key=lambda key: (number_key(key), places[key]))}

    @cached_property
    def layers(self) -> dict[int, list[Numbers]]:
        """Its layers, with the tuples of each."""
        return by_layer(self.relation)

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """The longest runs of layers, each two or more, that rise with the tuples."""
        ranks = {key: rank for rank, key in enumerate(self.relation)}
        found: list[tuple[int, int]] = []
        for layer in sorted(layer for layer, keys in self.layers.items() if len(keys) == 1):
            is_next = bool(found) and found[-1][1] == layer - 1
            if is_next and ranks[self.layers[layer - 1][0]] < ranks[self.layers[layer][0]]:
                found[-1] = (found[-1][0], layer)
            else:
                found.append((layer, layer))
        return [(low, high) for low, high in found if high > low]

    def section(self, low: int, high: int) -> Section:
        """Return the section of a run of layers."""
        below = self._leading if low == 0 else []
        layers = {key: at - len(below) for at, key in enumerate(below)}
        layers |= {self.layers[layer][0]: layer for layer in range(low, high + 1)}
        kept = self._kept(layers)
        parts = tuple(Captures(strand, pick(captured, kept)) for strand, captured in self.parts) if kept else self.parts
        captures = {pick(key, kept) if kept else key: layer for key, layer in layers.items()}
        return Section(self.parts, parts, low, high, captures, frozenset(layers), self._first)

    @cached_property
    def _leading(self) -> list[Numbers]:
        """The tuples of free names below all others."""
        keys = list(self.relation)
        return keys[: next((at for at, key in enumerate(keys) if self.relation[key] is not Other.free), 0)]

    def _kept(self, inside: dict[Numbers, int]) -> list[int]:
        """The captures that a section needs; empty if all: not a number that is the same there, but not elsewhere."""
        if len(self._varying) == 0:
            return []
        first = next(iter(inside))
        return [
            at for at, varies in enumerate(self._varying) if not varies or any(key[at] != first[at] for key in inside)
        ]

    @cached_property
    def _varying(self) -> list[bool]:
        """For each number whether it varies; empty if the tuples are of several lengths."""
        first = next(iter(self.relation))
        if any(len(key) != len(first) for key in self.relation):
            return []
        return [any(key[at] != number for key in self.relation) for at, number in enumerate(first)]

    @cached_property
    def _first(self) -> dict[int, int]:
        """The place of the first parameter on each layer."""
        found: dict[int, int] = {}
        for strand, _ in self.parts:
            for layer, rows in strand.layers.items():
                first = min(strand.first[row] for row in rows)
                found[layer] = min(found.get(layer, first), first)
        return found


def spines(found: Sequence[Strand]) -> Iterator[Spine]:
    """Yield the spines to try: each strand with captures by itself, and with others that go with it."""
    bases = sorted((strand for strand in found if strand.captured and not strand.side), key=lambda s: -len(s.layers))
    seen: set[frozenset[int]] = set()
    for base in bases[:_MOST]:
        spine = Spine((Captures(base, base.captured),))
        wide = Spine((_wide(base),))
        tried = [spine]
        if spine.runs and len(found) <= _MOST:
            tried += [_grow(spine, found, _agrees, _fills, _agrees), _lead_in(_grow(wide, found, _continues), found)]
        for grown in tried:
            key = frozenset(id(part.strand) for part in grown.parts)
            if grown.runs and key not in seen:
                seen.add(key)
                yield grown


def _wide(strand: Strand) -> Captures:
    """A strand with numbers captured that are the same throughout, but not in what may go on after it (`layer1.0`)."""
    count = len(positions(strand.nodes[0].path[: strand.depth]))
    constant = [at for at in range(count) if len({row[at] for row in strand.rows}) == 1]
    return Captures(strand, tuple(sorted({*strand.captured, *constant})))


def _grow(spine: Spine, others: Sequence[Strand], *ways: Callable[[Spine, Captures], bool]) -> Spine:
    """Return a spine with all strands that go with it in some ways, tried one after the other."""
    for goes_with in ways:
        for strand in others:
            captured = strand.captured or common_captures(spine.parts[0], strand)
            if captured and all(part.strand is not strand for part in spine.parts):
                part = Captures(strand, captured)
                spine = Spine((*spine.parts, part)) if goes_with(spine, part) else spine
    return Spine(tuple(sorted(spine.parts, key=lambda part: min(part.strand.first.values()))))


def _agrees(spine: Spine, part: Captures) -> bool:
    """Return whether the numbers of a strand are on the same layers."""
    strand, captured = part
    if len(captured) != len(spine.parts[0].captured):
        return False
    return all(spine.relation.get(pick(row, captured)) == value for row, value in strand.rows.items())


def _fills(spine: Spine, part: Captures) -> bool:
    """Return whether a strand has a layer that a spine lacks, and by its numbers belongs between two of the spine's."""
    strand = part.strand
    low, high = min(spine.layers), max(spine.layers)
    gaps = [layer for layer in strand.layers if low < layer < high and layer not in spine.layers]
    if not gaps or not _is_consistent(spine, part):
        return False
    runs = Spine((*spine.parts, part)).runs
    return any(low < gap < high for gap in gaps for low, high in runs)


def _continues(spine: Spine, part: Captures) -> bool:
    """Return whether a strand with as many numbers goes on where a spine ends, by its layers and by its numbers."""
    if len(part.captured) != len(spine.parts[0].captured) or min(part.strand.layers) != max(spine.layers) + 1:
        return False
    runs = Spine((*spine.parts, part)).runs if _is_consistent(spine, part) else []
    return (min(spine.layers), max(part.strand.layers)) in runs


def _lead_in(spine: Spine, others: Sequence[Strand]) -> Spine:
    """Return a spine with the module of one block that it goes on from, under another name (`layer1.0`, `stage2.0`)."""
    low, high = min(spine.layers), max(spine.layers)
    for part in (_wide(strand) for strand in others if [*strand.layers] == [low - 1] and not strand.captured):
        if len(part.captured) == len(spine.parts[0].captured) and _is_consistent(spine, part):
            led = Spine((part, *spine.parts))
            if (low - 1, high) in led.runs:
                return led
    return spine


def _is_consistent(spine: Spine, part: Captures) -> bool:
    """Return whether the numbers of a strand are on no other layers."""
    strand, captured = part
    return all(spine.relation.get(pick(row, captured), value) == value for row, value in strand.rows.items())
