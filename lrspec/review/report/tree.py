"""The names of parameters as a tree of modules, in columns: short, and quick to read in a browser."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any


class Places:
    """Different values, each once, and the place of each in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._places: dict[Hashable, int] = {}

    def of(self, value: Hashable) -> int:
        """Return the place of a value."""
        return self._places.setdefault(value, len(self._places))

    def values(self) -> list[Any]:
        """Return the values in order."""
        return list(self._places)


def tree_of(names: Iterable[str]) -> tuple[dict[str, Any], list[int]]:
    """Return the nodes of a tree, and the node of each name.

    A node is a name or the beginning of one; node 0 is the root. `parent` has the parent of each node, which comes
    before it, `step` the place among `steps` of the text between the dots that it adds.
    """
    parents, steps, words, nodes = [0], [0], Places(), Places()
    words.of("")
    nodes.of((-1, 0))
    leaves = []
    for name in names:
        node = 0
        for word in name.split("."):
            step = words.of(word)
            child = nodes.of((node, step))
            if child == len(parents):
                parents.append(node)
                steps.append(step)
            node = child
        leaves.append(node)
    return {"parent": parents, "step": steps, "steps": words.values()}, leaves


def runs(places: Sequence[int]) -> list[int]:
    """Return ascending places as pairs of a first place and a number of places: `[3, 4, 5, 9]` is `[3, 3, 9, 1]`."""
    pairs: list[int] = []
    for place in places:
        if pairs and place == pairs[-2] + pairs[-1]:
            pairs[-1] += 1
        else:
            pairs += [place, 1]
    return pairs
