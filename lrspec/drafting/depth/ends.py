"""The comment of a ladder: where it begins and ends, and what of its input is the head as well."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from lrspec.drafting.depth.structure import is_head
from lrspec.drafting.depth.tree import Node, is_norm, tree
from lrspec.models.parameters import Columns


def ladder_comment(columns: Columns, layers: Sequence[int | None]) -> str:
    """Return `from the input to the head`, or what else a ladder begins and ends with; None is on no layer of it."""
    places = range(len(columns.names))
    on_it = {layer for layer in layers if layer is not None}
    first, last = min(on_it), max(on_it)
    bottom = [place for place in places if layers[place] == first]
    top = [place for place in places if layers[place] == last]
    root = tree(columns, places)
    blocks = [block for holder in root.holders() for block in holder.blocks.values()]
    begin, end = _begin(bottom, blocks), _end(columns, top, blocks)
    ends = "from the first block to the last" if (begin, end) == _BLOCKS else f"from {begin} to {end}"
    return "; ".join([ends, *_singles(root, layers), *_tied(columns, bottom)])


_BLOCKS = ("the first block", "the last block")
_HEAD = re.compile(r"(?:^|[._])head\.")
_MATRICES = 2  # that a block has at least


def _begin(bottom: Sequence[int], blocks: Sequence[Node]) -> str:
    inside = next((block for block in blocks if bottom[0] in block.members), None)
    if inside is None or not {place for block in blocks for place in block.members}.issuperset(bottom):
        return "the input"
    siblings = [block for block in blocks if block.path[:-1] == inside.path[:-1]]
    return "the first block" if siblings[0] is inside else ".".join(inside.path)


def _end(columns: Columns, top: Collection[int], blocks: Sequence[Node]) -> str:
    if any(is_head(columns.declared[place]) for place in top):
        return "the head"
    inside = next((block for block in blocks if not {*top}.isdisjoint(block.members)), None)
    if inside is not None:
        siblings = [block for block in blocks if block.path[:-1] == inside.path[:-1]]
        return "the last block" if siblings[-1] is inside else ".".join(inside.path)
    if is_norm(columns, top):
        return "the final norm"
    if any(_HEAD.search(columns.names[place]) for place in top):
        return "the head"
    module = _module([name.split(".") for name in columns.names], top)
    return "the output" if module is None or module.isdigit() else module


def _module(names: Sequence[Sequence[str]], members: Collection[int]) -> str | None:
    """Return the name of the module that has just these parameters, the outermost if there are several."""
    first = next(names[place] for place in members)
    for length in range(1, len(first)):
        inside = [place for place, name in enumerate(names) if name[:length] == first[:length]]
        if inside == [*members]:
            return first[length - 1]
    return None


def _singles(root: Node, layers: Sequence[int | None]) -> Iterator[str]:
    """Yield a sentence for what is a layer among the blocks of stages, but not a block: a downsampling, a norm."""
    members = Counter(layers)
    for stage in (block for holder in root.holders() for block in holder.blocks.values()):
        for item in (item for holder in stage.holders() for item in holder.items.values() if item.matrices < _MATRICES):
            layer = {layers[place] for place in item.members}
            if layer != {None} and len(layer) == 1 and members[layers[item.members[0]]] == len(item.members):
                yield f"single operations such as {'.'.join(item.path)} count as blocks"
                return


def _tied(columns: Columns, bottom: Collection[int]) -> list[str]:
    """Return a sentence for an embedding that is also the output head, and has the lowest rate as embedding."""
    tied = [columns.names[place] for place in bottom if {"embedding", "head"} <= {*(columns.declared[place] or ())}]
    return [f"`{tied[0].removesuffix('.weight').rpartition('.')[2]}` is also the output head"] if tied else []
