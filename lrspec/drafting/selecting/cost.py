"""What selectors cost, and rules: how much there is to read in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lrspec.drafting.rules import DraftRule, Selector

ALL = Selector(match=(r"^.+$",))
"""Selects every parameter."""

_LONG = 70  # characters of a regex that count as one more
_LISTED = re.compile(r"\|\d")  # a number of those that a regex lists one by one
_DISGUISED = re.compile(r"\\\.\(\?:(?:weight\|bias|bias\|weight)\)\$$")  # what is to be excluded has another ending
_LAST_RESORT = 8  # what all but some is to be read as: the next model will have more that should not be in it


def cost_of_rules(rules: Iterable[DraftRule]) -> int:
    """Return how much there is to read in rules: two lines each, with what they select."""
    return sum(2 + cost((rule.selector,)) + len(rule.selector.layers) for rule in rules)


def cost(selectors: Iterable[Selector]) -> int:
    """Return how much there is to read in selectors: each regex, each number listed in one, and each key of `where`."""
    total = 0
    for selector in selectors:
        total += bool(selector.ndim) + bool(selector.module) + bool(selector.declared)
        total += _LAST_RESORT * (selector.match == ALL.match and bool(selector.exclude))
        for regex in (*selector.match, *selector.exclude):
            total += 2 * (_DISGUISED.search(regex) is not None)
            total += 1 + len(regex) // _LONG + len(_LISTED.findall(regex))
    return total
