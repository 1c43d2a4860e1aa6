"""The towers of a model, such as encoder and decoder, or vision and text: their names, and what belongs to each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lrspec.drafting.depth.tree import Node
from lrspec.models.parameters import Columns

_FEWEST = 3
"""The letters that words have to share to be alike: `vision`, `visual`."""


def towers_in(node: Node) -> list[Node]:
    """Return the towers in a module: modules beside each other that have lists of blocks, or else the module itself."""
    if node.blocks or any(child.is_list for child in node.children.values()):
        return [node]
    inside = [child for child in node.children.values() if child.has_blocks]
    if len(inside) > 1:
        return [tower for child in inside for tower in towers_in(child)]
    towers = towers_in(inside[0])
    return towers if len(towers) > 1 else [node]


def tower_names(towers: Sequence[Node]) -> list[str]:
    """Return a name for each tower: its own, without `model` or `tower`, after that of modules around it if need be."""
    for length in range(1, 1 + max(len(tower.path) for tower in towers)):
        names = ["-".join(tower.path[-length:]) for tower in towers]
        shorter = [re.sub(r"_(?:model|tower)$", "", name) for name in names]
        for candidates in (shorter, names):
            if len(set(candidates)) == len(towers):
                return [re.sub(r"[^A-Za-z0-9_-]", "_", name) for name in candidates]
    return [str(number) for number in range(1, len(towers) + 1)]


def assigned(
    columns: Columns, root: Node, towers: Sequence[Node], head: Sequence[int]
) -> list[tuple[list[int], list[int]]]:
    """Return what belongs before and after each tower, of what is in none.

    A tied embedding belongs before the first tower that has one of its names. Anything else belongs after a tower that
    comes before it: the one that its name is like, as `text_projection` is like `text_model`, or else the nearest. A
    matrix before all towers belongs before the first. What is left, such as CLIP's `logit_scale`, belongs to none.
    """
    around: list[tuple[list[int], list[int]]] = [([], []) for _ in towers]
    words = _own_words(towers)
    for unit, previous in _outside(root, towers, None):
        tied = _tower_of_alias(columns, unit, towers)
        if tied is not None:
            around[tied][0].extend(unit.members)
        elif previous is not None:
            around[_alike(unit.path, words[: previous + 1], previous)][1].extend(unit.members)
        elif unit.matrices:
            around[0][0].extend(unit.members)
    for place in head:
        around[_alike(columns.names[place].split("."), words, len(towers) - 1)][1].append(place)
    return around


def _outside(node: Node, towers: Sequence[Node], previous: int | None) -> Iterator[tuple[Node, int | None]]:
    """Yield the modules that have no tower in them, with the number of the tower before each."""
    for child in node.children.values():
        inside = [number for number, tower in enumerate(towers) if tower.path[: len(child.path)] == child.path]
        if not inside:
            yield child, previous
            continue
        if towers[inside[0]] is not child:
            yield from _outside(child, towers, previous)
        previous = inside[-1]


def _tower_of_alias(columns: Columns, unit: Node, towers: Sequence[Node]) -> int | None:
    """Return the first tower that has another name of what is in a module."""
    names = [name.split(".") for place in unit.members for name in columns.names_of(place)[1:]]
    for number, tower in enumerate(towers):
        if any(tuple(parts[: len(tower.path)]) == tower.path for parts in names):
            return number
    return None


def _words(path: Sequence[str]) -> set[str]:
    return {word for part in path for word in re.findall(r"[a-z]+", part.lower()) if len(word) >= _FEWEST}


def _own_words(towers: Sequence[Node]) -> list[set[str]]:
    """Return the words in the name of each tower that no other has."""
    words = [_words(tower.path) for tower in towers]
    return [
        own.difference(*(other for number, other in enumerate(words) if number != place))
        for place, own in enumerate(words)
    ]


def _alike(path: Sequence[str], words: Sequence[set[str]], otherwise: int) -> int:
    """Return the only tower that a name is like, or else the one given."""
    own = {word[:_FEWEST] for word in _words(path)}
    found = [place for place, other in enumerate(words) if own & {word[:_FEWEST] for word in other}]
    return found[0] if len(found) == 1 else otherwise
