"""The rates of a plan's groups at a step of a run."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.wording import count
from lrspec.optim.bind import groups_of
from lrspec.optim.schedules.factors import Course, factor, timed, unlike_written

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


def rates_at(plan: Plan, step: int, steps: int) -> dict[str, float | None]:
    """See `Plan.rates_at`."""
    step, planned = whole(step, "step", 0), courses(plan, steps)
    rates: dict[str, float | None] = {}
    for group in groups_of(plan):
        lr, schedule = group.settings.lr, group.settings.schedule
        rates[group.name] = lr if lr is None or schedule is None else lr * factor(planned[schedule], step)
    return rates


def courses(plan: Plan, steps: int) -> dict[str, Course]:
    """Return the plan's schedules in a run of `steps`, by their names; ValueError unless there is a step."""
    steps = whole(steps, "steps", 1)
    return {name: timed(schedule, steps) for name, schedule in (plan.file.spec.schedules or {}).items()}


def cut_short(plan: Plan, names: Iterable[str], steps: int) -> Iterator[str]:
    """Sentences about segments of some schedules that are empty or cut off in a run of `steps`."""
    for name, schedule in (plan.file.spec.schedules or {}).items():
        for problem in unlike_written(schedule, steps) if name in names else ():
            yield f"schedule {name}, in a run of {count(steps, 'step')}: {problem}"


def whole(value: Any, name: str, least: int) -> int:
    """Return a number of steps; ValueError if it is not a whole number of at least `least`."""
    try:
        number = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = -1
    if number < least:
        raise ValueError(f"{name}: expected a whole number of at least {least}, found {value!r}")
    return number
