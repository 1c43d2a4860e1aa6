"""The schedules of a plan in words: `from 0 linear to 1 until 5%, cosine to 0.1`."""

from __future__ import annotations

from collections.abc import Iterable

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.wording import number
from lrspec.optim.schedules.planned import cut_short
from lrspec.spec.language import Power, Segment
from lrspec.spec.times import Time


def schedule_lines(plan: Plan, steps: int | None = None) -> list[str]:
    """A line for each schedule; in a run of `steps`, also one for each segment that is empty or cut off."""
    schedules = plan.file.spec.schedules or {}
    lines = [f"schedule {name}: {course_words(schedule, steps)}" for name, schedule in schedules.items()]
    return lines + list(cut_short(plan, schedules, steps) if steps else ())


def course_words(schedule: Iterable[Segment], steps: int | None = None) -> str:
    """Describe the segments of a schedule; in a run of `steps`, percentages are steps."""
    words: list[str] = []
    end = 1.0
    for segment in schedule:
        begin, end = end if segment.begins is None else segment.begins, 1.0 if segment.to is None else segment.to
        start = "" if words and segment.begins is None else f"from {number(begin)} "
        shape = f"power {number(segment.shape.power)}" if isinstance(segment.shape, Power) else segment.shape
        way = f"{start}{shape} to {number(end)}"
        if shape == "inverse_sqrt":
            way, end = f"{start}{shape}", begin
        elif begin == end:
            way = f"level at {number(end)}"
        words.append(way + _until(segment, steps))
    return ", ".join(words)


def _until(segment: Segment, steps: int | None) -> str:
    if segment.until is None:
        return ""
    time = Time.of(segment.until)
    return f" until step {time.step(steps):,}" if steps or not time.is_percentage else f" until {time.value}"
