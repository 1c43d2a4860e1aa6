"""The plainest rules: one for each of the different settings, which lists its parameters by name."""

from __future__ import annotations

from typing import Any

from lrspec.compiler.plan import Settings
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.regexes import escaped
from lrspec.drafting.wanted import Wanted


def plain_rules(wanted: Wanted) -> list[DraftRule]:
    """Return rules in which nothing is clever: for when others turn out not to say what is wanted."""
    columns = wanted.inventory.columns
    members: dict[str, list[int]] = {}
    for place, settings in enumerate(wanted.settings):
        members.setdefault(f"{settings!r} {columns.trainable[place]}", []).append(place)
    rules = []
    for places in members.values():
        listed = tuple(f"^{escaped(columns.names[place])}$" for place in places)
        thawed = [] if columns.trainable[places[0]] else [("freeze", False)]
        settings = wanted.settings[places[0]]
        keys = [*thawed, *_keys(wanted, settings)] if settings else [("freeze", True)]
        rules.append(DraftRule("listed", Selector(match=listed), tuple(keys)))
    return rules


def _keys(wanted: Wanted, settings: Settings) -> list[tuple[str, Any]]:
    default = next(iter(wanted.bases))
    base = wanted.bases[settings.optimizer or default].options
    options = {key: list(value) if isinstance(value, tuple) else value for key, value in settings.options}
    keys = {
        "optimizer": settings.optimizer if settings.optimizer != default else None,
        "lr": settings.lr,
        "weight_decay": settings.weight_decay,
        "options": {key: value for key, value in options.items() if key not in base or base[key] != value},
        "tags": dict(settings.tags or ()),
    }
    return [(key, value) for key, value in keys.items() if value not in (None, {})]
