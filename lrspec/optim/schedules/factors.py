"""The factor of a schedule as a function of the step alone, in float64."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from lrspec.spec.language import Power, Segment
from lrspec.spec.times import Time


class TimedSegment(NamedTuple):
    """A segment in a run: it holds for `begin <= step < end`, and goes from the factor `first` to `last`."""

    begin: int
    end: int
    first: float
    last: float
    shape: str | Power

    def factor(self, step: int) -> float:
        """Return the factor at a step: exactly `first` at the beginning, and `last` from the end on."""
        if step <= self.begin or step >= self.end:
            return self.last if step >= self.end else self.first
        f, t, p = self.first, self.last, (step - self.begin) / (self.end - self.begin)
        if isinstance(self.shape, Power):
            return float(t + (f - t) * (1 - p) ** self.shape.power)
        match self.shape:
            case "cosine":
                return t + (f - t) * (1 + math.cos(math.pi * p)) / 2
            case "sqrt":
                return f + (t - f) * math.sqrt(p)
            case "exponential":
                return float(f ** (1 - p) * t**p)
            case "inverse_sqrt":
                return _inverse_sqrt(f, self.begin, step)
        return f + (t - f) * p


Course: TypeAlias = tuple[TimedSegment, ...]
"""A schedule in a run of so many steps."""


def timed(schedule: Iterable[Segment], steps: int) -> Course:
    """Return a schedule in a run of `steps`: times are steps, and every segment has both of its factors."""
    course: list[TimedSegment] = []
    begin, first = 0, 1.0
    for segment in schedule:
        end = max(begin, _end(segment, steps))
        first = first if segment.begins is None else segment.begins
        last = 1.0 if segment.to is None else segment.to
        if segment.shape == "inverse_sqrt":
            last = _inverse_sqrt(first, begin, end)
        course.append(TimedSegment(begin, end, first, last, segment.shape))
        begin, first = end, last
    return tuple(course)


def factor(course: Course, step: int) -> float:
    """Return the factor of a schedule at a step; after its end, its end value."""
    return next((segment for segment in course if step < segment.end), course[-1]).factor(step)


def unlike_written(schedule: Iterable[Segment], steps: int) -> Iterator[str]:
    """The segments that a run of `steps` leaves out or cuts off, in words with their numbers."""
    for number, (segment, made) in enumerate(zip(schedule, timed(schedule, steps), strict=True), 1):
        written = "" if segment.until is None else f" (`until: {segment.until}`)"
        if made.begin >= min(made.end, steps):
            end = _end(segment, steps)
            yield f"segment {number} is empty: it begins at step {made.begin:,} and would end at step {end:,}{written}"
        elif made.end > steps:
            yield f"segment {number} is cut off: it ends at step {made.end:,}{written}"


def _end(segment: Segment, steps: int) -> int:
    return steps if segment.until is None else Time.of(segment.until).step(steps)


def _inverse_sqrt(first: float, begin: int, step: int) -> float:
    return first * math.sqrt(max(begin, 1) / max(step, 1))
