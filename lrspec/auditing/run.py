"""Observes a training run as it is: a model's parameters, the groups of its optimizers, and their schedulers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from lrspec.auditing.finding import AuditFinding, finding
from lrspec.models.inventory import Inventory
from lrspec.models.walk import ModelParameters, walk
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.members import Member
from lrspec.optim.live.optimizers import live_optimizers
from lrspec.optim.live.schedules import Schedule, all_schedules

if TYPE_CHECKING:
    from torch import nn

    from lrspec.auditing.result import Audit


class Slot(NamedTuple):
    """A tensor in a group of an optimizer; `place` is its place in the model's inventory, None if it is not there."""

    optimizer: LiveOptimizer
    group: int
    tensor: Any
    place: int | None

    @property
    def keys(self) -> Any:
        """The group that it is in, with its settings."""
        return self.optimizer.groups[self.group]

    @property
    def label(self) -> str:
        """What to call the group: `group 3`, or `group 3 of `muon``."""
        return self.optimizer.label(self.group)


@dataclass(frozen=True, eq=False)
class Run:
    """A model that trains, its optimizers, and the schedules of its schedulers; nothing of it is changed.

    `tensors` are the model's parameters in the order of the inventory, each once; `slots` are all tensors in groups;
    `since` is an earlier audit, if there is one to compare with.
    """

    model: nn.Module
    parameters: ModelParameters
    inventory: Inventory
    tensors: list[Any]
    optimizers: Sequence[LiveOptimizer]
    schedules: Sequence[Schedule]
    slots: Sequence[Slot]
    since: Audit | None

    @cached_property
    def slots_of(self) -> dict[int, list[Slot]]:
        """The slots of each parameter that has any, by its place in the inventory, in the order of the groups."""
        found: dict[int, list[Slot]] = {}
        for slot in self.slots:
            if slot.place is not None:
                found.setdefault(slot.place, []).append(slot)
        return found

    @cached_property
    def places(self) -> dict[Member, list[int]]:
        """The places of the model's parameters in each group of each optimizer, in model order, each once."""
        found: dict[Member, set[int]] = {
            Member(optimizer, number): set() for optimizer in self.optimizers for number in range(len(optimizer.groups))
        }
        for slot in self.slots:
            if slot.place is not None:
                found[Member(slot.optimizer, slot.group)].add(slot.place)
        return {group: sorted(places) for group, places in found.items()}

    def places_in(self, optimizer: LiveOptimizer, numbers: Iterable[int]) -> list[int]:
        """Return the places of the parameters in some groups of an optimizer, in model order, each once."""
        return sorted({place for number in numbers for place in self.places[Member(optimizer, number)]})

    def trains(self, place: int) -> bool:
        """Return whether a parameter requires grad."""
        return self.inventory.columns.trainable[place]

    def finding(self, code: str, places: Iterable[int], message: str, advice: str) -> AuditFinding:
        """Make a finding about parameters of the model; a line lists the first of them, if there are any."""
        return finding(code, self.inventory.columns, sorted(set(places)), message, advice)


def observe(optimizer: Any, model: nn.Module, scheduler: Any, since: Audit | None) -> Run:
    """Observe a run; TypeError for what is not a model, an optimizer or a scheduler, InventoryError as `Inventory`."""
    parameters, schedules = walk(model), all_schedules(scheduler)
    optimizers = live_optimizers(optimizer, schedules)
    inventory = Inventory.of(model, parameters)
    unique = {id(tensor): tensor for tensor in parameters.tensors}
    places = {identity: place for place, identity in enumerate(unique)}
    slots = [
        Slot(each, number, tensor, places.get(id(tensor)))
        for each in optimizers
        for number, group in enumerate(each.groups)
        for tensor in group["params"]
    ]
    return Run(model, parameters, inventory, [*unique.values()], optimizers, schedules, slots, since)
