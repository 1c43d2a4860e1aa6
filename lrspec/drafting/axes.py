"""Rules for everything but the learning rate: what is frozen, the optimizer, weight decay and options."""

from __future__ import annotations

from typing import Any

from lrspec.drafting.cover import cover
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.wanted import Wanted


def freeze_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that freeze what is not to be trained, and train what the model has frozen."""
    columns = wanted.inventory.columns
    frozen = [index for index, settings in enumerate(wanted.settings) if settings is None]
    thawed = [i for i, settings in enumerate(wanted.settings) if settings is not None and not columns.trainable[i]]
    return [
        DraftRule(name, Selector(match=cover(columns.names, members)), (("freeze", value),))
        for name, members, value in (("frozen", frozen, True), ("thawed", thawed, False))
        if members
    ]


def optimizer_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters to other optimizers than the first."""
    names = wanted.inventory.columns.names
    members = {
        name: [place for place, settings in enumerate(wanted.settings) if settings and settings.optimizer == name]
        for name in list(wanted.bases)[1:]
    }
    return [
        DraftRule(name, Selector(match=cover(names, each)), (("optimizer", name),)) for name, each in members.items()
    ]


def decay_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters another weight decay than their optimizer's."""
    default, names = next(iter(wanted.bases)), wanted.inventory.columns.names
    places: dict[float, list[int]] = {}
    for index, settings in enumerate(wanted.settings):
        if settings is None or settings.weight_decay is None:
            continue
        if settings.weight_decay != wanted.bases[settings.optimizer or default].weight_decay:
            places.setdefault(settings.weight_decay, []).append(index)
    return [
        DraftRule(f"decay-{number}", Selector(match=cover(names, members)), (("weight_decay", decay),))
        for number, (decay, members) in enumerate(places.items(), 1)
    ]


def option_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters other options than their optimizer's."""
    places: dict[tuple[str, Any], list[int]] = {}
    for index, settings in enumerate(wanted.settings):
        for option in settings.options if settings else ():
            places.setdefault(option, []).append(index)
    names = wanted.inventory.columns.names
    return [
        DraftRule(f"option-{number}", Selector(match=cover(names, members)), (("options", {key: value}),))
        for number, ((key, value), members) in enumerate(places.items(), 1)
    ]
