"""The rates of a run over time: a curve for all groups whose rates are the same at every step."""

from __future__ import annotations

from dataclasses import dataclass

from lrspec.compiler.plan import Plan
from lrspec.optim.schedules.planned import courses

_SAMPLES = 300


@dataclass(frozen=True, slots=True)
class Curve:
    """Groups with the same rates; `begins` is the step at which the first of their parameters trains."""

    groups: tuple[str, ...]
    optimizer: str | None
    begins: int
    rates: tuple[float, ...]


def curves_of(plan: Plan, steps: int) -> tuple[list[int], list[Curve]]:
    """Return some steps of a run, and the curves at these, in the order of the groups; a rate not set gives none."""
    shown = _shown(plan, steps)
    at = [plan.rates_at(step, steps) for step in shown]
    begins = _begins(plan, steps)
    together: dict[tuple[str | None, int, tuple[float | None, ...]], list[str]] = {}
    for place, group in enumerate(plan.groups or ()):
        rates = tuple(rates_of[group.name] for rates_of in at)
        together.setdefault((group.settings.optimizer, begins[place], rates), []).append(group.name)
    curves = [
        Curve(tuple(groups), optimizer, begin, tuple(rate for rate in rates if rate is not None))
        for (optimizer, begin, rates), groups in together.items()
    ]
    return shown, [curve for curve in curves if curve.rates]


def _shown(plan: Plan, steps: int) -> list[int]:
    """Steps at even distances, and those before and at which a segment begins: a rate may jump there."""
    last = steps - 1
    even = {last * sample // _SAMPLES for sample in range(_SAMPLES + 1)}
    ends = {segment.end for course in courses(plan, steps).values() for segment in course}
    return sorted(even | {step for end in ends for step in (end - 1, end) if 0 <= step <= last})


def _begins(plan: Plan, steps: int) -> list[int]:
    """The first step at which a parameter of each group trains."""
    thaws = {member: time.step(steps) for time, members in plan.thawing.items() for member in members}
    return [min(thaws.get(member, 0) for member in group.members) for group in plan.groups or ()]
