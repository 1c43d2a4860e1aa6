"""A model's names as a tree of modules, and the numbered lists among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from lrspec.models.parameters import Columns

_NORM = re.compile(r"norm|(?:^|[._])(?:ln|bn)[_\d]*[._]")
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(eq=False)
class Node:
    """A module, or a parameter, which has no children: what it contains, in model order.

    `members` are the places of its parameters in the inventory, `matrices` counts those of two or more dimensions.
    """

    path: tuple[str, ...] = ()
    children: dict[str, Node] = field(default_factory=dict)
    members: list[int] = field(default_factory=list)
    matrices: int = 0

    @cached_property
    def items(self) -> dict[str, Node]:
        """The children that are items of numbered lists: `3`, or `layer3` beside another `layer`."""
        lists: dict[str, list[str]] = {}
        for name, child in self.children.items():
            if child.children and (found := _NUMBERED.fullmatch(name)):
                lists.setdefault(found[1], []).append(name)
        names = [name for word, names in lists.items() if not word or len(names) > 1 for name in names]
        return {name: self.children[name] for name in names}

    @cached_property
    def blocks(self) -> dict[str, Node]:
        """The items of those lists in which one has two matrices or more: blocks, not single operations."""
        lists: dict[str, list[str]] = {}
        for name in self.items:
            lists.setdefault(name.rstrip("0123456789"), []).append(name)
        chosen = [names for names in lists.values() if any(self.children[name].matrices > 1 for name in names)]
        return {name: self.children[name] for names in chosen for name in names}

    @property
    def is_list(self) -> bool:
        """Whether it is a list that has blocks."""
        return bool(self.blocks) and all(name.isdecimal() for name in self.children)

    @cached_property
    def has_blocks(self) -> bool:
        """Whether there are blocks in it, at any depth."""
        return bool(self.blocks) or any(child.has_blocks for child in self.children.values())

    def holders(self) -> list[Node]:
        """The modules in it that directly have blocks and are in no block, in model order."""
        return [self] if self.blocks else [node for child in self.children.values() for node in child.holders()]

    def relative_names(self) -> frozenset[tuple[str, ...]]:
        """The names of its parameters, relative to it."""
        return frozenset(leaf.path[len(self.path) :] for leaf in self.leaves())

    def leaves(self) -> Iterator[Node]:
        """Its parameters."""
        if not self.children:
            yield self
        for child in self.children.values():
            yield from child.leaves()


def tree(columns: Columns, places: Iterable[int]) -> Node:
    """Return the tree of some of a model's parameters."""
    root = Node()
    for place in places:
        shape, name = columns.shapes[place], columns.names[place]
        is_matrix = len(shape) > 1 if shape is not None else name.endswith("weight") and not is_norm(columns, [place])
        node, parts = root, name.split(".")
        for length, part in enumerate(parts, 1):
            node.members.append(place)
            node.matrices += is_matrix
            if part not in node.children:
                node.children[part] = Node(tuple(parts[:length]))
            node = node.children[part]
        node.members.append(place)
        node.matrices += is_matrix
    return root


def is_norm(columns: Columns, members: Iterable[int]) -> bool:
    """Return whether parameters are those of norms: by the classes of their owners, or by name if these are unknown."""
    return all(
        any("norm" in name.lower() for name in columns.owners[place])
        if columns.owners[place]
        else _NORM.search(columns.names[place].lower()) is not None
        for place in members
    )


def inner_paths(blocks: Iterable[Node]) -> frozenset[tuple[str, ...]]:
    """Return where in blocks there are blocks that are layers themselves, as in stages; empty if the blocks are layers.

    What is so in one stage is so in all. The experts of a mixture, or the halves of a transformer's block, are in
    numbered lists, too. But experts are smaller than what is around them, and halves are not alike.
    """
    return frozenset(
        holder.path[len(block.path) :] for block in blocks for holder in block.holders() if _is_stage(block, holder)
    )


def _is_stage(block: Node, holder: Node) -> bool:
    inner = list(holder.blocks.values())
    around = block.matrices - sum(item.matrices for item in inner)
    if around >= max(item.matrices for item in inner) or len({_word(item) for item in inner}) > 1:
        return False
    return all(_are_alike(*pair) for pair in pairwise([item for item in inner if item.matrices > 1]))


def _word(item: Node) -> str:
    return item.path[-1].rstrip("0123456789")


def _are_alike(one: Node, other: Node) -> bool:
    names, others = one.relative_names(), other.relative_names()
    return 2 * len(names & others) >= min(len(names), len(others))
