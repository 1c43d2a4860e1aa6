"""Finds entries with `every`: several consecutive blocks on each layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from lrspec.drafting.components import NUMBER, Numbers
from lrspec.drafting.ladder.cost import ENTRY, Captures, End, Open, Priced, open_cost, texts_of
from lrspec.drafting.ladder.strands import Other, Strand, Value
from lrspec.drafting.ladder.words import Run
from lrspec.drafting.rules import Entry

_EVERY = 6.0
"""What dividing numbers costs: layers that each have a number of their own are plainer."""
_LONGEST = 9  # digits of a block's number


def every_runs(strands: Iterable[Strand], by_layer: Mapping[int, list[Strand]]) -> Iterator[Run]:
    """Yield the runs of layers that have several blocks each, and an entry whose last number is divided."""
    for strand in strands:
        if not strand.captured or strand.nodes[0].path[strand.depth - 1] != NUMBER:
            continue
        blocks: dict[Numbers, dict[int, Value]] = {}
        for (*beginning, number), value in strand.rows.items():
            of_block = blocks.setdefault(tuple(beginning), {})
            block = int(number[:_LONGEST])
            if of_block.setdefault(block, value) != value or len(number) > _LONGEST:
                of_block[block] = Other.refused
        for begins, of_block in blocks.items():
            layers = {block: value for block, value in sorted(of_block.items()) if isinstance(value, int)}
            every = _every(layers) if len(layers) == len(of_block) else None
            ends = min(layers.values(), default=0), max(layers.values(), default=0)
            if every and (run := _run(strand, begins, every, *ends, by_layer)):
                yield run


def _every(layers: Mapping[int, int]) -> int | None:
    """The least number by which dividing the blocks gives their layers; None if there is none, or a single layer."""
    steps = [(one, other, layers[other] - layers[one]) for one, other in pairwise(layers)]
    if {step for *_, step in steps} != {0, 1}:
        return None
    divisors = range(2, 2 * len(layers) + 1)
    return next((n for n in divisors if all((b // n != a // n) == step for a, b, step in steps)), None)


def _run(
    strand: Strand, beginning: Numbers, every: int, low: int, high: int, by_layer: Mapping[int, list[Strand]]
) -> Run | None:
    rows = [row for row, _ in strand.rows_between(low, high)]
    others = {id(other): other for layer in range(low, high + 1) for other in by_layer[layer] if other is not strand}
    joined: dict[End, list[Strand]] = {"first": [], "last": []}
    for other in others.values():
        layers = {layer for _, layer in other.rows_between(low, high)}
        if layers not in ({low}, {high}):
            return None
        joined["first" if layers == {low} else "last"].append(other)
    if any(row[:-1] != beginning for row in rows):
        return None
    texts = texts_of(Captures(strand, (len(beginning),)), rows)
    joins = [Open(tuple(some), low if end == "first" else high, end) for end, some in joined.items() if some]
    cost = ENTRY + _EVERY + texts.cost + sum(ENTRY + open_cost(join) for join in joins)
    return Run(low, high, Priced(cost, (Entry(tuple(texts.regexes), every=every), *joins)))
