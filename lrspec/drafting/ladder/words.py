"""Finds spines of words: each module or parameter of a part of the model a layer, in the order of the model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lrspec.drafting.ladder.cost import ENTRY, WORDS, Open, Priced, open_cost, text_cost
from lrspec.drafting.ladder.name_tree import Name, NameNode
from lrspec.drafting.ladder.strand_search import NameLayers
from lrspec.drafting.ladder.strands import Other, Strand
from lrspec.drafting.rules import Entry
from lrspec.drafting.selecting.regexes import escaped

_FEWEST = 4  # layers; fewer are as short by name
_MOST_STEMS = 5
_STEM = re.compile(r"[A-Za-z]+_")


class Run(NamedTuple):
    """A run of layers, and the entries for it."""

    low: int
    high: int
    priced: Priced


class _Reading(NamedTuple):
    """A way to name the layers: the regex after the beginning, and what it captures of the components that follow."""

    regex: str
    key: Callable[[Sequence[str]], str | None]


_READINGS = (
    _Reading(r"(\w+)\.", lambda parts: parts[0] if len(parts) > 1 else None),
    _Reading(r"(\w+)", lambda parts: parts[0]),
    _Reading(r"(.+)\.", lambda parts: ".".join(parts[:-1]) if len(parts) > 1 else None),
    _Reading(r"(.+)$", ".".join),
)


def word_runs(values: NameLayers, by_layer: Mapping[int, list[Strand]]) -> Iterator[Run]:
    """Yield the runs of layers that are named by words."""
    for node in _word_nodes(values.root):
        begin = "".join(rf"{escaped(component[0])}\." for component in node.path)
        for reading in _READINGS:
            if run := _run(node, "", f"^{begin}{reading.regex}", reading.key, values, by_layer):
                yield run
                break
        for stem in _stems(node):
            regex = rf"^{begin}{escaped(stem)}(\w+)\."
            if run := _run(node, stem, regex, _READINGS[0].key, values, by_layer):
                yield run


def _word_nodes(node: NameNode) -> Iterator[NameNode]:
    """The nodes without numbers and with several children."""
    children = node.children()
    if len(children) > 1:
        yield node
    for child in children:
        if len(child.path[-1]) == 1 and not child.is_name:
            yield from _word_nodes(child)


def _stems(node: NameNode) -> list[str]:
    """The words, with a `_`, by which the most children begin."""
    begins = [match[0] for child in node.children() if (match := _STEM.match(child.path[-1][0]))]
    return [stem for stem, times in Counter(begins).most_common(_MOST_STEMS) if times > 1]


def _run(
    node: NameNode,
    stem: str,
    regex: str,
    key: Callable[[Sequence[str]], str | None],
    values: NameLayers,
    by_layer: Mapping[int, list[Strand]],
) -> Run | None:
    layers = _layers(node, stem, key, values)
    if layers is None or sum(layer >= 0 for layer in layers.values()) < _FEWEST or all(map(_is_decimal, layers)):
        return None
    low, high = min(layer for layer in layers.values() if layer >= 0), max(layers.values())
    if low and min(layers.values()) < 0:
        return None
    rest = [strand for layer in range(low, high + 1) for strand in by_layer[layer] if not _is_below(strand, node, stem)]
    ends = {layer for strand in rest for layer in strand.layers}
    if not ends <= {high}:
        return None
    joins = [Open(tuple(rest), high, "last")] if rest else []
    cost = ENTRY + WORDS + text_cost(regex) + sum(ENTRY + open_cost(join) for join in joins)
    return Run(low, high, Priced(cost, (Entry((regex,)), *joins)))


def _layers(
    node: NameNode, stem: str, key: Callable[[Sequence[str]], str | None], values: NameLayers
) -> dict[str, int] | None:
    """The layer of each text that is captured, in the order of the model; below 0 if only free names have it."""
    found: dict[str, int] = {}
    last = -1
    for name in node.names:
        parts = _texts(name)[len(node.path) :]
        value = values.of(name, node)
        text = key(parts)
        if not parts[0].startswith(stem):
            continue
        if text is None or value is Other.refused or name.is_alias or not re.fullmatch(r"[\w.]+", text):
            return None
        if value is Other.free:
            if text not in found:
                if last >= 0:
                    return None
                found[text] = -1
        elif text not in found or found[text] < 0:
            if last >= 0 and value != last + 1:
                return None
            found[text] = last = value
        elif found[text] != value:
            return None
    return found


def _texts(name: Name) -> list[str]:
    numbers = iter(name.numbers)
    return ["".join(part + next(numbers) for part in parts[:-1]) + parts[-1] for parts in name.path]


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_below(strand: Strand, node: NameNode, stem: str) -> bool:
    path = strand.nodes[0].path
    return (
        path[: len(node.path)] == node.path and len(path) > len(node.path) and path[len(node.path)][0].startswith(stem)
    )
