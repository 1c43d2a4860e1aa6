"""Reads the values of live groups as a spec has them: numbers for tensors, tuples for lists."""

from __future__ import annotations

import math
from typing import Any

from lrspec.drafting.numbers import shortest

_PLAIN = {float, int, bool, str, type(None)}
"""The types of most values, which are as a spec has them."""


def plain_or_not(value: Any) -> Any:
    """Return a value of a group as a spec has it; what no spec can have is returned as it is.

    A tensor or a number of numpy becomes the shortest number that it is read back from: 0.001, which in single
    precision is 0.0010000000474974513.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list | tuple):
        return tuple(map(plain_or_not, value))
    for kind in (float, str, int):
        if isinstance(value, kind):
            return kind(value)  # of a subclass, too, such as numpy's float64
    if not hasattr(value, "tolist"):
        return value
    try:
        numbers = value.reshape(-1).tolist()
    except (RuntimeError, NotImplementedError):  # on the meta device there are none
        return value
    short = tuple(_shortest(value, number) for number in numbers)
    return short[0] if len(short) == 1 else short


def _shortest(value: Any, number: Any) -> Any:
    if not isinstance(number, float) or not math.isfinite(number):
        return number
    cast = getattr(value, "new_tensor", None) or value.dtype.type
    return shortest(number, lambda short: float(cast(short)) == number)


def is_plain(value: Any) -> bool:
    """Return whether a spec can have such a value as an option."""
    if isinstance(value, tuple):
        return bool(value) and all(is_number(item) for item in value)
    return value is None or isinstance(value, bool) or is_number(value) or (isinstance(value, str) and _is_text(value))


def _is_text(value: str) -> bool:
    return value.isprintable() and bool(value)


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def same_value(one: Any, other: Any) -> bool:
    """Return whether two values are the same; of what no spec can have, whether they are one object."""
    if one is other:
        return True
    return _comparable(one) and _comparable(other) and bool(one == other)


def _comparable(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_comparable, value))
    return value is None or isinstance(value, bool | int | float | str)
