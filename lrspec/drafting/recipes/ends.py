"""The comment of a ladder: where it begins and ends, and what of its input is the head as well."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lrspec.drafting.depth.depth import Tower
from lrspec.drafting.depth.structure import is_head
from lrspec.drafting.depth.tree import is_norm, tree
from lrspec.drafting.recipes.recipe import Subject


def ladder_comment(subject: Subject, tower: Tower) -> str:
    """Return `from the input to the head`, or what else a ladder begins and ends with."""
    places = range(len(subject.columns.names))
    bottom = [place for place in places if tower.layers[place] == 0]
    top = [place for place in places if tower.layers[place] == tower.count - 1]
    holders = tree(subject.columns, places).holders()
    blocks = {place for holder in holders for block in holder.blocks.values() for place in block.members}
    begin, end = "the first block" if blocks.issuperset(bottom) else "the input", _end(subject, top, blocks)
    ends = "from the first block to the last" if (begin, end) == _BLOCKS else f"from {begin} to {end}"
    return "; ".join([ends, *_tied(subject, bottom)])


_BLOCKS = ("the first block", "the last block")


def _end(subject: Subject, top: Collection[int], blocks: Collection[int]) -> str:
    columns = subject.columns
    if any(is_head(columns.declared[place]) for place in top):
        return "the head"
    if any(place in blocks for place in top):
        return "the last block"
    if is_norm(columns, top):
        return "the final norm"
    module = _module([name.split(".") for name in columns.names], top)
    return "the output" if module is None or module.isdigit() else "the head" if module == "head" else module


def _module(names: Sequence[Sequence[str]], members: Collection[int]) -> str | None:
    """Return the name of the module that has just these parameters, the outermost if there are several."""
    first = next(names[place] for place in members)
    for length in range(1, len(first)):
        inside = [place for place, name in enumerate(names) if name[:length] == first[:length]]
        if inside == [*members]:
            return first[length - 1]
    return None


def _tied(subject: Subject, bottom: Collection[int]) -> list[str]:
    """Return a sentence for an embedding that is also the output head, and has the lowest rate as embedding."""
    columns = subject.columns
    tied = [columns.names[place] for place in bottom if {"embedding", "head"} <= {*(columns.declared[place] or ())}]
    return [f"{tied[0].removesuffix('.weight').rpartition('.')[2]} is the output head, too"] if tied else []
