"""The multipliers of rates and of weight decay that groups have under keys of their own, such as `lr_scale`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.values import is_number, plain_value

_MULTIPLIER = re.compile(
    r"(?:(?P<lr>lr|learning_rate)|(?P<weight_decay>wd|weight_decay|decay))"
    r"_?(?:scale|mul|mult|multi|multiplier|factor|ratio|coeff?)"
)


@lru_cache
def multiplied(key: Any) -> str:
    """Return what a key of groups multiplies by its name, `lr` or `weight_decay`; empty if it is no multiplier."""
    found = _MULTIPLIER.fullmatch(key) if isinstance(key, str) else None
    return (found and found.lastgroup) or ""


def factor(optimizer: LiveOptimizer, number: int, key: str) -> float:
    """Return a multiplier in a group; 1 if it has none."""
    value = plain_value(optimizer.groups[number].get(key, 1.0))
    return float(value) if is_number(value) else 1.0
