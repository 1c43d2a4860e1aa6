"""The entries of a ladder that puts every parameter on the layer where it is wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lrspec.drafting.cover import cover
from lrspec.drafting.rules import Entry
from lrspec.drafting.spines import Open, Part, Priced, Spine, common_captures, open_regexes, single
from lrspec.drafting.strands import Strand, Values, strands
from lrspec.drafting.words import word_runs
from lrspec.models.parameters import Columns

_MOST_COVERED = 100
_MOST_CUTS = 40
_MOST_SPINES = 200


def ladder(columns: Columns, layers: Sequence[int | None], free: Collection[int] = ()) -> tuple[Entry, ...]:
    """Return the entries by which each parameter is on its layer, and which select no others but free ones.

    `layers` has the layer of each parameter of the inventory, 0 nearest the input, without gaps; None where the ladder
    must not select it.
    """
    values = Values(columns, layers, free)
    found = strands(values)
    by_layer: dict[int, list[Strand]] = {}
    for strand in found:
        for layer in strand.layers:
            by_layer.setdefault(layer, []).append(strand)
    chosen = _shortest(len(by_layer), by_layer, _candidates(values, found, by_layer))
    regexes = _Covering(columns, layers, frozenset(free), sum(isinstance(entry, Open) for entry in chosen))
    return tuple(entry if isinstance(entry, Entry) else Entry(regexes.of(entry), entry.join) for entry in chosen)


@dataclass(frozen=True)
class _Covering:
    """Finds the regexes of entries without captures; of many such entries by the tree alone, which is faster."""

    columns: Columns
    layers: Sequence[int | None]
    free: frozenset[int]
    count: int

    def of(self, entry: Open) -> tuple[str, ...]:
        if self.count > _MOST_COVERED:
            return tuple(open_regexes(entry))
        wanted: set[int] = set()
        free: set[int] = set()
        for strand in entry.strands:
            for name in (name for node in strand.nodes for name in node.names):
                if self.layers[name.place] == entry.layer:
                    (free if name.is_alias else wanted).add(name.index)
                elif name.place in self.free and len(strand.layers) == 1 and not name.is_alias:
                    free.add(name.index)
        return cover(self.names, wanted, free)

    @cached_property
    def names(self) -> list[str]:
        """All names."""
        return [name for _, name in self.columns.all_names()]


def _shortest(
    count: int, by_layer: dict[int, list[Strand]], candidates: dict[int, list[tuple[int, Priced]]]
) -> tuple[Entry | Open, ...]:
    """The cheapest way through all layers: each step is a single layer or a candidate, listed by its last layer."""
    best: list[tuple[float, int, tuple[Entry | Open, ...]]] = [(0.0, 0, ())]
    for layer in range(count):
        one = single(by_layer[layer], layer)
        steps = [(best[low][0] + priced.cost, low, priced.entries) for low, priced in candidates.get(layer, ())]
        best.append(min([*steps, (best[layer][0] + one.cost, layer, one.entries)], key=lambda step: step[0]))
    found: list[tuple[Entry | Open, ...]] = []
    at = count
    while at:
        found.append(best[at][2])
        at = best[at][1]
    return tuple(entry for entries in reversed(found) for entry in entries)


def _candidates(values: Values, found: list[Strand], by_layer: dict[int, list[Strand]]) -> dict[int, list[tuple[int, Priced]]]:
    candidates: dict[int, list[tuple[int, Priced]]] = {}
    for run in word_runs(values, by_layer):
        candidates.setdefault(run.high, []).append((run.low, run.priced))
    spines = list(_spines(found))
    bounds = sorted({bound for spine in spines for low, high in spine.runs for bound in (low, high + 1)})
    for spine in spines:
        for low, high in spine.runs:
            for start, end in _sections(spine, low, high, by_layer, bounds):
                others = {id(s): s for layer in range(start, end) for s in by_layer[layer]}
                if priced := spine.over(start, end - 1, list(others.values())):
                    candidates.setdefault(end - 1, []).append((start, priced))
    return candidates


def _sections(
    spine: Spine, low: int, high: int, by_layer: dict[int, list[Strand]], bounds: list[int]
) -> Iterator[tuple[int, int]]:
    """The runs of layers, from one to before another, for which a spine is tried."""
    others = {id(s): s for layer in range(low, high + 1) for s in by_layer[layer]}
    if spine.over(low, high, list(others.values())):
        yield low, high + 1
        return
    cuts = {low, high + 1, *(bound for bound in bounds if low < bound <= high)}
    for strand in others.values():
        if spine.over(low, high, [strand]) is None:
            cuts.update(at for layer in strand.layers if low <= layer <= high for at in (layer, layer + 1))
    listed = sorted(cuts)
    for index, start in enumerate(listed):
        for end in listed[index + 1 :] if len(listed) <= _MOST_CUTS else listed[index + 1 : index + 2]:
            if end - start > 1:
                yield start, end


def _spines(found: list[Strand]) -> Iterator[Spine]:
    """The spines to try: each strand with captures by itself, and with others that go with it."""
    capturing = sorted((s for s in found if s.captured and not s.side), key=lambda s: -len(s.layers))[:_MOST_SPINES]
    seen: set[tuple[int, ...]] = set()
    for base in capturing:
        spine = Spine((Part(base, base.captured),))
        for grown in _grown(spine, found if spine.runs and len(found) <= _MOST_SPINES else ()):
            key = tuple(sorted(id(part.strand) for part in grown.parts))
            if grown.runs and key not in seen:
                seen.add(key)
                yield grown


def _grown(spine: Spine, others: Sequence[Strand]) -> Iterator[Spine]:
    yield spine
    for agreeing in (True, False, True):
        for strand in others:
            if any(part.strand is strand for part in spine.parts):
                continue
            captured = strand.captured or common_captures(spine.parts[0], strand)
            more = Spine((*spine.parts, Part(strand, captured)))
            if captured and _goes_with(spine, more, agreeing):
                spine = more
        yield Spine(tuple(sorted(spine.parts, key=lambda part: min(part.strand.first.values()))))


def _goes_with(spine: Spine, more: Spine, agreeing: bool) -> bool:
    if spine.relation is None or more.relation is None:
        return False
    if agreeing:
        is_full = len(more.parts[-1].captured) == len(spine.parts[0].captured)
        return is_full and all(spine.relation.get(key) == value for key, value in more.relation.items())
    return any(_is_between(layer, spine, more) for layer in more.parts[-1].strand.layers)


def _is_between(layer: int, spine: Spine, more: Spine) -> bool:
    """Return whether a layer that a spine lacks connects two of its runs, or single layers."""
    mine = {value for value in (spine.relation or {}).values() if isinstance(value, int)}
    run = next(((low, high) for low, high in more.runs if low <= layer <= high), (layer, layer))
    return layer not in mine and any(run[0] <= at < layer for at in mine) and any(layer < at <= run[1] for at in mine)
