"""Merges rules that select the same parameters, and puts parts in the order of the model, as a person would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.targets import reached
from lrspec.drafting.selecting.unclaimed import Unclaimed
from lrspec.drafting.wanted import Wanted
from lrspec.models.parameters import Columns


def merge(wanted: Wanted, rules: Sequence[DraftRule]) -> list[DraftRule]:
    """Return the rules, each with the settings of later ones that select the same."""
    alike: dict[object, int] = {}
    result: list[DraftRule] = []
    for number, rule in enumerate(rules):
        same = _what_it_selects(wanted, rule)
        place = alike.setdefault(same, len(result)) if same is not None else len(result)
        others = [*result[:place], *result[place + 1 :], *rules[number + 1 :]]
        if place < len(result) and _may_take(wanted, result[place], rule, others):
            result[place] = _both(result[place], rule)
        else:
            result.append(rule)
    return result


def in_model_order(columns: Columns, rules: Sequence[DraftRule]) -> list[DraftRule]:
    """Return the rules; those for the rates of parts, side by side, are in the order of the model.

    Where no two have a parameter in common, their order means nothing.
    """
    result: list[DraftRule] = []
    for is_part, run in groupby(rules, _is_part):
        listed = [*run]
        found = [reached(columns, rule.selector) for rule in listed] if is_part else []
        if found and len(frozenset[int]().union(*found)) == sum(map(len, found)):
            by_place = sorted(zip(found, listed, strict=True), key=lambda each: min(each[0], default=0))
            listed = [rule for _, rule in by_place]
        result += listed
    return result


def _is_part(rule: DraftRule) -> bool:
    return bool({"lr", "lr_mult"} & {*dict(rule.settings)}) and not rule.fallback and not rule.selector.layers


def _what_it_selects(wanted: Wanted, rule: DraftRule) -> object:
    """What is equal for rules that may be one: the trained parameters."""
    if rule.fallback or rule.selector.layers or "freeze" in dict(rule.settings):
        return None
    if rule.selector == Selector():
        return rule.selector
    found = reached(wanted.inventory.columns, rule.selector)
    return frozenset(place for place in found if wanted.settings[place] is not None)


def _may_take(wanted: Wanted, rule: DraftRule, later: DraftRule, others: Sequence[DraftRule]) -> bool:
    """Return whether a rule may have the settings of another: none of its own, nor of a third that selects some of it.

    Rules for one thing share out what is frozen among them, so that no two of them select the same.
    """
    keys = {*dict(later.settings)}
    if keys & {*dict(rule.settings)}:
        return False
    if None not in wanted.settings or rule.selector == later.selector:
        return True
    claimed = Unclaimed(wanted.inventory.columns, reached(wanted.inventory.columns, rule.selector))
    before = len(claimed.places)
    for other in others:
        if keys & {*dict(other.settings)} and not other.fallback:
            claimed.claim(other.selector)
    return len(claimed.places) == before


def _both(rule: DraftRule, later: DraftRule) -> DraftRule:
    comment = "; ".join(dict.fromkeys(filter(None, (rule.comment, later.comment))))
    return replace(rule, settings=(*rule.settings, *later.settings), comment=comment)
