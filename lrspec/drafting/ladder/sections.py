"""Finds the entries for a run of layers: a spine, and a `join` for what shares its layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from lrspec.drafting.components import Numbers, count_shared
from lrspec.drafting.ladder.cost import (
    DEPTH,
    ENDS,
    ENTRY,
    ODD,
    Captures,
    End,
    Open,
    Priced,
    Texts,
    combine,
    open_cost,
    text_cost,
    texts_of,
)
from lrspec.drafting.ladder.merging import insert_join
from lrspec.drafting.ladder.name_tree import positions
from lrspec.drafting.ladder.strands import Strand, pick
from lrspec.drafting.rules import Entry

_MOST_NUMBERS = 4  # in a name, of which a join may capture any


class _Way(NamedTuple):
    """A way to join a strand: the positions to capture, the layer to share, and what it costs beyond its regexes."""

    captured: tuple[int, ...]
    end: End
    cost: float


@dataclass(frozen=True)
class Section:
    """A spine on a run of layers.

    `layers` has what it captures, with the layer, in the order of the layers; those below 0 are of free names. `tuples`
    are the same with numbers that need not be captured in this run, as the `whole` parts do. `first` is the place
    of its first parameter on each layer.
    """

    whole: tuple[Captures, ...]
    parts: tuple[Captures, ...]
    low: int
    high: int
    layers: dict[Numbers, int]
    tuples: frozenset[Numbers]
    first: Mapping[int, int]
    _ends: dict[int, dict[End, dict[Numbers, int]]] = field(default_factory=dict)

    def entries(self, others: Sequence[Strand]) -> Priced | None:
        """Return the entries, `others` being the other strands on these layers; None if one of them cannot join."""
        joined = self.joins(others)
        if joined is None:
            return None
        texts = combine(self._spell(whole, part) for whole, part in zip(self.whole, self.parts, strict=True))
        cost = ENTRY - DEPTH * max(map(len, self.layers)) + texts.cost
        return self._with_first(Priced(cost + joined.cost, (Entry(tuple(texts.regexes)), *joined.entries)))

    def _with_first(self, priced: Priced) -> Priced:
        """Write a `join … to: first` into the spine if it is short: a missing number counts as 0, the first layer."""
        spine, join = (*priced.entries, None)[:2]
        if not isinstance(spine, Entry) or not isinstance(join, Entry) or join.join != "first":
            return priced
        text = insert_join(*spine.regexes, *join.regexes) if len(spine.regexes) == len(join.regexes) == 1 else None
        if text is None or not self._begins_at_zero():
            return priced
        saved = ENTRY + sum(map(text_cost, (*spine.regexes, *join.regexes))) - text_cost(text)
        return Priced(priced.cost - saved, (Entry((text,)), *priced.entries[2:]))

    def _begins_at_zero(self) -> bool:
        """Whether the last number of the first layer is 0 wherever those before it are alike."""
        first = self._by_beginning(max(map(len, self.layers)) - 1)["first"]
        return all(self.layers.get((*beginning, "0")) == layer for beginning, layer in first.items())

    def _spell(self, whole: Captures, part: Captures) -> Texts:
        strand = part.strand
        rows = [row for row, _ in strand.rows_between(self.low, self.high)]
        rows += [row for row in strand.free(part.space) if pick(row, whole.captured) in self.tuples]
        return texts_of(part, rows) if rows else Texts(0.0, [])

    def joins(self, others: Sequence[Strand]) -> Priced | None:
        """The entries that put other strands on their layers; None if one of them cannot share them."""
        cost = 0.0
        captures: dict[End, list[Texts]] = {}
        plain: dict[End, list[Strand]] = {}
        for strand in others:
            way = self._best_way(strand)
            if way is None:
                return None
            cost += way.cost
            if way.captured:
                captures.setdefault(way.end, []).append(self._spell_join(Captures(strand, way.captured)))
            else:
                plain.setdefault(way.end, []).append(strand)
        opens = [Open(tuple(some), self.low if end == "first" else self.high, end) for end, some in plain.items()]
        texts = {end: combine(captures[end]) for end in ENDS if end in captures}
        joins = [Entry(tuple(some.regexes), end) for end, some in texts.items()]
        cost += sum(some.cost for some in texts.values()) + sum(map(open_cost, opens))
        return Priced(cost + ENTRY * (len(joins) + len(opens)), (*joins, *opens))

    def _best_way(self, strand: Strand) -> _Way | None:
        """The first way to join a strand that captures more than one number; else the first of all; else None."""
        ways = self._ways(strand)
        first = next(ways, None)
        rows = [row for row, _ in strand.rows_between(self.low, self.high)]
        if first is None or len({pick(row, first.captured) for row in rows}) > 1 or len(strand.layers) == 1:
            return first
        return next((way for way in ways if not way.captured), first)

    def _spell_join(self, part: Captures) -> Texts:
        strand, known = part.strand, self._by_beginning(len(part.captured))["last"]
        rows = [row for row, _ in strand.rows_between(self.low, self.high)]
        if len(rows) == sum(map(len, strand.layers.values())):  # else another entry has its free names
            rows += [row for row in strand.free(part.space) if pick(row, part.captured) in known]
        return texts_of(part, rows)

    def _ways(self, strand: Strand) -> Iterator[_Way]:
        """The ways to join a strand, the best first."""
        rows = strand.rows_between(self.low, self.high)
        is_before = any(strand.first[row] < self.first[layer] for row, layer in rows)
        for captured in self._captures(strand):
            layers = self._by_beginning(len(captured))
            good: list[End] = [
                end for end, of_end in layers.items() if all(of_end.get(pick(row, captured)) == at for row, at in rows)
            ]
            if "first" in good and (is_before or "last" not in good):
                yield _Way(captured, "first", 0.0)
            elif "last" in good and not (captured and is_before):
                yield _Way(captured, "last", ODD * is_before)

    def _by_beginning(self, length: int) -> dict[End, dict[Numbers, int]]:
        """The first and the last layer of those whose captures begin alike."""
        if length not in self._ends:
            layers = [(key[:length], layer) for key, layer in self.layers.items() if len(key) >= length]
            self._ends[length] = {"first": dict(reversed(layers)), "last": dict(layers)}
        return self._ends[length]

    def _captures(self, strand: Strand) -> dict[tuple[int, ...], None]:
        """The positions that a join might capture, the best first."""
        count = len(positions(strand.nodes[0].path[: strand.depth]))
        few = [some for size in (1, 2) for some in combinations(range(count), size)] if count <= _MOST_NUMBERS else []
        best = [captured for captured in (common_captures(self.parts[0], strand), strand.captured) if captured]
        return dict.fromkeys([*best, (), *few])


def common_captures(part: Captures, strand: Strand) -> tuple[int, ...]:
    """The captured positions in the components that a strand has in common with a part of a spine."""
    one, other = part.strand.nodes[0].path[: part.strand.depth], strand.nodes[0].path[: strand.depth]
    count = len(positions(one[: count_shared(one, other)]))
    return tuple(at for at in part.captured if at < count)
