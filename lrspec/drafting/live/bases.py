"""Finds what the groups of a live optimizer have in common: the values under `optimizer`, which rules depart from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lrspec.drafting.live.group_values import GroupValues
from lrspec.drafting.numbers import shortest
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.values import identical, is_number, is_plain, plain_value
from lrspec.spec.language import Optimizer

_OF_THE_DEFAULT = "corrected_weight_decay"
"""The option of timm's optimizers by which weight decay depends on the rate that the optimizer was made with."""

_FEW = 3
"""The most rates that are parts of a model, each at its own; more than that are the layers of a ladder."""

_LEAST = 0.01
"""The least number that people multiply a rate by."""


class Share(NamedTuple):
    """A parameter that an optimizer trains: the values of its group, its elements, and whether it is of the head."""

    values: GroupValues
    elements: int
    is_head: bool


def base_of(optimizer: LiveOptimizer, shares: list[Share]) -> Optimizer:
    """Return what the groups of an optimizer start from, given the parameters that it trains."""
    type_, arguments = optimizer.signature
    own = {key: plain_value(value) for key, value in optimizer.defaults.items()}
    given = not identical(own.get("lr"), arguments.get("lr"))
    decays = _count_elements((share.values.decay, share.elements) for share in shares if share.values.decay is not None)
    return Optimizer(
        type=type_,
        lr=shortest(_rate(own.get("lr"), given, shares)),
        weight_decay=base_decay(own.get("weight_decay"), arguments.get("weight_decay", 0.0), decays),
        **_options(own, arguments, shares),
    )


def _rate(default: Any, given: bool, shares: list[Share]) -> float:
    if is_number(default) and any(share.values.options.get(_OF_THE_DEFAULT) for share in shares):
        return float(default)
    heads = {share.values.rate for share in shares if share.is_head}
    head = heads.pop() if len(heads) == 1 else None
    return base_rate(default, given, _count_elements((share.values.rate, share.elements) for share in shares), head)


def _options(own: Mapping[str, Any], arguments: Mapping[str, Any], shares: list[Share]) -> dict[str, Any]:
    """The options that all groups have, as far as they are not the class's defaults."""
    values: dict[str, Any] = {}
    for key in (key for key in arguments if all(key in share.values.options for share in shares)):
        elements = _count_elements((share.values.options[key], share.elements) for share in shares)
        value = base_option(own.get(key), elements)
        if not identical(value, arguments[key]):
            values[key] = value
    return values


def _count_elements(pairs: Iterable[tuple[Any, int]]) -> Counter[Any]:
    """The elements that have each value."""
    counter: Counter[Any] = Counter()
    for value, elements in pairs:
        counter[value] += elements
    return counter


def base_rate(default: Any, given: bool, elements: Mapping[float, int], head: float | None) -> float:
    """Return the rate that multiples are of: the only one, or one of several.

    It is the one that the optimizer was made with if all others are 0, if groups have it, or if it was `given` and the
    others are short multiples of it. Otherwise it is that of the head, if that has one; the highest of a ladder; or
    that of the most elements, which `elements` counts by rate.
    """
    if is_number(default) and default > 0 and not any(elements):
        return float(default)  # torch's SparseAdam, for one, is not made with 0
    if len(elements) > 1 and is_number(default) and default > 0:
        is_there = any(math.isclose(rate, default, rel_tol=1e-12) for rate in elements)
        if is_there or (given and all(_is_short(rate / default) for rate in elements)):
            return float(default)
    if head:
        return head
    positive = {rate: number for rate, number in elements.items() if rate} or dict(elements)
    return max(positive, key=positive.__getitem__ if len(positive) <= _FEW else None)


def _is_short(multiple: float) -> bool:
    """Return whether people multiply by a number: by 0.05, but not by 1e-4 or 2000, which are rates in disguise."""
    return float(f"{multiple:.3g}") == float(f"{multiple:.12g}") and (not multiple or _LEAST <= multiple <= 1 / _LEAST)


def base_decay(own: Any, default: Any, elements: Mapping[float, int]) -> float | None:
    """Return the weight decay that groups have unless a rule says otherwise; None if none has any.

    An optimizer made with 0 has groups to which somebody has given theirs: what most elements have counts, as elsewhere
    if no group has the optimizer's.
    """
    if not elements or (default == 0 and set(elements) == {0}):
        return None
    own = shortest(float(own)) if is_number(own) else own
    return own if own and own in elements else max(elements, key=elements.__getitem__)


def base_option(own: Any, elements: Mapping[Any, int]) -> Any:
    """Return the value of an option that groups have unless a rule says otherwise: the optimizer's, or the most."""
    return own if is_plain(own) and own in elements else max(elements, key=elements.__getitem__)
