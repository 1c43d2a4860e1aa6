"""Rules for everything but the learning rate: what is frozen, the optimizer, weight decay and options."""

from __future__ import annotations

from lrspec.drafting.cover import cover
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting import selectors
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
    return []


def decay_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters another weight decay than their optimizer's."""
    default = next(iter(wanted.bases))
    places: dict[float, list[int]] = {}
    for index, settings in enumerate(wanted.settings):
        if settings is None or settings.weight_decay is None:
            continue
        if settings.weight_decay != wanted.bases[settings.optimizer or default].weight_decay:
            places.setdefault(settings.weight_decay, []).append(index)
    frozen = [index for index, settings in enumerate(wanted.settings) if settings is None]
    return [
        DraftRule(f"decay-{number}", selector, (("weight_decay", decay),))
        for number, (selector, decay) in enumerate(
            [
                (s, d)
                for d, members in places.items()
                for s in selectors(wanted.inventory.columns, members, frozen, decay=True)
            ],
            1,
        )
    ]


def option_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters other options than their optimizer's."""
    return []
