"""Schedules in a run of so many steps: factors, computed from the step alone in float64, and a plan's rates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from lrspec.diagnostics.wording import count
from lrspec.optim.bind import groups_of
from lrspec.spec.language import Power, Segment
from lrspec.spec.times import Time, whole

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


class TimedSegment(NamedTuple):
    """A segment in a run: it holds for `begin <= step < end`, if ever, and goes from the factor `first` to `last`."""

    begin: int
    end: int
    first: float
    last: float
    shape: str | Power


Course: TypeAlias = tuple[TimedSegment, ...]
"""A schedule in a run of so many steps."""


def timed(schedule: Iterable[Segment], steps: int) -> Course:
    """Return a schedule in a run of `steps`: times are steps, and every segment has both of its factors."""
    course: list[TimedSegment] = []
    begin, first = 0, 1.0
    for segment in schedule:
        end = steps if segment.until is None else Time.of(segment.until).step(steps)
        first = first if segment.begins is None else segment.begins
        last = 1.0 if segment.to is None else segment.to
        if segment.shape == "inverse_sqrt":
            last = first * math.sqrt(max(begin, 1) / max(begin, end, 1))
        course.append(TimedSegment(begin, end, first, last, segment.shape))
        begin, first = max(begin, end), last
    return tuple(course)


def factor(course: Course, step: int) -> float:
    """Return the factor of a schedule at a step: exactly `first` where a segment begins, and `last` after the end."""
    begin, end, f, t, shape = next((segment for segment in course if step < segment.end), course[-1])
    if step <= begin or step >= end:
        return t if step >= end else f
    p = (step - begin) / (end - begin)
    match shape:
        case Power(power=power):
            return float(t + (f - t) * (1 - p) ** power)
        case "cosine":
            return t + (f - t) * (1 + math.cos(math.pi * p)) / 2
        case "sqrt":
            return f + (t - f) * math.sqrt(p)
        case "exponential":
            return float(f ** (1 - p) * t**p)
        case "inverse_sqrt":
            return f * math.sqrt(max(begin, 1) / step)
    return f + (t - f) * p


def courses(plan: Plan, steps: int) -> dict[str, Course]:
    """Return the plan's schedules in a run of `steps`, by their names; ValueError unless there is a step."""
    steps = whole(steps, "steps", 1)
    return {name: timed(schedule, steps) for name, schedule in (plan.file.spec.schedules or {}).items()}


def factors_at(plan: Plan, step: int, steps: int) -> dict[str | None, float]:
    """Return the factors of the plan's schedules at a step, by their names; without schedules it is 1."""
    return {None: 1.0, **{name: factor(course, step) for name, course in courses(plan, steps).items()}}


def rates_at(plan: Plan, step: int, steps: int) -> dict[str, float | None]:
    """See `Plan.rates_at`."""
    factors = factors_at(plan, whole(step, "step", 0), steps)
    settings = {group.name: group.settings for group in groups_of(plan)}
    return {name: None if own.lr is None else own.lr * factors[own.schedule] for name, own in settings.items()}


def cut_short(plan: Plan, names: Iterable[str], steps: int) -> Iterator[str]:
    """Sentences about segments of some schedules that are empty or cut off in a run of `steps`, with the numbers."""
    schedules = plan.file.spec.schedules or {}
    for name in (name for name in schedules if name in names):
        segments = zip(schedules[name], timed(schedules[name], steps), strict=True)
        for number, (segment, (begin, end, *_)) in enumerate(segments, 1):
            subject = f"schedule {name}, in a run of {count(steps, 'step')}: segment {number} is"
            written = "" if segment.until is None else f" (`until: {segment.until}`)"
            if begin >= min(end, steps):
                yield f"{subject} empty: it begins at step {begin:,} and would end at step {end:,}{written}"
            elif end > steps:
                yield f"{subject} cut off: it ends at step {end:,}{written}"
