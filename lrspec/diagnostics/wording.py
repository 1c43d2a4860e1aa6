"""Numbers, values, counts and lists as messages write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lrspec.diagnostics.escape import printable

SHOWN = 5
"""The number of parameters that a message names before it counts the rest."""


def number(value: float) -> str:
    """A number in the shortest form that is read back as the same number: `0.1`, `1`, `1e-5`."""
    shortest = repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return re.sub(r"e([-+])0", r"e\1", shortest).replace("e+", "e")


def six_digits(value: Any) -> str:
    """A value as `value_words` writes it; of a float six digits, which tell any two layers of a ladder apart."""
    return value_words(float(f"{value:.6g}") if isinstance(value, float) else value)


def value_words(value: Any) -> str:
    """The value of a setting as it is written in a spec."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(value_words(item) for item in value)}]"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return number(value)
    return f"'{printable(value)}'" if isinstance(value, str) else printable(str(value))


def two_values(one: Any, other: Any) -> tuple[str, str]:
    """Two different values, rounded to six digits unless that makes them equal: a product may have sixteen."""
    rounded = six_digits(one), six_digits(other)
    return rounded if rounded[0] != rounded[1] else (value_words(one), value_words(other))


def count(things: int, noun: str) -> str:
    """`1 parameter`, `62 parameters`."""
    return f"{things:,} {noun}" if things == 1 else f"{things:,} {noun}s"


def few(words: Sequence[str], most: int = 8) -> str:
    """The first `most` words as a list, and the number of the others."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(printable(word) for word in words[:most]) + more
