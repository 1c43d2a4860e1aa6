"""The modules along the depth of a model: the columns of a plot, as many as a reader can tell apart.

Where a model repeats blocks (`blocks.0`, `blocks.1`, …), each block is a column, and each module outside of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

MOST = 160
"""The number of columns that still show a ladder as steps."""

_ENOUGH = 6  # columns: a model without blocks is divided until it has so many
_CHILDREN = 3  # what a block has at least; a convolution with its norm has fewer

Tree: TypeAlias = "dict[str, Tree]"


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns in model order, and the column of each parameter by its place in the inventory."""

    names: tuple[str, ...]
    of: tuple[int, ...]


def columns_of(parameters: Sequence[str]) -> Columns:
    """Return the columns of a model by the names of its parameters."""
    tree: Tree = {}
    for name in parameters:
        node = tree
        for step in name.split("."):
            node = node.setdefault(step, {})
    names = _cut(tree)
    places = {name: place for place, name in enumerate(names)}
    merged = -(-len(names) // MOST)  # one thousand parameters side by side: several in a column
    of = (next(places[start] for start in _starts(name) if start in places) // merged for name in parameters)
    return Columns(tuple(names[::merged]), tuple(of))


def _starts(name: str) -> Iterator[str]:
    """The modules that a name is in, from outside, and the name itself."""
    steps = name.split(".")
    return (".".join(steps[:end]) for end in range(1, len(steps) + 1))


def _cut(tree: Tree) -> list[str]:
    """The modules to show: blocks within blocks too, if these are not too many."""
    for depth in range(_depth(tree), 0, -1):
        names = list(_blocks(tree, depth))
        if len(names) <= MOST:
            return names
    return _divided(tree)


def _blocks(tree: Tree, depth: int, prefix: str = "") -> Iterator[str]:
    """The blocks, entered `depth` times, and what is beside them, as whole modules."""
    blocks = _repeated(tree)
    for step, child in tree.items():
        below = depth - (step in blocks)
        if below and _depth(child):
            yield from _blocks(child, below, f"{prefix}{step}.")
        else:
            yield prefix + step


def _depth(tree: Tree) -> int:
    """How deep blocks are within blocks."""
    blocks = _repeated(tree)
    return max(((step in blocks) + _depth(child) for step, child in tree.items() if child), default=0)


def _repeated(tree: Tree) -> set[str]:
    """The children that are blocks: numbered, at least two under one name, of several modules each."""
    stems: dict[str, list[str]] = {}
    for step, child in tree.items():
        stem, number = _split(step)
        if number and len(child) >= _CHILDREN and any(child.values()):
            stems.setdefault(stem, []).append(step)
    return {step for steps in stems.values() if len(steps) > 1 for step in steps}


def _divided(tree: Tree) -> list[str]:
    """The modules of a model without blocks: those at the top, or further down if these are few."""
    level: dict[str, Tree] = tree
    while len(level) < _ENOUGH and any(any(child.values()) for child in level.values()):
        finer = dict(_entered(level))
        if len(finer) > MOST:
            break
        level = finer
    return list(level)


def _entered(level: dict[str, Tree]) -> Iterable[tuple[str, Tree]]:
    for name, child in level.items():
        if any(child.values()):
            yield from ((f"{name}.{step}", below) for step, below in child.items())
        else:
            yield name, child


def labels(names: Sequence[str], longest: int) -> list[str]:
    """What to write below each column: `blocks.0`, and for the next one only `1`; long names lose their beginning."""
    words, before = [], ""
    for name in names:
        stem, number = _split(name)
        words.append(number if number and _split(before)[0] == stem else shortened(name, longest))
        before = name
    return words


def _split(name: str) -> tuple[str, str]:
    """A name without the number at its end, and that number, empty if there is none."""
    stem = name.rstrip("0123456789")
    return stem, name[len(stem) :]


def shortened(name: str, longest: int) -> str:
    """Return a name without as many steps of its beginning as make it short enough, or cut in a step."""
    ends = [name[at + 1 :] for at, character in enumerate(name) if character == "."]
    if len(name) <= longest:
        return name
    return next((f"…{end}" for end in ends if len(end) < longest), f"…{name[1 - longest :]}")
