"""Finds the parameters of a model in the groups of its live optimizers, and what in them is not the model's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from lrspec.models.inventory import Inventory
from lrspec.models.walk import ModelParameters
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.spec.language import TAG_NAME
from lrspec.spec.torch_optim import NOT_TAGS

_MOST = 64
"""The values of a tag: a key that has more is what groups are called, and no loop reads it."""


class Member(NamedTuple):
    """A group of an optimizer, as the place of a parameter."""

    optimizer: LiveOptimizer
    group: int

    @property
    def label(self) -> str:
        """What to call it: `group 3`, or `group 3 of `muon``."""
        return self.optimizer.label(self.group)

    @property
    def keys(self) -> Mapping[str, Any]:
        """The group itself, with its settings."""
        return self.optimizer.groups[self.group]


@dataclass(frozen=True)
class Members:
    """The groups of the parameters of a model, by their places in its inventory; of two, the first counts.

    `again` has the other groups, and `strangers` have the shapes of tensors that the model does not have, by group.
    """

    optimizers: Sequence[LiveOptimizer]
    inventory: Inventory
    groups: dict[int, Member] = field(default_factory=dict)
    again: dict[int, Member] = field(default_factory=dict)
    strangers: dict[Member, list[list[int]]] = field(default_factory=dict)

    @cached_property
    def tags(self) -> frozenset[Any]:
        """The keys of groups that a spec may have as tags."""
        own = ([*each.signature.arguments, *each.defaults, *each.noted] for each in self.optimizers)
        taken = NOT_TAGS.union(*own)
        texts: dict[Any, set[str]] = {}
        for key, value in (item for each in self.optimizers for group in each.others for item in group.items()):
            texts.setdefault(key, set()).update([value] if isinstance(value, str) else ())
        free = (key for key in texts if isinstance(key, str) and TAG_NAME.fullmatch(key) and key not in taken)
        return frozenset(key for key in free if len(texts[key]) <= _MOST)

    def trained(self) -> dict[int, Member]:
        """Return the groups of what is in one and requires grad, in model order."""
        trainable = self.inventory.columns.trainable
        return {place: self.groups[place] for place in sorted(self.groups) if trainable[place]}

    def without_group(self) -> list[int]:
        """Return the places of what requires grad and is in no group."""
        return [place for place, on in enumerate(self.inventory.columns.trainable) if on and place not in self.groups]

    def frozen(self) -> list[int]:
        """Return the places of what is in a group and does not require grad."""
        return [place for place in sorted(self.groups) if not self.inventory.columns.trainable[place]]

    def empty(self) -> list[Member]:
        """Return the groups without any tensor."""
        return [
            Member(optimizer, number)
            for optimizer in self.optimizers
            for number, group in enumerate(optimizer.groups)
            if not len(group["params"])
        ]


def members_of(optimizers: Sequence[LiveOptimizer], inventory: Inventory, parameters: ModelParameters) -> Members:
    """Find the parameters of a model in the groups of its optimizers, by identity."""
    members = Members(optimizers, inventory)
    named = zip(parameters.names, parameters.tensors, strict=True)
    places = {id(tensor): inventory.index[name] for name, tensor in named}
    for member, tensor in _tensors(optimizers):
        place = places.get(id(tensor))
        if place is None:
            members.strangers.setdefault(member, []).append(list(getattr(tensor, "shape", ())))
        elif place in members.groups:
            members.again.setdefault(place, member)
        else:
            members.groups[place] = member
    return members


def _tensors(optimizers: Sequence[LiveOptimizer]) -> Iterator[tuple[Member, Any]]:
    for optimizer in optimizers:
        for number, group in enumerate(optimizer.groups):
            member = Member(optimizer, number)
            yield from ((member, tensor) for tensor in group["params"])
