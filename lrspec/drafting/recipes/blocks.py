"""`blocks`: a ladder by top-level module, as in the examples: what comes first in a name is a layer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lrspec.drafting.depth.tree import Node, is_norm, tree
from lrspec.drafting.ladder.ladder import ladder
from lrspec.drafting.recipes.no_decay import exempt
from lrspec.drafting.recipes.recipe import Choices, RefusedError, Sketch, Subject, fine_tuning
from lrspec.drafting.rules import DraftRule, Entry, Selector
from lrspec.models.parameters import Columns

_NOTE = "A layer per top-level module: the learning rate falls from each to the one before it."
_MOST = 0.9
"""The share of all parameters above which a top-level module is opened: `bert`, beside a `classifier`."""
_WORD = re.compile(r"([A-Za-z_]\w*)\.")
"""A module that is no number, as the items of a sequence are."""


def sketch(subject: Subject, choices: Choices) -> Sketch:
    """Return a ladder with a layer per top-level module; its factor is 0.9, as in the example `resnet18-blocks`."""
    base = fine_tuning(subject, choices)
    if len(subject.depth.towers) > 1:
        towers = " and ".join(tower.name for tower in subject.depth.towers)
        raise RefusedError(f"the model has several towers, {towers}: use layer-decay, which gives each a ladder")
    nodes = _modules(tree(subject.columns, range(len(subject.columns.names))))
    modules = _joined(subject.columns, nodes)
    if len(modules) < 2:
        raise RefusedError("the model has only one top-level module: use layer-decay, which looks inside")
    layer_of = {place: layer for layer, members in enumerate(modules) for place in members}
    layers = [layer_of[place] for place in range(len(layer_of))]
    factor = (("layer_decay", choices.layer_decay or 0.9),)
    selector = Selector(layers=_entries(subject.columns, layers))
    rule = DraftRule("block", selector, factor, comment=_comment(nodes))
    return Sketch({"optimizer": base}, [rule, *exempt(subject, [base])], _NOTE, layers)


def _entries(columns: Columns, layers: Sequence[int]) -> tuple[Entry, ...]:
    """Return one entry if the first component of each name is its layer, as in the examples, or else a ladder."""
    found = {(word[1] if (word := _WORD.match(name)) else "", layers[place]) for place, name in columns.all_names()}
    words = {word for word, _ in found}
    is_layer = "" not in words and len(found) == len(words) == len({*layers})
    return (Entry((r"^(\w+)\.",)),) if is_layer else ladder(columns, layers)


def _modules(root: Node) -> list[Node]:
    """Return the top-level modules, and parameters that stand beside them; of a module that is nearly all, its own."""
    found = [*root.children.values()]
    while big := next((node for node in found if len(node.members) > _MOST * len(root.members)), None):
        inside = [*big.children.values()]
        if big.items or not any(node.children for node in inside):
            break
        at = found.index(big)
        found[at : at + 1] = inside
    return found


def _comment(nodes: Sequence[Node]) -> str:
    is_one = sum(node.has_blocks for node in nodes) == 1
    return "all blocks are one layer: layer-decay has one for each" if is_one else "in the order of the model"


def _joined(columns: Columns, nodes: Sequence[Node]) -> list[list[int]]:
    """Return the members of each layer: a module, and what joins it.

    A norm after a convolution or the like goes with it; a parameter beside modules with the next, or else the last.
    """
    layers, loose = list[list[int]](), list[int]()
    for before, node in zip([None, *nodes], nodes, strict=False):
        if before is not None and before.children and before.matrices == 1 and is_norm(columns, node.members):
            layers[-1] += node.members
        elif node.children:
            layers.append([*loose, *node.members])
            loose = []
        else:
            loose += node.members
    if layers:
        layers[-1] += loose
    return layers
