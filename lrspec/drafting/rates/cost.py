"""The cost of rules: lines, regexes, and long numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from lrspec.drafting.rates.multiples import long_numbers
from lrspec.drafting.rules import DraftRule, Selector

LADDER = 5
"""The least that a ladder costs: a name, `layers`, a layer with its regex, and `layer_decay`."""

FACTOR = 4
"""The least that a factor costs, or a single rate: a name, a selector with its regex, and `lr_scale` or `lr_mult`."""

ONE_REGEX = 2
"""What it costs to select by one regex."""

_LISTED = re.compile(r"\|\d")
"""A number of those that a regex lists one by one, which are others in a deeper model: `(4|5|6)`."""

_ODD_TOP = 5
"""What a ladder costs more whose highest rate is a step of its own factor below 1: its last layer is elsewhere."""

_FLOOR = 2
"""What a ladder with a floor costs less: it carries over to a model with more layers, unlike a rate for the rest."""

_ODD_REST = 5
"""What a `fallback` beside a ladder costs more whose rate is not the optimizer's: it is part of the ladder's model."""


def cost(rules: Sequence[DraftRule]) -> int:
    """Return the number of lines, regexes and numbers listed, and two more for each number that nobody would type."""
    lines = sum(1 + rule.fallback + len(rule.settings) for rule in rules)
    beside = any(rule.selector.layers for rule in rules)
    odd = sum(rule.fallback and dict(rule.settings).get("lr_mult") != 1 for rule in rules) if beside else 0
    return lines + sum(map(_odd, rules)) + _ODD_REST * odd + selecting(rules)


def selecting(rules: Sequence[DraftRule]) -> int:
    """Return what the selectors of rules cost."""
    return sum(_selecting(rule.selector) for rule in rules)


def _selecting(selector: Selector) -> int:
    where = selector.ndim or selector.module or selector.declared
    keys = sum(map(bool, (selector.match, selector.layers, selector.exclude, where)))
    texts = list(_texts(selector))
    return keys + len(selector.layers) + len(texts) + sum(len(_LISTED.findall(text)) for text in texts)


def _texts(selector: Selector) -> Iterator[str]:
    yield from (*selector.match, *selector.exclude, *([selector.module] if selector.module else []))
    yield from (regex for entry in selector.layers for regex in entry.regexes)


def _odd(rule: DraftRule) -> int:
    """The lines that numbers are worth which nobody would type, or which carry over to other models, or to none."""
    settings = dict(rule.settings)
    decay, top = settings.get("layer_decay"), settings.get("lr_mult")
    parts = decay if isinstance(decay, dict) else {"factor": decay}
    factor = parts.get("factor")
    steps = [math.isclose(top, factor**step) for step in (1, 2, 3)] if factor and top else []
    floor = _FLOOR if "min_mult" in parts else 0
    return 2 * long_numbers(settings.values()) + (_ODD_TOP if any(steps) else 0) - floor
