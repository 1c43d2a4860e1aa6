"""A literal reading of schedules, from the language's page alone: the factor of each step, segment by segment.

Times are fractions, so that a percentage is the exact decimal number that is written; factors are float64.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, cos, pi, sqrt
from typing import Any


def step_of(time: int | str, steps: int) -> int:
    """A number of steps, or the first step that is not before so many percent of all steps."""
    if isinstance(time, str):
        return ceil(Fraction(time.removesuffix("%")) * steps / 100)
    return time


def factor(schedule: list[dict[str, Any]], step: int, steps: int) -> float:
    """The factor of a schedule at a step of so many."""
    begin, before = 0, 1.0  # where the first segment begins; what it starts from if it does not say
    for segment in schedule:
        start = float(segment.get("from", before))
        end = max(step_of(segment["until"], steps) if "until" in segment else steps, begin)
        if begin <= step < end:
            return start if step == begin else _within(segment, start, begin, end, step)
        before = _at_the_end(segment, start, begin, end)
        begin = end
    return before


def _at_the_end(segment: dict[str, Any], start: float, begin: int, end: int) -> float:
    if segment.get("shape") == "inverse_sqrt":
        return _inverse_sqrt(start, begin, end)
    return float(segment.get("to", 1))


def _within(segment: dict[str, Any], f: float, begin: int, end: int, step: int) -> float:
    """The table of shapes; `f` is `from`, `t` is `to`, and `p` how much of the segment has passed."""
    shape, t, p = segment.get("shape", "linear"), float(segment.get("to", 1)), (step - begin) / (end - begin)
    if shape == "linear":
        return f + (t - f) * p
    if shape == "cosine":
        return t + (f - t) * (1 + cos(pi * p)) / 2
    if shape == "sqrt":
        return f + (t - f) * sqrt(p)
    if shape == "exponential":
        return float(f ** (1 - p) * t**p)
    if shape == "inverse_sqrt":
        return _inverse_sqrt(f, begin, step)
    return float(t + (f - t) * (1 - p) ** shape["power"])


def _inverse_sqrt(f: float, begin: int, step: int) -> float:
    return f * sqrt(max(begin, 1) / max(step, 1))
