"""How messages name parameters, values and axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lrspec.diagnostics.escape import printable

SHOWN = 5
"""How many parameters a message names before it counts the rest."""


def number(value: float) -> str:
    """A number in the shortest form that reads back to it: `0.1`, `1`, `1e-5`."""
    shortest = repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return re.sub(r"e([-+])0", r"e\1", shortest).replace("e+", "e")


def value_words(value: Any) -> str:
    """The value of a setting as a spec would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(value_words(item) for item in value)}]"
    if value is None:
        return "null"
    return number(value) if isinstance(value, int | float) else f"'{printable(str(value))}'"


def two_values(one: Any, other: Any) -> tuple[str, str]:
    """Two settings that differ, in six digits where these tell them apart: a product of settings may have sixteen."""
    short = _rounded(one), _rounded(other)
    return short if short[0] != short[1] else (value_words(one), value_words(other))


def _rounded(value: Any) -> str:
    return value_words(float(f"{value:.6g}") if isinstance(value, float) else value)


def count(things: int, noun: str) -> str:
    """`1 parameter`, `62 parameters`."""
    return f"{things:,} {noun}" if things == 1 else f"{things:,} {noun}s"


def few(words: Sequence[str], most: int = 8) -> str:
    """The first few of some words, and how many more there are."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(printable(word) for word in words[:most]) + more
