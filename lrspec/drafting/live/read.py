"""Reads each parameter's settings from live optimizers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from lrspec.compiler.plan import Settings
from lrspec.compiler.settings import comparable
from lrspec.diagnostics.escape import printable
from lrspec.drafting.live.bases import Share, base_of
from lrspec.drafting.live.group_values import GroupsError, GroupValues, group_values
from lrspec.drafting.live.notes import omissions, remarks
from lrspec.drafting.wanted import Wanted
from lrspec.models.garbage import uncollected
from lrspec.models.inventory import Inventory
from lrspec.models.walk import walk
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.members import Member, Members, members_of
from lrspec.optim.live.optimizers import live_optimizers
from lrspec.optim.live.schedules import all_schedules
from lrspec.optim.live.values import identical
from lrspec.spec.language import ONLY, Optimizer
from lrspec.spec.torch_optim import FROM_TORCH, ONE_GROUP_ONLY

if TYPE_CHECKING:
    from torch import nn


class Reading(NamedTuple):
    """What every parameter gets; and, of the notes in it, those that say what a spec cannot."""

    wanted: Wanted
    omissions: tuple[str, ...]


def read(optimizer: Any, model: nn.Module, scheduler: Any = None) -> Reading:
    """Read what every parameter of a model gets from its optimizers, before any schedule.

    Raises:
        GroupsError: if no spec describes the groups.
        InventoryError: as `Inventory.from_model`.
        TypeError: for what is not a model, an optimizer or a scheduler.
    """
    with uncollected():
        parameters, schedules = walk(model), all_schedules(scheduler)
        optimizers = live_optimizers(optimizer, schedules)
        inventory = Inventory.of(model, parameters)
        if not inventory.columns.names:
            raise GroupsError(f"this {type(model).__name__} has no parameters")
        members = members_of(optimizers, inventory, parameters)
        if not members.trained():
            raise GroupsError(f"no optimizer has anything of this {type(model).__name__} to train{_why(members)}")
        used = _optimizers_in_use(members)
        values = {member: group_values(member, members.tags) for member in dict.fromkeys(members.trained().values())}
        bases = {each.name if len(used) > 1 else ONLY: base_of(each, _shares(each, members, values)) for each in used}
        settings = _settings(members, values, bases)
        missing = tuple(omissions(members, used, optimizer, schedules))
        notes = (*_merge_note(optimizers, settings), *remarks(members), *missing)
        return Reading(Wanted(inventory, settings, bases, notes=notes), missing)


def _optimizers_in_use(members: Members) -> list[LiveOptimizer]:
    """The optimizers that train something; GroupsError for a class that no spec may name."""
    training = {id(member.optimizer) for member in members.trained().values()}
    used = [each for each in members.optimizers if id(each) in training]
    for type_ in (each.signature.type for each in used):
        if type_ in ONE_GROUP_ONLY:
            raise GroupsError(f"{type_} does not take parameter groups, so that a spec cannot describe it")
        if type_.startswith(FROM_TORCH):
            raise GroupsError(f"{printable(type_)} is not an optimizer that lrspec knows")
    return used


def _why(members: Members) -> str:
    """Why nothing trains: it is frozen, or the optimizer is that of another model, such as a copy."""
    if not any(members.inventory.columns.trainable):
        return ": all of its parameters are frozen"
    return "" if members.groups else ": none of its parameters is in a group"


def _shares(optimizer: LiveOptimizer, members: Members, values: dict[Member, GroupValues]) -> list[Share]:
    columns = members.inventory.columns
    return [
        Share(values[member], math.prod(columns.shapes[place] or ()), "head" in (columns.declared[place] or ()))
        for place, member in members.trained().items()
        if member.optimizer is optimizer
    ]


def _settings(
    members: Members, values: dict[Member, GroupValues], bases: dict[str, Optimizer]
) -> list[Settings | None]:
    of_groups = {member: _group_settings(member, found, bases) for member, found in values.items()}
    settings: list[Settings | None] = [None] * len(members.inventory.columns.names)
    for place, member in members.trained().items():
        settings[place] = of_groups[member]
    return settings


def _group_settings(member: Member, found: GroupValues, bases: dict[str, Optimizer]) -> Settings:
    optimizer = member.optimizer
    base = bases.get(optimizer.name) or bases[ONLY]
    common = {**optimizer.signature.arguments, **base.options}
    options = {key: value for key, value in found.options.items() if not identical(value, common[key])}
    decay = None if base.weight_decay is None else found.decay or 0.0
    name = optimizer.name if list(bases) != [ONLY] else None
    return Settings(found.rate, decay, tuple(sorted(options.items())), name, tags=tuple(sorted(found.tags.items())))


def _merge_note(optimizers: list[LiveOptimizer], settings: list[Settings | None]) -> list[str]:
    groups, different = (
        sum(len(each.groups) for each in optimizers),
        len({(each, comparable(each.tags or ())) for each in settings if each}),
    )
    if not groups > different > 0:
        return []
    who = "The optimizer" if len(optimizers) == 1 else "The optimizers"
    which = "all with the same settings" if different == 1 else f"with {different:,} different settings"
    return [f"{who} had {groups:,} groups, {which}."]
