"""Reads the values of live groups as a spec has them, and compares them: numbers for tensors, tuples for lists."""

from __future__ import annotations

import math
from typing import Any

_EXACT, _SINGLE = 1e-12, 1e-6
"""Relative tolerances for equal numbers: Python's own, and those of tensors and numpy in single precision."""


def plain_value(value: Any) -> Any:
    """Convert a value to one that can be compared and printed; a tensor with one element becomes a number."""
    if hasattr(value, "tolist"):
        numbers = value.reshape(-1).tolist()
        return numbers[0] if len(numbers) == 1 else tuple(numbers)
    return tuple(map(plain_value, value)) if isinstance(value, list | tuple) else value


def same(actual: Any, planned: Any) -> bool:
    """Return whether two values of a setting are equal; a list equals a tuple, and a tensor its number.

    True and 1 are two values.
    """
    one, other = plain_value(actual), plain_value(planned)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, actual, planned))
    if _is_number(one) and _is_number(other):
        tolerance = _EXACT if isinstance(actual, int | float) and isinstance(planned, int | float) else _SINGLE
        return math.isclose(one, other, rel_tol=tolerance)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def close(one: float, other: float) -> bool:
    """Return whether two factors of rates are equal, as far as a schedule that multiplies step by step is exact."""
    return math.isclose(one, other, rel_tol=_SINGLE, abs_tol=1e-9)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
