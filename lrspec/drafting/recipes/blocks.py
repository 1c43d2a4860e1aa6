"""`blocks`: a ladder by top-level module, as in the examples: what comes first in a name is a layer."""

from __future__ import annotations

import re

from lrspec.drafting.depth.tree import Node, tree
from lrspec.drafting.recipes.no_decay import exempt
from lrspec.drafting.recipes.recipe import Numbers, Part, RefusedError, Sketch, Subject, fine_tuning
from lrspec.drafting.rules import DraftRule, Entry, Selector

_NOTE = "A layer per top-level module: the learning rate falls from each to the one before it."
_MOST = 0.9
"""The share of all parameters above which a top-level module is opened: `bert`, beside a `classifier`."""


def parts(subject: Subject, numbers: Numbers) -> Sketch:
    """Return a ladder with a layer per top-level module; its factor is 0.9, as in the example `resnet18-blocks`."""
    base = fine_tuning(subject, numbers)
    if len(subject.depth.towers) > 1:
        towers = " and ".join(tower.name for tower in subject.depth.towers)
        raise RefusedError(f"the model has several towers, {towers}: use layer-decay, which gives each a ladder")
    root = tree(subject.columns, range(len(subject.columns.names)))
    entries, modules = _entries(root)
    if len(modules) < 2:
        raise RefusedError("the model has only one top-level module: use layer-decay, which looks inside")
    layers: list[int | None] = [None] * len(subject.columns.names)
    for layer, module in enumerate(modules):
        for place in module.members:
            layers[place] = layer
    factor = (("layer_decay", numbers.layer_decay or 0.9),)
    rule = DraftRule("block", Selector(layers=entries), factor, comment="in the order of the model")
    ladder = Part(rule, range(len(layers)), layers)
    return Sketch({"optimizer": base}, [ladder, *exempt(subject, [base])], (_NOTE,))


def _entries(root: Node) -> tuple[tuple[Entry, ...], list[Node]]:
    """Return the entries of the ladder, and the modules that are its layers."""
    opened = root
    while big := next((c for c in opened.children.values() if len(c.members) > _MOST * len(root.members)), None):
        if not big.children or big.items or any(child.children == {} for child in big.children.values()):
            break
        opened = big
    prefix = "".join(re.escape(part) + r"\." for part in opened.path)
    entry = Entry((f"^{prefix}(\\w+)" + ("" if _has_loose(opened) else r"\."),))
    return _around(root, opened, entry)


def _has_loose(node: Node) -> bool:
    return any(not child.children for child in node.children.values())


def _around(node: Node, opened: Node, entry: Entry) -> tuple[tuple[Entry, ...], list[Node]]:
    """Return the entries of a module with an opened one in it, and their modules."""
    if node is opened:
        return (entry,), [*node.children.values()]
    entries, modules = list[Entry](), list[Node]()
    for child in node.children.values():
        if opened.path[: len(child.path)] == child.path:
            inside = _around(child, opened, entry)
            entries += inside[0]
            modules += inside[1]
        else:
            entries.append(Entry((f"^{re.escape('.'.join(child.path))}" + (r"\." if child.children else "$"),)))
            modules.append(child)
    return tuple(entries), modules
