"""Prices ladder entries: the cheapest is the most readable."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from lrspec.drafting.components import Numbers
from lrspec.drafting.ladder.merging import merge
from lrspec.drafting.ladder.spelling import Choice, Spelling, count_numbers, fits, spell
from lrspec.drafting.ladder.strands import Strand, pick
from lrspec.drafting.rules import Entry

End: TypeAlias = Literal["first", "last"]
ENDS: tuple[End, ...] = ("first", "last")

ENTRY = 10.0
_REGEX = 3.0
_CHARACTER = 0.05
_NUMBER = 4.0
DEPTH = 1.5
"""What a captured number saves: the deeper, the more it says."""
WORDS = 18.0
"""What layers named by words cost more than numbered ones."""
ODD = 3.0
"""What a person avoids if there is another way."""


@dataclass(frozen=True)
class Open:
    """An entry without captures, before its regexes are found: all that some strands have on a layer."""

    strands: tuple[Strand, ...]
    layer: int
    join: End | None = None


class Priced(NamedTuple):
    """Entries, and what they cost."""

    cost: float
    entries: tuple[Entry | Open, ...]


class Texts(NamedTuple):
    """Regexes, and what they cost."""

    cost: float
    regexes: list[str]


class Captures(NamedTuple):
    """A strand, and the positions that are captured in it."""

    strand: Strand
    captured: tuple[int, ...]

    @property
    def space(self) -> tuple[int, ...]:
        """The positions by which rows are told apart."""
        return tuple(sorted({*self.captured, *self.strand.captured}))


def single(strands: Iterable[Strand], layer: int) -> Priced:
    """The entry for a layer that no spine has."""
    entry = Open(tuple(strands), layer)
    return Priced(ENTRY + open_cost(entry), (entry,))


def text_cost(regex: str) -> float:
    """What a regex costs."""
    return _REGEX + _CHARACTER * len(regex)


def combine(texts: Iterable[Texts]) -> Texts:
    """Return all texts as those of one entry."""
    listed = list(texts)
    regexes = [regex for some in listed for regex in some.regexes]
    fewer = merge(regexes)
    cost = sum(some.cost for some in listed) + sum(map(text_cost, fewer)) - sum(map(text_cost, regexes))
    return Texts(cost, list(fewer))


def open_cost(entry: Open) -> float:
    """About what the regexes of an entry without captures cost."""
    alike: dict[tuple[object, ...], None] = {}
    cost = 0.0
    for strand in entry.strands:
        node, captured = strand.nodes[0], strand.captured
        numbers = len(captured) * len({pick(row, captured) for row in strand.layers[entry.layer]})
        alike[(node.path[:-1], node.is_name, *captured)] = None
        cost += _CHARACTER * sum(len(part) + 2 for component in node.path for part in component) + _NUMBER * numbers
    return cost + _REGEX * len(alike)


def open_regexes(entry: Open) -> list[str]:
    """Return regexes without captures for what strands have on a layer, from the tree alone."""
    parts = [Captures(strand, ()) for strand in entry.strands]
    return [text for part in parts for text in texts_of(part, part.strand.layers[entry.layer], False).regexes]


def texts_of(part: Captures, rows: Collection[Numbers], with_free: bool = True) -> Texts:
    """Return the regexes of a strand with just some of its rows; the others are refused, free ones if `with_free`."""
    strand, space = part.strand, part.space
    choices = strand.index(space, with_free).restrictions(dict.fromkeys(pick(row, space) for row in rows))
    is_literal = not strand.captured and not part.captured
    texts: list[str] = []
    for some in choices:
        nodes = strand.nodes
        if len(nodes) > 1:
            there = [row for row in rows if fits(pick(row, space), some)]
            nodes = tuple(n for n, own in zip(nodes, strand.of_node, strict=True) if not own.isdisjoint(there))
        spelling = Spelling(dict(zip(space, some, strict=True)), part.captured, is_literal)
        texts.append(spell(nodes, strand.depth, spelling))
    odd = sum(
        _is_one_number(choice)
        for some in choices
        for choice, at in zip(some, space, strict=True)
        if at in part.captured
    )
    return Texts(ODD * odd + _NUMBER * count_numbers(choices) + sum(map(text_cost, texts)), texts)


def _is_one_number(choice: Choice) -> bool:
    only, listed = choice
    return only and len(listed) == 1
