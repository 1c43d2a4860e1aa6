"""Finds the entries of a ladder that puts every parameter on the layer where it is wanted."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lrspec.drafting.ladder.cost import Open, Priced, open_regexes, single
from lrspec.drafting.ladder.every import every_runs
from lrspec.drafting.ladder.sections import Section
from lrspec.drafting.ladder.spines import spines
from lrspec.drafting.ladder.strand_search import NameLayers, strands
from lrspec.drafting.ladder.strands import Strand
from lrspec.drafting.ladder.words import word_runs
from lrspec.drafting.rules import Entry
from lrspec.drafting.selecting.cover import cover
from lrspec.models.parameters import Columns

_ODD = re.compile(r"\s|[^\D0-9]")
"""In names: what `.` and `$` do not see as one character among others, and digits that are not in numeric order."""
_DEEPEST = 50  # components
_MOST_COVERED = 100
_MOST_ROWS = 100
"""Entries, and tuples of numbers in one of them, for which `cover` is asked; for more the tree alone is faster."""
_MOST_CUTS = 40  # of a run, between any two of which a spine is tried


def ladder(columns: Columns, layers: Sequence[int | None], free: Collection[int] = ()) -> tuple[Entry, ...]:
    """Return the entries by which each parameter is on its layer, and which select no others but free ones.

    `layers` has the layer of each parameter of the inventory, 0 nearest the input, without gaps; None where the ladder
    must not select it. A layer may be of frozen parameters alone: what is `free` has no layer, but may be selected.
    """
    if any(_ODD.search(name) or name.count(".") > _DEEPEST for _, name in columns.all_names()):
        return _layer_by_layer(columns, layers)
    values = NameLayers(columns, layers, free)
    found = strands(values)
    by_layer: dict[int, list[Strand]] = {}
    for strand in found:
        for layer in strand.layers:
            by_layer.setdefault(layer, []).append(strand)
    chosen = _shortest(len(by_layer), by_layer, _candidates(values, found, by_layer))
    regexes = _Covering(columns, layers, frozenset(free), sum(isinstance(entry, Open) for entry in chosen))
    return tuple(entry if isinstance(entry, Entry) else Entry(regexes.of(entry), entry.join) for entry in chosen)


def _layer_by_layer(columns: Columns, layers: Sequence[int | None]) -> tuple[Entry, ...]:
    """Return a single entry for each layer."""
    named = list(columns.all_names())
    first = {place: at for at, (place, _) in reversed(list(enumerate(named)))}
    members: dict[int, list[int]] = {}
    for place, layer in enumerate(layers):
        if layer is not None:
            members.setdefault(layer, []).append(first[place])
    return tuple(Entry(cover([name for _, name in named], members[layer])) for layer in sorted(members))


@dataclass(frozen=True)
class _Covering:
    """Finds the regexes of entries without captures; of many such entries by the tree alone, which is faster."""

    columns: Columns
    layers: Sequence[int | None]
    free: frozenset[int]
    count: int

    def of(self, entry: Open) -> tuple[str, ...]:
        if self.count > _MOST_COVERED or sum(len(strand.layers[entry.layer]) for strand in entry.strands) > _MOST_ROWS:
            return tuple(open_regexes(entry))
        wanted: set[int] = set()
        free: set[int] = set()
        for strand in entry.strands:
            for name in (name for node in strand.nodes for name in node.names):
                if self.layers[name.place] == entry.layer:
                    (free if name.is_alias else wanted).add(name.at)
                elif name.place in self.free and len(strand.layers) == 1 and not name.is_alias:
                    free.add(name.at)
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


def _candidates(
    values: NameLayers, found: list[Strand], by_layer: dict[int, list[Strand]]
) -> dict[int, list[tuple[int, Priced]]]:
    """The runs of layers that one entry with captures may have, by their last: their first, and their entries."""
    candidates: dict[int, list[tuple[int, Priced]]] = {}
    for run in (*word_runs(values, by_layer), *every_runs(found, by_layer)):
        candidates.setdefault(run.high, []).append((run.low, run.priced))
    tried = list(spines(found))
    bounds = sorted({bound for spine in tried for low, high in spine.runs for bound in (low, high + 1)})
    for spine in tried:
        mine = {id(part.strand) for part in spine.parts}
        for low, high in spine.runs:
            others = _others(mine, by_layer, low, high)
            for start, end in _sections(spine.section(low, high), others, bounds):
                priced = spine.section(start, end - 1).entries(_others(mine, by_layer, start, end - 1))
                if priced is not None:
                    candidates.setdefault(end - 1, []).append((start, priced))
    return candidates


def _others(mine: set[int], by_layer: dict[int, list[Strand]], low: int, high: int) -> list[Strand]:
    """The strands on some layers that are not a spine's own."""
    others = {id(strand): strand for layer in range(low, high + 1) for strand in by_layer[layer]}
    return [strand for key, strand in others.items() if key not in mine]


def _sections(section: Section, others: list[Strand], bounds: list[int]) -> Iterator[tuple[int, int]]:
    """The runs of layers, from one to before another, for which a spine is tried: cut where something cannot join."""
    low, high = section.low, section.high
    strange = [strand for strand in others if section.joins([strand]) is None]
    cuts = {low, high + 1}
    if strange:
        cuts.update(bound for bound in bounds[bisect(bounds, low) :] if bound <= high)
    for strand in strange:
        cuts.update(at for layer in strand.layers if low <= layer <= high for at in (layer, layer + 1))
    listed = sorted(cuts)
    for index, start in enumerate(listed):
        for end in listed[index + 1 :] if len(listed) <= _MOST_CUTS else listed[index + 1 : index + 2]:
            if end - start > 1:
                yield start, end
