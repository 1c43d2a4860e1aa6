"""The head of a model: what it declares, or else its last module, if that is outside of its body.

A pooler is body: that of BERT is pretrained, and `BertForSequenceClassification` has it below its `classifier`. So a
`BertModel` has no head, and a probe of it would train none. On a ladder its pooler is the last layer all the same, as
nothing comes after it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from lrspec.drafting.comments import DECLARED
from lrspec.drafting.depth.structure import is_head
from lrspec.drafting.depth.tree import Node, tree
from lrspec.drafting.recipes.recipe import RefusedError, Subject
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.selectors import selectors


@dataclass(frozen=True)
class Head:
    """The head of a model: its parameters, the selectors for them, and how it was found."""

    members: Collection[int]
    selectors: tuple[Selector, ...]
    comment: str


def head_of(subject: Subject) -> Head:
    """Return the head of a model; RefusedError if it has none, or one that is also its embedding."""
    columns = subject.columns
    named_head = [place for place, declared in enumerate(columns.declared) if "head" in (declared or ())]
    members = [place for place in named_head if is_head(columns.declared[place])]
    if members and len(members) == len(named_head):
        return Head(members, (Selector(declared=("head",)),), DECLARED)
    if members:
        return Head(members, selectors(columns, members), "the head, without what is also the embedding")
    if named_head:
        raise RefusedError(f"the model's head is its embedding ({columns.names[named_head[0]]}): {_INSTEAD}")
    several = len(subject.depth.towers) > 1
    last = None if several else _last_module(tree(columns, range(len(columns.names))))
    if last is None:
        raise RefusedError(f"the model has no head: it declares none, and none comes after its body: {_INSTEAD}")
    comment = "the last module: the model does not say which is its head"
    return Head(last.members, selectors(columns, last.members), comment)


_INSTEAD = "use layer-decay, or build the model with a head"


def _last_module(root: Node) -> Node | None:
    """Return the last module with a matrix, beside others and without blocks in it."""
    node = root
    while len(modules := [child for child in node.children.values() if child.children]) == 1 == len(node.children):
        node = modules[0]
    last = next((module for module in reversed(modules) if module.matrices), None)
    is_body = last is None or last.has_blocks or last is modules[0] or last.path[-1] in {"pooler", *node.blocks}
    return None if is_body else last


def head_rules(subject: Subject, head: Head, comment: str = "", **settings: Any) -> list[DraftRule]:
    """Return the rules that set something on a head, and train it if the model has frozen it."""
    if not any(subject.columns.trainable[place] for place in head.members):
        settings = {"freeze": False, **settings}
    values = tuple(settings.items())
    return [DraftRule("head", each, values, comment=comment or head.comment) for each in head.selectors]
