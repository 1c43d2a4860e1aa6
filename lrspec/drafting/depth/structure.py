"""The depth of a model by its structure: numbered lists of blocks, between what comes before and after them.

What comes before the first block is the input, one layer. What comes after the last is the head, another one, but a
final norm shares the layer of the last block, as timm has it. What stands between blocks goes with the block before it;
in a stage, what stands before its first block goes with that. An embedding that is also the head is input.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from lrspec.drafting.depth.depth import Depth, Tower
from lrspec.drafting.depth.towers import assigned, tower_names, towers_in
from lrspec.drafting.depth.tree import Node, inner_paths, is_norm, tree
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns

_Layers = list[list[int]]
"""The places of the parameters of each layer."""


def structural_depth(inventory: Inventory) -> Depth:
    """Return the depth of a model by its structure: a tower, or several that each have a head of their own."""
    columns = inventory.columns
    head = [place for place, declared in enumerate(columns.declared) if is_head(declared)]
    rest = sorted({*range(len(columns.names))}.difference(head))
    root = tree(columns, rest)
    if not root.has_blocks:
        return Depth((_tower(columns, "", [*_operations(columns, root), head]),))
    nodes = towers_in(root)
    if len(nodes) == 1:
        return Depth((_tower(columns, "", _layers(columns, root, [], head)),))
    found = zip(tower_names(nodes), nodes, assigned(columns, root, nodes, head), strict=True)
    return Depth(tuple(_tower(columns, name, _layers(columns, node, *around)) for name, node, around in found))


def is_head(declared: Sequence[str] | None) -> bool:
    """Return whether a parameter is declared as part of a head, and is not an embedding as well."""
    return declared is not None and "head" in declared and "embedding" not in declared


def _tower(columns: Columns, name: str, layers: _Layers) -> Tower:
    found: list[int | None] = [None] * len(columns.names)
    for layer, members in enumerate(members for members in layers if members):
        for place in members:
            found[place] = layer
    return Tower(name, found)


def _layers(columns: Columns, node: Node, before: Iterable[int], after: Iterable[int]) -> _Layers:
    """Return the layers of a tower: its input, its blocks, and its head; `before` and `after` are outside of it."""
    parts = [*_parts(node)]
    first, blocks, last, rest = [*before], _Layers(), [*after], list[Node]()
    end = max(index for index, (_, layers) in enumerate(parts) if layers)
    for index, (part, layers) in enumerate(parts):
        if layers:
            blocks += layers
        elif index > end or _is_final(part):
            rest.append(part)
        else:
            joined = blocks[-1] if blocks else first
            joined += part.members
    heads = [tuple(columns.names[place].split(".")) for place in after]
    for part in rest:
        is_of_head = any(name[: len(part.path)] == part.path for name in heads)
        is_last_norm = is_norm(columns, part.members) and not is_of_head
        joined = first if _is_of_input(part) else blocks[-1] if is_last_norm else last
        joined += part.members
    return [first, *blocks, last]


def _is_final(part: Node) -> bool:
    """Return whether a norm says that it is the final one; OPT has it before the blocks."""
    return re.fullmatch(r"(?:final|post|last)_?(?:layer_?)?norm", part.path[-1]) is not None


def _is_of_input(part: Node) -> bool:
    """Return whether a norm says that it is that of the embedding; BART has it after the blocks."""
    return re.fullmatch(r"(?:layer_?)?norm_embeddings?|embeddings?_(?:layer_?)?norm", part.path[-1]) is not None


def _parts(node: Node) -> Iterator[tuple[Node, _Layers]]:
    """Yield the modules in a module, in model order, each block with its layers, and anything else without."""
    paths = inner_paths(node.blocks.values())
    for name, child in node.children.items():
        if name in node.blocks:
            yield child, _layers_of_block(child, paths)
        elif child.has_blocks:
            yield from _parts(child)
        else:
            yield child, []


def _layers_of_block(block: Node, paths: Collection[tuple[str, ...]]) -> _Layers:
    """Return the layers of a block: one, or those of the blocks in it if they are at one of the paths."""
    if [holder.path[len(block.path) :] in paths for holder in block.holders()] != [True]:
        return [[*block.members]]
    before, layers = list[int](), _Layers()
    for part, found in _parts(block):
        if found:
            layers += found
        else:
            joined = layers[-1] if layers else before
            joined += part.members
    return [[*before, *layers[0]], *layers[1:]]


def _operations(columns: Columns, root: Node) -> _Layers:
    """Return the layers of a model without blocks: its modules, and the items of sequences; a norm is no layer."""
    node = root
    while len(node.children) == 1 and (only := next(iter(node.children.values()))).children:
        node = only
    loose = [child for child in node.children.values() if not child.children]
    layers = [[place for child in loose for place in child.members]]
    for child in node.children.values():
        is_sequence = bool(child.children) and child.items.keys() == child.children.keys()
        for unit in child.children.values() if is_sequence else [child] if child.children else []:
            if is_norm(columns, unit.members) and len(layers) > 1:
                layers[-1] += unit.members
            else:
                layers.append([*unit.members])
    return layers
