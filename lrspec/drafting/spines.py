"""Spines: entries with captured numbers, each for a run of layers, and what shares these layers by a `join`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal, NamedTuple, TypeAlias

from lrspec.drafting.name_tree import Numbers, number_key, positions
from lrspec.drafting.rules import Entry
from lrspec.drafting.spelling import Choice, Spelling, count_numbers, restrictions, spelled
from lrspec.drafting.strands import Other, Strand, Value, picked

_ENTRY = 10.0
_REGEX = 3.0
_CHARACTER = 0.05
_NUMBER = 4.0
_DEEP = 1.5
_WORDS = 12.0
_ODD = 3.0
"""The costs of an entry, of a regex, of each character, of a number written out, what a captured number saves, and what
layers named by words cost more than numbered ones."""


@dataclass(frozen=True)
class Open:
    """An entry without captures, before its regexes are found: all that some strands have on a layer."""

    strands: tuple[Strand, ...]
    layer: int
    join: Literal["first", "last"] | None = None


class Priced(NamedTuple):
    """Entries, and what they cost."""

    cost: float
    entries: tuple[Entry | Open, ...]


class Part(NamedTuple):
    """A strand, and the positions that are captured in it."""

    strand: Strand
    captured: tuple[int, ...]


End: TypeAlias = Literal["first", "last"]


def selecting(part: Part, allowed: set[Numbers], refused: set[Numbers]) -> tuple[float, list[str]]:
    """Return the regexes of a strand with just the allowed tuples of numbers, which are those at `_space`."""
    strand, space = part.strand, _space(part)
    choices = restrictions(allowed, refused)
    texts: list[str] = []
    for some in choices:
        nodes = strand.nodes
        if len(choices) > 1 or refused:
            there = zip(nodes, strand.of_node, strict=True)
            nodes = tuple(n for n, rows in there if any(_fits(picked(numbers, space), some) for numbers in rows))
        spelling = Spelling(dict(zip(space, some, strict=True)), part.captured, not strand.captured and not part.captured)
        texts.append(spelled(nodes, strand.depth, spelling))
    odd = sum(only and len(listed) == 1 for some in choices for (only, listed), at in zip(some, space, strict=True) if at in part.captured)
    return _ODD * odd + _NUMBER * count_numbers(choices) + sum(_REGEX + _CHARACTER * len(text) for text in texts), texts


def _fits(numbers: Numbers, choices: tuple[Choice, ...]) -> bool:
    return all((number in listed) == only for number, (only, listed) in zip(numbers, choices, strict=True))


def _space(part: Part) -> tuple[int, ...]:
    return tuple(sorted({*part.captured, *part.strand.captured}))


def single(strands: Iterable[Strand], layer: int) -> Priced:
    """The entry for a layer that no spine has."""
    entry = Open(tuple(strands), layer)
    return Priced(_ENTRY + open_cost(entry), (entry,))


def word_cost(regex: str, joins: Sequence[Open]) -> float:
    """The cost of a spine of words, and of what joins it."""
    joined = sum(_ENTRY + open_cost(join) for join in joins)
    return _ENTRY + _WORDS + _REGEX + _CHARACTER * len(regex) + joined


def open_cost(entry: Open) -> float:
    """About what the regexes of an entry without captures cost."""
    alike: dict[tuple[object, ...], None] = {}
    cost = 0.0
    for strand in entry.strands:
        node, numbers = strand.nodes[0], len(strand.captured) * len(strand.layers[entry.layer])
        alike[(node.path[:-1], node.is_name, *strand.captured)] = None
        cost += _CHARACTER * sum(len(part) + 2 for component in node.path for part in component) + _NUMBER * numbers
    return cost + _REGEX * len(alike)


def open_regexes(entry: Open) -> list[str]:
    """Return regexes without captures for what strands have on a layer, quickly."""
    regexes: list[str] = []
    for strand in entry.strands:
        regexes += selecting(Part(strand, ()), strand.layers[entry.layer], strand.decided - strand.layers[entry.layer])[1]
    return regexes


@dataclass(frozen=True)
class Spine:
    """Parts whose captured numbers, taken together, rise from layer to layer."""

    parts: tuple[Part, ...]

    @cached_property
    def relation(self) -> dict[Numbers, Value] | None:
        """The layer of each tuple, in numeric order; None if one has several."""
        found: dict[Numbers, Value] = {}
        places: dict[Numbers, int] = {}
        for strand, captured in self.parts:
            for numbers, value in strand.rows.items():
                key = picked(numbers, captured)
                if found.get(key, Other.free) is Other.free:
                    found[key] = value
                elif value is not Other.free and found[key] != value:
                    return None
                places[key] = min(places.get(key, strand.first[numbers]), strand.first[numbers])
        return {key: found[key] for key in sorted(found, key=lambda key: (number_key(key), places[key]))}

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """The longest runs of layers, each two or more, that rise with the tuples."""
        by_layer: dict[int, list[int]] = {}
        for rank, value in enumerate((self.relation or {}).values()):
            if isinstance(value, int):
                by_layer.setdefault(value, []).append(rank)
        found: list[tuple[int, int]] = []
        for layer in sorted(layer for layer, ranks in by_layer.items() if len(ranks) == 1):
            if found and found[-1][1] == layer - 1 and by_layer[layer - 1] < by_layer[layer]:
                found[-1] = (found[-1][0], layer)
            else:
                found.append((layer, layer))
        return [(low, high) for low, high in found if high > low]

    def over(self, low: int, high: int, others: Sequence[Strand]) -> Priced | None:
        """Return the entries for a run of layers, `others` being all strands on these layers; None if there are none."""
        section = Section.of(self, low, high)
        cost, regexes = _ENTRY - _DEEP * max(len(key) for key in section.layers), []
        for whole, part in zip(self.parts, section.parts, strict=True):
            price, texts = section.regexes(whole, part)
            cost, regexes = cost + price, regexes + texts
        mine = {id(part.strand) for part in self.parts}
        joined = section.joins([strand for strand in others if id(strand) not in mine])
        if joined is None:
            return None
        return Priced(cost + joined.cost, (Entry(tuple(regexes)), *joined.entries))


@dataclass(frozen=True)
class Section:
    """A spine on a run of layers: the numbers that it captures there, with their layers; below 0 are those of free names.

    `tuples` has the same numbers with those that need not be captured in this run.
    """

    parts: tuple[Part, ...]
    low: int
    high: int
    layers: dict[Numbers, int]
    tuples: frozenset[Numbers]

    @classmethod
    def of(cls, spine: Spine, low: int, high: int) -> Section:
        """Return the section of a spine between two layers."""
        relation = spine.relation or {}
        inside = {key: value for key, value in relation.items() if isinstance(value, int) and low <= value <= high}
        free: list[Numbers] = []
        for key, value in relation.items() if low == 0 else ():
            if value is not Other.free:
                break
            free.append(key)
        layers = {**{key: index - len(free) for index, key in enumerate(free)}, **inside}
        parts, kept = _without_fixed(spine.parts, relation, layers)
        return cls(parts, low, high, kept, frozenset(layers))

    def regexes(self, whole: Part, part: Part) -> tuple[float, list[str]]:
        """The regexes of a part of the section, and of the spine."""
        allowed: set[Numbers] = set()
        refused: set[Numbers] = set()
        space = _space(part)
        for numbers in part.strand.rows:
            is_mine = picked(numbers, whole.captured) in self.tuples
            (allowed if is_mine else refused).add(picked(numbers, space))
        return selecting(part, allowed, refused - allowed) if allowed else (0.0, [])

    def joins(self, others: Sequence[Strand]) -> Priced | None:
        """The entries that put the other strands on their layers; None if one of them cannot share them."""
        cost = 0.0
        captures: dict[End, list[str]] = {}
        plain: dict[End, list[Strand]] = {}
        for strand in others:
            way = next(self._ways(strand), None)
            if way is None:
                return None
            captured, end, price = way
            cost += price
            if captured:
                price, texts = self._joining(Part(strand, captured))
                cost += price
                captures.setdefault(end, []).extend(texts)
            else:
                plain.setdefault(end, []).append(strand)
        opens = [Open(tuple(some), self.low if end == "first" else self.high, end) for end, some in plain.items()]
        entries = [*(Entry(tuple(texts), end) for end, texts in captures.items()), *opens]
        cost += sum(map(open_cost, opens))
        return Priced(cost + _ENTRY * len(entries), tuple(entries))

    def _joining(self, part: Part) -> tuple[float, list[str]]:
        space = _space(part)
        length = len(part.captured)
        known = {key[:length] for key in self.layers}
        allowed, refused = set(), set()
        for numbers, value in part.strand.rows.items():
            is_mine = self.low <= value <= self.high if isinstance(value, int) else value is Other.free
            is_mine = is_mine and picked(numbers, part.captured) in known
            (allowed if is_mine else refused).add(picked(numbers, space))
        return selecting(part, allowed, refused - allowed)

    def _ways(self, strand: Strand) -> Iterator[tuple[tuple[int, ...], End, float]]:
        """The ways to join a strand: the positions to capture, and the layer to share."""
        rows = [(n, v) for n, v in strand.rows.items() if isinstance(v, int) and self.low <= v <= self.high]
        is_before = any(strand.first[n] < self._first[v] for n, v in rows)
        for captured in self._captures(strand):
            ends = self._ends(len(captured))
            good = [end for end in ("last", "first") if all(ends[end].get(picked(n, captured)) == v for n, v in rows)]
            if "first" in good and (is_before or "last" not in good):
                yield captured, "first", 0.0
            elif good and not (captured and is_before):
                yield captured, "last", _ODD * is_before

    @cached_property
    def _first(self) -> dict[int, int]:
        """The first place of the spine on each layer."""
        found: dict[int, int] = {}
        for strand, _ in self.parts:
            for numbers, value in strand.rows.items():
                if isinstance(value, int):
                    found[value] = min(found.get(value, strand.first[numbers]), strand.first[numbers])
        return found

    def _ends(self, length: int) -> dict[str, dict[Numbers, int]]:
        last = {key[:length]: layer for key, layer in self.layers.items() if len(key) >= length}
        first = {key[:length]: layer for key, layer in reversed(self.layers.items()) if len(key) >= length}
        return {"first": first, "last": last}

    def _captures(self, strand: Strand) -> dict[tuple[int, ...], None]:
        """The positions that a join might capture, the best first."""
        common = common_captures(self.parts[0], strand)
        count = len(positions(strand.nodes[0].path[: strand.depth]))
        few = [some for size in (1, 2) for some in combinations(range(count), size)] if count <= 4 else []
        tried = [common] if common else []
        return dict.fromkeys([*tried, *([strand.captured] if strand.captured else []), (), *few])


def _without_fixed(parts: tuple[Part, ...], relation: Iterable[Numbers], layers: dict[Numbers, int]) -> tuple[tuple[Part, ...], dict[Numbers, int]]:
    """Leave out captures of a number that is the same on all layers of a section, but not elsewhere."""
    inside, everywhere = list(layers), list(relation)
    size = len(inside[0])
    if any(len(key) != size for key in everywhere):
        return parts, layers
    kept = [at for at in range(size) if len({key[at] for key in inside}) > 1 or len({key[at] for key in everywhere}) == 1]
    return (
        tuple(Part(strand, picked(captured, kept)) for strand, captured in parts),
        {picked(key, kept): layer for key, layer in layers.items()},
    )


def common_captures(part: Part, strand: Strand) -> tuple[int, ...]:
    """The captured positions in the components that a strand has in common with a part of a spine."""
    one, other = part.strand.nodes[0].path[: part.strand.depth], strand.nodes[0].path[: strand.depth]
    depth = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    count = len(positions(one[:depth]))
    return tuple(at for at in part.captured if at < count)
