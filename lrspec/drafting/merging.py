"""Merges rules that select the same parameters, as a person would write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.targets import reached
from lrspec.drafting.wanted import Wanted


def merge(wanted: Wanted, rules: Sequence[DraftRule]) -> list[DraftRule]:
    """Return the rules, each with the settings of later ones that select the same."""
    alike: dict[object, int] = {}
    result: list[DraftRule] = []
    for rule in rules:
        same = _what_it_selects(wanted, rule)
        place = alike.setdefault(same, len(result)) if same is not None else len(result)
        if place < len(result) and not {*dict(result[place].settings)} & {*dict(rule.settings)}:
            result[place] = _both(result[place], rule)
        else:
            result.append(rule)
    return result


def _what_it_selects(wanted: Wanted, rule: DraftRule) -> object:
    """What is equal for rules that may be one: the trained parameters, where nothing is frozen, else the selector.

    Rules for one thing share out what is frozen among them, so no other selector will do for a rule then.
    """
    if rule.fallback or rule.selector.layers or "freeze" in dict(rule.settings):
        return None
    if None in wanted.settings or rule.selector == Selector():
        return rule.selector
    return reached(wanted.inventory.columns, rule.selector)


def _both(rule: DraftRule, later: DraftRule) -> DraftRule:
    comment = "; ".join(dict.fromkeys(filter(None, (rule.comment, later.comment))))
    return replace(rule, settings=(*rule.settings, *later.settings), comment=comment)
