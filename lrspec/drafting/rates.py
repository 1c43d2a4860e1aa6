"""Rules that give every parameter its learning rate: one rate, a few, a ladder, ladders, and factors on top."""

from __future__ import annotations

from lrspec.drafting.cover import cover
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.wanted import Wanted


def rate_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that decide the learning rates of all trained parameters."""
    places: dict[float, list[int]] = {}
    default = next(iter(wanted.bases))
    for index, settings in enumerate(wanted.settings):
        if settings is not None and settings.lr is not None:
            base = wanted.bases[settings.optimizer or default].lr or 1.0
            places.setdefault(settings.lr / base, []).append(index)
    names = wanted.inventory.columns.names
    return [
        DraftRule(f"rate-{number}", Selector(match=cover(names, members)), (("lr_mult", multiple),))
        for number, (multiple, members) in enumerate(places.items(), 1)
    ]
