"""Rules that train the last layers of a model alone: a ladder with `freeze: {but_last: N}`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from lrspec.compiler.plan import Settings
from lrspec.drafting.components import Component, split
from lrspec.drafting.ladder.ladder import ladder
from lrspec.drafting.ladder.name_tree import number_key
from lrspec.drafting.rates.rates import rate_rules
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.wanted import Wanted

_Block: TypeAlias = tuple[tuple[int, str], ...]
"""The numbers of a block, in numeric order."""


def ladder_but_last(wanted: Wanted, rates: Sequence[DraftRule]) -> list[DraftRule]:
    """Return rules for rates whose only ladder goes on through what is frozen, and freezes it; none if it does not."""
    decays = [dict(rule.settings)["layer_decay"] for rule in rates if rule.selector.layers]
    steps = _steps_below(wanted)
    if len(decays) != 1 or isinstance(decays[0], dict) or not steps:
        return []
    values = [settings.lr for settings in wanted.settings if settings is not None and settings.lr]
    lowest, top = min(values), max(values)
    below = {place: Settings(lowest * decays[0] ** step, None, ()) for place, step in steps.items()}
    rules = rate_rules(replace(wanted, settings=[s or below[place] for place, s in enumerate(wanted.settings)]))
    freeze = ("freeze", {"but_last": round(math.log(lowest / top) / math.log(decays[0])) + 1})
    thawing = [replace(rule, settings=(*rule.settings, freeze)) if rule.selector.layers else rule for rule in rules]
    return thawing if sum(bool(rule.selector.layers) for rule in rules) == 1 else []


def blocks_but_last(wanted: Wanted) -> DraftRule | None:
    """Return the rule that freezes all blocks of a model but the last; None if there are no such blocks."""
    columns, blocks = wanted.inventory.columns, _blocks(wanted)
    order = {numbers: layer for layer, numbers in enumerate(sorted(set(blocks.values())))}
    layers = [order[blocks[place]] if place in blocks else None for place in range(len(columns.names))]
    last = {numbers for place, numbers in blocks.items() if wanted.settings[place] is not None}
    freeze = (("freeze", {"but_last": len(last)}),)
    return DraftRule("blocks", Selector(layers=ladder(columns, layers)), freeze) if blocks else None


def _steps_below(wanted: Wanted) -> dict[int, int]:
    """How many layers what is frozen is below what trains: a block each, and what is before all blocks."""
    blocks = _blocks(wanted)
    frozen = [place for place, settings in enumerate(wanted.settings) if settings is None]
    numbers = sorted({blocks[place] for place in frozen if place in blocks}, reverse=True)
    steps = {block: step for step, block in enumerate(numbers, 1)}
    return {place: steps[blocks[place]] if place in blocks else len(steps) + 1 for place in frozen}


def _blocks(wanted: Wanted) -> dict[int, _Block]:
    """The numbers of the blocks of which the last train; none if there are no such blocks."""
    found: dict[tuple[Component, ...], dict[int, _Block]] = {}
    for place, name in enumerate(wanted.inventory.columns.names if None in wanted.settings else ()):
        components, numbers = split(name)
        for depth in range(1, len(components)):
            path = components[:depth]
            count = sum(len(component) - 1 for component in path)
            if len(path[-1]) > 1:
                found.setdefault(path, {})[place] = tuple(number_key(numbers[:count]))
    for blocks in found.values():
        frozen = {numbers for place, numbers in blocks.items() if wanted.settings[place] is None}
        trained = {numbers for place, numbers in blocks.items() if wanted.settings[place] is not None}
        if frozen and trained and max(frozen) < min(trained):
            return blocks
    return {}
