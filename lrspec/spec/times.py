"""Times in a run: a number of optimizer steps, or a percentage of all steps, computed exactly."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

TIME = r"^(?=.*[1-9])0*(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)%(?![\s\S])"
"""A percentage as text, above 0 % and up to 100 %, for a JSON Schema."""

_PERCENTAGE = re.compile(r"([0-9]{1,100}(?:\.[0-9]{1,100})?)%")


@dataclass(frozen=True, slots=True)
class Time:
    """A time: `amount` steps, or percent of all steps."""

    amount: Fraction
    is_percentage: bool = False

    @classmethod
    def of(cls, value: int | str) -> Time:
        """Return the time that a spec writes as a whole number or as text."""
        return cls(Fraction(value[:-1]), True) if isinstance(value, str) else cls(Fraction(value))

    def after(self, other: Time, times: int) -> Time:
        """Return the time that comes `times` times this one after another of the same kind."""
        return Time(other.amount + times * self.amount, self.is_percentage)

    def step(self, steps: int | None) -> int:
        """Return the first step that is not before it: `ceil(steps * percent / 100)`; ValueError without `steps`."""
        if not self.is_percentage:
            return int(self.amount)
        if steps is None:
            raise ValueError(f"pass the number of all steps: the plan has times in percent ({self.value})")
        return math.ceil(self.amount * steps / 100)

    def __str__(self) -> str:
        return f"{{until: {self.value}}}"

    @property
    def value(self) -> int | str:
        """The time as a spec writes it, a percentage in its shortest form."""
        if not self.is_percentage:
            return int(self.amount)
        whole, rest, digits = int(self.amount), self.amount % 1, ""
        while rest:
            digits, rest = f"{digits}{int(rest * 10)}", rest * 10 % 1
        return f"{whole}.{digits}%" if digits else f"{whole}%"


def is_time(value: Any) -> bool:
    """Return whether a value of a spec is a time: a whole number from 1, or a percentage above 0 up to 100."""
    if isinstance(value, str):
        percent = _PERCENTAGE.fullmatch(value)
        return percent is not None and 0 < Fraction(percent[1]) <= 100
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def whole(value: Any, name: str, least: int) -> int:
    """Return a number of steps; ValueError if it is not a whole number of at least `least`."""
    try:
        number = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = -1
    if number < least:
        raise ValueError(f"{name}: expected a whole number of at least {least}, found {value!r}")
    return number
