"""Numbers as people write them: equal but for rounding, and with as few digits as will do."""

from __future__ import annotations

import math
from collections.abc import Callable

from lrspec.diagnostics.wording import number

_EXACT = 1e-13
"""The relative difference up to which numbers are taken for one: several of them add up to less than 1e-12."""


def close(one: float, other: float) -> bool:
    """Return whether two numbers are equal but for rounding."""
    return math.isclose(one, other, rel_tol=_EXACT, abs_tol=0.0)


def shortest(value: float, enough: Callable[[float], bool] | None = None) -> float:
    """Return the number with the fewest digits that is near enough to a value: 0.1 for 0.09999999999999999."""
    enough = enough or (lambda rounded: close(rounded, value))
    candidates = (float(f"{value:.{precision}g}") for precision in range(1, 17))
    return next((rounded for rounded in candidates if enough(rounded)), value)


def digits(value: float) -> int:
    """Return how many digits a number has that count: 1 for 0.1 and 1e-5, 2 for 0.75."""
    return len(number(value).partition("e")[0].replace(".", "").strip("0")) or 1
