"""Reads the values of live groups as a spec has them, and compares them: numbers for tensors, tuples for lists."""

from __future__ import annotations

import math
import sys
from typing import Any

_EXACT, _SINGLE = 1e-12, 1e-6
"""Relative tolerances for equal numbers: Python's own, and those of tensors and numpy in single precision."""

_PLAIN = {float, int, bool, str, type(None)}
"""The types of most values, which are as a spec has them."""


def plain_value(value: Any) -> Any:
    """Return a value as a spec has it; what no spec can have is returned as it is.

    A tensor or a number of numpy becomes the shortest number that it is read back from: 0.001, which in single
    precision is 0.0010000000474974513.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list | tuple):
        return tuple(map(plain_value, value))
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
    rounded = (float(f"{number:.{precision}g}") for precision in range(1, 17))
    return next((short for short in rounded if float(cast(short)) == number), number)


def is_plain(value: Any) -> bool:
    """Return whether a spec can have such a value as an option."""
    if isinstance(value, tuple):
        return bool(value) and all(map(is_number, value))
    if isinstance(value, str):
        return value.isprintable() and bool(value)
    return value is None or isinstance(value, bool) or is_number(value)


def is_tag(value: Any) -> bool:
    """Return whether a spec can have such a value as a tag."""
    return isinstance(value, bool | str) or is_number(value)


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def identical(one: Any, other: Any) -> bool:
    """Return whether two plain values are equal to the last digit; others are if they are one object."""
    return one is other or (_is_comparable(one) and _is_comparable(other) and bool(one == other))


def _is_comparable(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_comparable, value))
    return value is None or isinstance(value, bool | int | float | str)


def same(actual: Any, planned: Any) -> bool:
    """Return whether two values of a setting are equal; a list equals a tuple, and a tensor its number.

    True and 1 are two values.
    """
    one, other = plain_value(actual), plain_value(planned)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, actual, planned))
    if is_number(one) and is_number(other):
        tolerance = _EXACT if isinstance(actual, int | float) and isinstance(planned, int | float) else _SINGLE
        return math.isclose(one, other, rel_tol=tolerance)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def close(one: float, other: float) -> bool:
    """Return whether two factors of rates are equal, as far as a schedule that multiplies step by step is exact."""
    return math.isclose(one, other, rel_tol=_SINGLE, abs_tol=1e-9)
